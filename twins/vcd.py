"""Pin changes as a VCD file (IEEE 1364-2005, 18.2), for GTKWave, PulseView and sigrok."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from twins.errors import UsageError
from twins.files import whole_file
from twins.units import NS

if TYPE_CHECKING:
    from twins.ports import Times

FIRST_IDENTIFIER = 33
"""Identifiers are made of printable characters; a single one is enough for 94 pins."""


class _Abandoned(Exception):  # noqa: N818  # never seen outside
    """Ends a file that is not wanted any more."""


class PinRecorder:
    """Writes the changes of named pins. The file is there when `close` has ended it; `abandon` leaves none.

    The file counts nanoseconds: of two levels within one nanosecond the later one is written last.
    """

    def __init__(self, path: str | Path, pins: Mapping[str, int], initial: int) -> None:
        self._path = Path(path)
        self._whole = ExitStack()
        self._file = self._whole.enter_context(
            self._whole.enter_context(whole_file(path)).open("w", encoding="ascii", newline="\n")
        )
        self._level = initial
        self._mask = sum(1 << bit for bit in pins.values())
        self._now = 0
        identifiers = {bit: chr(FIRST_IDENTIFIER + n) for n, bit in enumerate(pins.values())}
        self._lines = {1 << bit: (f"0{name}\n", f"1{name}\n") for bit, name in identifiers.items()}
        self._file.write("$version boardtwins $end\n$timescale 1 ns $end\n$scope module board $end\n")
        self._file.writelines(f"$var wire 1 {identifiers[bit]} {name} $end\n" for name, bit in pins.items())
        self._file.write("$upscope $end\n$enddefinitions $end\n#0\n$dumpvars\n")
        self._file.writelines(lines[(initial & bit) != 0] for bit, lines in self._lines.items())
        self._file.write("$end\n")

    def add(self, at: Times, level: Times) -> None:
        """Changes in order of time: ps, and the levels of all pins."""
        text = []
        before, now, lines = self._level, self._now, self._lines
        for moment, levels in zip((at // NS).tolist(), (level & self._mask).tolist(), strict=True):
            changed = levels ^ before
            if not changed:
                continue
            if moment != now:
                now = moment
                text.append(f"#{now}\n")
            before = levels
            while changed:
                bit = changed & -changed
                changed ^= bit
                text.append(lines[bit][(levels & bit) != 0])
        self._level, self._now = before, now
        try:
            self._file.writelines(text)
        except OSError as error:
            raise UsageError(f"cannot write {self._path}: {error.strerror}") from None

    def close(self, at: int) -> None:
        """Ends the file at a moment (ps)."""
        if at // NS > self._now:
            self._file.write(f"#{at // NS}\n")
        self._whole.close()

    def abandon(self) -> None:
        """Leaves nothing of the file."""
        # What is still to be written may fail to be; it is not wanted either.
        with suppress(_Abandoned, UsageError), self._whole:
            raise _Abandoned
