"""A potentiometer: a resistive track between ground and the supply, with a wiper on an analog input."""

from __future__ import annotations

from typing import ClassVar

from twins.controls import Control, Slide
from twins.errors import UsageError
from twins.ports import AnalogOut, Part


class Potentiometer(Part):
    """A potentiometer with a linear track, wired as a divider.

    Args:
        position: where the wiper stands at power-on, from 0 (ground) to 1 (supply).
        supply: volts at the upper end of the track.

    >>> from twins.bench import Bench
    >>> bench = Bench(); pot = bench.add(Potentiometer(position=0.5))
    >>> bench.voltages[pot.wiper.pin]
    1.65
    >>> pot.position = 1.0; bench.voltages[pot.wiper.pin]
    3.3
    """

    controls: ClassVar[tuple[Control, ...]] = (Slide("move", value="position", step=0.01),)

    wiper = AnalogOut()

    def __init__(self, position: float = 0.0, supply: float = 3.3) -> None:
        super().__init__()
        if supply < 0:
            raise UsageError(f"a supply of {supply} V: expected 0 or more")
        self.supply = supply
        self._position = _checked(position)

    def power_on(self) -> None:
        self.wiper.set(self.volts)

    @property
    def position(self) -> float:
        """Where the wiper stands, from 0 to 1. Set it to turn the knob."""
        return self._position

    @position.setter
    def position(self, position: float) -> None:
        self._position = _checked(position)
        self.wiper.set(self.volts)

    def move(self, position: float) -> None:
        """Moves the wiper: what setting `position` does, for scripts and pages.

        >>> from twins.bench import Bench
        >>> bench = Bench(); pot = bench.add(Potentiometer())
        >>> pot.move(0.25); pot.volts
        0.825
        """
        self.position = position

    @property
    def volts(self) -> float:
        """The voltage of the wiper without load."""
        return self.supply * self._position


def _checked(position: float) -> float:
    if not 0 <= position <= 1:
        raise UsageError(f"position {position}: expected 0 (ground) to 1 (supply)")
    return float(position)
