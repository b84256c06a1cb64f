# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Beside other modules: in any order, with what OpenMP they have."""

import ctypes
import importlib.util
import itertools
import os
import subprocess

import pytest

HAS_TORCH = importlib.util.find_spec("torch") is not None
USES = {
    "lowering_gpt2": """
from lowering_gpt2 import GPT2
model = GPT2.from_pretrained(device="cpu", threads=THREADS)
assert model.generate("Once upon a time", max_new_tokens=20) == EXPECTED
""",
    "numpy": """
import numpy
a = numpy.random.default_rng(0).normal(size=(300, 300))
assert abs(numpy.linalg.inv(a) @ a - numpy.eye(300)).max() < 1e-6
""",
    "torch": """
import torch
torch.set_num_threads(2)
a = torch.randn(400, 400, dtype=torch.float64)
assert (torch.linalg.inv(a) @ a - torch.eye(400)).abs().max() < 1e-6
assert torch.nn.functional.gelu(torch.randn(1000, 1000)).sum() > 0
assert torch.get_num_threads() == 2
""",
}


@pytest.mark.parametrize("order", itertools.permutations(USES), ids="-".join)
def test_any_order(order, model, python):
    """Imported in this order, used in this order, and used once more."""
    if not HAS_TORCH and "torch" != order[-1]:
        pytest.skip("NO PYTORCH: its OpenMP beside ours was not tried in this order")
    names = [name for name in order if name != "torch" or HAS_TORCH]
    facts = f"THREADS, EXPECTED = {min(2, os.cpu_count() or 1)}, {model.generate('Once upon a time', max_new_tokens=20)!r}\n"
    imports = "".join(f"import {name}\n" for name in names)
    text = facts + imports + "".join(USES[name] for name in names) * 2 + "print('all right')"
    assert python(text) == "all right\n"


def test_with_gccs_openmp_before_and_for_everybody(model, python):
    """As PyTorch loads it: what is called omp_... is found there first."""
    try:
        ctypes.CDLL("libgomp.so.1")
    except OSError:
        pytest.skip("NO libgomp.so.1: GCC's OpenMP beside LLVM's was not tried")
    text = (
        f"THREADS, EXPECTED = {min(2, os.cpu_count() or 1)}, {model.generate('Once upon a time', max_new_tokens=20)!r}\n"
        "import ctypes\ngomp = ctypes.CDLL('libgomp.so.1', mode=ctypes.RTLD_GLOBAL)\ngomp.omp_set_num_threads(7)\n"
        + USES["lowering_gpt2"]
        + "import os\nassert gomp.omp_get_max_threads() == 7\nprint(len(os.listdir('/proc/self/task')))"
    )
    assert int(python(text)) >= min(2, os.cpu_count() or 1)  # LLVM's have started


def test_only_the_module_is_seen():
    """Nothing of ours can be taken for what another module has, or the other way."""
    from lowering_gpt2 import _core

    try:
        done = subprocess.run(
            ["nm", "-D", "--defined-only", _core.__file__],
            capture_output=True,
            text=True,
            check=True,
        )
    except FileNotFoundError:
        pytest.skip("NO nm: what the module shows was not looked at")
    symbols = [line.split() for line in done.stdout.splitlines()]
    # Of a small letter's kind are local ones, but for u, v and w.
    names = [name for _, kind, name in symbols if kind.isupper() or kind in "uvw"]
    assert names == ["PyInit__core"]


def test_importing_is_quiet(python):
    assert python("import lowering_gpt2") == ""


def test_types_are_there():
    """The compiled module's stub names what it has, and nothing else."""
    import ast
    import inspect
    from pathlib import Path

    import lowering_gpt2
    from lowering_gpt2 import _core

    folder = Path(lowering_gpt2.__file__).parent
    assert (folder / "py.typed").exists()
    stub = ast.parse((folder / "_core.pyi").read_text())
    public = {n for n in vars(_core) if not n.startswith("_")}
    declared = {n.name: n for n in stub.body if isinstance(n, (ast.ClassDef, ast.FunctionDef))}
    assert set(declared) == public
    for name, node in declared.items():
        if isinstance(node, ast.ClassDef) and name != "Error":
            members = {m for m in vars(getattr(_core, name)) if not m.startswith("_")}
            assert {
                m.name for m in node.body if isinstance(m, ast.FunctionDef) and m.name[0] != "_"
            } == members
    assert inspect.ismodule(_core)
