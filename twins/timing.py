"""Timing: what pins and pictures did when, as numpy arrays and as assertions that say what was measured.

>>> from twins import Twin
>>> with Twin("media_controller", image="firmware/images/media_controller.uf2") as pico:
...     pico.run("200ms")
...     with record(pico, "GPIO16", "GPIO20") as pins:
...         _ = pico.knob.turn(+1); pico.run("50ms")
>>> chip_select = pins["GPIO20"]
>>> chip_select.assert_edges(at_least=2)
>>> pins["GPIO16"].pulses(True).min() > 0
np.True_

All times are integers of picoseconds, counted from power-on; `twins.units` has the words for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from twins.errors import Timeout, TimingError, UsageError
from twins.frames import Frame, frame_of
from twins.trace import PinKeeper
from twins.twin import Snapshot, Twin
from twins.units import MS, SECOND, Duration, Time, ps

Times = npt.NDArray[np.int64]
"""Moments or lengths of time in ps."""


@dataclass(frozen=True)
class Moments:
    """When something happened again and again: edges of a clock, pictures of a display.

    >>> tick = Moments("tick", np.array([0, 10_000, 20_000, 31_000], np.int64))
    >>> tick.periods.tolist(), round(tick.rate / 1e6, 1)
    ([10000, 10000, 11000], 96.8)
    >>> tick.assert_period("10ns", tolerance="500ps")
    Traceback (most recent call last):
    ...
    twins.errors.TimingError: tick: expected periods of 10ns within 500ps, but 1 of 3 is not: the worst is 11ns, at 20ns
    measured: 10ns to 11ns, mean 10.333ns
    """

    name: str
    at: Times

    @property
    def periods(self) -> Times:
        """From each to the next."""
        return np.diff(self.at)

    @property
    def rate(self) -> float:
        """How often a second, on average; 0 for fewer than two."""
        if len(self.at) < 2:
            return 0.0
        return (len(self.at) - 1) * SECOND / float(self.at[-1] - self.at[0])

    def assert_period(self, expected: Time, tolerance: Time | float = 0.01) -> None:
        """All periods are as expected, within a time (``"1us"``) or a share (0.01). Raises `TimingError`."""
        _assert_lengths(self.name, "periods", self.periods, self.at[:-1], expected, tolerance)

    def assert_rate(self, hertz: float, tolerance: float = 0.01) -> None:
        """The average rate is as expected, within a share. Raises `TimingError`."""
        if abs(self.rate - hertz) > hertz * tolerance:
            raise TimingError(
                f"{self.name}: expected {_hertz(hertz)} within {tolerance:.3g} of it, found {_hertz(self.rate)}\n"
                f"measured: {_spread(self.periods, 'periods')}"
            )

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True)
class Signal:
    """What one pin did between two moments.

    >>> pwm = Signal("a", 0, 4000, False, np.array([0, 250, 1000, 1250, 2000]), np.array([1, 0, 1, 0, 1], bool))
    >>> pwm.rising.at.tolist(), pwm.pulses(True).tolist(), pwm.pulses(False).tolist()
    ([0, 1000, 2000], [250, 250], [750, 750])
    >>> pwm.duty
    0.25
    >>> pwm.assert_pulses("3ns", tolerance="1ns")
    Traceback (most recent call last):
    ...
    twins.errors.TimingError: a: expected high pulses of 3ns within 1ns, but 2 of 2 are not: the worst is 250ps, at 0ps
    measured: 250ps to 250ps, mean 250ps
    """

    name: str
    start: int
    end: int
    initial: bool
    at: Times
    level: npt.NDArray[np.bool_]

    @property
    def rising(self) -> Moments:
        """When it went high."""
        return Moments(f"{self.name} rising", self.at[self.level])

    @property
    def falling(self) -> Moments:
        """When it went low."""
        return Moments(f"{self.name} falling", self.at[~self.level])

    def _starts(self, level: bool) -> npt.NDArray[np.intp]:
        return np.flatnonzero(self.level[:-1] == level)

    def pulses(self, level: bool = True) -> Times:
        """The widths of the pulses that began and ended in it: high ones, or low ones."""
        return np.diff(self.at)[self._starts(level)]

    @property
    def duty(self) -> float:
        """The share of time that it was high, over whole periods; over all of it where there is none."""
        rising = self.rising.at
        if len(rising) < 2:
            return self.high_time / max(1, self.end - self.start)
        inside = (self.at[:-1] >= rising[0]) & (self.at[:-1] < rising[-1]) & self.level[:-1]
        return float(np.diff(self.at)[inside].sum() / (rising[-1] - rising[0]))

    @property
    def high_time(self) -> int:
        """How long it was high in all."""
        bounds = np.concatenate([[self.start], self.at, [self.end]])
        levels = np.concatenate([[self.initial], self.level])
        return int(np.diff(bounds)[levels].sum())

    def level_at(self, moment: Time) -> bool:
        """Its level at a moment."""
        index = int(np.searchsorted(self.at, ps(moment), side="right")) - 1
        return self.initial if index < 0 else bool(self.level[index])

    def assert_pulses(self, width: Time, tolerance: Time | float = 0.01, level: bool = True) -> None:
        """All high (or low) pulses are as wide as expected, within a time or a share. Raises `TimingError`."""
        begins = self.at[self._starts(level)]
        what = f"{'high' if level else 'low'} pulses"
        _assert_lengths(self.name, what, self.pulses(level), begins, width, tolerance)

    def assert_clock(self, hertz: float, tolerance: float = 0.01) -> None:
        """It is a clock of this frequency, on average. Raises `TimingError`."""
        self.rising.assert_rate(hertz, tolerance)

    def assert_duty(self, share: float, tolerance: float = 0.01) -> None:
        """It was high for this share of the time, within so much. Raises `TimingError`."""
        if abs(self.duty - share) > tolerance:
            raise TimingError(
                f"{self.name}: expected a duty cycle of {share:.4g} within {tolerance:.4g}, found {self.duty:.4g}\n"
                f"measured: {_spread(self.pulses(True), 'high pulses')}; {_spread(self.pulses(False), 'low pulses')}"
            )

    def assert_edges(
        self, count: int | None = None, *, at_least: int | None = None, at_most: int | None = None
    ) -> None:
        """It changed so often. Raises `TimingError`."""
        least, most = (count, count) if count is not None else (at_least, at_most)
        found = len(self.at)
        if (least is not None and found < least) or (most is not None and found > most):
            words = (
                f"{count}" if count is not None else f"{least or 0} to {most if most is not None else 'any number of'}"
            )
            first = ", ".join(str(Duration(moment)) for moment in self.at[:8].tolist())
            raise TimingError(
                f"{self.name}: expected {words} edges between {Duration(self.start)} and {Duration(self.end)}, "
                f"found {found}" + (f": at {first}{', ...' if found > 8 else ''}" if found else "")
            )

    def __len__(self) -> int:
        return len(self.at)


def _assert_lengths(name: str, what: str, found: Times, begins: Times, expected: Time, tolerance: Time | float) -> None:
    goal = ps(expected)
    within = round(goal * tolerance) if isinstance(tolerance, float) else ps(tolerance)
    if not len(found):
        raise TimingError(f"{name}: expected {what} of {Duration(goal)}, found none")
    off = np.abs(found - goal)
    wrong = int((off > within).sum())
    if wrong:
        worst = int(off.argmax())
        raise TimingError(
            f"{name}: expected {what} of {Duration(goal)} within {Duration(within)}, but {wrong} of {len(found)} "
            f"{'is' if wrong == 1 else 'are'} not: the worst is {Duration(found[worst])}, at "
            f"{Duration(begins[worst])}\nmeasured: {_spread(found)}"
        )


def _spread(found: Times, what: str = "") -> str:
    if not len(found):
        return f"no {what or 'lengths'}"
    before = f"{what} of " if what else ""
    mean = Duration(round(float(found.mean())))
    return f"{before}{Duration(found.min())} to {Duration(found.max())}, mean {mean}"


def _hertz(value: float) -> str:
    for name, unit in (("MHz", 1e6), ("kHz", 1e3)):
        if value >= unit:
            return f"{value / unit:.6g} {name}"
    return f"{value:.6g} Hz"


class Recording(Mapping[str, Signal]):
    """The pins of a twin while it is open, see `record`."""

    def __init__(self, twin: Twin, pins: tuple[str, ...]) -> None:
        known = twin.pins
        for pin in pins:
            _ = known[pin]
        self._twin = twin
        self._names = pins or tuple(known)
        self._keeper = PinKeeper()
        self._start = self._end = twin.now
        self._initial = known.levels
        self._at = self._level = np.zeros(0, np.uint64)

    def __enter__(self) -> Recording:
        self._start, self._initial = self._twin.now, self._twin.pins.levels
        self._twin.pin_log.listen(self._keeper)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._take()
        self._twin.pin_log.ignore(self._keeper)

    def _take(self) -> None:
        """What came since the last look; nothing more once it is closed."""
        if self._twin.pin_log.is_told(self._keeper):
            self._twin.pin_log.drain()
            self._end = self._twin.now
        at, level = self._keeper.take()
        if len(at):
            self._at, self._level = np.concatenate([self._at, at]), np.concatenate([self._level, level])

    def __getitem__(self, pin: str) -> Signal:
        """What a pin did so far."""
        if pin not in self._names:
            raise KeyError(pin)
        self._take()
        bit = np.uint64(self._twin.pins[pin].number)
        level = (self._level >> bit & np.uint64(1)).astype(bool)
        initial = bool(self._initial >> int(bit) & 1)
        changed = level != np.concatenate([[initial], level[:-1]])
        return Signal(pin, self._start, self._end, initial, self._at[changed].astype(np.int64), level[changed])

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def record(twin: Twin, *pins: str) -> Recording:
    """Records pins, or all of them, while the twin runs inside ``with``; see the module's example."""
    return Recording(twin, pins)


