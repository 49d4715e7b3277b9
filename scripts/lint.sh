#!/usr/bin/env bash
# What CI holds the sources to: formatting, the module table, clang-tidy. Prints only what is wrong.
set -euo pipefail
cd "$(dirname "$0")/.."

python3 scripts/check_modules.py

if ! command -v clang-format-16 >/dev/null; then
  echo "lint: clang-format-16 and clang-tidy-16 are not packaged here (Debian 13); their checks are skipped"
  exit 0
fi
git ls-files '*.h' '*.cc' | xargs clang-format-16 --dry-run --Werror
echo "clang-format: clean"

# clang-tidy needs compile commands. Files whose content and compiler options passed before are not checked
# again: a stamp named after the hash of the preprocessed-relevant inputs (all headers and the file) is kept.
[[ -f build/release/compile_commands.json ]] || cmake --preset release -Wno-dev >/dev/null
mkdir -p build/tidy
headers=$(git ls-files '*.h' .clang-tidy | xargs sha256sum | sha256sum | cut -c1-16)
check() {
  local stamp
  stamp=build/tidy/$(sha256sum "$1" | cut -c1-32)-$2
  [[ -f $stamp ]] && return 0
  clang-tidy-16 --quiet -p build/release --extra-arg=-Wno-unknown-warning-option "$1" 2>/dev/null && touch "$stamp"
}
export -f check
# Tests are left to the compiler's warnings: GoogleTest's macros trip the checks.
git ls-files 'milan/*.cc' 'cli/*.cc' | grep -v '_test\.cc$' |
  xargs -P "$(nproc)" -I{} bash -c "check {} $headers || { echo 'clang-tidy: {}' >&2; exit 255; }"
echo "clang-tidy: clean"
