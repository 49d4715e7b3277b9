# A full disk is said, with the file's name, and leaves no half-written file under a final name.
source "$(dirname "$0")/common.sh"
fixture
mkdir small
if ! mount -t tmpfs -o size=64k tmpfs small 2>/dev/null; then
  echo "skipped: mounting a small tmpfs needs root"
  exit 77
fi
trap 'cd /; umount "$work/small"; rm -rf "$work"' EXIT
expect 1 "$MILAN" exemplars network.onnx photos -o small/run --layers 'layer*'
says "No space left on device"; says "small/run"; one_error_line
grep -q '"complete": false' small/run/run.json || fail "an incomplete run says it is complete"
[[ -z $(find small -name '*.milan-partial-*') ]] || fail "temporary files are left"
expect 1 "$MILAN" report small/run
says "incomplete"; one_error_line
