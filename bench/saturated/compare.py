"""Compares two ways of choosing 15 exemplars of units whose peaks are tied (see compare.sh)."""

import csv
import sys

EXEMPLARS = 15


def read_peaks(path):
    """Per unit, (photo, peak) in the order of the table: milan's own order, ties broken."""
    units = {}
    with open(path, newline="") as table:
        for row in csv.DictReader(table):
            if row["photo"]:
                units.setdefault(int(row["unit"]), []).append((row["photo"], float(row["activation"])))
    return units


def photo_order(photos, places):
    """The original's way: the highest peaks, equal ones in the order of the photos."""
    ordered = sorted(photos, key=lambda photo: (-photo[1], places[photo[0]]))
    return {name for name, _ in ordered[:EXEMPLARS]}


def report(name, chosen, truth):
    shared = [len(chosen[unit] & truth[unit]) for unit in chosen]
    distinct = len({frozenset(photos) for photos in chosen.values()})
    different = len({photo for photos in chosen.values() for photo in photos})
    print(
        f"{name:28} {sum(shared) / len(shared):6.2f} of {EXEMPLARS} shared with the exemplars before the clip; "
        f"{distinct} of {len(chosen)} units have a set of their own; {different} photos used in all"
    )


def main():
    clipped, before = read_peaks(sys.argv[1]), read_peaks(sys.argv[2])
    with open(sys.argv[3]) as listed:
        count = len(listed.read().split("\n")) - 1
    # Names sort as the list does.
    places = {name: place for place, name in enumerate(sorted({photo for photos in clipped.values() for photo, _ in photos}))}
    tied = {unit: photos for unit, photos in clipped.items() if photos[EXEMPLARS - 1][1] == photos[0][1]}
    print(f"{count} photos; {len(tied)} of {len(clipped)} units have their {EXEMPLARS} best photos tied at the cap")
    truth = {unit: {name for name, _ in before[unit][:EXEMPLARS]} for unit in tied}
    report("ties by photo order", {unit: photo_order(photos, places) for unit, photos in tied.items()}, truth)
    report("ties by places at the cap", {unit: {name for name, _ in photos[:EXEMPLARS]} for unit, photos in tied.items()}, truth)
    print(f"{'by chance':28} {EXEMPLARS * EXEMPLARS / count:6.2f} of {EXEMPLARS}")


if __name__ == "__main__":
    main()
