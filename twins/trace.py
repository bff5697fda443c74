"""The trace of a twin: what was seen from outside, as a hash and, where asked for, pin by pin."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from twins.engines.engine import EngineApi

if TYPE_CHECKING:
    from twins.ports import Times

Listener = Callable[["Times", "Times"], None]
"""Is given the changes of pins: ps, and the levels of all pins, a bit each.

In order of time, but for the frame of a hardware controller that was under way when the twin stood still: its edges
come when it is over. `in_order` puts them where they were.
"""

SETTLED = 50_000_000_000
"""ps; no such frame is longer: a character at 300 baud takes 33 ms."""


def in_order(before: int, at: Times, level: Times) -> tuple[Times, Times]:
    """Changes in the order in which they were found out, put in order of time.

    Args:
        before: levels before the first of them.
        at: ps, uint64.
        level: levels of all pins from then on, uint64.

    >>> at, level = in_order(0, np.array([5, 9, 7], np.uint64), np.array([0b01, 0b11, 0b10], np.uint64))
    >>> at.tolist(), [bin(levels) for levels in level.tolist()]
    ([5, 7, 9], ['0b1', '0b0', '0b10'])
    """
    if np.all(at[1:] >= at[:-1]):
        return at, level
    changed = level ^ np.concatenate([np.array([before], np.uint64), level[:-1]])
    order = np.argsort(at, kind="stable")
    return at[order], np.uint64(before) ^ np.bitwise_xor.accumulate(changed[order])


class PinLog:
    """The engine's log of pin changes, handed to all who listen; nothing is logged while nobody does."""

    def __init__(self, engine: EngineApi, former: PinLog | None = None) -> None:
        self._engine = engine
        self._listeners: list[Listener] = []
        self.kept: PinKeeper = former.kept if former is not None else PinKeeper()
        for listener in former._listeners if former is not None else ():
            self.listen(listener)

    @property
    def is_on(self) -> bool:
        """Does somebody listen?"""
        return bool(self._listeners)

    def is_told(self, listener: Listener) -> bool:
        """Does this one listen?"""
        return listener in self._listeners

    def listen(self, listener: Listener) -> None:
        """Tells of every change from now on."""
        if listener in self._listeners:
            return
        if self._listeners:
            self.drain()
        else:
            self._engine.keep_log(True)
        self._listeners.append(listener)

    def ignore(self, listener: Listener) -> None:
        """Tells of everything up to now, and of nothing more."""
        if listener not in self._listeners:
            return
        self.drain()
        self._listeners.remove(listener)
        if not self._listeners:
            self._engine.keep_log(False)

    def drain(self) -> None:
        """Hands out what was logged since the last time."""
        if not self._listeners:
            return
        at, level = (np.frombuffer(data, np.uint64) for data in self._engine.take_log())
        if len(at):
            for listener in self._listeners:
                listener(at, level)


class PinKeeper:
    """Keeps all changes until they are taken."""

    def __init__(self) -> None:
        self._parts: list[tuple[Times, Times]] = []
        self._before: int | None = None

    def __call__(self, at: Times, level: Times) -> None:
        if self._before is None:
            self._before = int(level[0])
        self._parts.append((at, level))

    def take(self) -> tuple[Times, Times]:
        """What was kept since the last call."""
        parts, self._parts = self._parts, []
        at, level = joined(parts)
        before = self._before or 0
        if len(level):
            self._before = int(level[-1])
        return in_order(before, at, level)


def joined(parts: list[tuple[Times, Times]]) -> tuple[Times, Times]:
    """Several pieces as one."""
    empty = np.zeros(0, np.uint64)
    return np.concatenate([empty, *(at for at, _ in parts)]), np.concatenate([empty, *(level for _, level in parts)])


class PinWindow:
    """Keeps the changes of the last moments alone.

    >>> window = PinWindow(10)
    >>> for moment in range(0, 40, 4): window(np.array([moment], np.uint64), np.array([moment % 8 // 4], np.uint64))
    >>> start, before, at, level = window.last(39)
    >>> start, before, at.tolist(), level.tolist()
    (29, 1, [32, 36], [0, 1])
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self._parts: list[tuple[Times, Times]] = []

    def __call__(self, at: Times, level: Times) -> None:
        if self._parts and int(at[0]) < int(self._parts[-1][0][-1]) - SETTLED:
            self._parts.clear()  # the twin went back in time
        self._parts.append((at, level))
        start = int(at[-1]) - self.length
        # One change before the window stays, for the levels at its start.
        while len(self._parts) > 1 and int(self._parts[1][0][0]) < start:
            self._parts.pop(0)

    def last(self, now: int) -> tuple[int, int | None, Times, Times]:
        """Start of the window, the levels there (None if not known), and the changes in it."""
        start = max(0, now - self.length)
        at, level = joined(self._parts)
        at, level = in_order(int(level[0]) if len(level) else 0, at, level)
        inside = int(np.searchsorted(at, np.uint64(start)))
        before = int(level[inside - 1]) if inside else None
        return start, before, at[inside:], level[inside:]


class Trace:
    """``twin.trace.sha256`` is equal for two runs that showed the world the same things at the same times.

    >>> from twins import Twin
    >>> with Twin("pico", image="firmware/images/idle.uf2") as pico:
    ...     other = pico.fork(); pico.run("5ms"); other.run("2ms"); other.run("3ms")
    ...     pico.trace.sha256 == other.trace.sha256
    True
    """

    def __init__(self, engine: EngineApi, pins: PinLog) -> None:
        self._engine = engine
        self._pins = pins

    @property
    def sha256(self) -> str:
        """The hash of everything seen so far: pin levels, bus transactions, console bytes, resets."""
        return self._engine.trace_sha256()

    def record_pins(self, on: bool = True) -> None:
        """Keeps every change of a pin from now on, for `take_pins`; or stops doing so."""
        if on:
            self._pins.listen(self._pins.kept)
        else:
            self._pins.ignore(self._pins.kept)
            self._pins.kept.take()

    def take_pins(self) -> tuple[Times, Times]:
        """The changes since the last call: times in ps and the levels of all pins, a bit each (uint64 arrays)."""
        self._pins.drain()
        return self._pins.kept.take()
