"""``twins boards`` and ``twins parts``: what a board file can name."""

from __future__ import annotations

import argparse

from twins.cli.codes import DONE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There are none."""


def boards(_: argparse.Namespace) -> int:
    """Prints the boards; the exit code."""
    from twins.board import boards

    for board in boards():
        parts = ", ".join(f"{name} ({part.type})" for name, part in board.parts.items()) or "no parts"
        print(f"{board.name:20} {board.chip.name:10} {board.title}; {parts}")
    return DONE


def parts(_: argparse.Namespace) -> int:
    """Prints the parts and their pins; the exit code."""
    import peripherals

    for name in sorted(peripherals.__all__):
        part = getattr(peripherals, name)
        pins = {pin: needed for port in part.ports().values() for pin, needed in port.pin_names().items()}
        pin_names = ", ".join(pin if needed else f"[{pin}]" for pin, needed in pins.items())
        print(f"{name:16} {(part.__doc__ or '').strip().splitlines()[0]} Pins: {pin_names}")
    return DONE
