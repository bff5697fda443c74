"""The trace of a twin: what was seen from outside, as a hash and, where asked for, pin by pin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twins import _engine

if TYPE_CHECKING:
    from twins.ports import Times


class Trace:
    """``twin.trace.sha256`` is equal for two runs that showed the world the same things at the same times."""

    def __init__(self, engine: _engine.Engine) -> None:
        self._engine = engine

    @property
    def sha256(self) -> str:
        """The hash of everything seen so far: pin levels, bus transactions, console bytes, resets."""
        return self._engine.trace_sha256()

    def record_pins(self, on: bool = True) -> None:
        """Keeps every change of a pin from now on, for `take_pins`; or stops doing so."""
        self._engine.keep_log(on)

    def take_pins(self) -> tuple[Times, Times]:
        """The changes since the last call: times in ps and the levels of all pins, a bit each (uint64 arrays)."""
        at, level = self._engine.take_log()
        return np.frombuffer(at, np.uint64), np.frombuffer(level, np.uint64)
