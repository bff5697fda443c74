"""Durations and moments of virtual time: integer picoseconds inside, plain words outside.

Every place of the API that takes a time takes a ``Time``: a string with a unit, a number of seconds, or a
`Duration`.

>>> ps("2ms"), ps(0.5), ps(ms(3))
(2000000000, 500000000000, 3000000000)
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

from twins.errors import UsageError

PS = 1
NS = 1_000
US = 1_000_000
MS = 1_000_000_000
SECOND = 1_000_000_000_000

_UNITS = {
    "ps": PS,
    "ns": NS,
    "us": US,
    "µs": US,
    "ms": MS,
    "s": SECOND,
    "min": 60 * SECOND,
    "h": 3600 * SECOND,
}
_FORM = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*(ps|ns|us|µs|ms|s|min|h)\s*")


class Duration(int):
    """A duration in picoseconds that prints itself in the unit that suits it: `str` to nine digits, `repr` all of them.

    >>> Duration(1_500_000)
    Duration('1.5us')
    >>> ms(2) + us(500)
    Duration('2.5ms')
    >>> ms(2).seconds
    0.002
    """

    __slots__ = ()

    @property
    def seconds(self) -> float:
        """The duration in seconds."""
        return int(self) / SECOND

    def __add__(self, other: int) -> Duration:
        return Duration(int(self) + int(other))

    __radd__ = __add__

    def __sub__(self, other: int) -> Duration:
        return Duration(int(self) - int(other))

    def __mul__(self, factor: float) -> Duration:
        return Duration(round(int(self) * Fraction(factor)))

    __rmul__ = __mul__

    def _unit(self) -> tuple[str, int]:
        for name, unit in (("s", SECOND), ("ms", MS), ("us", US), ("ns", NS)):
            if abs(self) >= unit:
                return name, unit
        return "ps", PS

    def __str__(self) -> str:
        name, unit = self._unit()
        return f"{int(self) / unit:.9g}{name}"

    def __repr__(self) -> str:
        name, unit = self._unit()
        return f"Duration('{(Decimal(int(self)) / unit).normalize():f}{name}')"


Time = str | float | Duration
"""What the API takes as a time: ``"2ms"``, seconds as a number, or a `Duration`."""


def ps(time: Time) -> int:
    """A time in picoseconds.

    Raises `UsageError` for a text without a unit, a negative time, or anything that is no time.

    >>> ps("1.5us")
    1500000
    >>> ps("5 parsecs")
    Traceback (most recent call last):
    ...
    twins.errors.UsageError: '5 parsecs' is no time: write a number with one of ps, ns, us, ms, s, min, h, as in '2ms'
    """
    if isinstance(time, Duration):
        value = int(time)
    elif isinstance(time, str):
        match = _FORM.fullmatch(time)
        if match is None:
            raise UsageError(f"{time!r} is no time: write a number with one of ps, ns, us, ms, s, min, h, as in '2ms'")
        value = round(Fraction(match[1]) * _UNITS[match[2]])
    elif isinstance(time, (int, float)) and not isinstance(time, bool):
        if time != time or abs(time) > 1e6:
            raise UsageError(f"{time!r} is no time: expected seconds between 0 and 1000000")
        value = round(Fraction(time) * SECOND)
    else:
        raise UsageError(f"{time!r} is no time: expected a text such as '2ms', seconds, or a Duration")
    if value < 0:
        raise UsageError(f"{time!r} lies in the past: expected a time of 0 or more")
    return value


def seconds(value: float) -> Duration:
    """So many seconds."""
    return Duration(round(Fraction(value) * SECOND))


def ms(value: float) -> Duration:
    """So many milliseconds."""
    return Duration(round(Fraction(value) * MS))


def us(value: float) -> Duration:
    """So many microseconds."""
    return Duration(round(Fraction(value) * US))


def ns(value: float) -> Duration:
    """So many nanoseconds."""
    return Duration(round(Fraction(value) * NS))
