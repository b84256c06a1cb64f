# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What tests of fetching share: a server, a small table and an empty cache."""

import contextlib
import hashlib
import io
import json
import os
import random
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from fetch import __main__ as program
from fetch import download, places

from .server import Answer, Hub

WEIGHTS = random.Random(1).randbytes(3_000_000)
FILES = {"config.json": b"{}", "vocab.json": b"v" * 10, "merges.txt": b"m" * 1000}
FILES["model.safetensors"] = WEIGHTS
REVISION = "0123456789abcdef0123456789abcdef01234567"


def brief(content: bytes) -> tuple[int, str]:
    """What a failed test can print."""
    return len(content), hashlib.sha256(content).hexdigest()


ALL = {name: brief(content) for name, content in FILES.items()}


def table(files: dict) -> dict:
    known = {
        name: {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        for name, body in files.items()
    }
    return {"tiny": {"repository": "some/tiny", "revision": REVISION, "files": known}}


class Fetching(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.cache = Path(temporary.name)
        self.folder = self.cache / "lowering-gpt2" / "models" / "tiny"
        self.hub = Hub({self.path(name): body for name, body in FILES.items()})
        self.enter(self.hub)
        self.environment = {
            "XDG_CACHE_HOME": str(self.cache),
            "HF_ENDPOINT": self.hub.url,
            "HOME": "/nowhere",
            "PATH": os.environ["PATH"],
        }
        self.enter(mock.patch.dict(os.environ, self.environment, clear=True))
        self.enter(mock.patch.object(download, "DELAYS", (0.01, 0.01, 0.01, 0.01)))
        self.set_table(table(FILES))

    def enter(self, context) -> None:
        context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)

    def set_table(self, entries: dict) -> None:
        self.table = self.cache / "table.json"
        self.table.write_text(json.dumps(entries))
        self.enter(mock.patch.object(places, "TABLE", self.table))

    def path(self, name: str) -> str:
        return f"/some/tiny/resolve/{REVISION}/{name}"

    def answer(self, name: str, *answers: Answer) -> None:
        self.hub.answers[self.path(name)] = list(answers)

    def fetch(self, *arguments: str) -> tuple[int, str]:
        """Exit code, and what was said."""
        err = io.StringIO()
        arguments = arguments or ("tiny",)
        with contextlib.redirect_stderr(err), contextlib.redirect_stdout(io.StringIO()):
            with mock.patch.object(sys, "argv", ["fetch", *arguments]):
                code = program.main()
        return code, err.getvalue()

    def lying(self) -> dict:
        """What lies in the folder, by name."""
        return {path.name: brief(path.read_bytes()) for path in self.folder.iterdir()}

    def expect_all(self, *arguments: str) -> str:
        code, err = self.fetch(*arguments)
        self.assertEqual((code, self.lying()), (0, ALL), err)
        return err

    def expect_failure(self, message: str, weights: bytes | None, *arguments: str) -> str:
        """`weights` are left of the last file, under the name of a part."""
        code, err = self.fetch(*arguments)
        self.assertEqual(code, 1, err)
        self.assertIn(message, err)
        self.assertNotIn("Traceback", err)
        expected = {name: ALL[name] for name in ("config.json", "vocab.json", "merges.txt")}
        if weights is not None:
            expected["model.safetensors.part"] = brief(weights)
        self.assertEqual(self.lying(), expected)
        return err
