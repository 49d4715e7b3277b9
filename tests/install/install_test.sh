#!/usr/bin/env bash
# Installs milan below a folder, moves it, and builds and runs examples/push_activations with it.
# The caller sets BUILD, SOURCE, PHOTOS (the program of photos.cc), CMAKE and CXX.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }
quietly() { "$@" > "$work/log" 2>&1 || { cat "$work/log" >&2; fail "$*"; }; }

quietly "$CMAKE" --install "$BUILD" --prefix "$work/first"
mv "$work/first" "$work/milan"
installed=$work/milan

# Nothing of the package leads back to the build or the checkout.
if grep -rnF -e "$BUILD" -e "$SOURCE" -e "$work/first" "$installed"/lib*/cmake; then
  fail "the package names folders of the build"
fi
for name in _test.h test_run.h test_networks.h synthetic_run.h run_steps.h; do
  [[ -z $(find "$installed/include" -name "*$name") ]] || fail "$name is for tests or private, but installed"
done

# The installed headers are enough for each other.
(cd "$installed/include" && find milan -name '*.h' | sort | sed 's/.*/#include "&"/') > "$work/all.cc"
(($(wc -l < "$work/all.cc") > 30)) || fail "few headers are installed"
quietly "$CXX" -std=c++20 -fsyntax-only -Wall -Wextra -Werror -I "$installed/include" "$work/all.cc"

# The example.
quietly "$CMAKE" -S "$SOURCE/examples/push_activations" -B "$work/build" -DCMAKE_PREFIX_PATH="$installed" \
  -DCMAKE_CXX_COMPILER="$CXX"
quietly "$CMAKE" --build "$work/build"
example=$work/build/push_activations
libraries=$(ldd "$example")
grep -qE 'libtorch|libc10' <<< "$libraries" && fail "the example is linked with libtorch"
grep -q 'not found' <<< "$libraries" && fail "a library of the example is not found: $libraries"

"$PHOTOS" "$work/photos"
(cd "$work" && "$example" photos run > output)
# Square i has the colour i modulo 3, and is the stronger the greater i is.
best() { sed -nE "s/^unit $1: threshold 0\.[0-9]+, photos //p" "$work/output"; }
[[ $(best 0) == "9.png 6.png 3.png" && $(best 1) == "7.png 4.png 1.png" && $(best 2) == "8.png 5.png 2.png" ]] ||
  fail "other photos than expected: $(cat "$work/output")"
grep -q '"complete": true' "$work/run/run.json" || fail "the run is not complete"
code=0
"$example" "$work/photos" "$work/run" > "$work/log" 2>&1 || code=$?
[[ $code == 1 ]] && grep -q 'holds a run' "$work/log" || fail "a run was replaced without being asked to"

# The program, where it was built: finds its ONNX Runtime, its bundle, and what the example made.
milan=$installed/bin/milan
if [[ -x $milan ]]; then
  quietly "$milan" describe "$work/run" --beam 5
  [[ $(wc -l < "$work/run/descriptions.csv") == 4 ]] || fail "not three units are described"
fi
