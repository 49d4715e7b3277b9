# Descriptions from anywhere are scored against annotations, beside what they must beat.
source "$(dirname "$0")/common.sh"

python=python3; command -v python3 >/dev/null || exit 77
# 12 units in two layers; two annotators for some; "mine" is nearly right, "same" says one thing of all.
"$python" - <<'EOF'
things = ["red dogs", "blue cars", "green grass", "tall trees", "white text", "round wheels",
          "small windows", "human faces", "yellow flowers", "black lines", "wet sand", "old houses"]
with open("units.csv", "w") as file:
    file.write("layer,unit,split,annotator,certainty,description\n")
    for i, thing in enumerate(things):
        certainty = ["clear", "partly", "unclear"][i % 3]
        file.write(f"layer{1 + i % 2},{i},val,a1,{certainty},{thing} in the middle\n")
        if i < 4: file.write(f"layer{1 + i % 2},{i},val,a2,{certainty},\"{thing}, mostly\"\n")
    for i in range(20): file.write(f"layer1,{100 + i},train,a1,clear,things in the middle\n")
with open("mine.csv", "w") as mine, open("same.csv", "w") as same, open("pair.csv", "w") as pair:
    for file in (mine, same, pair): file.write("unit,layer,description,note\n")
    for i, thing in enumerate(things):
        mine.write(f"{i},layer{1 + i % 2},\"{thing} in the\",x\n")
        same.write(f"{i},layer{1 + i % 2},objects,x\n")
        pair.write(f"{i},layer{1 + i % 2},{['dogs', 'cars'][i % 2]},x\n")
EOF
mkdir dict
for part in noun verb adj adv; do printf '  1 licence\n' > dict/index.$part; : > dict/$part.exc; done
printf 'auto n 1 1 @ 1 0 00000100\ncar n 1 1 @ 1 0 00000100\n' >> dict/index.noun

evaluate() { "$MILAN" evaluate "$@"; }
expect 0 evaluate --descriptions mine.csv --annotations units.csv --against same=same.csv --against pair=pair.csv --constant objects \
  --wordnet dict --csv all.csv --json-file all.json
says "| descriptions | 8 |"; says "| same | 8 |"; says "| constant | 8 |"; says "| constant: objects | 8 |"
says "| shuffled | 8 |"; says "| annotator |"; says "ROUGE-L"; says "METEOR"; says "MRR of 8"
says 'most repeated of pair: "cars" 4, "dogs" 4'; [[ $(grep -c 'most repeated of same' output) == 0 ]] || fail "a constant set needs no such list"
says "Units whose content is clear"; says "Units whose content is unclear"

# Files and standard output say the same; all numbers are in range, and what should win wins.
evaluate --descriptions mine.csv --annotations units.csv --against same=same.csv --against pair=pair.csv --constant objects \
  --wordnet dict --json -q > printed.json
cmp printed.json all.json || fail "--json and --json-file differ"
"$python" - <<'EOF' || fail "all.json or all.csv"
import csv, json
rows = json.load(open("all.json"))
table = list(csv.DictReader(open("all.csv")))
assert [r["name"] for r in rows] == [r["name"] for r in table]
named = {(r["name"], r["certainty"]): r for r in rows}
mine, same, shuffled = (named[name, ""] for name in ("descriptions", "same", "shuffled"))
for metric in ("bleu", "rouge_1", "rouge_l", "meteor", "content_word_f1", "retrieval_mrr", "retrieval_top1"):
    for row in rows:
        value = row[metric]
        assert 0 <= value["low"] <= value["value"] <= value["high"] <= 100, (metric, row)
    assert mine[metric]["value"] > same[metric]["value"], metric
    assert mine[metric]["value"] > shuffled[metric]["value"], metric
