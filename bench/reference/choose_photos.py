"""Prints a list of COUNT photos spread evenly over FOLDER's, sorted by name.

    choose_photos.py FOLDER COUNT
"""

import sys
from pathlib import Path

SUFFIXES = {".jpg", ".jpeg", ".png"}


def main(folder, count):
    photos = sorted(str(path.resolve()) for path in Path(folder).rglob("*")
                    if path.suffix.lower() in SUFFIXES)
    for place in range(int(count)):
        print(photos[place * len(photos) // int(count)])


if __name__ == "__main__":
    main(*sys.argv[1:])
