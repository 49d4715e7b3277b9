# `milan audit`, `milan edit --matching`, `milan analyze`: what descriptions are used for.
source "$(dirname "$0")/common.sh"
python=python3; command -v python3 >/dev/null || exit 77
fixture
for class in red_fox frog; do mkdir -p "val/$class"; done
cp photos/photo-0*.png photos/photo-2*.png val/red_fox; cp photos/photo-1*.png photos/photo-3*.png val/frog
expect 0 "$MILAN" exemplars classifier.onnx val -o run --layers layer,late
expect 1 "$MILAN" audit run --find face
says "milan describe run"; one_error_line

# Descriptions as somebody might have written them: what is found can then be counted.
"$python" - <<'PYTHON'
import json, shutil
texts = {
    ("layer", 0): ["white text on signs", "letters"], ("layer", 1): ["rough texture", "fabric"],
    ("layer", 2): ["red dogs", "human faces"], ("layer", 3): ["women in hats", "people"],
    ("layer", 4): ["lettering", "letters"], ("layer", 5): ["blue lines", "stripes"],
    ("late", 0): ["people's faces", "heads"], ("late", 1): ["textured surfaces", "text"],
    ("late", 2): ["texts", "pages"], ("late", 3): ["green grass", "leaves"],
    ("late", 4): ["red and blue dots", "dots"], ("late", 5): ["dog faces", "dogs"],
    ("late", 6): ["cars", "wheels"], ("late", 7): ["edges", "lines"]}
def scored(text, likelihood):
    return {"text": text, "log_likelihood": likelihood, "log_prior": -5, "pmi": likelihood + 1}
def write(run, change):
    units = []
    for (layer, unit), (best, other) in texts.items():
        units.append({"layer": layer, "unit": unit, "state": "alive", "description": scored(change(layer, best), -1),
                      "others": [scored(other, -2)], "threshold": 0, "activations": [], "photos": []})
    json.dump({"format": "milan-descriptions", "version": 1, "bundle": {"name": "test", "hash": "0"}, "pmi_weight": 0.2,
               "beam_size": 10, "units": units}, open(run + "/descriptions.json", "w"))
    with open(run + "/descriptions.csv", "w") as file:
        file.write("layer,unit,description\n")
        for unit in units: file.write(f"{unit['layer']},{unit['unit']},{unit['description']['text']}\n")
shutil.copytree("run", "other")
write("run", lambda layer, text: text)
write("other", lambda layer, text: text if layer == "layer" else "dots")
PYTHON
expect 0 "$MILAN" report run

