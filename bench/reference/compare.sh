#!/usr/bin/env bash
# milan beside the original's method: five layers of SqueezeNet 1.1 over 300 photos, one thread
# each. milan makes all five before each layer of the other, so that both meet the same load of the
# machine. Then what both found.
# usage: compare.sh MILAN DATA [ROUNDS] [PHOTO_COUNT]
set -euo pipefail
milan=$(realpath "$1")
data=$(realpath "$2")
rounds=${3:-1}
count=${4:-300}
cd "$(dirname "$0")"
python=${PYTHON:-/usr/bin/python3}  # Debian's, which has the packages that README.md names
network=$data/networks/squeezenet1_1.onnx
layers=(relu_conv1 fire2/concat fire4/concat fire6/concat fire9/concat)
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
photos=$work/photos.txt
"$python" choose_photos.py "$data/photos" "$count" > "$photos"
"$python" check_network.py "$network" "$data/networks/squeezenet1_1.golden.safetensors"

# measured NAME COMMAND...: adds a line, wall and processor seconds and peak memory, to NAME.time.
measured() {
  local times=$work/$1.time
  shift
  /usr/bin/time -a -o "$times" -f '%e %U %S %M' "$@"
}

run_milan() {
  rm -rf "$work/run" "$work/export"
  measured exemplars "$milan" exemplars "$network" "$photos" -o "$work/run" -j 1 --quiet \
    --layers "${layers[@]}" > /dev/null
  measured export "$milan" export "$work/run" -o "$work/export" -j 1 --quiet > /dev/null
}

for ((round = 1; round <= rounds; ++round)); do
  echo "round $round"
  rm -rf "$work/reference" "$work"/*.time
  for layer in "${layers[@]}"; do
    run_milan
    measured reference "$python" exemplars.py "$network" "$photos" "$work/reference" "$layer"
  done
  "$python" print_ratios.py "$work"
done
"$python" compare_results.py "$work/reference" "$work/run" "$work/export"
