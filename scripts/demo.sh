#!/usr/bin/env bash
# Describes the bundled network (the encoder of models/base) on photographs that Debian ships, and prints
# the path of the report. usage: demo.sh MILAN RUN
set -euo pipefail
milan=$1
run=$2
root=$(cd "$(dirname "$0")/.." && pwd)

"$milan" describe "$root/models/base/encoder.onnx" "$root/examples/demo-photos.txt" -o "$run"
echo
echo "Open in a browser: $(realpath "$run")/report/index.html"
