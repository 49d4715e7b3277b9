#!/usr/bin/env bash
# milan's search for descriptions beside the original's method: the same weights, of the original's
# default sizes, the same exemplars, one thread each, in turn. Then whether both say the same. The
# shipped bundle, which is another captioner, describes the same exemplars beside them.
# usage: compare_captioners.sh MILAN DATA [ROUNDS] [BATCH_SIZE] [endless]
set -euo pipefail
milan=$(realpath "$1")
data=$(realpath "$2")
rounds=${3:-3}
batch_size=${4:-1}  # units at once in the other program; milan takes 16
texts=${5:-}
cd "$(dirname "$0")"
python=${PYTHON:-/usr/bin/python3}  # Debian's, which has the packages that README.md names
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE PYTHONDONTWRITEBYTECODE=1
# Debian 12's OpenBLAS does not know newer processors. milan helps itself; the other gets the same.
if [[ -z ${OPENBLAS_CORETYPE:-} ]] && grep -qw avx512bw /proc/cpuinfo; then
  export OPENBLAS_CORETYPE=SkylakeX
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" check_captioner.py "$data/parity/captioner"
"$python" make_checkpoint.py "$work/default.pth" $texts
"$milan" import "$work/default.pth" -o "$work/bundle" -j 1 --quiet > /dev/null

cp -r ../../models/base "$work/shipped"
"$python" copy_without_calibration.py ../../models/base "$work/search"

# Exemplars of 32 units as files of the original's kind, from which both start.
"$python" choose_photos.py "$data/photos" 100 > "$work/photos.txt"
"$milan" exemplars "$data/networks/squeezenet1_1.onnx" "$work/photos.txt" -o "$work/made" -j 1 \
  --layers fire4/relu_squeeze1x1 --quiet > /dev/null
"$milan" export "$work/made" -o "$work/files" -j 1 --quiet > /dev/null
"$milan" import "$work/files" -o "$work/run" -j 1 --quiet > /dev/null
"$python" encoder.py "$work/default.pth" "$work"/files/* "$work/features.npy"

for ((round = 1; round <= rounds; ++round)); do
  echo "round $round"
  "$python" measure_describe.py "$milan" "$work/run" "$work/bundle" "$work/milan.$round.json"
  "$python" captioner.py "$work/bundle" "$work/features.npy" "$work/original.$round.json" \
    "$batch_size"
  echo "  the shipped bundle, its search alone, then with confidences:"
  for bundle in search shipped; do
    "$python" measure_describe.py "$milan" "$work/run" "$work/$bundle" "$work/$bundle.$round.json"
  done
done
"$python" compare_descriptions.py "$work" "$rounds"
