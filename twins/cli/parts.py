"""``twins parts``: what a board file can name."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Iterator

import peripherals
from twins.board import find_part
from twins.cli.codes import DONE
from twins.ports import Part


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("part", metavar="PART", nargs="?", help="one of them, or module:Class, with all of its options")


def act(options: argparse.Namespace) -> int:
    """Prints the parts and their pins, or what one of them is; the exit code."""
    if options.part is not None:
        print("\n".join(_about(find_part(options.part))))
        return DONE
    for name in sorted(peripherals.__all__):
        part = find_part(name)
        print(f"{name:16} {(part.__doc__ or '').strip().splitlines()[0]} Pins: {_pins(part)}")
    return DONE


def pins(part: type[Part]) -> Iterator[str]:
    """Its pins, in brackets what may be left out: a pin, or a whole bus.

    >>> list(pins(find_part("RotaryEncoder"))), list(pins(find_part("Sdcard")))[0]
    (['a', 'b', '[sw]'], '[sck, mosi, [miso], [cs]]')
    """
    for port in part.ports().values():
        names = [pin if needed else f"[{pin}]" for pin, needed in port.pin_names().items()]
        if port.optional and len(names) > 1:
            yield f"[{', '.join(names)}]"
        else:
            yield from names


def _pins(part: type[Part]) -> str:
    return ", ".join(pins(part)) or "none"


def _about(part: type[Part]) -> Iterator[str]:
    """Its description without the example, its pins, and its options with what they are if nobody says."""
    description = (inspect.getdoc(part) or "").partition(">>>")[0].strip()
    yield f"{part.__name__}: {description}"
    yield f"\nPins: {_pins(part)}"
    yield "Options:"
    for name, option in inspect.signature(part).parameters.items():
        default = "" if option.default is option.empty else f" = {str(option.default) or repr(option.default)}"
        yield f"  {name}{default}"
