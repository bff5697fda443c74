"""Parts around the probes: what moves while a probe waits."""

from __future__ import annotations

from twins.ports import DigitalOut, Part, TouchElectrode


class SquareWave(Part):
    """Its output is low and high in turn, 20 ms each; every 60 ms somebody touches its sheet of metal for 30 ms."""

    out = DigitalOut(initial=False)
    sheet = TouchElectrode()

    def power_on(self) -> None:
        self.level = False
        self.after("20ms", self._toggle)
        self._touch()

    def _toggle(self) -> None:
        self.level = not self.level
        self.out.set(self.level)
        self.after("20ms", self._toggle)

    def _touch(self) -> None:
        self.sheet.set(15.0)
        self.after("30ms", self._let_go)

    def _let_go(self) -> None:
        self.sheet.set(10.0)
        self.after("30ms", self._touch)
