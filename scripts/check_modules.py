#!/usr/bin/env python3
"""Holds the module table of docs/architecture.md against the #include lines.

Fails when a module includes one it may not, when a heavy library appears outside its module or in a
header that others include, when a library prints or exits, or when a file outgrows its budget.
"""
import pathlib
import re
import subprocess
import sys

# module: modules whose headers it may include
ALLOWED = {
    "base": set(),
    "image": {"base"},
    "network": {"base"},
    "cluster": {"base"},
    "exemplar": {"base", "image", "network", "cluster"},
    "ablation": {"base", "image", "network", "exemplar"},
    "text": {"base"},
    "evaluate": {"base", "text"},
    "report": {"base", "image", "exemplar", "text"},
    "actions": {"base", "image", "network", "exemplar", "ablation", "text", "evaluate", "report"},
    "captioner": {"base", "image", "network", "exemplar", "text", "evaluate"},
}
# include pattern: module that may use it
HEAVY = {
    r"torch/|ATen/|c10/": "captioner",
    r"onnx/|google/protobuf": "network",
    r"onnxruntime": "network",
    r"jpeglib|png\.h|webp/|archive(_entry)?\.h": "image",
    r"nlohmann": "base",
    r"xxhash": "base",
    r"zip\.h": "base",
    r"mpi\.h": "cluster",
    r"CLI/": "cli",
    r"spdlog": "cli",
}
# Headers that hide nothing: for .cc files only, and named here so that the exception is visible.
PRIVATE_HEADERS = {"milan/base/json.h", "milan/evaluate/interval_json.h"}
# Headers that only tests include: what several tests of one module share.
TEST_HEADERS = {
    "milan/actions/test_senses.h",
    "milan/captioner/colour_run.h",
    "milan/captioner/reference_captioner.h",
    "milan/evaluate/test_word_net.h",
    "milan/network/test_networks.h",
    "milan/report/synthetic_run.h",
}
PRINTS = re.compile(r"\b(std::cout|std::cerr|printf\(|fprintf\(|fmt::print|std::exit|abort\(\))")
LONGEST_FILE = 600


def tracked_sources():
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "milan", "cli", "tests", "bench"],
        check=True, capture_output=True, text=True).stdout.split()
    return [pathlib.Path(name) for name in names if name.endswith((".h", ".cc"))]


def module_of(path):
    return path.parts[1] if path.parts[0] == "milan" else path.parts[0]


def problems_of(path):
    module = module_of(path)
    is_test = (path.name.endswith("_test.cc") or path.parts[0] in ("tests", "bench")
               or str(path) in TEST_HEADERS)
    text = path.read_text()
    lines = text.splitlines()
    if len(lines) > LONGEST_FILE:
        yield f"{path}: {len(lines)} lines (limit {LONGEST_FILE}): split it"
    for number, line in enumerate(lines, 1):
        match = re.match(r'\s*#include [<"]([^>"]+)[>"]', line)
        if match:
            include = match.group(1)
            if include.startswith("milan/") and path.parts[0] == "milan":
                other = include.split("/")[1]
                if other != module and other not in ALLOWED[module]:
                    yield f"{path}:{number}: {module} may not include {other}"
            if include in PRIVATE_HEADERS and path.suffix == ".h" and not is_test and str(path) not in PRIVATE_HEADERS:
                yield f"{path}:{number}: {include} is for .cc files only"
            for pattern, owner in HEAVY.items():
                if re.match(pattern, include) and module != owner and not is_test:
                    yield f"{path}:{number}: {include} belongs into {owner} only"
        elif path.parts[0] == "milan" and not is_test and PRINTS.search(line.split("//")[0]):
            yield f"{path}:{number}: the library never prints, exits or aborts"


def main():
    sources = tracked_sources()
    problems = [problem for path in sources for problem in problems_of(path)]
    print("\n".join(problems) or f"module table: {len(sources)} files hold it")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
