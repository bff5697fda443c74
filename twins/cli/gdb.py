"""``twins gdb``: an image on a board, for a debugger."""

from __future__ import annotations

import argparse
import sys

from twins.cli.codes import DONE
from twins.cli.engine import add_twin_arguments, twin_of
from twins.gdb import GdbServer
from twins.units import MS

PORT = 3333
"""OpenOCD's, which IDEs expect."""
STEP = 100 * MS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    add_twin_arguments(parser, image="; blank flash without it")
    add = parser.add_argument
    add("--port", metavar="N", type=int, default=PORT, help=f"of this machine, 0 for any free one ({PORT})")
    add("--run", action="store_true", help="do not wait for the debugger")


def act(options: argparse.Namespace) -> int:
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