def frame_times(twin: Twin, part: Any, duration: Time, every: Time = "1ms") -> Moments:
    """Runs the twin and says when the picture of a part was another than before, to `every`.

    >>> with Twin("media_controller", image="firmware/images/media_controller.uf2") as pico:
    ...     len(frame_times(pico, pico.lcd, "500ms")) > 0
    True
    """
    step, deadline = max(1, ps(every)), twin.now + ps(duration)
    seen = frame_of(part).copy()
    found = []
    while twin.now < deadline:
        twin.advance(min(twin.now + step, deadline))
        frame = frame_of(part)
        if not np.array_equal(frame, seen):
            found.append(twin.now)
            seen = frame.copy()
    return Moments(f"frames of {getattr(part, 'label', part)}", np.array(found, np.int64))


def latency(
    twin: Twin,
    act: Callable[[], Any],
    seen: Any,
    timeout: Time = "1s",
    resolution: Time = "10us",
) -> Duration:
    """How long it takes from what `act` does to the first changed pixel of a part, or until a condition holds.

    Args:
        act: what a person does, ``lambda: twin.knob.turn(1)``.
        seen: a part with a picture, or its name; or a function of a twin, ``lambda twin: twin.led.on``.
        timeout: after which `Timeout` is raised.
        resolution: how finely the moment is looked for, on a fork of the twin.

    The twin itself is somewhat behind the moment afterwards.

    >>> with Twin("media_controller", image="firmware/images/media_controller.uf2") as pico:
    ...     pico.run("500ms")
    ...     latency(pico, lambda: pico.knob.turn(1), pico.lcd) < MS * 40
    True
    """
    start, limit, fine = twin.now, ps(timeout), max(1, ps(resolution))
    holds, what = _condition(twin, seen)
    act()
    coarse = max(fine, 5 * MS)
    while twin.now - start < limit:
        before, began = twin.snapshot(), twin.now
        twin.advance(min(twin.now + coarse, start + limit))
        if holds(twin):
            return Duration(_first(before, began, twin.now, holds, fine) - start)
    raise Timeout(f"{what} within {Duration(limit)} of virtual time (now {twin.time})")


