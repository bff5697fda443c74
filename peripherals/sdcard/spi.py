"""An SD card in SPI mode: what it shifts out for every byte that comes in.

SD Physical Layer Simplified Specification 6.00, chapter 7: 7.2 (protocol), 7.3.1 (commands), 7.3.2 (answers), 7.3.3
(tokens).

======  ===================  ======  ==========================================================
CMD     name                 answer  what it does
======  ===================  ======  ==========================================================
0       GO_IDLE_STATE        R1      reset; with CS low and its CRC the card goes to SPI mode
1       SEND_OP_COND         R1      starts the card, as ACMD41 without HCS
6       SWITCH_FUNC          R1      high speed; 64 bytes of status
8       SEND_IF_COND         R7      echoes voltage and check pattern
9, 10   SEND_CSD, SEND_CID   R1      16 bytes of data
12      STOP_TRANSMISSION    R1b     ends a read of several blocks
13      SEND_STATUS          R2      status
16      SET_BLOCKLEN         R1      bytes of a block (standard capacity only)
17, 18  READ_..._BLOCK       R1      one block, several
24, 25  WRITE_..._BLOCK      R1      one block, several
32, 33  ERASE_WR_BLK_...     R1      first and last block of what CMD38 erases
38      ERASE                R1b     erases
55      APP_CMD              R1      the next command is one of ACMD
58      READ_OCR             R3      OCR
59      CRC_ON_OFF           R1      checks of CRC, off in SPI mode
A13     SD_STATUS            R2      64 bytes of data
A22     SEND_NUM_WR_BLOCKS   R1      blocks written well, 4 bytes of data
A23     SET_WR_BLK_ERASE_..  R1      blocks to erase beforehand: a hint
A41     SD_SEND_OP_COND      R1      starts the card
A42     SET_CLR_CARD_DETECT  R1      the pull-up of CS, which is not modelled
A51     SEND_SCR             R1      8 bytes of data
======  ===================  ======  ==========================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from peripherals.sdcard import registers
from peripherals.sdcard.card import Card, RefusedError
from peripherals.sdcard.registers import crc7, crc16

IDLE, ERASED, ILLEGAL, CRC, SEQUENCE, ADDRESS, PARAMETER = (1 << bit for bit in range(7))
"""R1, 7.3.2.1: in idle state, erase reset, illegal command, CRC error, erase sequence, address and parameter error."""

START, START_MULTIPLE, STOP = 0xFE, 0xFC, 0xFD
"""Tokens before a block of data, 7.3.3.2."""
ACCEPTED, BAD_CRC, NOT_WRITTEN = 0x05, 0x0B, 0x0D
"""Answers behind a written block, 7.3.3.1."""
BEHIND_THE_END = 0x08
"""Data error token, 7.3.3.3: out of range."""

R1_OF = {
    registers.OUT_OF_RANGE: PARAMETER,
    registers.BLOCK_LEN_ERROR: PARAMETER,
    registers.ERASE_PARAM: PARAMETER,
    registers.ADDRESS_ERROR: ADDRESS,
    registers.ERASE_SEQ_ERROR: SEQUENCE,
}


class SpiSide:
    """The interface while CS is low: `exchange` takes a byte and gives the one that the card shifts out next."""

    def __init__(self, card: Card) -> None:
        self.card = card
        self.power_on()

    def power_on(self) -> None:
        """The card starts in SD mode, 7.2.1."""
        self.in_spi_mode = False
        self.unknown: list[str] = []
        self._restart()

    def _restart(self) -> None:
        self.checks_crc = False
        self._application = False
        self._frame = b""
        self._out = bytearray()
        self._busy_until = 0
        self._reading: int | None = None
        self._next_at = 0
        self._token: int | None = None
        self._writing = 0
        self._several = False
        self._block: bytearray | None = None
        self._wrote_badly = 0

    def deselect(self) -> None:
        """CS is high: a command that is not complete is gone, all else waits."""
        self._frame = b""

    def is_busy(self, at: int) -> bool:
        """Does it hold its output low?"""
        return at < self._busy_until

    def exchange(self, at: int, byte: int) -> int:
        """A byte came in; what goes out with the next one."""
        if self._block is not None:
            self._take_data(at, byte)
        elif self._frame or byte & 0xC0 == 0x40:
            self._frame += bytes([byte])
            if len(self._frame) == 6:
                frame, self._frame = self._frame, b""
                self._command(at, frame)
        elif self._token is not None and not self.is_busy(at):
            self._see_token(at, byte)
        return self._next(at)

    def _next(self, at: int) -> int:
        if not self._out and self._reading is not None and at >= self._next_at and not self._frame:
            self._send_next_block()
        if self._out:
            return self._out.pop(0)
        return 0x00 if self.is_busy(at) else 0xFF

    # 7.2.3 Data read

    def _send_next_block(self) -> None:
        address, step, several = self._reading or 0, self.card.length, self._several
        data = self.card.read(address)
        self._reading = address + step if several and data is not None else None
        self._send_data(data)
        if several:
            self._out.append(0xFF)

    def _send_data(self, data: bytes | None) -> None:
        if data is None:
            self._out.append(BEHIND_THE_END)
        else:
            self._out += bytes([START]) + data + crc16(data).to_bytes(2, "big")

    # 7.2.4 Data write

    def _see_token(self, at: int, byte: int) -> None:
        if byte == STOP and self._several:
            # One byte passes before the card shows that it is busy (7.2.4, figure 7-7).
            self._token = None
            self._out.append(0xFF)
            self._busy_until = at + self.card.write_time
        elif byte == self._token:
            self._block = bytearray()

    def _take_data(self, at: int, byte: int) -> None:
        block = self._block
        if block is None:
            return
        block.append(byte)
        if len(block) < self.card.length + 2:
            return
        self._block = None
        data, crc = bytes(block[:-2]), int.from_bytes(block[-2:], "big")
        if not self._several:
            self._token = None
        if self.checks_crc and crc != crc16(data):
            self._out.append(0xE0 | BAD_CRC)
        elif self.card.write(self._writing, data):
            self._writing += len(data)
            self._out.append(0xE0 | ACCEPTED)
            self._busy_until = at + self.card.write_time
        else:
            self._wrote_badly = 0x80
            self._out.append(0xE0 | NOT_WRITTEN)

    # 7.3.1 Commands

    def _command(self, at: int, frame: bytes) -> None:
        index, argument = frame[0] & 0x3F, int.from_bytes(frame[1:5], "big")
        right = frame[5] == crc7(frame[:5]) << 1 | 1
        if not self.in_spi_mode:
            # Until CMD0 the card is in SD mode: it checks the CRC, and answers on another line.
            if index == 0 and right:
                self.in_spi_mode = True
                self._go_idle(at, argument)
            return
        application, self._application = self._application, False
        self._token = self._reading = None
        self._out = bytearray(b"\xff")
        if not right and (self.checks_crc or index == 8):
            self._answer(CRC)
            return
        commands = self.APPLICATION if application and index in self.APPLICATION else self.COMMANDS
        act = commands.get(index)
        if act is None or not (self.card.ready or act in self.IN_IDLE):
            if act is None:
                self.unknown.append(f"{'A' if application else ''}CMD{index}")
            self._answer(ILLEGAL)
            return
        broken = index not in (13, 32, 33, 38, 55) and self.card.forget_erase()
        try:
            act(self, at, argument)
        except RefusedError as refused:
            self._answer(R1_OF[refused.error])
        if broken:
            self._out[1] |= ERASED

    def _answer(self, error: int = 0, more: bytes = b"") -> None:
        self._out += bytes([error | (0 if self.card.ready else IDLE)]) + more

    def _go_idle(self, at: int, argument: int) -> None:
        self._restart()
        self.card.reset()
        self._out = bytearray(b"\xff")
        self._answer()

    def _op_cond(self, at: int, argument: int) -> None:
        self.card.start(at, argument)
        self._answer()

    def _switch(self, at: int, argument: int) -> None:
        self._answer()
        self._send_register(self.card.switch(argument))

    def _send_register(self, data: bytes) -> None:
        self._out.append(0xFF)
        self._send_data(data)

    def _interface(self, at: int, argument: int) -> None:
        """CMD8: a card answers to voltages it does not accept with 0."""
        self.card.knows_version_2 = True
        accepted = argument >> 8 & 0xF == 1
        self._answer(0, (argument & 0xFFF if accepted else argument & 0xFF).to_bytes(4, "big"))

    def _csd(self, at: int, argument: int) -> None:
        self._answer()
        self._send_register(self.card.csd)

    def _cid(self, at: int, argument: int) -> None:
        self._answer()
        self._send_register(self.card.cid)

    def _stop(self, at: int, argument: int) -> None:
        """The byte behind CMD12 belongs to the data that it stops (7.2.3)."""
        self._out.append(0xFF)
        self._answer()

    def _status(self, at: int, argument: int) -> None:
        self._answer(0, bytes([self._wrote_badly]))
        self._wrote_badly = 0

    def _set_block_length(self, at: int, argument: int) -> None:
        self.card.set_block_length(argument)
        self._answer()

    def _read_single(self, at: int, argument: int) -> None:
        self._read(at, argument, several=False)

    def _read_several(self, at: int, argument: int) -> None:
        self._read(at, argument, several=True)

    def _read(self, at: int, argument: int, *, several: bool) -> None:
        self._reading = self.card.address(argument)
        self._several = several
        self._next_at = at + self.card.access_time
        self._answer()

    def _write_single(self, at: int, argument: int) -> None:
        self._write(argument, several=False)

    def _write_several(self, at: int, argument: int) -> None:
        self._write(argument, several=True)

    def _write(self, argument: int, *, several: bool) -> None:
        self._writing = self.card.address_to_write(argument)
        self._several = several
        self._token = START_MULTIPLE if several else START
        self._answer()

    def _erase_first(self, at: int, argument: int) -> None:
        self.card.mark(argument, last=False)
        self._answer()

    def _erase_last(self, at: int, argument: int) -> None:
        self.card.mark(argument, last=True)
        self._answer()

    def _erase(self, at: int, argument: int) -> None:
        self.card.erase()
        self._answer()
        self._busy_until = at + self.card.erase_time

    def _application_next(self, at: int, argument: int) -> None:
        self._application = True
        self._answer()

    def _ocr(self, at: int, argument: int) -> None:
        self._answer(0, self.card.ocr.to_bytes(4, "big"))

    def _crc_on_off(self, at: int, argument: int) -> None:
        self.checks_crc = bool(argument & 1)
        self._answer()

    def _sd_status(self, at: int, argument: int) -> None:
        self._answer(0, b"\0")
        self._send_register(self.card.ssr)

    def _well_written(self, at: int, argument: int) -> None:
        self._answer()
        self._send_register(self.card.well_written.to_bytes(4, "big"))

    def _hint(self, at: int, argument: int) -> None:
        self._answer()

    def _scr(self, at: int, argument: int) -> None:
        self._answer()
        self._send_register(registers.scr())

    COMMANDS: ClassVar[Mapping[int, Callable[[SpiSide, int, int], None]]] = {
        0: _go_idle,
        1: _op_cond,
        6: _switch,
        8: _interface,
        9: _csd,
        10: _cid,
        12: _stop,
        13: _status,
        16: _set_block_length,
        17: _read_single,
        18: _read_several,
        24: _write_single,
        25: _write_several,
        32: _erase_first,
        33: _erase_last,
        38: _erase,
        55: _application_next,
        58: _ocr,
        59: _crc_on_off,
    }
    APPLICATION: ClassVar[Mapping[int, Callable[[SpiSide, int, int], None]]] = {
        13: _sd_status,
        22: _well_written,
        23: _hint,
        41: _op_cond,
        42: _hint,
        51: _scr,
    }
    IN_IDLE = frozenset({_go_idle, _op_cond, _interface, _application_next, _ocr, _crc_on_off})
    """All that a card answers before it is ready, 7.2.1."""
