"""Writes a torch module as ONNX whose values have the names of its modules."""

import inspect
import io
import json
import os
import pathlib
import tempfile
import warnings
from dataclasses import dataclass

from ._onnx import Model

_DOMAIN = "milan.mark"


@dataclass(frozen=True)
class Exported:
    """What `export` wrote."""
    network: pathlib.Path
    sidecar: pathlib.Path
    #: {module: value of the network}; a module whose output is that of the module around it has the
    #: name of that one ("layer1.1.relu#2" is "layer1"). Empty when the exporter could not be told.
    modules: dict


def export(module, example, path, *, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225),
           resize=None, crop=None, scale=1 / 255, keep_batch_norm=True, opset=13, **exporter_options):
    """Writes `module` to the ONNX file `path`, and how photos become its input to the JSON beside it.

    Every value that a submodule computes has the submodule's path as its name: "layer1.0.relu"; its
    second call is "layer1.0.relu#2", outputs that are lists or dicts have ".0" or ".key" appended.
    Of modules that end in one another the outermost gives the name. Batches are of any size.

    `example`: an input [N, 3, height, width].
    `mean`, `std`, `scale`: x = (pixel * scale - mean) / std, pixels 0 to 255, RGB.
    `resize`: shorter side, or (height, width); default: `crop` in the proportion 256 to 224.
    `crop`: side or (height, width) of the centre crop; default: the example's size.
    `keep_batch_norm`: keep normalisations apart from the convolutions before them, whose own output
    is then a layer, too. False: fold them in, which is faster.
    Other options go to torch.onnx.export. The module is exported in evaluation mode, and left as it was."""
    import torch

    path = pathlib.Path(path)
    shape = tuple(example.shape)
    if len(shape) != 4 or shape[1] != 3:
        raise ValueError(f"the example has shape {shape}, not that of pictures [N, 3, height, width]")
    sidecar = _sidecar(path, shape, mean, std, resize, crop, scale)
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        # With gradients on, attention takes its plain path; the other one has no operators in ONNX.
        with torch.enable_grad():
            data, modules = _named(torch, module, example, keep_batch_norm, opset, exporter_options)
    finally:
        for part, training in modes:
            part.training = training
    sidecar["modules"] = modules
    _write(path, data)
    beside = path.with_suffix(".json")
    _write(beside, (json.dumps(sidecar, indent=2) + "\n").encode())
    return Exported(path, beside, modules)


def _named(torch, module, example, keep_batch_norm, opset, options):
    before_norm = set() if keep_batch_norm else _convolutions_before_norms(torch, module, example)
    hooks, mark = [], _mark(torch)
    calls = {}

    def hook_of(name):
        def hook(_module, _inputs, output):
            calls[name] = calls.get(name, 0) + 1
            call = name if calls[name] == 1 else f"{name}#{calls[name]}"
            return _map(torch, output, call, mark)
        return hook

    for name, part in module.named_modules():
        if name and name not in before_norm:
            hooks.append(part.register_forward_hook(hook_of(name)))
    try:
        calls.clear()
        data = _torch_export(torch, module, example, opset, {"custom_opsets": {_DOMAIN: 1}, **options})
        model = Model(data)
        if not model.marks(_DOMAIN):
            raise RuntimeError("the exporter dropped the marks")
        return _rename(model)
    except Exception as error:  # an exporter that is not told: the network is good without names
        if isinstance(error, (TypeError, ValueError)) and options:
            raise
        warnings.warn(f"values keep the exporter's names, for it takes no marks: {str(error)[:200]}",
                      stacklevel=3)
    finally:
        for hook in hooks:
            hook.remove()
    return _torch_export(torch, module, example, opset, options), {}


def _mark(torch):
    class Mark(torch.autograd.Function):
        """Gives its input back; in the network a node that names it."""

        @staticmethod
        def forward(_context, value, _name):
            return value.clone()

        @staticmethod
        def symbolic(g, value, name):
            result = g.op(f"{_DOMAIN}::Mark", value, name_s=name)
            kind = value.type()
            sizes = kind.sizes() if hasattr(kind, "sizes") else None
            # The example's batch size must not become a constant of the network.
            result.setType(kind.with_sizes([None, *sizes[1:]]) if sizes else kind)
            return result

    return Mark


