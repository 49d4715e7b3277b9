"""Holds the torch network against values that ONNX Runtime computed from the same ONNX file.

    check_network.py NETWORK.onnx GOLDEN.safetensors

Prints, per value stored, the largest difference as a share of the largest value.
"""

import json
import sys

import torch

from network import LAYERS, Retained, load_squeezenet
from safetensors import read_safetensors


def main(network_path, golden_path):
    torch.set_num_threads(1)
    network = load_squeezenet(network_path)
    golden = read_safetensors(golden_path)
    rule = json.load(open(network_path.removesuffix(".onnx") + ".json"))["input"]
    mean, std = (torch.tensor(rule[name]).view(3, 1, 1) for name in ("mean", "std"))
    pixels = torch.from_numpy(golden["pixels"].copy()).permute(2, 0, 1).float()
    images = ((pixels * rule["scale"] - mean) / std)[None]
    worst = 0
    for name in LAYERS:
        if f"value:{name}" not in golden:
            print(f"{name:14} no stored value")
            continue
        expected = torch.from_numpy(golden[f"value:{name}"].copy())
        difference = float((Retained(network, name)(images) - expected).abs().max()
                           / expected.abs().max())
        worst = max(worst, difference)
        print(f"{name:14} {difference:.1e}")
    return 0 if worst <= 1e-4 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
