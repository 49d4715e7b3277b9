"""Exemplars of layers of SqueezeNet by the original MILAN's method: two passes for each layer.

    exemplars.py NETWORK.onnx PHOTOS.txt OUTPUT LAYER...

Writes a folder OUTPUT/<layer> with images.npy, masks.npy, tally.npz and seconds.json each.
"""

import json
import resource
import sys
import time
from pathlib import Path

import numpy
import torch

from masks import Upsampler, exemplar
from network import Retained, load_squeezenet
from photos import Photos
from statistics_of_layer import QuantileSketch, RunningTopK

EXEMPLARS = 15
QUANTILE = 0.99
BATCH_SIZE = 128


def tally(layer, photos):
    """Pass 1, all photos: peaks rank the photos, every position of every map is a sample."""
    top_k = RunningTopK(EXEMPLARS)
    sketch = None
    for _, images in photos.batches(range(len(photos)), BATCH_SIZE):
        maps = layer(images)
        if sketch is None:
            sketch = QuantileSketch(maps.shape[1])
        top_k.add(maps.flatten(2).max(dim=2).values)
        sketch.add(maps.permute(0, 2, 3, 1).reshape(-1, maps.shape[1]))
    values, ids = top_k.result()
    return values, ids, sketch.quantile(QUANTILE)


def make_masks(layer, photos, ids, levels):
    """Pass 2, the photos that some unit needs: everything [units, k] of them."""
    places = {}
    for unit, row in enumerate(ids.tolist()):
        for rank, photo in enumerate(row):
            places.setdefault(photo, []).append((unit, rank))
    made = [[None] * EXEMPLARS for _ in range(len(ids))]
    upsample = None
    for indices, images in photos.batches(sorted(places), BATCH_SIZE):
        maps = layer(images)
        upsample = upsample or Upsampler(*maps.shape[2:])
        for index, image, image_maps in zip(indices, images, maps):
            for unit, rank in places[index]:
                made[unit][rank] = exemplar(
                    photos, image, image_maps[unit], levels[unit], upsample)
    return made


def stacked(made, part):
    """One part (pictures or masks) of what make_masks gives, as an array [units, k, ...]."""
    flat = torch.stack([each[part] for row in made for each in row])
    return flat.view(len(made), EXEMPLARS, *flat.shape[1:]).numpy()


def run_layer(network, name, photos, output):
    layer = Retained(network, name)
    start, processor_start = time.perf_counter(), time.process_time()
    values, ids, levels = tally(layer, photos)
    after_tally = time.perf_counter()
    made = make_masks(layer, photos, ids, levels)
    after_masks, processor_end = time.perf_counter(), time.process_time()
    pictures, masks = stacked(made, 0), stacked(made, 1)
    folder = output / name.replace("/", "_")
    folder.mkdir(parents=True)
    numpy.save(folder / "images.npy", pictures)
    numpy.save(folder / "masks.npy", masks)
    numpy.savez(folder / "tally.npz", ids=ids, activations=values, levels=levels)
    layer.close()
    seconds = {"tally": after_tally - start, "masks": after_masks - after_tally,
               "writing": time.perf_counter() - after_masks,
               "processor": processor_end - processor_start}  # of both passes
    seconds["peak_MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1.024e-3
    (folder / "seconds.json").write_text(json.dumps(seconds))
    print(f"  {name:13} tally {seconds['tally']:.2f} s, masks {seconds['masks']:.2f} s "
          f"(processor {seconds['processor']:.2f} s), writing {seconds['writing']:.2f} s, "
          f"peak {seconds['peak_MB']:.0f} MB", flush=True)


def main(network_path, photo_list, output, *names):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    photos = Photos(photo_list, Path(network_path).with_suffix(".json"))
    network = load_squeezenet(network_path)
    for name in names:
        run_layer(network, name, photos, Path(output))


if __name__ == "__main__":
    main(*sys.argv[1:])