def _condition(twin: Twin, seen: Any) -> tuple[Callable[[Twin], bool], str]:
    name = seen if isinstance(seen, str) else getattr(seen, "label", None)
    if name in twin.parts:
        first: Frame = frame_of(twin.parts[str(name)]).copy()
        return (
            lambda which: not np.array_equal(frame_of(which.parts[str(name)]), first)
        ), f"the picture of {name} did not change"
    if not callable(seen):
        raise UsageError(f"{seen!r} is neither a part of the board nor a function of a twin")
    return seen, f"{getattr(seen, '__name__', seen)} did not hold"


def _first(before: Snapshot, low: int, high: int, holds: Callable[[Twin], bool], fine: int) -> int:
    """The moment at which it first holds, by halving: it does not at `low`, of which there is a snapshot, and does at
    `high`."""
    while high - low > fine:
        probe = Twin.from_snapshot(before)
        probe.advance((low + high) // 2)
        if holds(probe):
            high = (low + high) // 2
        else:
            low, before = probe.now, probe.snapshot()
    return high


def assert_latency(found: Duration, at_most: Time, what: str = "latency") -> None:
    """A latency is within its limit. Raises `TimingError`."""
    if found > ps(at_most):
        raise TimingError(f"{what}: expected {Duration(ps(at_most))} at most, found {found}")
