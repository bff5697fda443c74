"""GT911: a capacitive touch controller for five fingers on I2C.

Goodix GT911 Data Sheet Rev.09 and GT911 Programming Guide Rev.00; register names are those of the guide.

===========  ====================  =============================================================================
register     name                  contents
===========  ====================  =============================================================================
8040         Command               5 turns the panel off, until the next reset
8047-80FE    Config                version, resolution, number of fingers, …; kept
804D         Module_Switch1        bits 1:0: INT rises (0) or falls (1) for a report
8056         Refresh_Rate          bits 3:0: reports every 5 ms and so many more
80FF, 8100   Config_Chksum, Fresh  what makes the sum of 8047-80FF 0; 1 takes the configuration over (kept)
8140-8143    Product ID            "911"
8144, 8145   Firmware version      1060h, lower byte first
8146-8149    resolution            X, Y, lower byte first
814A         Vendor_id
814E         buffer status         bit 7: a report is there, until the host writes 0; bits 3:0: how many fingers
814F …       point 1 to 5          eight bytes each: track id, X, Y and size with the lower byte first, one reserved
===========  ====================  =============================================================================

The level of INT as RST goes high chooses the address on silicon; here it is the option `address`. Waking a panel
that is off by INT, gestures, keys, proximity, and all that the configuration does to a real panel are missing.
"""

from __future__ import annotations

import struct
from typing import ClassVar

from twins.controls import Control, Touch
from twins.errors import UsageError
from twins.ports import DigitalIn, DigitalOut, I2cTarget, Part
from twins.units import Duration, Time, ms, ps, us

COMMAND, CONFIG, MODULE_SWITCH1, REFRESH_RATE, CONFIG_CHKSUM = 0x8040, 0x8047, 0x804D, 0x8056, 0x80FF
PRODUCT_ID, STATUS, POINTS = 0x8140, 0x814E, 0x814F
FIRST, LAST = 0x8040, 0x8177
SCREEN_OFF = 5


