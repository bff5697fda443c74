"""ST7789V: 262 144-colour TFT controller with 240 × 320 × 18 bits of frame memory.

Sitronix ST7789V datasheet v1.3 (2014/03); v1.4 where named. 4-line serial interface (8.4), 8080 interface with 8 or 16
lines (8.3). What it shares with other MIPI DCS controllers is in `peripherals.dcs_display`. What SWRESET leaves alone,
and the status bits, agree with the tables of its sister ST7735 (datasheet v1.7, 10.1).

======  ==========  ==========================================================================
code    name        parameters and effect
======  ==========  ==========================================================================
00      NOP         ends a memory write
01      SWRESET     registers to default but MADCTL and COLMOD, frame memory kept; 5 ms to the next command
04      RDDID       reads 85 85 52 after one dummy clock
09      RDDST       reads 4 bytes of status after one dummy clock
0A-0F   RDDPM …     reads one byte: power, MADCTL, COLMOD, image, signal, self-diagnostic
10, 11  SLPIN/OUT   sleep; 5 ms to the next command, 120 ms between the two
12, 13  PTLON/NORON partial mode, normal mode; both end scrolling
20, 21  INVOFF/ON   the glass shows the complement; memory is not changed
26      GAMSET      gamma curve (kept, not shown)
28, 29  DISPOFF/ON  blank, show
2A, 2B  CASET/RASET window: start, end, 16 bits each
2C, 3C  RAMWR(C)    memory write, from the start of the window / continued
2E, 3E  RAMRD(C)    memory read, 3 bytes a pixel after 8 dummy clocks
30      PTLAR       partial area: start row, end row
33, 37  VSCRDEF/SAD scrolling: top fixed, scrolled, bottom fixed lines; start line
34, 35  TEOFF/ON    tearing effect line (the pulses of H-blank are not modelled)
36      MADCTL      MY MX MV ML BGR MH
38, 39  IDMOFF/ON   eight colours
3A      COLMOD      12, 16 or 18 bits a pixel
44, 45  STE, GSCAN  line of the TE pulse; reads the line that is scanned
51-5F   WRDISBV …   brightness and control (kept, not shown)
B0      RAMCTRL     byte order of 16-bit pixels
B2, C6  PORCTRL …   porches and frame rate: the period of TE
others  B7 BB C0-E9 panel voltages and gamma (kept, not shown)
======  ==========  ==========================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from peripherals.dcs_display import COLMOD, DISPON, INVON, RAMWR, SLPOUT, DcsDisplay

__all__ = ["COLMOD", "DISPON", "FRCTRL2", "INVON", "PORCTRL", "RAMCTRL", "RAMWR", "SLPOUT", "ST7789"]

RAMCTRL, PORCTRL, FRCTRL2 = 0xB0, 0xB2, 0xC6


class ST7789(DcsDisplay):
    """ST7789V display, seen as memory, as glass and on the wire.

    Args:
        width, height: the panel's native size in pixels.
        rotation: how the panel is turned on the board, in degrees against the clock (0, 90, 180, 270).
        offset: where the panel's first pixel sits in the frame memory, (column, row).
        ips: the glass is normally black and shows true colours with INVON, as nearly all modules do.
        bgr: the panel's colour filter is BGR.
        write_cycle: the rated serial write cycle in ns: 66 in the datasheet v1.3, 16 in later ones.

    Attributes:
        memory: the frame memory.
        violations: how often the firmware did what the datasheet forbids, by sentence. It has no effect.
        unknown: how often a command came that is not modelled, or not in full, by its code.
        bytes: how many bytes came over the wire.

    >>> from twins.bench import Bench
    >>> bench = Bench(); lcd = bench.add(ST7789())
    >>> bench.run("130ms")
    >>> for command, parameters in [(SLPOUT, ()), (INVON, ()), (COLMOD, (0x55,)), (DISPON, ())]:
    ...     _ = bench.send(lcd.spi, [command], dc=0); _ = bench.send(lcd.spi, parameters); bench.run("120ms")
    >>> _ = bench.send(lcd.spi, [RAMWR], dc=0); _ = bench.send(lcd.spi, [0xF8, 0x00, 0x07, 0xE0])
    >>> lcd.frame.shape, lcd.frame[0, 0].tolist(), lcd.frame[0, 1].tolist()
    ((320, 240, 3), [255, 0, 0], [0, 255, 0])
    """

    ID: ClassVar[bytes] = bytes([0x85, 0x85, 0x52])
    PANEL_OFFSETS: ClassVar[Mapping[tuple[int, int], tuple[int, int]]] = {
        (135, 240): (52, 40),
        (240, 240): (0, 0),
        (128, 128): (2, 1),
    }
    DEFAULTS: ClassVar[Mapping[int, bytes]] = {PORCTRL: bytes([0x0C, 0x0C, 0x00, 0x33, 0x33]), FRCTRL2: b"\x0f"}
    KEPT: ClassVar[Mapping[int, str]] = {
        0x26: "GAMSET", 0x51: "WRDISBV", 0x53: "WRCTRLD", 0x55: "WRCACE", 0x5E: "WRCABCMB", 0xB1: "RGBCTRL",
        0xB2: "PORCTRL", 0xB3: "FRCTRL1", 0xB5: "PARCTRL", 0xB7: "GCTRL", 0xB8: "GTADJ", 0xBA: "DGMEN", 0xBB: "VCOMS",
        0xBC: "POWSAVE", 0xBD: "DLPOFFSAVE", 0xC0: "LCMCTRL", 0xC1: "IDSET", 0xC2: "VDVVRHEN", 0xC3: "VRHS",
        0xC4: "VDVS", 0xC5: "VCMOFSET", 0xC6: "FRCTRL2", 0xC7: "CABCCTRL", 0xC8: "REGSEL1", 0xCA: "REGSEL2",
        0xCC: "PWMFRSEL", 0xD0: "PWCTRL1", 0xD2: "VAPVANEN", 0xDF: "CMD2EN", 0xE0: "PVGAMCTRL", 0xE1: "NVGAMCTRL",
        0xE2: "DGMLUTR", 0xE3: "DGMLUTB", 0xE4: "GATECTRL", 0xE7: "SPI2EN", 0xE8: "PWCTRL2", 0xE9: "EQCTRL",
        0xEC: "PROMCTRL", 0xFA: "PROMEN", 0xFC: "NVMSET", 0xFE: "PROMACT",
    }  # fmt: skip

    def _ramctrl(self, p: bytes) -> None:
        self.registers[RAMCTRL] = p[:2]
        if p[0] & 0x11:
            self._not_modelled(RAMCTRL, "the RGB interface is left out")
        self.memory.little_endian = bool(p[1] & 0x08)

    _WITH_PARAMETERS: ClassVar[Mapping[int, tuple[int, Any]]] = {**DcsDisplay._WITH_PARAMETERS, RAMCTRL: (2, _ramctrl)}

    # 8.16 Tearing effect, 9.2.2 PORCTRL, 9.2.21 FRCTRL2

    @property
    def porches(self) -> tuple[int, int]:
        """Lines of the back porch and of the front porch."""
        porch = self.registers[PORCTRL]
        return porch[0] & 0x7F, porch[1] & 0x7F

    @property
    def line_period(self) -> int:
        """The time of a line in ps: 250 + 16 RTNA clocks of 10 MHz."""
        return (250 + 16 * (self.registers[FRCTRL2][0] & 0x1F)) * 100_000
