"""What the experiments share: kept steps, running milan, splits of class folders, tables, intervals."""
import csv
import json
import math
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import time

# Threads of libtorch that wait must not take the processor from others that work.
ENVIRONMENT = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}

# Two-sided 95 % points of Student's t for 1, 2, ... degrees of freedom.
STUDENT_95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
              2.120, 2.110, 2.101, 2.093)


def fail(message):
    sys.exit(f"error: {message}")


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_csv(path, rows, columns):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with open(partial, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    partial.rename(path)


def write_text(path, text):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.rename(path)


def write_json(path, value):
    write_text(path, json.dumps(value, indent=2) + "\n")


def read_json(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))


class Programs:
    """milan and its training example, run one at a time; a failed call ends the experiment."""

    def __init__(self, build, nice=0):
        self.build = pathlib.Path(build)
        self.nice = nice

    def run(self, program, *arguments, allowed=(0,)):
        path = self.build / program
        if not path.exists():
            fail(f"{path}: missing; build it by `make experiments-build`")
        command = [str(path), *map(str, arguments)]
        print("$ " + " ".join(command), flush=True)
        begin = time.monotonic()
        done = subprocess.run(command, env=ENVIRONMENT, check=False, preexec_fn=lambda: os.nice(self.nice))
        if done.returncode not in allowed:
            fail(f"{program} failed with exit code {done.returncode}: " + " ".join(command))
        print(f"  {time.monotonic() - begin:.0f} s", flush=True)
        return done.returncode

    def milan(self, *arguments, allowed=(0,)):
        return self.run("milan", *arguments, allowed=allowed)

    def milan_said(self, *arguments):
        """(exit code, what it said), for commands that may fail for a reason that is a result."""
        command = [str(self.build / "milan"), *map(str, arguments)]
        print("$ " + " ".join(command), flush=True)
        done = subprocess.run(command, env=ENVIRONMENT, check=False, stderr=subprocess.PIPE, text=True,
                              preexec_fn=lambda: os.nice(self.nice))
        print(done.stderr[-600:], flush=True)
        return done.returncode, done.stderr

    def train(self, *arguments):
        return self.run("milan_train_classifier", *arguments)

    def milan_json(self, *arguments):
        path = self.build / "milan"
        done = subprocess.run([str(path), *map(str, arguments), "--json"], env=ENVIRONMENT, check=False,
                              stdout=subprocess.PIPE)
        if done.returncode != 0:
            fail(f"milan failed with exit code {done.returncode}: " + " ".join(map(str, arguments)))
        return json.loads(done.stdout)


def make_folder(target, fill):
    """`fill(folder)` under a name that shows only what is complete; nothing when it is there already."""
    target = pathlib.Path(target)
    if target.exists():
        return target
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    fill(partial)
    partial.rename(target)
    return target


def split_classes(source, target, held, seed):
    """Links class folders as target/train and target/val: `held` photos of each class in the latter."""
    source = pathlib.Path(source).resolve()
    if not source.is_dir():
        fail(f"{source}: missing; --data names the development data")

    def fill(folder):
        for class_folder in sorted(path for path in source.iterdir() if path.is_dir()):
            photos = sorted(class_folder.iterdir())
            random.Random(f"{seed} {class_folder.name}").shuffle(photos)
            for part, chosen in (("val", photos[:held]), ("train", photos[held:])):
                (folder / part / class_folder.name).mkdir(parents=True)
                for photo in chosen:
                    (folder / part / class_folder.name / photo.name).symlink_to(photo)
    return make_folder(target, fill)


def interval(values):
    """Mean with its 95 % interval by Student's t: (mean, low, high); no interval (NaN) for a single value."""
    mean = statistics.mean(values)
    if len(values) < 2:
        return mean, math.nan, math.nan
    reach = STUDENT_95[min(len(values) - 2, len(STUDENT_95) - 1)] * statistics.stdev(values) / math.sqrt(len(values))
    return mean, mean - reach, mean + reach


def student_p_value(values):
    """Two-sided p-value of a mean of 0, by numerical integration of Student's density; NaN for less than 3 values."""
    count = len(values)
    if count < 3:
        return math.nan
    deviation = statistics.stdev(values)
    if deviation == 0:
        return 1.0 if statistics.mean(values) == 0 else 0.0
    t = abs(statistics.mean(values)) / deviation * math.sqrt(count)
    freedom = count - 1
    # With x = tan(angle) * sqrt(freedom) the density is proportional to cos(angle)^(freedom - 1).
    steps = 20000
    limit = math.atan(t / math.sqrt(freedom))
    density = lambda angle: math.cos(angle) ** (freedom - 1)
    area = lambda low, high: sum(density(low + (high - low) * (i + 0.5) / steps) for i in range(steps)) * (high - low) / steps
    return 1 - area(0, limit) / area(0, math.pi / 2)


def holm(p_values):
    """Holm's correction; NaN stays."""
    known = sorted((p, i) for i, p in enumerate(p_values) if not math.isnan(p))
    corrected, least = list(p_values), 0.0
    for rank, (p, i) in enumerate(known):
        least = max(least, min(1.0, p * (len(known) - rank)))
        corrected[i] = least
    return corrected


def percent(values):
    """A share in percent, with its interval over seeds."""
    mean, low, high = interval(values)
    return f"{100 * mean:.1f} %" + ("" if math.isnan(low) else f" ({100 * low:.1f} to {100 * high:.1f})")


def points(values):
    """A difference of shares in points, with its interval over seeds."""
    mean, low, high = interval(values)
    return f"{100 * mean:+.1f}" + ("" if math.isnan(low) else f" ({100 * low:+.1f} to {100 * high:+.1f})")


def p_text(p_value):
    return "–" if math.isnan(p_value) else "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def markdown_table(header, rows, right_from=1):
    """Cells of the first `right_from` columns are aligned left, the others right."""
    line = lambda cells: "| " + " | ".join(map(str, cells)) + " |"
    rule = line(["---" if i < right_from else "---:" for i in range(len(header))])
    return "\n".join([line(header), rule, *map(line, rows)]) + "\n"


def add_common_options(parser, work):
    parser.add_argument("--build", default="build/release", help="where milan and milan_train_classifier are (build/release)")
    parser.add_argument("--data", default="../shared/data", help="development data (../shared/data)")
    parser.add_argument("--work", default=work, help=f"results, and every finished step ({work})")
    parser.add_argument("--bundle", help="captioner (default: milan's)")
    parser.add_argument("--beam", type=int, default=20, help="of milan describe (20)")
    parser.add_argument("--nice", type=int, default=0, help="run programs at this niceness (0)")


def seeds(text):
    """1-5 or 1,2,7"""
    result = []
    for part in text.split(","):
        low, _, high = part.partition("-")
        result += range(int(low), int(high or low) + 1)
    return result
