"""ST7789V: where pixels go and what the glass shows of them.

Sections are those of the Sitronix ST7789V datasheet v1.3; tables of its sister ST7735 v1.7 where named.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

import numpy as np
import pytest

from peripherals.dcs_display import (
    COLMOD,
    IDMOFF,
    IDMON,
    INVOFF,
    INVON,
    MADCTL,
    NOP,
    NORON,
    PTLAR,
    PTLON,
    RAMWR,
    RAMWRC,
    VSCRDEF,
    VSCSAD,
)
from peripherals.st7789 import RAMCTRL
from tests.peripherals.st7789_driver import BLUE, GREEN, RED, WHITE, Display, where, where_cells

# 8.12 Address control, 9.1.20 - 9.1.22 CASET, RASET, RAMWR


def test_pixels_fill_the_window_row_by_row_and_begin_again_at_its_end() -> None:
    display = Display()
    display.lcd.memory.cells[...] = 0
    display.window(10, 20, 11, 21)
    display.draw(RED, GREEN, BLUE, WHITE, BLUE)
    assert display.cells(20, 9, 13) == ["00000", "0003f", "00fc0", "00000"]
    assert display.cells(21, 9, 13) == ["00000", "0003f", "3ffff", "00000"]


def test_ramwr_starts_over_and_ramwrc_goes_on() -> None:
    display = Display()
    display.lcd.memory.cells[...] = 0
    display.window(0, 0, 3, 0)
    display.draw(RED)
    display.command(RAMWRC, *GREEN)
    display.command(NOP)
    display.command(RAMWRC, *GREEN)
    assert display.cells(0, 0, 4) == ["3f000", "00fc0", "00fc0", "00000"]
    display.draw(BLUE)
    assert display.cells(0, 0, 4) == ["0003f", "00fc0", "00fc0", "00000"]


def test_a_new_window_does_not_move_the_pointer_until_ramwr() -> None:
    display = Display()
    display.lcd.memory.cells[...] = 0
    display.window(5, 5, 6, 6)
    assert not display.lcd.memory.cells.any()
    display.draw(RED)
    assert where_cells(display, 0x3F000) == [(5, 5)]


def test_a_window_may_be_written_in_many_batches() -> None:
    display = Display()
    display.window(0, 0, 239, 319)
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 256, 240 * 3 * 2, dtype=np.uint8)
    display.draw(pixels.tolist())  # the bench sends byte by byte
    one = display.lcd.memory.cells.copy()
    display.lcd.memory.cells[...] = 0
    display.lcd.memory.start_write()
    display.lcd.memory.write(pixels[:1001], 0x55)
    display.lcd.memory.write(pixels[1001:], 0x55)
    assert np.array_equal(one[:3], display.lcd.memory.cells[:3])


def test_a_partial_pixel_is_dropped_by_the_next_command() -> None:
    """8.4.1: a break of a transfer loses what is not complete."""
    display = Display()
    display.window(0, 0, 1, 0)
    before = display.lcd.memory.cells[0, 1]
    display.command(RAMWR, *RED, 0x07)
    display.command(RAMWRC, *BLUE)
    assert display.cells(0, 0, 2) == ["3f000", "0003f"]
    assert before != 0x0003F


def test_an_end_that_is_one_too_large_is_cut_off() -> None:
    """Adafruit_ST7789 asks for columns 0 to 240 and rows 0 to 320 in its init table."""
    display = Display()
    display.window(0, 0, 240, 320)
    display.draw(*([RED] * 240), GREEN)
    assert display.cells(1, 0, 1) == ["00fc0"]
    assert display.lcd.memory.window == (0, 0, 240, 320)
    display.command(MADCTL, 0x60)
    display.window(0, 0, 320, 240)
    assert display.lcd.memory.window == (0, 0, 320, 240)


def test_a_window_outside_the_memory_takes_nothing() -> None:
    display = Display()
    before = display.lcd.memory.cells.copy()
    display.window(240, 0, 250, 10)
    display.draw(*([RED] * 20))
    assert np.array_equal(before, display.lcd.memory.cells)


def test_a_window_that_ends_before_it_starts_is_a_violation() -> None:
    """9.1.20: XS must be equal to or less than XE."""
    display = Display()
    display.window(10, 0, 9, 0)
    display.draw(RED)
    assert display.lcd.violations["a window that ends before it starts"] == 1


# 8.12 and 9.1.28 MADCTL

ORIENTATIONS = {
    0x00: lambda x, y: (y, x),
    0x80: lambda x, y: (319 - y, x),
    0x40: lambda x, y: (y, 239 - x),
    0xC0: lambda x, y: (319 - y, 239 - x),
    0x20: lambda x, y: (x, y),
    0xA0: lambda x, y: (319 - x, y),
    0x60: lambda x, y: (x, 239 - y),
    0xE0: lambda x, y: (319 - x, 239 - y),
}
"""MADCTL → physical (row, column) of the address (x, y).

