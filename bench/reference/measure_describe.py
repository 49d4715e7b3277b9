"""Runs `milan describe` and measures its search alone, without encoder and files.

    measure_describe.py MILAN RUN BUNDLE RESULT.json

Times are taken when milan prints that a stage is over; the search is the one after the region
features.
"""

import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path

BEFORE, MEASURED = "region features", "descriptions "


def processor_seconds(process):
    """Of all its threads, in steps of a hundredth of a second."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def measure(command):
    """Seconds between the ends of the two stages."""
    ends = {}
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
                          text=True) as process:
        for line in process.stderr:
            for stage in (BEFORE, MEASURED):
                if line.startswith(stage) and "  in " in line:
                    ends[stage] = time.perf_counter(), processor_seconds(process.pid)
    if process.returncode or len(ends) < 2:
        sys.exit(f"{command[0]} describe failed ({process.returncode})")
    wall, processor = (end - start for start, end in zip(ends[BEFORE], ends[MEASURED]))
    return {"wall": wall, "processor": processor}


def main(milan, run, bundle, result_path):
    table = Path(run, "descriptions.csv")
    for made in (table, table.with_suffix(".json")):
        made.unlink(missing_ok=True)  # milan would keep them
    seconds = measure([milan, "describe", run, "--bundle", bundle, "--criterion", "pmi",
                       "--no-report", "-j", "1"])
    with table.open(newline="") as lines:
        units = [{"unit": int(row["unit"]), "text": row["description"], "pmi": float(row["pmi"])}
                 for row in csv.DictReader(lines) if row["description"]]
    Path(result_path).write_text(json.dumps({"units": units, "seconds": seconds}))
    print(f"  milan: {len(units) / seconds['wall']:.2f} units/s, by processor time "
          f"{len(units) / seconds['processor']:.2f}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
