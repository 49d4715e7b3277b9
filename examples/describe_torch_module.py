# %% [markdown]
# # Describe the units of a torch module
# Exports a small network with `milan.export`, describes its units over your photos, and looks at what
# comes out. A notebook in cells (`# %%`), or a script:
#
#     PYTHONPATH=python /usr/bin/python3 examples/describe_torch_module.py PHOTOS/ [RUN/]

# %%
import pathlib
import sys
import tempfile

import torch
from torch import nn

import milan

photos = sys.argv[1] if len(sys.argv) > 1 else "photos/"
run_folder = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp(prefix="milan-run-"))


# %% [markdown]
# Any module that takes photos will do: `torchvision.models.resnet18(weights=...)`, or your own. This one
# has hand-made filters, so that there is something to recognise: edges in four directions, then corners.

# %%
class Edges(nn.Module):
    def __init__(self):
        super().__init__()
        self.edges = nn.Conv2d(3, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.relu = nn.ReLU()
        self.corners = nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(4, 6, 3, padding=1), nn.ReLU())
        slope = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
        kernels = torch.stack([slope, -slope, slope.T, -slope.T])
        pairs = [(0, 2), (0, 3), (1, 2), (1, 3), (0, 1), (2, 3)]
        with torch.no_grad():
            self.edges.weight.copy_(kernels[:, None].expand(4, 3, 3, 3) / 3)
            self.edges.bias.zero_()
            self.corners[1].weight.zero_()
            self.corners[1].bias.fill_(-0.3)
            for unit, pair in enumerate(pairs):
                self.corners[1].weight[unit, list(pair)] = 1 / 9

    def forward(self, x):
        return self.corners(self.relu(self.norm(self.edges(x))))


# %%
exported = milan.export(Edges(), torch.zeros(1, 3, 112, 112), run_folder / "edges.onnx")
print("value of each module:", exported.modules)

# %% [markdown]
# Layers are named by module. The same call continues a run that was interrupted, and keeps one that is
# complete.

# %%
run = milan.describe(exported.network, photos, run_folder / "run", layers=["relu", "corners"], beam=10)
print(run)

# %%
for description in run.descriptions:
    print(f"{description.layer:>8} {description.unit}  {description.pmi:8.2f}  {description.text}")
    for text, *_, pmi in description.others[:2]:
        print(f"{'or':>10}  {pmi:8.2f}  {text}")

# %% [markdown]
# Exemplars are arrays: photos, activations, and masks on the picture as the network saw it.

# %%
layer = run["corners"]
masks = layer.masks(0)
print("exemplars of corners 0:", [path.name for path in layer.photo_paths(0)[:5]])
print("their peaks:", layer.activations[0, :5].round(3))
print("masks:", masks.shape, "active part:", masks.mean(axis=(1, 2)).round(3)[:5])

# %%
try:
    print(run.table().head(10).to_string())
except ImportError as error:
    print(error)
