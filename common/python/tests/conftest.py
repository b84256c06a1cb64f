# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the tests share: models, and the programs beside which they are held."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import judge  # noqa: E402
from lowering_gpt2 import GPT2  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """No schedule that was tuned here, and nothing left in anybody's cache."""
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is not None:
        os.environ["XDG_CACHE_HOME"] = before


@pytest.fixture(scope="session")
def source():
    return Path(os.environ["GPT2_SOURCE_DIR"])


@pytest.fixture(scope="session")
def embedded(source):
    """The folder of the embedded model."""
    return source / "common/embedded_model/fairy-tales"


@pytest.fixture(scope="session")
def model(own_cache):
    """The embedded model, compiled by the last chapter."""
    return GPT2.from_pretrained(device="cpu")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """A folder with a model of random numbers: context 32, 300 tokens."""
    return judge.write_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def tiny_model(own_cache, tiny):
    return GPT2.from_pretrained(tiny, device="cpu")


@pytest.fixture(scope="session")
def program(own_cache):
    """What a chapter's program prints: program("--greedy", "Once", chapter=...)."""

    def run(*arguments, chapter="ch06-vectorize"):
        file = Path(os.environ["GPT2_BUILD_DIR"]) / "bin" / chapter
        if not file.exists():
            pytest.skip(f"{file} is not built")
        done = subprocess.run([file, *arguments], capture_output=True, check=True)
        return done.stdout.decode(errors="replace").removesuffix("\n")

    return run


@pytest.fixture
def python():
    """Runs a text in a Python of its own; returns what it printed."""

    def run(text, **options):
        done = subprocess.run(
            [sys.executable, "-c", text], capture_output=True, text=True, timeout=300, **options
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
