"""``twins view``: the board in the browser."""

from __future__ import annotations

import argparse

from twins.cli.codes import DONE
from twins.cli.engine import add_twin_arguments, twin_of
from twins.cli.serve import FLAT_OUT, pace_of
from twins.errors import UsageError
from twins.radio import EspNow
from twins.world import World


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    add_twin_arguments(parser, image="; blank flash without it")
    add = parser.add_argument
    add("--pace", metavar="FACTOR", default="1", help=f"of real time, or {FLAT_OUT} (1)")
    add("--paused", action="store_true", help="stand still at power-on")
    add("--port", metavar="PORT", type=int, default=0, help="of this machine (any free one)")
    add("--open", action="store_true", help="open the page in the browser")


def act(options: argparse.Namespace) -> int:
    """Serves the page until somebody interrupts; the exit code."""
    try:
        from twins.view.server import show
    except ModuleNotFoundError as error:
        raise UsageError(f"the live view needs {error.name}: pip install 'boardtwins[view]'") from None
    pace = pace_of(options.pace)
    twin = twin_of(options)
    if EspNow.fits(twin):
        World(options.seed).add(twin)
    show(twin, options.port, pace=pace, running=not options.paused, browser=options.open)
    return DONE
