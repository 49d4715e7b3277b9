# A run becomes a page for annotators, and their file is read by train and evaluate.
source "$(dirname "$0")/common.sh"
fixture
expect 0 "$MILAN" exemplars network.onnx photos -o run --layers 'layer*' --resize 64x64 -k 5
expect 0 "$MILAN" annotate run -o page --layers layer2 --seed 3 --annotator ann;  says "page  page/index.html"
for file in index.html annotate.css style.css scripts/annotate.js scripts/figures.js data/annotation.js; do
  [[ -s page/$file ]] || fail "$file is missing"
done
grep -qF '"seed":"3","annotator":"ann"' page/data/annotation.js || fail "the settings are not written"
grep -qF '"layer2",11' page/data/annotation.js || fail "the layer's units are not chosen"
! grep -qF 'layer1' page/data/report.js || fail "another layer was written"
expect 0 "$MILAN" annotate run -o page;                  says "page"
expect 0 "$MILAN" annotate run;                          [[ -s run/annotate/index.html ]] || fail "no default folder"
printf 'layer,unit\nlayer1,2\n' > list.csv
expect 0 "$MILAN" annotate run -o some --units list.csv
grep -qF '[["layer1",2]]' some/data/annotation.js || fail "the list was not followed"

expect 2 "$MILAN" annotate run -o photos;                says "not a page for annotators"; one_error_line
expect 2 "$MILAN" annotate run -o x --layers layer9;     says "layer1"; one_error_line
printf 'layer,unit\nlayer1,99\n' > list.csv
expect 2 "$MILAN" annotate run -o x --units list.csv;    says "99"; one_error_line
expect 2 "$MILAN" annotate run -o x --val 2;             one_error_line
expect 1 "$MILAN" annotate photos -o x;                  one_error_line
[[ ! -e x ]] || fail "something was written in spite of the error"
