#!/usr/bin/env python3
"""Principal components of a layer's activations, as directions for milan (docs/directions.md).

Usage: pca_directions.py ACTIVATIONS -o pca.npy --center mean.npy [--count 32]

ACTIVATIONS is what `milan export --format npz` wrote of a run whose k is the number of its photos
(so that every photo's maps are in it), or a .npy file [photos, units, height, width] or [photos,
units] of your own. Needs numpy.
"""
import argparse

import numpy


def activations_of(path):
    """[photos, units, positions]"""
    if path.endswith(".npy"):
        values = numpy.load(path, mmap_mode="r")
        return values.reshape(values.shape[0], values.shape[1], -1)
    with numpy.load(path) as layer:
        maps, ids = layer["maps"], layer["photo_ids"]
    units, k = ids.shape
    if (ids < 0).any() or any(len(set(row)) != k or max(row) >= k for row in ids):
        raise SystemExit(f"{path}: lacks photos; make the run with -k = number of its photos")
    values = numpy.empty((k, units, maps[0, 0].size), numpy.float32)
    for unit in range(units):
        values[ids[unit], unit] = maps[unit].reshape(k, -1)
    return values


def principal_components(values, count):
    """The first components [count, units] and the mean [units], over all positions of all photos."""
    units, positions = values.shape[1], values.shape[0] * values.shape[2]
    mean = numpy.zeros(units)
    for photo in values:
        mean += photo.sum(axis=1, dtype=float)
    mean /= positions
    covariance = numpy.zeros((units, units))
    for photo in values:
        centred = photo - mean[:, None]
        covariance += centred @ centred.T
    variances, vectors = numpy.linalg.eigh(covariance / positions)
    order = numpy.argsort(variances)[::-1]
    told = variances[order[:count]].sum() / variances.sum()
    return numpy.ascontiguousarray(vectors[:, order[:count]].T), mean, told


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("activations")
    parser.add_argument("-o", "--output", required=True, help="directions, [count, units]")
    parser.add_argument("--center", required=True, help="the mean, [units]")
    parser.add_argument("--count", type=int, default=32)
    arguments = parser.parse_args()
    components, mean, told = principal_components(activations_of(arguments.activations), arguments.count)
    numpy.save(arguments.output, components.astype(numpy.float32))
    numpy.save(arguments.center, mean.astype(numpy.float32))
    print(f"{len(components)} directions of {components.shape[1]} units, {100 * told:.1f} % of the variance")


if __name__ == "__main__":
    main()
