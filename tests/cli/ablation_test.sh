# `milan run`, `milan accuracy` and `milan edit`: an edited network gives what ablation at run time does.
source "$(dirname "$0")/common.sh"
fixture
for class in red_fox frog; do mkdir -p "val/$class"; done
cp photos/photo-0*.png val/red_fox; cp photos/photo-1*.png val/frog

# Accuracy: labels from folders, the classes' names from the sidecar.
expect 0 "$MILAN" accuracy --ablate late:1 classifier.onnx val  # an option before the files
expect 0 "$MILAN" accuracy classifier.onnx val
says "red fox"; says "frog"; says "20"
edits=(--ablate late:0-2,5 --scale layer:1=0.5 --mean late:3 --means-from val)
"$MILAN" accuracy classifier.onnx val --json > plain.json
"$MILAN" accuracy classifier.onnx val "${edits[@]}" --json > ablated.json
"$MILAN" accuracy classifier.onnx val "${edits[@]}" -j 3 --memory 1KB --json > spilled.json
cmp ablated.json spilled.json || fail "verdicts depend on workers or on what is spilled"

# The same edits for good; the sidecar comes along.
mkdir sub
expect 0 "$MILAN" edit classifier.onnx "${edits[@]}" -o sub/edited.onnx
says "4 units by their weights, 2 by gates"
expect 0 "$MILAN" edit classifier.onnx --ablate late:0-2 -o weights.onnx
says "3 units by their weights, 0 by gates"
"$MILAN" accuracy sub/edited.onnx val --json > edited.json
"$MILAN" run classifier.onnx --input photos/photo-00.png --output plain > /dev/null
"$MILAN" run sub/edited.onnx --input photos/photo-00.png --output edited --tap logits,late > output
says "late  [1, 8, 8, 8]  edited/late.npy"
"$MILAN" run classifier.onnx --input plain/logits.npy --output x > output 2>&1 && fail "took a wrong shape"
says "takes shape"
python3 - <<'PYTHON'
import json, struct
plain, ablated, edited = (json.load(open(name + ".json")) for name in ("plain", "ablated", "edited"))
assert plain["photos"] == 20 and [c["name"] for c in plain["classes"]] == ["red fox, Vulpes", "frog"], plain
assert {k: ablated[k] for k in ("top1", "top5")} == {k: plain[k] for k in ("top1", "top5")}
for key in ("photos", "top1", "top5"):
    assert edited[key] == ablated["edited"][key], (key, edited, ablated)
def read(path):
    data = open(path, "rb").read()
    start = 10 + struct.unpack("<H", data[8:10])[0]
    return struct.unpack(f"<{(len(data) - start) // 4}f", data[start:])
late = read("edited/late.npy")
for unit in (0, 1, 2, 5):
    assert not any(late[unit * 64:unit * 64 + 64]), unit
assert len(set(late[3 * 64:4 * 64])) == 1 and any(late[6 * 64:7 * 64])
assert read("plain/logits.npy") != read("edited/logits.npy")
PYTHON
# What ONNX's own checker says of both ways to edit.
if /usr/bin/python3 -c 'import onnx' 2> /dev/null; then
  expect 0 "$MILAN" edit classifier.onnx --ablate late:0-2 -o weights.onnx
  expect 0 "$MILAN" edit classifier.onnx "${edits[@]}" --set logits:1=0.25 -o gates.onnx
  /usr/bin/python3 - <<'PYTHON'
import json, onnx
for path in ("gates.onnx", "weights.onnx"):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
edits = json.loads({p.key: p.value for p in model.metadata_props}["milan.edits"])
assert [(e["layer"], e["unit"], e["method"]) for e in edits] == [("late", u, "weights") for u in range(3)], edits
assert len(model.graph.node) == len(onnx.load("classifier.onnx").graph.node)
# As exporters of 2017 wrote it; and with the number of the best class as the first output.
old = onnx.load("classifier.onnx")
best = onnx.load("classifier.onnx")
old.ir_version, old.opset_import[0].version = 3, 7
for weight in old.graph.initializer:
    old.graph.input.append(onnx.helper.make_tensor_value_info(weight.name, weight.data_type, weight.dims))
onnx.save(old, "old.onnx")
best.graph.node.append(onnx.helper.make_node("ArgMax", ["logits"], ["best"], axis=1))
best.graph.output.insert(0, onnx.helper.make_tensor_value_info("best", onnx.TensorProto.INT64, None))
onnx.save(best, "best.onnx")
PYTHON
  expect 0 "$MILAN" edit old.onnx "${edits[@]}" -o old-edited.onnx
  /usr/bin/python3 -c 'import onnx; onnx.checker.check_model(onnx.load("old-edited.onnx"))' ||
    fail "the checker refuses an edited network of operator set 7"
  cp classifier.json best.json
  expect 0 "$MILAN" run best.onnx --input photos/photo-00.png --output best; says "'best' is int64"
  cmp best/logits.npy plain/logits.npy || fail "another output changed the logits"
  expect 0 "$MILAN" accuracy best.onnx val; says "red fox"
fi
# A generator, which needs no photos to be edited.
expect 0 "$MILAN" edit "$SOURCE"/tests/networks/inputs/generator.onnx --ablate layer8:1 -o generator.onnx
expect 2 "$MILAN" edit "$SOURCE"/tests/networks/inputs/generator.onnx --mean layer8:1 --means-from photos -o x.onnx
says "latents"; one_error_line

# Labels from a table, with numbers; what is wrong is said in one line.
printf 'photo,label\nphoto-00.png,2\nphoto-01.png,grey_wolf\n' > labels.csv
expect 0 "$MILAN" accuracy classifier.onnx photos --labels labels.csv
says "grey wolf"; says "38 photos have no label"
expect 1 "$MILAN" accuracy classifier.onnx photos
says "class folders"; one_error_line
printf 'photo,label\nphoto-00.png,grey wulf\n' > wrong.csv
expect 1 "$MILAN" accuracy classifier.onnx photos --labels wrong.csv
says "grey wulf"; says "grey wolf"; one_error_line
expect 2 "$MILAN" accuracy classifier.onnx val --ablate late:8
says "no unit 8"; says "8 units"; one_error_line
expect 2 "$MILAN" edit classifier.onnx --ablate lat:1 -o x.onnx
says "late"; one_error_line
expect 2 "$MILAN" edit classifier.onnx --ablate late -o x.onnx
says "LAYER:UNITS"; one_error_line
expect 2 "$MILAN" edit classifier.onnx --mean late:1 -o x.onnx
says "--means-from"; one_error_line
expect 2 "$MILAN" edit classifier.onnx --ablate late:1 --scale late:1=2 -o x.onnx
says "edited twice"; one_error_line
expect 2 "$MILAN" edit classifier.onnx --ablate late:1 -o classifier.onnx
says "overwrite"; one_error_line
[[ ! -e x.onnx ]] || fail "a refused edit wrote a network"
expect 1 "$MILAN" accuracy network.onnx val --classes names.txt
says "not one number per class"; one_error_line
