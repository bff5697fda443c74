"""ILI9341 over SPI and over the 8080 bus. Sections are those of the ILI Technology ILI9341 datasheet V1.11."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from peripherals import ILI9341, ST7789
from peripherals.dcs_display import CASET, COLMOD, DISPON, INVON, MADCTL, RAMWR, RASET, RDDID, RDDST, RDID4, SLPOUT
from peripherals.ili9341 import IFCTL, SPI_INDEX
from twins.bench import Bench
from twins.errors import UsageError

RED, GREEN, BLUE = [255, 0, 0], [0, 255, 0], [0, 0, 255]


class Display:
    """A display on a bench, driven over SPI or over 8 or 16 parallel lines."""

    def __init__(self, lines: int = 1, awake: bool = True, model: type[ILI9341 | ST7789] = ILI9341) -> None:
        self.bench = Bench()
        wide = {f"d{line}" for line in range(lines, 16)}
        self.lcd = self.bench.add(model(), without=wide if lines > 1 else ())
        self.lines = lines
        self.bench.run("130ms")
        if awake:
            for code, parameters in ((SLPOUT, ()), (MADCTL, (0x08,)), (COLMOD, (0x55,)), (DISPON, ())):
                self.command(code, *parameters)
                self.bench.run("130ms")

    def command(self, code: int, *parameters: int) -> bytes:
        if self.lines > 1:
            self.bench.put(self.lcd.bus, [code], dc=0, cycle="100ns")
            self.bench.put(self.lcd.bus, parameters, cycle="100ns")
            return b""
        answer = self.bench.send(self.lcd.spi, [code], dc=0, bit="150ns")
        self.bench.send(self.lcd.spi, parameters, bit="150ns")
        return answer

    def pixels(self, *pixels: int) -> None:
        """16-bit pixels, the upper byte first where they go byte by byte."""
        if self.lines == 16:
            self.command(RAMWR, *pixels)
        else:
            self.command(RAMWR, *(byte for pixel in pixels for byte in pixel.to_bytes(2, "big")))


@pytest.mark.parametrize("lines", [1, 8, 16])
def test_pixels_are_the_same_over_each_interface(lines: int) -> None:
    """8.2.20 to 8.2.22; 7.6.3, 7.6.8: 65 536 colours on 8 and on 16 lines."""
    display = Display(lines)
    display.command(CASET, 0, 10, 0, 11)
    display.command(RASET, 0, 20, 0, 21)
    display.pixels(0xF800, 0x07E0, 0x001F, 0xFFFF)
    frame = display.lcd.frame
    assert [frame[20, 10].tolist(), frame[20, 11].tolist(), frame[21, 10].tolist()] == [RED, GREEN, BLUE]
    assert display.lcd.violations == {}
    assert display.lcd.unknown == {}


def test_eighteen_bits_on_sixteen_lines_share_words() -> None:
    """7.6.9: with MDT 0 two pixels go in three words, R1 G1 / B1 R2 / G2 B2."""
    display = Display(16)
    display.command(COLMOD, 0x66)
    display.command(RAMWR, 0xFC00, 0x0000, 0xFC00)
    assert [display.lcd.frame[0, x].tolist() for x in (0, 1)] == [RED, GREEN]


def test_madctl_turns_and_mirrors() -> None:
    """8.2.29: MV exchanges rows and columns, MX mirrors; the window is given as the host sees it."""
    display = Display()
    display.command(MADCTL, 0x28)
    display.command(CASET, 0, 0, 1, 0x3F)
    display.command(RASET, 0, 0, 0, 239)
    display.pixels(0xF800, 0x07E0)
    assert [display.lcd.frame[y, 0].tolist() for y in (0, 1)] == [RED, GREEN]
    display.command(MADCTL, 0x48)
    display.pixels(0x001F)
    assert display.lcd.frame[0, 239].tolist() == BLUE


def test_identification() -> None:
    """8.2.3: ID1 to ID3 are 00h, 80h, 00h (8.2.47 for ID2); D3h: IC version and model 9341h."""
    display = Display()
    assert display.command(RDDID) == b"\x00\x80\x00"
    assert display.command(0xDB) == b"\x80"
    assert display.command(RDID4)[1:] == b"\x00\x93\x41"
    read = []
    for index in range(4):
        display.command(SPI_INDEX, 0x10 | index)
        read.append(display.command(RDID4))
    assert b"".join(read[1:]) == b"\x00\x93\x41"


def test_status_after_reset_and_after_waking() -> None:
    """8.2.4: 00 61 00 00 after power-on; D31 booster, D17 sleep out, D10 display on."""
    display = Display(awake=False)
    assert display.command(RDDST) == b"\x00\x61\x00\x00"
    display.command(SLPOUT)
    display.bench.run("120ms")
    display.command(DISPON)
    assert display.command(RDDST) == b"\x80\x63\x04\x00"


def test_sleep_out_wants_its_wait() -> None:
    """8.2.12: 5 ms before the next command."""
    display = Display(awake=False)
    display.command(SLPOUT)
    display.command(DISPON)
    assert display.lcd.violations == {"command within the wait after SLPOUT": 1}


def test_a_panel_is_normally_white_and_bgr() -> None:
    display = Display(awake=False)
    assert not display.lcd.frame.any()
    display.command(SLPOUT)
    display.bench.run("120ms")
    for code, parameters in ((COLMOD, (0x55,)), (DISPON, ()), (RAMWR, (0xF8, 0x00))):
        display.command(code, *parameters)
    assert display.lcd.frame[0, 0].tolist() == BLUE  # without MADCTL.BGR red and blue are exchanged
    display.command(INVON)
    assert display.lcd.frame[0, 0].tolist() == [255, 255, 0]


def test_twelve_bits_are_no_format_of_it() -> None:
    """8.2.33: only 16 and 18 bits a pixel."""
    display = Display()
    display.command(COLMOD, 0x53)
    assert display.lcd.unknown == {COLMOD: 1}


def test_ifctl_swaps_the_bytes_of_pixels() -> None:
    """F6h, third parameter, ENDIAN."""
    display = Display()
    display.command(IFCTL, 0x01, 0x00, 0x20)
    display.command(RAMWR, 0x00, 0xF8)
    assert display.lcd.frame[0, 0].tolist() == RED


def test_frame_rate() -> None:
    """Table of FRMCTR1: RTNA 1Bh gives 70 Hz, 10h gives 119 Hz."""
    display = Display()
    assert round(1e12 / display.lcd.frame_period) == 70
    display.command(0xB1, 0x00, 0x10)
    assert round(1e12 / display.lcd.frame_period) == 119


def test_too_fast_on_the_parallel_bus() -> None:
    """A write cycle of the 8080 interface takes 66 ns."""
    display = Display(8)
    display.bench.put(display.lcd.bus, [RAMWR], dc=0, cycle="66ns")
    display.bench.put(display.lcd.bus, [0] * 10, cycle="50ns")
    assert display.lcd.violations == {"write cycle shorter than 66ns": 9}


def test_reads_on_the_parallel_bus_are_told(caplog: pytest.LogCaptureFixture) -> None:
    display = Display(8)
    display.command(RDDID)
    with caplog.at_level(logging.WARNING, "twins"):
        display.bench.set(display.lcd.rd, False)
    assert display.lcd.unknown == {RDDID: 1}
    assert "parallel" in caplog.text


def test_an_st7789_takes_the_same_bus() -> None:
    display = Display(8, model=ST7789)
    display.command(INVON)
    display.command(MADCTL, 0x00)
    display.pixels(0xF800)
    assert display.lcd.frame[0, 0].tolist() == RED


def test_a_display_on_no_bus_is_refused() -> None:
    with pytest.raises(UsageError, match="on no bus"):
        Bench().add(ILI9341(), without=["sck", "mosi", "miso", "cs", "dc", "wr", *(f"d{n}" for n in range(16))])


def test_a_snapshot_goes_on() -> None:
    display = Display(16)
    display.pixels(0xF800)
    state = display.lcd.state()
    other = Display(16, awake=False)
    other.lcd.restore(state)
    assert np.array_equal(other.lcd.frame, display.lcd.frame)
