"""Espressif's QEMU as an engine: its machine `esp32s3`, as ESP-IDF's ``idf.py qemu`` runs it.

It has what that machine has: processors, memories, flash, consoles, timers and accelerators, and no pins. A display, a
strip or a bus that a board needs is answered at function level: `twin.intercept` works through its debugger.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from twins.engines.capabilities import Capability
from twins.engines.engine import Found

if TYPE_CHECKING:
    from twins.board import Board
    from twins.engines.qemu.engine import QemuEngine
    from twins.image import Image

NAME = "qemu"
CAPABILITIES = frozenset(
    {
        Capability.CORES,
        Capability.CONSOLE,
        Capability.MEMORY,
        Capability.REGISTERS,
        Capability.BREAKPOINTS,
        Capability.RESET,
        Capability.FLASH,
        Capability.INTERCEPTION,
    }
)
CHIPS = ("esp32s3",)
OPTIONS = {
    "path": "the program qemu-system-xtensa, instead of the one that is found",
    "shift": "an instruction takes 2 to the power of this in ns; 2 without it",
    "turn": "µs that one core runs before the other does; 50 without it",
    "psram": "`off`: none, whatever the board has",
    "watchdogs": "`on`: those of the timer groups count; off without it, as in ESP-IDF",
}
INSTALL = "install Espressif's with ESP-IDF's `idf_tools.py install qemu-xtensa`"


def find() -> Found | None:
    """The first on this machine that knows the ESP32-S3."""
    from twins.engines.qemu.locate import look

    return look()[0]


def open(  # noqa: A001  # every adapter has these names
    board: Board,
    image: Image | None,  # noqa: ARG001  # the twin loads it
    *,
    seed: int,
    rom: Path | None,
    options: Mapping[str, str],
) -> QemuEngine:
    """A chip as the board has it, at its power-on."""
    from twins.engines import chosen
    from twins.engines.qemu.engine import QemuEngine, Settings
    from twins.engines.qemu.locate import look

    settings = Settings.of(options, seed, rom)
    found = chosen(NAME, look, options.get("path"))
    return QemuEngine(found, board, settings)
