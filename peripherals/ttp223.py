"""TTP223: a touch key with a digital output.

Tontek TTP223 data sheet (preliminary, "Features" and "Function description"); modules with a TTP223-BA6 have two of the
option pads, A (AHLB) and B (TOG). The output is clean CMOS: it does not bounce.

========  =======================================================================================
pad       0, open on a module                       1
========  =======================================================================================
TOG       direct: out while touched                 toggle: each touch changes it
AHLB      active high                               active low
OD        CMOS output                               open drain: drives only its active level
LPMB      low power mode when idle                  always fast
MOTB      a touch lasts as long as it does          after 100 s it ends and the key calibrates
========  =======================================================================================

In its sheet MOTB counts the other way round (0 enables it); here each pad is an option that is off or on.

==========================  =============================================================
stable-time after power-on  0.5 s; the function is disabled, and a finger is calibrated away
response                    60 ms at the most in fast mode, 220 ms in low power mode
calibration                 every 4.0 s while it is not touched
maximum on-time             100 s
==========================  =============================================================
"""

from __future__ import annotations

from typing import ClassVar

from twins.controls import Control, Hold, Reading
from twins.ports import DigitalOut, Part
from twins.units import Duration, Time, ms, seconds


class TTP223(Part):
    """A touch key.

    Args:
        toggle: pad TOG.
        active_low: pad AHLB.
        open_drain: pad OD.
        fast: pad LPMB.
        maximum_on: pad MOTB.

    Attributes:
        is_touched: is there a finger?
        on: does the key see it? In toggle mode: is the output on?

    >>> from twins.bench import Bench
    >>> bench = Bench(); key = bench.add(TTP223())
    >>> bench.run("1s"); key.touch("300ms"); bench.run("60ms"); bench.level(key.out)
    True
    >>> bench.run("500ms"); bench.level(key.out)
    False
    """

    controls: ClassVar[tuple[Control, ...]] = (
        Hold("touch", "release", "is_touched"),
        Reading("on", label="sees it"),
    )

    out = DigitalOut()

    STABLE_TIME = ms(500)
    FAST_RESPONSE = ms(60)
    LOW_POWER_RESPONSE = ms(220)
    CALIBRATION = seconds(4)
    LOW_POWER_AFTER = seconds(12)
    """Idle time until low power mode; as observed on modules, the sheet gives no figure."""
    MAXIMUM_ON = seconds(100)

    def __init__(
        self,
        toggle: bool = False,
        active_low: bool = False,
        open_drain: bool = False,
        fast: bool = False,
        maximum_on: bool = False,
    ) -> None:
        super().__init__()
        self.toggle = toggle
        self.active_low = active_low
        self.open_drain = open_drain
        self.fast = fast
        self.maximum_on = maximum_on
        self.is_touched = False
        self.on = False
        self._ready = False
        self._seen = False
        self._finger_calibrated = False
        self._last_touch = 0
        self._move = 0

    def power_on(self) -> None:
        self._last_touch = self.now
        self._drive()
        self.after(self.STABLE_TIME, self._stable)

    # What a person does

    def touch(self, duration: Time | None = None) -> None:
        """Puts a finger on it, for a time or until `release`."""
        self._put(True)
        if duration is not None:
            self.after(duration, self._lift, self._move)

    def release(self) -> None:
        """Takes the finger away."""
        self._put(False)

    def _lift(self, move: int) -> None:
        """The end of a touch, unless the finger has been moved since."""
        if move == self._move:
            self._put(False)

    def _put(self, touched: bool) -> None:
        if touched is self.is_touched:
            return
        self.is_touched = touched
        self._move += 1
        if self._ready:
            self.after(self._response(), self._respond, self._move)

    # Response time

    @property
    def low_power(self) -> bool:
        """Is it in low power mode?"""
        return not self.fast and not self._seen and self.now - self._last_touch >= self.LOW_POWER_AFTER

    def _response(self) -> Duration:
        """Where in its sampling the finger comes, nobody knows: from a quarter of the longest response to all of it."""
        longest = self.LOW_POWER_RESPONSE if self.low_power else self.FAST_RESPONSE
        return Duration(round(longest * self.random.uniform(0.25, 1.0)))

    def _respond(self, move: int) -> None:
        """It sees a change that lasts; a touch that is over before was none."""
        if move == self._move:
            self._look()

    def _look(self) -> None:
        seen = self.is_touched and not self._finger_calibrated
        if seen is self._seen:
            return
        self._seen = seen
        self._last_touch = self.now
        if not self.toggle:
            self.on = seen
        elif seen:
            self.on = not self.on
        self._drive()
        if seen and self.maximum_on:
            self.after(self.MAXIMUM_ON, self._too_long, self._move)

    # Stable-time, calibration, maximum on-time

    def _stable(self) -> None:
        """The first calibration: what is there now is what an untouched key looks like."""
        self._ready = True
        self._finger_calibrated = self.is_touched
        self.after(self.CALIBRATION, self._calibrate)

    def _calibrate(self) -> None:
        """While it sees no touch. A finger that was taken for none is noticed to be away."""
        if not self._seen and not self.is_touched:
            self._finger_calibrated = False
        self.after(self.CALIBRATION, self._calibrate)

    def _too_long(self, move: int) -> None:
        if move == self._move and self._seen:
            self._finger_calibrated = True
            self._look()

    def _drive(self) -> None:
        level: bool | None = self.on is not self.active_low
        self.out.set(None if self.open_drain and not self.on else level)
