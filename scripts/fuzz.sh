#!/usr/bin/env bash
# Runs the fuzz targets (tests/fuzz) under address and undefined behaviour sanitizers, on one core: half
# of the time for networks, a sixth each for layer patterns, sidecars and checkpoints. What is found lies in
# build/fuzz/found/. Give a new input that was at fault to tests/fuzz/corpus with its repair.
# usage: fuzz.sh [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-1800}
command -v clang++-16 >/dev/null || { echo "error: needs clang-16, libclang-rt-16-dev and libfuzzer-16-dev (make deps)" >&2; exit 1; }
cmake --preset fuzz -Wno-dev >/dev/null
ninja -C build/fuzz --quiet milan_fuzz_network milan_fuzz_layers milan_fuzz_sidecar milan_fuzz_checkpoint

mkdir -p build/fuzz/found
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
for part in network:$((seconds / 2)) layers:$((seconds / 6)) sidecar:$((seconds / 6)) checkpoint:$((seconds / 6)); do
  target=${part%:*}
  mkdir -p "build/fuzz/inputs/$target"
  echo "$target: ${part#*:} s"
  nice -n 19 "build/fuzz/milan_fuzz_$target" -max_total_time="${part#*:}" -timeout=10 -rss_limit_mb=2048 \
    -max_len=16384 -print_final_stats=1 -artifact_prefix="build/fuzz/found/$target-" \
    "build/fuzz/inputs/$target" "tests/fuzz/corpus/$target" > "build/fuzz/$target.log" 2>&1 ||
    { tail -40 "build/fuzz/$target.log"; echo "error: $target: see build/fuzz/found/" >&2; exit 1; }
  grep -E 'INITED|DONE|stat::number_of_executed_units' "build/fuzz/$target.log"
done
