"""What pass 2 makes of one exemplar: picture, mask, and the picture darkened outside the mask."""

import torch
from PIL import Image

SIZE = 224
OUTSIDE = 0.25


class Upsampler:
    """Enlarges maps bilinearly: half-pixel centres, zeros outside the map."""

    def __init__(self, height, width, size=SIZE):
        rows = self._places(height, size)[:, None].expand(size, size)
        columns = self._places(width, size)[None, :].expand(size, size)
        self.grid = torch.stack([columns, rows], dim=2)[None]

    @staticmethod
    def _places(length, size):
        """Where the output's pixels lie in the source, from -1 (first value) to 1 (last)."""
        if length == 1:
            return torch.zeros(size)
        scale = size / length
        offset = 0.5 * scale - 0.5
        return (torch.arange(size) - offset) * (2 / (scale * (length - 1))) - 1

    def __call__(self, activation_map):
        return torch.nn.functional.grid_sample(
            activation_map[None, None], self.grid, mode="bilinear", padding_mode="zeros",
            align_corners=True)[0, 0]


def exemplar(photos, image, activation_map, level, upsample):
    """(picture, mask, masked picture) of one photo for one unit."""
    pixels = photos.as_bytes(image)
    picture = torch.nn.functional.interpolate(pixels[None], size=SIZE)[0]
    mask = upsample(activation_map) > level
    shade = mask.float() * (1 - OUTSIDE) + OUTSIDE
    masked = (picture.float() * shade).byte().permute(1, 2, 0)
    return picture, mask[None].byte(), Image.fromarray(masked.contiguous().numpy())
