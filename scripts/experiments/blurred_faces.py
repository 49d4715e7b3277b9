#!/usr/bin/env python3
"""Does a network that never saw a face have fewer units for faces?

usage: blurred_faces.py [--seeds 1-3] [--work build/experiments/faces]

Faces in photos of flickr8k and the ImageNet sets are found by OpenCV's cascades and blurred in a copy. Per seed two
networks are trained alike, one on the photos, one on the copy, to say which words a photo's captions have (man, woman,
child, dog, beach, ...) and which kind of thing its ImageNet class is. Both are described over the ordinary photos;
`milan audit` counts units that speak of faces. Every finished step is kept in --work; the same command continues.
Writes results.md, results.json, faces.csv, layers.csv.
"""
import argparse
import pathlib
import random
import re
import shutil
import statistics
import sys

from common import (Programs, add_common_options, fail, make_folder, markdown_table, p_text, percent, points, read_csv,
                    read_json, seeds, student_p_value, write_csv, write_json, write_text)

try:
    import cv2
    import numpy
except ImportError:
    sys.exit("error: needs Debian's python3-opencv: scripts/install_dependencies.sh --with-experiments")

SETS = ("flickr8k", "imagenet1k", "imagenet_val", "nips17")
cv2.setNumThreads(1)  # photos are small
CASCADES = pathlib.Path("/usr/share/opencv4/haarcascades")
# Cascade, neighbours that a find needs, whether its mirror image is looked for, too.
DETECTORS = (("haarcascade_frontalface_alt2.xml", 4, False), ("haarcascade_profileface.xml", 6, True))
FIND = "face|head|eye|mouth|nose|hair|person"
HELD = 0.1  # of the photos, for validation

# Labels of captions: a label and the words that give it.
CAPTION_LABELS = {
    "man": "man men guy guys", "woman": "woman women lady ladies", "boy": "boy boys", "girl": "girl girls",
    "child": "child children kid kids toddler baby", "group": "group crowd people", "player": "player players team",
    "smiling": "smiling smile smiles face faces", "hat": "hat hats cap helmet helmets", "dog": "dog dogs puppy",
    "water": "water ocean lake pool river wave waves", "snow": "snow snowy", "grass": "grass grassy field",
    "street": "street road sidewalk city", "beach": "beach sand sandy", "ball": "ball soccer football basketball tennis",
    "bike": "bike bicycle bikes motorcycle", "jumping": "jump jumps jumping air", "mountain": "mountain hill rock rocks cliff"}
# Kinds of things, as WordNet 3.0's synsets: every ImageNet class below one has its label.
WORDNET_LABELS = {
    "dog": "02084071", "bird": "01503061", "fish": "02512053", "reptile": "01661091", "insect": "02159955",
    "cat": "02120997", "primate": "02469914", "hoofed animal": "02370806", "vehicle": "04524313",
    "musical instrument": "03800933", "food": "00021265", "furniture": "03405725", "clothing": "03051540",
    "building": "04341686", "container": "03094503", "device": "03183080", "landscape": "09287968"}


