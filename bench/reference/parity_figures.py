"""How near milan comes to what the original MILAN itself computed (DATA/parity): docs/parity.md.

    parity_figures.py MILAN DATA

Runs milan's commands on the same networks and photos. Masks are compared twice: as milan makes
them, and with the original's thresholds written into milan's run, so that only the maps differ.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy

from safetensors import read_safetensors, replace_tensor

PIXELS = 224 * 224
MINI48 = {"conv1": "/conv1/Conv_output_0", "relu1": "/relu1/Relu_output_0",
          "conv2": "/conv2/Conv_output_0", "conv3": "output"}
PHOTOS = {"features.0": "/features/features.1/Relu_output_0",
          "features.3": "/features/features.3/Concat_output_0",
          "features.6": "/features/features.6/Concat_output_0", "features.9": "output"}


class Runs:
    """A run of milan over one folder of the parity data, and its exports."""

    def __init__(self, milan, folder, network, layers, options, work):
        self.milan = milan
        self.run = work / folder.name
        self.layers = layers
        self._call("exemplars", folder / network, folder / "images", "-o", self.run, "--layers",
                   *layers.values(), *options)
        self.plain = self._export("plain")

    def _call(self, *words):
        command = [self.milan, *map(str, words), "--quiet"]
        subprocess.run(command, check=True, stdout=subprocess.PIPE)

    def _export(self, name):
        output = self.run.with_name(f"{self.run.name}-{name}")
        self._call("export", self.run, "-o", output)
        return output

    def file(self, layer):
        return self.run / "exemplars" / f"{self._name(layer)}.safetensors"

    def _name(self, layer):
        return self.layers[layer].replace("/", "%2F")

    def export_with_levels(self, expected):
        """Exports masks above the original's thresholds in place of milan's."""
        for layer in self.layers:
            replace_tensor(self.file(layer), "thresholds", expected[f"{layer}.levels"])
        return self._export("levels")

    def array(self, export, layer, name):
        return numpy.load(export / self._name(layer) / name, mmap_mode="r")


def overlaps(ours, theirs):
    """Intersection over union, of two empty masks 1, along the last axis."""
    both, either = (ours & theirs).sum(axis=-1), (ours | theirs).sum(axis=-1)
    return numpy.where(either > 0, both / numpy.maximum(either, 1), 1.0)


def print_thresholds(ours, expected, layer, exact_name):
    span = numpy.maximum(ours["maxima"] - ours["minima"], 1e-30)
    for name in ("levels", exact_name):
        error = numpy.abs(ours["thresholds"] - expected[f"{layer}.{name}"]) / span
        print(f"    thresholds from {name}: mean {100 * error.mean():.4f} %, "
              f"largest {100 * error.max():.3f} % of the unit's range")


def print_masks(title, ours, theirs, same_photo, listed):
    """Masks [units, k, pixels] of places where the photo is the same."""
    overlap = overlaps(ours, theirs)[same_photo]
    different = (ours != theirs) & same_photo[..., None]
    unlisted = int((different & ~listed).sum())
    least = numpy.argmin(numpy.where(same_photo, overlaps(ours, theirs), 2))
    area = int(theirs.reshape(-1, PIXELS)[least].sum())
    pooled = overlaps(ours[same_photo].ravel(), theirs[same_photo].ravel())
    print(f"    masks, {title}: IoU of all pixels {pooled:.5f}, mean of masks "
          f"{overlap.mean():.5f}, least {overlap.min():.4f} (a mask of {area} pixels); "
          f"{100 * (overlap < 0.98).mean():.1f} % of masks below 0.98; "
          f"{int(different.sum())} of {int(same_photo.sum()) * PIXELS} pixels differ, "
          f"{unlisted} of them not listed as ambiguous")


def listed_pixels(path, layer, units, exemplars):
    """The pixels too near to the level to be compared; `units` are those whose masks are kept."""
    listed = numpy.zeros((len(units), exemplars, PIXELS), dtype=bool)
    place = {int(unit): index for index, unit in enumerate(units)}
    for unit, rank, row, column in numpy.load(path)[layer]:
        listed[place[int(unit)], rank, row * 224 + column] = True
    return listed


def compare_layer(runs, layer, folder, expected, levels_export, exact_name, statistics):
    ids, peaks = expected[f"{layer}.ids"], expected[f"{layer}.activations"]
    same = statistics["photo_ids"] == ids
    name = f"{layer}.min_gap_ranks_1_to_16"
    tolerance = 2e-4 * numpy.maximum(1, peaks[:, 0])
    determined = expected[name] > tolerance if name in expected else numpy.ones(len(ids), bool)
    relative = numpy.abs(statistics["activations"] - peaks) / numpy.maximum(1, numpy.abs(peaks))
    print(f"  {layer}: {len(ids)} units, photos determined for {determined.sum()}; identical ids "
          f"{100 * same[determined].mean():.3f} % of those, {100 * same.mean():.2f} % of all")
    print(f"    peaks: largest difference {relative.max():.1e} of max(1, peak)")
    print_thresholds(statistics, expected, layer, exact_name)
    key = f"{layer}.mask_units"
    units = expected[key] if key in expected else numpy.arange(len(ids))
    theirs = numpy.unpackbits(expected[f"{layer}.masks_packed"], axis=-1).astype(bool)
    listed = listed_pixels(folder / "ambiguous_pixels.npz", layer, units, ids.shape[1])
    for title, export in (("milan's thresholds", runs.plain), ("original's", levels_export)):
        masks = runs.array(export, layer, "masks.npy")[units].reshape(theirs.shape[:2] + (PIXELS,))
        print_masks(title, masks.astype(bool), theirs, same[units], listed)


def print_crops(runs, folder, statistics):
    """How many photos are resized to the same bytes as by the original's libraries."""
    crops = json.loads((folder / "crops.json").read_text())
    by_id = {crop["id"]: crop["crop_sha256"] for crop in crops}
    equal = {}
    for layer, tensors in statistics.items():
        images = runs.array(runs.plain, layer, "images.npy")
        for unit, row in enumerate(tensors["photo_ids"]):
            for rank, photo in enumerate(row):
                if photo not in equal:
                    image = numpy.ascontiguousarray(images[unit, rank].transpose(1, 2, 0))
                    equal[photo] = hashlib.sha256(image.tobytes()).hexdigest() == by_id[photo]
    print(f"  resized and cropped: {sum(equal.values())} of {len(equal)} exemplar photos have the "
          "same bytes")


def compare(milan, data, name, network, layers, options, exact_name, work):
    folder = data / "parity" / name
    expected = dict(numpy.load(folder / "expected.npz"))
    runs = Runs(milan, folder, network, layers, options, work)
    statistics = {layer: read_safetensors(runs.file(layer)) for layer in layers}
    print(name)
    if (folder / "crops.json").exists():
        print_crops(runs, folder, statistics)
    levels_export = runs.export_with_levels(expected)
    for layer in layers:
        compare_layer(runs, layer, folder, expected, levels_export, exact_name, statistics[layer])


def main(milan, data):
    with tempfile.TemporaryDirectory() as work:
        compare(milan, Path(data), "mini48", "net.onnx", MINI48,
                ["--resize", "26x26", "--crop", "26"], "levels_hazen_f64", Path(work))
        compare(milan, Path(data), "photos", "squeezenet_trunc.onnx", PHOTOS, [],
                "levels_exact_hazen_f64", Path(work))


if __name__ == "__main__":
    main(*sys.argv[1:])
