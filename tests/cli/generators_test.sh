# A generator is described on pictures that it makes from latents: the same ones whoever makes them.
source "$(dirname "$0")/common.sh"
fixture
cp "$SOURCE"/tests/networks/inputs/{generator,class_generator}.onnx .
same() { diff -r -x run.log run "$1" > difference || { cat difference; fail "$1 is not what one worker gives"; }; }

expect 0 "$MILAN" layers generator.onnx; says "layer8"; says "* layer8"
layers=(--layers 'layer?')
expect 0 "$MILAN" exemplars generator.onnx --latents 60 -o run "${layers[@]}" -j 1
says "11 units in 2 layers"
python3 - <<'PYTHON'
import csv, json, os
run = json.load(open("run/run.json"))
assert run["latents"]["count"] == 60 and run["latents"]["seed"] == 1, run
assert run["latents"]["inputs"] == [{"name": "z", "shape": [1, 8], "distribution": "normal"}], run
photos = list(csv.DictReader(open("run/photos.csv")))
assert len(photos) == 60 and photos[7]["name"] == "latent-000007.png"
written = set(os.listdir("run/photos"))
assert written == {photo["name"] for photo in photos if photo["hash"]}, "pictures are those that photos.csv knows"
assert 15 <= len(written) <= 60
PYTHON
expect 0 "$MILAN" exemplars generator.onnx --latents 60 "${layers[@]}" -o workers -j 3; same workers
for i in 1 2 3; do expect 0 "$MILAN" exemplars generator.onnx --latents 60 "${layers[@]}" -o part-$i --shard $i/3; done
expect 0 "$MILAN" merge part-3 part-1 part-2 -o merged; same merged
if command -v mpirun > /dev/null && [[ ${MPI:-0} == 1 ]]; then
  expect 0 mpirun --allow-run-as-root --oversubscribe --bind-to none -n 2 "$MILAN" exemplars generator.onnx \
    --latents 60 "${layers[@]}" -o ranks -j 1
  same ranks
fi
expect 0 "$MILAN" exemplars generator.onnx --latents 60 "${layers[@]}" -o run; says "kept"
expect 2 "$MILAN" exemplars generator.onnx --latents 60 "${layers[@]}" --seed 2 -o run; says "other latents: 60 latents (seed 1)"; one_error_line
expect 2 "$MILAN" exemplars generator.onnx --latents 60 "${layers[@]}" --range 0,1 -o run; says "other latents"; one_error_line

# Latents from a file; of several inputs, some drawn. A class's number is asked for, not guessed.
python3 - <<'PYTHON'
import struct
def save(name, kind, rows, columns, values):
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': ({rows}, {columns}), }}"
    header += " " * (117 - len(header)) + "\n"
    data = struct.pack(f"<{rows * columns}{'f' if kind == '<f4' else 'q'}", *values)
    open(name, "wb").write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data)
save("z.npy", "<f4", 40, 8, [((i * 37) % 101) / 50 - 1 for i in range(320)])
save("y.npy", "<i8", 40, 1, [i % 5 for i in range(40)])
PYTHON
expect 0 "$MILAN" exemplars generator.onnx --latents z.npy -o from-file; says "z.npy"
expect 2 "$MILAN" exemplars class_generator.onnx --latents 40 -o class; says "y=class(COUNT)"; one_error_line
expect 2 "$MILAN" exemplars class_generator.onnx --latents z.npy -o class; says "--latents z=z.npy"; one_error_line
expect 0 "$MILAN" exemplars class_generator.onnx --latents 40 --distribution 'y=class(5)' -o class-1
expect 0 "$MILAN" exemplars class_generator.onnx --latents z=z.npy --latents y=y.npy -o class-2
[[ $(wc -l < class-2/photos.csv) == 41 ]] || fail "not one picture per row"

expect 2 "$MILAN" exemplars generator.onnx photos --latents 60 -o both; says "is a generator"; one_error_line
expect 2 "$MILAN" exemplars network.onnx -o none; says "PHOTOS is required"; one_error_line
expect 2 "$MILAN" exemplars generator.onnx --latents 9 --distribution w=normal -o none; says "its inputs are z"; one_error_line
expect 2 "$MILAN" exemplars generator.onnx --latents 0 -o none; says "--latents 0"; one_error_line
expect 1 "$MILAN" exemplars generator.onnx --latents 9 --picture mixed -o none; says "not that of a picture"; one_error_line

# Descriptions and a report are made of them as of photos.
expect 0 "$MILAN" describe generator.onnx --latents 60 "${layers[@]}" -o run --beam 5 --bundle "$SOURCE/models/base"
says "kept from the run"; says "units described"
compgen -G "run/report/photos/*.jpg" > /dev/null || fail "the report has no pictures"
