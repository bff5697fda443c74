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


class _Abandoned(Exception):  # noqa: N818  # never seen outside
    """Ends a file that is not wanted any more."""


class PinRecorder:
    """Writes the changes of named pins. The file is there when `close` has ended it; `abandon` leaves none.

    The file counts nanoseconds: of two levels within one nanosecond the later one is written last. It carries no date,
    so the same run writes the same file.
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
        self._level = self._found = initial & self._mask
        self._held: list[tuple[Times, Times]] = []

    def add(self, at: Times, level: Times) -> None:
        """Changes: ps, and the levels of all pins. The last ones wait for what may still be found out before them."""
        if not len(at):
            return
        self._held.append((at, level & np.uint64(self._mask)))
        at, level = joined(self._held)
        at, level = in_order(self._found, at, level)
        settled = int(np.searchsorted(at, at[-1] - np.uint64(min(SETTLED, int(at[-1])))))
        self._write(at[:settled], level[:settled])
        self._found = self._level
        self._held = [(at[settled:], level[settled:])]

    def _write(self, at: Times, level: Times) -> None:
        before, variables, change = self._level, self._variables, self._writer.change
        try:
            for moment, levels in zip((at // NS).tolist(), level.tolist(), strict=True):
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
        moments, levels = joined(self._held)
        self._write(moments, levels)
        self._writer.close(max(at, int(moments[-1]) if len(moments) else 0) // NS)
        self._whole.close()

    def abandon(self) -> None:
        """Leaves nothing of the file."""
        # What is still to be written may fail to be; it is not wanted either.
        with suppress(_Abandoned, UsageError), self._whole:
            raise _Abandoned
