"""24Cxx: serial EEPROM on I2C.

Microchip 24AA256/24LC256/24FC256 data sheet DS20001203, sections 2 (pins), 5 (device addressing), 6 (write operations),
7 (acknowledge polling) and 8 (read operations); sizes, pages and addresses of the family from the AT24C02C to
AT24C256C data sheets.

======  ======  ====  =============  ========================================
model   bytes   page  word address   device address 1010 and then
======  ======  ====  =============  ========================================
24C02      256     8  1 byte         A2 A1 A0
24C04      512    16  1 byte         A2 A1, bit 8 of the word address
24C08     1024    16  1 byte         A2, bits 9 and 8 of the word address
24C16     2048    16  1 byte         bits 10, 9 and 8 of the word address
24C32     4096    32  2 bytes        A2 A1 A0
24C64     8192    32  2 bytes        A2 A1 A0
24C128   16384    64  2 bytes        A2 A1 A0
24C256   32768    64  2 bytes        A2 A1 A0
======  ======  ====  =============  ========================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from twins.errors import UsageError
from twins.ports import DigitalIn, I2cTarget, Part
from twins.units import Duration, Time, ms, ps


@dataclass(frozen=True)
class Organisation:
    """How a model is organised: bytes in all, bytes in a page, bytes of a word address."""

    size: int
    page: int
    address_bytes: int

    @property
    def block_bits(self) -> int:
        """How many bits of the word address are sent in the device address."""
        return max(0, (self.size - 1).bit_length() - 8) if self.address_bytes == 1 else 0


class Eeprom24(Part):
    """A serial EEPROM of the 24Cxx family.

    Args:
        model: a key of `MODELS`.
        address_pins: the levels of A2, A1 and A0 as a number; pins that the model does not have must be 0.
        write_cycle: how long it is busy after a write; the data sheet gives 5 ms at the most.
        write_protected: WP is tied to the supply; where it is on a pin of the chip, the pin decides.

    Attributes:
        contents: the memory, a bytearray that a test may read and change; 0xFF from the factory.
        writes: how many write cycles it has made.

    >>> from twins.bench import Bench
    >>> bench = Bench(); memory = bench.add(Eeprom24("24C02"))
    >>> bench.i2c_write(memory.bus, 0x50, [0x10, 0xAB]), bench.i2c_write(memory.bus, 0x50, [0x10])
    ([True, True, True], [False])
    >>> bench.run("5ms"); bench.i2c_write(memory.bus, 0x50, [0x10]), bench.i2c_read(memory.bus, 0x50, 2)
    ([True, True], b'\\xab\\xff')
    """

    bus = I2cTarget()
    wp = DigitalIn(optional=True, floating=False)

    MODELS: ClassVar[Mapping[str, Organisation]] = {
        "24C02": Organisation(256, 8, 1),
        "24C04": Organisation(512, 16, 1),
        "24C08": Organisation(1024, 16, 1),
        "24C16": Organisation(2048, 16, 1),
        "24C32": Organisation(4096, 32, 2),
        "24C64": Organisation(8192, 32, 2),
        "24C128": Organisation(16384, 64, 2),
        "24C256": Organisation(32768, 64, 2),
    }

    def __init__(
        self,
        model: str = "24C256",
        address_pins: int = 0,
        write_cycle: Time = ms(5),
        write_protected: bool = False,
    ) -> None:
        super().__init__()
        if model not in self.MODELS:
            raise UsageError(f"an EEPROM {model!r}: expected one of {', '.join(self.MODELS)}")
        self.model = model
        organisation = self.organisation
        if not 0 <= address_pins <= 7 or address_pins % (1 << organisation.block_bits):
            raise UsageError(
                f"address pins {address_pins}: expected A2, A1, A0 as 0 to 7, 0 where the {model} has no such pin"
            )
        self.addresses = [0x50 | address_pins | block for block in range(1 << organisation.block_bits)]
        self.write_cycle = Duration(ps(write_cycle))
        self.write_protected = write_protected
        self.contents = bytearray(b"\xff" * organisation.size)
        self.writes = 0
        self._pointer = 0
        self._block = 0
        self._word_address = b""
        self._buffer: dict[int, int] = {}
        self._writing = False
        self._busy_until = 0

    @property
    def organisation(self) -> Organisation:
        """How its model is organised."""
        return self.MODELS[self.model]

    # 2.0 Pin descriptions

    def power_on(self) -> None:
        if self.wp.connected:
            self.write_protected = self.wp.level

    @wp.changed
    def _wp_changed(self, at: int, level: bool) -> None:
        self.write_protected = level

    # 5.0 Device addressing, 7.0 Acknowledge polling: no acknowledge during a write cycle

    @bus.start
    def _start(self, at: int, address: int, read: bool) -> bool:
        if at < self._busy_until:
            return False
        block = (address & 7) % (1 << self.organisation.block_bits) << 8
        self._writing = not read
        if read:
            if self.organisation.block_bits:
                self._pointer = self._pointer & 0xFF | block
        else:
            self._block = block
            self._word_address = b""
            self._buffer = {}
        return True

    # 6.0 Write operations

    @bus.write
    def _write(self, at: int, byte: int) -> bool:
        """Word address first, upper byte first; then data, which wraps at the end of the page."""
        organisation = self.organisation
        if len(self._word_address) < organisation.address_bytes:
            self._word_address += bytes([byte])
            if len(self._word_address) == organisation.address_bytes:
                address = int.from_bytes(self._word_address, "big")
                self._pointer = (self._block | address) % organisation.size
            return True
        self._buffer[self._pointer] = byte
        page = self._pointer - self._pointer % organisation.page
        self._pointer = page + (self._pointer + 1) % organisation.page
        return True

    @bus.stop
    def _stop(self, at: int) -> None:
        """STOP starts the write cycle. WP counts at this moment; with WP high nothing is written and nothing busy."""
        if self._writing and self._buffer and not self.write_protected:
            for address, byte in self._buffer.items():
                self.contents[address] = byte
            self.writes += 1
            self._busy_until = at + self.write_cycle
        self._buffer = {}
        self._writing = False

    @bus.restart
    def _restart(self, at: int) -> None:
        """Without STOP nothing is written: a START drops the bytes of the page buffer, the word address stays."""
        self._buffer = {}
        self._writing = False

    # 8.0 Read operation: the pointer counts on, and rolls over at the end of the memory

    @bus.read
    def _read(self, at: int) -> int:
        byte = self.contents[self._pointer]
        self._pointer = (self._pointer + 1) % self.organisation.size
        return byte

    @property
    def busy(self) -> bool:
        """Is a write cycle under way?"""
        return self.now < self._busy_until
