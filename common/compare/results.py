# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The file of results: what was measured, where, when, and by which command.

schema.json says what is in one; a file from elsewhere is checked against it.
"""

import json
import os
import tempfile
from pathlib import Path

import jsonschema

from .programs import UserError

FORMAT = "lowering-gpt2-results"
# Changes when a file of before can no longer be read.
VERSION = 1


def schema() -> dict:
    return json.loads(Path(__file__).with_name("schema.json").read_text())


def load(path: Path, kind: str = "chapters") -> dict:
    """Reads a results file. Throws a UserError that names it if it is none, is of
    another version, or is not what the schema says."""
    try:
        results = json.loads(path.read_text())
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a file of results: {error}") from error
    if not isinstance(results, dict) or results.get("format") != FORMAT:
        raise UserError(f"{path}: not a file of results; ./tutorial compare writes them")
    if results.get("version") != VERSION:
        raise UserError(
            f"{path}: results of version {results.get('version')}; this program reads "
            f"version {VERSION}; measure anew with ./tutorial compare"
        )
    if results.get("kind") != kind:
        raise UserError(f"{path}: results of {results.get('kind')}; expected {kind}")
    try:
        jsonschema.validate(results, schema())
    except jsonschema.ValidationError as error:
        place = "".join(f"[{step!r}]" for step in error.absolute_path)
        raise UserError(f"{path}: results{place}: {error.message[:200]}") from error
    return results


def require_writable(folder: Path) -> None:
    """Makes `folder` if there is none. Throws a UserError if nothing can be
    written there: better before measuring than after."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserError(f"{folder}: cannot write there: {error.strerror}") from error


def write(path: Path, text: str | bytes) -> None:
    """Writes a file whole or not at all. Throws a UserError that names it."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if isinstance(text, bytes):
            partial.write_bytes(text)
        else:
            partial.write_text(text)
        os.replace(partial, path)
    except OSError as error:
        raise UserError(f"{path}: cannot write: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)


def rounded(value):
    """Six digits: more than any measurement has."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {name: rounded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return value


def save(path: Path, results: dict) -> None:
    jsonschema.validate(results, schema())  # what we write, we can read
    write(path, json.dumps(rounded(results), indent=1, allow_nan=False) + "\n")
