"""Renode on this machine: where it is, and which version.

Looked for under the path that somebody gives, in RENODE_PATH (the program, or the folder that has it), on PATH, and
where `renode-run download` puts it: below ``~/.config/renode/renode-run.download``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from twins.engines.engine import Found
from twins.errors import UsageError

PROGRAM = "renode"
VARIABLE = "RENODE_PATH"
DOWNLOADS = Path(".config", "renode", "renode-run.download")
"""Where `renode-run` keeps Renode, in the home folder; each version has its own folder there."""
OLDEST = (1, 15)
ASKING = 60
"""Seconds of wall clock that it may take to tell its version."""


def version_of(said: str) -> tuple[int, ...]:
    """The numbers of what ``--version`` says.

    >>> version_of("Renode v1.15.3.37182")
    (1, 15, 3, 37182)
    >>> version_of("Renode, version 1.16.1 (1.16.1+20260821git06854d4)")
    (1, 16, 1)
    >>> version_of("something else")
    ()
    """
    found = re.search(r"Renode\D*?(\d+(?:\.\d+)+)", said)
    return tuple(map(int, found[1].split("."))) if found else ()


def program_at(path: Path) -> Path:
    """The program, where somebody named the folder that has it."""
    return path / PROGRAM if path.is_dir() else path


def places() -> Iterator[tuple[Path, str]]:
    """Where it may be, and how one came there."""
    variable = os.environ.get(VARIABLE)
    if variable:
        yield program_at(Path(variable)), VARIABLE
    on_path = shutil.which(PROGRAM)
    if on_path:
        yield Path(on_path), "PATH"
    folder = Path.home() / DOWNLOADS
    installed = [*folder.glob(PROGRAM), *folder.glob(f"*/{PROGRAM}")]
    for path in sorted(installed, key=lambda path: _numbers(path.parent.name), reverse=True):
        yield path, "renode-run"


def _numbers(name: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", name)]


def examine(path: Path, how: str) -> Found:
    """The Renode at a path. Raises `UsageError`: it cannot be run, or is too old."""
    try:
        done = subprocess.run(
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ASKING,
            check=False,
        )
    except OSError as error:
        raise UsageError(f"{path} cannot be run: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"{path} does not answer --version within {ASKING} s") from None
    said = " ".join(done.stdout.split())
    version = version_of(said)
    if not version:
        raise UsageError(f"{path} is no Renode: asked for its version, it said {said[:80] or 'nothing'!r}")
    text = ".".join(map(str, version))
    if version < OLDEST:
        raise UsageError(f"{path} is Renode {text}: {'.'.join(map(str, OLDEST))} or newer is needed")
    return Found(path, text, how)


def look(path: Path | None = None) -> tuple[Found | None, list[str]]:
    """The first that serves, and what is wrong with those before it."""
    wrong: list[str] = []
    for place, how in [(program_at(path), "path=")] if path is not None else places():
        try:
            return examine(place, how), wrong
        except UsageError as error:
            wrong.append(str(error))
    return None, wrong
