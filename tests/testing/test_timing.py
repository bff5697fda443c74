"""Edges, pulses, clocks, pictures and latencies."""

from __future__ import annotations

import numpy as np
import pytest

from twins import Timeout, TimingError, Twin, UsageError, timing
from twins.units import MS, US, ps


def test_pins_are_recorded_while_the_twin_runs(media_controller: Twin) -> None:
    """An EC11-like encoder of our own: a detent is four edges, two of each contact."""
    with timing.record(media_controller, "GPIO10", "GPIO11") as pins:
        media_controller.knob.turn(+1)
        media_controller.run("50ms")
    media_controller.knob.turn(+1)
    media_controller.run("50ms")
    for pin in ("GPIO10", "GPIO11"):
        assert pins[pin].at.dtype == np.int64
        assert pins[pin].rising.at.tolist() == pins[pin].at[pins[pin].level].tolist()
        assert (pins[pin].end - pins[pin].start) == pytest.approx(50 * MS, abs=US)
        pins[pin].assert_edges(at_least=2)
    assert set(pins) == {"GPIO10", "GPIO11"}
    assert "GPIO12" not in pins
    with pytest.raises(UsageError, match=r"'GPIO12' is not recorded: record\(twin, 'GPIO10', 'GPIO11', 'GPIO12'\)"):
        pins["GPIO12"]
    assert pins["GPIO10"].end < media_controller.now, "nothing is recorded once it is closed"


def test_a_recording_can_be_looked_at_while_it_is_open(media_controller: Twin) -> None:
    with timing.record(media_controller) as pins:
        assert len(pins) == 30
        media_controller.knob.turn(+1)
        media_controller.run("20ms")
        early = len(pins["GPIO16"])
        media_controller.run("60ms")
        assert len(pins["GPIO16"]) >= early > 0


def test_the_displays_clock_is_as_fast_as_the_board_runs_it(media_controller: Twin) -> None:
    """SCK is at 50 MHz, as the board's seed has it: 20 ns on average, in whole cycles of 8 ns.

    RP2040 datasheet 3.5.5: a fractional divider is an average of whole cycles, here two and three.
    """
    with timing.record(media_controller, "GPIO16") as pins:
        media_controller.knob.turn(+1)
        media_controller.run("50ms")
    clock = pins["GPIO16"]
    burst = clock.rising.periods[clock.rising.periods <= ps("24ns")]
    assert set(burst.tolist()) == {ps("16ns"), ps("24ns")}
    assert burst.mean() == pytest.approx(ps("20ns"), rel=0.05)
    clock.assert_clock(50e6, tolerance=0.05)
    with pytest.raises(TimingError, match=r"GPIO16 rising: expected 40 MHz within 0.01 of it, found .* MHz\n"):
        clock.assert_clock(40e6)


def test_assertions_say_what_was_measured() -> None:
    at = np.array([0, 10, 30, 40, 60, 75, 90, 100]) * US
    wave = timing.Signal("X", 0, 120 * US, False, at, np.array([1, 0] * 4, bool))
    wave.assert_pulses("10us", tolerance="5us")
    with pytest.raises(TimingError) as error:
        wave.assert_pulses("10us")
    assert str(error.value) == (
        "X: expected high pulses of 10us within 100ns, but 1 of 4 is not: the worst is 15us, at 60us\n"
        "measured: 10us to 15us, mean 11.25us"
    )
    wave.assert_clock(1e6 / 30)
    wave.rising.assert_period("30us")
    wave.assert_duty(35 / 90)
    assert wave.high_time == 45 * US
    assert wave.level_at("5us")
    assert not wave.level_at("10us")
    wave.assert_edges(8)
    with pytest.raises(
        TimingError, match=r"X: expected 2 edges between 0ps and 120us, found 8: at 0ps, 10us, .*100us$"
    ):
        wave.assert_edges(2)
    with pytest.raises(TimingError, match=r"expected a duty cycle of 0\.5 within 0\.01, found 0\.3889"):
        wave.assert_duty(0.5)
    with pytest.raises(TimingError, match="X: expected low pulses of 1ms within 10us, but 3 of 3 are not"):
        wave.assert_pulses("1ms", level=False)
    silent = timing.Signal("Y", 0, 100, True, at[:0], np.zeros(0, bool))
    assert (silent.duty, silent.rising.rate) == (1.0, 0.0)
    with pytest.raises(TimingError, match="Y: expected high pulses of 1us, found none"):
        silent.assert_pulses("1us")
    assert isinstance(error.value, AssertionError)


def test_when_pictures_change(media_controller: Twin) -> None:
    media_controller.knob.turn(+1)
    frames = timing.frame_times(media_controller, media_controller.lcd, "300ms", every="2ms")
    assert len(frames) >= 1
    assert (frames.periods >= 2 * MS).all()


def test_a_latency_is_found_to_its_resolution(media_controller: Twin) -> None:
    """Found on forks by halving; a search in fine steps finds the same."""
    fork = media_controller.fork()
    found = timing.latency(media_controller, lambda: media_controller.knob.turn(1), "lcd", resolution="10us")
    before, start = fork.lcd.frame.copy(), fork.now
    fork.knob.turn(1)
    while np.array_equal(fork.lcd.frame, before):
        fork.run("20us")
    assert fork.now - start - 30 * US <= found <= fork.now - start + 10 * US
    timing.assert_latency(found, "1s")
    with pytest.raises(TimingError, match=r"knob to picture: expected 1us at most, found "):
        timing.assert_latency(found, "1us", "knob to picture")


def test_a_latency_to_a_condition(media_controller: Twin) -> None:
    found = timing.latency(
        media_controller, lambda: media_controller.knob.turn(1), lambda twin: b"volume 41" in twin.output("uart0")
    )
    assert 0 < found < 200 * MS


def test_what_never_comes_is_told(media_controller: Twin) -> None:
    with pytest.raises(Timeout, match="the picture of lcd did not change within 20ms of virtual time"):
        timing.latency(media_controller, lambda: None, media_controller.lcd, timeout="20ms")
    with pytest.raises(UsageError, match="neither a part of the board nor a function"):
        timing.latency(media_controller, lambda: None, "screen")
