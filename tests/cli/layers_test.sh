# `milan layers` lists what can be described, for people and for programs.
source "$(dirname "$0")/common.sh"
fixture

expect 0 "$MILAN" layers network.onnx
says "layer1"; says "layer2"; says "described by default"
"$MILAN" layers network.onnx --json > layers.json
python3 - <<'PYTHON'
import json
layers = {layer["name"]: layer for layer in json.load(open("layers.json"))}
assert layers["layer2"]["units"] == 12 and layers["layer2"]["layout"] == "map", layers
PYTHON
expect 2 "$MILAN" layers network.onnx --layers laier2
says "laier2"; says "layer2"; one_error_line
head -c 300 network.onnx > cut.onnx
expect 1 "$MILAN" layers cut.onnx
says "cut.onnx"; one_error_line

# Names that a hostile file chose do not command the terminal.
python3 - <<'PYTHON'
data = open("network.onnx", "rb").read()
assert data.count(b"layer2") >= 2
open("evil.onnx", "wb").write(data.replace(b"layer2", b"\x1b[31mX"))  # as many bytes
PYTHON
expect 0 "$MILAN" layers evil.onnx
says "?[31mX"
! grep -q $'\x1b' output || fail "a control character reached the terminal"
expect 2 "$MILAN" layers evil.onnx --layers '[31mY'
! grep -q $'\x1b' output || fail "a control character reached the terminal"; one_error_line
