#!/usr/bin/env python3
"""How well a captioner describes units that it was not trained on.

usage: generalization.py MILAN DATA WORK [--trials N] [--epochs N] [--architecture A] [--settings left-out,photos,...]
                         [--networks squeezenet1_1,...]

  left-out  trained on all annotated networks but one, tested on that one
  within    trained on nine tenths of a network's units, tested on the rest, over several draws
  across    trained on one network, tested on another; mean over the three it may be trained on
  photos    the bundle's validation units, their exemplars taken from all photos, or only from objects or from the rest

WORK is the folder of `make train` (runs/ and encoder/). Every captioner is trained by `milan train`, every description
made by `milan describe`, every score computed by `milan evaluate`. Writes WORK/generalization/table.csv and table.md: content-word
F1 of the descriptions, of retrieval (the text of the most similar training unit) and of the best constant. Continues
where it was interrupted. Processes with different --networks (those tested) may share the work of `left-out` and `within`;
their tables hold their own networks, and a last one without it makes the whole table.
"""
import argparse
import csv
import json
import pathlib
import random
import shutil
import statistics
import subprocess

NETWORKS = ["mobilenet_v2", "resnet18_to_layer3", "squeezenet1_1", "squeezenet_places365"]
FURTHER = pathlib.Path(__file__).parents[1] / "models" / "annotations"  # of other layers, and of other networks
TEST_UNITS = 500  # per network and trial: enough for an error of 0.01
OBJECTS = ["imagenet1k", "imagenet_val", "nips17"]
OTHERS = ["scenes", "flickr8k", "textures", "text_visible", "objects"]


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(path, rows, columns):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def key(row):
    return row["layer"], int(row["unit"])


def sample(rows, part, count, seed):
    """Units for the test split: `part` of them, at most `count`."""
    units = sorted({key(row) for row in rows if row["certainty"] != "unclear"})
    random.Random(seed).shuffle(units)
    return set(units[:min(count, round(part * len(units)))])


