"""A touch pad: an electrode under a cover, on a pin of the chip's own touch sensor.

ESP-IDF's programming guide, "Capacitive Touch Sensor", and Espressif's touch sensor application note: a finger on the
cover puts its capacitance, one to some picofarads, in parallel with that of electrode and trace.
"""

from __future__ import annotations

from typing import ClassVar

from twins.controls import Control, Hold
from twins.errors import UsageError
from twins.ports import Part, TouchElectrode
from twins.units import Time


class TouchPad(Part):
    """A touch pad.

    Args:
        idle: the capacitance of electrode and trace to ground, in pF.
        finger: what a finger on the cover adds, in pF.

    Attributes:
        is_touched: is there a finger?

    >>> from twins.bench import Bench
    >>> bench = Bench(); pad = bench.add(TouchPad())
    >>> pad.touch(); bench.capacitances[pad.electrode.pin]
    12.0
    >>> pad.release(); bench.capacitances[pad.electrode.pin]
    10.0
    """

    controls: ClassVar[tuple[Control, ...]] = (Hold("touch", "release", "is_touched"),)

    electrode = TouchElectrode()

    def __init__(self, idle: float = 10.0, finger: float = 2.0) -> None:
        super().__init__()
        if idle < 0 or finger < 0:
            raise UsageError(f"capacitances of {idle} pF and {finger} pF: expected 0 or more")
        self.idle = idle
        self.finger = finger
        self.is_touched = False
        self._move = 0

    def power_on(self) -> None:
        self._tell()

    def touch(self, duration: Time | None = None, *, nearness: float = 1.0) -> None:
        """Puts a finger on it, for a time or until `release`; `nearness` below 1 is one that hovers, or only its tip.

        >>> from twins.bench import Bench
        >>> bench = Bench(); pad = bench.add(TouchPad())
        >>> pad.touch("150ms", nearness=0.5); bench.run("100ms"); bench.capacitances[pad.electrode.pin], pad.is_touched
        (11.0, True)
        >>> bench.run("100ms"); bench.capacitances[pad.electrode.pin], pad.is_touched
        (10.0, False)
        """
        if not 0 <= nearness <= 1:
            raise UsageError(f"nearness {nearness}: expected 0 (far away) to 1 (on the cover)")
        self._put(True, nearness)
        if duration is not None:
            self.after(duration, self._lift, self._move)

    def release(self) -> None:
        """Takes the finger away."""
        self._put(False)

    def _lift(self, move: int) -> None:
        """The end of a touch, unless the finger has been moved since."""
        if move == self._move:
            self._put(False)

    def _put(self, touched: bool, nearness: float = 0.0) -> None:
        self.is_touched = touched
        self._move += 1
        self._tell(nearness)

    def _tell(self, nearness: float = 0.0) -> None:
        self.electrode.set(self.idle + nearness * self.finger)
