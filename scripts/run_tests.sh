#!/usr/bin/env bash
# All fast tests: units and parity, the command line, pages in a browser. The sanitizers are a target of
# their own (make sanitize): their builds take longer than all of this.
# usage: run_tests.sh BUILD
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
ctest --test-dir "$build" --output-on-failure -j "$(nproc)" --no-tests=error