class GT911(Part):
    """A GT911 touch controller.

    Its port ``irq`` is the pin INT.

    Args:
        width, height: the panel in pixels, as its configuration has them; touches outside are refused.
        address: 0x5D, or 0x14 where INT is high as RST goes up.
        pulse: how long INT is active for a report.

    >>> from twins.bench import Bench
    >>> bench = Bench(); panel = bench.add(GT911(320, 240))
    >>> bench.run("20ms"); panel.touch(100, 200); bench.run("20ms")
    >>> _ = bench.i2c_write(panel.bus, 0x5D, [0x81, 0x4E], stop=False); bench.i2c_read(panel.bus, 0x5D, 6).hex()
    '81006400c800'
    """

    controls: ClassVar[tuple[Control, ...]] = (Touch(),)

    bus = I2cTarget()
    irq = DigitalOut(optional=True)
    rst = DigitalIn(optional=True)

    ADDRESSES: ClassVar = (0x5D, 0x14)
    FINGERS: ClassVar = 5
    START_TIME = ms(5)
    """From power-on or RST high to the first answer: so long INT chooses the address (data sheet, I2C timing)."""

    def __init__(self, width: int = 480, height: int = 800, address: int = 0x5D, pulse: Time = us(500)) -> None:
        super().__init__()
        if address not in self.ADDRESSES:
            raise UsageError(f"address {address:#x}: a GT911 has 0x5D or 0x14")
        if not (0 < width <= 4096 and 0 < height <= 4096):
            raise UsageError(f"a panel of {width}x{height}: at most 4096 each way")
        self.width, self.height = width, height
        self.pulse = Duration(ps(pulse))
        self.addresses = [address]
        self.fingers: dict[int, tuple[int, int]] = {}
        self._pointer = 0
        self._bytes = 0
        self._awake_at = 0
        self._held = False
        self._reset()

    def _reset(self) -> None:
        self.registers = bytearray(LAST + 1 - FIRST)
        self._put(CONFIG, struct.pack("<BHHBB", 0x41, self.width, self.height, self.FINGERS, 0x01))
        self._put(REFRESH_RATE, b"\x05")
        self._put(CONFIG_CHKSUM, bytes([-sum(self._get(CONFIG, CONFIG_CHKSUM - CONFIG)) & 0xFF]))
        self._put(PRODUCT_ID, struct.pack("<4sHHHB", b"911", 0x1060, self.width, self.height, 0))
        self._reporting = False
        self._told = 0

    def _put(self, register: int, data: bytes) -> None:
        self.registers[register - FIRST : register - FIRST + len(data)] = data

    def _get(self, register: int, count: int = 1) -> bytes:
        return bytes(self.registers[register - FIRST : register - FIRST + count])

    def power_on(self) -> None:
        self._held = self.rst.connected and not self.rst.level
        self._awake_at = self.now + self.START_TIME
        self.after(self.START_TIME, self._started)

    # RST: low resets, and the chip starts when it goes high

    @rst.changed
    def _reset_line(self, at: int, level: bool) -> None:
        self._held = not level
        self._reset()
        self.irq.set(None)
        self._awake_at = at + self.START_TIME
        if level:
            self.after(self.START_TIME, self._started)

    def _started(self) -> None:
        """INT is an output from now on."""
        if self.awake:
            self.irq.set(not self._active)
            self._wake()

    @property
    def awake(self) -> bool:
        """Has it started, and is neither held in reset nor turned off?"""
        return self.now >= self._awake_at and not self._held and self._get(COMMAND)[0] != SCREEN_OFF

    @property
    def _active(self) -> bool:
        """The level that INT has for a report."""
        return self._get(MODULE_SWITCH1)[0] & 1 == 0

    # Fingers

    def touch(self, x: int, y: int, finger: int = 0) -> None:
        """A finger touches the panel."""
        if finger in self.fingers:
            raise UsageError(f"finger {finger} is on the panel: move it or release it")
        if len(self.fingers) >= self.FINGERS:
            raise UsageError(f"the GT911 knows {self.FINGERS} fingers")
        self._place(x, y, finger)
        self._wake()

    def move(self, x: int, y: int, finger: int = 0) -> None:
        """A finger moves to another place, without a way between."""
        self._there(finger)
        self._place(x, y, finger)

    def release(self, finger: int = 0) -> None:
        """A finger goes up."""
        self._there(finger)
        del self.fingers[finger]

    def _there(self, finger: int) -> None:
        if finger not in self.fingers:
            raise UsageError(f"finger {finger} is not on the panel: touch it first")

    def _place(self, x: int, y: int, finger: int) -> None:
        if not (0 <= x < self.width and 0 <= y < self.height):
            raise UsageError(f"({x}, {y}) is not on the panel of {self.width}x{self.height}")
        self.fingers[finger] = (x, y)

    # Reports

    def _wake(self) -> None:
        if self.awake and self.fingers and not self._reporting:
            self._reporting = True
            self.after(self._period, self._report)

    @property
    def _period(self) -> Duration:
        return Duration(ms(5 + (self._get(REFRESH_RATE)[0] & 0x0F)))

    def _report(self) -> None:
        """At its rate while fingers are on, and once for none.

        What the host has not taken yet stays, and INT says so again.
        """
        self._reporting = False
        if not self.awake:
            return
        if self._get(STATUS)[0] & 0x80 == 0:
            self._told = len(self.fingers)
            self._put(STATUS, bytes([0x80 | self._told]))
            for place, (number, (x, y)) in enumerate(sorted(self.fingers.items())):
                self._put(POINTS + 8 * place, struct.pack("<BHHHx", number, x, y, 0x20))
        self.irq.set(self._active)
        self.irq.set(not self._active, self.pulse)
        if self.fingers or self._told:
            self._reporting = True
            self.after(self._period, self._report)

    # I2C: the first two bytes of a write are the register, further ones are its values; reads go on from there

    @bus.start
    def _start(self, at: int, address: int, read: bool) -> bool:
        self._bytes = 0
        return self.awake

    @bus.write
    def _write(self, at: int, byte: int) -> bool:
        if self._bytes < 2:
            self._pointer = (self._pointer << 8 | byte) & 0xFFFF
        else:
            if FIRST <= self._pointer <= 0x8100 or self._pointer == STATUS:
                self._put(self._pointer, bytes([byte]))
            self._pointer = (self._pointer + 1) & 0xFFFF
        self._bytes += 1
        return True

    @bus.read
    def _read(self, at: int) -> int:
        byte = self._get(self._pointer)[0] if FIRST <= self._pointer <= LAST else 0
        self._pointer = (self._pointer + 1) & 0xFFFF
        return byte
