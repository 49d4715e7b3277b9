#!/usr/bin/env python3
"""Does removing the units that descriptions call text make a network rely less on text?

usage: spurious_text.py [--seeds 1-5] [--shares 0.5,0.05,0.1,1] [--dose-seeds 1-2] [--work build/experiments/text]

Per share and seed: a network is trained on photos of which that share carries the right class name (overlay_text.py);
`milan describe` describes its units over the same photos; `milan edit --matching` removes units whose descriptions
speak of text, chosen on validation photos; accuracy is measured on clean test photos and on ones that carry random
names, beside random units and units chosen alike whatever their description (sort-all). Three kinds of validation photos:

  like     held from the training photos and written on as these: what the paper chose on. Its names tell the truth,
           so units that read them are worth something there.
  clean    the same photos without any name: someone knows that the cue should not matter.
  counter  the same photos, each with a random name: chosen for what the edit is meant to do; an upper bound.

`like` and `clean` answer the issue's question; all decisions are made without the test photos. Every finished step is
kept in --work; the same command continues. Writes results.md, results.json, networks.csv, edits.csv, curve-*.csv, curve-*.svg.
"""
import argparse
import pathlib

import overlay_text
import spurious_text_tables
from common import (Programs, add_common_options, fail, make_folder, read_csv, read_json, seeds, split_classes, write_json)

VALIDATIONS = ("like", "clean", "counter")
MATCHING = "text|letter|word|writing|lettering|sign"
HELD = 40  # photos per class for validation, of 320


