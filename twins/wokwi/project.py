"""``wokwi.toml``: which firmware a project runs, beside which diagram."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twins.board import Board, boards
from twins.errors import BoardError, ImageError
from twins.scripts.reading import shown
from twins.wokwi.circuit import Circuit
from twins.wokwi.diagram import Diagram
from twins.wokwi.scenario import Names

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CONFIG, DIAGRAM = "wokwi.toml", "diagram.json"


@dataclass(frozen=True)
class Project:
    """A project that can be run.

    Attributes:
        image: the firmware, or the folder of a build that holds it with its bootloader and partitions.
        elf: its symbols.
        names: what scenarios call parts and pins.
        missing: parts and pins that we lack.
        notes: what is left out and changes nothing that firmware sees.
    """

    folder: Path
    board: Board
    image: Path
    elf: Path | None
    names: Names
    missing: tuple[str, ...]
    notes: tuple[str, ...]


def is_project(path: str | Path) -> bool:
    """Does a path name a project: its folder, or its ``wokwi.toml``?"""
    path = Path(path)
    if path.name == CONFIG or (path / CONFIG).is_file():
        return True
    return path.is_dir() and str(path) not in {board.name for board in boards()}


def load_project(path: str | Path) -> Project:
    """Reads a project. Raises `BoardError` or `ImageError`."""
    path = Path(path)
    folder, config = (path, path / CONFIG) if path.is_dir() else (path.parent, path)
    data = _config(config)
    wokwi = data.get("wokwi")
    if not isinstance(wokwi, dict):
        raise BoardError(f"{config}: expected a table [wokwi] with version and firmware")
    if wokwi.get("version") != 1:
        raise BoardError(f"{config}: version {shown(wokwi.get('version'))} of the format: expected version = 1")
    circuit = load_circuit(folder)
    elf = _file(config, wokwi["elf"], "elf") if "elf" in wokwi else None
    notes = [*circuit.notes]
    if "rfc2217ServerPort" in wokwi:
        notes.append(f"{config.name}: rfc2217ServerPort: twins run --rfc2217 PORT serves a console")
    if "gdbServerPort" in wokwi:
        notes.append(f"{config.name}: gdbServerPort: twins gdb serves a debugger, on the board of twins import wokwi")
    if data.get("net"):
        notes.append(f"{config.name}: there is no network behind the chip's radio to forward ports of")
    return Project(
        folder=folder,
        board=circuit.board(),
        image=_image(_file(config, wokwi.get("firmware"), "firmware")),
        elf=elf if elf is not None and elf.suffix.lower() == ".elf" else None,
        names=circuit.names,
        missing=tuple(circuit.missing),
        notes=tuple(notes),
    )


def load_circuit(path: Path) -> Circuit:
    """The diagram in a folder, or in a file, as a board. Raises `BoardError`."""
    diagram = path / DIAGRAM if path.is_dir() else path
    circuit = Circuit(Diagram.load(diagram))
    try:
        circuit.board().create_parts()
    except BoardError as error:
        raise BoardError(f"diagram {diagram}: {error}") from None
    return circuit


def _config(path: Path) -> dict[str, Any]:
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return data
    except OSError as error:
        raise BoardError(f"{path}: {error.strerror}: expected the {CONFIG} of a project of Wokwi") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BoardError(f"{path} is not TOML: {error}") from None


def _file(config: Path, value: Any, key: str) -> Path:
    """A file that the configuration names, beside it."""
    if not isinstance(value, str) or not value or "\0" in value:
        raise BoardError(f"{config}: expected {key} = '...', found {shown(value)}")
    path = config.parent / value
    if not path.is_file():
        raise ImageError(f"{config}: {key} {path} is not there: build it first")
    return path


def _image(firmware: Path) -> Path:
    """The firmware, or its folder where the rest of the flash lies beside it."""
    if firmware.name == "flasher_args.json":
        return firmware.parent
    folder = firmware.parent
    has_bootloader = (folder / "bootloader.bin").is_file() or any(folder.glob("*.ino.bootloader.bin"))
    return folder if firmware.suffix == ".bin" and has_bootloader else firmware
