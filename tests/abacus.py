"""An engine for tests of what stands around engines: it has consoles and a reset pin, and no chip.

Each millisecond it prints a line. ``abacus:wrong=3`` prints another third line, ``abacus:late=2`` everything so many
microseconds later.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from twins import engines
from twins.engines import Adapter, Capability, Found

NAME = "abacus"
CAPABILITIES = frozenset(
    {Capability.CORES, Capability.CONSOLE, Capability.FLASH, Capability.RESET, Capability.DETERMINISM}
)
CHIPS = ("rp2040",)
OPTIONS = {"wrong": "the line that is another", "late": "microseconds", "gone": "1: it is not on this machine"}
INSTALL = "string some beads"

KNOWN = engines.names()
"""The engines of the package."""
MS, US = 10**9, 10**6
here = True
opened: list[Abacus] = []


def find() -> Found | None:
    return Found(Path("abacus"), "1.0", "PATH") if here else None


def open(*_: Any, options: Mapping[str, str], **__: Any) -> Abacus:  # noqa: A001  # every adapter has these names
    if not here:
        raise engines.absent(NAME)
    opened.append(Abacus(options))
    return opened[-1]


class Abacus(Adapter):
    """Beads on wires."""

    name = NAME
    capabilities = CAPABILITIES

    def __init__(self, options: Mapping[str, str]) -> None:
        self._options = options
        self._now = 0
        self._lines = 0
        self._names: list[str] = []
        self._output = b""
        self._watched: dict[int, bytes] = {}
        self.flash: dict[int, bytes] = {}
        self.resets = 0
        self.closed = 0

    @property
    def now(self) -> int:
        return self._now

    def set_outside(self, target: Any) -> None:
        pass

    def run(self, until: int, on: bool = False) -> tuple[str, int, int, str]:
        if self.resets:
            self.resets = 0
            self._lines = 0
            return ("reset", -1, -1, "RunPin")
        late = int(self._options.get("late", 0)) * US
        while (due := (self._lines + 1) * MS + late) <= until:
            self._now = due
            self._lines += 1
            word = "six" if self._options.get("wrong") == str(self._lines) else "beads"
            self._output += f"{self._lines} {word}\n".encode()
            for key, text in self._watched.items():
                if text in self._output:
                    return ("text", key, 0, "")
        self._now = max(self._now, until)
        return ("time", -1, -1, "")

    def reset(self) -> None:
        self.resets += 1

    def write_flash(self, offset: int, data: bytes) -> None:
        self.flash[offset] = data

    @property
    def instructions(self) -> list[int]:
        return [self._lines, 0]

    def attach_console(self, name: str, tx: int | None, rx: int | None, jtag: bool = False) -> int:
        self._names.append(name)
        return len(self._names) - 1

    @property
    def consoles(self) -> list[str]:
        return self._names

    def take_output(self, console: int) -> bytes:
        if console:
            return b""
        output, self._output = self._output, b""
        return output

    def type_in(self, console: int, data: bytes) -> None:
        pass

    def watch_text(self, text: bytes, key: int) -> None:
        self._watched[key] = text

    def unwatch_texts(self) -> None:
        self._watched.clear()

    def close(self) -> None:
        self.closed += 1


def install() -> ModuleType:
    """Puts it beside the native engine; there is no other. Returns its module."""
    module = sys.modules[__name__]
    sys.modules["twins.engines.abacus"] = module
    engines.names = lambda: ("native", NAME)  # type: ignore[assignment]
    return module
