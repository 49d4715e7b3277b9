# Photos go in through inputs of every kind; what is not clear is asked for, naming the option that tells.
source "$(dirname "$0")/common.sh"
fixture
nets=$SOURCE/tests/networks/inputs
size=(--resize 16x16)

cp "$nets"/*.onnx .
for name in nhwc bytes grey rgba half batch_in_reshape; do
  expect 0 "$MILAN" exemplars $name.onnx photos -o run-$name --layers relu "${size[@]}"
  says "4 units in 1 layers"
done
says "takes 4 photos at once"  # what costs more than usual is told
expect 0 "$MILAN" exemplars nhwc.onnx photos -o run-nhwc --layers relu "${size[@]}"; says "kept"
python3 - <<'PYTHON'
import json
preprocessing = lambda name: json.load(open(f"run-{name}/run.json"))["preprocessing"]
assert preprocessing("nhwc")["layout"] == "NHWC" and preprocessing("nhwc")["channels"] == "RGB"
assert preprocessing("grey")["channels"] == "GREY" and len(preprocessing("grey")["mean"]) == 1
assert preprocessing("rgba")["channels"] == "RGBA" and len(preprocessing("rgba")["std"]) == 4
assert preprocessing("bytes")["scale"] == 1 and preprocessing("bytes")["mean"] == [0]
PYTHON
# Another order of the channels is another run, with other exemplars.
expect 2 "$MILAN" exemplars nhwc.onnx photos -o run-nhwc --layers relu "${size[@]}" --channels BGR; says "another preprocessing"
expect 0 "$MILAN" exemplars nhwc.onnx photos -o run-bgr --layers relu "${size[@]}" --channels BGR
! cmp -s run-nhwc/exemplars/relu.safetensors run-bgr/exemplars/relu.safetensors || fail "BGR is what RGB is"

expect 1 "$MILAN" layers nhwc.onnx --layout NCHW;        says "not NCHW"; one_error_line
expect 1 "$MILAN" layers nhwc.onnx --channels GREY --mean 0 --std 1; says "[1, 16, 16, 3]"; one_error_line
expect 2 "$MILAN" layers rgba.onnx --mean 0,0,0;         says "one number or 4 for RGBA"; one_error_line
expect 1 "$MILAN" layers bytes.onnx --scale 0.00392;     says "takes uint8"; says "--scale 1"; one_error_line
expect 1 "$MILAN" accuracy bytes.onnx photos --pixel-scale 0.00392; says "--pixel-scale 1"; one_error_line
expect 1 "$MILAN" layers grey.onnx --resize 32 --crop 32; says "[1, 1, 32, 32]"; one_error_line
expect 2 "$MILAN" layers quantized.onnx -l relu.uint8;   says "is uint8"; says "'relu.float' can"; one_error_line
expect 2 "$MILAN" layers quantized.onnx -l weight.float; says "same for every photo"; one_error_line

# Several inputs: the others are constants, given or from the sidecar, and part of the run.
expect 1 "$MILAN" layers several_inputs.onnx; says "--constant NAME=VALUE"; one_error_line
constants=(--constant gain=0.5 --constant camera=2 --constant is_raw=false)
expect 0 "$MILAN" exemplars several_inputs.onnx photos -o several --layers relu "${size[@]}" "${constants[@]}"
expect 2 "$MILAN" exemplars several_inputs.onnx photos -o several --layers relu "${size[@]}" "${constants[@]:0:2}" \
  --constant camera=3 --constant is_raw=false
says "other values of --constant"; one_error_line
cat > several_inputs.json <<'JSON'
{"input": {"name": "image", "resize": {"size": [16, 16]}, "scale": 0.00392156862745098, "mean": [0.485, 0.456, 0.406],
  "std": [0.229, 0.224, 0.225]},
 "constants": {"gain": [[[0.5]], [[0.5]], [[0.5]]], "camera": 2, "is_raw": false}}
JSON
expect 0 "$MILAN" exemplars several_inputs.onnx photos -o sidecar --layers relu
cmp several/exemplars/relu.safetensors sidecar/exemplars/relu.safetensors || fail "the sidecar's constants are others"
