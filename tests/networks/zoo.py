"""Runs milan on the field's networks (networks.csv) and prints a table of how it went.

    python3 zoo.py --build build/release --folder build/zoo --photos PHOTOS [NAME ...]

Each network is exported by export_network.py, its modules' outputs are compared with PyTorch's
hooks, `milan exemplars` runs over 64 of the photos, and the files are deleted again. Writes
FOLDER/networks.md as it goes. Exit code 1 when anything fails.
"""
import argparse
import csv
import json
import pathlib
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent
HEADER = """| network | input | file | values | proposed | default | modules compared | largest difference | 64 photos |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""


def choose_photos(folder, count=64):
    """Every n-th photo of the tree."""
    names = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".png"))
    step = max(1, len(names) // count)
    return names[::step][:count]


def run_exemplars(milan, network, photos, folder):
    """Seconds for the default layers over the photos."""
    run = folder / "run"
    shutil.rmtree(run, ignore_errors=True)
    started = time.monotonic()
    result = subprocess.run([milan, "exemplars", network, photos, "-o", run, "--quiet"],
                            capture_output=True, text=True)
    if result.returncode != 0:
        raise RuntimeError(result.stderr.strip())
    seconds = time.monotonic() - started
    manifest = json.loads((run / "run.json").read_text())
    if not manifest["complete"] or manifest["photos"]["skipped"] != 0:
        raise RuntimeError("the run is incomplete or skipped photos")
    shutil.rmtree(run)
    return f"{seconds:.0f} s"


def try_network(row, arguments, photos):
    name, folder = row["name"], arguments.folder
    network, hooks = folder / f"{name}.onnx", folder / f"{name}.values.safetensors"
    try:
        subprocess.run([sys.executable, HERE / "export_network.py", name, folder], check=True)
        size = sum(file.stat().st_size for file in [network]) / 1e6
        compared = subprocess.run(
            [arguments.build / "milan_compare_network", network, hooks],
            capture_output=True, text=True)
        if not compared.stdout:
            raise RuntimeError(compared.stderr.strip())
        found = json.loads(compared.stdout)
        hooks.unlink()
        is_photo = int(row["height"]) > 1
        seconds = run_exemplars(arguments.build / "milan", network, photos, folder) if is_photo else "-"
        line = (f"| {name} | {row['height']}x{row['width']} | {size:.1f} MB | {found['values']} | "
                f"{found['proposed']} | {found['default']} | {found['compared']} | "
                f"{found['largest_difference']:.1e} | {seconds} |")
        problem = ""
        if compared.returncode != 0:
            problem = f"missing {found['missing'][:8]}, worst {found['worst']}"
        return line, problem
    finally:
        network.unlink(missing_ok=True)
        hooks.unlink(missing_ok=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("--photos", type=pathlib.Path, required=True)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    arguments.build, arguments.folder = arguments.build.resolve(), arguments.folder.resolve()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    photos = arguments.folder / "photos.txt"
    chosen = choose_photos(arguments.photos.resolve())
    if not chosen:
        sys.exit(f"error: {arguments.photos}: no photos; name a folder of photos with --photos")
    photos.write_text("".join(f"{path}\n" for path in chosen))
    rows = list(csv.DictReader(open(HERE / "networks.csv")))
    unknown = set(arguments.names) - {row["name"] for row in rows}
    if unknown:
        sys.exit(f"error: not in networks.csv: {', '.join(sorted(unknown))}")
    failures = 0
    with open(arguments.folder / "networks.md", "w") as table:
        table.write(HEADER)
        print(HEADER, end="", flush=True)
        for row in rows:
            if arguments.names and row["name"] not in arguments.names:
                continue
            try:
                line, problem = try_network(row, arguments, photos)
            except (RuntimeError, subprocess.CalledProcessError) as error:
                line, problem = f"| {row['name']} | failed | | | | | | | |", str(error)
            print(line, flush=True)
            table.write(line + "\n")
            table.flush()
            if problem:
                failures += 1
                print(f"{row['name']}: {problem}", file=sys.stderr, flush=True)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
