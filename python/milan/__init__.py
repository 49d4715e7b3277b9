"""milan for Python: export a torch module, describe its units, load the result.

    milan.export(module, example, "net.onnx")       # needs torch
    run = milan.describe("net.onnx", "photos/", "run/")
    run = milan.load("run/")

Needs numpy; torch only for `export`, pandas only for the tables. See docs/python.md.
"""

from ._binary import MilanError, describe, find_binary, run_milan
from ._export import Exported, export
from ._run import Description, Layer, Run, load
from ._safetensors import read_safetensors

__all__ = [
    "Description", "Exported", "Layer", "MilanError", "Run", "describe", "export", "find_binary",
    "load", "read_safetensors", "run_milan",
]
