"""Copies a bundle without its confidences, so that its search can be timed alone.

    copy_without_calibration.py BUNDLE COPY
"""

import json
import shutil
import sys
from pathlib import Path

CONFIDENCE = ("confidence.json", "confidence.safetensors")


def main(bundle, copy):
    shutil.copytree(bundle, copy, ignore=shutil.ignore_patterns(*CONFIDENCE))
    manifest_path = Path(copy, "bundle.json")
    manifest = json.loads(manifest_path.read_text())
    for name in CONFIDENCE:
        manifest["files"].pop(name, None)  # files that are not listed do not count
    manifest_path.write_text(json.dumps(manifest))


if __name__ == "__main__":
    main(*sys.argv[1:])
