# Directions in a layer's space are units like any other, in every way to make a run.
source "$(dirname "$0")/common.sh"
fixture
python3 - <<'PYTHON' 2>/dev/null || exit 77  # numpy makes the files
import numpy
numpy.save("same.npy", numpy.eye(8, dtype="float32"))
random = numpy.random.default_rng(1)
numpy.save("probe.npy", random.normal(size=(5, 12)))
numpy.save("other.npy", random.normal(size=(5, 12)))
numpy.save("bias.npy", random.normal(size=5).astype("float16"))
numpy.save("wide.npy", numpy.ones((5, 9)))
numpy.save("broken.npy", numpy.full((5, 12), numpy.nan))
PYTHON
same="--directions same.npy --directions-layer layer1"
probe="--directions probe.npy --directions-layer layer2 --directions-bias bias.npy --directions-activation relu"

# The directions of the units themselves have the units' exemplars.
expect 0 "$MILAN" exemplars $same network.onnx photos -o run
says "layers: layer1@same"; says "8 units in 1 layers: 1 dead"
expect 0 "$MILAN" exemplars network.onnx photos -o both --layers layer1 $same
python3 - <<'PYTHON'
import json, struct
def tensors(path):
    data = open(path, "rb").read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__")
    return {name: data[8 + size + entry["data_offsets"][0]:8 + size + entry["data_offsets"][1]]
            for name, entry in header.items()}
layer = tensors("both/exemplars/layer1.safetensors")
made = tensors("both/exemplars/layer1%40same.safetensors")
assert layer == made, [name for name in layer if layer[name] != made[name]]
assert made == tensors("run/exemplars/layer1%40same.safetensors")
run = json.load(open("both/run.json"))
assert run["device"] in ("cpu", "cuda"), run["device"]
assert [(entry["layer"], entry["of"], entry["activation"]) for entry in run["directions"]] == [
    ("layer1@same", "layer1", "none")], run["directions"]
PYTHON

# Peaks are those of the formula: held against numpy, from the layer's own maps of the same photos.
expect 0 "$MILAN" exemplars network.onnx photos -o probe -k 40 --layers layer2 $probe
expect 0 "$MILAN" export probe -o npz --format npz
python3 - <<'PYTHON'
import numpy
layer, made = numpy.load("npz/layer2.npz"), numpy.load("npz/layer2%40probe.npz")
maps = numpy.zeros((40,) + layer["maps"].shape[0:1] + layer["maps"].shape[2:])
for unit, ids in enumerate(layer["photo_ids"]):
    maps[ids, unit] = layer["maps"][unit]  # k is all photos, so every map is there
weight, bias = numpy.load("probe.npy"), numpy.load("bias.npy")
values = numpy.maximum(numpy.einsum("du,pu...->pd...", weight, maps) + bias[:, None, None].astype(float), 0)
peaks = values.max(axis=(2, 3))
for direction, ids in enumerate(made["photo_ids"]):
    wanted, got = peaks[ids, direction], made["activations"][direction]
    assert numpy.allclose(wanted, got, rtol=5e-3, atol=5e-3), (wanted, got)  # maps are kept as halves
    assert (numpy.diff(got) <= 0).all()
PYTHON

# Workers, shards and ranks give the same bytes; other directions are not taken for these.
expect 0 "$MILAN" exemplars network.onnx photos -o one -j 1 $probe
for part in 1 2; do expect 0 "$MILAN" exemplars network.onnx photos -o part$part --shard $part/2 $probe; done
expect 0 "$MILAN" merge part1 part2 -o merged
cmp one/exemplars/layer2%40probe.safetensors merged/exemplars/layer2%40probe.safetensors || fail "shards change the result"
cmp one/run.json merged/run.json || fail "a merged run has another manifest"
expect 0 "$MILAN" exemplars network.onnx photos -o one $probe; says "kept"
cp probe.npy probe-before.npy
cp other.npy probe.npy
expect 2 "$MILAN" exemplars network.onnx photos -o one $probe
says "other directions of layer2@probe"; says "probe.npy"; one_error_line
expect 0 "$MILAN" exemplars network.onnx photos -o part3 --shard 2/2 $probe
expect 2 "$MILAN" merge part1 part3 -o merged2; says "other directions of layer2@probe"; one_error_line
mv probe-before.npy probe.npy
expect 2 "$MILAN" exemplars network.onnx photos -o one ${probe/relu/none}; says "--directions-activation relu"
expect 2 "$MILAN" exemplars network.onnx photos -o one ${probe/bias.npy/-}; says "--directions-bias"
expect 2 "$MILAN" exemplars network.onnx photos -o one --layers layer2; says "other layers (layer2@probe)"

# Several sets: each option once for all, or once for each.
expect 0 "$MILAN" exemplars network.onnx photos -o two $same --directions probe.npy --directions-layer layer2 \
  --directions-bias - --directions-bias bias.npy --directions-activation relu
says "layers: layer1@same, layer2@probe"
expect 2 "$MILAN" exemplars network.onnx photos -o no $same $same; says "layer1@same"; one_error_line
expect 0 "$MILAN" exemplars network.onnx photos -o twice $same $same --directions-name a --directions-name b
says "layer1@a, layer1@b"

# The later steps go on as with any run.
expect 0 "$MILAN" report one
expect 0 "$MILAN" export one -o table --format csv
grep -q '^layer2@probe,4,' table/exemplars.csv || fail "the export lacks a direction"

expect 2 "$MILAN" exemplars network.onnx photos -o no --directions same.npy; says "--directions-layer"; one_error_line
expect 2 "$MILAN" exemplars network.onnx photos -o no --directions-layer layer1; says "--directions W.npy"
expect 2 "$MILAN" exemplars network.onnx photos -o no ${same/layer1/laier1}; says "layer1"; one_error_line
expect 2 "$MILAN" exemplars network.onnx photos -o no ${same/layer1/layer*}; says "matches 2 layers"
expect 1 "$MILAN" exemplars network.onnx photos -o no ${same/same.npy/wide.npy}
says "wide.npy"; says "[5, 9]"; says "8 units"; one_error_line
expect 1 "$MILAN" exemplars network.onnx photos -o no --directions broken.npy --directions-layer layer2
says "broken.npy"; says "nan"; one_error_line
expect 2 "$MILAN" exemplars network.onnx photos -o no $same --directions-activation tanh; says "none or relu"
[[ ! -e no ]] || fail "a refused request left a folder"
