"""Touch pads on a bench, and on the touch sensor of an ESP32-S3."""

from __future__ import annotations

import pytest

from peripherals import TouchPad
from twins.bench import Bench
from twins.errors import UsageError


def test_a_tap_comes_and_goes() -> None:
    bench = Bench()
    pad = bench.add(TouchPad(idle=8.0, finger=3.0))
    pin = pad.electrode.pin
    assert bench.capacitances[pin] == 8.0
    pad.tap("100ms")
    assert (pad.touched, bench.capacitances[pin]) == (True, 11.0)
    bench.run("99ms")
    assert bench.capacitances[pin] == 11.0
    bench.run("2ms")
    assert (pad.touched, bench.capacitances[pin]) == (False, 8.0)


def test_a_finger_that_hovers_is_worth_less() -> None:
    bench = Bench()
    pad = bench.add(TouchPad())
    pad.touch(0.5)
    assert bench.capacitances[pad.electrode.pin] == 11.0


@pytest.mark.parametrize("nearness", [-0.1, 1.1])
def test_a_finger_cannot_be_nearer_than_the_cover(nearness: float) -> None:
    with pytest.raises(UsageError, match=r"expected 0 .* to 1"):
        Bench().add(TouchPad()).touch(nearness)
