# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Packs the kit: all that is needed on a machine with a GPU and without LLVM.

usage: pack.py --bin BUILD/bin --chapters NAME,... FILE.tar.gz [--chips sm_80,sm_90]
               [--models fairy-tales,random-124m] [--weights f32,bf16]

./tutorial kit calls it. README.md says what is in the kit.
"""

from __future__ import annotations

import argparse
import array
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 60_000_000  # bytes
FOLDER = "lowering-gpt2-kit"
# The pass that was missing once; a library without it shows what it is worth.
WITHOUT = "fold-vector-accesses"
EMBEDDED = "fairy-tales"
# layers, heads, channels, context, vocabulary
SIZES = {"random-124m": [12, 12, 768, 1024, 50257]}
# How many positions of the short prompt are compared: all of a small model's.
SHORT, ROWS = 64, [0, 1, 2, 3, 4, 5, 6, 7, 15, 23, 31, 39, 47, 55, 61, 62, 63]


def run(*command) -> subprocess.CompletedProcess:
    process = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if process.returncode != 0:
        lines = process.stderr.strip().splitlines() or [f"exit code {process.returncode}"]
        sys.exit(f"kit: {Path(str(command[0])).name} failed: {lines[-1]}")
    return process


class Packer:
    def __init__(self, folder: Path, args):
        self.folder, self.args = folder, args
        self.bin = Path(args.bin).resolve()
        self.chips = args.chips.split(",")
        self.chapters = args.chapters.split(",")
        self.weights = args.weights.split(",")
        self.models = args.models.split(",")
        self.manifest: dict = {"models": {}, "libraries": [], "references": [], "chips": self.chips}
        self.start = time.monotonic()

    def say(self, what: str) -> None:
        print(f"kit: {time.monotonic() - self.start:5.1f} s  {what}", file=sys.stderr, flush=True)

    def model_of(self, name: str) -> str:
        return str(ROOT / "common/embedded_model" / EMBEDDED) if name == EMBEDDED else name

    def add_models(self) -> None:
        for name in self.models:
            sizes, path = SIZES.get(name), name
            if name == EMBEDDED:
                source = Path(self.model_of(name))
                config = json.loads((source / "config.json").read_text())
                sizes = [config[k] for k in ("n_layer", "n_head", "n_embd", "n_ctx", "vocab_size")]
                path = f"models/{name}"
                (self.folder / path).mkdir(parents=True)
                for file in ("config.json", "model.safetensors", "encoder.json", "vocab.bpe"):
                    shutil.copy(source / file, self.folder / path / file)
            if not sizes:
                sys.exit(
                    f"kit: --models: there is no {name}; there are: {EMBEDDED}, {', '.join(SIZES)}"
                )
            layers, _, channels, context, vocabulary = sizes
            parameters = channels * (vocabulary + context + layers * (12 * channels + 13) + 2)
            self.manifest["models"][name] = {"path": path, "sizes": sizes, "parameters": parameters}

    def add_library(self, kind: str, chapter: str, weights: str, *options, **about) -> None:
        name = f"{chapter}-{weights}-{about.get('model', 'kernels')}"
        file = f"libraries/{name}{'-without' * (kind == 'without')}.so"
        self.say(file)
        *others, write = options
        run(
            self.bin / chapter,
            f"--weights={weights}",
            *others,
            "--no-cache",
            f"{write}={self.folder / file}",
        )
        self.manifest["libraries"].append(
            {"file": file, "kind": kind, "chapter": chapter, "weights": weights, **about}
        )

    def add_libraries(self) -> None:
        (self.folder / "libraries").mkdir()
        every = f"--chip={','.join(self.chips)}"
        for chapter in self.chapters:
            for weights in self.weights:
                self.add_library("kernels", chapter, weights, every, "--aot-kernels")
                for model in self.models:
                    self.add_program(chapter, weights, model, every)

    def add_program(self, chapter: str, weights: str, model: str, every: str) -> None:
        newest = f"--chip={self.chips[-1]}"
        given = f"--model={self.model_of(model)}"
        stages = run(
            self.bin / chapter, f"--weights={weights}", given, newest, "--emit=pipeline"
        ).stdout
        about = {
            "model": model,
            "rounds_factors": "distribute-tiles" in stages,
            "keeps_cache": "clone-entry" in stages,
        }
        self.add_library("model", chapter, weights, given, every, "--aot", **about)
        if WITHOUT not in stages:
            return
        with tempfile.NamedTemporaryFile("w", suffix=".pipeline") as file:
            fewer = re.sub(rf"^func\.func\({WITHOUT}\),\n", "", stages, flags=re.M)
            if WITHOUT in fewer:
                sys.exit(f"kit: {WITHOUT} is elsewhere in the pipeline of {chapter}")
            file.write(fewer)
            file.flush()
            self.add_library(
                "without",
                chapter,
                weights,
                given,
                newest,
                f"--pipeline={file.name}",
                "--aot",
                without=WITHOUT,
                **about,
            )

    def add_references(self) -> None:
        (self.folder / "reference").mkdir()
        for model in self.models:
            _, _, _, context, vocabulary = self.manifest["models"][model]["sizes"]
            # A context that leaves room for tokens behind it, and is no tile's multiple.
            for kind, tokens in (("short", SHORT), ("long", context - 24)):
                ids = self.folder / f"reference/{model}-{kind}.ids"
                # The file of the long prompt is as long as the context: times need it.
                count = context if kind == "long" else tokens
                ids.write_text("".join(f"{(i * 7919 + 13) % vocabulary}\n" for i in range(count)))
                for weights in self.weights:
                    self.add_reference(model, kind, weights, tokens, ids)

    def add_reference(self, model: str, kind: str, weights: str, tokens: int, ids: Path) -> None:
        vocabulary = self.manifest["models"][model]["sizes"][4]
        rows = (
            [tokens - 1] if kind == "long" else ROWS if vocabulary > 10000 else list(range(SHORT))
        )
        name = f"{model}-{kind}-{weights}.f4"
        self.say(f"reference/{name}: {tokens} tokens in double precision")
        with tempfile.TemporaryDirectory() as folder:
            some = Path(folder) / "ids"
            some.write_text("".join(f"{line}\n" for line in ids.read_text().split()[:tokens]))
            dump = Path(folder) / "logits.npy"
            count = tokens - rows[0]
            said = run(
                self.bin / "gpt2-judge",
                f"--model={self.model_of(model)}",
                f"--weights={weights}",
                f"--token-ids={some}",
                f"--rows={count}",
                f"--dump-logits={dump}",
            )
            doubles = array.array("d")
            data = dump.read_bytes()
            doubles.frombytes(data[len(data) - 8 * count * vocabulary :])
        with (self.folder / "reference" / name).open("wb") as out:
            for row in rows:
                at = (row - rows[0]) * vocabulary
                array.array("f", doubles[at : at + vocabulary]).tofile(out)
        self.manifest["references"].append(
            {
                "file": name,
                "model": model,
                "kind": kind,
                "weights": weights,
                "tokens": tokens,
                "rows": rows,
                "vocab": vocabulary,
                **json.loads(said.stdout),
            }
        )

    def add_programs(self) -> None:
        runner = self.bin / "gpt2-run"
        shutil.copy(runner, self.folder / "gpt2-run")
        if shutil.which("strip"):
            run("strip", self.folder / "gpt2-run")
        libc = self.folder / "lib/libc"
        libc.mkdir(parents=True)
        for line in run("ldd", runner).stdout.splitlines():
            found = re.search(r"(/\S+) \(0x", line)
            if not found:
                continue
            name = Path(found[1]).name
            if name.startswith("ld-linux"):
                # For systems whose C library is older than this one's.
                shutil.copy(found[1], libc / "ld.so")
                for part in (
                    "libc.so.6",
                    "libm.so.6",
                    "libdl.so.2",
                    "libpthread.so.0",
                    "librt.so.1",
                ):
                    self.copy_beside_libc(part, libc)
            elif not name.startswith(("libc.so", "libm.so", "libdl", "libpthread", "librt")):
                shutil.copy(found[1], self.folder / "lib" / name)

    def copy_beside_libc(self, part: str, libc: Path) -> None:
        for line in run("ldd", self.bin / "gpt2-run").stdout.splitlines():
            if match := re.search(r"libc\.so\.6 => (\S+)", line):
                source = Path(match[1]).parent / part
                if source.exists():
                    shutil.copy(source.resolve(), libc / part)

    def add_scripts(self) -> None:
        for file in (
            "run.py",
            "checks.py",
            "speed.py",
            "tools.py",
            "predictions.py",
            "pytorch_gpt2.py",
            "README.md",
        ):
            shutil.copy(ROOT / "kit" / file, self.folder / file)
        (self.folder / "yardsticks").mkdir()
        shutil.copy(ROOT / "kit/yardsticks.cu", self.folder / "yardsticks")
        for source in ROOT.glob("ch*/yardsticks/kernels.cu"):
            shutil.copy(source, self.folder / "yardsticks")

    def add_manifest(self) -> None:
        def git(*command) -> str:
            done = subprocess.run(
                ["git", "-C", str(ROOT), *command], capture_output=True, text=True
            )
            return done.stdout.strip() if done.returncode == 0 else ""

        changed = "+" if git("status", "--porcelain", "--untracked-files=no") else ""
        self.manifest["commit"] = git("rev-parse", "--short", "HEAD") + changed
        self.manifest["packed"] = time.strftime("%Y-%m-%d")
        (self.folder / "kit.json").write_text(json.dumps(self.manifest, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path, nargs="?", default=Path("build/kit.tar.gz"))
    parser.add_argument("--bin", required=True)
    parser.add_argument("--chapters", required=True)
    parser.add_argument("--chips", default="sm_80,sm_90", help="oldest first (default sm_80,sm_90)")
    parser.add_argument("--models", default=f"{EMBEDDED},random-124m")
    parser.add_argument("--weights", default="f32,bf16")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        packer = Packer(Path(temporary) / FOLDER, args)
        packer.folder.mkdir()
        packer.add_models()
        packer.add_programs()
        packer.add_scripts()
        packer.add_libraries()
        packer.add_references()
        packer.add_manifest()
        args.out.parent.mkdir(parents=True, exist_ok=True)
        partial = args.out.with_name(args.out.name + ".part")
        with tarfile.open(partial, "w:gz") as archive:
            archive.add(packer.folder, FOLDER)
    size = partial.stat().st_size
    if size > LIMIT:
        partial.unlink()
        sys.exit(f"kit: {size} bytes, more than {LIMIT}: fewer --chips or --models")
    partial.replace(args.out)
    packer.say(
        f"wrote {args.out}, {size / 1e6:.1f} MB: unpack it there, and python3 {FOLDER}/run.py"
    )


if __name__ == "__main__":
    main()