assert mine["distinct"] == 1 and same["distinct"] == 1 / 8 and same["entropy_bits"] == 0
assert mine["entropy_bits"] == 3 and mine["retrieval_top1"]["value"] == 1
assert same["repeated"] == [{"text": "objects", "units": 8}]
assert abs(same["retrieval_top1"]["value"] - 1 / 8) < 1e-9
assert [named["descriptions", c]["units"] for c in ("clear", "partly", "unclear")] == [4, 4, 4]
assert float(table[0]["rouge_1"]) == round(mine["rouge_1"]["value"], 6)
EOF
expect 0 evaluate --descriptions mine.csv --annotations units.csv --no-certainty-rows --certainty unclear
says "| descriptions | 4 |"; [[ $(grep -c 'Units whose' output) == 0 ]] || fail "rows by certainty"

# Without WordNet METEOR is left out, and the user is told.
[[ -e /usr/share/wordnet/index.noun ]] || { says "METEOR is left out"; says "wordnet-base"; }

# Wrong use says what to do.
expect 2 evaluate --annotations units.csv; one_error_line; says "--descriptions"
expect 2 evaluate run --descriptions mine.csv --annotations units.csv; one_error_line
expect 2 evaluate --descriptions mine.csv same.csv --annotations units.csv; one_error_line; says "names 2 runs for 1"
expect 2 evaluate --descriptions mine.csv --annotations units.csv --baseline 0.5; one_error_line; says "--token-encoder"
expect 2 evaluate --descriptions mine.csv --annotations units.csv --words w --vectors v --baseline 1; one_error_line; says "below 1"
expect 2 evaluate --descriptions mine.csv --annotations units.csv --token-encoder e.onnx; one_error_line; says "--wordpiece"
expect 1 evaluate --descriptions mine.csv --annotations units.csv --wordnet nowhere; one_error_line; says "nowhere"
expect 1 evaluate --descriptions mine.csv --annotations units.csv --split test; one_error_line; says "train, val"
expect 2 evaluate --descriptions mine.csv --annotations units.csv --train-annotations units.csv; one_error_line; says "--train-exemplars"
expect 2 evaluate --descriptions mine.csv --annotations units.csv --train-annotations units.csv --train-exemplars run
one_error_line; says "RUN"

# Retrieval: what the most similar training unit was called, of this network or of another.
fixture
bundle=$SOURCE/models/base
[[ -f $bundle/bundle.json ]] || fail "$bundle is missing"
expect 0 evaluate --descriptions mine.csv --annotations units.csv --against same=same.csv --token-encoder token-encoder.onnx \
  --wordpiece vocab.txt --baseline references --no-certainty-rows --json-file bert.json
says "BERTScore: rescaled by the baseline"; says "found by their texts with the BERTScore"
"$python" - <<'EOF' || fail "bert.json"
import json
rows = {row["name"]: row["bert_score"]["value"] for row in json.load(open("bert.json"))}
assert rows["shuffled"] < rows["descriptions"] <= 1 and rows["same"] < rows["descriptions"], rows
EOF
expect 1 evaluate --descriptions mine.csv --annotations units.csv --token-encoder network.onnx --wordpiece vocab.txt
one_error_line; says "network.onnx"; says "input_ids"
expect 0 "$MILAN" describe network.onnx photos -o run --layers layer2 --beam 2 --bundle "$bundle" --no-report
"$python" - <<'EOF'
with open("annotated.csv", "w") as file:
    file.write("layer,unit,split,description\n")
    for i in range(12): file.write(f"layer2,{i},{'train' if i < 6 else 'val'},pattern number {i}\n")
EOF
for try in first again; do
  expect 0 evaluate run --annotations annotated.csv --train-annotations annotated.csv --train-exemplars run \
    --encoder "$bundle/encoder.onnx" --feature-cache cache --csv $try.csv
  says "among 6 training units"; says "| retrieval | 6 |"
done
cmp first.csv again.csv || fail "features from the cache give other texts"
[[ $(ls cache/features-*.safetensors | wc -l) == 1 ]] || fail "features were not kept, or one layer in two files"
