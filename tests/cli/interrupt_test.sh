# Ctrl-C ends a run in order (130), kill -9 at once; the same command then finishes, with the same bytes.
source "$(dirname "$0")/common.sh"
fixture
# Many names for the same photos, so that there is time to interrupt.
for i in $(seq 100); do for photo in photos/photo-*.png; do echo "$work/$photo"; done; done > list.txt

expect 0 "$MILAN" exemplars network.onnx list.txt -o whole --layers 'layer*' -j 1
for signal in INT KILL; do
  "$MILAN" exemplars network.onnx list.txt -o run-$signal --layers 'layer*' -j 1 > output 2>&1 &
  pid=$!
  until [[ -s run-$signal/run.json ]]; do sleep 0.01; done
  kill -$signal $pid
  code=0; wait $pid || code=$?
  if [[ $signal == INT ]]; then
    # The run may have been faster than the signal; then it is simply done.
    [[ $code == 130 || $code == 0 ]] || fail "exit code $code after Ctrl-C"
    [[ $code == 0 ]] || says "interrupted"
  fi
  expect 0 "$MILAN" exemplars network.onnx list.txt -o run-$signal --layers 'layer*' -j 1
  cmp whole/exemplars/layer2.safetensors run-$signal/exemplars/layer2.safetensors || fail "another result"
  [[ -z $(find run-$signal -name '*.milan-partial-*') ]] || fail "temporary files are left"
done
