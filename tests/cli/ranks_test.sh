# mpirun with any number of ranks gives the bytes of one process; a failing rank ends all with its exit code; after a
# killed rank any number of ranks continues to the same bytes.
source "$(dirname "$0")/common.sh"
command -v mpirun >/dev/null || { echo "mpirun is not installed"; exit 77; }
[[ ${MPI:-0} == 1 ]] || { echo "this milan is built without MPI"; exit 77; }
fixture
mpirun=(mpirun --allow-run-as-root --oversubscribe --bind-to none -n)
ranks() { "${mpirun[@]}" "$@"; }
same() { diff -r -x run.log whole "$1" >/dev/null || fail "$1 is not what one process gives"; }
echo nonsense > photos/broken.png
for i in $(seq 8); do for photo in photos/*.png; do echo "$work/$photo"; done; done > list.txt
options=(--layers 'layer*' -j 1)

expect 0 "$MILAN" exemplars network.onnx list.txt -o whole "${options[@]}"
for n in 1 2 3; do
  expect 0 ranks $n "$MILAN" exemplars network.onnx list.txt -o run-$n "${options[@]}"
  same run-$n
  [[ $(grep -c 'warning: .*broken.png.*skipped' output) == 8 ]] || fail "$n ranks warn otherwise of broken photos"
  [[ $(grep -c 'broken.png.*skipped' run-$n/run.log) == 8 ]] || fail "the log of $n ranks lacks broken photos"
  [[ $(grep -c '^20 units' output) == 1 ]] || fail "not exactly one of $n ranks prints the result"
done
expect 0 ranks 2 "$MILAN" exemplars network.onnx list.txt -o run-2 "${options[@]}"; says "kept"; same run-2

# Together with --shard: the ranks of each part share it.
expect 0 ranks 2 "$MILAN" exemplars network.onnx list.txt -o part-1 "${options[@]}" --shard 1/2
expect 0 ranks 3 "$MILAN" exemplars network.onnx list.txt -o part-2 "${options[@]}" --shard 2/2
expect 0 "$MILAN" merge part-1 part-2 -o merged
same merged

# What is wrong in all ranks is said once, by the first; what is wrong in another one, by it.
expect 1 ranks 3 "$MILAN" exemplars missing.onnx list.txt -o none "${options[@]}"; says "rank 0 of 3"; one_error_line
expect 2 ranks 3 "$MILAN" exemplars network.onnx list.txt -o none "${options[@]}" -k 0; says "--exemplars 0"; one_error_line
# Two ranks with options of their own. (Not by mpirun's "A : B": the one of Debian 13 crashes on it.)
apart() { ranks 2 sh -c 'own=$1; [ $OMPI_COMM_WORLD_RANK = 0 ] || own=$2; shift 2; exec "$@" $own' sh "$@"; }
expect 2 apart "" "-k 5" "$MILAN" exemplars network.onnx list.txt -o none "${options[@]}"
says "rank 1 of 2"; says "--exemplars 15"; one_error_line
expect 2 apart "-o none" "-o elsewhere" "$MILAN" exemplars network.onnx list.txt "${options[@]}"
says "rank 1 of 2"; says "share"; one_error_line
expect 1 ranks 2 "$MILAN" exemplars network.onnx list.txt -o strict "${options[@]}" --strict; says "broken.png"

# Rank 1 is killed once it has a checkpoint; then 3, 1 or 2 ranks continue. The run may be done before the kill.
killed=
for n in 3 1 2; do
  "${mpirun[@]}" 2 "$MILAN" exemplars network.onnx list.txt -o killed-$n "${options[@]}" --save-every 0.01 > output 2>&1 &
  mpi=$!
  until compgen -G "killed-$n/state/*.rank1.*" >/dev/null || ! kill -0 $mpi 2>/dev/null; do sleep 0.01; done
  for process in $(pgrep -P $mpi); do
    if tr '\0' '\n' < /proc/$process/environ 2>/dev/null | grep -qx OMPI_COMM_WORLD_RANK=1; then kill -KILL $process; fi
  done
  code=0; wait $mpi || code=$?
  [[ $code == 137 || $code == 0 ]] || fail "exit code $code after rank 1 was killed"
  if [[ $code == 137 ]]; then
    killed+=1
    expect 0 ranks $n "$MILAN" exemplars network.onnx list.txt -o killed-$n "${options[@]}"
    says "continues what was interrupted"
    grep -q 'photos were already seen' killed-$n/run.log || fail "nothing was kept"
  fi
  same killed-$n
done
[[ -n $killed ]] || fail "every run was done before its rank could be killed"
