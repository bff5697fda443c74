"""``twins gdb``: an image on a board, for a debugger."""

from __future__ import annotations

import argparse
import sys

from twins.cli.engine import add_engine_argument, twin_of
from twins.gdb import GdbServer
from twins.units import MS

DONE = 0
PORT = 3333
"""OpenOCD's, which IDEs expect."""
STEP = 100 * MS


def add_gdb_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    add = parser.add_argument
    add("board", metavar="BOARD", help="a name (see `twins boards`) or a .toml file")
    add("image", metavar="IMAGE", help=".uf2, .elf, .hex, .bin, or a build folder")
    add("--elf", metavar="FILE", help="symbols for the image")
    add("--rom", metavar="PATH", help="a real boot ROM to run")
    add("--seed", metavar="N", type=int, default=0, help="for all that is random (0)")
    add_engine_argument(parser)
    add("--port", metavar="N", type=int, default=PORT, help=f"of this machine, 0 for any free one ({PORT})")
    add("--run", action="store_true", help="do not wait for the debugger")


def gdb(options: argparse.Namespace) -> int:
    """Runs until the debugger kills the program, or Ctrl-C; the exit code."""
    with twin_of(options) as twin:
        server = GdbServer(twin, options.port, wait=not options.run)
        host, port = server.address
        print(f"twins: in gdb: target remote {host}:{port}", file=sys.stderr, flush=True)
        shown = dict.fromkeys(twin.console_names, 0)
        while not server.killed:
            twin.advance(twin.now + STEP)
            for name in twin.console_names:
                text = twin.output(name, shown.get(name, 0))
                shown[name] = twin.output_length(name)
                sys.stdout.write(text.decode(errors="replace"))
            sys.stdout.flush()
    return DONE
