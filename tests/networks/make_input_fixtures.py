#!/usr/bin/python3
"""Writes the small networks of tests/networks/inputs/: inputs of every kind, quantised and half
precision weights, weights beside the file, generators. Seeded: the same files every time.

    python3 tests/networks/make_input_fixtures.py        (Debian: python3-onnx, python3-numpy)
"""
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FOLDER = pathlib.Path(__file__).parent / "inputs"
RANDOM = np.random.RandomState(20)


def weight(name, *shape, scale=1.0, dtype=np.float32):
    return numpy_helper.from_array((scale * (RANDOM.rand(*shape) - 0.5)).astype(dtype), name)


def constant(name, values, dtype):
    return numpy_helper.from_array(np.array(values, dtype=dtype), name)


def node(operator, inputs, output, **attributes):
    return helper.make_node(operator, inputs, [output], name=output, **attributes)


def value(name, element, shape):
    return helper.make_tensor_value_info(name, element, shape)


def save(name, nodes, inputs, outputs, weights, beside=None):
    graph = helper.make_graph(nodes, name, inputs, outputs, weights)
    model = helper.make_model(graph, producer_name="milan tests",
                              opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    path = FOLDER / f"{name}.onnx"
    if beside:
        onnx.save(model, str(path), save_as_external_data=True, location=beside, size_threshold=0)
    else:
        onnx.checker.check_model(model)
        onnx.save(model, str(path))


def trunk(image, channels=3, units=4):
    """A convolution, its activation, and scores: the weights and nodes after an image [N, C, 16, 16]."""
    weights = [weight("conv.weight", units, channels, 3, 3), weight("conv.bias", units),
               weight("fc.weight", units, 5)]
    nodes = [node("Conv", [image, "conv.weight", "conv.bias"], "conv", pads=[1, 1, 1, 1]),
             node("Relu", ["conv"], "relu"),
             node("GlobalAveragePool", ["relu"], "average"),
             node("Flatten", ["average"], "flat"),
             node("MatMul", ["flat", "fc.weight"], "logits")]
    return nodes, weights


LOGITS = [value("logits", TensorProto.FLOAT, ["N", 5])]


def photo_inputs():
    nodes, weights = trunk("nchw")
    transpose = node("Transpose", ["image"], "nchw", perm=[0, 3, 1, 2])
    save("nhwc", [transpose] + nodes, [value("image", TensorProto.FLOAT, ["N", 16, 16, 3])],
         LOGITS, weights)

    nodes, weights = trunk("nchw")
    cast = node("Cast", ["image"], "numbers", to=TensorProto.FLOAT)
    transpose = node("Transpose", ["numbers"], "nchw", perm=[0, 3, 1, 2])
    save("bytes", [cast, transpose] + nodes,
         [value("image", TensorProto.UINT8, [1, 16, 16, 3])], LOGITS, weights)

    for name, channels in (("grey", 1), ("rgba", 4)):
        nodes, weights = trunk("image", channels)
        save(name, nodes, [value("image", TensorProto.FLOAT, ["N", channels, 16, 16])], LOGITS,
             weights)

    nodes, weights = trunk("warm")
    extra = [node("Mul", ["image", "gain"], "scaled"),
             node("Gather", ["table", "camera"], "offset", axis=0),
             node("Where", ["is_raw", "image", "scaled"], "chosen"),
             node("Add", ["chosen", "offset"], "warm")]
    weights.append(constant("table", np.arange(4).reshape(4, 1, 1, 1), np.float32))
    save("several_inputs", extra + nodes,
         [value("gain", TensorProto.FLOAT, ["N", 3, 1, 1]),
          value("image", TensorProto.FLOAT, ["N", 3, 16, 16]),
          value("camera", TensorProto.INT64, []),
          value("is_raw", TensorProto.BOOL, [1])], LOGITS, weights)


def batches():
    nodes, weights = trunk("image")
    save("batch_of_4", nodes, [value("image", TensorProto.FLOAT, [4, 3, 16, 16])],
         [value("logits", TensorProto.FLOAT, [4, 5])], weights)
    # The batch is written into the graph, too: with another one it would not run.
    nodes, weights = trunk("image")
    nodes[3] = node("Reshape", ["average", "sizes"], "flat")
    weights.append(constant("sizes", [4, 4], np.int64))
    save("batch_in_reshape", nodes, [value("image", TensorProto.FLOAT, [4, 3, 16, 16])],
         [value("logits", TensorProto.FLOAT, [4, 5])], weights)
    # With another batch this one runs, but rearranges: [1, 4] becomes [4, 1].
    nodes, weights = trunk("image")
    nodes[3:] = [node("Reshape", ["average", "sizes"], "flat"),
                 node("ReduceMax", ["flat"], "logits", axes=[1])]
    weights = weights[:2] + [constant("sizes", [4, -1], np.int64)]
    save("batch_rearranged", nodes, [value("image", TensorProto.FLOAT, [4, 3, 16, 16])],
         [value("logits", TensorProto.FLOAT, [4, 1])], weights)


def precisions():
    half = TensorProto.FLOAT16
    weights = [weight("conv.weight", 4, 3, 3, 3, dtype=np.float16), weight("conv.bias", 4, dtype=np.float16)]
    nodes = [node("Conv", ["image", "conv.weight", "conv.bias"], "conv", pads=[1, 1, 1, 1]),
             node("Relu", ["conv"], "relu"), node("GlobalAveragePool", ["relu"], "average")]
    save("half", nodes, [value("image", half, ["N", 3, 16, 16])], [value("average", half, ["N", 4, 1, 1])],
         weights)

    nodes, weights = trunk("image")
    save("beside", nodes, [value("image", TensorProto.FLOAT, ["N", 3, 16, 16])], LOGITS, weights,
         beside="beside.weights")


def quantized():
    """QDQ: every tensor passes through QuantizeLinear and DequantizeLinear, weights are int8."""
    weights = [constant("s", 0.02, np.float32), constant("z", 128, np.uint8),
               constant("ws", 0.01, np.float32), constant("wz", 0, np.int8),
               constant("weight.int8", RANDOM.randint(-100, 100, (4, 3, 3, 3)), np.int8)]
    nodes = [node("QuantizeLinear", ["image", "s", "z"], "image.uint8"),
             node("DequantizeLinear", ["image.uint8", "s", "z"], "image.float"),
             node("DequantizeLinear", ["weight.int8", "ws", "wz"], "weight.float"),
             node("Conv", ["image.float", "weight.float"], "conv", pads=[1, 1, 1, 1]),
             node("Relu", ["conv"], "relu"),
             node("QuantizeLinear", ["relu", "s", "z"], "relu.uint8"),
             node("DequantizeLinear", ["relu.uint8", "s", "z"], "relu.float"),
             node("GlobalAveragePool", ["relu.float"], "average")]
    save("quantized", nodes, [value("image", TensorProto.FLOAT, ["N", 3, 16, 16])],
         [value("average", TensorProto.FLOAT, ["N", 4, 1, 1])], weights)


def generators():
    """Latents become 4 x 4 maps, 8 x 8 maps, a picture in -1..1; a class adds its row of a table."""
    def tail():
        return ([node("Reshape", ["mixed", "sizes"], "start"),
                 node("Relu", ["start"], "layer4"),
                 node("ConvTranspose", ["layer4", "up1"], "grown", strides=[2, 2]),
                 node("Relu", ["grown"], "layer8"),
                 node("ConvTranspose", ["layer8", "up2"], "painted", strides=[2, 2]),
                 node("Tanh", ["painted"], "picture")],
                [constant("sizes", [-1, 6, 4, 4], np.int64), weight("up1", 6, 5, 2, 2, scale=2),
                 weight("up2", 5, 3, 2, 2, scale=2)])

    picture = [value("picture", TensorProto.FLOAT, ["N", 3, 16, 16])]
    nodes, weights = tail()
    save("generator", [node("MatMul", ["z", "fc"], "mixed")] + nodes,
         [value("z", TensorProto.FLOAT, ["N", 8])], picture, weights + [weight("fc", 8, 96)])
    nodes, weights = tail()
    first = [node("MatMul", ["z", "fc"], "drawn"), node("Gather", ["table", "y"], "of_class", axis=0),
             node("Add", ["drawn", "of_class"], "mixed")]
    save("class_generator", first + nodes,
         [value("z", TensorProto.FLOAT, ["N", 8]), value("y", TensorProto.INT64, ["N"])], picture,
         weights + [weight("fc", 8, 96), weight("table", 5, 96, scale=4)])


def main():
    FOLDER.mkdir(exist_ok=True)
    photo_inputs()
    batches()
    precisions()
    quantized()
    generators()


if __name__ == "__main__":
    main()
