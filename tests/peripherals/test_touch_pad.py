"""Touch pads on a bench, and on the touch sensor of an ESP32-S3."""

from __future__ import annotations

import pytest

from peripherals import TouchPad
from twins.bench import Bench
from twins.errors import UsageError


def test_a_touch_for_a_time_comes_and_goes() -> None:
    bench = Bench()
    pad = bench.add(TouchPad(idle=8.0, finger=3.0))
    pin = pad.electrode.pin
    assert bench.capacitances[pin] == 8.0
    pad.touch("100ms")
    assert (pad.is_touched, bench.capacitances[pin]) == (True, 11.0)
    bench.run("99ms")
    assert bench.capacitances[pin] == 11.0
    bench.run("2ms")
    assert (pad.is_touched, bench.capacitances[pin]) == (False, 8.0)


def test_the_end_of_a_touch_does_not_take_away_the_next_finger() -> None:
    bench = Bench()
    pad = bench.add(TouchPad())
    pad.touch("100ms")
    bench.run("50ms")
    pad.release()
    pad.touch()
    bench.run("200ms")
    assert pad.is_touched


def test_a_finger_that_hovers_is_worth_less() -> None:
    bench = Bench()
    pad = bench.add(TouchPad())
    pad.touch(nearness=0.5)
    assert bench.capacitances[pad.electrode.pin] == 11.0


@pytest.mark.parametrize("nearness", [-0.1, 1.1])
def test_a_finger_cannot_be_nearer_than_the_cover(nearness: float) -> None:
    with pytest.raises(UsageError, match=r"expected 0 .* to 1"):
        Bench().add(TouchPad()).touch(nearness=nearness)
