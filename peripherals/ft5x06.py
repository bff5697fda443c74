"""FT5x06 and FT6x36: capacitive touch controllers on I2C.

FocalTech D-FT5x06-1212 V4.0 and the application notes of FT5x06 and FT6x06 for the registers; the chip identifications
are those that public drivers look for (FT6206 06h, FT6236 36h, FT6336U 64h, FT5206 and its sisters 55h).

======  ===============  ====================================================================
offset  register         contents
======  ===============  ====================================================================
00      DEVICE_MODE      bits 6:4: 0 normal
01      GEST_ID          gesture since the last report
02      TD_STATUS        bits 3:0: how many fingers
03      P1_XH            bits 7:6 event (0 down, 1 up, 2 contact), 3:0 upper bits of X
04      P1_XL            lower bits of X
05      P1_YH            bits 7:4 number of the finger, 3:0 upper bits of Y
06      P1_YL            lower bits of Y
07, 08  P1_WEIGHT, MISC  pressure and area (FT6x36)
09 …    P2 to P5         the same for further fingers
80      THGROUP          threshold (kept)
86-89   CTRL …           active and monitor mode, their periods: 88h is the period of reports
A1, A2  LIB_VERSION      version of the library
A3      CIPHER           which chip
A4      G_MODE           0 polling: INT is low while a finger is on; 1 trigger: INT pulses
A5      PMODE            power mode (3 is hibernation)
A6      FIRMID           version of the firmware
A8      FOCALTECH_ID     11h
AF      RELEASE_CODE_ID  version
======  ===============  ====================================================================

Fingers that are not there read FFh, as on silicon after reset. Thresholds and periods of the monitor mode are kept and
have no effect; noise, weight and gain of a real panel are missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from twins.controls import Control, Touch
from twins.errors import UsageError
from twins.ports import DigitalIn, DigitalOut, I2cTarget, Part
from twins.units import Duration, Time, ms, ps, us

DEVICE_MODE, GEST_ID, TD_STATUS, P1_XH = 0x00, 0x01, 0x02, 0x03
THGROUP, CTRL, PERIODACTIVE, CIPHER, G_MODE, PMODE, FIRMID = 0x80, 0x86, 0x88, 0xA3, 0xA4, 0xA5, 0xA6
FOCALTECH_ID, RELEASE_CODE_ID = 0xA8, 0xAF

DOWN, UP, CONTACT = 0, 1, 2
"""Event flags."""

MOVE_UP, MOVE_RIGHT, MOVE_DOWN, MOVE_LEFT, ZOOM_IN, ZOOM_OUT = 0x10, 0x14, 0x18, 0x1C, 0x48, 0x49
"""Gestures."""

READ_ONLY = frozenset({GEST_ID, CIPHER, FIRMID, FOCALTECH_ID, RELEASE_CODE_ID, 0xA1, 0xA2, *range(TD_STATUS, 0x21)})
HIBERNATE = 3


@dataclass(frozen=True)
class Chip:
    """What a model answers, and how many fingers it knows."""

    cipher: int
    fingers: int


@dataclass
class Finger:
    """A finger on the panel, and what it did since the last report."""

    number: int
    x: int
    y: int
    event: int = DOWN


class FT5x06(Part):
    """A touch controller of the FT5x06 or FT6x36 family.

    Its port ``irq`` is the pin INT.

    Args:
        model: a key of `MODELS`.
        width, height: the panel in pixels; touches outside are refused.
        pulse: how long INT is low for a report in trigger mode.

    >>> from twins.bench import Bench
    >>> bench = Bench(); panel = bench.add(FT5x06("FT6236"))
    >>> bench.run("300ms"); panel.touch(100, 300); bench.level(panel.irq)
    False
    >>> _ = bench.i2c_write(panel.bus, 0x38, [TD_STATUS], stop=False); bench.i2c_read(panel.bus, 0x38, 5).hex()
    '010064012c'
    >>> panel.release(); bench.run("20ms"); bench.level(panel.irq)
    True
    """

    controls: ClassVar[tuple[Control, ...]] = (Touch(),)

    bus = I2cTarget()
    irq = DigitalOut(initial=True, optional=True)
    rst = DigitalIn(optional=True)

    ADDRESS: ClassVar = 0x38
    MODELS: ClassVar[Mapping[str, Chip]] = {
        "FT5206": Chip(0x55, 5),
        "FT5306": Chip(0x55, 5),
        "FT5406": Chip(0x55, 5),
        "FT6206": Chip(0x06, 2),
        "FT6236": Chip(0x36, 2),
        "FT6336U": Chip(0x64, 2),
    }
    START_TIME = ms(300)
    """From power-on or RST high to the first report (FT5x06 data sheet, Trsi)."""
    SWIPE = 40
    """Pixels from which a stroke is a gesture; the data sheets leave it to the firmware."""

    def __init__(self, model: str = "FT6236", width: int = 240, height: int = 320, pulse: Time = us(100)) -> None:
        super().__init__()
        if model not in self.MODELS:
            raise UsageError(f"a touch controller {model!r}: expected one of {', '.join(self.MODELS)}")
        if not (0 < width <= 4096 and 0 < height <= 4096):
            raise UsageError(f"a panel of {width}x{height}: coordinates have 12 bits")
        self.model, self.width, self.height = model, width, height
        self.pulse = Duration(ps(pulse))
        self.addresses = [self.ADDRESS]
        self.fingers: dict[int, Finger] = {}
        self._begun: dict[int, tuple[int, int]] = {}
        self._pointer = 0
        self._first = False
        self._awake_at = 0
        self._held = False
        self._reset()

    @property
    def chip(self) -> Chip:
        """What its model is."""
        return self.MODELS[self.model]

    def _reset(self) -> None:
        registers = bytearray(256)
        registers[0x03:0x21] = b"\xff" * 30
        registers[THGROUP], registers[CTRL], registers[PERIODACTIVE] = 0x16, 0x01, 0x0C
        registers[CIPHER], registers[FIRMID], registers[FOCALTECH_ID] = self.chip.cipher, 0x01, 0x11
        registers[RELEASE_CODE_ID], registers[0xA1], registers[0xA2] = 0x01, 0x30, 0x03
        registers[G_MODE] = 0x01
        self.registers = registers
        self._reporting = False

    def power_on(self) -> None:
        self._held = self.rst.connected and not self.rst.level
        self._awake_at = self.now + self.START_TIME

    # RST: low resets, and the chip starts when it goes high

    @rst.changed
    def _reset_line(self, at: int, level: bool) -> None:
        self._held = not level
        self._reset()
        self.irq.set(True)
        self._awake_at = at + self.START_TIME
        if level and self.fingers:
            self.after(self.START_TIME, self._changed)

    @property
    def awake(self) -> bool:
        """Has it started, and is neither held in reset nor in hibernation?"""
        return self.now >= self._awake_at and not self._held and self.registers[PMODE] != HIBERNATE

    # Fingers

    def touch(self, x: int, y: int, finger: int = 0) -> None:
        """A finger touches the panel."""
        if finger in self.fingers:
            raise UsageError(f"finger {finger} is on the panel: move it or release it")
        if len(self.fingers) >= self.chip.fingers:
            raise UsageError(f"the {self.model} knows {self.chip.fingers} fingers")
        self._check(x, y)
        self.fingers[finger] = Finger(finger, x, y)
        self._begun[finger] = (x, y)
        self._changed()

    def move(self, x: int, y: int, finger: int = 0) -> None:
        """A finger moves to another place, without a way between."""
        self._check(x, y)
        there = self._finger(finger)
        there.x, there.y, there.event = x, y, CONTACT
        self._changed()

    def release(self, finger: int = 0) -> None:
        """A finger goes up. A long straight stroke was a gesture."""
        there = self._finger(finger)
        start = self._begun.pop(finger)
        self.registers[GEST_ID] = self._gesture(start, (there.x, there.y))
        there.event = UP
        self._changed()
        del self.fingers[finger]
        if not self.fingers:
            self.after(Duration(self._period), self._idle)

    def _finger(self, finger: int) -> Finger:
        if finger not in self.fingers:
            raise UsageError(f"finger {finger} is not on the panel: touch it first")
        return self.fingers[finger]

    def _check(self, x: int, y: int) -> None:
        if not (0 <= x < self.width and 0 <= y < self.height):
            raise UsageError(f"({x}, {y}) is not on the panel of {self.width}x{self.height}")

    def _gesture(self, start: tuple[int, int], end: tuple[int, int]) -> int:
        dx, dy = end[0] - start[0], end[1] - start[1]
        if max(abs(dx), abs(dy)) < self.SWIPE:
            return 0
        if abs(dx) > abs(dy):
            return MOVE_RIGHT if dx > 0 else MOVE_LEFT
        return MOVE_DOWN if dy > 0 else MOVE_UP

    # Reports

    @property
    def _period(self) -> int:
        """PERIODACTIVE is a rate: reports a second, in units of 10 of the FT5x06, 12 by default."""
        return 1_000_000_000_000 // (10 * max(1, self.registers[PERIODACTIVE] & 0x0F))

    def _changed(self) -> None:
        if not self.awake:
            return
        self._fill()
        self._signal()
        if self.fingers and not self._reporting:
            self._reporting = True
            self.after(Duration(self._period), self._again)

    def _again(self) -> None:
        """While a finger is on, reports go on at their rate."""
        self._reporting = False
        if not self.fingers or not self.awake:
            return
        for finger in self.fingers.values():
            finger.event = CONTACT
        self._changed()

    def _idle(self) -> None:
        """The report behind the last one has no fingers."""
        if not self.fingers and self.awake:
            self.registers[0x03:0x21] = b"\xff" * 30
            self.registers[GEST_ID] = 0

    def _fill(self) -> None:
        """Coordinates as they are now; TD_STATUS counts fingers that are on the panel."""
        self.registers[0x03:0x21] = b"\xff" * 30
        self.registers[TD_STATUS] = sum(finger.event != UP for finger in self.fingers.values())
        for place, finger in enumerate(self.fingers.values()):
            at = P1_XH + 6 * place
            x, y = finger.x, finger.y
            self.registers[at : at + 4] = [finger.event << 6 | x >> 8, x & 0xFF, finger.number << 4 | y >> 8, y & 0xFF]
            self.registers[at + 4 : at + 6] = [0x20, 0x10] if self.chip.fingers == 2 else [0xFF, 0xFF]

    def _signal(self) -> None:
        """INT, G_MODE: low while a finger is on, or a pulse for each report."""
        on = self.registers[TD_STATUS] > 0
        if self.registers[G_MODE] & 1:
            self.irq.set(False)
            self.irq.set(True, self.pulse)
        else:
            self.irq.set(not on)

    # I2C: the first byte of a write is the register, further ones are its values; reads go on from there

    @bus.start
    def _start(self, at: int, address: int, read: bool) -> bool:
        self._first = not read
        return self.awake

    @bus.write
    def _write(self, at: int, byte: int) -> bool:
        if self._first:
            self._pointer, self._first = byte, False
            return True
        if self._pointer not in READ_ONLY:
            self.registers[self._pointer] = byte
        self._pointer = (self._pointer + 1) & 0xFF
        return True

    @bus.read
    def _read(self, at: int) -> int:
        byte = self.registers[self._pointer]
        self._pointer = (self._pointer + 1) & 0xFF
        return byte
