# A run is kept, refused or replaced by what made it, and never depends on the number of workers.
source "$(dirname "$0")/common.sh"
fixture

expect 0 "$MILAN" exemplars network.onnx photos -o run --layers 'layer*' -j 1
says "20 units in 2 layers: 1 dead"
expect 0 "$MILAN" exemplars network.onnx photos -o run3 --layers 'layer*' -j 3
for layer in layer1 layer2; do
  cmp run/exemplars/$layer.safetensors run3/exemplars/$layer.safetensors || fail "workers change the result"
done
cmp run/photos.csv run3/photos.csv

# The same photos, read where they are in an archive, give the same exemplars.
tar --sort=name -cf photos.tar -C photos .
expect 0 "$MILAN" exemplars network.onnx photos.tar -o run-tar --layers 'layer*'
for layer in layer1 layer2; do
  cmp run/exemplars/$layer.safetensors run-tar/exemplars/$layer.safetensors || fail "an archive changes the result"
done
expect 0 "$MILAN" report run-tar
gzip -k photos.tar
expect 1 "$MILAN" exemplars network.onnx photos.tar.gz -o run-gz; says "unpack it"; one_error_line

expect 0 "$MILAN" exemplars network.onnx photos -o run --layers 'layer*';  says "kept"
expect 2 "$MILAN" exemplars network.onnx photos -o run --layers layer1;    says "other layers"; one_error_line
expect 2 "$MILAN" exemplars network.onnx photos -o run --layers 'layer*' -k 5; says "--exemplars 15"
rm photos/photo-07.png
expect 2 "$MILAN" exemplars network.onnx photos -o run --layers 'layer*';  says "there are 39"
expect 0 "$MILAN" exemplars network.onnx photos -o run --layers layer1 --overwrite
[[ ! -e run/exemplars/layer2.safetensors ]] || fail "the old run's layer is still there"
"$MILAN" exemplars network.onnx photos -o run --layers layer1 --json --quiet > result.json
python3 -c 'import json; assert json.load(open("result.json"))["photos"] == 39'
