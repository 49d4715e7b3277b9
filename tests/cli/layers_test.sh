# `milan layers` lists what can be described, for people and for programs.
source "$(dirname "$0")/common.sh"
fixture

expect 0 "$MILAN" layers network.onnx
says "layer1"; says "layer2"; says "described by default"
"$MILAN" layers network.onnx --json > layers.json
python3 - <<'PYTHON'
import json
layers = {layer["name"]: layer for layer in json.load(open("layers.json"))}
assert layers["layer2"]["units"] == 12 and layers["layer2"]["layout"] == "NCHW", layers
PYTHON
expect 2 "$MILAN" layers network.onnx --layers laier2
says "laier2"; says "layer2"; one_error_line
head -c 300 network.onnx > cut.onnx
expect 1 "$MILAN" layers cut.onnx
says "cut.onnx"; one_error_line
