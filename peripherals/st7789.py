"""ST7789V: 262 144-colour TFT controller with 240 × 320 × 18 bits of frame memory.

Sitronix ST7789V datasheet v1.3 (2014/03); v1.4 where named. 4-line serial interface (8.4). What SWRESET leaves alone,
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

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from peripherals.frame_memory import BGR, MV, Cells, FrameMemory, to_rgb
from twins.errors import UsageError
from twins.ports import DigitalIn, DigitalOut, Part, SpiAnswer, SpiBatch, SpiTarget
from twins.units import Duration, ms, ns, us

log = logging.getLogger("twins")

NOP, SWRESET, RDDID, RDDST, RDDPM, RDDMADCTL, RDDCOLMOD = 0x00, 0x01, 0x04, 0x09, 0x0A, 0x0B, 0x0C
RDDIM, RDDSM, RDDSDR, SLPIN, SLPOUT, PTLON, NORON = 0x0D, 0x0E, 0x0F, 0x10, 0x11, 0x12, 0x13
INVOFF, INVON, GAMSET, DISPOFF, DISPON, CASET, RASET = 0x20, 0x21, 0x26, 0x28, 0x29, 0x2A, 0x2B
RAMWR, RAMRD, PTLAR, VSCRDEF, TEOFF, TEON, MADCTL = 0x2C, 0x2E, 0x30, 0x33, 0x34, 0x35, 0x36
VSCSAD, IDMOFF, IDMON, COLMOD, RAMWRC, RAMRDC, STE = 0x37, 0x38, 0x39, 0x3A, 0x3C, 0x3E, 0x44
GSCAN, WRDISBV, RDDISBV, WRCTRLD, RDCTRLD, WRCACE, RDCABC = 0x45, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56
WRCABCMB, RDCABCMB, RDABCSDR, RDID1, RDID2, RDID3 = 0x5E, 0x5F, 0x68, 0xDA, 0xDB, 0xDC
RAMCTRL, PORCTRL, FRCTRL2 = 0xB0, 0xB2, 0xC6

_KEPT = {
    0x26: "GAMSET", 0x51: "WRDISBV", 0x53: "WRCTRLD", 0x55: "WRCACE", 0x5E: "WRCABCMB", 0xB1: "RGBCTRL",
    0xB2: "PORCTRL", 0xB3: "FRCTRL1", 0xB5: "PARCTRL", 0xB7: "GCTRL", 0xB8: "GTADJ", 0xBA: "DGMEN", 0xBB: "VCOMS",
    0xBC: "POWSAVE", 0xBD: "DLPOFFSAVE", 0xC0: "LCMCTRL", 0xC1: "IDSET", 0xC2: "VDVVRHEN", 0xC3: "VRHS",
    0xC4: "VDVS", 0xC5: "VCMOFSET", 0xC6: "FRCTRL2", 0xC7: "CABCCTRL", 0xC8: "REGSEL1", 0xCA: "REGSEL2",
    0xCC: "PWMFRSEL", 0xD0: "PWCTRL1", 0xD2: "VAPVANEN", 0xDF: "CMD2EN", 0xE0: "PVGAMCTRL", 0xE1: "NVGAMCTRL",
    0xE2: "DGMLUTR", 0xE3: "DGMLUTB", 0xE4: "GATECTRL", 0xE7: "SPI2EN", 0xE8: "PWCTRL2", 0xE9: "EQCTRL",
    0xEC: "PROMCTRL", 0xFA: "PROMEN", 0xFC: "NVMSET", 0xFE: "PROMACT",
}  # fmt: skip
"""Commands whose parameters are kept and change nothing that can be seen here."""

_READS = (
    *(RDDID, RDDST, RDDPM, RDDMADCTL, RDDCOLMOD, RDDIM, RDDSM, RDDSDR, RAMRD, RAMRDC),
    *(GSCAN, RDDISBV, RDCTRLD, RDCABC, RDCABCMB, RDABCSDR, RDID1, RDID2, RDID3),
)

_PANEL_OFFSETS = {(135, 240): (52, 40), (240, 240): (0, 0), (128, 128): (2, 1)}
"""Where small panels sit in the memory, from the tables of public drivers; others sit in the middle."""


@dataclass(frozen=True)
class Command:
    """A command as it was seen on the wire.

    Attributes:
        at: the time of its last bit in ps.
        code: the command byte.
        parameters: the first bytes behind it, 64 at most; pixels are not kept.
        count: how many bytes came behind it in all.
    """

    at: int
    code: int
    parameters: bytes
    count: int


class Wire(list[Command]):
    """Commands in order. They never change, so that a copy for a snapshot needs no copies of them.

    The last 100 000 are kept; a firmware that draws pixel by pixel sends as many in a few seconds.
    """

    KEPT = 100_000

    def see(self, command: Command) -> None:
        """One more; from time to time the oldest go."""
        self.append(command)
        if len(self) >= 2 * self.KEPT:
            del self[: -self.KEPT]

    def __deepcopy__(self, memo: Mapping[int, Any]) -> Wire:
        return Wire(self)


class ST7789(Part):
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

    spi = SpiTarget(dc=True, answers=_READS)
    rst = DigitalIn(optional=True)
    bl = DigitalIn(optional=True)
    te = DigitalOut(initial=False, optional=True)

    ROWS, COLUMNS = 320, 240
    ID: ClassVar[bytes] = bytes([0x85, 0x85, 0x52])
    RESET_PULSE = us(10)
    """RESX low for less is ignored (7.4.5: shorter than 5 µs is, between 5 and 10 µs is not defined)."""
    AFTER_RESET = ms(5)
    """From RESX high, or SWRESET, to the next command (7.4.5, 9.1.2)."""
    AFTER_RESET_AWAKE = ms(120)
    """The same for RESX in sleep-out mode."""
    FROM_SWRESET_TO_SLPOUT = ms(120)
    """When SWRESET came in sleep-in mode (9.1.2, and MIPI DCS soft_reset)."""
    READ_CYCLE = ns(150)
    AFTER_SLEEP_COMMAND = ms(5)
    BETWEEN_SLEEP_COMMANDS = ms(120)

    def __init__(
        self,
        width: int = 240,
        height: int = 320,
        rotation: int = 0,
        offset: tuple[int, int] | None = None,
        ips: bool = True,
        bgr: bool = False,
        write_cycle: int = 66,
    ) -> None:
        super().__init__()
        if not (1 <= width <= self.COLUMNS and 1 <= height <= self.ROWS):
            raise UsageError(f"a panel of {width}x{height}: the ST7789 drives {self.COLUMNS}x{self.ROWS} at the most")
        if rotation not in (0, 90, 180, 270):
            raise UsageError(f"rotation {rotation}: expected 0, 90, 180 or 270")
        self.width, self.height, self.rotation, self.ips, self.bgr = width, height, rotation, ips, bgr
        default = _PANEL_OFFSETS.get((width, height), ((self.COLUMNS - width) // 2, (self.ROWS - height) // 2))
        self.offset = offset if offset is not None else default
        self.write_cycle = ns(write_cycle)
        self.memory = FrameMemory(self.ROWS, self.COLUMNS)
        self.commands = Wire()
        self.violations: Counter[str] = Counter()
        self.unknown: Counter[int] = Counter()
        self.bytes = 0
        self._te_run = 0
        self._low_since: int | None = None
        self.colmod = 0x66
        self._defaults()

    def _defaults(self) -> None:
        """Registers after any reset (9.1, tables of defaults). The frame memory keeps its contents."""
        self.sleeping = True
        self.display_on = False
        self.inverted = False
        self.partial: tuple[int, int] | None = None
        self.partial_area = (0, self.ROWS - 1)
        self.idle = False
        self.scroll_area = (0, self.ROWS, 0)
        self.scroll_start: int | None = None
        self.te_mode: int | None = None
        self.te_line = 0
        self.registers: dict[int, bytes] = {PORCTRL: bytes([0x0C, 0x0C, 0x00, 0x33, 0x33]), FRCTRL2: b"\x0f"}
        self.memory.little_endian = False
        columns, rows = (self.ROWS, self.COLUMNS) if self.memory.madctl & MV else (self.COLUMNS, self.ROWS)
        self.memory.set_window((0, columns - 1), (0, rows - 1))
        self.memory.end_write()
        self._code = NOP
        self._parameters = b""
        self._count = 0
        self._at = 0
        self._busy_until = 0
        self._busy_with = ""
        self._slept_at: int | None = None
        self._no_slpout_until = 0
        self._scan_from = 0
        self._read_from = 0

    def power_on(self) -> None:
        """The frame memory starts with noise, as on the glass of a module whose firmware forgets to clear it."""
        noise = np.random.default_rng(self.random.getrandbits(32))
        self.memory.cells[...] = noise.integers(0, 1 << 18, self.memory.cells.shape, dtype=np.uint32)
        self._busy(self.AFTER_RESET, "power-on")

    # 7.4.5 Reset timing

    @rst.changed
    def _reset_line(self, at: int, level: bool) -> None:
        if not level:
            self._low_since = at
        elif self._low_since is not None:
            if at - self._low_since >= self.RESET_PULSE:
                wait = self.AFTER_RESET if self.sleeping else self.AFTER_RESET_AWAKE
                self._log()
                self.memory.madctl = 0
                self.colmod = 0x66
                self._defaults()
                self._busy(wait, "RESX", at)
                self._restart_te()
            else:
                self.violations["RESX pulse shorter than 10 us"] += 1
            self._low_since = None

    def _busy(self, duration: int, what: str, at: int | None = None) -> None:
        self._busy_until = (self.now if at is None else at) + duration
        self._busy_with = what

    # 8.4 Serial interface

    @spi.received
    def _received(self, batch: SpiBatch) -> None:
        self.bytes += len(batch)
        positions = np.flatnonzero(batch.dc == 0)
        bounds = [*positions.tolist(), len(batch)]
        read = bounds[0] if self._code in _READS else 0
        self._check_cycle(batch.span[:read], self.READ_CYCLE, "read")
        self._check_cycle(batch.span[read:], self.write_cycle, "write")
        if self._low_since is not None:
            self.violations["bytes while RESX is low"] += len(batch)
            return
        if bounds[0]:
            self._data(batch.data[: bounds[0]])
        for start, end in pairwise(bounds):
            self._command(int(batch.data[start]), int(batch.at[start]))
            if end > start + 1:
                self._data(batch.data[start + 1 : end])

    def _check_cycle(self, span: npt.NDArray[np.uint32], cycle: Duration, kind: str) -> None:
        """7.4.3: the time of a clock. Nearly everybody writes faster than rated, and it works."""
        over = int(np.count_nonzero(span < 7 * int(cycle)))
        if over:
            self.violations[f"{kind} cycle shorter than {cycle}"] += over

    def _command(self, code: int, at: int) -> None:
        self._log()
        self.memory.end_write()
        if self._code in (RAMRD, RAMRDC):
            self._read_from += max(0, self._count - 1) // 3
        if at < self._busy_until:
            self.violations[f"command within the wait after {self._busy_with}"] += 1
        self._code, self._parameters, self._count, self._at = code, b"", 0, at
        act = self._IMMEDIATE.get(code)
        if act is not None:
            act(self, at)
        elif code not in _KEPT and code not in self._WITH_PARAMETERS and code not in _READS:
            self._not_modelled(code, "this command is not known")

    def _not_modelled(self, code: int, what: str) -> None:
        if not self.unknown[code]:
            log.warning("%s: %s: command 0x%02X: %s", Duration(self.now), self.label, code, what)
        self.unknown[code] += 1

    def _log(self) -> None:
        if self._at:
            self.commands.see(Command(self._at, self._code, self._parameters[:64], self._count))
            self._at = 0

    @property
    def wire(self) -> list[Command]:
        """The commands seen so far, in order, without the oldest of very many."""
        last = [Command(self._at, self._code, self._parameters[:64], self._count)] if self._at else []
        return [*self.commands, *last]

    def _data(self, data: npt.NDArray[np.uint8]) -> None:
        before = self._count
        self._count += len(data)
        if self._code in (RAMWR, RAMWRC):
            self.memory.write(data, self.colmod)
            return
        if len(self._parameters) < 64:
            self._parameters += data[:64].tobytes()
        need, act = self._WITH_PARAMETERS.get(self._code, (0, None))
        if act is not None and before < need <= self._count:
            act(self, self._parameters)
        elif self._code in _KEPT:
            kept = self.registers.get(self._code, b"")
            self.registers[self._code] = self._parameters + kept[len(self._parameters) :]

    # 9.1 Commands without parameters

    def _swreset(self, at: int) -> None:
        was_sleeping = self.sleeping
        self._defaults()
        self._code, self._at = SWRESET, at
        self._busy(self.AFTER_RESET, "SWRESET", at)
        if was_sleeping:
            self._no_slpout_until = at + self.FROM_SWRESET_TO_SLPOUT
        self._restart_te()

    def _sleep(self, at: int, sleeping: bool) -> None:
        """9.1.11, 9.1.12. The command has no effect in the mode that it asks for."""
        if sleeping == self.sleeping:
            return
        if not sleeping and at < self._no_slpout_until:
            self.violations["SLPOUT within 120 ms after SWRESET"] += 1
        if self._slept_at is not None and at - self._slept_at < self.BETWEEN_SLEEP_COMMANDS:
            self.violations["SLPIN and SLPOUT within 120 ms"] += 1
        self._slept_at = at
        self.sleeping = sleeping
        self._scan_from = at
        self._busy(self.AFTER_SLEEP_COMMAND, "SLPIN" if sleeping else "SLPOUT", at)
        self._restart_te()

    def _set(self, **registers: Any) -> None:
        for name, value in registers.items():
            setattr(self, name, value)

    def _show(self, partial: tuple[int, int] | None) -> None:
        """PTLON and NORON; either ends scrolling."""
        self.partial = partial
        self.scroll_start = None

    def _teoff(self) -> None:
        self.te_mode = None
        self._restart_te()

    _IMMEDIATE: ClassVar[Mapping[int, Any]] = {
        NOP: lambda self, at: None,
        SWRESET: _swreset,
        SLPIN: lambda self, at: self._sleep(at, True),
        SLPOUT: lambda self, at: self._sleep(at, False),
        PTLON: lambda self, at: self._show(self.partial_area),
        NORON: lambda self, at: self._show(None),
        INVOFF: lambda self, at: self._set(inverted=False),
        INVON: lambda self, at: self._set(inverted=True),
        DISPOFF: lambda self, at: self._set(display_on=False),
        DISPON: lambda self, at: self._set(display_on=True),
        RAMWR: lambda self, at: self.memory.start_write(),
        RAMWRC: lambda self, at: None,
        TEOFF: lambda self, at: self._teoff(),
        IDMOFF: lambda self, at: self._set(idle=False),
        IDMON: lambda self, at: self._set(idle=True),
    }

    # 9.1 Commands with parameters; each takes effect when its last parameter has come

    def _window(self, p: bytes) -> None:
        """CASET and RASET: the end must not lie before the start (9.1.20, 9.1.21)."""
        span = _word(p, 0), _word(p, 2)
        if span[0] > span[1]:
            self.violations["a window that ends before it starts"] += 1
        if self._code == CASET:
            self.memory.set_window(columns=span)
        else:
            self.memory.set_window(rows=span)

    def _madctl(self, p: bytes) -> None:
        self.memory.madctl = p[0]

    def _colmod(self, p: bytes) -> None:
        self.colmod = p[0]
        if p[0] & 7 not in (3, 5, 6):
            self._not_modelled(COLMOD, f"no colour format has the code {p[0] & 7}; pixels are dropped")

    def _partial(self, p: bytes) -> None:
        self.partial_area = (_word(p, 0), _word(p, 2))
        if self.partial is not None:
            self.partial = self.partial_area

    def _scroll(self, p: bytes) -> None:
        """TFA + VSA + BFA must be 320 (9.1.25); other sums are not defined."""
        area = (_word(p, 0), _word(p, 2), _word(p, 4))
        if sum(area) != self.ROWS:
            self.violations["VSCRDEF does not add up to 320 lines"] += 1
        self.scroll_area = area

    def _teon(self, p: bytes) -> None:
        self.te_mode = p[0] & 1
        if self.te_mode:
            self._not_modelled(TEON, "the pulses of H-blank are left out")
        self._restart_te()

    def _ramctrl(self, p: bytes) -> None:
        self.registers[RAMCTRL] = p[:2]
        if p[0] & 0x11:
            self._not_modelled(RAMCTRL, "the RGB interface is left out")
        self.memory.little_endian = bool(p[1] & 0x08)

    _WITH_PARAMETERS: ClassVar[Mapping[int, tuple[int, Any]]] = {
        CASET: (4, _window),
        RASET: (4, _window),
        PTLAR: (4, _partial),
        VSCRDEF: (6, _scroll),
        TEON: (1, _teon),
        MADCTL: (1, _madctl),
        VSCSAD: (2, lambda self, p: self._set(scroll_start=_word(p, 0))),
        COLMOD: (1, _colmod),
        STE: (2, lambda self, p: self._set(te_line=_word(p, 0))),
        RAMCTRL: (2, _ramctrl),
    }

    # 9.1 Reads. 8.4.3: one dummy clock before 24 and 32 bits of status, none before 8 bits.

    @spi.answer
    def _answer(self, at: int, byte: int, dc: bool) -> SpiAnswer | None:
        self.bytes += 1
        if self._low_since is not None:
            self.violations["bytes while RESX is low"] += 1
            return None
        self._command(byte, at)
        if byte in (RAMRD, RAMRDC):
            self._read_from = self._read_from if byte == RAMRDC else 0
            channels = to_rgb(self.memory.read(self._read_from)) & 0xFC
            return SpiAnswer(channels.tobytes(), dummy=8)
        if byte == RDDID:
            return SpiAnswer(self.ID, dummy=1)
        if byte == RDDST:
            return SpiAnswer(self._status(), dummy=1)
        single = {
            RDDPM: self._power_mode(),
            RDDMADCTL: self.memory.madctl & 0xFC,
            RDDCOLMOD: self.colmod & 0x77,
            RDDIM: self.inverted << 5 | (self.scroll_start is not None) << 7,
            RDDSM: (self.te_mode is not None) << 7 | bool(self.te_mode) << 6,
            RDDSDR: 0xC0 if not self.sleeping else 0x00,
            RDDISBV: self._kept(WRDISBV),
            RDCTRLD: self._kept(WRCTRLD),
            RDCABC: self._kept(WRCACE),
            RDCABCMB: self._kept(WRCABCMB),
            RDABCSDR: 0xC0 if not self.sleeping else 0x00,
            RDID1: self.ID[0],
            RDID2: self.ID[1],
            RDID3: self.ID[2],
        }
        if byte == GSCAN:
            line = self._scan_line(at)
            return SpiAnswer(line.to_bytes(2, "big"), dummy=8)
        return SpiAnswer(bytes([single[byte]]))

    def _kept(self, code: int) -> int:
        return self.registers.get(code, b"\0")[0]

    def _power_mode(self) -> int:
        """9.1.6: booster, idle, partial, sleep out, normal, display on."""
        awake = not self.sleeping
        normal = self.partial is None
        flags = (awake, self.idle, not normal, awake, normal, self.display_on)
        return sum(bool(flag) << (7 - n) for n, flag in enumerate(flags))

    def _status(self) -> bytes:
        """9.1.5: booster and MADCTL, pixel format and modes, inversion, display and TE."""
        normal = self.partial is None
        first = (not self.sleeping) << 7 | (self.memory.madctl & 0xFC) >> 1
        modes = self.idle << 3 | (not normal) << 2 | (not self.sleeping) << 1 | normal
        second = (self.colmod & 7) << 4 | modes
        scrolling = self.scroll_start is not None
        te_on = self.te_mode is not None
        third = scrolling << 7 | self.inverted << 5 | self.display_on << 2 | te_on << 1
        return bytes([first, second, third, bool(self.te_mode) << 5])

    # 8.16 Tearing effect, 9.2.2 PORCTRL, 9.2.21 FRCTRL2

    @property
    def lines(self) -> int:
        """Lines in a frame: porches and 320 rows."""
        porch = self.registers[PORCTRL]
        return (porch[0] & 0x7F) + self.ROWS + (porch[1] & 0x7F)

    @property
    def frame_period(self) -> int:
        """The time of a frame in ps: lines × (250 + 16 RTNA) clocks of 10 MHz."""
        rtna = self.registers[FRCTRL2][0] & 0x1F
        return self.lines * (250 + 16 * rtna) * 100_000

    def _scan_line(self, at: int) -> int:
        return 0 if self.sleeping else (at - self._scan_from) % self.frame_period * self.lines // self.frame_period

    def _restart_te(self) -> None:
        self._te_run += 1
        self.te.set(False)
        if self.te.connected and self.te_mode is not None and not self.sleeping:
            period = self.frame_period
            start = self.te_line * period // self.lines
            wait = (self._scan_from + start - self.now) % period
            self.after(Duration(wait), self._te_high, self._te_run)

    def _te_high(self, run: int) -> None:
        if run != self._te_run:
            return
        porch = self.registers[PORCTRL]
        blank = self.frame_period * ((porch[0] & 0x7F) + (porch[1] & 0x7F)) // self.lines
        self.te.set(True)
        self.after(Duration(blank), self._te_low, run)
        self.after(Duration(self.frame_period), self._te_high, run)

    def _te_low(self, run: int) -> None:
        if run == self._te_run:
            self.te.set(False)

    # What a person sees

    @property
    def lit(self) -> bool:
        """Does the glass show the memory? Awake, display on, backlight on, not held in reset."""
        in_reset = self._low_since is not None and self.now - self._low_since >= self.RESET_PULSE
        return self.display_on and not self.sleeping and not in_reset and self.bl.level

    @property
    def glass(self) -> npt.NDArray[np.uint8]:
        """The panel in its native orientation, (height, width, 3) uint8: dark while asleep, off, or unlit."""
        shape = (self.height, self.width, 3)
        if not self.lit:
            return np.zeros(shape, np.uint8)
        cells: Cells = self._scanned()
        if self.inverted != self.ips:
            cells = cells ^ np.uint32(0x3FFFF)
        if self.idle:
            cells = (cells >> np.uint32(5) & np.uint32(0x1041)) * np.uint32(0x3F)
        rgb = to_rgb(cells)
        if bool(self.memory.madctl & BGR) != self.bgr:
            rgb = rgb[..., ::-1]
        if self.partial is not None:
            rgb = self._partial_rows(rgb)
        column, row = self.offset
        return np.ascontiguousarray(rgb[row : row + self.height, column : column + self.width])

    @property
    def frame(self) -> npt.NDArray[np.uint8]:
        """The glass as it is mounted on the board, (rows, columns, 3) uint8."""
        return np.ascontiguousarray(np.rot90(self.glass, self.rotation // 90))

    def _scanned(self) -> Cells:
        """8.13 Vertical scrolling: which row of the memory each line of the glass shows."""
        top, moving, _ = self.scroll_area
        if self.scroll_start is None or moving == 0:
            return self.memory.cells
        lines = np.arange(self.ROWS)
        inside = (lines >= top) & (lines < top + moving)
        moved = top + (lines - top + self.scroll_start - top) % moving
        shown: Cells = self.memory.cells[np.where(inside, moved, lines) % self.ROWS]
        return shown

    def _partial_rows(self, rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """8.14 Partial mode: rows outside the area are not driven. Start behind end means around the end."""
        start, end = self.partial or (0, self.ROWS - 1)
        rows = np.arange(self.ROWS)
        shown = (rows >= start) & (rows <= end) if start <= end else (rows >= start) | (rows <= end)
        return np.where(shown[:, None, None], rgb, np.uint8(0))


def _word(parameters: bytes, index: int) -> int:
    return int.from_bytes(parameters[index : index + 2], "big")
