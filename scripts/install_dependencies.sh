#!/usr/bin/env bash
# Installs what milan needs to build, test and demo on Debian 12 or 13: Debian packages by apt,
# ONNX Runtime (scripts/fetch_onnxruntime.sh) and the browser driver of the page tests by npm.
# Does nothing, quickly, when everything is there already.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
  build-essential cmake ninja-build ccache git pkg-config ca-certificates
  libtorch-dev libopenblas0-pthread
  libonnx-dev libprotobuf-dev protobuf-compiler
  libjpeg62-turbo-dev libpng-dev libwebp-dev libarchive-dev libzip-dev libhwy-dev
  libcli11-dev nlohmann-json3-dev libspdlog-dev libfmt-dev libxxhash-dev
  libopenmpi-dev openmpi-bin
  libgtest-dev libgmock-dev libbenchmark-dev
  tuxpaint-stamps-default
)
case "${1:-}" in
  "") ;;
  --with-tests) packages+=(chromium python3 python3-numpy wordnet-base) ;;
  --with-lint) packages+=(clang-format-16 clang-tidy-16 python3) ;;
  --with-experiments) packages+=(python3 python3-pil fonts-dejavu-core python3-opencv opencv-data wordnet-base) ;;
  --with-fuzz) packages+=(clang-16 libclang-rt-16-dev libfuzzer-16-dev) ;;
  --all) packages+=(chromium python3 python3-numpy wordnet-base clang-format-16 clang-tidy-16) ;;
  *) echo "usage: $0 [--with-tests | --with-lint | --with-fuzz | --with-experiments | --all]" >&2; exit 2 ;;
esac
# Node.js is kept when another source (such as NodeSource, whose nodejs conflicts with Debian's
# npm package) already provides it.
command -v npm >/dev/null || packages+=(nodejs npm)

# Debian 13 dropped clang-format-16 and clang-tidy-16; there the lint step says so and is skipped.
if ! apt-cache show clang-format-16 >/dev/null 2>&1 && grep -q '^VERSION_CODENAME=trixie' /etc/os-release; then
  for i in "${!packages[@]}"; do case "${packages[$i]}" in clang-*-16) unset "packages[$i]";; esac; done
fi

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$package")
done
if ((${#missing[@]})); then
  sudo=""
  if ((EUID != 0)); then
    command -v sudo >/dev/null || { echo "error: need root (or sudo) to install: ${missing[*]}" >&2; exit 1; }
    sudo=sudo
  fi
  echo "installing ${#missing[@]} Debian packages: ${missing[*]}"
  $sudo apt-get update -q=2
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q=2 --no-install-recommends "${missing[@]}" >/dev/null
fi

scripts/fetch_onnxruntime.sh
if [[ "${1:-}" == --with-tests || "${1:-}" == --all ]]; then
  # playwright-core drives the system's Chromium; it brings no browser of its own.
  [[ -d tests/browser/node_modules/playwright-core ]] || npm ci --prefix tests/browser --ignore-scripts --no-audit --no-fund --silent
fi
