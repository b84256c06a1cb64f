# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The command line of ./tutorial fetch."""

import argparse
import contextlib
import fcntl
import os
import shutil
import sys
from pathlib import Path

from . import places
from .download import Download, Failed, Server, Unreachable, digest
from .places import File, Model
from .progress import Progress, size

EPILOG = """\
A model lies in $XDG_CACHE_HOME/lowering-gpt2/models/NAME, or below ~/.cache, where
--model NAME finds it, as it finds those that the hub's own library keeps below
HF_HUB_CACHE or HF_HOME. Files that are there already are checked, not fetched
again; a download that was cut goes on where it stopped. HF_ENDPOINT names another
server with the hub's addresses, HF_HUB_OFFLINE=1 forbids to ask any; https_proxy
is followed. The exit code is 1 if something is missing in the end.
"""


class Parser(argparse.ArgumentParser):
    def error(self, message: str):
        raise Failed(f"{message}; see ./tutorial fetch --help")


def seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 < (value := float(text)) < 1e6:
            return value
    raise argparse.ArgumentTypeError(f"'{text}': expected a number of seconds")


def parse(arguments: list[str], models: dict[str, Model]) -> argparse.Namespace:
    rows = "".join(
        f"  {m.name:<13}{size(sum(f.bytes or 0 for f in m.files)):<9}{m.repository}"
        f" at {m.revision[:8]}\n"
        for m in models.values()
    )
    parser = Parser(
        prog="./tutorial fetch",
        usage="./tutorial fetch [--to DIR] [--timeout S] NAME...",
        description="Downloads public checkpoints of GPT-2 with their tokenizers.",
        epilog=f"models:\n{rows}\n{EPILOG}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", metavar="NAME", nargs="+", help="one of the models below")
    parser.add_argument("--to", metavar="DIR", type=Path, help="put its files here (--model DIR)")
    parser.add_argument(
        "--timeout",
        metavar="S",
        type=seconds,
        default=30,
        help="ask anew if nothing comes for S seconds (default 30)",
    )
    args = parser.parse_args(arguments)
    args.models = []
    for name in args.names:
        if not (model := places.named(name, models)):
            raise Failed(f"there is no model '{name}'; there are: {', '.join(models)}")
        args.models.append(model)
    if args.to and len(args.models) > 1:
        raise Failed("--to takes one model: files of all have the same names")
    return args


def endpoint() -> str:
    address = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
    if not address.startswith(("http://", "https://")):
        raise Failed(f"HF_ENDPOINT={address}: expected an address with http:// or https://")
    return address.rstrip("/")


@contextlib.contextmanager
def locked(folder: Path, model: Model):
    """Nobody else fetches into `folder` meanwhile."""
    path = folder / ".lock"
    while True:
        with path.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print(f"{model.name}: waiting for another fetch into {folder}", file=sys.stderr)
                fcntl.flock(lock, fcntl.LOCK_EX)
            # Who had it before us took its name away: then it guards nothing.
            if not path.exists() or not os.path.samestat(path.stat(), os.fstat(lock.fileno())):
                continue
            try:
                yield
            finally:
                path.unlink()
            return


def is_there(path: Path, file: File) -> bool:
    """Whether the file is there and right. One that is not is the user's: it is
    not replaced."""
    if not path.exists():
        return False
    progress = Progress(file.name, file.bytes)
    if file.sha256:
        found = path.stat().st_size
        if found == file.bytes:
            found = digest(path, progress).hexdigest()
        if found != file.sha256:
            expected = f"{file.bytes} bytes with SHA-256 {file.sha256}"
            raise Failed(
                f"{path} is another file: expected {expected}, found {found}; move it away, "
                "or choose another folder with --to"
            )
    progress.say("there, checksum right" if file.sha256 else "there")
    return True


def require_space(folder: Path, missing: list[File]) -> None:
    need = 0
    for file in missing:
        part = folder / (file.name + ".part")
        need += (file.bytes or 0) - (part.stat().st_size if part.exists() else 0)
    free = shutil.disk_usage(folder).free
    if need > free:
        raise Failed(f"{folder}: {size(need)} are needed, {size(free)} are free")


def by_hand(model: Model, folder: Path, missing: list[File]) -> str:
    """What to do without a network."""
    lines = [f"Without a network, put these files into {folder}:"]
    for file in missing:
        lines.append("  " + model.url("https://huggingface.co", file.name))
        if file.sha256:
            lines.append(f"    {file.bytes} bytes, SHA-256 {file.sha256}")
    lines.append("The same command checks them then.")
    return "\n".join(lines)


def in_hub_cache(model: Model) -> Path | None:
    """The folder of this revision, if the hub's own library has all of it."""
    for folder in places.snapshots(model):
        if folder.name == model.revision and all(
            (path := folder / file.name).is_file()
            and file.bytes in (None, path.stat().st_size)
            for file in model.files
        ):
            return folder
    return None


def fetch(model: Model, folder: Path, server: Server) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder, model):
        missing = [f for f in model.files if not is_there(folder / f.name, f)]
        require_space(folder, missing)
        while missing:
            file = missing[0]
            try:
                if os.environ.get("HF_HUB_OFFLINE", "0").upper() in ("1", "ON", "YES", "TRUE"):
                    raise Unreachable("HF_HUB_OFFLINE is set")
                url = model.url(endpoint(), file.name)
                Download(server, url, folder / file.name, file).run()
            except Unreachable as error:
                raise Failed(
                    f"{endpoint()} cannot be reached: {error}\n{by_hand(model, folder, missing)}"
                ) from error
            missing.pop(0)


def run(arguments: list[str]) -> int:
    args = parse(arguments, places.models())
    server = Server(args.timeout)
    for model in args.models:
        folder = args.to or places.own_folder(model)
        if not folder:
            raise Failed("neither XDG_CACHE_HOME nor HOME is set; give --to DIR")
        if not args.to and not places.is_model(folder) and (cached := in_hub_cache(model)):
            print(f"{model.name}: in the hub's cache already, {cached}", file=sys.stderr)
        else:
            fetch(model, folder, server)
        print(f"./tutorial run --model {args.to or model.name}")
    return 0


def main() -> int:
    try:
        return run(sys.argv[1:])
    except Failed as error:
        print(f"fetch: error: {error}", file=sys.stderr)
        return 1
    except OSError as error:  # of files; the network's are told apart in download.py
        print(f"fetch: error: {error.filename or 'file'}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nfetch: stopped; the same command goes on from there", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
