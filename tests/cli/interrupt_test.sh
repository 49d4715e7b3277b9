# Ctrl-C ends a run in order (130), kill -9 at once; the same command then continues from its last checkpoint
# to the same bytes.
source "$(dirname "$0")/common.sh"
fixture
# Many names for the same photos, so that there is time to interrupt.
for i in $(seq 20); do for photo in photos/photo-*.png; do echo "$work/$photo"; done; done > list.txt
# The program itself, so that signals reach it when this runs in the background.
run() { exec "$MILAN" exemplars network.onnx list.txt -o "$1" --layers 'layer*' -j 1 --save-every 0.02; }
same() { diff -r -x run.log whole "$1" >/dev/null || fail "$1 is not what an uninterrupted run gives"; }

expect 0 eval "(run whole)"
run run-INT > output 2>&1 &
pid=$!
until [[ -s run-INT/run.json ]]; do sleep 0.01; done
kill -INT $pid
code=0; wait $pid || code=$?
# The run may have been faster than the signal; then it is simply done.
[[ $code == 130 || $code == 0 ]] || fail "exit code $code after Ctrl-C"
[[ $code == 0 ]] || says "interrupted"
expect 0 eval "(run run-INT)"
same run-INT

# Killed at 50 random moments, again and again in the same folder until it is done.
RANDOM=1
done_runs=0
for kill in $(seq 50); do
  run run-KILL > output 2>&1 &
  pid=$!
  sleep 0.$(printf %02d $((RANDOM % 25)))
  kill -KILL $pid 2>/dev/null || true
  code=0; wait $pid 2>/dev/null || code=$?
  [[ $code == 137 || $code == 0 ]] || fail "exit code $code when continued after kill $kill"
  if grep -q '"complete": true' run-KILL/run.json 2>/dev/null; then
    same run-KILL
    done_runs=$((done_runs + 1))
    rm -r run-KILL
  fi
done
expect 0 eval "(run run-KILL)"
same run-KILL
[[ -z $(find run-KILL -name '*.milan-partial-*') ]] || fail "temporary files are left"
echo "killed 50 times; $done_runs runs came to their end in between"
