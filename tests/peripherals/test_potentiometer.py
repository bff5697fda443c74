"""A potentiometer is a divider: position times supply (Ohm's law)."""

from __future__ import annotations

import pytest

from peripherals import Potentiometer
from twins.bench import Bench
from twins.errors import UsageError


def test_it_has_its_voltage_from_power_on() -> None:
    bench = Bench()
    pot = bench.add(Potentiometer(position=0.25, supply=2.0))
    assert bench.voltages == {pot.wiper.pin: 0.5}


def test_turning_it_changes_the_voltage() -> None:
    bench = Bench()
    pot = bench.add(Potentiometer())
    seen = []
    for position in (0.0, 0.1, 1.0):
        pot.position = position
        seen.append(bench.voltages[pot.wiper.pin])
    assert seen == pytest.approx([0.0, 0.33, 3.3])


@pytest.mark.parametrize("position", [-0.01, 1.01, float("nan")])
def test_it_does_not_turn_beyond_its_ends(position: float) -> None:
    pot = Bench().add(Potentiometer(0.5))
    with pytest.raises(UsageError):
        pot.position = position
    assert pot.position == 0.5


def test_a_snapshot_holds_the_position() -> None:
    pot, other = Bench().add(Potentiometer(0.5)), Bench().add(Potentiometer())
    other.restore(pot.state())
    assert other.volts == pytest.approx(1.65)
