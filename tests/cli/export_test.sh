# A run goes out in formats of others, and comes back with the same masks.
source "$(dirname "$0")/common.sh"
fixture
expect 0 "$MILAN" exemplars network.onnx photos -o run --layers 'layer*' --resize 64x64 -j 1

expect 0 "$MILAN" export run -o original;                          says "original"
for layer in layer1 layer2; do
  for file in images.npy masks.npy ids.csv activations.csv units.npy; do
    [[ -s original/$layer/$file ]] || fail "$layer/$file is missing"
  done
done
# A numpy array: the header's shape, then exactly its bytes.
head -c 128 original/layer1/images.npy | grep -qF '(8,15,3,224,224,)' || fail "images.npy has another shape"
[[ $(stat -c %s original/layer1/images.npy) == $((128 + 8 * 15 * 3 * 224 * 224)) ]] || fail "images.npy has another size"
[[ $(stat -c %s original/layer1/masks.npy) == $((128 + 8 * 15 * 224 * 224)) ]] || fail "masks.npy has another size"

# Exemplars of other kinds, when the run has them.
expect 2 "$MILAN" export run -o weak --kind weakest;                says "--also weakest"
expect 0 "$MILAN" exemplars network.onnx photos -o kinds --layers layer2 --resize 64x64 -k 3 --also weakest,random
expect 0 "$MILAN" export kinds -o weak --kind weakest --format csv
expect 0 "$MILAN" export kinds -o random --kind random --format csv
for kind in weak random; do
  [[ $(wc -l < $kind/exemplars.csv) == $((1 + 12 * 3)) ]] || fail "$kind: not one line per exemplar"
done
expect 2 "$MILAN" exemplars network.onnx photos -o none --also best; says "weakest, middle or random"

# Tables for everybody.
expect 0 "$MILAN" export run -o table --format csv --layers layer2
[[ $(wc -l < table/exemplars.csv) == $((1 + 12 * 15)) ]] || fail "not one line per exemplar"
expect 0 "$MILAN" export run -o nested --format json
python3 -c '
import json
units = json.load(open("nested/exemplars.json"))["layers"][0]["units"]
assert len(units) == 8 and units[3]["state"] == "dead" and len(units[0]["exemplars"]) == 15'
expect 0 "$MILAN" export run -o arrays --format npz
# numpy.load's own demands, without numpy: a stored zip of whole .npy files, no pickled objects.
python3 -c '
import ast, zipfile
archive = zipfile.ZipFile("arrays/layer1.npz")
assert archive.testzip() is None
types = {}
for name in archive.namelist():
    content = archive.read(name)
    end = 10 + int.from_bytes(content[8:10], "little")
    header = ast.literal_eval(content[10:end].decode("ascii"))
    assert content[:8] == b"\x93NUMPY\x01\x00" and end % 64 == 0 and not header["fortran_order"]
    size = int(header["descr"][2:])
    for side in header["shape"]: size *= side
    assert len(content) == end + size, name
    types[name] = header["descr"]
assert types["maps.npy"] == "<f2" and types["photo_ids.npy"] == "<i4" and types["thresholds.npy"] == "<f4"'

# Back again, from the pictures alone and from the photos; exported once more, the masks are the same.
expect 0 "$MILAN" import-exemplars original -o unpacked;            says "20 units in 2 layers"
ls unpacked/photos/*.png > /dev/null
cat > sidecar.json <<'JSON'
{"input": {"kind": "image", "resize": {"size": [64, 64]}, "crop": null, "scale": 0.00392156862745098,
           "mean": [0, 0, 0], "std": [1, 1, 1]}}
JSON
expect 0 "$MILAN" import-exemplars original --photos photos --preprocessing sidecar.json -o back
for run in unpacked back; do
  expect 0 "$MILAN" export $run -o again-$run
  for layer in layer1 layer2; do
    cmp original/$layer/masks.npy again-$run/$layer/masks.npy || fail "the masks of $run changed"
    cmp original/$layer/images.npy again-$run/$layer/images.npy || fail "the pictures of $run changed"
  done
done
cmp original/layer2/ids.csv again-back/layer2/ids.csv || fail "the photo ids changed"
expect 0 "$MILAN" report unpacked

# Wrong use and broken files: one line each, nothing written.
expect 2 "$MILAN" export run -o table;                              says "--overwrite"; one_error_line
expect 2 "$MILAN" export run -o x --layers layer9;                  says "layer1"; one_error_line
expect 2 "$MILAN" export run -o x --format hdf5
expect 2 "$MILAN" export run -o x --size 0;                         one_error_line
expect 1 "$MILAN" export photos -o x;                               one_error_line
[[ ! -e x ]] || fail "something was written in spite of the error"
expect 2 "$MILAN" import-exemplars original -o back;                says "--overwrite"; one_error_line
expect 1 "$MILAN" import-exemplars photos -o y;                     says "masks.npy"; one_error_line
expect 1 "$MILAN" import-exemplars original --photos photos -o y;   says "another picture"; one_error_line
truncate -s -1 original/layer1/masks.npy
expect 1 "$MILAN" import-exemplars original -o y;                   says "layer1/masks.npy"; one_error_line
[[ ! -e y ]] || fail "a run was begun in spite of the error"
