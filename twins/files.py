"""Files that are written whole or not at all, and what is read."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twins.errors import UsageError


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Gives a path to write to; the file appears under its own name when all of it is there. Folders are made.

    A pipe or a device is written to directly. Raises `UsageError`, and leaves nothing, where that fails.
    """
    path = Path(path)
    partial = path.with_name(path.name + ".part") if path.is_file() or not path.exists() else path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        if partial != path:
            partial.replace(path)
    except BaseException as error:
        if partial != path:
            partial.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise UsageError(f"cannot write {path}: {error.strerror or error}") from None
        raise


def check_writable(path: str | Path, suffix: str = "") -> None:
    """Says before a long run what would fail behind it. Raises `UsageError`; changes nothing."""
    path = Path(path)
    if suffix and path.suffix.lower() != suffix:
        raise UsageError(f"cannot write {path}: it will be a {suffix[1:].upper()}: name it {path.with_suffix(suffix)}")
    if path.is_dir():
        raise UsageError(f"cannot write {path}: it is a directory")
    there = path if path.exists() else next(parent for parent in path.absolute().parents if parent.exists())
    if there != path and not there.is_dir():
        raise UsageError(f"cannot write {path}: {there} is no directory")
    if not os.access(there, os.W_OK):
        raise UsageError(f"cannot write {path}: {there} is write-protected")


def contents_of(path: Path, what: str) -> bytes:
    """What is in a file. Raises `UsageError`, which says what the file was to be."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{what} {path}: {error.strerror}") from None


def toml_of(text: str) -> dict[str, Any]:
    """The tables of a TOML text. Raises `ValueError` where it is none.

    >>> toml_of('[parts.led]\\npin = "GPIO25"')
    {'parts': {'led': {'pin': 'GPIO25'}}}
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    tables: dict[str, Any] = tomllib.loads(text)
    return tables
