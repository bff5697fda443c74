"""ST7789V: resets, sleep, reads, TE and the wire.

Sections are those of the Sitronix ST7789V datasheet v1.3; tables of its sister ST7735 v1.7 where named.
"""

from __future__ import annotations

import logging
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from peripherals import ST7789
from peripherals.dcs_display import (
    CASET,
    COLMOD,
    DISPOFF,
    DISPON,
    IDMON,
    INVOFF,
    INVON,
    MADCTL,
    NOP,
    PTLON,
    RAMRD,
    RAMRDC,
    RAMWR,
    SLPIN,
    SLPOUT,
    SWRESET,
    TEOFF,
    TEON,
    VSCSAD,
    Command,
    Wire,
)
from tests.peripherals.st7789_driver import BLUE, GREEN, RED, Display, where
from twins.bench import Bench
from twins.errors import UsageError
from twins.units import MS, NS, US, Duration

LINE = (250 + 16 * 15) * 100 * NS
"""A line at RTNA = 15: 250 + 16 RTNA clocks of 10 MHz (9.2.21 FRCTRL2, and the WikiTI page on the 84+ CE)."""
LINES = 12 + 320 + 12
"""Back porch 0x0C, 320 rows, front porch 0x0C (9.2.2 PORCTRL, default 0C 0C 00 33 33)."""


# 7.4.5 Reset timing, 9.1.2 SWRESET


@pytest.mark.parametrize("how", ["SWRESET", "RESX"])
def test_a_reset_keeps_the_frame_memory(how: str) -> None:
    """9.1.2: the frame memory is not affected."""
    display = Display()
    before = display.lcd.memory.cells.copy()
    reset(display, how)
    lcd = display.lcd
    assert np.array_equal(before, lcd.memory.cells)
    assert (lcd.sleeping, lcd.display_on, lcd.inverted) == (True, False, False)
    assert not lcd.frame.any()


def reset(display: Display, how: str) -> None:
    if how == "SWRESET":
        display.command(SWRESET)
        return
    display.bench.set(display.lcd.rst, False)
    display.bench.run("10us")
    display.bench.set(display.lcd.rst, True)


def test_swreset_leaves_orientation_and_colour_format_alone() -> None:
    """RDDMADCTL and RDDCOLMOD, defaults (ST7735 v1.7, 10.1.6, 10.1.7): S/W reset "No change", H/W reset 00 and 66."""
    display = Display()
    display.command(MADCTL, 0x60)
    reset(display, "SWRESET")
    assert (display.lcd.memory.madctl, display.lcd.colmod, display.lcd.memory.x) == (0x60, 0x55, (0, 319))
    reset(display, "RESX")
    assert (display.lcd.memory.madctl, display.lcd.colmod, display.lcd.memory.x) == (0x00, 0x66, (0, 239))


@pytest.mark.parametrize("low_us", [4, 9])
def test_a_short_reset_pulse_is_ignored(low_us: int) -> None:
    """7.4.5: shorter than 5 µs is no reset, longer than 10 µs is; between them either may happen."""
    display = Display()
    display.bench.set(display.lcd.rst, False)
    display.bench.run_ps(low_us * US)
    display.bench.set(display.lcd.rst, True)
    assert display.lcd.display_on
    assert display.lcd.violations == {"RESX pulse shorter than 10 us": 1}


def test_held_in_reset_the_glass_is_dark_and_the_wire_dead() -> None:
    display = Display()
    display.bench.set(display.lcd.rst, False)
    display.bench.run("10us")
    assert not display.lcd.lit
    display.command(INVOFF)
    assert display.command(0x0A) == b""
    assert display.lcd.inverted
    assert display.lcd.violations == {"bytes while RESX is low": 2}


@pytest.mark.parametrize(("awake", "wait_ms"), [(False, 5), (True, 120)])
def test_the_wait_after_resx_depends_on_sleep(awake: bool, wait_ms: int) -> None:
    """7.4.5: complete in 5 ms in sleep-in mode, in 120 ms in sleep-out mode."""
    display = Display(awake=awake)
    reset(display, "RESX")
    display.bench.run_ps(wait_ms * MS - 2 * US)
    display.command(NOP)
    assert display.lcd.violations == {"command within the wait after RESX": 1}
    display.bench.run("2us")
    display.command(NOP)
    assert display.lcd.violations.total() == 1


