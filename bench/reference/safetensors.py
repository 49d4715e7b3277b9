"""Reads safetensors files: an 8-byte length, a JSON header, the data."""

import json

import numpy

TYPES = {"F32": "float32", "F16": "float16", "F64": "float64", "I64": "int64", "I32": "int32",
         "U64": "uint64", "U8": "uint8"}


def _split(path):
    """(header, data)"""
    content = numpy.fromfile(path, dtype="uint8")
    header_size = int(content[:8].view("<u8")[0])
    return json.loads(content[8:8 + header_size].tobytes()), content[8 + header_size:]


def read_safetensors(path):
    """Tensors by name."""
    header, data = _split(path)
    header.pop("__metadata__", None)
    tensors = {}
    for name, tensor in header.items():
        begin, end = tensor["data_offsets"]
        tensors[name] = data[begin:end].copy().view(TYPES[tensor["dtype"]]).reshape(tensor["shape"])
    return tensors


def replace_tensor(path, name, values):
    """Rewrites a file with other values of one tensor, and without the checksum of its data."""
    header, data = _split(path)
    header["__metadata__"].pop("checksum", None)
    begin, end = header[name]["data_offsets"]
    data[begin:end] = numpy.ascontiguousarray(values, TYPES[header[name]["dtype"]]).view("uint8")
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(numpy.array([len(text)], "<u8").tobytes() + text + data.tobytes())
