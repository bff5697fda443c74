"""Displays with a frame memory that speak MIPI DCS: what controllers such as the ST7789 and the ILI9341 have in common.

Sections are those of the Sitronix ST7789V datasheet v1.3 (2014/03); v1.4 where named. What SWRESET leaves alone, and
the status bits, agree with the tables of its sister ST7735 (datasheet v1.7, 10.1) and with the ILI9341 (V1.11, 8.2).

The same commands come over the 4-line serial interface (8.4) or over the 8080 parallel interface with 8 or 16 lines
(8.3); a module is wired for one of them. Reads over the parallel interface are missing: edges of RDX are counted.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from peripherals.frame_memory import BGR, MV, Bytes, Cells, FrameMemory, to_rgb
from twins.buses import ParallelBatch, ParallelTarget
from twins.controls import Control, Picture
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
RDID4 = 0xD3

DCS_READS = (
    *(RDDID, RDDST, RDDPM, RDDMADCTL, RDDCOLMOD, RDDIM, RDDSM, RDDSDR, RAMRD, RAMRDC),
    *(GSCAN, RDDISBV, RDCTRLD, RDCABC, RDCABCMB, RDABCSDR, RDID1, RDID2, RDID3, RDID4),
)
"""Commands after which a part is asked what it shifts out; what a controller does not have is not known to it."""


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


class DcsDisplay(Part):
    """Base of the displays: the arguments and attributes are those of `peripherals.ST7789`."""

    controls: ClassVar[tuple[Control, ...]] = (Picture(),)

    spi = SpiTarget(dc=True, answers=DCS_READS, optional=True)
    bus = ParallelTarget(16, dc=True, optional=True)
    rd = DigitalIn(optional=True)
    rst = DigitalIn(optional=True)
    bl = DigitalIn(optional=True)
    te = DigitalOut(initial=False, optional=True)

    ROWS, COLUMNS = 320, 240
    ID: ClassVar[bytes] = b""
    """RDDID."""
    KEPT: ClassVar[Mapping[int, str]] = {}
    """Commands whose parameters are kept and change nothing that can be seen here."""
    READS: ClassVar[tuple[int, ...]] = tuple(code for code in DCS_READS if code != RDID4)
    """Commands that it answers."""
    DEFAULTS: ClassVar[Mapping[int, bytes]] = {}
    """What is kept for commands before their first parameters."""
    DEPTHS: ClassVar[frozenset[int]] = frozenset({3, 5, 6})
    """Codes of COLMOD for 12, 16 and 18 bits a pixel."""
    PANEL_OFFSETS: ClassVar[Mapping[tuple[int, int], tuple[int, int]]] = {}
    """Where small panels sit in the memory, from the tables of public drivers; others sit in the middle."""
    RESET_PULSE = us(10)
    """RESX low for less is ignored (7.4.5: shorter than 5 µs is, between 5 and 10 µs is not defined)."""
    AFTER_RESET = ms(5)
    """From RESX high, or SWRESET, to the next command (7.4.5, 9.1.2)."""
    AFTER_RESET_AWAKE = ms(120)
    """The same for RESX in sleep-out mode."""
    FROM_SWRESET_TO_SLPOUT = ms(120)
    """When SWRESET came in sleep-in mode (9.1.2, and MIPI DCS soft_reset)."""
    READ_CYCLE = ns(150)
    PARALLEL_CYCLE = ns(66)
    """Write cycle of the 8080 interface (7.4.1)."""
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
            raise UsageError(f"a panel of {width}x{height}: it drives {self.COLUMNS}x{self.ROWS} at the most")
        if rotation not in (0, 90, 180, 270):
            raise UsageError(f"rotation {rotation}: expected 0, 90, 180 or 270")
        self.width, self.height, self.rotation, self.ips, self.bgr = width, height, rotation, ips, bgr
        default = self.PANEL_OFFSETS.get((width, height), ((self.COLUMNS - width) // 2, (self.ROWS - height) // 2))
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
        self.registers: dict[int, bytes] = dict(self.DEFAULTS)
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
        if not self.spi.connected and not self.bus.connected:
            raise UsageError(f"{self.label} is on no bus: connect sck, mosi and dc, or wr, dc and d0 to d7")
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
        positions = np.flatnonzero(batch.dc == 0)
        read = (int(positions[0]) if len(positions) else len(batch)) if self._code in self.READS else 0
        self._check_cycle(batch.span[:read], 7 * int(self.READ_CYCLE), self.READ_CYCLE, "read")
        self._check_cycle(batch.span[read:], 7 * int(self.write_cycle), self.write_cycle, "write")
        self._take(batch.data, positions, batch.at, batch.data.__getitem__)

    # 8.3 8080 parallel interface: commands and their parameters on the lower 8 lines, pixels on all of them

    @bus.received
    def _words(self, batch: ParallelBatch) -> None:
        self._check_cycle(np.diff(batch.at), int(self.PARALLEL_CYCLE), self.PARALLEL_CYCLE, "write")
        wide = len(self.bus.data_pins) > 8

        def data(run: slice) -> Bytes:
            words = batch.data[run]
            pixels = wide and self._code in (RAMWR, RAMWRC)
            return words.astype(">u2").view(np.uint8) if pixels else words.astype(np.uint8)

        self._take(batch.data.astype(np.uint8), np.flatnonzero(batch.dc == 0), batch.at, data)

    @rd.changed
    def _read_strobe(self, at: int, level: bool) -> None:
        if not level:
            self._not_modelled(self._code, "reads over the parallel interface are left out")

    def _take(self, data: Bytes, positions: Any, at: Any, run: Callable[[slice], Bytes]) -> None:
        """Commands where D/CX is low, and what comes behind each."""
        self.bytes += len(data)
        bounds = [*positions.tolist(), len(data)]
        if self._low_since is not None:
            self.violations["bytes while RESX is low"] += len(data)
            return
        if bounds[0]:
            self._data(run(slice(0, bounds[0])))
        for start, end in pairwise(bounds):
            self._command(int(data[start]), int(at[start]))
            if end > start + 1:
                self._data(run(slice(start + 1, end)))

    def _check_cycle(self, times: npt.NDArray[Any], least: int, cycle: Duration, kind: str) -> None:
        """7.4.1, 7.4.3: the time of a clock. Nearly everybody writes faster than rated, and it works."""
        over = int(np.count_nonzero(times < least))
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
        elif code not in self.KEPT and code not in self._WITH_PARAMETERS and code not in self.READS:
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
        elif self._code in self.KEPT:
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
        if p[0] & 7 not in self.DEPTHS:
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
    }

    # 9.1 Reads. 8.4.3: one dummy clock before 24 and 32 bits of status, none before 8 bits.

    @spi.answer
    def _answer(self, at: int, byte: int, dc: bool) -> SpiAnswer | None:
        self.bytes += 1
        if self._low_since is not None:
            self.violations["bytes while RESX is low"] += 1
            return None
        self._command(byte, at)
        if byte not in self.READS:
            return None
        if byte in (RAMRD, RAMRDC):
            self._read_from = self._read_from if byte == RAMRDC else 0
            channels = to_rgb(self.memory.read(self._read_from)) & 0xFC
            return SpiAnswer(channels.tobytes(), dummy=8)
        if byte == RDDID:
            return SpiAnswer(self.ID, dummy=1)
        if byte == RDDST:
            return SpiAnswer(self._status(), dummy=1)
        if byte == GSCAN:
            line = self._scan_line(at)
            return SpiAnswer(line.to_bytes(2, "big"), dummy=8)
        return SpiAnswer(self._register(byte))

    def _register(self, code: int) -> bytes:
        """What a read without dummy clocks gives."""
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
        return bytes([single[code]])

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

    # 8.16 Tearing effect

    @property
    def porches(self) -> tuple[int, int]:
        """Lines of the back porch and of the front porch."""
        raise NotImplementedError

    @property
    def line_period(self) -> int:
        """The time of a line in ps."""
        raise NotImplementedError

    @property
    def lines(self) -> int:
        """Lines in a frame: porches and 320 rows."""
        return sum(self.porches) + self.ROWS

    @property
    def frame_period(self) -> int:
        """The time of a frame in ps."""
        return self.lines * self.line_period

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
        blank = self.frame_period * sum(self.porches) // self.lines
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