@pytest.mark.parametrize("awake", [False, True])
def test_after_swreset_the_next_command_waits_5_ms(awake: bool) -> None:
    """9.1.2: 5 ms to the next command."""
    display = Display(awake=awake)
    display.command(SWRESET)
    display.bench.run("4.99ms")
    display.command(NOP)
    assert display.lcd.violations == {"command within the wait after SWRESET": 1}
    display.bench.run("10us")
    display.command(NOP)
    assert display.lcd.violations.total() == 1


def test_after_swreset_in_sleep_in_mode_slpout_waits_120_ms() -> None:
    """9.1.2, and MIPI DCS soft_reset."""
    display = Display(awake=False)
    display.command(SWRESET)
    display.bench.run("119ms")
    display.command(SLPOUT)
    assert display.lcd.violations == {"SLPOUT within 120 ms after SWRESET": 1}


def test_commands_right_after_power_on_are_violations() -> None:
    bench = Bench()
    lcd = bench.add(ST7789())
    bench.send(lcd.spi, [SLPOUT], dc=0)
    assert lcd.violations["command within the wait after power-on"] == 1


# 9.1.11, 9.1.12 SLPIN and SLPOUT


def test_sleep_and_display_off_darken_the_glass_and_keep_the_memory() -> None:
    display = Display()
    display.pixel(0, 0, RED)
    before = display.lcd.memory.cells.copy()
    for off, on in ((DISPOFF, DISPON), (SLPIN, SLPOUT)):
        assert display.lcd.frame[0, 0].tolist() == [255, 0, 0]
        display.command(off)
        assert not display.lcd.frame.any()
        assert np.array_equal(before, display.lcd.memory.cells)
        display.bench.run("130ms")
        display.command(on)
        display.bench.run("130ms")
    assert display.lcd.frame[0, 0].tolist() == [255, 0, 0]
    assert not display.lcd.violations


def test_the_memory_can_be_written_in_sleep() -> None:
    display = Display(awake=False)
    display.command(COLMOD, 0x55)
    display.pixel(0, 0, RED)
    assert display.cells(0, 0, 1) == ["3f000"]


def test_slpin_and_slpout_are_120_ms_apart_and_need_5_ms() -> None:
    """9.1.11, 9.1.12."""
    display = Display()
    display.command(SLPIN)
    display.bench.run("119ms")
    display.command(SLPOUT)
    assert display.lcd.violations == {"SLPIN and SLPOUT within 120 ms": 1}
    display.command(NOP)
    assert display.lcd.violations["command within the wait after SLPOUT"] == 1


def test_slpout_has_no_effect_when_awake() -> None:
    """9.1.12."""
    display = Display()
    display.command(SLPOUT)
    display.bench.run("10ms")
    display.command(SLPIN)
    assert not display.lcd.violations
    assert display.lcd.sleeping


def test_without_backlight_the_glass_is_dark() -> None:
    display = Display()
    display.pixel(0, 0, RED)
    display.bench.set(display.lcd.bl, False)
    assert not display.lcd.frame.any()
    display.bench.set(display.lcd.bl, True)
    assert display.lcd.frame[0, 0].tolist() == [255, 0, 0]


def test_the_memory_starts_with_noise_that_the_seed_gives() -> None:
    cells = []
    for seed in (1, 1, 2):
        lcd = Bench(seed).add(ST7789())
        cells.append(lcd.memory.cells)
    assert np.array_equal(cells[0], cells[1])
    assert not np.array_equal(cells[0], cells[2])


# 8.4.3 and 9.1 Reads


@pytest.mark.parametrize(
    ("code", "data", "dummy"), [(0x04, b"\x85\x85\x52", 1), (0xDA, b"\x85", 0), (0xDB, b"\x85", 0)]
)
def test_the_id_comes_after_a_dummy_clock_when_read_in_one(code: int, data: bytes, dummy: int) -> None:
    """9.1.3 RDDID: 85 85 52; 8.4.3: a dummy clock before 24 bits, none before 8."""
    display = Display()
    answer = display.lcd.spi.handle("answer", display.bench.now, code, False)
    assert (answer.data, answer.dummy) == (data, dummy)


def test_rddst_names_the_state() -> None:
    """9.1.4, and ST7735 v1.7, 10.1.4: BSTON MY MX MV ML RGB MH 0 | 0 IFPF IDMON PTLON SLOUT NORON | VSSON 0 INVON 0 0
    DISON TEON GCS2 | GCS1 GCS0 TELOM 0."""
    display = Display(awake=False)
    assert display.command(0x09) == bytes([0x00, 0b0110_0001, 0x00, 0x00])
    display.command(SLPOUT)
    display.bench.run("5ms")
    display.command(MADCTL, 0xA8)
    display.command(COLMOD, 0x55)
    for code in (IDMON, PTLON, INVON, DISPON):
        display.command(code)
    display.command(TEON, 1)
    assert display.command(0x09) == bytes([0b1101_0100, 0b0101_1110, 0b0010_0110, 0b0010_0000])


