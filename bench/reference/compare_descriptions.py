"""Compares what both captioners said and how fast. compare_descriptions.py FOLDER ROUNDS"""

import json
import sys
from pathlib import Path
from statistics import median


def read(folder, name, rounds):
    return [json.loads(Path(folder, f"{name}.{number}.json").read_text())
            for number in range(1, rounds + 1)]


def print_rates(name, milan, original):
    for clock in ("wall", "processor"):
        rates = [[len(round_["units"]) / round_["seconds"][clock] for round_ in rounds]
                 for rounds in (milan, original)]
        ratios = [ours / theirs for ours, theirs in zip(*rates)]
        print(f"{clock:9} median of {len(ratios)}: {name} {median(rates[0]):.2f} units/s, original's"
              f" method {median(rates[1]):.2f}; ratio {median(ratios):.2f} "
              f"({min(ratios):.2f} to {max(ratios):.2f})")


def print_texts(milan, original):
    pairs = [(ours, original[ours["unit"]]) for ours in milan]
    same = sum(ours["text"] == theirs["text"] for ours, theirs in pairs)
    scores = [abs(ours["pmi"] - theirs["pmi"]) for ours, theirs in pairs
              if ours["text"] == theirs["text"]]
    texts = len({ours["text"] for ours in milan})
    lengths = [median(unit[key] for unit in original) for key in ("mean_length", "length")]
    print(f"same text: {same} of {len(pairs)} units ({texts} different texts), scores within "
          f"{max(scores, default=0):.1e}; beams: mean length {lengths[0]:.1f}, longest text "
          f"{lengths[1]:.0f} (medians)")
    for ours, theirs in pairs:
        if ours["text"] != theirs["text"]:
            print(f"  unit {ours['unit']}: '{ours['text']}' ({ours['pmi']:.4f}), '{theirs['text']}'"
                  f" ({theirs['pmi']:.4f}, {theirs['margin']:.4f} before its second)")
    changed = sum(unit["text"] != unit["text_of_original"] for unit in original)
    print(f"with one token too many of the language model, as the original counts: {changed} of "
          f"{len(original)} units get another text")


def main(folder, rounds):
    milan, original = (read(folder, name, int(rounds)) for name in ("milan", "original"))
    print_rates("milan", milan, original)
    for bundle, name in ("search", "shipped, search alone"), ("shipped", "shipped, with confidences"):
        print_rates(name, read(folder, bundle, int(rounds)), original)
    print_texts(milan[-1]["units"], original[-1]["units"])


if __name__ == "__main__":
    main(*sys.argv[1:])
