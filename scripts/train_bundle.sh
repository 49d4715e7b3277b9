#!/usr/bin/env bash
# Makes a bundle as models/base from the development data: exemplars of the annotated networks, language model and decoder, then
# the calibration of its confidences. Every step continues where it was interrupted.
# usage: train_bundle.sh MILAN DATA WORK [BUNDLE]
set -euo pipefail
milan=$1
data=$2
work=$3
bundle=${4:-$work/base}
networks=(mobilenet_v2 resnet18_to_layer3 squeezenet1_1 squeezenet_places365)

mkdir -p "$work"
[[ -d $data/annotations ]] || { echo "error: $data: needs the development data (annotations/, photos/, networks/)" >&2; exit 1; }

# The encoder: mobilenet_v2 with the values that models/encoder names; training cuts it after the last of them.
encoder=$work/encoder/encoder.onnx
mkdir -p "$work/encoder"
cp "$data/networks/mobilenet_v2.onnx" "$encoder"
cp "$(dirname "$0")/../models/encoder/mobilenet_v2.json" "$work/encoder/encoder.json"

annotations=()
runs=()
for network in "${networks[@]}"; do
  layers=$(tail -n +2 "$data/annotations/$network.csv" | cut -d, -f1 | sort -u | paste -sd,)
  "$milan" exemplars "$data/networks/$network.onnx" "$data/photos" -o "$work/runs/$network" --layers "$layers"
  annotations+=("$data/annotations/$network.csv")
  runs+=("$work/runs/$network")
done

# Features are shared with generalization.py.
"$milan" train --annotations "${annotations[@]}" --exemplars "${runs[@]}" --encoder "$encoder" \
  --hidden 256 --name base -o "$bundle" --feature-cache "$work/generalization/features"
# 4 % of the sets that choose the threshold, so that it is 5 % at most of others.
"$milan" calibrate "$bundle" "${runs[@]}" --annotations "${annotations[@]}" --null-sets 1000 --false-labels 0.04
