#!/usr/bin/env bash
# Proves that a run's result does not depend on how it was made: 1, 2 or 4 workers, and 3 or 7 parts
# merged, give the same bytes in every file of exemplars and in both tables, for four networks.
# usage: check_determinism.sh MILAN DATA [PHOTO_COUNT]
set -euo pipefail
milan=$(realpath "$1")
data=$(realpath "$2")
count=${3:-200}
networks=(squeezenet1_1 mobilenet_v2 resnet18_to_layer3 squeezenet_places365)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Photos spread evenly over the set, in an order that does not depend on the locale.
find "$data/photos" -name '*.jpg' | LC_ALL=C sort > "$work/all.txt"
awk -v wanted="$count" -v total="$(wc -l < "$work/all.txt")" \
  'int(NR * wanted / total) > int((NR - 1) * wanted / total)' "$work/all.txt" > "$work/photos.txt"

# exemplars NETWORK RUN OPTION...
exemplars() {
  "$milan" exemplars "$data/networks/$1.onnx" "$work/photos.txt" -o "$work/$2" --quiet "${@:3}" \
    > /dev/null
}

# What a run holds: one line per file. run.json is left out: it names the shard and the versions.
fingerprint() {
  (cd "$work/$1" && sha256sum units.csv photos.csv exemplars/*.safetensors)
}

# in_parts NETWORK COUNT: a run merged from that many parts.
in_parts() {
  local parts=()
  for ((part = 1; part <= $2; ++part)); do
    exemplars "$1" "part-$part" --shard "$part/$2" -j 2
    parts+=("$work/part-$part")
  done
  "$milan" merge "${parts[@]}" -o "$work/parts-$2" --quiet > /dev/null
  rm -rf "${parts[@]}"
}

failures=0
# same RUN LABEL: holds the run against the network's first.
same() {
  if [[ $(fingerprint "$1") == "$expected" ]]; then
    echo "  $2: equal"
  else
    echo "  $2: DIFFERENT"
    diff <(echo "$expected") <(fingerprint "$1") | sed 's/^/    /' || true
    failures=$((failures + 1))
  fi
  rm -rf "${work:?}/$1"
}

echo "$("$milan" --version), $(wc -l < "$work/photos.txt") photos"
for network in "${networks[@]}"; do
  exemplars "$network" workers-1 -j 1
  expected=$(fingerprint workers-1)
  echo "$network, 1 worker: $(wc -l <<< "$expected") files," \
    "$(cat "$work"/workers-1/exemplars/*.safetensors | wc -c) bytes of exemplars"
  rm -rf "$work/workers-1"
  for workers in 2 4; do
    exemplars "$network" "workers-$workers" -j "$workers"
    same "workers-$workers" "$workers workers"
  done
  for parts in 3 7; do
    in_parts "$network" "$parts"
    same "parts-$parts" "$parts parts merged"
  done
done
((failures == 0)) || { echo "$failures results differ"; exit 1; }
echo "all equal"
