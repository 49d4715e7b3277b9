"""Prints one round of compare.sh: seconds, peak memory, ratios. print_ratios.py FOLDER"""

import json
import sys
from pathlib import Path


class Measured:
    """What /usr/bin/time wrote: wall, user and system seconds, peak kilobytes."""

    def __init__(self, path):
        wall, user, system, peak = Path(path).read_text().split()[-4:]
        self.wall = float(wall)
        self.processor = float(user) + float(system)
        self.megabytes = float(peak) * 1.024e-3

    def __str__(self):
        return (f"{self.wall:.2f} s wall, {self.processor:.2f} s processor, "
                f"peak {self.megabytes:.0f} MB")


def main(folder):
    reference, exemplars, export = (
        Measured(Path(folder) / f"{name}.time") for name in ("reference", "exemplars", "export"))
    parts = json.loads((Path(folder) / "reference" / "seconds.json").read_text())
    passes = parts["tally"] + parts["masks"]
    print(f"  original's method      {reference}; both passes {passes:.2f} s wall, "
          f"{parts['processor']:.2f} s processor")
    print(f"  milan exemplars        {exemplars}")
    print(f"  milan export (images, masks) {export}")
    print(f"  both passes : exemplars                      {passes / exemplars.wall:.1f} wall, "
          f"{parts['processor'] / exemplars.processor:.1f} processor")
    print(f"  whole program : exemplars and export         "
          f"{reference.wall / (exemplars.wall + export.wall):.1f} wall, "
          f"{reference.processor / (exemplars.processor + export.processor):.1f} processor")
    memory = max(exemplars.megabytes, export.megabytes)
    print(f"  peak memory                                  {reference.megabytes / memory:.1f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