ST7735 v1.7, table 9.10.1: without MV, CASET goes to the column pointer, direct or (last - pointer) with MX, and RASET
to the row pointer, or (last - pointer) with MY; with MV, CASET goes to the row pointer and RASET to the column.
"""


@pytest.mark.parametrize("madctl", ORIENTATIONS)
def test_madctl_maps_addresses_to_memory(madctl: int) -> None:
    display = Display()
    display.lcd.memory.cells[...] = 0
    display.command(MADCTL, madctl)
    display.pixel(7, 30, RED)
    assert where_cells(display, 0x3F000) == [ORIENTATIONS[madctl](7, 30)]


@pytest.mark.parametrize("madctl", ORIENTATIONS)
def test_a_row_of_the_window_runs_along_x_in_every_orientation(madctl: int) -> None:
    display = Display()
    display.lcd.memory.cells[...] = 0
    display.command(MADCTL, madctl)
    display.window(100, 50, 101, 51)
    display.draw(RED, GREEN, BLUE)
    for value, (x, y) in {0x3F000: (100, 50), 0x00FC0: (101, 50), 0x0003F: (100, 51)}.items():
        assert where_cells(display, value) == [ORIENTATIONS[madctl](x, y)]


OFFSETS = {
    (240, 320): {0x00: (0, 0), 0x60: (0, 0), 0xC0: (0, 0), 0xA0: (0, 0)},
    (240, 240): {0x00: (0, 0), 0x60: (0, 0), 0xC0: (0, 80), 0xA0: (80, 0)},
    (135, 240): {0x00: (52, 40), 0x60: (40, 53), 0xC0: (53, 40), 0xA0: (40, 52)},
    (170, 320): {0x00: (35, 0), 0x60: (0, 35)},
    (240, 280): {0x00: (0, 20)},
    (172, 320): {0x00: (34, 0)},
    (128, 128): {0x00: (2, 1)},
}
"""Where drivers put the picture, (x, y) by panel and MADCTL: st7789py, _DISPLAY_; Adafruit_ST7789.cpp l.107-121."""


@pytest.mark.parametrize(
    ("panel", "madctl", "offset"),
    [(panel, madctl, offset) for panel, table in OFFSETS.items() for madctl, offset in table.items()],
)
def test_drivers_reach_all_corners_of_a_panel(panel: tuple[int, int], madctl: int, offset: tuple[int, int]) -> None:
    """The glass, turned as the driver's user sees it, has the driver's first pixel at the top left."""
    turned = {0x00: 0, 0x60: 90, 0xC0: 180, 0xA0: 270}[madctl]
    display = Display(width=panel[0], height=panel[1], rotation=turned)
    display.lcd.memory.cells[...] = 0
    display.command(MADCTL, madctl)
    width, height = panel if madctl in (0x00, 0xC0) else panel[::-1]
    x, y = offset
    display.pixel(x, y, RED)
    display.pixel(x + width - 1, y, GREEN)
    display.pixel(x, y + height - 1, BLUE)
    display.pixel(x + width - 1, y + height - 1, WHITE)
    frame = display.lcd.frame
    assert frame.shape == (height, width, 3)
    assert where(frame, (255, 0, 0)) == [(0, 0)]
    assert where(frame, (0, 255, 0)) == [(0, width - 1)]
    assert where(frame, (0, 0, 255)) == [(height - 1, 0)]
    assert where(frame, (255, 255, 255)) == [(height - 1, width - 1)]


def test_scan_order_bits_do_not_change_where_data_goes() -> None:
    """9.1.28: ML and MH turn the refresh of the glass only."""
    display = Display()
    display.lcd.memory.cells[...] = 0
    display.command(MADCTL, 0x14)
    display.pixel(3, 4, RED)
    assert where_cells(display, 0x3F000) == [(4, 3)]


def test_the_bgr_bit_swaps_red_and_blue_on_the_glass() -> None:
    display = Display()
    display.lcd.memory.cells[...] = 0
    display.pixel(0, 0, RED)
    display.command(MADCTL, 0x08)
    assert display.lcd.frame[0, 0].tolist() == [0, 0, 255]
    assert display.cells(0, 0, 1) == ["3f000"]


def test_a_bgr_panel_shows_true_colours_with_the_bgr_bit() -> None:
    display = Display(bgr=True)
    display.pixel(0, 0, RED)
    assert display.lcd.frame[0, 0].tolist() == [0, 0, 255]
    display.command(MADCTL, 0x08)
    assert display.lcd.frame[0, 0].tolist() == [255, 0, 0]


# 8.8 and 9.1.32 COLMOD, 9.2.1 RAMCTRL


def test_16_bits_widen_to_18_by_repeating_the_high_bit() -> None:
    display = Display()
    display.window(0, 0, 2, 0)
    display.draw((0x84, 0x10), (0x08, 0x21), (0xFF, 0xFF))
    # R 10000 → 100001, G 100000, B 10000 → 100001; R 00001 → 000010, G 000001, B 00001 → 000010
    assert display.cells(0, 0, 3) == [
        f"{0b100001_100000_100001:05x}",
        f"{0b000010_000001_000010:05x}",
        "3ffff",
    ]


@pytest.mark.parametrize("colmod", [0x05, 0x55])
def test_both_values_for_16_bits_work(colmod: int) -> None:
    display = Display()
    display.command(COLMOD, colmod)
    display.pixel(0, 0, RED)
    assert display.cells(0, 0, 1) == ["3f000"]


def test_18_bits_are_the_upper_six_of_three_bytes() -> None:
    display = Display()
    display.command(COLMOD, 0x66)
    display.window(0, 0, 1, 0)
    display.command(RAMWR, 0xFF, 0x83, 0x04, 0x00, 0xFC, 0x03)
    assert display.cells(0, 0, 2) == [f"{0b111111_100000_000001:05x}", f"{0b000000_111111_000000:05x}"]


def test_12_bits_are_two_pixels_in_three_bytes() -> None:
    display = Display()
    display.command(COLMOD, 0x53)
    display.window(0, 0, 1, 0)
    display.command(RAMWR, 0xF0, 0x8A, 0x5C)
    assert display.cells(0, 0, 2) == [
        f"{0b111111_000000_100010:05x}",
        f"{0b101010_010101_110011:05x}",
    ]


def test_a_12_bit_pixel_is_stored_with_its_last_bit() -> None:
    """8.8.41: the first of two pixels is complete with the upper half of the second byte."""
    display = Display()
    display.lcd.memory.cells[...] = 0
    display.command(COLMOD, 0x03)
    display.window(0, 0, 3, 0)
    display.command(RAMWR, 0xF0, 0x0F)
    assert display.cells(0, 0, 2) == ["3f000", "00000"]
    display.bench.send(display.lcd.spi, [0x0F])
    assert display.cells(0, 0, 3) == ["3f000", f"{0b111111_000000_111111:05x}", "00000"]


def test_a_new_write_does_not_skip_what_the_last_one_left_open() -> None:
    display = Display()
    display.command(COLMOD, 0x03)
    display.window(0, 0, 1, 0)
    display.command(RAMWR, 0xF0, 0x0F)
    display.command(RAMWR, 0x0F, 0x0F, 0x00)
    assert display.cells(0, 0, 2) == ["00fc0", "3f000"]


def test_a_colour_format_that_does_not_exist_is_said_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    display = Display()
    before = display.lcd.memory.cells.copy()
    with caplog.at_level(logging.WARNING, "twins"):
        display.command(COLMOD, 0x77)
        display.draw(RED)
    assert display.lcd.unknown == {COLMOD: 1}
    assert "no colour format" in caplog.text
    assert np.array_equal(before, display.lcd.memory.cells)


def test_the_endian_bit_turns_the_bytes_of_a_16_bit_pixel() -> None:
    """9.2.1: bit 3 of the second parameter; esp_lcd writes 00 F0 for most significant byte first."""
    display = Display()
    display.command(RAMCTRL, 0x00, 0xF8)
    display.pixel(0, 0, (0x00, 0xF8))
    assert display.cells(0, 0, 1) == ["3f000"]
    display.command(RAMCTRL, 0x00, 0xF0)
    display.pixel(0, 0, (0x00, 0x1F))
    assert display.cells(0, 0, 1) == ["0003f"]


# 9.1.15 - 9.1.17 Inversion, 9.1.30 Idle mode


@pytest.mark.parametrize(
    ("ips", "command", "shown"),
    [
        (True, INVON, [255, 0, 0]),
        (True, INVOFF, [0, 255, 255]),
        (False, INVOFF, [255, 0, 0]),
        (False, INVON, [0, 255, 255]),
    ],
)
def test_inversion_turns_the_glass_and_not_the_memory(ips: bool, command: int, shown: list[int]) -> None:
    """Every public driver of an IPS module sends INVON for true colours."""
    display = Display(ips=ips)
    display.pixel(0, 0, RED)
    display.command(command)
    assert display.lcd.frame[0, 0].tolist() == shown
    assert display.cells(0, 0, 1) == ["3f000"]


def test_idle_mode_shows_eight_colours_by_the_highest_bits() -> None:
    """9.1.30: the table of the most significant bits of R, G and B."""
    display = Display()
    display.window(0, 0, 1, 0)
    display.draw((0x84, 0x0F), (0x7B, 0xF0))  # R 10000 G 100000 B 01111; R 01111 G 011111 B 10000
    display.command(IDMON)
    assert display.lcd.frame[0, :2].tolist() == [[255, 255, 0], [0, 0, 255]]
    display.command(IDMOFF)
    assert display.lcd.frame[0, 0].tolist() != [255, 255, 0]


# 8.13 and 9.1.25, 9.1.29 Vertical scrolling, 8.14 Partial mode


def numbered() -> Display:
    """A display whose rows can be told apart: the green of row n is n & 63, its blue n >> 6."""
    display = Display()
    rows = np.arange(320, dtype=np.uint32)
    display.lcd.memory.cells[...] = ((rows & 63) << 6 | rows >> 6)[:, None]
    return display


def shown_rows(display: Display) -> list[int]:
    """Which row of the memory each line of the glass shows."""
    line = display.lcd.glass[:, 0].astype(int)
    return [int(green >> 2 | (blue >> 2) << 6) for _, green, blue in line]


def test_scrolling_shows_the_start_line_below_the_fixed_area() -> None:
    """9.1.29: VSP is the line of the memory that is shown first after the top fixed area."""
    display = numbered()
    display.command(VSCRDEF, 0, 20, 280 >> 8, 280 & 255, 0, 20)
    display.command(VSCSAD, 0, 50)
    rows = shown_rows(display)
    assert rows[:20] == list(range(20))
    assert rows[20:270] == list(range(50, 300))
    assert rows[270:300] == list(range(20, 50))
    assert rows[300:] == list(range(300, 320))


@pytest.mark.parametrize("command", [NORON, PTLON])
def test_normal_and_partial_mode_end_scrolling(command: int) -> None:
    display = numbered()
    display.command(VSCRDEF, 0, 0, 320 >> 8, 320 & 255, 0, 0)
    display.command(VSCSAD, 0, 100)
    assert shown_rows(display)[0] == 100
    display.command(command)
    assert shown_rows(display) == list(range(320))


def test_scroll_areas_must_add_up_to_320() -> None:
    """9.1.25: TFA + VSA + BFA = 320. Parameters beyond the last are ignored."""
    display = Display()
    display.command(VSCRDEF, 0, 20, 0, 200, 0, 20, 0, 0)
    assert display.lcd.violations == {"VSCRDEF does not add up to 320 lines": 1}


@pytest.mark.parametrize(
    ("area", "shown"),
    [((10, 19), range(10, 20)), ((310, 4), [*range(5), *range(310, 320)])],
)
def test_partial_mode_drives_the_rows_of_its_area_only(area: tuple[int, int], shown: Iterable[int]) -> None:
    """9.1.23: start behind end means the rows around the end."""
    display = Display()
    display.lcd.memory.cells[...] = 0x3FFFF
    display.command(PTLAR, area[0] >> 8, area[0] & 255, area[1] >> 8, area[1] & 255)
    assert display.lcd.glass.all()
    display.command(PTLON)
    assert np.flatnonzero(display.lcd.glass.any(axis=(1, 2))).tolist() == list(shown)
    display.command(NORON)
    assert display.lcd.glass.all()
