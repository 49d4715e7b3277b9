# The main job: a network and photos go in, described units and a report come out; what is there is kept.
source "$(dirname "$0")/common.sh"
fixture
bundle=$SOURCE/models/base
[[ -f $bundle/bundle.json ]] || fail "$bundle is missing"

expect 0 "$MILAN" describe network.onnx photos -o run --layers 'layer*' --beam 10 --bundle "$bundle"
says "19 of 20 units described"; says "report"
head -1 run/descriptions.csv | grep -qx "layer,unit,description,log_likelihood,log_prior,pmi,confidence,reliable" || fail "csv header"
[[ $(wc -l < run/descriptions.csv) == 21 ]] || fail "not one line per unit"
[[ -f run/report/index.html ]] || fail "no report"

cp run/descriptions.json before.json
cp run/descriptions.csv before.csv
expect 0 "$MILAN" describe network.onnx photos -o run --layers 'layer*' --beam 10 --bundle "$bundle"
says "exemplars: kept"; says "descriptions: kept"
cmp before.json run/descriptions.json

# A run in the place of a network is described as it is, wherever it came from.
cp -r run alone && rm -r alone/descriptions.* alone/report
expect 0 "$MILAN" describe alone --beam 10 --bundle "$bundle"
says "19 of 20 units described"
cmp before.json alone/descriptions.json || fail "a run alone is described otherwise"
[[ -f alone/report/index.html ]] || fail "no report of a run alone"
expect 2 "$MILAN" describe alone photos -o other; one_error_line; says "described as it is"
expect 2 "$MILAN" describe alone --layers layer1; one_error_line
expect 1 "$MILAN" describe photos; one_error_line; says "not a run"
expect 2 "$MILAN" describe network.onnx -o other; one_error_line; says "PHOTOS is required"
expect 2 "$MILAN" describe network.onnx photos; one_error_line; says "--output is required"

# Only some units, named by any CSV with their columns: the same words as among all.
printf 'note,unit,layer\nx,3,layer2\ny,0,layer1\n' > units.csv
expect 0 "$MILAN" describe network.onnx photos -o run --layers 'layer*' --beam 10 --bundle "$bundle" --units units.csv --no-report
says "2 of 2 units described"
for unit in layer1,0 layer2,3; do
  [[ $(grep "^$unit," run/descriptions.csv | cut -d, -f3) == $(grep "^$unit," before.csv | cut -d, -f3) ]] ||
    fail "$unit is described otherwise when few are asked for"
done
printf 'layer,unit\nlayer2,300\n' > units.csv
expect 2 "$MILAN" describe network.onnx photos -o run --layers 'layer*' --bundle "$bundle" --units units.csv; says "no unit 300"

# Against the other units of the network: recorded, and not mixed up with the usual p(d).
expect 0 "$MILAN" describe run --beam 10 --bundle "$bundle" --prior network --criterion pmi --pmi-weight 1 --no-report
says "confidences are calibrated for"
grep -q '"prior":"network"' <(tr -d ' \n' < run/descriptions.json) || fail "the prior is not recorded"
expect 0 "$MILAN" describe run --beam 10 --bundle "$bundle" --prior network --criterion pmi --pmi-weight 1 --no-report
says "descriptions: kept"
expect 0 "$MILAN" describe run --beam 10 --bundle "$bundle" --no-report
cmp before.json run/descriptions.json || fail "the prior of other units stays"
expect 2 "$MILAN" describe run --bundle "$bundle" --prior photos; one_error_line; says "language, network"

# Descriptions of replaced exemplars do not survive them.
expect 0 "$MILAN" exemplars network.onnx photos -o run --layers layer1 --overwrite
[[ ! -e run/descriptions.json ]] || fail "stale descriptions"
expect 0 "$MILAN" report run; [[ -f run/report/index.html ]] || fail "no report without descriptions"

# The number of workers changes no word.
for j in 1 2; do
  expect 0 "$MILAN" describe network.onnx photos -o run-$j --layers layer2 --beam 10 -j $j --no-report
done
cut -d, -f1-3 run-1/descriptions.csv > 1.csv; cut -d, -f1-3 run-2/descriptions.csv > 2.csv
cmp 1.csv 2.csv || fail "workers change descriptions"

# A bundle that was tampered with is refused before it is believed.
cp -r "$bundle" broken && printf '\x55' | dd of=broken/weights.safetensors bs=1 seek=200000 conv=notrunc 2>/dev/null
expect 1 "$MILAN" describe network.onnx photos -o run-3 --layers layer2 --bundle broken; one_error_line
