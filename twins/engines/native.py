"""The engine that comes with the package. A twin holds the Rust object itself: nothing stands between."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from twins import _engine
from twins.engines.capabilities import EVERYTHING
from twins.engines.engine import Found
from twins.errors import UsageError
from twins.files import contents_of
from twins.image import TARGETS

if TYPE_CHECKING:
    from twins.board import Board
    from twins.image import Image

NAME = "native"
CAPABILITIES = EVERYTHING
CHIPS = ("rp2040", "esp32s3")
OPTIONS = {
    "slice": "cycles that one core may run ahead of the other between accesses that both can see",
    "rom": "a real boot ROM: a path, or `real` for the one of the folder ESP_ROM_ELF_DIR",
}
INSTALL = "it is part of the package: install boardtwins anew"

ROM_FOLDER = "ESP_ROM_ELF_DIR"
"""The variable by which ESP-IDF's tools find the mask ROMs."""
ROM_ELF = "esp32s3_rev0_rom.elf"
"""The mask ROM of every ESP32-S3 in the folder of Espressif's `esp-rom-elfs`."""


def find() -> Found:
    """The module itself."""
    from twins.engines import package_version

    return Found(Path(_engine.__file__ or ""), package_version(), "the package")


def open(  # noqa: A001  # every adapter has these names
    board: Board,
    image: Image | None,  # noqa: ARG001  # the twin loads it
    *,
    seed: int,
    rom: Path | None,
    options: Mapping[str, str],
) -> _engine.Engine:
    """A chip as the board has it, at its power-on."""
    if board.chip.name == "rp2040":
        engine = _engine.Engine.rp2040(board.flash_size)
    else:
        engine = _engine.Engine.esp32s3(
            board.flash_size, board.psram_size, board.psram_octal, board.mac, seed, board.flash_octal
        )
    if "rom" in options:
        rom = _real_rom(board) if options["rom"] == "real" else Path(options["rom"])
    if rom is not None:
        use_rom(engine, rom)
    if "slice" in options:
        engine.set_slice(_cycles(options["slice"]))
    return engine


def use_rom(engine: _engine.Engine, path: Path) -> None:
    """Puts a real boot ROM in place of the one at function level."""
    if path.is_dir():
        path /= ROM_ELF
    try:
        engine.use_rom(contents_of(path, "boot ROM"))
    except ValueError as error:
        raise UsageError(f"boot ROM {path}: {error}") from None


def _real_rom(board: Board) -> Path:
    if board.chip.name != "esp32s3":
        raise UsageError(f"rom=real knows the ESP32-S3's: for an {TARGETS[board.chip.name].title} give rom=PATH")
    folder = os.environ.get(ROM_FOLDER)
    if not folder:
        raise UsageError(
            f"rom=real: {ROM_FOLDER} is not set: let it name the folder of Espressif's esp-rom-elfs, or give rom=PATH"
        )
    return Path(folder)


def _cycles(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"native:slice={text}: expected a number of cycles, as in slice=1")
    return int(text)
