"""What an SD card is behind either of its interfaces: memory, registers, erase groups, times.

SD Physical Layer Simplified Specification 6.00: 4.3.3 to 4.3.5 (read, write, erase), 4.2.3 (initialization), 5
(registers).
"""

from __future__ import annotations

from dataclasses import dataclass

from peripherals.sdcard import registers
from peripherals.sdcard.blocks import BLOCK, Blocks


class RefusedError(Exception):
    """A command cannot be carried out: the bit of the card status that says why."""

    def __init__(self, error: int) -> None:
        super().__init__(f"{error:08x}")
        self.error = error


@dataclass
class Card:
    """Memory, registers and times of a card.

    Attributes:
        high_capacity: SDHC: addresses count blocks; else SDSC, where they count bytes.
        access_time: ps from a read command to its data.
        write_time: ps that a block takes to be programmed.
        erase_time: ps that an erase takes.
        start_time: ps from the first ACMD41 to the end of the card's own start.
    """

    blocks: Blocks
    high_capacity: bool
    cid: bytes
    access_time: int
    write_time: int
    erase_time: int
    start_time: int

    def __post_init__(self) -> None:
        self.blocks_read = self.blocks_written = 0
        self.lines = 1
        self.high_speed = False
        self.reset()

    def reset(self) -> None:
        """CMD0: all but the memory."""
        self.started_at: int | None = None
        self.ready = False
        self.knows_version_2 = False
        self.block_length = BLOCK
        self.erase_first: int | None = None
        self.erase_last: int | None = None
        self.well_written = 0
        self.lines = 1
        self.high_speed = False

    # 4.2.3 Initialization: ACMD41

    def start(self, at: int, argument: int) -> bool:
        """ACMD41. True once the card is ready. A high-capacity card waits for a host that sent CMD8 and sets HCS."""
        if self.high_capacity and not (self.knows_version_2 and argument & registers.OCR_CCS):
            return False
        if self.started_at is None:
            self.started_at = at
        self.ready = at >= self.started_at + self.start_time
        return self.ready

    @property
    def ocr(self) -> int:
        """5.1. CCS is valid once the card is ready."""
        done = registers.OCR_READY | (registers.OCR_CCS if self.high_capacity else 0) if self.ready else 0
        return done | registers.OCR_WINDOW

    @property
    def csd(self) -> bytes:
        """5.3."""
        csd = registers.csd_2 if self.high_capacity else registers.csd_1
        return csd(self.blocks.size, self.high_speed)

    @property
    def ssr(self) -> bytes:
        """4.10.2."""
        return registers.ssr(self.lines)

    def switch(self, argument: int) -> bytes:
        """CMD6."""
        status, self.high_speed = registers.switch_status(argument, self.high_speed)
        return status

    # 4.3.14 Addresses and block lengths

    @property
    def length(self) -> int:
        """Bytes in a block of data: of a high-capacity card always 512."""
        return BLOCK if self.high_capacity else self.block_length

    def set_block_length(self, length: int) -> None:
        """CMD16."""
        if not 0 < length <= BLOCK:
            raise RefusedError(registers.BLOCK_LEN_ERROR)
        self.block_length = length

    def address(self, argument: int) -> int:
        """The byte address of a command's argument."""
        address = argument * BLOCK if self.high_capacity else argument
        if address + self.length > self.blocks.size:
            raise RefusedError(registers.OUT_OF_RANGE)
        if address % BLOCK + self.length > BLOCK:
            raise RefusedError(registers.ADDRESS_ERROR)
        return address

    def address_to_write(self, argument: int) -> int:
        """As `address`; parts of a block cannot be written (CSD: WRITE_BL_PARTIAL is 0)."""
        address = self.address(argument)
        if self.length != BLOCK:
            raise RefusedError(registers.BLOCK_LEN_ERROR)
        self.well_written = 0
        return address

    def read(self, address: int) -> bytes | None:
        """A block of data; None behind the end of the memory."""
        if address + self.length > self.blocks.size:
            return None
        self.blocks_read += 1
        return self.blocks.read(address, self.length)

    def write(self, address: int, data: bytes) -> bool:
        """Programs a block. False behind the end of the memory."""
        if address + len(data) > self.blocks.size:
            return False
        self.blocks.write(address, data)
        self.blocks_written += 1
        self.well_written += 1
        return True

    # 4.3.5 Erase

    def mark(self, argument: int, *, last: bool) -> None:
        """CMD32 and CMD33."""
        if last and self.erase_first is None:
            raise RefusedError(registers.ERASE_SEQ_ERROR)
        block = argument if self.high_capacity else argument // BLOCK
        if block * BLOCK >= self.blocks.size:
            self.forget_erase()
            raise RefusedError(registers.OUT_OF_RANGE)
        if last:
            self.erase_last = block
        else:
            self.erase_first, self.erase_last = block, None

    def erase(self) -> None:
        """CMD38."""
        first, last = self.erase_first, self.erase_last
        self.forget_erase()
        if first is None or last is None:
            raise RefusedError(registers.ERASE_SEQ_ERROR)
        if last < first:
            raise RefusedError(registers.ERASE_PARAM)
        self.blocks.erase(first, last)

    def forget_erase(self) -> bool:
        """Any other command but CMD13 breaks an erase sequence off. True: there was one."""
        broken = self.erase_first is not None
        self.erase_first = self.erase_last = None
        return broken
