"""ACS758: a Hall-effect current sensor with an analog output.

Allegro MicroSystems ACS758xCB data sheet, "Selection guide", "Common operating characteristics" and "Ratiometry". The
current through the conductor from IP+ to IP- moves the output away from where it stands at 0 A: VCC/2 for the
bidirectional types (B), 0.12 VCC for the unidirectional ones (U). Offset and sensitivity are in proportion to VCC.

=======  ==========  ================  ===========
variant  range A     mV/A at 5 V       output, 0 A
=======  ==========  ================  ===========
050B      -50 - 50   40                VCC/2
050U        0 - 50   60                0.12 VCC
100B     -100 - 100  20                VCC/2
100U        0 - 100  40                0.12 VCC
150B     -150 - 150  13.3              VCC/2
150U        0 - 150  26.7              0.12 VCC
200B     -200 - 200  10                VCC/2
200U        0 - 200  20                0.12 VCC
=======  ==========  ================  ===========
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from twins.controls import Control, Reading
from twins.errors import UsageError
from twins.ports import AnalogOut, Part
from twins.power import PowerIn, PowerOut
from twins.units import us


@dataclass(frozen=True)
class Range:
    """The range of a variant: amperes at both ends, millivolts per ampere at 5 V, and the output at 0 A in VCC."""

    lowest: float
    highest: float
    sensitivity: float
    zero: float


def _bidirectional(amperes: float, sensitivity: float) -> Range:
    return Range(-amperes, amperes, sensitivity, 0.5)


def _unidirectional(amperes: float, sensitivity: float) -> Range:
    return Range(0.0, amperes, sensitivity, 0.12)


class ACS758(Part):
    """A current sensor in a supply.

    Pins: `viout` on an analog input of the chip; `ip_plus`, the rail, 5 V where it is wired to nothing; `ip_minus`, for
    the supply pins of the parts whose current it measures.

    Args:
        variant: a key of `VARIANTS`.
        vcc: its own supply. The chip's analog input must stand the output: 3.3 V for those of the RP2040 and ESP32-S3.

    Attributes:
        other_amperes: a current beside that of the wired parts, as a test sets it.

    >>> from twins.bench import Bench
    >>> bench = Bench(); sensor = bench.add(ACS758("050B", vcc=3.3))
    >>> bench.voltages[sensor.viout.pin]
    1.65
    >>> sensor.other_amperes = 10.0; bench.run("1ms"); round(bench.voltages[sensor.viout.pin], 3)
    1.914
    """

    controls: ClassVar[tuple[Control, ...]] = (Reading("amperes", unit="A"), Reading("volts", label="output", unit="V"))

    viout = AnalogOut()
    ip_plus = PowerIn()
    ip_minus = PowerOut()

    VARIANTS: ClassVar[Mapping[str, Range]] = {
        "050B": _bidirectional(50, 40),
        "050U": _unidirectional(50, 60),
        "100B": _bidirectional(100, 20),
        "100U": _unidirectional(100, 40),
        "150B": _bidirectional(150, 13.3),
        "150U": _unidirectional(150, 26.7),
        "200B": _bidirectional(200, 10),
        "200U": _unidirectional(200, 20),
    }
    RESPONSE = us(4)
    """From a step of the current to the output (maker's questions and answers: about 4 µs; rise time 3 µs)."""

    def __init__(self, variant: str = "050B", vcc: float = 5.0) -> None:
        super().__init__()
        if variant not in self.VARIANTS:
            raise UsageError(f"an ACS758 {variant!r}: expected one of {', '.join(self.VARIANTS)}")
        if not 3.0 <= vcc <= 5.5:
            raise UsageError(f"a supply of {vcc} V: the ACS758 works from 3 to 5.5 V")
        self.variant = variant
        self.vcc = vcc
        self._other = 0.0
        self._settling = False

    def power_on(self) -> None:
        self._settle()

    @property
    def other_amperes(self) -> float:
        """A current beside that of the wired parts, as a test sets it."""
        return self._other

    @other_amperes.setter
    def other_amperes(self, amperes: float) -> None:
        self._other = float(amperes)
        self._step()

    @property
    def amperes(self) -> float:
        """The current through the conductor."""
        return self.ip_minus.amperes + self._other

    @property
    def volts(self) -> float:
        """Where the output settles for the present current; the range ends where the variant's does."""
        span = self.VARIANTS[self.variant]
        measured = min(max(self.amperes, span.lowest), span.highest)
        return min(max(self.vcc * (span.zero + measured * span.sensitivity / 1000 / 5.0), 0.0), self.vcc)

    def _step(self) -> None:
        if not self._settling:
            self._settling = True
            self.after(self.RESPONSE, self._settle)

    def _settle(self) -> None:
        self._settling = False
        self.viout.set(self.volts)

    # The conductor: 100 µΩ, which takes nothing from what it feeds

    @ip_minus.voltage
    def _voltage(self) -> float:
        return self.ip_plus.volts

    @ip_plus.changed
    def _supply_changed(self, at: int, volts: float) -> None:
        self.ip_minus.gives()

    @ip_plus.current
    def _current(self) -> float:
        return self.ip_minus.amperes

    @ip_minus.drawn
    def _drawn(self, at: int) -> None:
        self._step()
        self.ip_plus.draws()
