"""A program of a PC at the PICOBOOT interface of a chip in USB boot, as picotool is one: RP2040 datasheet, 2.8.5."""

from __future__ import annotations

import itertools
import struct

from twins import Twin

MAGIC = 0x431FD10B
EXCLUSIVE_ACCESS, REBOOT, FLASH_ERASE, READ, WRITE = 0x01, 0x02, 0x03, 0x84, 0x05
EXIT_XIP, ENTER_CMD_XIP, EXEC, VECTORIZE_FLASH = 0x06, 0x07, 0x08, 0x09
OUT, IN = 0x03, 0x84
"""The endpoints that the interface has on a chip with both interfaces."""

OK, UNKNOWN_CMD, INVALID_CMD_LENGTH, INVALID_TRANSFER_LENGTH, INVALID_ADDRESS, BAD_ALIGNMENT = range(6)
INTERLEAVED_WRITE, REBOOTING, UNKNOWN_ERROR = range(6, 9)

PATIENCE = 5_000_000_000_000


class Refused(Exception):  # noqa: N818  # it is the device's word
    """The device stalled its endpoints."""


class Picoboot:
    """The interface of the device on USB."""

    def __init__(self, twin: Twin, interface: int = 1) -> None:
        self.twin = twin
        self.usb = twin.usb
        self.interface = interface
        self.tokens = itertools.count(100)

    def status(self) -> tuple[int, int, int, bool]:
        """GET_COMMAND_STATUS: dToken, dStatusCode, bCmdId, bInProgress."""
        token, code, command, busy = struct.unpack(
            "<IIBB6x", self.usb.request(0xC1, 0x42, 0, self.interface, length=16)
        )
        return token, code, command, bool(busy)

    def reset(self) -> None:
        """INTERFACE_RESET; the host clears the halts at its own end, too."""
        self.usb.request(0x41, 0x41, 0, self.interface)
        for endpoint in (OUT, IN):
            self.usb.request(0x02, 1, 0, endpoint)

    def command(
        self, number: int, arguments: bytes = b"", size: int | None = None, length: int = 0, data: bytes = b""
    ) -> bytes:
        """Sends a command, with its data in either direction. Raises `Refused`."""
        token = next(self.tokens)
        self.usb.take(IN)
        size = len(arguments) if size is None else size
        head = struct.pack("<IIBBHI16s", MAGIC, token, number, size, 0, length or len(data), arguments)
        self.usb.send(OUT, head)
        for start in range(0, len(data), 64):
            self.usb.send(OUT, data[start : start + 64])
        got: list[bytes] = []
        reads = number & 0x80

        def done() -> bool:
            got.extend(self.usb.take(IN))
            return sum(map(len, got)) >= length if reads else bool(got)

        def look() -> None:
            for endpoint in (IN, OUT):
                if self.usb.request(0x82, 0, 0, endpoint, length=2)[0] & 1:
                    raise Refused(f"command 0x{number:02X}")

        assert self.usb.wait(done, PATIENCE, looks=look), "the command neither ends nor fails"
        if reads:
            self.usb.send(OUT, b"")
            self.twin.run("1ms")
        else:
            assert got == [b""], got
        return b"".join(got)

    def read(self, address: int, count: int) -> bytes:
        """READ."""
        return self.command(READ, struct.pack("<II", address, count), length=count)

    def write(self, address: int, data: bytes) -> None:
        """WRITE."""
        self.command(WRITE, struct.pack("<II", address, len(data)), data=data)

    def erase(self, address: int, count: int) -> None:
        """FLASH_ERASE."""
        self.command(FLASH_ERASE, struct.pack("<II", address, count))

    def exec(self, address: int) -> None:
        """EXEC."""
        self.command(EXEC, struct.pack("<I", address))

    def reboot(self, pc: int = 0, sp: int = 0, delay: int = 10) -> None:
        """REBOOT."""
        self.command(REBOOT, struct.pack("<III", pc, sp, delay))
