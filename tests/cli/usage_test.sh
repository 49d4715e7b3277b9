# The program explains itself, and wrong use is told apart from failure.
source "$(dirname "$0")/common.sh"

expect 0 "$MILAN" --help;            says "Exit codes"
expect 0 "$MILAN" --version;         says "ONNX Runtime"
for command in describe layers exemplars clusters report train calibrate distill evaluate export import-exemplars; do
  expect 0 "$MILAN" $command --help; says "Example"
done
expect 2 "$MILAN"
expect 2 "$MILAN" no-such-command
expect 2 "$MILAN" layers;            says "NETWORK"
expect 2 "$MILAN" layers x.onnx --no-such-option
expect 1 "$MILAN" layers missing.onnx
says "missing.onnx"; one_error_line
