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
# add CSV RUN: exemplars of the layers that a file of annotations is about
add() {
  local network layers
  network=$(basename "$1" .csv)
  layers=$(tail -n +2 "$1" | cut -d, -f1 | sort -u | paste -sd,)
  "$milan" exemplars "$data/networks/$network.onnx" "$data/photos" -o "$2" --layers "$layers"
  annotations+=("$1")
  runs+=("$2")
}
for network in "${networks[@]}"; do add "$data/annotations/$network.csv" "$work/runs/$network"; done
calibrated=${#runs[@]}  # Only these have units that are not trained on.
for csv in "$(dirname "$0")"/../models/annotations/*.csv; do add "$csv" "$work/runs/further/$(basename "$csv" .csv)"; done

# Features are shared with generalization.py.
"$milan" train --annotations "${annotations[@]}" --exemplars "${runs[@]}" --encoder "$encoder" \
  --hidden 256 --name base -o "$bundle" --feature-cache "$work/generalization/features"
# 4 % of the sets that choose the threshold, so that it is 5 % at most of others.
"$milan" calibrate "$bundle" "${runs[@]:0:calibrated}" --annotations "${annotations[@]:0:calibrated}" --null-sets 1000 --false-labels 0.04
