"""A twin's time held to that of the wall."""

from __future__ import annotations

import time
from collections.abc import Callable

from twins.errors import UsageError
from twins.units import SECOND

CATCH_UP = 0.1
"""Seconds behind the wall clock that are caught up. What is more is lost: a host that is too slow stays behind."""


class Pace:
    """How fast a twin may go.

    Args:
        now: the twin's present moment in ps.
        factor: seconds of virtual time per second on the wall; None as fast as it goes.

    >>> moment = 0
    >>> pace = Pace(lambda: moment, 2.0)
    >>> moment = 4 * SECOND
    >>> 1.9 < pace.ahead() <= 2.0
    True
    """

    def __init__(self, now: Callable[[], int], factor: float | None = None) -> None:
        self._now = now
        self._origin = (0, 0.0)
        self.factor = factor

    @property
    def factor(self) -> float | None:
        """Seconds of virtual time per second on the wall: 1 is real time; None as fast as it goes, for tests."""
        return self._factor

    @factor.setter
    def factor(self, factor: float | None) -> None:
        if factor is not None and not 0 < factor < float("inf"):
            raise UsageError(f"a pace of {factor}: expected a number above 0, or None for as fast as it goes")
        self._factor = factor
        if factor is not None:
            self.restart()

    def restart(self) -> None:
        """What was is over: from this moment on the wall clock counts."""
        self._origin = self._now(), time.monotonic()

    def ahead(self) -> float:
        """Seconds on the wall by which the twin is ahead."""
        if self._factor is None:
            return 0.0
        now, wall = self._now(), time.monotonic()
        ahead = (now - self._origin[0]) / SECOND / self._factor - (wall - self._origin[1])
        if ahead < -CATCH_UP or now < self._origin[0]:
            self._origin = now, wall
            return 0.0
        return ahead
