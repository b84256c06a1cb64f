# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which public models there are, and the folders in which they may lie.

common/model/checkpoint/public_models.json has the table: for each file of a model at one
revision of its repository its bytes and its SHA-256. A file without them is
checked against what the server states of it. Programs in C++ look in the same
folders (common/model/checkpoint/model_cache.cpp).
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).parents[1] / "model" / "checkpoint" / "public_models.json"


@dataclass(frozen=True)
class File:
    name: str
    bytes: int | None
    sha256: str | None


@dataclass(frozen=True)
class Model:
    name: str
    repository: str
    revision: str
    files: tuple[File, ...]

    def url(self, endpoint: str, file: str) -> str:
        return f"{endpoint}/{self.repository}/resolve/{self.revision}/{file}"


def models() -> dict[str, Model]:
    """The models by name, in the table's order."""
    return {
        name: Model(
            name,
            entry["repository"],
            entry["revision"],
            tuple(
                File(file, known.get("bytes"), known.get("sha256"))
                for file, known in entry["files"].items()
            ),
        )
        for name, entry in json.loads(TABLE.read_text()).items()
    }


def named(name: str, known: dict[str, Model]) -> Model | None:
    """The model of a short name (gpt2) or of a repository's."""
    return next((m for m in known.values() if name in (m.name, m.repository)), None)


def cache_root() -> Path | None:
    """$XDG_CACHE_HOME, or ~/.cache; None if neither is known."""
    if root := os.environ.get("XDG_CACHE_HOME"):
        return Path(root)
    home = os.environ.get("HOME")
    return Path(home, ".cache") if home else None


def own_folder(model: Model) -> Path | None:
    """Where `fetch` puts a model."""
    root = cache_root()
    return root and root / "lowering-gpt2" / "models" / model.name


def hub_cache() -> Path | None:
    """Where the hub's own library keeps models."""
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if path := os.environ.get(variable):
            return Path(path)
    if home := os.environ.get("HF_HOME"):
        return Path(home, "hub")
    root = cache_root()
    return root and root / "huggingface" / "hub"


def snapshots(model: Model) -> list[Path]:
    """The model's folders in the hub's cache, the best first: of the table's
    revision, of the one that was newest when it was asked, others."""
    cache = hub_cache()
    found = []
    for name in (model.repository, model.name) if cache else ():
        folder = cache / ("models--" + name.replace("/", "--"))
        revisions = [model.revision]
        if (main := folder / "refs" / "main").is_file():
            revisions.append(main.read_text().strip())
        if (folder / "snapshots").is_dir():
            revisions += sorted(path.name for path in (folder / "snapshots").iterdir())
        found += [folder / "snapshots" / revision for revision in revisions]
    return list(dict.fromkeys(found))


def is_model(folder: Path) -> bool:
    """Whether a folder has weights, sizes and a tokenizer."""
    has = {
        name
        for name in ("config.json", "model.safetensors", "vocab.json", "merges.txt")
        if (folder / name).is_file()
    }
    return len(has) == 4 or (
        {"config.json", "model.safetensors"} <= has and (folder / "tokenizer.json").is_file()
    )


def find(name: str) -> Path | None:
    """The folder of a public model that is here already."""
    model = named(name, models())
    if not model:
        return None
    folders = [own_folder(model), *snapshots(model)]
    return next((folder for folder in folders if folder and is_model(folder)), None)
