# The device is the user's choice; what is not there is an error that says what to do.
source "$(dirname "$0")/common.sh"
fixture

expect 0 "$MILAN" layers network.onnx; says "device: "; says "(auto"
expect 0 "$MILAN" exemplars network.onnx photos -o run --layers layer1 --device cpu; says "device: cpu"
grep -q '"device": "cpu"' run/run.json || fail "run.json does not say on which device"
expect 0 "$MILAN" exemplars network.onnx photos -o run --layers layer1 --device cpu; says "kept"

# A run made on another device is not continued.
sed -i 's/"device": "cpu"/"device": "cuda"/' run/run.json
expect 2 "$MILAN" exemplars network.onnx photos -o run --layers layer1 --device cpu
says "--device cuda"; one_error_line
# Runs of before there were devices are the processor's.
sed -i '/"device"/d' run/run.json
expect 0 "$MILAN" exemplars network.onnx photos -o run --layers layer1 --device cpu; says "kept"

expect 2 "$MILAN" layers network.onnx --device gpu; says "cuda:N"; one_error_line
# No machine has so many: without CUDA in ONNX Runtime the remedy is another one, else nvidia-smi.
for command in "exemplars network.onnx photos -o no" "distill network.onnx photos --level layer1 -o encoder.onnx"; do
  expect 1 "$MILAN" $command --device cuda:4096; says "--device cuda:4096"; says "--device cpu"; one_error_line
  grep -qE "ONNXRUNTIME_ROOT|nvidia-smi" output || fail "no remedy"
done
[[ ! -e no ]] || fail "a refused request left a folder"
