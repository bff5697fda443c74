"""Espressif's QEMU on this machine: where it is, which version, and whether it knows the ESP32-S3.

Looked for under the path that somebody gives, on PATH, and where ESP-IDF's `idf_tools.py install qemu-xtensa` puts it:
``tools/qemu-xtensa/VERSION/qemu/bin`` below `IDF_TOOLS_PATH`, which is ``~/.espressif`` where it is not set.
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

PROGRAM = "qemu-system-xtensa"
MACHINE = "esp32s3"
OLDEST = (9, 0)
"""The first of Espressif's releases with the machine esp32s3, and with network streams over a local socket."""
ASKING = 20
"""Seconds of wall clock that it may take to tell its version."""


def version_of(said: str) -> tuple[int, ...]:
    """The numbers of what ``--version`` says.

    >>> version_of("QEMU emulator version 9.2.2 (esp_develop_9.2.2_20250817)")
    (9, 2, 2)
    >>> version_of("something else")
    ()
    """
    found = re.search(r"version (\d+(?:\.\d+)+)", said)
    return tuple(map(int, found[1].split("."))) if found else ()


def places() -> Iterator[tuple[Path, str]]:
    """Where it may be, and how one came there; the newest of ESP-IDF's versions first."""
    on_path = shutil.which(PROGRAM)
    if on_path:
        yield Path(on_path), "PATH"
    variable = os.environ.get("IDF_TOOLS_PATH")
    tools = Path(variable) if variable else Path.home() / ".espressif"
    how = "IDF_TOOLS_PATH" if variable else "~/.espressif"
    installed = tools.glob(f"tools/qemu-xtensa/*/qemu/bin/{PROGRAM}")
    for path in sorted(installed, key=lambda path: version_of("version " + _numbers(path)), reverse=True):
        yield path, how


def _numbers(path: Path) -> str:
    """``esp_develop_9.2.2_20250817``, the folder of a release, gives ``9.2.2.20250817``."""
    return ".".join(re.findall(r"\d+", path.parents[2].name))


def examine(path: Path, how: str) -> Found:
    """The QEMU at a path. Raises `UsageError`: it cannot be run, is too old, or has no ESP32-S3."""
    said = _ask(path, "--version").splitlines()[:1]
    version = version_of(said[0] if said else "")
    if not version:
        raise UsageError(f"{path} is no QEMU: asked for its version, it said {said[0] if said else 'nothing'!r}")
    text = ".".join(map(str, version))
    if MACHINE not in {line.split()[0] for line in _ask(path, "-machine", "help").splitlines() if line.strip()}:
        raise UsageError(f"{path} is QEMU {text} without the machine {MACHINE}: Espressif's is needed")
    if version < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise UsageError(f"{path} is QEMU {text}: {oldest} or newer is needed")
    release = re.search(r"\((esp[^)]*)\)", said[0])
    return Found(path, f"{text} ({release[1]})" if release else text, how)


def _ask(path: Path, *arguments: str) -> str:
    try:
        done = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=ASKING, check=False)
    except OSError as error:
        raise UsageError(f"{path} cannot be run: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"{path} does not answer {' '.join(arguments)} within {ASKING} s") from None
    return done.stdout


def look(path: Path | None = None) -> tuple[Found | None, list[str]]:
    """The first that serves, and what is wrong with those before it."""
    if not hasattr(os, "mkfifo"):
        return None, ["the lines to QEMU are named pipes and Unix sockets, which this system has not"]
    wrong: list[str] = []
    for place, how in [(path, "path=")] if path is not None else places():
        try:
            return examine(place, how), wrong
        except UsageError as error:
            wrong.append(str(error))
    return None, wrong
