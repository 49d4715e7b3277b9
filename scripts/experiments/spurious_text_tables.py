"""Tables and plot of spurious_text.py, from what milan edit wrote per network."""
import statistics

from common import (holm, interval, markdown_table, p_text, percent, points, student_p_value, write_csv, write_json,
                    write_text)
from line_plot import line_plot

STEPS = (*range(0, 20, 2), *range(20, 51, 5))
ORDERS = {"edit": "by description", "random": "random units", "sorted": "any description (sort-all)"}
COMPARISONS = ("change", "less_random", "less_sorted")


def test_of(edit, photos):
    """The edit's measurement on `clean` or `counter` photos."""
    return next(test for test in edit["tests"] if test["photos"].startswith(photos))


def effect(result, validation, photos):
    """What an edit does to one network, shares: removing nothing changes nothing."""
    before = result["accuracy"][photos]
    edit = result["edits"][validation]
    if edit is None or edit["removed"] == 0:
        return {"before": before, "after": before, "change": 0.0, "less_random": 0.0, "less_sorted": 0.0}
    test = test_of(edit, photos)
    after = test["after"]["value"]
    return {"before": test["before"]["value"], "after": after, "change": after - test["before"]["value"],
            "less_random": after - statistics.mean(test["random"]["trials"]),
            "less_sorted": after - statistics.mean(test["sorted"]["trials"])}


def count(result, validation, key):
    edit = result["edits"][validation]
    return 0 if edit is None else edit[key]


def network_rows(results):
    rows = []
    for result in results:
        accuracy = result["accuracy"]
        first = next(iter(result["edits"]))
        rows.append({"share": result["share"], "seed": result["seed"], "clean": accuracy["clean"], "counter": accuracy["counter"],
                     "like": result["validation_accuracy"], "described": result["units"],
                     "matching": count(result, first, "matching_units"), "as_letters": count(result, first, "as_letters"),
                     "training_seconds": result["seconds"]})
    return rows


def edit_rows(results):
    rows = []
    for result in results:
        for validation in result["edits"]:
            row = {"share": result["share"], "seed": result["seed"], "validation": validation,
                   "matching": count(result, validation, "matching_units"), "removed": count(result, validation, "removed")}
            for photos in ("clean", "counter"):
                row |= {f"{photos}_{name}": value for name, value in effect(result, validation, photos).items()}
            rows.append(row)
    return rows


def by_share(rows):
    shares = list(dict.fromkeys(row["share"] for row in rows))
    return {share: [row for row in rows if row["share"] == share] for share in shares}


def column(rows, name):
    return [row[name] for row in rows]


def networks_table(rows):
    header = ["photos with a name", "networks", "like training", "clean test", "counter-cue test", "clean - counter-cue",
              "described units", "text units", "with the letters"]
    cells = []
    for share, group in by_share(rows).items():
        gap = [row["clean"] - row["counter"] for row in group]
        mean = lambda name: f"{statistics.mean(column(group, name)):.0f}"
        cells.append([f"{100 * share:g} %", len(group), percent(column(group, "like")), percent(column(group, "clean")),
                      percent(column(group, "counter")), points(gap), mean("described"), mean("matching"), mean("as_letters")])
    return markdown_table(header, cells)


def edits_table(rows):
    """One row per share, validation and photos; p-values by t over seeds, Holm over the rows of a share."""
    header = ["photos with a name", "chosen on", "removed", "test", "before", "after", "change", "p", "edit - random", "p",
              "edit - sort-all", "p"]
    cells, facts = [], []
    for share, group in by_share(rows).items():
        lines = []
        for validation in dict.fromkeys(column(group, "validation")):
            chosen = [row for row in group if row["validation"] == validation]
            for photos in ("counter", "clean"):
                lines.append((validation, photos, chosen))
        p_values = [student_p_value(column(chosen, f"{photos}_{name}"))
                    for _, photos, chosen in lines for name in COMPARISONS]
        corrected = holm(p_values)
        for i, (validation, photos, chosen) in enumerate(lines):
            values = {name: column(chosen, f"{photos}_{name}") for name in ("before", "after", *COMPARISONS)}
            p_of = dict(zip(COMPARISONS, corrected[3 * i:3 * i + 3]))
            compared = [text for name in COMPARISONS for text in (points(values[name]), p_text(p_of[name]))]
            removed = column(chosen, "removed")
            cells.append([f"{100 * share:g} %", validation, f"{min(removed)} to {max(removed)}",
                          "counter-cue" if photos == "counter" else photos, percent(values["before"]),
                          percent(values["after"]), *compared])
            facts.append({"share": share, "validation": validation, "photos": photos, "seeds": len(chosen), "removed": removed,
                          **{name: dict(zip(("mean", "low", "high"), interval(values[name]))) for name in values},
                          "corrected_p": p_of})
    return markdown_table(header, cells, right_from=2), facts


