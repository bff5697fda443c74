"""A MOSFET that switches a supply: the gate on a pin, the load's supply between drain and rail.

Any type with a logic level gate, N-channel below the load or P-channel above it; in both the load is fed while it is
on. The channel is ideal: some milliohms at 5 A (Alpha & Omega AO3400A data sheet, R_DS(on) 18 to 48 mΩ) are
nothing that firmware could see, and switching takes no time.
"""

from __future__ import annotations

from typing import ClassVar

from twins.controls import Control, Reading
from twins.ports import DigitalIn, Part
from twins.power import PowerIn, PowerOut


class Mosfet(Part):
    """A switch in a supply.

    Pins: `gate`, on a pin of the chip or wired to another part's; `supply`, the rail, 5 V where it is wired to nothing;
    `load`, for the supply pins of what it feeds.

    Args:
        active_high: it conducts while the gate is high (an N-channel type); False for a P-channel type.

    Attributes:
        on: does it conduct? A gate that nobody drives is pulled to off.
        switched_at: every moment at which it changed, in ps, and to what.

    >>> from peripherals import LedMatrix
    >>> from twins.bench import Bench
    >>> bench = Bench(); switch = bench.add(Mosfet())
    >>> matrix = bench.add(LedMatrix(rows=2, columns=2), wires={"supply": switch.load})
    >>> matrix.supply.volts
    0.0
    >>> bench.set(switch.gate, True); matrix.supply.volts
    5.0
    """

    controls: ClassVar[tuple[Control, ...]] = (Reading("on"),)

    gate = DigitalIn(floating=False)
    supply = PowerIn()
    load = PowerOut()

    def __init__(self, active_high: bool = True) -> None:
        super().__init__()
        self.active_high = active_high
        # A gate that nobody drives is held at off by its resistor, whichever level that is.
        self.gate.floating = not active_high
        self.on = False
        self.switched_at: list[tuple[int, bool]] = []

    def power_on(self) -> None:
        self._switch(self.now, self.gate.level)

    @gate.changed
    def _gate_changed(self, at: int, level: bool) -> None:
        self._switch(at, level)

    def _switch(self, at: int, level: bool) -> None:
        on = level is self.active_high
        if on is self.on:
            return
        self.on = on
        self.switched_at.append((at, on))
        self.load.gives()
        self.supply.draws()

    # Towards the load

    @load.voltage
    def _load_voltage(self) -> float:
        return self.supply.volts if self.on else 0.0

    @supply.changed
    def _supply_changed(self, at: int, volts: float) -> None:
        self.load.gives()

    # Towards the rail

    @supply.current
    def _supply_current(self) -> float:
        return self.load.amperes if self.on else 0.0

    @load.drawn
    def _load_drawn(self, at: int) -> None:
        self.supply.draws()
