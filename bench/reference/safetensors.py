"""Reads safetensors files: an 8-byte length, a JSON header, the data."""

import json

import numpy

TYPES = {"F32": "float32", "F16": "float16", "F64": "float64", "I64": "int64", "I32": "int32",
         "U8": "uint8"}


def read_safetensors(path):
    """Tensors by name."""
    data = numpy.fromfile(path, dtype="uint8")
    header_size = int(data[:8].view("<u8")[0])
    header = json.loads(data[8:8 + header_size].tobytes())
    header.pop("__metadata__", None)
    tensors = {}
    for name, tensor in header.items():
        begin, end = (8 + header_size + offset for offset in tensor["data_offsets"])
        tensors[name] = data[begin:end].copy().view(TYPES[tensor["dtype"]]).reshape(tensor["shape"])
    return tensors
