"""Prints one round of compare.sh: seconds, peak memory, ratios. print_ratios.py FOLDER"""

import json
import sys
from pathlib import Path


class Measured:
    """Lines of /usr/bin/time: wall, user and system seconds, peak kilobytes. Sums, largest peak."""

    def __init__(self, path):
        rows = [[float(word) for word in line.split()] for line in path.read_text().splitlines()]
        self.runs = len(rows)
        self.walls = [row[0] for row in rows]
        self.wall = sum(self.walls)
        self.processor = sum(row[1] + row[2] for row in rows)
        self.megabytes = max(row[3] for row in rows) * 1.024e-3

    def mean(self):
        """The sums as those of one run, where every run did the same."""
        return self.wall / self.runs, self.processor / self.runs


def main(folder):
    reference, exemplars, export = (
        Measured(Path(folder) / f"{name}.time") for name in ("reference", "exemplars", "export"))
    layers = [json.loads(path.read_text())
              for path in Path(folder, "reference").glob("*/seconds.json")]
    passes = sum(layer["tally"] + layer["masks"] for layer in layers)
    processor = sum(layer["processor"] for layer in layers)
    tally = sum(layer["tally"] for layer in layers)
    (ours, ours_processor), (files, files_processor) = exemplars.mean(), export.mean()
    print(f"  original's method: tally {tally:.1f} s, masks {passes - tally:.1f} s; together "
          f"{passes:.1f} s (processor {processor:.1f} s); programs {reference.wall:.1f} s "
          f"(processor {reference.processor:.1f} s), peak {reference.megabytes:.0f} MB")
    print(f"  milan exemplars: mean of {exemplars.runs} {ours:.2f} s "
          f"({min(exemplars.walls):.2f} to {max(exemplars.walls):.2f}; "
          f"processor {ours_processor:.2f} s), peak {exemplars.megabytes:.0f} MB")
    print(f"  milan export, images.npy and masks.npy: mean {files:.2f} s "
          f"(processor {files_processor:.2f} s), peak {export.megabytes:.0f} MB")
    print(f"  both passes : exemplars = {passes / ours:.1f} (processor "
          f"{processor / ours_processor:.1f})")
    print(f"  programs : exemplars and export = {reference.wall / (ours + files):.1f} (processor "
          f"{reference.processor / (ours_processor + files_processor):.1f})")
    print(f"  peak memory = {reference.megabytes / max(exemplars.megabytes, export.megabytes):.1f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
