#!/usr/bin/env bash
# The measurements of docs/performance.md. Run on a quiet machine. usage: run_benchmarks.sh BUILD DATA
set -euo pipefail
build=$1
data=$2
"$build/milan_image_bench" "$data/photos" --benchmark_min_time=2
"$build/milan_forward_bench" "$data"/networks/{squeezenet1_1,mobilenet_v2,resnet18_to_layer3}.onnx --benchmark_min_time=2
# The whole pass beside the bare forward pass, alternating.
for round in 1 2 3; do
  rm -rf "$build/bench-run"
  time "$build/milan" exemplars "$data/networks/squeezenet1_1.onnx" "$data/photos" -o "$build/bench-run" \
    --layers 'fire*/concat' --quiet
  "$build/milan_forward_bench" "$data/networks/squeezenet1_1.onnx" --benchmark_filter=threads:2 --benchmark_min_time=2
done
# Summaries of activations (docs/decisions/0008) and the rank error of thresholds (docs/accuracy.md).
"$build/milan_quantile_bench" compare "$data/photos" 300 "$data/networks/squeezenet1_1.onnx" fire5/concat
"$build/milan_quantile_bench" accuracy "$data/photos" 300 \
  "$data"/networks/{squeezenet1_1,mobilenet_v2,resnet18_to_layer3}.onnx
