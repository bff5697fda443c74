"""An LED shows what its pin does."""

from __future__ import annotations

import pytest

from peripherals import Led
from twins.bench import Bench
from twins.units import MS, Duration


def blinking(active_low: bool = False) -> tuple[Bench, Led]:
    """A pin that is high for 5 ms of every 20."""
    bench = Bench()
    led = bench.add(Led(active_low=active_low))
    bench.pulses(led.pin, [(at * MS, level) for start in (0, 20, 40) for at, level in ((start, 1), (start + 5, 0))])
    return bench, led


def test_it_is_off_before_anything_happens() -> None:
    bench = Bench()
    led = bench.add(Led())
    bench.run("20ms")
    assert (led.on, led.brightness(), led.changes, led.period) == (False, 0.0, [], None)


@pytest.mark.parametrize(("active_low", "lit"), [(False, [True, False]), (True, [False, True])])
def test_it_is_lit_by_its_level(active_low: bool, lit: list[bool]) -> None:
    _, led = blinking(active_low)
    assert led.changes[:2] == [(0, lit[0]), (5 * MS, lit[1])]
    assert led.on is lit[1]


@pytest.mark.parametrize(("active_low", "share"), [(False, 0.25), (True, 0.75)])
def test_brightness_is_the_share_of_the_window(active_low: bool, share: float) -> None:
    bench, led = blinking(active_low)
    bench.run("60ms")
    assert led.brightness("40ms") == pytest.approx(share)
    assert led.brightness("15ms") == (1.0 if active_low else 0.0)


def test_brightness_without_a_window_is_the_state_now() -> None:
    bench, led = blinking()
    bench.run("60ms")
    assert led.brightness("0ms") == 0.0


def test_the_period_is_from_one_switching_on_to_the_next() -> None:
    _, led = blinking()
    assert led.period == Duration(20 * MS)


def test_a_snapshot_holds_its_history() -> None:
    bench, led = blinking()
    other = bench.add(Led())
    other.restore(led.state())
    bench.pulses(led.pin, [(100 * MS, 1)])
    assert len(other.changes) == 6
    assert len(led.changes) == 7
