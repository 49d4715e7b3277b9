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

# PyTorch modules, tokens and heads: a transformer with a class token, two registers and 4x6 patches.
vit=$SOURCE/tests/networks/fixtures/tiny_vit.onnx
expect 0 "$MILAN" layers "$vit"
says "blocks.1.mlp.1"; says "after Gelu"; says "4x6"; says "after 3 special"; says "--all"
expect 0 "$MILAN" layers "$vit" --layers 're:attn.prob' --attention mean
says "heads 4x6"; says "mean attention of the patches"
expect 2 "$MILAN" layers "$vit" --grid 5x5
says "--grid 5x5"; one_error_line
expect 2 "$MILAN" layers "$vit" --layers blocks.7
says "blocks.1"; one_error_line
expect 2 "$MILAN" layers "$SOURCE/tests/networks/fixtures/tiny_resnet.onnx" --layers bn1
says "folded"; one_error_line
expect 0 "$MILAN" exemplars "$vit" photos -o vit --layers 'blocks.1.mlp.1,blocks.0.attn.probabilities'
python3 - <<'PYTHON'
import json
layers = json.load(open("vit/run.json"))["layers"]
hidden = next(layer for layer in layers if layer["module"] == "blocks.1.mlp.1")
assert hidden["layout"] == "tokens" and hidden["grid"] == [4, 6], hidden
assert hidden["special_tokens"] == [3, 0] and hidden["stage"] == "after Gelu", hidden
assert (hidden["units"], hidden["height"], hidden["width"]) == (32, 4, 6), hidden
heads = next(layer for layer in layers if layer["layout"] == "heads")
assert heads["units"] == 4 and heads["attention"] == "class", heads
PYTHON
# Another view of the same layers is another run.
expect 2 "$MILAN" exemplars "$vit" photos -o vit --layers 'blocks.1.mlp.1,blocks.0.attn.probabilities' --attention mean
says "attention of the class token"; one_error_line
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