def test_rddpm_follows_sleep_display_idle_and_partial() -> None:
    """9.1.5: BSTON IDMON PTLON SLPOUT NORON DISON 0 0; default 08."""
    display = Display(awake=False)
    assert display.command(0x0A) == b"\x08"
    display.command(SLPOUT)
    display.bench.run("5ms")
    display.command(DISPON)
    assert display.command(0x0A) == b"\x9c"
    display.command(PTLON)
    display.command(IDMON)
    assert display.command(0x0A) == b"\xf4"


def test_single_byte_reads() -> None:
    """9.1.6 - 9.1.10."""
    display = Display()
    display.command(MADCTL, 0x63)
    assert display.command(0x0B) == b"\x60"  # D1 and D0 are not used
    assert display.command(0x0C) == b"\x55"
    assert display.command(0x0D) == b"\x20"  # INVON
    display.command(VSCSAD, 0, 1)
    assert display.command(0x0D) == b"\xa0"  # VSSON and INVON
    assert display.command(0x0E) == b"\x00"
    display.command(TEON, 0)
    assert display.command(0x0E) == b"\x80"
    display.command(0x51, 0x7F)
    assert display.command(0x52) == b"\x7f"  # WRDISBV, RDDISBV


def test_memory_is_read_as_18_bits_after_8_dummy_clocks() -> None:
    """9.1.24 RAMRD; 8.8: six bits of each colour, left-aligned in a byte."""
    display = Display()
    display.window(5, 6, 6, 6)
    display.draw(RED, (0x84, 0x10))
    answer = display.lcd.spi.handle("answer", display.bench.now, RAMRD, False)
    assert answer.dummy == 8
    assert answer.data == bytes([0xFC, 0, 0, 0b10000100, 0b10000000, 0b10000100])


def test_ramrdc_goes_on_where_ramrd_ended() -> None:
    display = Display()
    display.window(0, 0, 2, 0)
    display.draw(RED, GREEN, BLUE)
    display.command(RAMRD, 0, 0, 0, 0)  # the controller clocks a dummy byte and one pixel, and sends zeros meanwhile
    assert display.command(RAMRDC)[:3] == bytes([0, 0xFC, 0])
    assert display.command(RAMRD)[:3] == bytes([0xFC, 0, 0])


def test_gscan_counts_lines_from_sleep_out() -> None:
    display = Display(awake=False)
    assert display.command(0x45) == b"\0\0"
    display.command(SLPOUT)
    started = display.bench.now
    display.bench.run_ps(100 * LINE - (display.bench.now - started))
    assert int.from_bytes(display.command(0x45), "big") == 100


# 8.16 Tearing effect


def te_edges(display: Display) -> list[tuple[int, bool | None]]:
    """The changes of the TE pin."""
    edges = display.bench.edges[display.lcd.te.pin]
    return [edge for before, edge in zip([(0, False), *edges], edges, strict=False) if before[1] != edge[1]]


def test_te_marks_the_blanking_of_each_frame() -> None:
    """344 lines of 49 µs: 59.3 Hz; high for the 24 lines of both porches."""
    assert LINES * LINE == 16_856 * US
    display = Display()
    display.command(TEON, 0)
    display.bench.run("60ms")
    edges = te_edges(display)
    rises = [at for at, level in edges if level]
    falls = [at for at, level in edges if not level]
    assert len(rises) >= 3
    assert {b - a for a, b in pairwise(rises)} == {LINES * LINE}
    assert {b - a for a, b in zip(rises, falls, strict=False)} == {24 * LINE}
    assert display.lcd.frame_period == LINES * LINE


def test_porches_and_line_time_set_the_frame_rate() -> None:
    """9.2.2 and 9.2.21: 10 MHz / ((320 + FP + BP) × (250 + 16 RTNA))."""
    display = Display()
    display.command(0xB2, 0x20, 0x10, 0x00, 0x33, 0x33)
    display.command(0xC6, 0x01)
    assert display.lcd.frame_period == (320 + 0x20 + 0x10) * (250 + 16) * 100 * NS


def test_a_porch_setting_that_breaks_off_keeps_the_rest() -> None:
    display = Display()
    display.command(0xB2, 0x20)
    assert display.lcd.lines == 0x20 + 320 + 0x0C


