"""Exports a network with seeded random weights to ONNX, with the outputs of its modules.

    python3 export_network.py resnet18 FOLDER

writes FOLDER/resnet18.onnx and FOLDER/resnet18.values.safetensors: `input`, and for every call k of
every module `module:PATH#k` as a hook sees it. Where the exporter folds a BatchNorm into a
convolution, `folded:PATH#k` is the output of the BatchNorm after the convolution PATH. Nothing is
downloaded. Needs Debian's python3-torch, python3-torchvision and python3-numpy.
"""
import csv
import json
import pathlib
import struct
import sys
import warnings

import numpy as np
import torch
import torchvision
from torch import nn

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.probabilities = nn.Softmax(dim=-1)
        self.out = nn.Linear(width, width)

    def forward(self, x):
        n, t, c = x.shape
        q, k, v = self.qkv(x).reshape(n, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        weights = self.probabilities(q @ k.transpose(-2, -1) * (c // self.heads) ** -0.5)
        return self.out((weights @ v).transpose(1, 2).reshape(n, t, c))


class TransformerBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class TinyVit(nn.Module):
    """A grid of 4 x 6 patches behind a class token and two registers."""

    def __init__(self, width=16, heads=4):
        super().__init__()
        self.patches = nn.Conv2d(3, width, 8, 8)
        self.class_token = nn.Parameter(torch.randn(1, 1, width))
        self.registers = nn.Parameter(torch.randn(1, 2, width))
        self.position = nn.Parameter(torch.randn(1, 24, width))
        self.blocks = nn.Sequential(TransformerBlock(width, heads), TransformerBlock(width, heads))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 5)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2) + self.position
        special = torch.cat([self.class_token, self.registers], 1).expand(x.shape[0], -1, -1)
        x = self.norm(self.blocks(torch.cat([special, x], 1)))
        return self.head(x[:, 0])


class ResidualBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)

    def forward(self, x):
        return self.relu(x + self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x))))))


class TinyResnet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = nn.Sequential(ResidualBlock(8), ResidualBlock(8))
        self.features = nn.Sequential(nn.Conv2d(8, 12, 3, stride=2), nn.BatchNorm2d(12), nn.SiLU())
        self.fc = nn.Linear(12, 5)

    def forward(self, x):
        x = self.features(self.layer1(self.relu(self.bn1(self.conv1(x)))))
        return self.fc(x.mean((2, 3)))


def dcgan():
    """The generator of Radford et al. 2016, for pictures of 64 x 64."""
    layers = []
    widths = [100, 512, 256, 128, 64]
    for i in range(4):
        stride, padding = (1, 0) if i == 0 else (2, 1)
        layers += [nn.ConvTranspose2d(widths[i], widths[i + 1], 4, stride, padding, bias=False),
                   nn.BatchNorm2d(widths[i + 1]), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.ConvTranspose2d(64, 3, 4, 2, 1, bias=False), nn.Tanh())


def build(name, source):
    if source == "torchvision":
        options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
        if name in ("googlenet", "inception_v3"):
            options["aux_logits"] = False
        return getattr(torchvision.models, name)(weights=None, **options)
    if source == "segmentation":
        return getattr(torchvision.models.segmentation, name)(weights=None, weights_backbone=None)
    return {"tiny_vit": TinyVit, "dcgan": dcgan}.get(name, TinyResnet)()


class OnlyOut(nn.Module):
    """Segmentation networks give a dictionary."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        return self.network(x)["out"]


def randomize_norms(network):
    for module in network.modules():
        if isinstance(module, BATCH_NORMS):
            nn.init.normal_(module.running_mean, 0, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.1)


def module_outputs(network, example, folds):
    """What hooks see of every module, and what folded convolutions give."""
    values, calls, convolutions = {}, {}, {}

    def hook(path):
        def keep(module, inputs, output):
            output = output[0] if isinstance(output, tuple) else output
            if not torch.is_tensor(output):
                return
            call = calls.get(path, 0)
            calls[path] = call + 1
            # A later module may work in place.
            copy = output.detach().clone().numpy()
            given = inputs[0] if inputs and torch.is_tensor(inputs[0]) else None
            if isinstance(module, nn.Conv2d):
                convolutions[id(output)] = (f"{path}#{call}", output)
            if folds and isinstance(module, BATCH_NORMS) and id(given) in convolutions:
                convolution = convolutions[id(given)][0]
                values[f"folded:{convolution}"] = copy
                del values[f"module:{convolution}"]
            elif given is not output or getattr(module, "inplace", False):
                # Modules that pass their input on leave no trace in the file.
                if not isinstance(module, (nn.Dropout, nn.Identity)):
                    values[f"module:{path}#{call}"] = copy

        return keep

    for path, module in network.named_modules():
        if path:
            module.register_forward_hook(hook(path))
    with torch.no_grad():
        network(example)
    return values


def write_safetensors(path, arrays):
    header, offset = {}, 0
    for name in sorted(arrays):
        size = arrays[name].nbytes
        header[name] = {"dtype": "F32", "shape": list(arrays[name].shape),
                        "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in sorted(arrays):
            file.write(np.ascontiguousarray(arrays[name], dtype="<f4").tobytes())


def main():
    name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    table = pathlib.Path(__file__).with_name("networks.csv")
    row = next(row for row in csv.DictReader(open(table)) if row["name"] == name)
    torch.manual_seed(0)
    network = build(name, row["source"])
    randomize_norms(network)
    network.eval()
    if row["source"] == "segmentation":
        network = OnlyOut(network).eval()
    channels = 100 if name == "dcgan" else 3
    example = torch.randn(1, channels, int(row["height"]), int(row["width"]))
    preserved = name.endswith("_preserved")
    training = torch.onnx.TrainingMode
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(network, example, str(folder / f"{name}.onnx"), opset_version=13,
                          input_names=["input"], output_names=["output"],
                          training=training.PRESERVE if preserved else training.EVAL)
    network.eval()
    values = module_outputs(network, example, folds=not preserved)
    values["input"] = example.numpy()
    write_safetensors(folder / f"{name}.values.safetensors", values)


if __name__ == "__main__":
    main()