def at(curve, order, units):
    """Accuracy after that many units, between measured numbers along a straight line; nothing beyond or unmeasured."""
    known = [(point["units"], point[order]["value"]) for point in curve if order in point]
    for (low, first), (high, second) in zip(known, known[1:]):
        if low <= units <= high:
            return first + (second - first) * (units - low) / (high - low)
    return None


def curve_rows(results, validation):
    """Means over the seeds that have that many matching units."""
    rows = []
    for share, group in by_share([{"share": result["share"], "result": result} for result in results]).items():
        edits = [item["result"]["edits"][validation] for item in group]
        for photos in ("clean", "counter"):
            for units in STEPS:
                for order in ORDERS:
                    values = [at(test_of(edit, photos)["curve"], order, units) for edit in edits if edit]
                    values = [value for value in values if value is not None]
                    if values:
                        mean, low, high = interval(values)
                        rows.append({"share": share, "photos": photos, "units": units, "order": order, "seeds": len(values),
                                     "accuracy": mean, "low": low, "high": high})
    return rows


def curve_table(rows, share):
    """Only numbers of units that all seeds reach would compare like with like: the number of seeds is shown."""
    cells = []
    for units in STEPS:
        here = {(row["photos"], row["order"]): row for row in rows if row["share"] == share and row["units"] == units}
        if ("clean", "edit") not in here:
            continue
        text = lambda key: f"{100 * here[key]['accuracy']:.1f} %" if key in here else "–"
        cells.append([units, here["clean", "edit"]["seeds"], *(text((photos, order)) for photos in ("counter", "clean") for order in ORDERS)])
    names = [f"{photos}: {name}" for photos in ("counter-cue", "clean") for name in ORDERS.values()]
    return markdown_table(["units", "seeds", *names], cells, right_from=0)


def curve_plot(rows, share):
    series = []
    for photos, label in (("clean", "clean"), ("counter", "counter-cue")):
        for order, name in ORDERS.items():
            line = [(row["units"], row["accuracy"], row["low"], row["high"]) for row in rows
                    if row["share"] == share and row["photos"] == photos and row["order"] == order]
            series.append({"name": f"{label}: {name}", "points": line, "group": photos, "style": order})
    return line_plot(series, f"Accuracy, {100 * share:g} % of training photos with a name", "units zeroed", "accuracy")


def write(work, results, arguments):
    networks, edits = network_rows(results), edit_rows(results)
    write_csv(work / "networks.csv", networks, list(networks[0]))
    write_csv(work / "edits.csv", edits, list(edits[0]))
    table, facts = edits_table(edits)
    first = results[0]["share"]
    curves = {validation: curve_rows(results, validation) for validation in results[0]["edits"]}
    parts = [f"Units that match '{arguments.matching}'; mean over seeds and its 95 % interval (Student's t); p-values by t "
             "over seeds against 0, corrected by Holm over the rows of a share.\n", networks_table(networks), table]
    for validation, curve in curves.items():
        if not curve:
            continue
        write_csv(work / f"curve-{validation}.csv", curve, list(curve[0]))
        write_text(work / f"curve-{validation}.svg", curve_plot(curve, first))
        parts += [f"Along the order (chosen on {validation} photos, {100 * first:g} % with a name), whether chosen or not:\n",
                  curve_table(curve, first)]
    write_text(work / "results.md", "\n".join(parts))
    write_json(work / "results.json", {"settings": {key: str(value) for key, value in vars(arguments).items()},
                                       "networks": networks, "edits": edits, "tests": facts, "curves": curves})
