"""A small reader of safetensors files: a JSON header, then the arrays."""

import json
import os
from math import prod

import numpy as np

_TYPES = {
    "F16": "<f2", "F32": "<f4", "F64": "<f8", "I16": "<i2", "I32": "<i4", "I64": "<i8",
    "U8": "u1", "U16": "<u2", "U32": "<u4", "U64": "<u8", "BOOL": "?",
}
_LARGEST_HEADER = 100_000_000


def read_safetensors(path):
    """Returns (arrays, metadata) of a file. The arrays are views of the file, read when they are used.

    Raises ValueError, which names the file, when it is damaged."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(size - 8, _LARGEST_HEADER):
            raise ValueError(f"{path}: not a safetensors file, or cut short")
        try:
            header = json.loads(file.read(length))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{path}: the header is no JSON: {error}") from None
    if not isinstance(header, dict):
        raise ValueError(f"{path}: the header is no object")
    metadata = header.pop("__metadata__", {})
    data = np.memmap(path, np.uint8, "r", offset=8 + length) if size > 8 + length else b""
    return {name: _array(data, entry, name, path) for name, entry in header.items()}, metadata


def _array(data, entry, name, path):
    try:
        dtype = np.dtype(_TYPES[entry["dtype"]])
        shape = tuple(int(count) for count in entry["shape"])
        begin, end = entry["data_offsets"]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: tensor '{name}' has a broken entry: {error!r}") from None
    if min(shape, default=0) < 0 or end - begin != prod(shape) * dtype.itemsize:
        raise ValueError(f"{path}: tensor '{name}' has sizes that do not fit its bytes")
    if not 0 <= begin <= end <= len(data):
        raise ValueError(f"{path}: tensor '{name}' lies outside the file")
    if begin == end:
        return np.empty(shape, dtype)
    return data[begin:end].view(dtype).reshape(shape)
