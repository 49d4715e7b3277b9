#!/usr/bin/env bash
# Puts ONNX Runtime under build/onnxruntime/{include,lib} unless the system has libonnxruntime-dev.
#
# Library: the official shared library inside the npm package onnxruntime-node (version pinned below,
# integrity checked against the pinned hash). Headers: Debian 13's libonnxruntime-dev, fetched with a
# private sources list and private list folders, so that the system's own apt sources stay untouched.
# docs/decisions/0002-onnx-runtime.md says why.
set -euo pipefail
cd "$(dirname "$0")/.."

version=1.30.0
integrity=sha512-twhs1C2C/BFkz1yc5OY0KIU2GUq6DURO7hD4bx5Q2Qy3nAMJwRXW8xU3NVczE29VA9lolLOYepoD8fjTGOfIqw==
target=build/onnxruntime

if dpkg-query -W -f='${Status}' libonnxruntime-dev 2>/dev/null | grep -q '^install ok installed$'; then exit 0; fi
if [[ -f $target/version && $(<"$target/version") == "$version" ]]; then exit 0; fi
if apt-cache show libonnxruntime-dev >/dev/null 2>&1; then
  sudo=""; ((EUID == 0)) || sudo=sudo
  exec $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q=2 --no-install-recommends libonnxruntime-dev
fi

case "$(uname -m)" in
  x86_64) arch=x64 ;;
  aarch64) arch=arm64 ;;
  *) echo "error: no ONNX Runtime package for $(uname -m); build it and pass -DONNXRUNTIME_ROOT=DIR" >&2; exit 1 ;;
esac

mkdir -p build
work=$(mktemp -d build/onnxruntime-fetch.XXXXXX)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/result/include" "$work/result/lib"

echo "fetching ONNX Runtime $version (npm: onnxruntime-node)"
(cd "$work" && npm pack --silent --ignore-scripts "onnxruntime-node@$version" >/dev/null)
package=$work/onnxruntime-node-$version.tgz
actual=sha512-$(openssl dgst -sha512 -binary "$package" | base64 -w0)
if [[ $actual != "$integrity" ]]; then
  echo "error: onnxruntime-node@$version has integrity $actual, expected $integrity; refusing to use it" >&2
  exit 1
fi
tar -xzf "$package" -C "$work" "package/bin/napi-v6/linux/$arch/libonnxruntime.so.1"
cp "$work/package/bin/napi-v6/linux/$arch/libonnxruntime.so.1" "$work/result/lib/"
ln -s libonnxruntime.so.1 "$work/result/lib/libonnxruntime.so"

echo "fetching ONNX Runtime headers (Debian 13: libonnxruntime-dev)"
apt_dir=$(realpath "$work")/apt
mkdir -p "$apt_dir"/{lists/partial,cache/archives/partial}
# Debian 13's suite comes from the mirror that the machine's own sources name.
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 2>/dev/null | grep -m1 -E '/debian/?$' || true)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[[ -n $mirror ]] || { echo "error: found no Debian mirror in apt's sources; pass -DONNXRUNTIME_ROOT=DIR to CMake instead" >&2; exit 1; }
echo "deb [signed-by=$keyring] $mirror trixie main" > "$apt_dir/sources.list"
apt_options=(
  -o "Dir::Etc::sourcelist=$apt_dir/sources.list" -o Dir::Etc::sourceparts=/dev/null
  -o "Dir::State::lists=$apt_dir/lists" -o "Dir::Cache=$apt_dir/cache" -o Debug::NoLocking=1
  -o APT::Sandbox::User=root
)
apt-get "${apt_options[@]}" update -q=2
(cd "$work" && apt-get "${apt_options[@]}" download -q=2 libonnxruntime-dev)
dpkg -x "$work"/libonnxruntime-dev_*.deb "$work/headers"
header=$(find "$work/headers" -name onnxruntime_cxx_api.h -print -quit)
cp -r "$(dirname "$header")/." "$work/result/include/"

echo "$version" > "$work/result/version"
rm -rf "$target"
mv "$work/result" "$target"
