# Directions in a layer's space are units like any other, in every way to make a run.
source "$(dirname "$0")/common.sh"
fixture
cat > files.py <<'PYTHON'
"""numpy's and safetensors' files with Python alone."""
import json, struct
def save(name, kind, shape, values):
    header = "{'descr': '<%s', 'fortran_order': False, 'shape': %r, }" % (kind, tuple(shape))
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    letter = {"f2": "e", "f4": "f", "f8": "d"}[kind]
    with open(name, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        file.write(struct.pack("<%d%s" % (len(values), letter), *values))
def tensors(path):
    data = open(path, "rb").read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__")
    return {name: data[8 + size + entry["data_offsets"][0]:8 + size + entry["data_offsets"][1]]
            for name, entry in header.items()}
def numbers(data, letter):
    return struct.unpack("<%d%s" % (len(data) // struct.calcsize(letter), letter), data)
PYTHON
python3 - <<'PYTHON'
import random
from files import save
random.seed(1)
def normal(count): return [random.gauss(0, 1) for _ in range(count)]
save("same.npy", "f4", (8, 8), [float(i % 9 == 0) for i in range(64)])
save("probe.npy", "f8", (5, 12), normal(60))
save("other.npy", "f8", (5, 12), normal(60))
save("bias.npy", "f2", (5,), normal(5))
save("wide.npy", "f8", (5, 9), normal(45))
PYTHON
same="--directions same.npy --directions-layer layer1"
probe="--directions probe.npy --directions-layer layer2 --directions-bias bias.npy --directions-activation relu"

# The directions of the units themselves have the units' exemplars.
expect 0 "$MILAN" exemplars $same network.onnx photos -o both --layers layer1
says "layers: layer1, layer1@same"; says "16 units in 2 layers: 2 dead"
python3 - <<'PYTHON'
import json
from files import tensors
layer = tensors("both/exemplars/layer1.safetensors")
made = tensors("both/exemplars/layer1%40same.safetensors")
assert layer == made, [name for name in layer if layer[name] != made[name]]
run = json.load(open("both/run.json"))
assert run["device"] in ("cpu", "cuda"), run["device"]
assert [(entry["layer"], entry["of"], entry["activation"]) for entry in run["directions"]] == [
    ("layer1@same", "layer1", "none")], run["directions"]
PYTHON

# Peaks are those of the formula, computed here from the layer's own maps of the same photos.
expect 0 "$MILAN" exemplars network.onnx photos -o probe -k 40 --layers layer2 $probe
python3 - <<'PYTHON'
from files import numbers, tensors
UNITS, DIRECTIONS, PHOTOS, POSITIONS = 12, 5, 40, 16 * 16
layer, made = tensors("probe/exemplars/layer2.safetensors"), tensors("probe/exemplars/layer2%40probe.safetensors")
weight, bias = numbers(open("probe.npy", "rb").read()[128:], "d"), numbers(open("bias.npy", "rb").read()[128:], "e")
maps = {}  # k is all photos, so every map is there
halves = numbers(layer["maps"], "e")
for place, photo in enumerate(numbers(layer["photo_ids"], "i")):
    maps[photo, place // PHOTOS] = halves[place * POSITIONS:(place + 1) * POSITIONS]
def peak(photo, direction):
    rows = [maps[photo, unit] for unit in range(UNITS)]
    w = weight[direction * UNITS:(direction + 1) * UNITS]
    return max(0.0, bias[direction] + max(sum(a * b for a, b in zip(w, column)) for column in zip(*rows)))
ids, got = numbers(made["photo_ids"], "i"), numbers(made["activations"], "f")
assert len(got) == DIRECTIONS * PHOTOS and max(got) > 1, got
for place, value in enumerate(got):
    wanted = peak(ids[place], place // PHOTOS)
    assert abs(wanted - value) < 5e-3 * (1 + abs(value)), (place, wanted, value)  # maps are kept as halves
    assert place % PHOTOS == 0 or got[place - 1] >= value, place
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
mv probe-before.npy probe.npy
expect 2 "$MILAN" exemplars network.onnx photos -o one ${probe/relu/none}; says "--directions-activation relu"
expect 2 "$MILAN" exemplars network.onnx photos -o one ${probe/bias.npy/-}; says "--directions-bias"

# Several sets: each option once for all, or once for each.
expect 0 "$MILAN" exemplars network.onnx photos -o two $same --directions probe.npy --directions-layer layer2 \
  --directions-bias - --directions-bias bias.npy --directions-name a --directions-name b
says "layers: layer1@a, layer2@b"
expect 2 "$MILAN" exemplars network.onnx photos -o no $same $same; says "layer1@same"; one_error_line

# Later steps go on as with any run.
expect 0 "$MILAN" export one -o table --format csv
grep -q '^layer2@probe,4,' table/exemplars.csv || fail "the export lacks a direction"

expect 2 "$MILAN" exemplars network.onnx photos -o no --directions same.npy; says "--directions-layer"; one_error_line
expect 2 "$MILAN" exemplars network.onnx photos -o no --directions-layer layer1; says "--directions W.npy"
expect 2 "$MILAN" exemplars network.onnx photos -o no ${same/layer1/layer*}; says "matches 2 layers"
expect 1 "$MILAN" exemplars network.onnx photos -o no ${same/same.npy/wide.npy}
says "wide.npy"; says "[5, 9]"; says "8 units"; one_error_line
[[ ! -e no ]] || fail "a refused request left a folder"
