"""``twins resume``: go on with a snapshot."""

from __future__ import annotations

import argparse
import importlib
import sys

from twins.cli.run import run
from twins.errors import UsageError


def add_resume_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command, beside those of a run."""
    parser.add_argument("snapshot", metavar="FILE", help="a snapshot.twin, as a failed test leaves it")
    parser.add_argument(
        "--import", dest="modules", metavar="MODULE", action="append", default=[], help="module of a part of yours"
    )


def resume(options: argparse.Namespace) -> int:
    """Opens the snapshot and goes on; the exit code."""
    from twins.saved import load

    for name in options.modules:
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise UsageError(f"--import {name}: {error}") from None
    saved = load(options.snapshot)
    twin = saved.restored()
    image = saved.about["image"] or "no image"
    print(f"{twin.board.name} with {image} at {twin.time}", file=sys.stderr)
    goes_on = (
        options.duration
        or options.until
        or options.input
        or options.pty
        or options.tcp
        or options.rfc2217
        or options.replay
    )
    if not goes_on:
        from twins.testing.evidence import last_lines, registers

        if not (options.frame or options.uart or options.flash_out or options.json):
            sys.stdout.write(registers(twin))
            print(last_lines(twin))
            return 0
        options.duration = "0s"
    return run(options, twin)
