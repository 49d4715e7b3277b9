# How sure descriptions are is found out on annotated units, kept in the bundle, and said with every description.
source "$(dirname "$0")/common.sh"
python=python3; command -v python3 >/dev/null || exit 77
fixture
[[ -f $SOURCE/models/base/bundle.json ]] || fail "models/base is missing"
cp -r "$SOURCE/models/base" bundle
"$python" - <<'EOF'
import json, os
bundle = json.load(open("bundle/bundle.json"))
for name in [name for name in bundle["files"] if name.startswith("confidence.")]:
    del bundle["files"][name]; os.remove("bundle/" + name)
json.dump(bundle, open("bundle/bundle.json", "w"))
EOF

expect 0 "$MILAN" describe network.onnx photos -o run --layers 'layer*' --beam 5 --bundle bundle --no-report
says "19 of 20 units described; how reliably is not known"
cp run/descriptions.csv before.csv
# Annotators who agree with the bundle about the second layer only.
"$python" - <<'EOF'
import csv
rows = list(csv.DictReader(open("before.csv")))
assert all(row["confidence"] == row["reliable"] == "" for row in rows)
with open("a.csv", "w") as file:
    out = csv.writer(file)
    out.writerow(["layer", "unit", "split", "certainty", "description"])
    for row in rows:
        text = row["description"] if row["layer"] == "layer2" else "nothing of that"
        if row["description"]: out.writerow([row["layer"], row["unit"], "val", "clear", text])
    out.writerow(["layer1", 0, "train", "clear", "not to be read"])
EOF

expect 0 "$MILAN" calibrate bundle run --annotations a.csv --beam 5 --null-sets 24 --null run --table table.csv
says "cross-validation"; says "shuffled exemplars"; says "random photos"; says "threshold"
"$MILAN" calibrate bundle run --annotations a.csv --beam 5 --null-sets 24 --null run --json -q > calibration.json
"$python" - <<'EOF' || fail "calibration.json or table.csv"
import csv, json
result = json.load(open("calibration.json"))
summary = result["summary"]
assert summary["units"] == 19 and abs(summary["base_rate"] - 12 / 19) < 1e-9, summary
assert 0 <= summary["error"] <= 1 and 0 <= summary["coverage"] <= 1
assert sum(b["units"] for b in summary["bins"]) == 19
assert {n["kind"] for n in summary["nulls"]} == {"shuffled exemplars", "random photos", "run"}
rows = list(csv.DictReader(open("table.csv")))
assert sum(row["kind"] == "annotated" for row in rows) == 19
assert all((row["right"] == "true") == (row["layer"] == "layer2") for row in rows if row["kind"] == "annotated")
assert all(0 <= float(row["confidence"]) <= 1 for row in rows)
EOF

expect 0 "$MILAN" describe network.onnx photos -o run --layers 'layer*' --beam 5 --bundle bundle
says "of them reliably"
[[ $(grep -c 'calibrated for' output) == 0 ]] || fail "warns of the search that was calibrated"
cmp <(cut -d, -f1-3 before.csv) <(cut -d, -f1-3 run/descriptions.csv) || fail "confidences change words"
"$python" - <<'EOF' || fail "confidences of the run"
import csv, json
threshold = json.load(open("calibration.json"))["summary"]["threshold"]
described = json.load(open("run/descriptions.json"))
assert described["calibration"]["threshold"] == threshold
units = {(u["layer"], u["unit"]): u for u in described["units"]}
rows = list(csv.DictReader(open("run/descriptions.csv")))
assert len(rows) == 20
for row in rows:
    unit = units[row["layer"], int(row["unit"])]
    if not row["description"]:
        assert row["confidence"] == row["reliable"] == "" and "confidence" not in unit
        continue
    assert abs(float(row["confidence"]) - unit["confidence"]) < 1e-4
    assert unit["reliable"] == (unit["confidence"] >= threshold) == (row["reliable"] == "true")
EOF
expect 0 "$MILAN" describe network.onnx photos -o run --layers 'layer*' --beam 5 --bundle bundle --no-report
says "descriptions: kept"
expect 0 "$MILAN" describe network.onnx photos -o run --layers 'layer*' --beam 3 --bundle bundle --no-report
says "confidences are calibrated for consensus, beam 5"
# Four photos are four exemplars: too few to say how sure a text is, whatever its signals.
mkdir few && cp $(ls -d photos/* | head -4) few/
expect 0 "$MILAN" describe network.onnx few -o few.run --layers 'layer*' --beam 5 --bundle bundle
says "units with fewer than 8 exemplars: "; says ", 0 of them reliably"
"$python" - <<'EOF' || fail "confidences of few exemplars"
import csv
rows = [row for row in csv.DictReader(open("few.run/descriptions.csv")) if row["description"]]
assert rows and all((row["confidence"], row["reliable"]) == ("", "false") for row in rows), rows
EOF
expect 0 "$MILAN" evaluate run --annotations a.csv --no-certainty-rows; says "ECE by chance"; says "| 19 | "

# A calibration that was changed by hand is not believed.
cp -r bundle broken && sed -i 's/"bias": [-0-9.e]*/"bias": 9.5/' broken/confidence.json
expect 1 "$MILAN" describe run --bundle broken --no-report; one_error_line; says "confidence.json"

expect 2 "$MILAN" calibrate bundle run; says "--annotations is required"
expect 2 "$MILAN" calibrate bundle run run --annotations a.csv; one_error_line; says "1 files for 2 runs"
expect 2 "$MILAN" calibrate bundle run --annotations a.csv --right 3; one_error_line; says "right"
expect 1 "$MILAN" calibrate bundle run --annotations a.csv --split test; one_error_line; says "'test'"
expect 1 "$MILAN" calibrate photos run --annotations a.csv; one_error_line; says "not a bundle"
