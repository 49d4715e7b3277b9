# The original's checkpoints become bundles; files that want to run something are refused.
source "$(dirname "$0")/common.sh"

# A checkpoint in torch.save's container whose pickle would call a program when Python loads it.
python3 - <<'PY'
import pickle, zipfile
class Hostile:
    def __reduce__(self):
        import os
        return os.system, ("touch executed",)
with zipfile.ZipFile("hostile.pth", "w") as archive:
    archive.writestr("archive/data.pkl", pickle.dumps({"state_dict": Hostile()}, protocol=2))
with zipfile.ZipFile("newer.pth", "w") as archive:
    archive.writestr("archive/data.pkl", pickle.dumps({"state_dict": {}}, protocol=4))
with zipfile.ZipFile("bomb.pth", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("archive/data.pkl", b"\x80\x02" + b"N" * 1_000_000)
PY
expect 1 "$MILAN" import hostile.pth -o x;        says "opcode GLOBAL"; says "system"; one_error_line
[[ ! -e executed && ! -e x ]] || fail "the file was executed or something written"
expect 1 "$MILAN" import newer.pth -o x;          says "opcode PROTO"; one_error_line
expect 1 "$MILAN" import bomb.pth -o x;           says "compressed"; one_error_line
echo nonsense > text.pth
expect 1 "$MILAN" import text.pth -o x;           says "torch.save"; one_error_line
expect 1 "$MILAN" import missing.pth -o x;        says "missing.pth"; one_error_line
expect 2 "$MILAN" import text.pth -o x --quantile 0.9;  says "--quantile"; one_error_line
mkdir exemplars
expect 2 "$MILAN" import exemplars -o x --half;   says "--half"; one_error_line
expect 1 "$MILAN" import exemplars -o x;          says "masks.npy"; one_error_line
[[ ! -e x ]] || fail "something was written in spite of the error"

# A captioner that the reference implementation saved describes a run.
data=${MILAN_SHARED_DATA:-$SOURCE/../shared/data}/parity/captioner
[[ -e $data ]] || exit 77
gunzip -c "$data/decoder.pth.gz" > decoder.pth
expect 0 "$MILAN" import decoder.pth -o bundle --name tiny;   says "bundle  bundle"
expect 2 "$MILAN" import decoder.pth -o bundle;               says "--overwrite"; one_error_line
expect 1 "$MILAN" import "$data/lm.pth" -o x;                 says "--language-model"; one_error_line
fixture
expect 0 "$MILAN" describe network.onnx photos -o run --layers layer1 --resize 64x64 --bundle bundle
[[ $(wc -l < run/descriptions.csv) == 9 ]] || fail "not one line per unit"
grep -qF '"name": "tiny"' run/descriptions.json || fail "the bundle is not named"
