# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A kit with pretended programs: what the steps do on a GPU, where none is.

Programs that are asked for more than they should be fail, so that a step that
calls them wrongly is seen.
"""

import json
import os
import struct
from pathlib import Path

GPT2_RUN = r"""#!/usr/bin/env python3
import json, re, struct, sys
from pathlib import Path
words = sys.argv[1:]
if words == ["--help"]:
    sys.exit()
library = Path(words[0])
options = dict(re.match(r"--([a-z-]+)=?(.*)", word).groups() for word in words[1:])
assert library.exists() and options.pop("device") == "cuda", words
sys.stderr.write("device: a pretended GPU\n")
if "kernels" in library.name:
    good = {"kernel": "linear", "sizes": "T1", "difference": 1e-6, "tolerance": 1e-5, "within": True}
    Path(options["report"]).write_text(json.dumps({"kernels": [good]}))
    sys.exit()
ids = Path(options["token-ids"]).read_text().split()
if "dump-logits" in options:
    rows = range(len(ids)) if "all-positions" in options else [len(ids) - 1]
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, 3), }" % len(rows)
    with open(options["dump-logits"], "wb") as out:
        out.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        for row in rows:
            out.write(struct.pack("<3f", row, row + 1, row + 2))
    sys.exit()
count = int(options["max-new-tokens"])
step = 0.001 if "no-graphs" not in options else 0.002
step += 0.0003 * ("without" in library.name)
report = {"steps": [3 * step] + [step] * (count - 1)}
if "profile" in options:
    report["kernels"] = [{"kernel": "linear_in_bf16_decode", "launches": 12, "seconds": 12 * 6e-6},
                         {"kernel": "attention", "launches": 12, "seconds": 12 * len(ids) * 1e-7}]
if "report" in options:
    Path(options["report"]).write_text(json.dumps(report))
"""

PROGRAMS = {
    "nvidia-smi": 'case "$*" in *noheader*) echo 9.0 ;; *) echo "name, compute_cap"; echo "GPU, 9.0" ;; esac',
    "nvcc": 'case "$*" in --version) echo V1 ;; *-arch=sm_90*) '
    'while [ "$1" != -o ]; do shift; done; '
    'printf \'#!/bin/sh\\necho \\047{"graph_node_us": 2.6}\\047\\n\' >"$2"; chmod +x "$2" ;; '
    "*) exit 1 ;; esac",
    "compute-sanitizer": 'tool=$2; [ "$3" = --error-exitcode ] || exit 1; shift 4; "$@" || exit 1\n'
    'case $tool in racecheck) echo "========= RACECHECK SUMMARY: 0 hazards displayed" ;;\n'
    '*) echo "========= ERROR SUMMARY: ${PRETENDED_ERRORS:-0} errors"; '
    '[ -z "${PRETENDED_ERRORS:-}" ] || exit 99 ;; esac',
    "ncu": 'while [ "${1#*/gpt2-run}" = "$1" ]; do shift; done; "$@" 2>/dev/null || exit 1; echo "==PROF== done"\n'
    'echo \'"ID","Kernel Name","Metric Name","Metric Unit","Metric Value"\'\n'
    'echo \'"0","linear","Duration","us","6.0"\'; echo \'"1","linear","Duration","us","8.0"\'\n',
}


def make(folder: Path, scripts: Path) -> tuple[Path, Path]:
    """A kit, and a folder of CUDA's programs for the PATH."""
    kit, programs = folder / "kit", folder / "bin"
    for made in (kit / "reference", kit / "libraries", kit / "yardsticks", programs):
        made.mkdir(parents=True)
    for script in scripts.glob("*.py"):
        (kit / script.name).write_text(script.read_text())
    (kit / "yardsticks/yardsticks.cu").write_text("")
    write_program(kit / "gpt2-run", GPT2_RUN)
    for name, text in PROGRAMS.items():
        write_program(programs / name, f"#!/bin/sh\n{text}\n")
    model = {"path": "random-124m", "sizes": [1, 1, 2, 1024, 3], "parameters": 9}
    libraries = []
    for kind, chapter in (("kernels", "b"), ("model", "b"), ("model", "a"), ("without", "b")):
        file = f"libraries/{chapter}-bf16-{kind}.so"
        (kit / file).write_text("")
        about = {"file": file, "kind": kind, "chapter": chapter, "weights": "bf16"}
        if kind != "kernels":
            about.update(model="random-124m", rounds_factors=False, keeps_cache=chapter == "b")
        if kind == "without":
            about["without"] = "a pass"
        libraries.append(about)
    references = []
    for kind, tokens, rows in (("short", 64, [0, 5, 63]), ("long", 1000, [999])):
        (kit / f"reference/random-124m-{kind}.ids").write_text(
            "1\n" * (64 if kind == "short" else 1024)
        )
        (kit / f"reference/{kind}.f4").write_bytes(
            b"".join(struct.pack("<3f", row, row + 1, row + 2.25) for row in rows)
        )
        references.append(
            {
                "file": f"{kind}.f4",
                "model": "random-124m",
                "kind": kind,
                "weights": "bf16",
                "tokens": tokens,
                "rows": rows,
                "vocab": 3,
                "tolerance": 0.5,
                "rounded_factors_tolerance": 9,
            }
        )
    manifest = {"models": {"random-124m": model}, "libraries": libraries, "references": references}
    (kit / "kit.json").write_text(json.dumps(manifest))
    return kit, programs


def write_program(file: Path, text: str) -> None:
    file.write_text(text)
    os.chmod(file, 0o755)
