"""A light-emitting diode on a pin."""

from __future__ import annotations

from twins.ports import Levels, Part, PulseSink, Times
from twins.units import Duration, Time, ms, ps


class Led(Part):
    """An LED with its resistor; lit while its pin is high, or low with ``active_low``.

    >>> from twins.bench import Bench
    >>> bench = Bench(); led = bench.add(Led())
    >>> bench.pulses(led.pin, [(0, 1)]); led.on
    True
    """

    pin = PulseSink()

    def __init__(self, active_low: bool = False) -> None:
        super().__init__()
        self.active_low = active_low
        self._edges: list[tuple[int, bool]] = []

    @pin.received
    def _pulses(self, at: Times, level: Levels) -> None:
        self._edges.extend(zip(at.tolist(), (level != self.active_low).tolist(), strict=True))

    @property
    def on(self) -> bool:
        """Is it lit now?"""
        return bool(self._edges) and self._edges[-1][1]

    @property
    def changes(self) -> list[tuple[int, bool]]:
        """Every change so far: time in ps, lit."""
        return list(self._edges)

    def brightness(self, window: Time = ms(20)) -> float:
        """The share of the last `window` during which it was lit: what an eye sees of PWM.

        >>> from twins.bench import Bench
        >>> bench = Bench(); led = bench.add(Led())
        >>> bench.pulses(led.pin, [(0, 1), (5_000_000_000, 0)]); bench.run("20ms"); led.brightness()
        0.25
        """
        length = ps(window)
        end = self.now
        lit = 0
        until = end
        for at, is_on in reversed(self._edges):
            start = max(at, end - length)
            if is_on and until > start:
                lit += until - start
            until = min(until, start)
            if at <= end - length:
                break
        return lit / length

    @property
    def period(self) -> Duration | None:
        """Time between the last two moments at which it was switched on; None before that."""
        rises = [at for at, is_on in self._edges if is_on]
        return Duration(rises[-1] - rises[-2]) if len(rises) > 1 else None
