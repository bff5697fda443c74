"""The pins of a chip, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from twins.board import Chip
from twins.engines.engine import EngineApi
from twins.errors import UsageError
from twins.ports import Host


class Pin:
    """One pin of the chip, seen and driven from outside.

    >>> from twins import Twin
    >>> with Twin("pico", image="firmware/images/idle.uf2") as pico:
    ...     pin = pico.pins["GPIO5"]; pin.drive(True); pico.run("1us"); pin
    <Pin GPIO5 high>
    """

    def __init__(self, host: Host, engine: EngineApi, name: str, number: int) -> None:
        self.name = name
        self.number = number
        self._host = host
        self._engine = engine

    @property
    def level(self) -> bool:
        """Its level now."""
        return bool(self._engine.pins >> self.number & 1)

    @property
    def driven(self) -> bool:
        """Does the chip drive it?"""
        return bool(self._engine.driven >> self.number & 1)

    def drive(self, level: bool | int) -> None:
        """Drives it from outside, as a wire to ground or to the supply would."""
        self._host.drive(self.number, bool(level), self._host.now)

    def release(self) -> None:
        """Lets go of it: pulls decide."""
        self._host.drive(self.number, None, self._host.now)

    @property
    def voltage(self) -> float:
        """What was put on it as an analog input, in volts."""
        raise AttributeError("the voltage of a pin can only be set")

    @voltage.setter
    def voltage(self, volts: float) -> None:
        self._host.volts(self.number, volts)

    @property
    def picofarads(self) -> float:
        """The capacitance that was put on it as a touch pad, in pF."""
        raise AttributeError("the capacitance of a pin can only be set")

    @picofarads.setter
    def picofarads(self, picofarads: float) -> None:
        self._host.picofarads(self.number, picofarads)

    def __repr__(self) -> str:
        return f"<Pin {self.name} {'high' if self.level else 'low'}{', driven' if self.driven else ''}>"


class Pins(Mapping[str, Pin]):
    """All pins of a chip: ``twin.pins["GPIO25"].level``.

    >>> from twins import Twin
    >>> with Twin("pico", image="firmware/images/idle.uf2") as pico:
    ...     pico.pins.join("GPIO5", "GPIO6"); pico.pins["GPIO5"].drive(True); pico.run("1us"); pico.pins["GPIO6"].level
    True
    """

    def __init__(self, host: Host, engine: EngineApi, chip: Chip) -> None:
        self._host = host
        self._engine = engine
        self._chip = chip

    def __getitem__(self, name: str) -> Pin:
        return Pin(self._host, self._engine, name, self._number(name))

    def _number(self, name: str) -> int:
        number = name.removeprefix("GPIO")
        if not number.isdigit() or int(number) >= self._chip.pins:
            raise UsageError(f"{name!r} is no pin of the {self._chip.name}: GPIO0 to GPIO{self._chip.pins - 1}")
        return int(number)

    def __iter__(self) -> Iterator[str]:
        return (f"GPIO{number}" for number in range(self._chip.pins))

    def __len__(self) -> int:
        return self._chip.pins

    @property
    def levels(self) -> int:
        """The levels of all pins now, a bit each."""
        return self._engine.pins

    def join(self, first: str, second: str) -> None:
        """Puts a wire between two pins: low wins, an undriven wire is high where a pull-up is on it."""
        self._engine.join(self._number(first), self._number(second))

    @property
    def contention(self) -> list[str]:
        """Pins that chip and parts have driven against each other at some time."""
        return [f"GPIO{n}" for n in range(self._chip.pins) if self._engine.contention >> n & 1]
