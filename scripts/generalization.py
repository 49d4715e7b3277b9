#!/usr/bin/env python3
"""How well a captioner describes units that it was not trained on: within networks, on a network left out.

usage: generalization.py MILAN DATA WORK [--trials N] [--epochs N] [--architecture A] [--settings left-out,within]

WORK is the folder of `make train` (runs/ and encoder/). Every captioner is trained by `milan train`, every description
made by `milan describe`, every score computed by `milan evaluate`. Writes WORK/generalization/table.csv and table.md: content-word
F1 of the descriptions, of retrieval (the text of the most similar training unit) and of the best constant. Continues
where it was interrupted.
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
TEST_UNITS = 500  # per network and trial: enough for an error of 0.01


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

    def run(self, *command):
        subprocess.run([self.milan, *map(str, command)], check=True)

    def annotations(self, network):
        return read(self.data / "annotations" / f"{network}.csv")

    def score(self, name, network, tested, train):
        """Trains on `train` {network: rows}, scores the units `tested` of `network`; keeps the result."""
        place = self.folder / name
        result = place / "result.json"
        if not result.exists():
            self.train_and_score(place, network, tested, train)
        rows = {row["name"]: row for row in json.loads(result.read_text())["rows"] if not row.get("certainty")}
        value = lambda row: rows[row]["content_word_f1"]["value"]
        return {"descriptions": value("descriptions"), "retrieval": value("retrieval"), "constant": value("constant")}

    def train_and_score(self, place, network, tested, train):
        place.mkdir(parents=True, exist_ok=True)
        files, runs = [], []
        for other, rows in train.items():
            files.append(place / f"{other}.train.csv")
            runs.append(self.work / "runs" / other)
            write(files[-1], rows, list(rows[0]))
        options = ["--architecture", self.arguments.architecture]
        if self.arguments.epochs:
            options += ["--epochs", self.arguments.epochs]
        encoder = self.work / "encoder" / "encoder.onnx"
        self.run("train", "--annotations", *files, "--exemplars", *runs, "--encoder", encoder, "--hidden", 256,
                 "--name", place.name, "--feature-cache", self.folder / "features", "-o", place / "bundle", *options)
        described = place / "run"
        if not described.exists():
            shutil.copytree(self.work / "runs" / network, described, symlinks=True)
        units = [{"layer": layer, "unit": unit} for layer, unit in sorted(tested)]
        write(place / "units.csv", units, ["layer", "unit"])
        self.run("describe", described, "--bundle", place / "bundle", "--units", place / "units.csv", "--no-report")
        rows = [dict(row, split="test") for row in self.annotations(network) if key(row) in tested]
        write(place / "test.csv", rows, list(rows[0]))
        self.run("evaluate", described, "--annotations", place / "test.csv", "--split", "test", "--train-annotations",
                 *files, "--train-exemplars", *runs, "--encoder", encoder, "--feature-cache", self.folder / "features",
                 "--no-certainty-rows", "--json-file", place / "result.json")
        shutil.rmtree(str(place / "bundle") + ".training")

    def left_out(self):
        """One row per network: trained on the other three."""
        for network in NETWORKS:
            train = {other: self.annotations(other) for other in NETWORKS if other != network}
            tested = sample(self.annotations(network), 1, TEST_UNITS, 1)
            yield "left out", network, [self.score(f"left-out-{network}", network, tested, train)]

    def within(self):
        """One row per network: trained on nine tenths of its own units, over several draws."""
        for network in NETWORKS:
            scores = []
            for trial in range(self.arguments.trials):
                rows = self.annotations(network)
                tested = sample(rows, 0.1, TEST_UNITS, trial)
                kept = [row for row in rows if key(row) not in tested]
                scores.append(self.score(f"within-{network}-{trial}", network, tested, {network: kept}))
            yield "within", network, scores


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
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("milan")
    parser.add_argument("data")
    parser.add_argument("work")
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--architecture", default="set")
    parser.add_argument("--settings", default="left-out,within")
    arguments = parser.parse_args()
    experiment = Experiment(arguments)
    rows = []
    for setting in arguments.settings.split(","):
        rows += list({"left-out": experiment.left_out, "within": experiment.within}[setting]())
        table = summarize(rows)
        write(experiment.folder / "table.csv", table, list(table[0]))
        (experiment.folder / "table.md").write_text(to_markdown(table))
    print(to_markdown(table), end="")


if __name__ == "__main__":
    main()
