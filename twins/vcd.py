"""Pin changes as a VCD file (IEEE 1364-2005, 18.2), written by pyvcd, for GTKWave, PulseView and sigrok."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from vcd import VCDWriter

from twins.errors import UsageError
from twins.files import whole_file
from twins.trace import SETTLED, in_order, joined
from twins.units import NS

if TYPE_CHECKING:
    from twins.ports import Times

PORTION = 1 << 14
"""Changes that are written at a time."""


class _Abandoned(Exception):  # noqa: N818  # never seen outside
    """Ends a file that is not wanted any more."""


class PinRecorder:
    """Writes the changes of named pins. The file is there when `close` has ended it; `abandon` leaves none.

    The file counts nanoseconds: of two levels within one nanosecond the later one is written last. It carries no date,
    so the same run writes the same file.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "pins.vcd")
    >>> recorder = PinRecorder(path, {"LED": 0}, initial=0)
    >>> recorder.add(np.array([5_000, 9_000], np.uint64), np.array([1, 0], np.uint64)); recorder.close(20_000)
    >>> path.read_text().splitlines()[-5:]
    ['#5', '1!', '#9', '0!', '#20']
    """

    def __init__(self, path: str | Path, pins: Mapping[str, int], initial: int) -> None:
        self._path = Path(path)
        self._whole = ExitStack()
        file = self._whole.enter_context(
            self._whole.enter_context(whole_file(path)).open("w", encoding="ascii", newline="\n")
        )
        # Levels are 0 and 1 by construction: pyvcd need not look at each.
        self._writer = VCDWriter(file, "1 ns", date="", version="boardtwins", check_values=False)
        self._variables = {
            1 << bit: self._writer.register_var("board", name, "wire", 1, initial >> bit & 1)
            for name, bit in pins.items()
        }
        self._mask = sum(self._variables)
        self._level = initial & self._mask
        self._held: list[tuple[Times, Times]] = []
        """In order, within a piece and from one to the next; they are longer apart than a twin runs at a time."""

    def add(self, at: Times, level: Times) -> None:
        """Changes: ps, and the levels of all pins. The last ones wait for what may still be found out before them."""
        if not len(at):
            return
        pieces, first = [(at, level & np.uint64(self._mask))], at.min()
        while self._held and self._held[-1][0][-1] > first:
            pieces.insert(0, self._held.pop())
        at, level = in_order(int(self._held[-1][1][-1]) if self._held else self._level, *joined(pieces))
        self._held.append((at, level))
        settled = int(at[-1]) - SETTLED
        while int(self._held[0][0][0]) < settled:
            at, level = self._held.pop(0)
            count = int(np.searchsorted(at, np.uint64(settled)))
            self._write(at[:count], level[:count])
            if count < len(at):
                self._held.insert(0, (at[count:], level[count:]))

    def _write(self, at: Times, level: Times) -> None:
        before, variables, change = self._level, self._variables, self._writer.change
        try:
            for start in range(0, len(at), PORTION):  # as numbers of Python they are several times as long
                some = slice(start, start + PORTION)
                for moment, levels in zip((at[some] // NS).tolist(), level[some].tolist(), strict=True):
                    changed = levels ^ before
                    before = levels
                    while changed:
                        bit = changed & -changed
                        changed ^= bit
                        change(variables[bit], moment, (levels & bit) != 0)
        except OSError as error:
            raise UsageError(f"cannot write {self._path}: {error.strerror}") from None
        self._level = before

    def close(self, at: int) -> None:
        """Ends the file at a moment (ps), or at its last change."""
        for moments, levels in self._held:
            self._write(moments, levels)
            at = max(at, int(moments[-1]))
        self._writer.close(at // NS)
        self._whole.close()

    def abandon(self) -> None:
        """Leaves nothing of the file."""
        # What is still to be written may fail to be; it is not wanted either.
        with suppress(_Abandoned, UsageError), self._whole:
            raise _Abandoned
