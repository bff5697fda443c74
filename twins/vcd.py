"""Pin changes as a VCD file, for GTKWave, PulseView and sigrok."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from vcd import VCDWriter

if TYPE_CHECKING:
    from twins.ports import Times


class PinRecorder:
    """Writes the changes of named pins.

    The file counts nanoseconds: changes within one nanosecond take the later level.
    """

    def __init__(self, path: str | Path, pins: Mapping[str, int], initial: int) -> None:
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", encoding="ascii")
        self._writer = VCDWriter(self._file, timescale="1 ns", date="", version="boardtwins")
        self._level = initial
        self._variables = {
            bit: self._writer.register_var("board", name, "wire", size=1, init=initial >> bit & 1)
            for name, bit in pins.items()
        }

    def add(self, at: Times, level: Times) -> None:
        """Changes in order of time: ps, and the levels of all pins."""
        for moment, levels in zip(at.tolist(), level.tolist(), strict=True):
            changed = levels ^ self._level
            self._level = levels
            for bit, variable in self._variables.items():
                if changed >> bit & 1:
                    self._writer.change(variable, moment // 1000, levels >> bit & 1)

    def close(self, at: int) -> None:
        """Ends the file at a moment (ps)."""
        self._writer.close(at // 1000)
        self._file.close()
