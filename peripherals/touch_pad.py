"""A touch pad: an electrode under a cover, on a pin of the chip's own touch sensor.

ESP-IDF's programming guide, "Capacitive Touch Sensor", and Espressif's touch sensor application note: a finger on the
cover puts its capacitance, one to some picofarads, in parallel with that of electrode and trace.
"""

from __future__ import annotations

from typing import ClassVar

from twins.controls import Control, Hold
from twins.errors import UsageError
from twins.ports import Part, TouchElectrode
from twins.units import Time, ms


class TouchPad(Part):
    """A touch pad.

    Args:
        idle: the capacitance of electrode and trace to ground, in pF.
        finger: what a finger on the cover adds, in pF.

    >>> from twins.bench import Bench
    >>> bench = Bench(); pad = bench.add(TouchPad())
    >>> pad.touch(); bench.capacitances[pad.electrode.pin]
    12.0
    >>> pad.release(); bench.capacitances[pad.electrode.pin]
    10.0
    """

    controls: ClassVar[tuple[Control, ...]] = (Hold("touch", "release", "touched"),)

    electrode = TouchElectrode()

    def __init__(self, idle: float = 10.0, finger: float = 2.0) -> None:
        super().__init__()
        if idle < 0 or finger < 0:
            raise UsageError(f"capacitances of {idle} pF and {finger} pF: expected 0 or more")
        self.idle = idle
        self.finger = finger
        self.touched = False

    def power_on(self) -> None:
        self._tell()

    def touch(self, nearness: float = 1.0) -> None:
        """Puts a finger there; `nearness` below 1 is one that hovers, or a corner of one."""
        if not 0 <= nearness <= 1:
            raise UsageError(f"nearness {nearness}: expected 0 (far away) to 1 (on the cover)")
        self.touched = True
        self._tell(nearness)

    def release(self) -> None:
        """Takes it away."""
        self.touched = False
        self._tell()

    def tap(self, duration: Time = ms(150)) -> None:
        """Touches it for a time."""
        self.touch()
        self.after(duration, self.release)

    def _tell(self, nearness: float = 0.0) -> None:
        self.electrode.set(self.idle + nearness * self.finger)
