"""An SD card on the SD bus: one command line, one or four lines of data.

SD Physical Layer Simplified Specification 6.00: 4.2 (identification), 4.3 (data transfer), 4.7 (commands), 4.8
(states), 4.9 (answers), 4.10 (status).

======  ===================  =======  =========================  ================================================
CMD     name                 answer   in states                  what it does
======  ===================  =======  =========================  ================================================
0       GO_IDLE_STATE        none     all                        reset
2       ALL_SEND_CID         R2       ready                      CID; goes to ident
3       SEND_RELATIVE_ADDR   R6       ident, stby                a new relative address
4       SET_DSR              none     stby                       no driver stage register: ignored
6       SWITCH_FUNC          R1       tran                       high speed; 64 bytes of status
7       SELECT/DESELECT      R1b      stby, tran, data, prg      with its address to tran, with others to stby
8       SEND_IF_COND         R7       idle                       echoes voltage and check pattern
9, 10   SEND_CSD, SEND_CID   R2       stby
12      STOP_TRANSMISSION    R1b      data, rcv                  ends a transfer of several blocks
13      SEND_STATUS          R1       all but idle to ident
15      GO_INACTIVE_STATE    none     stby to prg                it answers nothing until the supply is cut
16      SET_BLOCKLEN         R1       tran                       bytes of a block (standard capacity only)
17, 18  READ_..._BLOCK       R1       tran                       one block, several
23      SET_BLOCK_COUNT      R1       tran                       blocks of the next CMD18 or CMD25
24, 25  WRITE_..._BLOCK      R1       tran                       one block, several
32, 33  ERASE_WR_BLK_...     R1       tran                       first and last block of what CMD38 erases
38      ERASE                R1b      tran
55      APP_CMD              R1       all                        the next command is one of ACMD
A6      SET_BUS_WIDTH        R1       tran                       1 or 4 lines
A13     SD_STATUS            R1       tran                       64 bytes of data
A22     SEND_NUM_WR_BLOCKS   R1       tran                       blocks written well, 4 bytes of data
A23     SET_WR_BLK_ERASE_..  R1       tran                       blocks to erase beforehand: a hint
A41     SD_SEND_OP_COND      R3       idle                       starts the card
A42     SET_CLR_CARD_DETECT  R1       tran                       the pull-up of DAT3, which is not modelled
A51     SEND_SCR             R1       tran                       8 bytes of data
======  ===================  =======  =========================  ================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from peripherals.sdcard import registers
from peripherals.sdcard.card import Card, RefusedError
from twins.buses import SdAnswer, SdBlock, SdWritten

IDLE, READY, IDENT, STBY, TRAN, DATA, RCV, PRG, DIS, INA = range(10)
"""CURRENT_STATE, 4.10.1; the last one answers nothing."""

R3_HEAD = 0x3F
"""R2 and R3 carry ones instead of an index, 4.9.3 and 4.9.4."""


class BusSide:
    """The interface: `command`, `read` and `write` of a port on the SD bus."""

    def __init__(self, card: Card) -> None:
        self.card = card
        self.power_on()

    def power_on(self) -> None:
        """The supply comes."""
        self._last_address = 0
        self.unknown: list[str] = []
        self._restart()

    def _restart(self) -> None:
        self._state = IDLE
        self.address = 0
        self._application = False
        self._errors = 0
        self._busy_until = 0
        self._position = 0
        self._left: int | None = None
        self._count: int | None = None
        self._register: bytes | None = None
        self._ready_at = 0

    def state(self, at: int) -> int:
        """CURRENT_STATE: programming ends by itself."""
        if self._state in (PRG, DIS) and at >= self._busy_until:
            self._state = TRAN if self._state == PRG else STBY
        return self._state

    # 4.7, 4.8 Commands

    def command(self, at: int, index: int, argument: int) -> SdAnswer | None:
        """A command came; the answer, if there is one."""
        state = self.state(at)
        application, self._application = self._application, False
        commands = self.APPLICATION if application and index in self.APPLICATION else self.COMMANDS
        states, act = commands.get(index, ((), None))
        if state == INA:
            return None
        if act is None or state not in states:
            # An illegal command has no answer; the next one tells of it (4.10.1).
            self._errors |= registers.ILLEGAL_COMMAND
            if act is None:
                self.unknown.append(f"{'A' if application else ''}CMD{index}")
            return None
        status = self._status(at, commands is self.APPLICATION or index == 55)
        if index not in (13, 32, 33, 38, 55) and self.card.forget_erase():
            status |= registers.ERASE_RESET
        if index not in (18, 25, 23, 13, 55):
            self._count = None
        try:
            answer = act(self, at, argument)
        except RefusedError as refused:
            return self._r1(index, status | refused.error)
        if isinstance(answer, SdAnswer):
            self._errors = 0
            return answer
        return self._r1(index, status, answer) if answer is not None else None

    def _r1(self, index: int, status: int, busy: int = 0) -> SdAnswer:
        self._errors = 0
        return SdAnswer(registers.framed(index, status.to_bytes(4, "big")), busy)

    def _status(self, at: int, application: bool = False) -> int:
        """4.10.1: errors since the last answer, the state in which the command came."""
        ready = 0 if at < self._busy_until else registers.READY_FOR_DATA
        return self._errors | self._state << 9 | ready | (registers.APP_CMD if application else 0)

    def _is_mine(self, argument: int) -> bool:
        return argument >> 16 == self.address

    # 4.2 Identification. A method gives a whole answer, or the time for which R1 goes on as busy, or None for silence.

    def _go_idle(self, at: int, argument: int) -> None:
        self._restart()
        self.card.reset()

    def _interface(self, at: int, argument: int) -> SdAnswer | None:
        self.card.knows_version_2 = True
        if argument >> 8 & 0xF != 1:
            return None
        return SdAnswer(registers.framed(8, (argument & 0xFFF).to_bytes(4, "big")))

    def _op_cond(self, at: int, argument: int) -> SdAnswer:
        """With a voltage window of 0 the host only asks (4.2.3.1)."""
        if argument & registers.OCR_WINDOW and self.card.start(at, argument):
            self._state = READY
        return SdAnswer(bytes([R3_HEAD]) + self.card.ocr.to_bytes(4, "big") + b"\xff")

    def _all_send_cid(self, at: int, argument: int) -> SdAnswer:
        self._state = IDENT
        return SdAnswer(bytes([R3_HEAD]) + self.card.cid)

    def _relative_address(self, at: int, argument: int) -> SdAnswer:
        """R6: the address, and bits 23, 22, 19 and 12 to 0 of the status."""
        status = self._status(at)
        self._state = STBY
        self._last_address = self.address = self._last_address % 0xFFFF + 1
        bits = status >> 8 & 0xC000 | status >> 6 & 0x2000 | status & 0x1FFF
        return SdAnswer(registers.framed(3, (self.address << 16 | bits).to_bytes(4, "big")))

    def _ignore(self, at: int, argument: int) -> None:
        pass

    def _select(self, at: int, argument: int) -> int | None:
        busy = self.state(at) in (PRG, DIS)
        if self._is_mine(argument) and self.address:
            self._state = PRG if busy else TRAN
            return max(0, self._busy_until - at)
        self._state = DIS if busy else STBY
        return None

    def _send_csd(self, at: int, argument: int) -> SdAnswer | None:
        return SdAnswer(bytes([R3_HEAD]) + self.card.csd) if self._is_mine(argument) else None

    def _send_cid(self, at: int, argument: int) -> SdAnswer | None:
        return SdAnswer(bytes([R3_HEAD]) + self.card.cid) if self._is_mine(argument) else None

    def _send_status(self, at: int, argument: int) -> int | None:
        return 0 if self._is_mine(argument) else None

    def _go_inactive(self, at: int, argument: int) -> None:
        if self._is_mine(argument):
            self._state = INA

    def _application_next(self, at: int, argument: int) -> int | None:
        if not self._is_mine(argument):
            return None
        self._application = True
        return 0

    # 4.3 Data transfer

    def _send(self, at: int, register: bytes) -> int:
        self._register = register
        self._ready_at = at + self.card.access_time
        self._state = DATA
        return 0

    def _switch(self, at: int, argument: int) -> int:
        return self._send(at, self.card.switch(argument))

    def _sd_status(self, at: int, argument: int) -> int:
        return self._send(at, self.card.ssr)

    def _well_written(self, at: int, argument: int) -> int:
        return self._send(at, self.card.well_written.to_bytes(4, "big"))

    def _send_scr(self, at: int, argument: int) -> int:
        return self._send(at, registers.scr())

    def _set_lines(self, at: int, argument: int) -> int:
        self.card.lines = 4 if argument & 3 == 2 else 1
        return 0

    def _hint(self, at: int, argument: int) -> int:
        return 0

    def _set_block_length(self, at: int, argument: int) -> int:
        self.card.set_block_length(argument)
        return 0

    def _set_count(self, at: int, argument: int) -> int:
        self._count = argument or None
        return 0

    def _read_single(self, at: int, argument: int) -> int:
        return self._start_read(at, argument, 1)

    def _read_several(self, at: int, argument: int) -> int:
        return self._start_read(at, argument, self._count)

    def _start_read(self, at: int, argument: int, count: int | None) -> int:
        self._position, self._left, self._count = self.card.address(argument), count, None
        self._register = None
        self._ready_at = at + self.card.access_time
        self._state = DATA
        return 0

    def read(self, at: int, lines: int) -> SdBlock | None:
        """The host waits for a block of data on so many lines; None: there is none, or not on these lines."""
        if self.state(at) != DATA or lines != self.card.lines:
            return None
        data = self._register if self._register is not None else self.card.read(self._position)
        if data is None:
            self._errors |= registers.OUT_OF_RANGE
            return None
        if self._register is None and self._left is not None:
            self._left -= 1
        if self._register is not None or self._left == 0:
            self._state = TRAN
        self._position += len(data)
        return SdBlock(data, max(0, self._ready_at - at))

    def _write_single(self, at: int, argument: int) -> int:
        return self._start_write(argument, 1)

    def _write_several(self, at: int, argument: int) -> int:
        return self._start_write(argument, self._count)

    def _start_write(self, argument: int, count: int | None) -> int:
        self._position, self._left, self._count = self.card.address_to_write(argument), count, None
        self._state = RCV
        return 0

    def write(self, at: int, lines: int, data: bytes) -> SdWritten | None:
        """A block of data came on so many lines; None: the card does not answer to it."""
        if self.state(at) != RCV:
            return None
        if lines != self.card.lines or len(data) != self.card.length:
            return SdWritten(accepted=False)
        if not self.card.write(self._position, data):
            self._errors |= registers.OUT_OF_RANGE
            return SdWritten(accepted=False)
        self._position += len(data)
        self._busy_until = at + self.card.write_time
        if self._left is not None:
            self._left -= 1
            if self._left == 0:
                self._state = PRG
        return SdWritten(accepted=True, busy=self.card.write_time)

    def _stop(self, at: int, argument: int) -> int:
        if self._state == DATA:
            self._state = TRAN
            return 0
        self._state = PRG
        self._busy_until = max(self._busy_until, at + self.card.write_time)
        return self._busy_until - at

    # 4.3.5 Erase

    def _erase_first(self, at: int, argument: int) -> int:
        self.card.mark(argument, last=False)
        return 0

    def _erase_last(self, at: int, argument: int) -> int:
        self.card.mark(argument, last=True)
        return 0

    def _erase(self, at: int, argument: int) -> int:
        self.card.erase()
        self._state = PRG
        self._busy_until = at + self.card.erase_time
        return self.card.erase_time

    _Act = Callable[["BusSide", int, int], "SdAnswer | int | None"]
    _ALL, _SELECTED = tuple(range(9)), (TRAN,)

    COMMANDS: ClassVar[Mapping[int, tuple[tuple[int, ...], _Act]]] = {
        0: (_ALL, _go_idle),
        2: ((READY,), _all_send_cid),
        3: ((IDENT, STBY), _relative_address),
        4: ((STBY,), _ignore),
        6: (_SELECTED, _switch),
        7: ((STBY, TRAN, DATA, PRG, DIS), _select),
        8: ((IDLE,), _interface),
        9: ((STBY,), _send_csd),
        10: ((STBY,), _send_cid),
        12: ((DATA, RCV), _stop),
        13: ((STBY, TRAN, DATA, RCV, PRG, DIS), _send_status),
        15: ((STBY, TRAN, DATA, RCV, PRG, DIS), _go_inactive),
        16: (_SELECTED, _set_block_length),
        17: (_SELECTED, _read_single),
        18: (_SELECTED, _read_several),
        23: (_SELECTED, _set_count),
        24: (_SELECTED, _write_single),
        25: (_SELECTED, _write_several),
        32: (_SELECTED, _erase_first),
        33: (_SELECTED, _erase_last),
        38: (_SELECTED, _erase),
        55: (_ALL, _application_next),
    }
    APPLICATION: ClassVar[Mapping[int, tuple[tuple[int, ...], _Act]]] = {
        6: (_SELECTED, _set_lines),
        13: (_SELECTED, _sd_status),
        22: (_SELECTED, _well_written),
        23: (_SELECTED, _hint),
        41: ((IDLE,), _op_cond),
        42: (_SELECTED, _hint),
        51: (_SELECTED, _send_scr),
    }
