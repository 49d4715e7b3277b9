"""Region features by the original's method: a ResNet's maps averaged under the exemplars' masks.

    encoder.py CHECKPOINT.pth LAYER_FOLDER FEATURES.npy

LAYER_FOLDER has images.npy, masks.npy and ids.csv as the original (and milan export) writes them.
"""

import sys
from pathlib import Path

import numpy
import torch
from torch import nn

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
PREFIX = "encoder.encoder.model."


class Bottleneck(nn.Module):
    def __init__(self, inputs, inner, outputs, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, inner, 1, bias=False), nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3, self.bn3 = nn.Conv2d(inner, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
        self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False),
                                        nn.BatchNorm2d(outputs))

    def forward(self, maps):
        inner = torch.relu(self.bn1(self.conv1(maps)))
        inner = torch.relu(self.bn2(self.conv2(inner)))
        return torch.relu(self.bn3(self.conv3(inner)) + self.downsample(maps))


class ResNetPyramid(nn.Module):
    """The levels of a ResNet 101 (64 + 256 + 512 + 1,024 + 2,048 channels), of one narrow block
    each: the time of the encoder is not measured, so that it need not be a large one."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = nn.Sequential(Bottleneck(64, 16, 256, 1))
        self.layer2 = nn.Sequential(Bottleneck(256, 32, 512, 2))
        self.layer3 = nn.Sequential(Bottleneck(512, 64, 1024, 2))
        self.layer4 = nn.Sequential(Bottleneck(1024, 128, 2048, 2))

    def forward(self, images):
        levels = [self.conv1(images)]
        maps = nn.functional.max_pool2d(torch.relu(self.bn1(levels[0])), 3, 2, 1)
        for group in (self.layer1, self.layer2, self.layer3, self.layer4):
            maps = group(maps)
            levels.append(maps)
        return levels


def pooled(levels, masks):
    """Features [masks, sum of the channels] of masks [masks, 1, h, w] of the one photo of `levels`
    [1, channels, h, w]. Masks are sampled at the levels' sizes without antialiasing."""
    features = []
    for maps in levels:
        weights = nn.functional.interpolate(masks, maps.shape[2:], mode="bilinear",
                                            align_corners=False)
        sums = weights.sum(dim=(1, 2, 3), keepdim=True)
        empty = (weights.abs() <= 1e-8).flatten(1).all(dim=1).view(sums.shape)
        weights = weights / torch.where(empty, torch.ones_like(sums), sums)
        features.append((maps * weights).sum(dim=(2, 3)))
    return torch.cat(features, dim=1)


def region_features(network, images, masks, ids):
    """Features [units, k, features]. Each photo goes through the network once."""
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
    features = None
    for photo in numpy.unique(ids):
        units, ranks = numpy.nonzero(ids == photo)
        image = torch.from_numpy(images[units[0], ranks[0]].astype("float32"))[None] / 255
        levels = network((image - mean) / std)
        found = pooled(levels, torch.from_numpy(masks[units, ranks].astype("float32"))).numpy()
        if features is None:
            features = numpy.zeros((*ids.shape, found.shape[1]), "float32")
        features[units, ranks] = found
    return features


def main(checkpoint, folder, output):
    torch.set_num_threads(1)
    state = torch.load(checkpoint)["state_dict"]
    network = ResNetPyramid().eval()
    network.load_state_dict({name.removeprefix(PREFIX): values for name, values in state.items()
                             if name.startswith(PREFIX)})
    images, masks = (numpy.load(Path(folder) / name, mmap_mode="r")
                     for name in ("images.npy", "masks.npy"))
    ids = numpy.loadtxt(Path(folder) / "ids.csv", dtype=int, delimiter=",", ndmin=2)
    with torch.no_grad():
        numpy.save(output, region_features(network, images, masks, ids))


if __name__ == "__main__":
    main(*sys.argv[1:])
