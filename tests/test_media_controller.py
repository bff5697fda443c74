"""The media controller: what its screen shows, exactly, and how it answers the knob."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twins import Twin
from twins.engines import EngineSpec
from twins.testing.golden import FrameSnapshot
from twins.units import ms


def test_the_first_picture(media_controller: Twin, frame_snapshot: FrameSnapshot) -> None:
    frame_snapshot(media_controller.lcd, "ready")


def test_turning_right_makes_it_louder(media_controller: Twin, frame_snapshot: FrameSnapshot) -> None:
    media_controller.knob.turn(+3)
    media_controller.console.expect("volume 43", timeout="500ms")
    media_controller.run("50ms")
    frame_snapshot(media_controller.lcd, "volume_43")


def test_turning_left_makes_it_quieter(media_controller: Twin) -> None:
    media_controller.knob.turn(-2)
    media_controller.console.expect("volume 38", timeout="500ms")


def test_the_volume_ends_at_0_and_at_100(media_controller: Twin) -> None:
    media_controller.knob.turn(-45)
    media_controller.run("4s")
    assert media_controller.console.text.split()[-2:] == ["volume", "0"]
    media_controller.knob.turn(+1)
    media_controller.console.expect(r"volume 1\r", timeout="500ms")


def test_a_press_plays_and_another_one_pauses(media_controller: Twin, frame_snapshot: FrameSnapshot) -> None:
    media_controller.knob.press("80ms")
    media_controller.console.expect("play", timeout="500ms")
    media_controller.run("100ms")
    frame_snapshot(media_controller.lcd, "playing")
    media_controller.knob.press("80ms")
    media_controller.console.expect("pause", timeout="500ms")


def test_a_press_shorter_than_the_debounce_is_none(media_controller: Twin) -> None:
    """The firmware takes a key that has been still for 50 ms."""
    before = media_controller.console.text
    media_controller.knob.press("20ms")
    media_controller.run("300ms")
    assert media_controller.console.text == before


@pytest.mark.parametrize(("volts", "percent"), [(3.3, 0), (3.75, 50), (4.2, 100)])
def test_the_battery_shows_what_is_on_the_divider(
    images: Path, volts: float, percent: int, twin_engine: EngineSpec
) -> None:
    """The firmware takes 3.3 V as empty and 4.2 V as full; the divider gives a third (Pico W datasheet, schematic)."""
    with Twin("media_controller", image=images / "media_controller.elf", engine=twin_engine) as twin:
        twin.battery.position = volts / 3 / 3.9
        twin.console.expect(r"battery (\d+)%", timeout="1s")
        assert int(twin.console.match.group(1)) == pytest.approx(percent, abs=1)


def test_the_first_pixel_changes_soon_after_contact_a_closes(media_controller: Twin) -> None:
    """In virtual time: interrupt, drawing of bar and number in memory, then the wire."""
    before = media_controller.lcd.frame
    media_controller.knob.turn(+1)
    media_controller.run_until(lambda: not media_controller.pins["GPIO10"].level, timeout="100ms", every="10us")
    waited = media_controller.run_until(
        lambda: not np.array_equal(media_controller.lcd.frame, before), timeout="100ms", every="10us"
    )
    print(f"from contact to pixel: {waited}")
    assert ms(0) < waited < ms(20)


def test_the_whole_screen_goes_in_1200_pieces_with_a_poll_after_each(media_controller: Twin) -> None:
    """320 x 240 pixels in pieces of 64 (issue 2, section 8)."""
    assert media_controller.memory.u32("poll_count") >= 320 * 240 // 64


def test_the_display_saw_nothing_that_its_datasheet_forbids_but_the_clock(media_controller: Twin) -> None:
    """The board runs SCK at 50 MHz, as its seed does; ST7789V data sheet v1.3, 7.4.3, gives a write cycle of 66 ns."""
    media_controller.knob.turn(+1)
    media_controller.run("200ms")
    assert set(media_controller.lcd.violations) == {"write cycle shorter than 66ns"}
