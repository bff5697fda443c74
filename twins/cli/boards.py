"""``twins boards``: the boards that come with the package."""

from __future__ import annotations

import argparse

from twins.board import boards
from twins.cli.codes import DONE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There are none."""


def act(_: argparse.Namespace) -> int:
    """Prints the boards; the exit code."""
    for board in boards():
        parts = ", ".join(f"{name} ({part.type})" for name, part in board.parts.items()) or "no parts"
        print(f"{board.name:20} {board.chip.name:10} {board.title}; {parts}")
    return DONE
