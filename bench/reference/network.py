"""SqueezeNet 1.1 in torch, with the weights that its ONNX file holds."""

import onnx
import torch
from onnx import numpy_helper
from torch import nn

# Values of the ONNX graph and the modules of SqueezeNet that compute them.
LAYERS = ("relu_conv1", "fire2/concat", "fire4/concat", "fire6/concat", "fire9/concat")


class Fire(nn.Module):
    """Squeeze to few channels, then expand by 1x1 and 3x3 side by side."""

    def __init__(self, inputs, squeezed, expanded):
        super().__init__()
        self.squeeze1x1 = nn.Conv2d(inputs, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, maps):
        squeezed = torch.relu_(self.squeeze1x1(maps))
        return torch.cat(
            [torch.relu_(self.expand1x1(squeezed)), torch.relu_(self.expand3x3(squeezed))], dim=1)


class SqueezeNet(nn.Module):
    """The trunk, without the classifier: every pass runs all of it, whatever layer is wanted."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, stride=2)
        self.relu_conv1 = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        sizes = [(64, 16, 64), (128, 16, 64), (128, 32, 128), (256, 32, 128),
                 (256, 48, 192), (384, 48, 192), (384, 64, 256), (512, 64, 256)]
        for number, size in enumerate(sizes, start=2):
            self.add_module(f"fire{number}", Fire(*size))

    def forward(self, images):
        maps = self.pool(self.relu_conv1(self.conv1(images)))
        maps = self.pool(self.fire3(self.fire2(maps)))
        maps = self.pool(self.fire5(self.fire4(maps)))
        return self.fire9(self.fire8(self.fire7(self.fire6(maps))))


def onnx_weights(path):
    """Initialisers by name; halves under the name of the Cast's output."""
    graph = onnx.load(path).graph
    weights = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    for node in graph.node:
        if node.op_type == "Cast" and node.input[0] in weights:
            weights[node.output[0]] = weights[node.input[0]].astype("float32")
    return weights


def load_squeezenet(path):
    network = SqueezeNet()
    weights = onnx_weights(path)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.copy_(torch.from_numpy(weights[name.replace(".", "/")].copy()))
            parameter.requires_grad_(False)
    return network.eval()


class Retained:
    """Keeps the output of one layer of each forward pass."""

    def __init__(self, network, layer):
        self.network = network
        module = dict(network.named_modules())[layer.removesuffix("/concat")]
        self.handle = module.register_forward_hook(self._keep)
        self.maps = None

    def _keep(self, module, inputs, output):
        self.maps = output

    def __call__(self, images):
        with torch.no_grad():
            self.network(images)
        return self.maps

    def close(self):
        self.handle.remove()
