"""``twins view``: the board in the browser."""

from __future__ import annotations

import argparse

from twins.cli.engine import add_engine_argument, twin_of
from twins.errors import UsageError
from twins.radio import EspNow
from twins.world import World

DONE = 0
FLAT_OUT = "max"


def add_view_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    add = parser.add_argument
    add("board", metavar="BOARD", help="a name (see `twins boards`) or a .toml file")
    add("image", metavar="IMAGE", nargs="?", help=".uf2, .elf, .hex, .bin or a build folder; blank flash without it")
    add("--elf", metavar="FILE", help="symbols for the image")
    add("--rom", metavar="PATH", help="a real boot ROM to run: an image, an ELF, or the folder ESP_ROM_ELF_DIR names")
    add("--flash", metavar="FILE", help="contents of the whole flash chip to go on from")
    add("--seed", metavar="N", type=int, default=0, help="for all that is random (0)")
    add_engine_argument(parser)
    add("--pace", metavar="FACTOR", default="1", help=f"of real time, or {FLAT_OUT} (1)")
    add("--paused", action="store_true", help="stand still at power-on")
    add("--port", metavar="PORT", type=int, default=0, help="of this machine (any free one)")
    add("--open", action="store_true", help="open the page in the browser")


def view(options: argparse.Namespace) -> int:
    """Serves the page until somebody interrupts; the exit code."""
    try:
        from twins.view.server import show
    except ModuleNotFoundError as error:
        raise UsageError(f"the live view needs {error.name}: pip install 'boardtwins[view]'") from None
    pace = _pace(options.pace)
    twin = twin_of(options, options.flash)
    if EspNow.fits(twin):
        World(options.seed).add(twin)
    show(twin, options.port, pace=pace, running=not options.paused, browser=options.open)
    return DONE


def _pace(text: str) -> float | None:
    if text == FLAT_OUT:
        return None
    try:
        pace = float(text)
    except ValueError:
        pace = 0.0
    if not 0 < pace <= 1000:
        raise UsageError(f"--pace {text!r}: expected a number such as 1 or 0.5, or {FLAT_OUT}")
    return pace