# Words are found whole; runners-up are weaker; the letters alone are only counted.
expect 0 "$MILAN" audit run --find 'text|letters' --no-synonyms
says "2 of 14 described units"; says "2 more only in runners-up"; says "would find 4"; says "run/audit/index.html"
expect 0 "$MILAN" audit run --find 'face|person' --no-synonyms --against other --json -q
cp output audit.json
"$python" - <<'PYTHON' || fail "audit.json, audit.sarif or findings.csv"
import csv, json
audit = json.load(open("audit.json"))
assert audit["format"] == "milan-audit" and audit == json.load(open("run/audit/audit.json"))
strong = {(f["layer"], f["unit"]) for f in audit["subject"]["findings"] if f["strong"]}
assert strong == {("late", 0), ("late", 5)}, strong
weak = {(f["layer"], f["unit"]): f for f in audit["subject"]["findings"] if not f["strong"]}
assert set(weak) == {("layer", 2), ("layer", 3)} and weak["layer", 2]["place"] == 1
assert 0.2 < weak["layer", 2]["support"] < 0.3, weak
comparison = audit["comparison"]
assert [l["layer"] for l in comparison["layers"]] == ["layer", "late"]
assert all(l["p_value"] <= l["adjusted_p_value"] <= 1 and not l["significant"] for l in comparison["layers"])
assert audit["other"]["strong"] == 0
assert all(pair["a"] == pair["b"] for pair in comparison["pairs"]), comparison["pairs"]
sarif = json.load(open("run/audit/audit.sarif"))
assert sarif["version"] == "2.1.0"
results = sarif["runs"][0]["results"]
assert sum(r["level"] == "warning" for r in results) == 2 and len(results) == 4
assert results[0]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"].startswith("late:")
rows = list(csv.DictReader(open("run/audit/findings.csv")))
assert len(rows) == 4 and rows[0]["strong"] == "1"
page = open("run/audit/index.html").read()
assert "../report/index.html#late/0" in page and page.count("<img") >= 4 and "<mark>" in page
PYTHON
ls run/audit/pictures/*.jpg > /dev/null || fail "no exemplars to judge"

# A limit for CI: its own exit code, and the audit is there all the same.
rm -r run/audit
expect 4 "$MILAN" audit run --find 'face' --no-synonyms --fail-if-more-than 1 -o run/audit
says "check failed: 2 units"; [[ -f run/audit/index.html ]] || fail "a failed check left no audit"
expect 0 "$MILAN" audit run --find 'face' --no-synonyms --fail-if-more-than 2
says "2 units are allowed: kept"

# A confidence is shown where the describer gave one.
sed -i '1s/$/,confidence/; 2,$s/$/,0.25/' run/descriptions.csv
expect 0 "$MILAN" audit run --find face --no-synonyms
grep -q "confidence 0.25" run/audit/index.html || fail "no confidence on the page"
expect 0 "$MILAN" report run

# Wrong use.
expect 2 "$MILAN" audit run --find '('; one_error_line; says "regular expression"
expect 2 "$MILAN" audit run --find 'a||b'; one_error_line
expect 2 "$MILAN" audit run --find face --correction none; one_error_line; says "holm"
expect 2 "$MILAN" audit run --find face -o val; one_error_line; says "none of milan's"
expect 2 "$MILAN" audit run --find face --words w.txt; one_error_line; says "--vectors"
expect 1 "$MILAN" audit run --find face --wordnet nowhere; one_error_line; says "nowhere"

# Units are removed by description; the report says on what that was judged.
edit=("$MILAN" edit classifier.onnx val --run run --matching 'text|letters' --trials 2 --points 2)
expect 0 "${edit[@]}" --tolerance 0.99 -o edited.onnx --counter-cue val
says "2 of 14 described units speak of 'text|letters'"; says "would take 4"; says "counter-cue"; says "significant"
[[ -f edited.onnx && -f edited.json && -f edited.report/index.html && -f edited.report/accuracy-clean.svg ]] || fail "files of the edit"
"$python" - <<'PYTHON' || fail "edit.json"
import json
report = json.load(open("edited.report/edit.json"))
assert report["format"] == "milan-edit" and report["removed"] == 2 and report["as_letters"] == 4
assert {(u["layer"], u["unit"]) for u in report["units"]} == {("layer", 0), ("late", 2)}
assert {u["description"] for u in report["letters_only"]} == {"rough texture", "textured surfaces"}
assert report["validation"]["photos"] == 20 and len(report["validation"]["accuracy"]) == 3
clean, cue = report["tests"]
assert (clean["photos"], cue["photos"]) == ("clean", "counter-cue")
assert len(clean["random"]["trials"]) == len(clean["sorted"]["trials"]) == 2
for test in report["tests"]:
    for key in ("before", "after"): assert 0 <= test[key]["low"] <= test[key]["value"] <= test[key]["high"] <= 1
json.dump(cue["after"]["value"], open("after.json", "w"))
PYTHON
# The network that was written does what was measured.
"$MILAN" accuracy edited.onnx val --json > accuracy.json
"$python" -c 'import json; a = json.load(open("accuracy.json"))["top1"]; b = json.load(open("after.json")); assert abs(a - b) < 1e-6, (a, b)' ||
  fail "the edited network has another accuracy than the report says"
expect 0 "${edit[@]}" --tolerance 0.99 -o edited.onnx --json -q; says '"milan-edit"'
# Guesses are left alone where that is asked for, which needs confidences.
expect 2 "${edit[@]}" --only-reliable -o x.onnx; one_error_line; says "no confidences"
cp -r run sure
"$python" - <<'PYTHON'
import json
described = json.load(open("sure/descriptions.json"))
described["calibration"] = {"units": 9, "right_f1": 0.33, "threshold": 0.6, "base_rate": 0.5, "error": 0, "chance_error": 0,
                            "auc": 0.7, "coverage": 0.5, "precision": 0.8, "bins": [], "nulls": []}
for unit in described["units"]: unit["confidence"] = 0.7 if unit["layer"] == "layer" else 0.5
json.dump(described, open("sure/descriptions.json", "w"))
PYTHON
expect 0 "$MILAN" edit classifier.onnx val --run sure --matching 'text|letters' --only-reliable --tolerance 0.99 --trials 0 -o sure.onnx
says "1 of 14 described units speak of"; says "1 more that speak of it are only guesses"
expect 1 "$MILAN" edit classifier.onnx val --run sure --only-reliable --layers late --matching text -o x.onnx
one_error_line; says "no reliable description"
expect 1 "$MILAN" edit classifier.onnx val --run run --matching 'zebra' -o x.onnx; one_error_line; says "nothing to edit"
expect 2 "$MILAN" edit classifier.onnx val --matching text -o x.onnx; one_error_line; says "--run"
expect 2 "$MILAN" edit classifier.onnx --run run --matching text -o x.onnx; one_error_line; says "PHOTOS"
expect 2 "$MILAN" edit classifier.onnx val --run run --matching text --ablate late:1 -o x.onnx; one_error_line
expect 1 "$MILAN" edit classifier.onnx photos --run run --matching text -o x.onnx; one_error_line; says "class folders"
expect 1 "$MILAN" edit network.onnx val --run run --matching text -o x.onnx; one_error_line; says "none of the run's layers"
[[ ! -e x.onnx ]] || fail "a refused edit wrote a network"

# Which kinds of units matter: curves, classes, single units; what cannot be measured is left out.
expect 0 "$MILAN" analyze run val --property colour --property words --property 're:dog|car' --fractions 0.1,0.3 --seeds 2 --importance late
says "14 described units in 2 layers"; says "less chance"; says "run/analysis/index.html"
"$python" - <<'PYTHON' || fail "analysis"
import csv, json
analysis = json.load(open("run/analysis/analysis.json"))
assert [p["name"] for p in analysis["curves"]["properties"]] == ["colour", "words", "re:dog|car"]
assert analysis["curves"]["photos"] == 40 and analysis["curves"]["properties"][0]["units_with"] == 5
curves = list(csv.DictReader(open("run/analysis/curves.csv")))
assert len(curves) == 8 and curves[0]["property"] == "chance" and curves[0]["p_value"] == ""
for row in curves: assert 0 <= float(row["low"]) <= float(row["accuracy"]) <= float(row["high"]) <= 1
classes = list(csv.DictReader(open("run/analysis/classes.csv")))
assert {row["name"] for row in classes} == {"red fox, Vulpes", "frog"} and len(classes) == 6
assert len(list(csv.DictReader(open("run/analysis/importance.csv")))) == 8
categories = {(r["layer"], r["category"]): int(r["units"]) for r in csv.DictReader(open("run/analysis/categories.csv"))}
assert categories["layer", "text"] == 2 and categories["late", "colour"] == 2, categories
PYTHON
cp run/analysis/curves.csv first.csv
expect 0 "$MILAN" analyze run val --property colour --property words --property 're:dog|car' --fractions 0.1,0.3 --seeds 2 -j 1
cmp first.csv run/analysis/curves.csv || fail "the number of workers changes curves"
expect 0 "$MILAN" analyze run; says "no PHOTOS"; [[ ! -e run/analysis/curves.csv && -f run/analysis/categories.svg ]] || fail "parts"
expect 0 "$MILAN" analyze run photos; says "accuracy is not measured"; says "class folders"
expect 0 "$MILAN" analyze run val --network network.onnx; says "none of the run's layers"
expect 0 "$MILAN" analyze run val --logits late; says "not one number per class"
expect 1 "$MILAN" analyze run val --network nowhere.onnx; one_error_line
expect 2 "$MILAN" analyze run val --property colors; one_error_line; says "colour"
expect 2 "$MILAN" analyze run val --fractions 0.3,0.1; one_error_line; says "--fractions"
