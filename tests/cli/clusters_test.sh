# Groups of photos become a run whose units are the groups, and every later step goes on from it.
source "$(dirname "$0")/common.sh"
fixture

{ echo photo,cluster,score
  for i in $(seq 0 19); do printf 'photo-%02d.png,%d,0.%02d\n' $i $((i % 3)) $i; done
  echo 'photo-30.png,"dogs, running",1'; } > kmeans.csv
expect 0 "$MILAN" clusters kmeans.csv photos -o run -k 5
says "4 clusters as units of layer 'kmeans', 1 of them with fewer than 5 photos"
grep -qx 'kmeans,3,alive,no,,"dogs, running"' run/units.csv || fail "units.csv lacks the clusters' names"
expect 0 "$MILAN" export run -o table --format csv
# Cluster 0 has photos 0, 3, ..., 18: the highest scores first.
[[ $(grep '^kmeans,0,' table/exemplars.csv | cut -d, -f4 | tr '\n' ' ') == \
  "photo-18.png photo-15.png photo-12.png photo-09.png photo-06.png " ]] || fail "not the best five"
expect 0 "$MILAN" clusters kmeans.csv photos -o near -k 5 --ascending
expect 0 "$MILAN" export near -o near-table --format csv
[[ $(grep -m1 '^kmeans,0,' near-table/exemplars.csv | cut -d, -f4) == photo-00.png ]] || fail "not the nearest"
expect 0 "$MILAN" export run -o original --format milan
expect 0 "$MILAN" report run
grep -q 'dogs, running' run/report/data/report.js || fail "the report lacks the clusters' names"
"$MILAN" clusters kmeans.csv photos -o run --overwrite --json --quiet > result.json
python3 -c 'import json; r = json.load(open("result.json")); assert r["clusters"] == 4 and r["photos"] == 40, r'
if [[ -e $SOURCE/models/base/bundle.json ]]; then
  expect 0 "$MILAN" describe run --bundle "$SOURCE/models/base" --beam 5
  says "4 of 4 units described"
fi

expect 2 "$MILAN" clusters kmeans.csv photos -o run; says "--overwrite"; one_error_line
printf 'photo,cluster\nphoto-00.png,1\nnone.png,1\n' > missing.csv
expect 1 "$MILAN" clusters missing.csv photos -o no; says "1 of its photos"; says "none.png"; one_error_line
printf 'photo,cluster\nphoto-00.png,1\nphoto-00.png,1\n' > twice.csv
expect 1 "$MILAN" clusters twice.csv photos -o no; says "row 2"; one_error_line
printf 'photo,cluster\n' > empty.csv
expect 1 "$MILAN" clusters empty.csv photos -o no; says "empty.csv"; one_error_line
expect 1 "$MILAN" clusters nowhere.csv photos -o no; says "nowhere.csv"; one_error_line
[[ ! -e no ]] || fail "a refused request left a folder"