def _map(torch, output, name, mark):
    """`output` with each tensor of floats marked."""
    if isinstance(output, torch.Tensor):
        return mark.apply(output, name) if output.is_floating_point() else output
    if isinstance(output, dict):
        for key in output:
            output[key] = _map(torch, output[key], f"{name}.{key}", mark)
        return output
    if type(output) in (list, tuple):
        return type(output)(_map(torch, part, f"{name}.{i}", mark) for i, part in enumerate(output))
    return output


def _convolutions_before_norms(torch, module, example):
    """Names of the convolutions whose output only a normalisation takes: it can be folded in."""
    norms = (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d, torch.nn.BatchNorm3d)
    outputs, names, hooks, kept = {}, set(), [], []
    for name, part in module.named_modules():
        if isinstance(part, norms):
            def on_norm(_part, inputs):
                if id(inputs[0]) in outputs:
                    names.add(outputs[id(inputs[0])])
            hooks.append(part.register_forward_pre_hook(on_norm))
        elif type(part).__name__.startswith("Conv"):
            def on_convolution(_part, _inputs, output, name=name):
                outputs[id(output)] = name
                kept.append(output)  # so that no other tensor gets its id
            hooks.append(part.register_forward_hook(on_convolution))
    try:
        module(example)
    finally:
        for hook in hooks:
            hook.remove()
    return names


def _torch_export(torch, module, example, opset, options):
    arguments = {"input_names": ["input"], "dynamic_axes": {"input": {0: "batch"}},
                 "opset_version": opset, **options}
    # torch 2.9 and later take another exporter by default, which does not know hooks' marks.
    if "dynamo" in inspect.signature(torch.onnx.export).parameters:
        arguments.setdefault("dynamo", False)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*shape inference of milan.*")
        warnings.filterwarnings("ignore", message=".*_graph_op.*")
        torch.onnx.export(module, example, buffer, **arguments)
    return buffer.getvalue()


def _module_of(name):
    return name.split("#")[0]


def _rename(model):
    """The file's bytes without marks, and the value of each module."""
    chains, values = {}, {}
    for name, source, target in model.marks(_DOMAIN):
        base = values.get(source, source)
        values[target] = base
        chains.setdefault(base, []).append(name)
    taken = set(model.inputs) | set(model.initializers)
    names, modules = {}, {}
    for base, chain in chains.items():
        chosen = base
        if base not in taken:
            chosen = chain[0]
            for name in chain[1:]:
                # Outwards only: a module that passes on what it was given does not rename it.
                if _module_of(chosen).startswith(_module_of(name) + "."):
                    chosen = name
            if chosen in taken:
                chosen += ".output"
        names[base] = chosen
        modules.update(dict.fromkeys(chain, chosen))
    names.update({target: names[base] for target, base in values.items()})
    unnamed = [name for name in model.outputs if name not in names]
    for i, name in enumerate(unnamed):
        fresh = "output" if len(unnamed) == 1 else f"output.{i}"
        if fresh not in names.values() and name not in taken:
            names[name] = fresh
    return model.save(names, _DOMAIN), modules


def _pair(size):
    return [int(size), int(size)] if isinstance(size, int) else [int(side) for side in size]


def _sidecar(path, shape, mean, std, resize, crop, scale):
    crop = _pair(crop if crop is not None else shape[2:])
    if resize is None:
        resize = round(max(crop) * 256 / 224)
    for name, numbers in (("mean", mean), ("std", std)):
        if len(numbers) != 3:
            raise ValueError(f"{name} must have three numbers (red, green, blue)")
    sizes = {"shorter_side": resize} if isinstance(resize, int) else {"size": _pair(resize)}
    return {
        "name": path.stem,
        "input": {
            "kind": "image", "layout": "NCHW", "channels": "RGB",
            "resize": {**sizes, "filter": "bilinear", "antialias": True}, "crop": crop,
            "scale": float(scale), "mean": [float(x) for x in mean], "std": [float(x) for x in std],
        },
    }


def _write(path, data):
    """The file holds either its old content or all of the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
