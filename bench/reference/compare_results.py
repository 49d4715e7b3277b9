"""Compares what both programs found: photos, peaks, thresholds, masks.

    compare_results.py REFERENCE_OUTPUT MILAN_RUN MILAN_EXPORT
"""

import sys
from pathlib import Path

import numpy

from network import LAYERS
from safetensors import read_safetensors


def same_units(ids, values):
    """Units whose k best photos are determined: alive, and no two peaks within rounding."""
    gaps = values[:, :-1] - values[:, 1:]
    return (values[:, 0] > 0) & (gaps.min(axis=1) > 2e-4 * values[:, 0])


def overlaps(ours, theirs, same_photo):
    """Intersection over union of the masks of the same photo; two empty masks agree."""
    both = (ours & theirs).sum(axis=(2, 3, 4), dtype=numpy.int64)[same_photo]
    either = (ours | theirs).sum(axis=(2, 3, 4), dtype=numpy.int64)[same_photo]
    return numpy.where(either > 0, both / numpy.maximum(either, 1), 1.0)


def compare(name, reference, run, export):
    tally = numpy.load(reference / name.replace("/", "_") / "tally.npz")
    ours = read_safetensors(run / "exemplars" / (name.replace("/", "%2F") + ".safetensors"))
    ids, values, levels = tally["ids"], tally["activations"], tally["levels"]
    determined = same_units(ids, values)
    same = ours["photo_ids"] == ids
    alive = values[:, 0] > 0
    span = ours["maxima"] - ours["minima"]
    peaks = numpy.abs(ours["activations"] - values)[alive] / values[alive, :1]
    thresholds = numpy.abs(ours["thresholds"] - levels)[alive] / span[alive]
    theirs = numpy.load(reference / name.replace("/", "_") / "masks.npy", mmap_mode="r")
    masks = numpy.load(export / name.replace("/", "%2F") / "masks.npy", mmap_mode="r")
    overlap = overlaps(masks, theirs, same & alive[:, None])
    low = numpy.quantile(overlap, 0.01)
    print(f"{name:13} ids {100 * same[determined].mean():.3f} % of {determined.sum()} units without"
          f" near ties, {100 * same[alive].mean():.2f} % of {alive.sum()} alive; "
          f"peaks within {peaks.max():.1e}; thresholds: mean {100 * thresholds.mean():.3f} %, "
          f"worst {100 * thresholds.max():.2f} % of the range; "
          f"masks: mean IoU {overlap.mean():.4f}, 1st percentile {low:.4f},"
          f" least {overlap.min():.3f}")


def main(reference, run, export):
    for name in LAYERS:
        compare(name, Path(reference), Path(run), Path(export))


if __name__ == "__main__":
    main(*sys.argv[1:])
