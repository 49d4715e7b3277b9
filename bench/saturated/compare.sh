#!/usr/bin/env bash
# What the exemplars of saturated units are worth, both ways: ties at the cap of the activation function broken as
# the original does (photo order) and as milan does (decision record 0006), each held against the exemplars of the
# same units before the clip, where nothing is tied.
# usage: compare.sh MILAN NETWORK PHOTOS CLIPPED_LAYER LAYER_BEFORE [PHOTO_COUNT, at most 1000]
set -euo pipefail
milan=$1 network=$2 photos=$3 clipped=$4 before=$5 count=${6:-1000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Every n-th photo, so that all folders of the set are there.
find "$(realpath "$photos")" -name '*.jp*g' | sort > "$work/all.txt"
every=$(( $(wc -l < "$work/all.txt") / count ))
awk -v every="$every" -v count="$count" 'NR % every == 0 && NR / every <= count' "$work/all.txt" > "$work/list.txt"
# As many exemplars as photos: the table then has the peak of every unit on every photo.
for layer in "$clipped" "$before"; do
  "$milan" exemplars "$network" "$work/list.txt" -o "$work/run" --layers "$layer" -k "$count" --overwrite --quiet >/dev/null
  "$milan" export "$work/run" -o "$work/table" --format csv --overwrite --quiet >/dev/null
  mv "$work/table/exemplars.csv" "$work/$([[ $layer == "$clipped" ]] && echo clipped || echo before).csv"
done
python3 "$(dirname "$0")/compare.py" "$work/clipped.csv" "$work/before.csv" "$work/list.txt"
