# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles a file, unless a build of the same sources has its object already.

usage: reuse_objects.py RECORDS COMPILER ARGUMENTS...

It is the CMAKE_CXX_COMPILER_LAUNCHER of a build whose sources are a copy of
others that were built, with changes. RECORDS is the folder in which
write_records() says what the other build has. An object is taken from there if
nothing of the sources that it was made of has changed in the copy.
"""

import filecmp
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

# It declares all passes, and one more changes nothing in what is compiled for the
# others, but for the file that registers them all.
PASSES, REGISTRATION = "Passes.h.inc", "GEN_PASS_REGISTRATION"


def dependencies_of(build):
    """The files that each object of a Ninja build was made of, its source first."""
    printed = subprocess.run(
        ["ninja", "-C", build, "-t", "deps"], capture_output=True, text=True, check=True
    ).stdout
    for entry in printed.split("\n\n"):
        head, *files = entry.split("\n")
        if head.endswith("(VALID)"):
            yield head.split(": #deps")[0], [
                os.path.normpath(os.path.join(build, file.strip())) for file in files
            ]


def tied_to(folder, build):
    """The objects of a build that have a path below `folder` compiled in."""
    for entry in json.loads((build / "compile_commands.json").read_text()):
        words = shlex.split(entry["command"])
        if any(word.startswith("-D") and str(folder) in word for word in words):
            yield words[words.index("-o") + 1]


def write_records(records, source, build, copy, build_of_copy):
    """What `build`, of `source`, has for a build of `copy`: for each object its
    path, and each file that it was made of here and there."""
    tied = set(tied_to(source, build)) | set(tied_to(build, build))
    there = [(f"{build}/", f"{build_of_copy}/"), (f"{source}/", f"{copy}/")]
    for name, files in dependencies_of(build):
        pairs = []
        for file in files:
            for old, new in there:
                if file.startswith(old):
                    pairs.append((file, new + file[len(old) :]))
                    break
        path = build / name
        if name in tied or not pairs or not path.exists():
            continue
        if any(
            not os.path.exists(file) or os.path.getmtime(file) > path.stat().st_mtime
            for file, _ in pairs
        ):
            continue  # it is to be built anew there, too
        if REGISTRATION not in Path(pairs[0][0]).read_text():
            pairs = [pair for pair in pairs if not pair[0].endswith("/" + PASSES)]
        record = records / f"{name}.json"
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps({"object": str(path), "files": pairs}))


def reuse(record, target, dependency_file):
    """Makes `target` the object of `record`, if that is what a compiler would make."""
    try:
        record = json.loads(record.read_text())
        if not all(filecmp.cmp(*pair, shallow=False) for pair in record["files"]):
            return False
        shutil.copyfile(record["object"], target)
    except FileNotFoundError:
        return False
    files = [there.replace(" ", "\\ ") for _, there in record["files"]]
    Path(dependency_file).write_text(" \\\n  ".join([f"{target}:", *files]) + "\n")
    return True


def main(records, *command):
    value_of = dict(zip(command, command[1:]))
    target, dependency_file = value_of.get("-o"), value_of.get("-MF")
    if target and dependency_file:
        if reuse(Path(records, f"{target}.json"), target, dependency_file):
            return
    # What is made so runs for seconds: it is not worth to be optimised.
    os.execvp(command[0], [*command, "-O0"])


if __name__ == "__main__":
    main(*sys.argv[1:])
