"""ILI9341: 262 144-colour TFT controller with 240 × 320 × 18 bits of frame memory.

ILI Technology ILI9341 datasheet V1.11. 4-line serial interface (7.1), 8080 interface with 8 or 16 lines (7.1). What it
shares with other MIPI DCS controllers is in `peripherals.dcs_display`; sections of the commands:

======  ==========  =======  ================================================================
code    name        section  parameters and effect
======  ==========  =======  ================================================================
01      SWRESET     8.2.2    registers to default but MADCTL and COLMOD; 5 ms to the next command
04      RDDID       8.2.3    reads 00 80 00 after one dummy clock
09      RDDST       8.2.4    reads 4 bytes of status after one dummy clock
0A-0F   RDDPM …     8.2.5    reads one byte: power, MADCTL, COLMOD, image, signal, diagnostic
10, 11  SLPIN/OUT   8.2.11   sleep; 5 ms to the next command, 120 ms between the two
12, 13  PTLON/NORON 8.2.13   partial mode, normal mode
20, 21  DINVOFF/ON  8.2.15   the glass shows the complement
28, 29  DISPOFF/ON  8.2.18   blank, show
2A, 2B  CASET/PASET 8.2.20   window: start, end, 16 bits each
2C, 3C  RAMWR(C)    8.2.22   memory write, from the start of the window / continued
2E, 3E  RAMRD(C)    8.2.24   memory read
33, 37  VSCRDEF/SAD 8.2.26   scrolling
34, 35  TEOFF/ON    8.2.27   tearing effect line
36      MADCTL      8.2.29   MY MX MV ML BGR MH
38, 39  IDMOFF/ON   8.2.31   eight colours
3A      PIXSET      8.2.33   16 or 18 bits a pixel (COLMOD)
B1, B5  FRMCTR1 …            frame rate and porches: the period of TE
D3      RDID4                reads 00 93 41 behind a byte that does not count
D9                           index of the byte that the next read of a level-2 command gives
F6      IFCTL                byte order of 16-bit pixels
others  B0-F2                panel voltages, gamma, RGB interface (kept, not shown)
======  ==========  =======  ================================================================

D9 is not in the datasheet: public drivers use it, because a level-2 read over the serial interface ends with its first
byte. Without it all bytes follow each other here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from peripherals.dcs_display import COLMOD, DCS_READS, DISPON, RAMWR, RDID4, SLPOUT, DcsDisplay
from twins.units import us

__all__ = ["COLMOD", "DISPON", "ILI9341", "RAMWR", "SLPOUT"]

FRMCTR1, PRCTR, SPI_INDEX, IFCTL = 0xB1, 0xB5, 0xD9, 0xF6

OSCILLATOR = 615_000
"""Hertz, from the frame rates in the table of FRMCTR1."""


class ILI9341(DcsDisplay):
    """ILI9341 display, seen as memory, as glass and on the wire, over SPI or over an 8080 bus.

    The arguments and attributes are those of `peripherals.ST7789`. Modules are normally white (`ips` is False) and have
    a BGR colour filter, so that drivers set MADCTL.BGR.

    >>> from twins.bench import Bench
    >>> bench = Bench(); lcd = bench.add(ILI9341())
    >>> bench.run("130ms")
    >>> for command, parameters in [(SLPOUT, ()), (0x36, (0x48,)), (COLMOD, (0x55,)), (DISPON, ())]:
    ...     bench.put(lcd.bus, [command], dc=0); bench.put(lcd.bus, parameters); bench.run("120ms")
    >>> bench.put(lcd.bus, [RAMWR], dc=0); bench.put(lcd.bus, [0xF800, 0x07E0])
    >>> lcd.frame.shape, lcd.frame[0, 239].tolist(), lcd.frame[0, 238].tolist()
    ((320, 240, 3), [255, 0, 0], [0, 255, 0])
    """

    ID: ClassVar[bytes] = bytes([0x00, 0x80, 0x00])
    ID4: ClassVar[bytes] = bytes([0x00, 0x00, 0x93, 0x41])
    """RDID4, from the byte that does not count on."""
    READS: ClassVar[tuple[int, ...]] = DCS_READS
    RESET_PULSE = us(10)
    DEPTHS: ClassVar[frozenset[int]] = frozenset({5, 6})
    DEFAULTS: ClassVar[Mapping[int, bytes]] = {
        FRMCTR1: bytes([0x00, 0x1B]),
        PRCTR: bytes([0x02, 0x02, 0x0A, 0x14]),
        IFCTL: bytes([0x01, 0x00, 0x00]),
        SPI_INDEX: bytes([0x00]),
    }
    KEPT: ClassVar[Mapping[int, str]] = {
        0x26: "GAMSET", 0x2D: "RGBSET", 0x51: "WRDISBV", 0x53: "WRCTRLD", 0x55: "WRCABC", 0x5E: "WRCABCMB",
        0xB0: "IFMODE", 0xB1: "FRMCTR1", 0xB2: "FRMCTR2", 0xB3: "FRMCTR3", 0xB4: "INVTR", 0xB5: "PRCTR",
        0xB6: "DISCTRL", 0xB7: "ETMOD", 0xB8: "BLCTR1", 0xB9: "BLCTR2", 0xBA: "BLCTR3", 0xBB: "BLCTR4",
        0xBC: "BLCTR5", 0xBE: "BLCTR7", 0xBF: "BLCTR8", 0xC0: "PWCTR1", 0xC1: "PWCTR2", 0xC5: "VMCTR1",
        0xC7: "VMCTR2", 0xCB: "PWCTRA", 0xCF: "PWCTRB", 0xD0: "NVMWR", 0xD1: "NVMPKEY", 0xD9: "SPI_INDEX",
        0xE0: "PGAMCTRL", 0xE1: "NGAMCTRL", 0xE2: "DGAMCTRL1", 0xE3: "DGAMCTRL2", 0xE8: "DTCA", 0xEA: "DTCB",
        0xED: "POSC", 0xEF: "UNDOCUMENTED", 0xF2: "ENABLE3G", 0xF7: "PRC",
    }  # fmt: skip

    def __init__(
        self,
        width: int = 240,
        height: int = 320,
        rotation: int = 0,
        offset: tuple[int, int] | None = None,
        ips: bool = False,
        bgr: bool = True,
        write_cycle: int = 100,
    ) -> None:
        super().__init__(width, height, rotation, offset, ips, bgr, write_cycle)

    # Level-2 commands

    def _ifctl(self, p: bytes) -> None:
        self.registers[IFCTL] = p[:3]
        if p[1] & 0x03 or p[2] & 0x1F:
            self._not_modelled(IFCTL, "other pixel packings and the RGB interface are left out")
        self.memory.little_endian = bool(p[2] & 0x20)

    _WITH_PARAMETERS: ClassVar[Mapping[int, tuple[int, Any]]] = {**DcsDisplay._WITH_PARAMETERS, IFCTL: (3, _ifctl)}

    def _register(self, code: int) -> bytes:
        if code != RDID4:
            return super()._register(code)
        index = self.registers[SPI_INDEX][0]
        return self.ID4[index & 0xF : (index & 0xF) + 1] if index & 0x10 else self.ID4

    # FRMCTR1, PRCTR: frame rate = oscillator / (clocks of a line × division × lines)

    @property
    def porches(self) -> tuple[int, int]:
        """Lines of the back porch and of the front porch."""
        porch = self.registers[PRCTR]
        return porch[1] & 0x7F, porch[0] & 0x7F

    @property
    def line_period(self) -> int:
        """The time of a line in ps."""
        division, clocks = self.registers[FRMCTR1][0] & 3, self.registers[FRMCTR1][1] & 0x1F
        return (clocks << division) * 1_000_000_000_000 // OSCILLATOR
