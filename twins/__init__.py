"""Board twins: run the image that is flashed on the real board, with everything around the chip, in a Python test.

>>> from twins import Twin
>>> with Twin("pico") as pico:
...     pico.board.title
'Raspberry Pi Pico'
"""

from typing import TYPE_CHECKING, Any

from twins.board import Board, boards
from twins.errors import (
    BoardError,
    FirmwareCrashed,
    FrameMismatch,
    ImageError,
    ReplayError,
    Timeout,
    TimingError,
    TwinError,
    UsageError,
)
from twins.image import Image
from twins.seen import Gap
from twins.symbols import Symbol, Symbols
from twins.twin import Snapshot, Twin
from twins.units import Duration, Time, ms, ns, seconds, us

if TYPE_CHECKING:
    from twins.console import Console, ExpectTimeout
    from twins.world import Actor, World

__all__ = [
    "Actor",
    "Board",
    "BoardError",
    "Console",
    "Duration",
    "ExpectTimeout",
    "FirmwareCrashed",
    "FrameMismatch",
    "Gap",
    "Image",
    "ImageError",
    "ReplayError",
    "Snapshot",
    "Symbol",
    "Symbols",
    "Time",
    "Timeout",
    "TimingError",
    "Twin",
    "TwinError",
    "UsageError",
    "World",
    "boards",
    "ms",
    "ns",
    "seconds",
    "us",
]

_LATER = {"Actor": "world", "Console": "console", "ExpectTimeout": "console", "World": "world"}
"""Names whose modules are loaded when somebody asks for them: a test that needs none of them starts sooner."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(f"twins.{_LATER[name]}"), name)
    return found
