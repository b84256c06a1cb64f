# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is installed, packed into a wheel, in an environment of its own: with
nothing of the repository or of the build in reach."""

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

SMOKE = """
import json, os, sys
from importlib.metadata import version
import lowering_gpt2
from lowering_gpt2 import GPT2, _core
assert version("lowering-gpt2") == sys.argv[1]
home = os.path.dirname(lowering_gpt2.__file__)
assert home.startswith(sys.prefix), home
assert _core.embedded_model() == home + "/texts/common/embedded_model/fairy-tales"
texts = {}
for chapter in lowering_gpt2.chapters():
    device = "emulator" if chapter == "ch04-gpu-parallel" else "cpu"
    model = GPT2.from_pretrained(chapter=chapter, device=device)
    texts[chapter] = model.generate("Once upon a time", max_new_tokens=4, do_sample=False)
    assert model.sources["gpt2.mlir"] and "math.tanh" in model.sources["gelu.mlir"]
    assert model.explain("gelu").startswith("@gelu in " + chapter)
    assert model.score(8).prompt.flops > 0
print(json.dumps(texts))
"""


def field(source, name):
    return re.search(rf'^{name} = "(.*)"$', (source / "pyproject.toml").read_text(), re.MULTILINE)[
        1
    ]


def pack(folder, source, target):
    """A wheel (PEP 427) of what was installed in `folder`."""
    name, version = field(source, "name").replace("-", "_"), field(source, "version")
    tag = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    tag = f"{tag}-{tag}-" + re.sub(r"[-.]", "_", sysconfig.get_platform())
    files = {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}
    about = f"{name}-{version}.dist-info/"
    files[about + "METADATA"] = (
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
    )
    files[about + "WHEEL"] = f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n".encode()
    record = ""
    for path, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(data)}\n"
    files[about + "RECORD"] = (record + about + "RECORD,,\n").encode()
    wheel = target / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            archive.writestr(path, data)
    return wheel


@pytest.fixture(scope="module")
def installed(tmp_path_factory, source):
    """The Python of a fresh environment into which the wheel was installed."""
    folder = tmp_path_factory.mktemp("wheel")
    build = os.environ["GPT2_BUILD_DIR"]
    subprocess.run(
        ["cmake", "--install", build, "--component", "python", "--prefix", folder / "prefix"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    wheel = pack(folder / "prefix", source, folder)
    # NumPy is the system's: tests need no network.
    subprocess.run(
        [sys.executable, "-m", "venv", "--system-site-packages", folder / "venv"], check=True
    )
    python = folder / "venv/bin/python"
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-compile", wheel],
        check=True,
    )
    shutil.rmtree(folder / "prefix")
    return python


def run(command, tmp_path):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "GPT2_"))}
    return subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=400
    )


def texts_of(done):
    import json

    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_wheel_works_in_a_fresh_environment(installed, tmp_path, source, program):
    texts = texts_of(run([installed, "-c", SMOKE, field(source, "version")], tmp_path))
    expected = program("Once upon a time", "--greedy", "--max-new-tokens=4")
    assert set(texts.values()) == {expected} and len(texts) >= 6


def test_a_wheel_needs_nothing_of_the_repository(installed, tmp_path, source):
    """Again, where the repository is an empty folder."""
    hide = [
        "unshare",
        "--mount",
        "--map-root-user",
        "sh",
        "-c",
        'mount -t tmpfs none "$0" && shift 0 && exec "$@"',
        source,
    ]
    if shutil.which("unshare") is None or run([*hide, "true"], tmp_path).returncode != 0:
        pytest.skip("NO unshare: the repository could not be hidden from the wheel")
    assert run([*hide, "ls", source], tmp_path).stdout == ""
    texts_of(run([*hide, installed, "-c", SMOKE, field(source, "version")], tmp_path))


def test_what_is_installed(installed):
    """The texts, once each, the embedded model, and no program."""
    folder = next(Path(installed).parent.parent.glob("lib/python*/site-packages/lowering_gpt2"))
    names = {str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file()}
    assert {"__init__.py", "_core.pyi", "py.typed", "texts/common/gpt2.mlir"} <= names
    assert "texts/common/embedded_model/fairy-tales/model.safetensors" in names
    assert not any(name.endswith((".cpp", ".h", ".a", ".o")) for name in names)
