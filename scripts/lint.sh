#!/usr/bin/env bash
# What CI holds the sources to: formatting and the module table (warnings are errors in its build).
# clang-tidy takes longer than everything else together: scripts/tidy.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

python3 scripts/check_modules.py

if ! command -v clang-format-16 >/dev/null; then
  echo "lint: clang-format-16 is not packaged here (Debian 13); its check is skipped"
  exit 0
fi
git ls-files '*.h' '*.cc' | xargs clang-format-16 --dry-run --Werror
echo "clang-format: clean"
