"""ON, SOFT OFF and DEEP SLEEP, as the wires and the LEDs see them.

The order is that of the lamp's architecture: ON is data low, MOSFET on, delay, show; OFF is stop, data low, MOSFET off.
Reset reasons: ESP-IDF soc/reset_reasons.h (1 power-on, 5 deep sleep). TTP223 data sheet: a response within 220 ms.
"""

from __future__ import annotations

import numpy as np
import pytest
from control import POWER_OFF, POWER_ON, POWER_SLEEPS, POWER_WAITS, command, counters, power, ready, state

from twins import Twin
from twins.units import MS, SECOND

SUPPLY_RISES = 50 * MS
"""firmware/jinny_lamp/power_mgr.c: from MOSFET on to the first frame at least."""
LED_DATA = 1 << 3


def data_changes(lamp: Twin) -> list[int]:
    """The moments since the last call at which the data line changed, in ps."""
    at, levels = lamp.trace.take_pins()
    high = (levels & np.uint64(LED_DATA)) != 0
    changes: list[int] = at[np.flatnonzero(np.diff(high)) + 1].tolist()
    return changes


def reset_reason(lamp: Twin) -> int:
    """What the firmware said at its last start."""
    lamp.console.expect(r"Jinny Lamp, reset (\d+)", timeout="1s")
    return int(lamp.console.match.group(1))


def asleep(lamp: Twin) -> bool:
    """Has the chip gone to sleep? Its processors do nothing then."""
    before = lamp.instructions
    lamp.run("20ms")
    return power(lamp) == POWER_SLEEPS and lamp.instructions == before


def test_at_power_on_the_data_line_waits_for_the_supply(cold_lamp: Twin) -> None:
    cold_lamp.trace.record_pins()
    assert reset_reason(cold_lamp) == 1
    ready(cold_lamp)
    changes = data_changes(cold_lamp)
    (on, is_on), *more = cold_lamp.switch.switched_at
    assert is_on
    assert not more
    # The voice processor takes two seconds to start; the lamp asks it again every 200 ms.
    assert 2 * SECOND < on < 2.5 * SECOND
    early = [at for at in changes if at < on]
    assert len(early) <= 1, "a line that floats until the firmware takes it low"
    assert on + SUPPLY_RISES <= changes[len(early)] < on + SUPPLY_RISES + 100 * MS
    assert cold_lamp.matrix.unpowered_edges == 0
    stats = counters(cold_lamp, "power_stats", "ons", "offs", "supply_errors", "sleeps")
    assert stats["ons"] == 1
    assert 8 <= stats["supply_errors"] <= 12


def test_soft_off_ends_the_frame_then_lets_the_supply_go(lamp: Twin) -> None:
    lamp.trace.record_pins()
    lamp.run_until(lambda: lamp.pins["GPIO3"].level, every="1us")  # in the middle of a frame
    frames = lamp.matrix.frames
    lamp.trace.take_pins()
    command(lamp, "power 0")
    lamp.run_until(lambda: power(lamp) == POWER_OFF)
    lamp.run("200ms")
    off, is_on = lamp.switch.switched_at[-1]
    changes = data_changes(lamp)
    assert not is_on
    assert changes[-1] + 280_000_000 <= off, "the last frame was latched while there was supply"
    assert lamp.matrix.frames > frames
    assert not lamp.pins["GPIO3"].level
    assert lamp.matrix.unpowered_edges == 0
    assert not lamp.matrix.frame.any()
    lamp.run("2s")
    assert data_changes(lamp) == [], "off is off"


def test_on_again_keeps_the_order(lamp: Twin) -> None:
    command(lamp, "power 0")
    lamp.run_until(lambda: power(lamp) == POWER_OFF)
    lamp.run("100ms")
    lamp.trace.record_pins()
    lamp.trace.take_pins()
    command(lamp, "power 1")
    lamp.run_until(lambda: power(lamp) == POWER_ON)
    lamp.run("100ms")
    on, is_on = lamp.switch.switched_at[-1]
    assert is_on
    first = data_changes(lamp)[0]
    assert on + SUPPLY_RISES <= first < on + SUPPLY_RISES + 100 * MS
    assert lamp.matrix.unpowered_edges == 0
    assert lamp.matrix.frame.any()


def test_many_times_off_and_on_no_edge_goes_astray(lamp: Twin) -> None:
    for n in range(12):
        command(lamp, f"power {n % 2}")
        lamp.run(f"{7 + 31 * n}ms")
    lamp.run("500ms")
    assert power(lamp) == POWER_ON
    assert lamp.matrix.unpowered_edges == 0
    levels = [is_on for _, is_on in lamp.switch.switched_at]
    assert levels == [n % 2 == 0 for n in range(len(levels))]


def test_a_click_takes_the_next_effect_and_a_double_click_turns_off(lamp: Twin) -> None:
    before = state(lamp)
    lamp.pad.touch("300ms")
    lamp.run("1s")
    clicked = state(lamp)
    assert clicked["effect"] == before["effect"] + 1
    assert clicked["seq"] == before["seq"] + 1
    for _ in range(2):
        lamp.pad.touch("200ms")
        lamp.run("400ms")
    lamp.run("1s")
    off = state(lamp)
    assert (off["effect"], off["power"]) == (clicked["effect"], 0)
    assert power(lamp) == POWER_OFF
    lamp.pad.touch("300ms")
    lamp.run("1s")
    assert state(lamp)["power"] == 1


