"""A push button between a pin and ground, or the supply."""

from __future__ import annotations

from typing import ClassVar

from peripherals.contact import Contact
from twins.controls import Control, Hold
from twins.ports import DigitalOut, Part
from twins.units import Duration, Time, ms, ps


class Button(Part):
    """A momentary push button.

    Args:
        active_low: it connects the pin to ground (the chip or the board pulls up); else to the supply.
        pull: the board has its own resistor to the other level; without it an open contact is not driven.
        bounce: the longest time the contact bounces; 0 for a clean one.

    >>> from twins.bench import Bench
    >>> bench = Bench(); button = bench.add(Button(bounce="0ms"))
    >>> button.press("50ms"); bench.run("10ms"); bench.level(button.pin)
    False
    >>> bench.run("50ms"); bench.level(button.pin)
    True
    """

    controls: ClassVar[tuple[Control, ...]] = (Hold(),)

    pin = DigitalOut()

    def __init__(self, active_low: bool = True, pull: bool = False, bounce: Time = ms(3)) -> None:
        super().__init__()
        self.active_low = active_low
        self.pull = pull
        self._contact = Contact(Duration(ps(bounce)))

    def power_on(self) -> None:
        if self.pull:
            self.pin.set(self.active_low)

    @property
    def is_down(self) -> bool:
        """Is it pushed?"""
        return self._contact.closed

    def down(self) -> None:
        """Pushes it and holds it."""
        self._move(True)

    def up(self) -> None:
        """Lets it go."""
        self._move(False)

    def press(self, duration: Time = ms(100)) -> None:
        """Pushes it for a time."""
        self.down()
        self.after(duration, self.up)

    def _move(self, closed: bool) -> None:
        for at, is_closed in self._contact.move(self.random, self.now, closed):
            self.host.drive(self.pin.pin, self._level(is_closed), at)

    def _level(self, closed: bool) -> bool | None:
        if closed:
            return not self.active_low
        return self.active_low if self.pull else None