def test_ste_moves_the_pulse_to_a_line() -> None:
    """9.1.35: TE comes when the display reaches line N."""
    display = Display()
    display.command(0x44, 0, 100)
    display.command(TEON, 0)
    display.bench.run("40ms")
    rise = next(at for at, level in te_edges(display) if level)
    assert (rise - display.lcd.commands[0].at) % (LINES * LINE) == 100 * LINE  # SLPOUT came first


@pytest.mark.parametrize("how", ["TEOFF", "SLPIN", "SWRESET", "RESX"])
def test_te_falls_silent(how: str) -> None:
    """8.16: low in sleep-in mode; off by TEOFF and by default."""
    display = Display()
    display.command(TEON, 0)
    display.bench.run("40ms")
    codes = {"TEOFF": TEOFF, "SLPIN": SLPIN}
    if how in codes:
        display.command(codes[how])
    else:
        reset(display, how)
    stopped = display.bench.now
    display.bench.run("100ms")
    assert not [edge for edge in te_edges(display) if edge[0] > stopped and edge[1]]
    assert display.bench.level(display.lcd.te) is False


def test_h_blank_pulses_are_said_to_be_missing() -> None:
    display = Display()
    display.command(TEON, 1)
    assert display.lcd.unknown == {TEON: 1}


# 7.4.3 Serial timing


@pytest.mark.parametrize(("rated", "bit", "over"), [(66, "65ns", 3), (66, "66ns", 0), (16, "15ns", 3), (16, "16ns", 0)])
def test_clocks_over_the_rated_write_cycle_are_counted(rated: int, bit: str, over: int) -> None:
    """TSCYCW: 66 ns in v1.3, 16 ns in later datasheets."""
    display = Display(write_cycle=rated, awake=False)
    display.command(MADCTL, 0x00, bit=bit)
    display.command(NOP, bit=bit)
    assert display.lcd.violations.total() == over


def test_reads_have_a_slower_clock() -> None:
    """TSCYCR: 150 ns."""
    display = Display()
    display.command(0x0A, 0, bit="149ns")
    assert display.lcd.violations == {"read cycle shorter than 150ns": 1}
    display.command(0x0A, 0, bit="150ns")
    display.command(NOP, bit="66ns")
    assert display.lcd.violations.total() == 1


# The wire, and the rest


def test_the_wire_shows_commands_with_their_parameters_and_times() -> None:
    display = Display(awake=False)
    display.command(CASET, 0, 1, 0, 2)
    display.command(RAMWR, *range(100))
    first, second = display.lcd.wire[-2:]
    assert (first.code, first.parameters, first.count) == (CASET, b"\0\x01\0\x02", 4)
    assert (second.code, second.parameters, second.count) == (RAMWR, b"", 100)
    assert second.at - first.at == 5 * 8 * 100 * NS


def test_the_wire_forgets_the_oldest_of_very_many_commands() -> None:
    wire = Wire()
    for number in range(2 * Wire.KEPT):
        wire.see(Command(number, NOP, b"", 0))
    assert len(wire) == Wire.KEPT
    assert wire[-1].at == 2 * Wire.KEPT - 1


def test_unknown_commands_are_counted_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    display = Display()
    with caplog.at_level(logging.WARNING, "twins"):
        display.command(0xD6, 0xA1)
        display.command(0xD6, 0xA1)
    assert display.lcd.unknown == {0xD6: 2}
    assert caplog.text.count("0xD6") == 1


def test_a_snapshot_in_the_middle_of_a_pixel_goes_on() -> None:
    display, other = Display(), Display(awake=False)
    display.window(3, 3, 4, 3)
    display.command(RAMWR, *RED, 0x07)
    other.lcd.restore(display.lcd.state())
    other.bench.send(other.lcd.spi, [0xE0])
    assert other.cells(3, 3, 5) == ["3f000", "00fc0"]
    assert display.cells(3, 4, 5) != ["00fc0"]
    assert other.lcd.wire[:-1] == display.lcd.wire[:-1]


@pytest.mark.parametrize("options", [{"width": 241}, {"height": 0}, {"rotation": 45}, {"width": 320, "height": 240}])
def test_impossible_panels_are_refused(options: Any) -> None:
    with pytest.raises(UsageError):
        ST7789(**options)


def test_a_panel_may_sit_anywhere_in_the_memory() -> None:
    display = Display(width=10, height=10, offset=(100, 200))
    display.lcd.memory.cells[...] = 0
    display.pixel(100, 200, RED)
    assert where(display.lcd.frame, (255, 0, 0)) == [(0, 0)]
    assert Duration(display.bench.now).seconds > 0.5