class Experiment:
    def __init__(self, arguments):
        self.milan = arguments.milan
        self.data = pathlib.Path(arguments.data)
        self.work = pathlib.Path(arguments.work)
        self.arguments = arguments
        self.folder = self.work / "generalization"
        self.encoder = self.work / "encoder" / "encoder.onnx"

    def run(self, *command):
        subprocess.run([self.milan, *map(str, command)], check=True)

    def annotations(self, source):
        """Of a network; of "further/NETWORK": those that this project added, which are trained on only."""
        folder, name = (FURTHER, source.removeprefix("further/")) if source.startswith("further/") else (self.data / "annotations", source)
        return read(folder / f"{name}.csv")

    def sources_without(self, network):
        """All that may be learnt from when `network` is left out."""
        further = [f"further/{path.stem}" for path in sorted(FURTHER.glob("*.csv"))]
        return {source: self.annotations(source) for source in NETWORKS + further if source.removeprefix("further/") != network}

    def score(self, name, network, tested, train, run=None, bundle=None):
        """Scores the units `tested` of `network` by a captioner trained on `train` {network: rows}; keeps the result.
        `name`: "CAPTIONER/TEST". `run`: exemplars to describe, where they are not the usual ones."""
        place = self.folder / name
        result = place / "result.json"
        if not result.exists():
            place.mkdir(parents=True, exist_ok=True)
            files = self.train(place.parent, train, bundle)
            described = self.describe(place, run or self.work / "runs" / network, tested, bundle or place.parent / "bundle")
            self.evaluate(place, described, network, tested, files)
        rows = {row["name"]: row for row in json.loads(result.read_text()) if not row["certainty"]}
        value = lambda row: rows[row]["content_word_f1"]["value"]
        return {"descriptions": value("descriptions"), "retrieval": value("retrieval"), "constant": value("constant")}

    def train(self, folder, train, bundle):
        """The files of annotations by network, and folder/bundle unless there is a bundle already."""
        files = {}
        for network, rows in train.items():
            files[network] = folder / f"{network.replace('/', '-')}.train.csv"
            write(files[network], rows, list(rows[0]))
        if bundle is None and not (folder / "bundle" / "bundle.json").exists():
            options = ["--architecture", self.arguments.architecture]
            if self.arguments.epochs:
                options += ["--epochs", self.arguments.epochs]
            self.run("train", "--annotations", *files.values(), "--exemplars", *(self.work / "runs" / name for name in files),
                     "--encoder", self.encoder, "--hidden", 256, "--name", folder.name, "--feature-cache",
                     self.folder / "features", "-o", folder / "bundle", *options)
            shutil.rmtree(str(folder / "bundle") + ".training")
        return files

    def describe(self, place, run, tested, bundle):
        described = place / "run"
        if not described.exists():
            shutil.copytree(run, described, symlinks=True)
        units = [{"layer": layer, "unit": unit} for layer, unit in sorted(tested)]
        write(place / "units.csv", units, ["layer", "unit"])
        self.run("describe", described, "--bundle", bundle, "--units", place / "units.csv", "--no-report")
        return described

    def evaluate(self, place, described, network, tested, files):
        rows = [dict(row, split="test") for row in self.annotations(network) if key(row) in tested]
        # The constant is the best text of the units trained on, whatever their network.
        rows += [dict(row, split="train") for path in files.values() for row in read(path)]
        write(place / "test.csv", rows, list(rows[0]))
        self.run("evaluate", described, "--annotations", place / "test.csv", "--split", "test", "--train-annotations",
                 *files.values(), "--train-exemplars", *(self.work / "runs" / name for name in files), "--encoder",
                 self.encoder, "--feature-cache", self.folder / "features", "--no-certainty-rows", "--json-file",
                 place / "result.json")

    def left_out(self):
        """One row per network: trained on all the others."""
        for network in self.arguments.networks:
            tested = sample(self.annotations(network), 1, TEST_UNITS, 1)
            yield "left out", network, [self.score(f"left-out-{network}/test", network, tested, self.sources_without(network))]

    def within(self):
        """One row per network: trained on nine tenths of its own units, over several draws."""
        for network in self.arguments.networks:
            scores = []
            for trial in range(self.arguments.trials):
                rows = self.annotations(network)
                tested = sample(rows, 0.1, TEST_UNITS, trial)
                kept = [row for row in rows if key(row) not in tested]
                scores.append(self.score(f"within-{network}-{trial}/test", network, tested, {network: kept}))
            yield "within", network, scores

    def across(self):
        """One row per tested network: trained on each of the others alone."""
        for network in self.arguments.networks:
            tested = sample(self.annotations(network), 1, TEST_UNITS, 1)
            yield "across", network, [self.score(f"across-{other}/{network}", network, tested, {other: self.annotations(other)})
                                      for other in NETWORKS if other != network]

    def exemplars_of(self, network, name, sets):
        """Exemplars of the annotated layers over some sets of photos."""
        folder = self.folder / f"photos-{name}" / f"{network}.exemplars"
        folder.parent.mkdir(parents=True, exist_ok=True)
        photos = self.folder / f"photos-{name}.txt"
        photos.write_text("".join(f"{path.resolve()}\n" for one in sets for path in sorted((self.data / "photos" / one).iterdir())))
        layers = sorted({row["layer"] for row in self.annotations(network)})
        self.run("exemplars", self.data / "networks" / f"{network}.onnx", photos, "-o", folder, "--layers", ",".join(layers))
        return folder

    def photos(self):
        """The bundle's validation units by exemplars of all photos, of objects only, of anything else."""
        train = {network: [row for row in self.annotations(network) if row["split"] == "train"] for network in NETWORKS}
        for name, sets in ("all", None), ("objects", OBJECTS), ("others", OTHERS):
            for network in self.arguments.networks:
                rows = [row for row in self.annotations(network) if row["split"] == "val"]
                run = self.exemplars_of(network, name, sets) if sets else None
                yield f"photos: {name}", network, [self.score(f"photos-{name}/{network}", network, sample(rows, 1, TEST_UNITS, 1),
                                                              train, run, self.arguments.bundle)]


def summarize(rows):
    table = []
    for setting, network, scores in rows:
        entry = {"setting": setting, "network": network, "trials": len(scores)}
        for name in ("descriptions", "retrieval", "constant"):
            values = [score[name] for score in scores]
            entry[name] = f"{statistics.mean(values):.3f}"
            entry[name + "_sd"] = f"{statistics.stdev(values):.3f}" if len(values) > 1 else ""
        table.append(entry)
    return table


def to_markdown(table):
    lines = ["| setting | network | trials | descriptions | retrieval | constant |", "| --- | --- | ---: | ---: | ---: | ---: |"]
    for entry in table:
        cells = [entry[name] + (f" ± {entry[name + '_sd']}" if entry[name + "_sd"] else "")
                 for name in ("descriptions", "retrieval", "constant")]
        lines.append(f"| {entry['setting']} | {entry['network']} | {entry['trials']} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("milan")
    parser.add_argument("data")
    parser.add_argument("work")
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--architecture", default="set")
    parser.add_argument("--settings", default="left-out,photos,across,within")
    parser.add_argument("--networks", type=lambda names: names.split(","), default=NETWORKS, help="tested (all)")
    parser.add_argument("--bundle", type=pathlib.Path, default=pathlib.Path(__file__).parents[1] / "models" / "base",
                        help="that the setting `photos` describes with (models/base)")
    arguments = parser.parse_args()
    experiment = Experiment(arguments)
    settings = {"left-out": experiment.left_out, "within": experiment.within, "across": experiment.across,
                "photos": experiment.photos}
    rows = []
    for setting in arguments.settings.split(","):
        for row in settings[setting]():
            rows.append(row)
            table = summarize(rows)
            write(experiment.folder / "table.csv", table, list(table[0]))
            (experiment.folder / "table.md").write_text(to_markdown(table))
    print(to_markdown(table), end="")


if __name__ == "__main__":
    main()
