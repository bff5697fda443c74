"""Parts that only the conformance cases need."""

from __future__ import annotations

from twins.ports import DigitalIn, DigitalOut, Part
from twins.units import us

HOLD = us(60)
"""Two periods of 38 kHz and some: so long a receiver module takes the carrier for going on."""


class IrReceiver(Part):
    """An infrared LED on `tx` and a receiver module on `rx`, whose output is low while it sees the 38 kHz carrier."""

    tx = DigitalIn()
    rx = DigitalOut()

    def __init__(self) -> None:
        super().__init__()
        self.flash = -1

    def power_on(self) -> None:
        self.rx.set(True)

    @tx.changed
    def _changed(self, at: int, level: bool) -> None:
        if level:
            if self.flash < 0:
                self.rx.set(False)
                self.after(HOLD, self._look)
            self.flash = at

    def _look(self) -> None:
        left = self.flash + HOLD - self.now
        if left > 0:
            self.after(left, self._look)
        else:
            self.flash = -1
            self.rx.set(True)
