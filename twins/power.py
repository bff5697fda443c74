"""Supplies: what feeds a part, and what it draws.

A part with a `PowerIn` is a load; one with a `PowerOut` is a source for the loads that are wired to it. A switch or a
current sensor has both. Nothing is kept in the ports: the voltage is asked for from the load towards the source, the
current from the source towards the loads, and whoever changes says so.

>>> from twins.bench import Bench; from twins.ports import Part
>>> class Lamp(Part):
...     '''Draws 0.1 A per volt.'''
...     supply = PowerIn()
...     @supply.current
...     def _current(self) -> float:
...         return 0.1 * self.supply.volts
>>> from peripherals import ACS758
>>> bench = Bench(); sensor = bench.add(ACS758("050B")); lamp = bench.add(Lamp(), wires={"supply": sensor.ip_minus})
>>> lamp.supply.volts, sensor.amperes
(5.0, 0.5)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from twins.ports import Handler, Host, Port


class _Power(Port):
    ON_CHIP: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__(optional=True)

    def pin_names(self) -> Mapping[str, bool]:
        return {self.name: False}

    def attach(self, host: Host) -> None:
        pass


class PowerIn(_Power):
    """The supply pin of a load.

    Args:
        volts: what feeds it where it is wired to nothing: a supply that never ends.
    """

    def __init__(self, volts: float = 5.0) -> None:
        super().__init__()
        self.unwired = volts

    def changed(self, method: Handler) -> Handler:
        """Decorates ``method(at, volts)``, called when its source gives another voltage."""
        return self._handler("changed", method)

    def current(self, method: Handler) -> Handler:
        """Decorates ``method() -> float``, the amperes it draws now."""
        return self._handler("current", method)

    @property
    def volts(self) -> float:
        """The voltage that feeds it now; 0 from a source that is not on its board yet."""
        return sum(wire.volts for wire in self.wires if isinstance(wire, PowerOut)) if self.wires else self.unwired

    @property
    def amperes(self) -> float:
        """The current that it draws now."""
        return float(self.handle("current") or 0.0) if self.part.mounted else 0.0

    def draws(self) -> None:
        """Tells its source that the current is another."""
        for wire in self.wires:
            if wire.part.mounted:
                wire.handle("drawn", wire.part.now)

    def fits(self, other: Port) -> bool:
        return isinstance(other, PowerOut) and not self.wires


class PowerOut(_Power):
    """A supply for other parts.

    >>> from twins.bench import Bench; from twins.ports import Part
    >>> class Cell(Part):
    ...     '''A cell of a battery.'''
    ...     plus = PowerOut()
    ...     @plus.voltage
    ...     def _voltage(self) -> float:
    ...         return 3.7
    >>> bench = Bench(); cell = bench.add(Cell()); cell.plus.volts, cell.plus.amperes
    (3.7, 0)
    """

    def voltage(self, method: Handler) -> Handler:
        """Decorates ``method() -> float``, the volts it gives now."""
        return self._handler("voltage", method)

    def drawn(self, method: Handler) -> Handler:
        """Decorates ``method(at)``, called when its loads draw another current."""
        return self._handler("drawn", method)

    @property
    def volts(self) -> float:
        """The voltage it gives now."""
        return float(self.handle("voltage") or 0.0) if self.part.mounted else 0.0

    @property
    def amperes(self) -> float:
        """What all of its loads draw now."""
        return sum(wire.amperes for wire in self.wires if isinstance(wire, PowerIn))

    def gives(self) -> None:
        """Tells its loads that the voltage is another."""
        for wire in self.wires:
            if wire.part.mounted:
                wire.handle("changed", wire.part.now, self.volts)

    def fits(self, other: Port) -> bool:
        return isinstance(other, PowerIn)
