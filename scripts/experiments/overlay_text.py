#!/usr/bin/env python3
"""Writes class names on photos: a copy of class folders in which a share of the photos carries a name.

usage: overlay_text.py SOURCE TARGET [--share 0.5] [--names correct|random] [--seed N] [options]

SOURCE has one folder per class, named "n01440764_tench" or "tench"; what is written is "tench". With --names correct a
photo carries the name of its own class. With --names random it carries one drawn uniformly from all classes, its own
included: one photo in as many as there are classes then tells the truth. Which photos carry a name, and which name, is
decided by --seed and the photo's path alone. Every photo is written anew as PNG, with and without a name, so that
compression tells nothing. TARGET/names.csv lists photo, label, name (empty: none).
"""
import argparse
import csv
import pathlib
import random
import re
import shutil
import sys

try:
    from PIL import Image, ImageDraw, ImageFont
except ImportError:
    sys.exit("error: needs Debian's python3-pil: scripts/install_dependencies.sh --with-experiments")

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"
POSITIONS = ("top-left", "top-right", "bottom-left", "bottom-right", "centre", "anywhere")
SUFFIXES = {".jpg", ".jpeg", ".png"}
MARGIN = 2  # pixels between the letters and the end of their ground


def human_name(folder):
    """n02102040_English_springer -> English springer"""
    return re.sub(r"^n\d{8}_", "", folder).replace("_", " ")


def load_font(path, size):
    try:
        return ImageFont.truetype(path, size)
    except OSError:
        sys.exit(f"error: {path}: no such font; fonts-dejavu-core has the usual one, --font names another")


def lines_of(draw, name, font, width):
    """The name in as many lines as it needs, divided at spaces."""
    lines = []
    for word in name.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and draw.textlength(longer, font=font) + 2 * MARGIN <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def fit(draw, name, arguments, width):
    """Lines and font: smaller than asked for only where a single word would not fit."""
    for size in range(arguments.size, 5, -1):
        font = load_font(arguments.font, size)
        lines = lines_of(draw, name, font, width)
        if all(draw.textlength(line, font=font) + 2 * MARGIN <= width for line in lines):
            break
    return lines, font


def place(position, free, generator):
    """Left and top corner of a ground that may move by `free` pixels."""
    if position == "anywhere":
        return generator.randint(0, max(0, free[0])), generator.randint(0, max(0, free[1]))
    if position == "centre":
        return free[0] // 2, free[1] // 2
    return (free[0] if "right" in position else 0), (free[1] if "bottom" in position else 0)


def write_name(photo, name, arguments, generator):
    """White letters on a black ground of the given opacity."""
    ground = Image.new("RGBA", photo.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(ground)
    lines, font = fit(draw, name, arguments, photo.width)
    ascent, descent = font.getmetrics()
    height = len(lines) * (ascent + descent) + 2 * MARGIN
    width = int(max(draw.textlength(line, font=font) for line in lines)) + 2 * MARGIN
    left, top = place(arguments.position, (photo.width - width, photo.height - height), generator)
    alpha = round(255 * arguments.opacity)
    draw.rectangle((left, top, left + width - 1, top + height - 1), fill=(0, 0, 0, alpha))
    for i, line in enumerate(lines):
        draw.text((left + MARGIN, top + MARGIN + i * (ascent + descent)), line, font=font,
                  fill=(255, 255, 255, max(alpha, round(255 * arguments.letters))))
    return Image.alpha_composite(photo.convert("RGBA"), ground).convert("RGB")


def enlarged(photo, factor):
    if factor == 1:
        return photo
    return photo.resize((round(photo.width * factor), round(photo.height * factor)), Image.BICUBIC)


def chosen(paths, share, seed):
    """Exactly `share` of a class's photos, the same ones whatever else is asked for."""
    order = sorted(paths)
    random.Random(f"{seed} {order[0].parent.name}").shuffle(order)
    return set(order[:round(share * len(order))])


def copy(arguments):
    source, target = pathlib.Path(arguments.source), pathlib.Path(arguments.target)
    folders = sorted(folder for folder in source.iterdir() if folder.is_dir())
    if not folders:
        sys.exit(f"error: {source}: has no class folders")
    names = [human_name(folder.name) for folder in folders]
    rows = []
    for folder, own in zip(folders, names):
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
        if not paths:
            sys.exit(f"error: {folder}: has no photos")
        with_name = chosen(paths, arguments.share, arguments.seed)
        (target / folder.name).mkdir(parents=True)
        for path in paths:
            generator = random.Random(f"{arguments.seed} {folder.name}/{path.name}")
            name = own if arguments.names == "correct" else generator.choice(names)
            photo = enlarged(Image.open(path).convert("RGB"), arguments.enlarge)
            if path in with_name:
                photo = write_name(photo, name, arguments, generator)
            result = target / folder.name / f"{path.stem}.png"
            photo.save(result, compress_level=1)
            rows.append((f"{folder.name}/{result.name}", folder.name, name if path in with_name else ""))
    with open(target / "names.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([("photo", "label", "name"), *rows])
    return rows


def share(text):
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("must be 0 to 1")
    return value


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("target", help="must not exist")
    parser.add_argument("--share", type=share, default=0.5, help="of each class's photos (0.5)")
    parser.add_argument("--names", choices=("correct", "random"), default="correct")
    parser.add_argument("--font", default=FONT)
    parser.add_argument("--size", type=int, default=15, help="of the font, in pixels of the written photo (15)")
    parser.add_argument("--position", choices=POSITIONS, default="top-left")
    parser.add_argument("--opacity", type=share, default=0.65, help="of the black ground (0.65)")
    parser.add_argument("--letters", type=share, default=1, help="opacity of the letters (1)")
    parser.add_argument("--enlarge", type=float, default=1, help="photos first, so that letters are sharper (1)")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(argv)


def main(argv=None):
    arguments = parse(argv)
    target = pathlib.Path(arguments.target)
    if target.exists():
        sys.exit(f"error: {target}: is there already")
    partial = target.with_name(target.name + ".partial")  # what is under its name is complete
    shutil.rmtree(partial, ignore_errors=True)
    arguments.target = partial
    rows = copy(arguments)
    partial.rename(target)
    print(f"{target}: {len(rows)} photos, {sum(1 for row in rows if row[2])} with a name")


if __name__ == "__main__":
    main()
