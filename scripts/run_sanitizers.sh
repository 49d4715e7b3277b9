#!/usr/bin/env bash
# The tests of everything but the captioner (libtorch is not built for sanitizers) under address and
# undefined behaviour sanitizers, and those where threads meet under the thread sanitizer.
# usage: run_sanitizers.sh [--fast]    --fast: only what reads files of strangers, and the thread pool (CI; minutes)
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ${1:-} == --fast ]]; then
  address=(milan_base_test milan_image_test) address_tests='^(base|image)/'
  thread=(milan_base_test) thread_tests='^base/Parallel'
else
  address=(all) address_tests=.
  thread=(milan_base_test milan_cluster_test milan_exemplar_test) thread_tests='^(base/Parallel|cluster/|exemplar/)'
fi

# run BUILD REGEX: the tests of what was built; a test that was not built fails by its name.
run() { ctest --test-dir "$1" --output-on-failure -j "$(nproc)" --no-tests=error -R "$2"; }

cmake --preset asan -Wno-dev >/dev/null
ninja -C build/asan --quiet "${address[@]}"
# ONNX Runtime and protobuf keep memory for the life of the process: leaks in them are not ours to find.
# Hostile networks ask for more memory than there is, which must be an error.
ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1:intercept_tls_get_addr=0 LSAN_OPTIONS=suppressions=$PWD/scripts/lsan.supp:print_suppressions=0 \
  run build/asan "$address_tests"

cmake --preset tsan -Wno-dev >/dev/null
ninja -C build/tsan --quiet "${thread[@]}"
# ONNX Runtime is not built for it: what it does between its own threads cannot be judged.
TSAN_OPTIONS=halt_on_error=1:ignore_noninstrumented_modules=1 run build/tsan "$thread_tests"
