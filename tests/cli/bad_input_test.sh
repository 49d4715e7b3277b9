# Bad input gets one clear line, the right exit code, and nothing of the user's is touched.
source "$(dirname "$0")/common.sh"
fixture

mkdir empty
expect 1 "$MILAN" exemplars network.onnx empty -o run;     says "empty"; one_error_line
[[ ! -e run ]] || fail "a run was begun without photos"
expect 1 "$MILAN" exemplars network.onnx nowhere -o run;   says "nowhere"; one_error_line

# Broken photos are named and skipped, or stop a strict run.
echo "this is not a picture" > photos/text.jpg
head -c 60 photos/photo-00.png > photos/cut.png
expect 0 "$MILAN" exemplars network.onnx photos -o run --layers layer1
says "text.jpg"; says "cut.png"; says "2 of 42 photos were skipped"
grep -q "text.jpg" run/run.log || fail "the log does not name the broken photo"
expect 1 "$MILAN" exemplars network.onnx photos -o strict --layers layer1 --strict
says "(--strict)"; one_error_line
mkdir broken && cp photos/text.jpg photos/cut.png broken/
expect 1 "$MILAN" exemplars network.onnx broken -o run2 --layers layer1; one_error_line

# A folder that is not a run is never written into.
mkdir thesis && echo "years of work" > thesis/chapter1.txt
expect 2 "$MILAN" exemplars network.onnx photos -o thesis --layers layer1 --overwrite
says "not a run"; [[ $(ls thesis) == chapter1.txt ]] || fail "a foreign folder was changed"
expect 1 "$MILAN" report thesis;                            one_error_line

expect 2 "$MILAN" exemplars network.onnx photos -o r --quantile 1.5; says "quantile"; one_error_line
expect 2 "$MILAN" exemplars network.onnx photos -o r -k 0;           one_error_line
expect 2 "$MILAN" exemplars network.onnx photos -o r --resize big;   says "--resize"; one_error_line
expect 1 "$MILAN" exemplars photos/photo-00.png photos -o r;         says "photo-00.png"; one_error_line
[[ ! -e r ]] || fail "a run was begun in spite of a wrong option"
