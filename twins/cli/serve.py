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
FASTEST = 1000
"""Times real time; whoever wants more does not want a pace."""


def add_serve_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments for it."""
    add = parser.add_argument
    pty = {"metavar": "CONSOLE", "action": "append", "nargs": "?", "const": ALL, "default": []}
    add("--pty", **pty, help="put a console, or all together, on a pseudo-terminal")  # type: ignore[arg-type]
    add("--tcp", metavar="[CONSOLE=]PORT", action="append", default=[], help="as --pty, on a port of this machine")
    add(
        "--rfc2217",
        metavar="[CONSOLE=]PORT",
        action="append",
        default=[],
        help="as --tcp, with control lines (RFC 2217)",
    )
    add(
        "--pace",
        metavar="FACTOR",
        help=f"of real time, or {FLAT_OUT} (1 with --pty, --tcp or --rfc2217, else {FLAT_OUT})",
    )
    add("--realtime", dest="pace", action="store_const", const="1", help="the same as --pace 1")
    add("--record", metavar="FILE", help="write down what comes in from outside")
    add("--record-script", metavar="FILE.yaml", help="the same as a script for --input, with the hash of the trace")
    add("--replay", metavar="FILE", help="let the same come in again at the same moments; ends when the record does")


def is_served(options: argparse.Namespace) -> bool:
    """Is a console put on something?"""
    return bool(options.pty or options.tcp or options.rfc2217)


def limit(options: argparse.Namespace) -> int | None:
    """The virtual time to run at the most; None: until somebody ends it."""
    if options.duration is not None:
        return ps(options.duration)
    if is_served(options) or options.replay:
        return None
    return ps("60s" if options.input and not options.until else "10s")


def pace_of(text: str) -> float | None:
    """What ``--pace`` says: seconds of virtual time per second on the wall; None as fast as it goes.

    >>> pace_of("0.5"), pace_of("max")
    (0.5, None)
    """
    if text == FLAT_OUT:
        return None
    try:
        pace = float(text)
    except ValueError:
        pace = 0.0
    if not 0 < pace <= FASTEST:
        raise UsageError(f"--pace {text!r}: expected a number such as 1 or 0.5, or {FLAT_OUT}")
    return pace


def serve(twin: Twin, options: argparse.Namespace) -> None:
    """Starts the servers and says where they are."""
    twin.live.pace = pace_of(options.pace or ("1" if is_served(options) else FLAT_OUT))
    for name in options.pty:
        _say(name, _console(twin, name, "--pty").serve_pty())
    for text in options.tcp:
        name, port = _console_and_port(text, "--tcp", "usb=4000")
        _say(name, "socket://{}:{}".format(*_console(twin, name, "--tcp").serve_tcp(port)))
    for text in options.rfc2217:
        name, port = _console_and_port(text, "--rfc2217", "uart0=4000")
        _say(name, "rfc2217://{}:{}".format(*_console(twin, name, "--rfc2217").serve_rfc2217(port)))


def _console_and_port(text: str, option: str, example: str) -> tuple[str, int]:
    name, _, port = text.rpartition("=")
    if not port.isdigit():
        raise UsageError(f"{option} {text!r}: expected PORT or CONSOLE=PORT, as in {example}")
    return name, int(port)


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