class Network:
    """One network of the experiment: its folder, photos, run and edits."""

    def __init__(self, experiment, share, seed):
        self.arguments, self.programs = experiment, Programs(experiment.build, experiment.nice)
        self.share, self.seed = share, seed
        self.is_main = share == experiment.shares[0]  # the dose curve does with fewer controls and points
        self.work = pathlib.Path(experiment.work)
        self.folder = self.work / f"share-{100 * share:g}" / f"seed-{seed}"
        self.onnx = self.folder / "network.onnx"
        self.run = self.folder / "run"

    def photos(self, source, name, share, names, seed):
        """Photos with names written on some, made once."""
        target = self.work / "photos" / name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            options = ["--share", share, "--names", names, "--seed", seed, "--size", self.arguments.size,
                       "--opacity", self.arguments.opacity, "--position", self.arguments.position,
                       "--enlarge", self.arguments.enlarge]
            overlay_text.main([str(source), str(target), *map(str, options)])
        return target

    def make_photos(self):
        data = pathlib.Path(self.arguments.data) / "imagenette10"
        split = split_classes(data / "train", self.work / "photos" / f"split-{self.seed}", HELD, self.seed)
        dose, seed = f"{100 * self.share:g}-{self.seed}", self.seed
        self.train = self.photos(split / "train", f"train-{dose}", self.share, "correct", seed)
        self.validation = {
            "like": self.photos(split / "val", f"validation-like-{dose}", self.share, "correct", seed),
            "clean": self.photos(split / "val", f"validation-clean-{seed}", 0, "correct", seed),
            "counter": self.photos(split / "val", f"validation-counter-{seed}", 1, "random", 1000 + seed)}
        self.test = {"clean": self.photos(data / "val", "test-clean", 0, "correct", 0),
                     "counter": self.photos(data / "val", f"test-counter-{seed}", 1, "random", 2000 + seed)}

    def make_network(self):
        if not self.onnx.exists():
            self.programs.train(self.train, self.validation["like"], "-o", self.onnx, "--seed", self.seed, "--no-flip",
                                "--smallest-crop", self.arguments.smallest_crop, "--epochs", self.arguments.epochs,
                                "--widths", self.arguments.widths, "--unit-dropout", self.arguments.unit_dropout)

    def describe(self):
        bundle = ["--bundle", self.arguments.bundle] if self.arguments.bundle else []
        if not (self.run / "descriptions.csv").exists():
            self.programs.milan("describe", self.onnx, self.train, "-o", self.run, "--beam", self.arguments.beam, *bundle)

    def accuracy(self):
        """Of the whole network, {clean, counter}."""
        path = self.folder / "accuracy.json"
        if not path.exists():
            write_json(path, {name: self.programs.milan_json("accuracy", self.onnx, photos)["top1"]
                              for name, photos in self.test.items()})
        return read_json(path)

    def edit(self, validation):
        """The report of `milan edit`; nothing when no description matches."""
        folder = self.folder / f"edit-{validation}"
        report = folder / "report" / "edit.json"
        nothing = folder / "nothing-matches"
        if not report.exists() and not nothing.exists():
            folder.mkdir(parents=True, exist_ok=True)
            options = ["--layers", self.arguments.layers] if self.arguments.layers else []
            options += [] if self.arguments.with_guesses else ["--only-reliable"]
            controls = (6, 5) if self.is_main else (5, 2)
            code, said = self.programs.milan_said(
                "edit", self.onnx, self.validation[validation], "--run", self.run, "--matching", self.arguments.matching,
                "--test", self.test["clean"], "--counter-cue", self.test["counter"], "--tolerance", self.arguments.tolerance,
                "--points", controls[0], "--trials", controls[1], "--seed", self.seed, "-o", folder / "edited.onnx",
                "--report", folder / "report", *options)
            if code == 1 and not report.exists() and "nothing to edit" in said:
                nothing.touch()
            elif not report.exists() or code not in (0, 1):
                fail(f"milan edit failed with exit code {code}: {said}")
        return read_json(report) if report.exists() else None

    def result(self):
        self.make_photos()
        self.make_network()
        self.describe()
        training = read_json(self.onnx.with_suffix(".json"))["training"]
        return {"share": self.share, "seed": self.seed, "accuracy": self.accuracy(), "seconds": training["seconds"],
                "validation_accuracy": training["per_epoch"][-1]["accuracy"],
                "units": len(read_csv(self.run / "descriptions.csv")),
                "edits": {name: self.edit(name) for name in self.arguments.validations}}


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=seeds, default=seeds("1-5"))
    parser.add_argument("--dose-seeds", type=seeds, default=seeds("1-2"), help="of the other shares (1-2)")
    parser.add_argument("--shares", type=lambda text: [float(part) for part in text.split(",")], default=[0.5, 0.05, 0.1, 1.0],
                        help="of photos with a name; the first is the main experiment (0.5,0.05,0.1,1)")
    parser.add_argument("--validations", type=lambda text: text.split(","), default=["like", "clean", "counter"],
                        help="kinds of photos to choose on (like,clean,counter)")
    parser.add_argument("--matching", default=MATCHING, help=f"what descriptions must speak of ({MATCHING})")
    parser.add_argument("--layers", default="layer2", help="edit only these, as layer2,layer3; empty: all (layer2)")
    parser.add_argument("--with-guesses", action="store_true", help="take units, too, whose descriptions are only guesses")
    parser.add_argument("--tolerance", type=float, default=0.01, help="of milan edit: what validation accuracy may fall by (0.01)")
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--widths", default="32,64,96,192")
    parser.add_argument("--unit-dropout", type=float, default=0.15, help="part of each layer's units zeroed in training (0.15)")
    parser.add_argument("--smallest-crop", type=float, default=0.85)
    parser.add_argument("--size", type=int, default=15, help="of the letters in pixels (15)")
    parser.add_argument("--opacity", type=float, default=0.65, help="of their ground (0.65)")
    parser.add_argument("--position", choices=overlay_text.POSITIONS, default="anywhere")
    parser.add_argument("--enlarge", type=float, default=1, help="photos before writing; the network sees 96 pixels all the same (1)")
    add_common_options(parser, "build/experiments/text")
    arguments = parser.parse_args()
    if not arguments.seeds:
        fail("--seeds: at least one")
    if not arguments.validations or not set(arguments.validations) <= set(VALIDATIONS):
        fail(f"--validations: some of {', '.join(VALIDATIONS)}")
    return arguments


def require_same_settings(arguments):
    """Kept steps of other settings would be mixed in silently."""
    names = ("matching", "layers", "with_guesses", "tolerance", "epochs", "widths", "unit_dropout", "smallest_crop", "size", "opacity", "position", "enlarge",
             "bundle", "beam")
    settings = {name: getattr(arguments, name) for name in names} | {"main share": arguments.shares[0]}
    path = pathlib.Path(arguments.work) / "settings.json"
    if path.exists() and read_json(path) != settings:
        fail(f"{path} was made with other settings; take another --work, or remove that folder")
    write_json(path, settings)


def main():
    arguments = parse()
    require_same_settings(arguments)
    main_share, *others = arguments.shares
    networks = [(main_share, seed) for seed in arguments.seeds]
    networks += [(share, seed) for seed in arguments.dose_seeds for share in others]
    results = []
    for share, seed in networks:
        print(f"== share {100 * share:g} %, seed {seed}", flush=True)
        results.append(Network(arguments, share, seed).result())
        spurious_text_tables.write(pathlib.Path(arguments.work), results, arguments)
    print(pathlib.Path(arguments.work, "results.md").read_text(encoding="utf-8"), end="")


if __name__ == "__main__":
    main()
