# Writes that are cut short change nothing; a disk that is full after any number of bytes is said, and the same
# command then continues to the same bytes. (FAULTS: tests/cli/faulty_writes.cc)
source "$(dirname "$0")/common.sh"
fixture
run() { env "${@:2}" "$MILAN" exemplars network.onnx photos -o "$1" --layers 'layer*' -j 1 --save-every 0.01; }
same() { diff -r -x run.log whole "$1" >/dev/null || fail "$1 is not what an undisturbed run gives"; }
faults() { echo "LD_PRELOAD=$FAULTS MILAN_WRITES=$1"; }

expect 0 run whole
expect 0 run short $(faults short)
same short
expect 0 env $(faults short) "$MILAN" export whole -o short-export --format milan
expect 0 "$MILAN" export whole -o export --format milan
diff -r export short-export >/dev/null || fail "an export with short writes differs"

failures=0
for room in 0 10 100 500 1000 3000 10000 20000 30000 50000 80000 120000; do
  code=0; run full $(faults fail:$room) > output 2>&1 || code=$?
  if [[ $code != 0 ]]; then
    failures=$((failures + 1))
    [[ $code == 1 ]] || fail "exit code $code when the disk is full after $room bytes"
    says "No space left on device"; one_error_line
    [[ -z $(find full -name '*.milan-partial-*' 2>/dev/null) ]] || fail "temporary files are left"
    ! grep -q '"complete": true' full/run.json 2>/dev/null || fail "a broken run says it is complete"
  fi
  expect 0 run full
  same full
  rm -r full
done
[[ $failures -ge 6 ]] || fail "only $failures of the full disks were noticed"
echo "$failures of 12 disks were full, each noticed"
