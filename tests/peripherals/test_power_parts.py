"""ACS758 and MOSFET. Figures: Allegro's selection guide and characteristics of the ACS758xCB."""

from __future__ import annotations

import pytest

from peripherals import ACS758, Mosfet
from twins.bench import Bench
from twins.errors import BoardError, UsageError
from twins.ports import Part
from twins.power import PowerIn
from twins.units import US


class Heater(Part):
    """Draws a current that a test sets."""

    supply = PowerIn()

    def __init__(self, amperes: float = 2.0) -> None:
        super().__init__()
        self.amperes = amperes
        self.seen: list[tuple[int, float]] = []

    @supply.changed
    def _changed(self, at: int, volts: float) -> None:
        self.seen.append((at, volts))

    @supply.current
    def _current(self) -> float:
        return self.amperes if self.supply.volts else 0.0


@pytest.mark.parametrize(
    ("variant", "at_zero", "at_ten"),
    [
        ("050B", 2.5, 2.9),
        ("050U", 0.6, 1.2),
        ("100B", 2.5, 2.7),
        ("100U", 0.6, 1.0),
        ("150B", 2.5, 2.633),
        ("150U", 0.6, 0.867),
        ("200B", 2.5, 2.6),
        ("200U", 0.6, 0.8),
    ],
)
def test_offset_and_sensitivity_are_those_of_the_variant(variant: str, at_zero: float, at_ten: float) -> None:
    bench = Bench()
    sensor = bench.add(ACS758(variant))
    assert bench.voltages[sensor.viout.pin] == pytest.approx(at_zero)
    sensor.other_amperes = 10.0
    bench.run("1ms")
    assert bench.voltages[sensor.viout.pin] == pytest.approx(at_ten)


@pytest.mark.parametrize(("variant", "same_at_3v3"), [("050B", 26.4), ("100B", 13.2), ("200B", 6.6)])
def test_it_is_ratiometric(variant: str, same_at_3v3: float) -> None:
    """At 3.3 V it has what the ACS759, the same part trimmed at 3.3 V, has in its selection guide."""
    bench = Bench()
    sensor = bench.add(ACS758(variant, vcc=3.3))
    assert bench.voltages[sensor.viout.pin] == pytest.approx(1.65)
    sensor.other_amperes = 1.0
    assert (sensor.volts - 1.65) * 1000 == pytest.approx(same_at_3v3)


def test_the_output_stays_in_the_range_of_the_variant() -> None:
    sensor = Bench().add(ACS758("050B"))
    sensor.other_amperes = 80.0
    assert sensor.volts == pytest.approx(2.5 + 50 * 0.040)
    sensor = Bench().add(ACS758("050U"))
    sensor.other_amperes = -5.0
    assert sensor.volts == pytest.approx(0.6)


def test_the_output_follows_after_4_microseconds() -> None:
    bench = Bench()
    sensor = bench.add(ACS758("050B"))
    sensor.other_amperes = 10.0
    bench.run_ps(4 * US - 1)
    assert bench.voltages[sensor.viout.pin] == 2.5
    bench.run_ps(1)
    assert bench.voltages[sensor.viout.pin] == 2.9


@pytest.mark.parametrize(("variant", "vcc"), [("30A", 5.0), ("050B", 2.9), ("050B", 5.6)])
def test_wrong_options_are_refused(variant: str, vcc: float) -> None:
    with pytest.raises(UsageError, match=r"expected one of|works from 3 to 5.5 V"):
        ACS758(variant, vcc)


def test_a_switch_feeds_its_loads_while_its_gate_is_high() -> None:
    bench = Bench()
    switch = bench.add(Mosfet())
    heater = bench.add(Heater(), wires={"supply": switch.load})
    bench.run("1ms")
    bench.set(switch.gate, True)
    bench.run("1ms")
    bench.set(switch.gate, False)
    assert heater.seen == [(1000 * US, 5.0), (2000 * US, 0.0)]
    assert switch.switched_at == [(1000 * US, True), (2000 * US, False)]


def test_a_p_channel_switch_is_off_while_nobody_drives_it() -> None:
    bench = Bench()
    switch = bench.add(Mosfet(active_high=False))
    assert not switch.on
    bench.set(switch.gate, False)
    assert switch.on


def test_a_source_feeds_several_loads_and_the_sensor_sums_them() -> None:
    bench = Bench()
    sensor = bench.add(ACS758("050B"))
    heaters = [bench.add(Heater(amperes), wires={"supply": sensor.ip_minus}) for amperes in (1.0, 2.0)]
    assert sensor.amperes == 3.0
    heaters[0].amperes = 4.0
    heaters[0].supply.draws()
    bench.run("1ms")
    assert bench.voltages[sensor.viout.pin] == pytest.approx(2.5 + 6 * 0.040)


def test_supplies_are_not_joined_to_each_other() -> None:
    bench = Bench()
    one, other = bench.add(Mosfet()), bench.add(Mosfet())
    with pytest.raises(BoardError, match=r"mosfet.load cannot be wired to mosfet.load"):
        one.load.join(other.load)
    with pytest.raises(BoardError, match="cannot be wired"):
        one.load.join(other.gate)


def test_a_load_has_one_source() -> None:
    bench = Bench()
    heater = bench.add(Heater(), wires={"supply": bench.add(Mosfet()).load})
    with pytest.raises(BoardError, match="cannot be wired"):
        bench.add(Mosfet()).load.join(heater.supply)