def test_a_touch_shorter_than_the_debounce_is_none(lamp: Twin) -> None:
    """Driven at the pin, because the key itself answers to nothing so short."""
    before = state(lamp)
    for _ in range(5):
        lamp.pad.out.set(True)
        lamp.run("19ms")
        lamp.pad.out.set(False)
        lamp.run("100ms")
    lamp.run("1s")
    assert state(lamp) == before


def test_a_long_touch_sleeps_and_a_touch_wakes(lamp: Twin) -> None:
    command(lamp, "effect 5")
    command(lamp, "brightness 77")
    command(lamp, "speed 150")
    before = state(lamp)
    lamp.trace.record_pins()
    lamp.pad.touch("4s")
    start = lamp.now
    lamp.run_until(lambda: power(lamp) == POWER_SLEEPS, timeout="5s")
    off, is_on = lamp.switch.switched_at[-1]
    assert not is_on
    # 3000 ms from when the key has answered (60 ms at the most) and the debounce is over (30 ms).
    assert start + 3000 * MS < off < start + 3200 * MS
    assert not asleep(lamp), "it waits for the finger to go"
    lamp.run("1500ms")
    assert asleep(lamp)
    lamp.trace.take_pins()
    lamp.run("60s")
    assert asleep(lamp)
    assert data_changes(lamp) == []
    frames = lamp.matrix.frames

    lamp.pad.touch("400ms")
    assert reset_reason(lamp) == 5
    lamp.run_until(lambda: lamp.matrix.frames > frames, timeout="2s")
    woken = state(lamp)
    assert woken == {**before, "seq": before["seq"] + 1}, "deep sleep keeps the state"
    assert lamp.matrix.unpowered_edges == 0
    lamp.run("1s")
    assert state(lamp) == woken, "the finger that woke it is no click"


def test_flash_keeps_effect_brightness_speed_and_volume(lamp: Twin) -> None:
    command(lamp, "effect 4")
    command(lamp, "brightness 200")
    command(lamp, "speed 250")
    command(lamp, "volume 35")
    command(lamp, "pause 1")
    lamp.run("3s")
    lamp.reset()
    assert reset_reason(lamp) == 1
    lamp.run("100ms")
    kept = state(lamp)
    assert kept == {"effect": 4, "brightness": 200, "speed": 250, "paused": 0, "power": 1, "seq": 1, "volume": 35}


def test_a_turned_knob_makes_one_record(lamp: Twin) -> None:
    for brightness in range(100, 150):
        command(lamp, f"brightness {brightness}")
    lamp.run("3s")
    assert lamp.memory.u32("settings_writes") == 1


@pytest.mark.parametrize("wrong", [0, 12, 28])
def test_a_broken_record_is_counted_and_the_one_before_it_counts(lamp: Twin, wrong: int) -> None:
    """Of 32 bytes: magic, settings, CRC. Records begin at 0x9000 (reference, flash layout)."""
    for brightness in (50, 60):
        command(lamp, f"brightness {brightness}")
        lamp.run("3s")
    at = 0x9000 + lamp.flash.read()[0x9000:0xF000].rindex(b"1LNJ")
    byte = lamp.flash.read()[at + wrong]
    lamp._engine.write_flash(at + wrong, bytes([byte ^ 0x10]))
    lamp.reset()
    lamp.run("200ms")
    assert state(lamp)["brightness"] == 50
    assert lamp.memory.u32("settings_bad_records") == 1


def test_without_the_voice_processor_the_lamp_waits_in_the_dark(cold_lamp: Twin) -> None:
    cold_lamp.voice.nack = True
    cold_lamp.run("6s")
    assert power(cold_lamp) == POWER_WAITS
    assert counters(cold_lamp, "power_stats", "ons", "offs", "supply_errors")["supply_errors"] > 10
    assert cold_lamp.matrix.unpowered_edges == 0
    assert cold_lamp.matrix.frames == 0
    cold_lamp.voice.nack = False
    ready(cold_lamp, "1s")
    assert power(cold_lamp) == POWER_ON


def test_a_restarted_voice_processor_gets_its_order_again(lamp: Twin) -> None:
    """REBOOT lets X0D11 go (user guide: outputs are those of the start-up)."""
    switches = len(lamp.switch.switched_at)
    lamp.voice._start()
    lamp.run("100ms")
    assert not lamp.switch.on
    # It answers after two seconds; the lamp looks once a second.
    lamp.run_until(lambda: lamp.switch.on, timeout="4s")
    assert len(lamp.switch.switched_at) == switches + 2
    unpowered = lamp.matrix.unpowered_edges
    lamp.run("1s")
    assert power(lamp) == POWER_ON
    assert lamp.matrix.frame.any()
    assert lamp.matrix.unpowered_edges == unpowered, "data waits for the supply again"
    assert counters(lamp, "power_stats", "ons")["ons"] == 2


def test_a_supply_that_cannot_be_let_go_is_tried_again(lamp: Twin) -> None:
    lamp.voice.nack = True
    command(lamp, "power 0")
    lamp.run("1s")
    assert lamp.switch.on
    assert not lamp.pins["GPIO3"].level
    assert counters(lamp, "power_stats", "ons", "offs", "supply_errors")["supply_errors"] > 3
    lamp.voice.nack = False
    lamp.run("500ms")
    assert not lamp.switch.on
    assert power(lamp) == POWER_OFF
