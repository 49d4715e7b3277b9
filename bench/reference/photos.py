"""Photos as the network's input: PIL's bilinear resize, centre crop, normalisation."""

import json
from pathlib import Path

import numpy
import torch
from PIL import Image


class Photos:
    """The photos that a list names, decoded anew whenever they are asked for, in this process."""

    def __init__(self, photo_list, sidecar):
        self.paths = [line for line in Path(photo_list).read_text().splitlines() if line]
        rule = json.loads(Path(sidecar).read_text())["input"]
        self.shorter_side = rule["resize"]["shorter_side"]
        self.crop = rule["crop"][0]
        self.scale = rule["scale"]
        self.mean = torch.tensor(rule["mean"]).view(3, 1, 1)
        self.std = torch.tensor(rule["std"]).view(3, 1, 1)

    def __len__(self):
        return len(self.paths)

    def picture(self, index):
        photo = Image.open(self.paths[index]).convert("RGB")
        width, height = photo.size
        shorter = min(width, height)
        if shorter != self.shorter_side:
            size = (self.shorter_side * width // shorter, self.shorter_side * height // shorter)
            photo = photo.resize(size, Image.BILINEAR)
        left = round((photo.width - self.crop) / 2)
        top = round((photo.height - self.crop) / 2)
        return photo.crop((left, top, left + self.crop, top + self.crop))

    def input(self, index):
        pixels = torch.from_numpy(numpy.array(self.picture(index))).permute(2, 0, 1).contiguous()
        return (pixels.float() * self.scale - self.mean) / self.std

    def as_bytes(self, image):
        """The picture that an input was: normalisation undone, clamped, truncated to bytes."""
        return ((image * self.std + self.mean) / self.scale).clamp(0, 255).byte()

    def batches(self, indices, batch_size):
        """Yields (indices, inputs) in the order given."""
        for start in range(0, len(indices), batch_size):
            part = indices[start:start + batch_size]
            yield part, torch.stack([self.input(index) for index in part])
