# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which machine, which versions: what a number means nothing without."""

import importlib.metadata
import importlib.util
import os
import platform
import subprocess
from pathlib import Path


def first_value(file: str, key: str) -> str | None:
    """The value of the first line `key : value` or `key=value` of `file`."""
    try:
        for line in Path(file).read_text().splitlines():
            name, separator, value = line.replace("=", ":", 1).partition(":")
            if separator and name.strip() == key:
                return value.strip().strip('"')
    except OSError:
        pass
    return None


def caches() -> dict[str, int]:
    """Bytes of the first processor's caches: {"L1d": 32768, ...}."""
    sizes = {}
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        try:
            level = (index / "level").read_text().strip()
            kind = (index / "type").read_text().strip()
            size = (index / "size").read_text().strip()
        except OSError:
            continue
        if kind == "Instruction" or not size.endswith("K"):
            continue
        sizes[f"L{level}{'d' if kind == 'Data' else ''}"] = int(size[:-1]) * 1024
    return sizes


def machine() -> dict:
    return {
        "cpu": first_value("/proc/cpuinfo", "model name") or platform.machine(),
        "cores": os.cpu_count() or 1,
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "caches": caches(),
        "system": first_value("/etc/os-release", "PRETTY_NAME") or platform.system(),
    }


def describe(machine: dict) -> str:
    return f"{machine['cpu']}, {machine['cores']} cores"


def versions(llvm: str | None) -> dict:
    result = {"python": platform.python_version()}
    if llvm:
        result["llvm"] = llvm
    if importlib.util.find_spec("torch"):
        result["torch"] = importlib.metadata.version("torch")
    return result


def commit(root: Path) -> str:
    """The commit that was measured; "+" if files differ from it."""

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(root), *arguments], check=True, capture_output=True, text=True
        ).stdout.strip()

    try:
        name = git("rev-parse", "--short", "HEAD")
        return name + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
