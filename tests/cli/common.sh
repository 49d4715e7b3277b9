# Sourced by every script here: one behaviour of the real binary each, wrong use included.
# The caller sets MILAN (the program), FIXTURE (tests/cli/fixture.cc's program) and SOURCE (the checkout).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() { echo "FAILED: $*" >&2; [[ ! -s output ]] || sed 's/^/  | /' output >&2; exit 1; }

# expect CODE COMMAND...: runs it, keeps stdout and stderr in ./output, checks the exit code.
expect() {
  local wanted=$1 code=0
  shift
  "$@" > output 2>&1 || code=$?
  [[ $code == "$wanted" ]] || fail "exit code $code, not $wanted: $*"
}

# says TEXT: the last command's output contains TEXT.
says() { grep -qF -- "$1" output || fail "the output does not say: $1"; }
# Errors are one line for a person, never an exception's type or a stack.
one_error_line() { [[ $(grep -c '^error: ' output) == 1 ]] || fail "not exactly one error line"; }

# network.onnx (8 + 12 units in two layers, one unit dead), photos/ (40 PNG), made by code.
fixture() { "$FIXTURE" "$work"; }
