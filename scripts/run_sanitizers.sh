#!/usr/bin/env bash
# The tests of everything but the captioner (libtorch is not built for sanitizers) under address and
# undefined behaviour sanitizers, and those where threads meet under the thread sanitizer.
set -euo pipefail
cd "$(dirname "$0")/.."

cmake --preset asan -Wno-dev >/dev/null
ninja -C build/asan --quiet
# ONNX Runtime and protobuf keep memory for the life of the process: leaks in them are not ours to find.
# Hostile networks ask for more memory than there is, which must be an error.
ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1:intercept_tls_get_addr=0 LSAN_OPTIONS=suppressions=$PWD/scripts/lsan.supp:print_suppressions=0 \
  ctest --test-dir build/asan --output-on-failure -j "$(nproc)" --no-tests=error

cmake --preset tsan -Wno-dev >/dev/null
ninja -C build/tsan --quiet milan_base_test milan_cluster_test milan_exemplar_test
# ONNX Runtime is not built for it: what it does between its own threads cannot be judged.
TSAN_OPTIONS=halt_on_error=1:ignore_noninstrumented_modules=1 \
  ctest --test-dir build/tsan --output-on-failure -j "$(nproc)" --no-tests=error -R '^(base/Parallel|cluster/|exemplar/)'
