"""A console on a port as RFC 2217 has it: a serial port over Telnet, with its speed and its control lines.

``rfc2217://127.0.0.1:PORT`` for pyserial and esptool. Speed and frame are acknowledged and have no effect: the firmware
decides at what rate its UART runs, and the console follows. DTR and RTS reach the board, where its USB bridge has them
on a reset circuit, or the ESP32-S3 itself at its USB Serial/JTAG controller.

Authorities: RFC 854 (Telnet), RFC 2217 (Com Port Control Option).
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from twins.servers import RawClient

SE, SB, WILL, WONT, DO, DONT, IAC = 240, 250, 251, 252, 253, 254, 255
BINARY, SUPPRESS_GO_AHEAD, COM_PORT = 0, 3, 44
SUPPORTED = frozenset({BINARY, SUPPRESS_GO_AHEAD, COM_PORT})

SET_BAUDRATE, SET_DATASIZE, SET_PARITY, SET_STOPSIZE, SET_CONTROL = 1, 2, 3, 4, 5
SET_LINESTATE_MASK, SET_MODEMSTATE_MASK, PURGE_DATA = 10, 11, 12
FROM_SERVER = 100
ANSWERS = {SET_DATASIZE: 8, SET_PARITY: 1, SET_STOPSIZE: 1}
"""What is told where a client asks with 0: 8N1."""
DTR_ON, DTR_OFF, RTS_ON, RTS_OFF = 8, 9, 11, 12
LONGEST = 64
"""Bytes of a subnegotiation that are kept."""

Lines = Callable[[bool, bool], None]


class Rfc2217Client(RawClient):
    """The end of a client's line. `lines` is called with DTR and RTS when one of them changes."""

    def __init__(self, name: str, lines: Lines) -> None:
        super().__init__(name)
        self._lines = lines
        self._dtr = self._rts = False
        self._baud = 115_200
        self._state = "data"
        self._verb = 0
        self._sub = bytearray()
        self._agreed: set[tuple[int, int]] = set()

    def sent(self, data: bytes) -> bytes:
        """The console's bytes as Telnet has them.

        >>> Rfc2217Client("c", lambda dtr, rts: None).sent(b"a\\xff")
        b'a\\xff\\xff'
        """
        return data.replace(b"\xff", b"\xff\xff")

    def received(self, data: bytes) -> bytes:
        """The bytes to type; commands are carried out.

        >>> Rfc2217Client("c", lambda dtr, rts: None).received(b"a\\xff\\xff\\xff\\xfb\\x03b")
        b'a\\xffb'
        """
        typed = bytearray()
        for byte in data:
            self._take(byte, typed)
        return bytes(typed)

    def _take(self, byte: int, typed: bytearray) -> None:
        match self._state:
            case "data":
                if byte == IAC:
                    self._state = "command"
                else:
                    typed.append(byte)
            case "command":
                self._state = "data"
                if byte == IAC:
                    typed.append(byte)
                elif byte in (WILL, WONT, DO, DONT):
                    self._verb, self._state = byte, "option"
                elif byte == SB:
                    self._sub.clear()
                    self._state = "sub"
            case "option":
                self._state = "data"
                self._negotiate(self._verb, byte)
            case "sub":
                if byte == IAC:
                    self._state = "sub command"
                elif len(self._sub) < LONGEST:
                    self._sub.append(byte)
            case _:
                self._state = "data" if byte == SE else "sub"
                if byte == IAC and len(self._sub) < LONGEST:
                    self._sub.append(byte)
                elif byte == SE:
                    self._subnegotiate(bytes(self._sub))

    def _reply(self, data: bytes) -> None:
        """Bytes of the protocol itself for the client."""
        self._unsent += data

    def _negotiate(self, verb: int, option: int) -> None:
        """RFC 854: an answer only to what changes something, so that nobody answers for ever."""
        if verb in (WILL, DO):
            if (verb, option) in self._agreed:
                return
            if option in SUPPORTED:
                self._agreed.add((verb, option))
                answer = DO if verb == WILL else WILL
            else:
                answer = DONT if verb == WILL else WONT
            self._reply(bytes([IAC, answer, option]))
        else:
            asked = WILL if verb == WONT else DO
            if (asked, option) in self._agreed:
                self._agreed.remove((asked, option))
                self._reply(bytes([IAC, DONT if verb == WONT else WONT, option]))

    def _subnegotiate(self, data: bytes) -> None:
        if len(data) < 2 or data[0] != COM_PORT:
            return
        command, value = data[1], data[2:]
        if command == SET_BAUDRATE and len(value) == 4:
            self._baud = struct.unpack(">I", value)[0] or self._baud
            value = struct.pack(">I", self._baud)
        elif command in ANSWERS and len(value) == 1:
            value = value if value[0] else bytes([ANSWERS[command]])
        elif command == SET_CONTROL and len(value) == 1:
            value = bytes([self._control(value[0])])
        elif command not in (SET_LINESTATE_MASK, SET_MODEMSTATE_MASK, PURGE_DATA):
            return
        body = bytes([COM_PORT, command + FROM_SERVER]) + value.replace(b"\xff", b"\xff\xff")
        self._reply(bytes([IAC, SB]) + body + bytes([IAC, SE]))

    def _control(self, value: int) -> int:
        """Sets or tells a control line; the value to answer with. No flow control, no break."""
        before = self._dtr, self._rts
        if value in (DTR_ON, DTR_OFF):
            self._dtr = value == DTR_ON
        elif value in (RTS_ON, RTS_OFF):
            self._rts = value == RTS_ON
        if before != (self._dtr, self._rts):
            self._lines(self._dtr, self._rts)
        asked = {0: 1, 4: 6, 7: DTR_ON if self._dtr else DTR_OFF, 10: RTS_ON if self._rts else RTS_OFF, 13: 14}
        return asked.get(value, value)
