"""A light-emitting diode on a pin."""

from __future__ import annotations

import bisect
from array import array
from typing import TYPE_CHECKING, ClassVar

from twins.controls import Control, Lamp
from twins.ports import Part, PulseSink
from twins.units import Duration, Time, ms, ps

if TYPE_CHECKING:
    from twins.ports import Levels, Times


class Led(Part):
    """An LED with its resistor; lit while its pin is high, or low with ``active_low``.

    >>> from twins.bench import Bench
    >>> bench = Bench(); led = bench.add(Led())
    >>> bench.pulses(led.pin, [(0, 1)]); led.on
    True
    """

    controls: ClassVar[tuple[Control, ...]] = (Lamp(),)

    pin = PulseSink()

    def __init__(self, active_low: bool = False) -> None:
        super().__init__()
        self.active_low = active_low
        self._at = array("Q")
        self._lit = bytearray()

    @pin.received
    def _pulses(self, at: Times, level: Levels) -> None:
        self._at.frombytes(at.tobytes())
        self._lit += (level != self.active_low).tobytes()

    @property
    def on(self) -> bool:
        """Is it lit now?"""
        return bool(self._lit) and bool(self._lit[-1])

    @property
    def changes(self) -> list[tuple[int, bool]]:
        """Every change so far: time in ps, lit."""
        return [(at, bool(lit)) for at, lit in zip(self._at, self._lit, strict=True)]

    def brightness(self, window: Time = ms(20)) -> float:
        """The share of the last `window` during which it was lit: what an eye sees of PWM.

        >>> from twins.bench import Bench
        >>> bench = Bench(); led = bench.add(Led())
        >>> bench.pulses(led.pin, [(0, 1), (5_000_000_000, 0)]); bench.run("20ms"); led.brightness()
        0.25
        """
        length = ps(window)
        if length == 0:
            return float(self.on)
        start, until, lit = self.now - length, self.now, 0
        for index in range(bisect.bisect_right(self._at, self.now) - 1, -1, -1):
            begin = max(self._at[index], start)
            if self._lit[index]:
                lit += until - begin
            until = begin
            if begin == start:
                break
        return lit / length

    @property
    def period(self) -> Duration | None:
        """Time between the last two moments at which it was switched on; None before that."""
        rises = [at for at, lit in zip(self._at[-4:], self._lit[-4:], strict=True) if lit]
        return Duration(rises[-1] - rises[-2]) if len(rises) > 1 else None
