"""Renode as an engine: its processors and memories, and at the other end of a bridge a chip of ours without processors.

So the parts of the board, its pins, consoles and flash are those of the engine `native`; what differs is who executes
the instructions, and how long they take: Renode gives each one cycle. See ``docs/engines.md`` and ``docs/bridge.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from twins.engines.capabilities import Capability
from twins.engines.engine import Found

if TYPE_CHECKING:
    from twins.board import Board
    from twins.engines.renode.engine import RenodeEngine
    from twins.image import Image

NAME = "renode"
CAPABILITIES = frozenset(
    {
        Capability.CORES,
        Capability.CONSOLE,
        Capability.PARTS,
        Capability.MEMORY,
        Capability.RESET,
        Capability.FLASH,
        Capability.DETERMINISM,
        Capability.TRACE,
        Capability.LEDGER,
        Capability.USB,
    }
)
CHIPS = ("rp2040", "esp32s3")
OPTIONS = {
    "path": "the program renode, instead of the one that is found",
    "quantum": "seconds of virtual time that one core runs before the other; 0.0001 without it",
    "patience": "seconds of wall clock that 100 ms of virtual time may take; 120 without it",
    "rom": "a real boot ROM: a path, or `real` for the one of the folder ESP_ROM_ELF_DIR",
}
INSTALL = "install Renode 1.15 or newer, and let PATH or RENODE_PATH say where it is"


def find() -> Found | None:
    """The first on this machine that serves."""
    from twins.engines.renode.locate import look

    return look()[0]


def open(  # noqa: A001  # every adapter has these names
    board: Board,
    image: Image | None,
    *,
    seed: int,
    rom: Path | None,
    options: Mapping[str, str],
) -> RenodeEngine:
    """A chip as the board has it, at its power-on."""
    from twins.engines import chosen, native
    from twins.engines.renode.engine import RenodeEngine, Settings
    from twins.engines.renode.locate import look

    settings = Settings.of(options)
    found = chosen(NAME, look, options.get("path"))
    of_the_chip = {name: value for name, value in options.items() if name in native.OPTIONS}
    return RenodeEngine(found, board, native.open(board, image, seed=seed, rom=rom, options=of_the_chip), settings)
