#!/usr/bin/env python3
"""Which kinds of units two ImageNet classifiers need, by the categories of their descriptions.

usage: importance.py [--photos 400] [--work build/experiments/importance]

squeezenet1_1 and mobilenet_v2 are described over all photos of the data; `milan analyze` removes units in the order of
properties of their descriptions, and every unit of one late layer by itself, on labelled photos (one of each of as many
ImageNet classes as --photos). Every finished step is kept in --work; the same command continues. Writes results.md and
results.json; the pages of `milan analyze` are beside them.
"""
import argparse
import pathlib
import random

from common import Programs, add_common_options, fail, markdown_table, p_text, read_csv, read_json, write_csv, write_json, write_text

# A late layer of each: units are removed one by one in it.
NETWORKS = {"squeezenet1_1": "fire9/concat", "mobilenet_v2": "MobileNetV2/Conv2d_18_1/relu6/Relu6"}
PROPERTIES = "colour,texture,shape,part,person,animal,object,scene"
CLASSES = 1000
LEAST_UNITS = 5  # of a category that the table shows


def background_classes(onnx):
    """Of a classifier with the 1,000 classes of ImageNet: classes that come before them (TensorFlow's have one)."""
    names = onnx.with_name(read_json(onnx.with_suffix(".json"))["labels"])
    return len(names.read_text(encoding="utf-8").splitlines()) - CLASSES


def labelled_photos(data, folder, count, seed, first):
    """list.txt and labels.csv of photos whose ImageNet class photos.csv gives; classes are numbered from `first`."""
    rows = [row for row in read_csv(data / "photos.csv") if row["set"] == "imagenet1k"]
    if not rows:
        fail(f"{data / 'photos.csv'}: lists no photos of imagenet1k; --data names the development data")
    # Classes are numbered in the order of their WordNet ids; names alone ("crayfish") may mean several.
    classes = sorted({row["class"][:9] for row in rows})
    if len(classes) != CLASSES:
        fail(f"{data / 'photos.csv'}: has photos of {len(classes)} classes of imagenet1k, not of {CLASSES}")
    random.Random(seed).shuffle(rows)
    rows = sorted(rows[:count], key=lambda row: row["path"])
    write_csv(folder / "labels.csv", [{"photo": row["path"], "label": first + classes.index(row["class"][:9])} for row in rows],
              ["photo", "label"])
    write_text(folder / "list.txt", f"# root: {(data / 'photos').resolve()}\n" + "".join(row["path"] + "\n" for row in rows))


class Study:
    """One network: described and analysed."""

    def __init__(self, arguments, name):
        self.arguments, self.name = arguments, name
        self.programs = Programs(arguments.build, arguments.nice)
        self.data, self.work = pathlib.Path(arguments.data), pathlib.Path(arguments.work)
        self.onnx = self.data / "networks" / f"{name}.onnx"
        self.run = self.work / name / "run"

    def describe(self):
        if (self.run / "descriptions.csv").exists():
            return
        bundle = ["--bundle", self.arguments.bundle] if self.arguments.bundle else []
        self.programs.milan("describe", self.onnx, self.data / "photos", "-o", self.run, "--beam", self.arguments.beam, *bundle)

    def analyze(self, name, *options):
        target = self.work / self.name / name
        if not (target / "analysis.json").exists():
            photos = self.work / self.name / "photos"
            labelled_photos(self.data, photos, self.arguments.photos, self.arguments.seed, background_classes(self.onnx))
            self.programs.milan("analyze", self.run, photos / "list.txt", "--labels", photos / "labels.csv", "--network",
                                self.onnx, "--seed", self.arguments.seed, "-o", target, *options)
        return read_json(target / "analysis.json")

    def result(self):
        self.describe()
        properties = [part for name in self.arguments.properties.split(",") for part in ("--property", name)]
        return {"curves": self.analyze("curves", *properties, "--seeds", self.arguments.orders),
                "importance": self.analyze("importance", "--no-curves", "--importance", NETWORKS[self.name])}


def share(interval):
    return f"{100 * interval['value']:.1f} % ({100 * interval['low']:.1f} to {100 * interval['high']:.1f})"


def difference(interval, factor=100, digits=1):
    return " ".join([f"{factor * interval['value']:+.{digits}f}",
                     f"({factor * interval['low']:+.{digits}f} to {factor * interval['high']:+.{digits}f})"])


def curves_table(analysis):
    cells = []
    chance = {point["fraction"]: point for point in analysis["chance"]["points"]}
    for curve in analysis["properties"]:
        for point in curve["points"]:
            cells.append([curve["name"], curve["units_with"], f"{100 * point['fraction']:g} %", share(point["accuracy"]),
                          share(chance[point["fraction"]]["accuracy"]), difference(point["less_chance"]),
                          p_text(point["adjusted_p_value"])])
    return markdown_table(["units that speak of", "so many do", "removed", "accuracy", "as many random ones", "less chance (points)",
                           "corrected p"], cells)


def importance_table(layer):
    cells = [[row["category"], row["units"], f"{100 * row['drop']:+.2f}", f"{row['output_drop']:+.4f}",
              difference(row["more_than_others"], 1, 4), p_text(row["adjusted_p_value"])]
             for row in layer["categories"] if row["units"] >= LEAST_UNITS]
    return markdown_table(["category", "units", "accuracy lost per unit (points)", "output lost per unit", "more than other units",
                           "corrected p"], cells)


def section(name, result):
    analysis = result["curves"]["curves"]
    layers = result["importance"]["importance"]
    return "\n".join([
        f"### {name}\n",
        f"{analysis['units']} described units; accuracy without edits {share(analysis['baseline'])} on {analysis['photos']} photos.\n",
        curves_table(analysis),
        *(f"Every unit of `{layer['layer']}` by itself, by category (those with {LEAST_UNITS} units or more):\n\n{importance_table(layer)}"
          for layer in layers)])


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", default=",".join(NETWORKS), help=f"of {', '.join(NETWORKS)} (both)")
    parser.add_argument("--photos", type=int, default=400, help="labelled ones, of 1,000 (400)")
    parser.add_argument("--properties", default=PROPERTIES, help=f"for the curves ({PROPERTIES})")
    parser.add_argument("--orders", type=int, default=3, help="random orders of units (3)")
    parser.add_argument("--seed", type=int, default=1, help="of the photos and the orders")
    add_common_options(parser, "build/experiments/importance")
    arguments = parser.parse_args()
    unknown = set(arguments.networks.split(",")) - set(NETWORKS)
    if unknown:
        fail(f"--networks: {', '.join(unknown)} unknown; there are {', '.join(NETWORKS)}")
    return arguments


def main():
    arguments = parse()
    work = pathlib.Path(arguments.work)
    results = {}
    for name in arguments.networks.split(","):
        print(f"== {name}", flush=True)
        results[name] = Study(arguments, name).result()
        write_text(work / "results.md", "\n".join(section(name, result) for name, result in results.items()))
        write_json(work / "results.json", results)
    print((work / "results.md").read_text(encoding="utf-8"), end="")


if __name__ == "__main__":
    main()
