"""``twins run`` with people at the board: consoles on PTYs and ports, the pace of time, records of what came in."""

from __future__ import annotations

import argparse
import sys

from twins.console import Console
from twins.errors import UsageError
from twins.twin import Twin
from twins.units import ps

ALL = ""
FLAT_OUT = "max"


def add_serve_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments for it."""
    add = parser.add_argument
    pty = {"metavar": "CONSOLE", "action": "append", "nargs": "?", "const": ALL, "default": []}
    add("--pty", **pty, help="put a console, or all together, on a pseudo-terminal")  # type: ignore[arg-type]
    add("--tcp", metavar="[CONSOLE=]PORT", action="append", default=[], help="as --pty, on a port of this machine")
    add("--pace", metavar="FACTOR", help=f"of real time, or {FLAT_OUT} (1 with --pty or --tcp, else {FLAT_OUT})")
    add("--realtime", dest="pace", action="store_const", const="1", help="the same as --pace 1")
    add("--record", metavar="FILE", help="write down what comes in from outside")
    add("--record-script", metavar="FILE.yaml", help="the same as a script for --input, with the hash of the trace")
    add("--replay", metavar="FILE", help="let the same come in again at the same moments; ends when the record does")


def is_served(options: argparse.Namespace) -> bool:
    """Is a console put on something?"""
    return bool(options.pty or options.tcp)


def limit(options: argparse.Namespace) -> int | None:
    """The virtual time to run at the most; None: until somebody ends it."""
    if options.duration is not None:
        return ps(options.duration)
    if is_served(options) or options.replay:
        return None
    return ps("60s" if options.input and not options.until else "10s")


def pace(options: argparse.Namespace) -> float | None:
    """The pace that was asked for, or the one that suits people."""
    wanted = options.pace or ("1" if is_served(options) else FLAT_OUT)
    if wanted == FLAT_OUT:
        return None
    try:
        return float(wanted)
    except ValueError:
        raise UsageError(f"--pace {wanted!r}: expected a number such as 1 or 0.5, or {FLAT_OUT}") from None


def serve(twin: Twin, options: argparse.Namespace) -> None:
    """Starts the servers and says where they are."""
    twin.live.pace = pace(options)
    for name in options.pty:
        _say(name, _console(twin, name, "--pty").serve_pty())
    for text in options.tcp:
        name, _, port = text.rpartition("=")
        if not port.isdigit():
            raise UsageError(f"--tcp {text!r}: expected PORT or CONSOLE=PORT, as in usb=4000")
        host, taken = _console(twin, name, "--tcp").serve_tcp(int(port))
        _say(name, f"socket://{host}:{taken}")


def _console(twin: Twin, name: str, option: str) -> Console:
    if not twin.console_names:
        raise UsageError(f"{option}: board {twin.board.name} has no console")
    if name == ALL:
        return twin.console
    if name not in twin.consoles:
        raise UsageError(f"{option}: board {twin.board.name} has no console {name!r}: {', '.join(twin.console_names)}")
    return twin.consoles[name]


def _say(name: str, where: str) -> None:
    what = f"console {name} is" if name else "the consoles are"
    print(f"twins: {what} at {where}", file=sys.stderr, flush=True)