def detect(picture):
    """Boxes (left, top, width, height) of faces in a BGR picture."""
    grey = cv2.equalizeHist(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
    boxes = []
    for name, neighbours, mirrored in DETECTORS:
        cascade = cascades()[name]
        for flip in (False, True) if mirrored else (False,):
            view = cv2.flip(grey, 1) if flip else grey
            for x, y, w, h in cascade.detectMultiScale(view, 1.1, neighbours, minSize=(18, 18)):
                boxes.append((int(grey.shape[1] - x - w if flip else x), int(y), int(w), int(h)))
    return boxes


def cascades(loaded={}):  # pylint: disable=dangerous-default-value  # each file is read once
    for name, _, _ in DETECTORS:
        if name not in loaded:
            loaded[name] = cv2.CascadeClassifier(str(CASCADES / name))
            if loaded[name].empty():
                fail(f"{CASCADES / name}: missing; Debian's opencv-data has it")
    return loaded


def blur(picture, boxes):
    """Within an ellipse around each box, softly at its edge, so that no sharp outline tells of the face."""
    result = picture.astype(numpy.float32)
    for x, y, w, h in boxes:
        mask = numpy.zeros(picture.shape[:2], numpy.float32)
        cv2.ellipse(mask, (x + w // 2, y + h // 2), (round(0.62 * w), round(0.75 * h)), 0, 0, 360, 1, -1)
        mask = cv2.GaussianBlur(mask, (0, 0), max(1, 0.06 * w))[..., None]
        result = result * (1 - mask) + cv2.GaussianBlur(result, (0, 0), 0.25 * w) * mask
    return numpy.clip(result + 0.5, 0, 255).astype(numpy.uint8)


def make_photos(data, work):
    """work/photos/{ordinary,blurred}/SET/NAME.png and faces.csv (photo, faces)."""
    def fill(folder):
        rows = []
        for name in SETS:
            paths = sorted((data / "photos" / name).glob("*.jpg"))
            if not paths:
                fail(f"{data / 'photos' / name}: has no photos; --data names the development data")
            for kind in ("ordinary", "blurred"):
                (folder / kind / name).mkdir(parents=True)
            for path in paths:
                picture = cv2.imread(str(path))
                boxes = detect(picture)
                photo = f"{name}/{path.stem}.png"  # both written anew: compression tells nothing
                cv2.imwrite(str(folder / "ordinary" / photo), picture)
                cv2.imwrite(str(folder / "blurred" / photo), blur(picture, boxes) if boxes else picture)
                rows.append({"photo": photo, "faces": len(boxes)})
        write_csv(folder / "faces.csv", rows, ["photo", "faces"])
    return make_folder(work / "photos", fill)


def hypernyms():
    """Synset -> the synsets directly above it, of Debian's WordNet 3.0."""
    path = pathlib.Path("/usr/share/wordnet/data.noun")
    if not path.exists():
        fail(f"{path}: missing; Debian's wordnet-base has it")
    above = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith(" "):
            above[line[:8]] = re.findall(r" @i? (\d{8}) n", line)
    return above


def kinds_of(synset, above):
    """Labels of an ImageNet class."""
    seen, waiting = set(), [synset]
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.add(current)
            waiting += above.get(current, [])
    return {label for label, root in WORDNET_LABELS.items() if root in seen}


def labels_of_photos(data):
    """photo -> labels: of captions where there are captions, else of the ImageNet class."""
    words = {}
    for row in read_csv(data / "text" / "flickr8k-captions.csv"):
        words.setdefault(row["file"], set()).update(re.findall("[a-z]+", row["caption"].lower()))
    above, labels = hypernyms(), {}
    for row in read_csv(data / "photos.csv"):
        path = pathlib.PurePosixPath(row["path"])
        photo = f"{row['set']}/{path.stem}.png"
        if row["set"] == "flickr8k" and path.name in words:
            labels[photo] = {label for label, given in CAPTION_LABELS.items() if words[path.name] & set(given.split())}
        elif row["set"] in SETS and row["class"].startswith("n"):
            labels[photo] = kinds_of(row["class"][1:9], above)
    return labels


def write_labels(data, folder, seed):
    """train.csv and val.csv of one seed; photos of the data that have labels to learn, or none of them."""
    rows = [{"photo": photo, "label": ";".join(sorted(labels))} for photo, labels in sorted(labels_of_photos(data).items())]
    random.Random(seed).shuffle(rows)
    held = round(HELD * len(rows))
    write_csv(folder / "val.csv", sorted(rows[:held], key=lambda row: row["photo"]), ["photo", "label"])
    write_csv(folder / "train.csv", sorted(rows[held:], key=lambda row: row["photo"]), ["photo", "label"])


class Pair:
    """The two networks of one seed."""

    def __init__(self, arguments, seed):
        self.arguments, self.seed = arguments, seed
        self.programs = Programs(arguments.build, arguments.nice)
        self.data, self.work = pathlib.Path(arguments.data), pathlib.Path(arguments.work)
        self.folder = self.work / f"seed-{seed}"

    def network(self, kind):
        onnx = self.folder / f"{kind}.onnx"
        photos = self.work / "photos" / kind
        if not onnx.exists():
            self.programs.train(photos, photos, "--labels", self.folder / "train.csv", "--validation-labels",
                                self.folder / "val.csv", "--multi-label", "--size", self.arguments.size, "--epochs",
                                self.arguments.epochs, "--widths", self.arguments.widths, "--seed", self.seed, "-o", onnx)
        run = self.folder / f"{kind}-run"
        bundle = ["--bundle", self.arguments.bundle] if self.arguments.bundle else []
        if not (run / "descriptions.csv").exists():
            self.programs.milan("describe", onnx, self.work / "photos" / "ordinary", "-o", run, "--beam",
                                self.arguments.beam, *bundle)
        return run

    def audit(self):
        if not (self.folder / "train.csv").exists():
            write_labels(self.data, self.folder, self.seed)
        ordinary, blurred = self.network("ordinary"), self.network("blurred")
        target = self.folder / "audit"
        if not (target / "audit.json").exists():
            self.programs.milan("audit", ordinary, "--against", blurred, "--find", self.arguments.find, "-o", target)
        result = read_json(target / "audit.json")
        result["precision"] = {kind: read_json(self.folder / f"{kind}.json")["training"]["per_epoch"][-1]["mean_average_precision"]
                               for kind in ("ordinary", "blurred")}
        return result


def summary_rows(audits):
    rows = []
    for seed, audit in audits.items():
        of_b = {layer["layer"]: layer for layer in audit["other"]["layers"]}
        for layer in [*audit["subject"]["layers"], {"layer": "all", **audit["subject"]}]:
            other = {"layer": "all", **audit["other"]} if layer["layer"] == "all" else of_b[layer["layer"]]
            rows.append({"seed": seed, "layer": layer["layer"], "ordinary": layer["strong"], "blurred": other["strong"],
                         "ordinary_described": layer["described"], "blurred_described": other["described"]})
    return rows


def tables(audits, arguments, faces):
    rows = summary_rows(audits)
    cells = []
    for layer in dict.fromkeys(row["layer"] for row in rows):
        group = [row for row in rows if row["layer"] == layer]
        shares = {kind: [row[kind] / max(1, row[f"{kind}_described"]) for row in group] for kind in ("ordinary", "blurred")}
        difference = [a - b for a, b in zip(shares["ordinary"], shares["blurred"])]
        mean = lambda kind: f"{statistics.mean(row[kind] for row in group):.1f}"
        cells.append([layer, mean("ordinary"), percent(shares["ordinary"]), mean("blurred"), percent(shares["blurred"]),
                      points(difference), p_text(student_p_value(difference))])
    precision = {kind: percent([audit["precision"][kind] for audit in audits.values()]) for kind in ("ordinary", "blurred")}
    per_seed = [[seed, audit["subject"]["strong"], audit["other"]["strong"], p_text(audit["comparison"]["all"]["p_value"])]
                for seed, audit in audits.items()]
    with_faces = sum(1 for row in faces if int(row["faces"]))
    return rows, "\n".join([
        f"Faces found in {with_faces} of {len(faces)} photos ({sum(int(row['faces']) for row in faces)} in all). Units whose description "
        f"matches '{arguments.find}' (words, synonyms, kinds); mean over seeds and its 95 % interval (Student's t), p-values by t "
        "over seeds, not corrected. Mean average precision of the labels, each network on validation photos like its own: "
        f"ordinary {precision['ordinary']}, blurred {precision['blurred']}.\n",
        markdown_table(["layer", "ordinary: units", "share", "blurred: units", "share", "difference", "p"], cells),
        markdown_table(["seed", "ordinary", "blurred", "p (Fisher, all units)"], per_seed)])


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=seeds, default=seeds("1-3"))
    parser.add_argument("--find", default=FIND, help=f"what counts as speaking of faces ({FIND})")
    parser.add_argument("--size", type=int, default=112, help="side of the networks' input (112)")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--widths", default="32,64,96,192")
    add_common_options(parser, "build/experiments/faces")
    return parser.parse_args()


def main():
    arguments = parse()
    work = pathlib.Path(arguments.work)
    photos = make_photos(pathlib.Path(arguments.data), work)
    audits = {}
    for seed in arguments.seeds:
        print(f"== seed {seed}", flush=True)
        audits[seed] = Pair(arguments, seed).audit()
        rows, text = tables(audits, arguments, read_csv(photos / "faces.csv"))
        write_csv(work / "layers.csv", rows, list(rows[0]))
        write_text(work / "results.md", text)
        write_json(work / "results.json", {"find": arguments.find, "audits": {
            seed: {"subject": audit["subject"]["strong"], "other": audit["other"]["strong"], "comparison": audit["comparison"],
                   "precision": audit["precision"]} for seed, audit in audits.items()}})
    shutil.copy(photos / "faces.csv", work / "faces.csv")
    print((work / "results.md").read_text(encoding="utf-8"), end="")


if __name__ == "__main__":
    main()
