"""Hosts of an SD card on a bench: one on SPI, one on the SD bus."""

from __future__ import annotations

from typing import Any

from peripherals import Sdcard
from peripherals.sdcard.registers import crc7, crc16
from twins.bench import Bench
from twins.buses import SdAnswer, SdBlock, SdWritten

MIB = 1 << 20


class SpiHost:
    """A host in SPI mode that speaks as SD specification 7.2 wants it, byte by byte."""

    def __init__(self, started: bool = True, **options: Any) -> None:
        self.bench = Bench()
        self.sd = self.bench.add(Sdcard(**options))
        self.bench.select(self.sd.spi, True)
        self.shown = 0xFF
        if started:
            self.start(high_capacity=self.sd.card.high_capacity)

    def byte(self, out: int = 0xFF) -> int:
        """One byte out, one byte in."""
        seen = self.shown
        answer = self.bench.send(self.sd.spi, [out], bit="40ns")
        self.shown = answer[0] if answer else 0xFF
        return seen

    def bytes(self, count: int) -> bytes:
        return bytes(self.byte() for _ in range(count))

    def command(self, index: int, argument: int = 0, more: int = 0, crc: int | None = None) -> bytes:
        """R1 and as many bytes behind it. A host waits for up to 8 bytes (N_CR)."""
        frame = bytes([0x40 | index]) + argument.to_bytes(4, "big")
        for byte in frame + bytes([(crc7(frame) << 1 | 1) if crc is None else crc]):
            self.byte(byte)
        if index == 12:
            self.byte()
        for _ in range(8):
            r1 = self.byte()
            if not r1 & 0x80:
                return bytes([r1]) + self.bytes(more)
        return b""

    def application(self, index: int, argument: int = 0, more: int = 0) -> bytes:
        self.command(55)
        return self.command(index, argument, more)

    def start(self, high_capacity: bool = True) -> None:
        assert self.command(0) == b"\x01"
        assert self.command(8, 0x1AA, 4) == b"\x01\x00\x00\x01\xaa"
        while self.application(41, 0x4000_0000 if high_capacity else 0) != b"\x00":
            self.bench.run("1ms")

    def data(self, count: int) -> bytes:
        """Waits for the start token and takes a block; its CRC must be right. A data error token comes alone."""
        for _ in range(10_000):
            token = self.byte()
            if token == 0xFE:
                data = self.bytes(count)
                assert int.from_bytes(self.bytes(2), "big") == crc16(data)
                return data
            if token != 0xFF:
                return bytes([token])
        return b""

    def send(self, data: bytes, token: int = 0xFE, crc: int | None = None) -> int:
        """A block of data behind its token; the data response, 7.3.3.1."""
        for byte in bytes([0xFF, token]) + data + (crc16(data) if crc is None else crc).to_bytes(2, "big"):
            self.byte(byte)
        return self.byte() & 0x1F

    def wait(self) -> int:
        """How many bytes long it is busy."""
        for count in range(1_000_000):
            if self.byte() == 0xFF:
                return count
        raise AssertionError("busy for ever")


class BusHost:
    """A host on the SD bus, SD specification 4."""

    def __init__(self, started: bool = True, **options: Any) -> None:
        self.bench = Bench()
        self.sd = self.bench.add(Sdcard(**options))
        self.rca = 0
        if started:
            self.start()

    def command(self, index: int, argument: int = 0) -> int | None:
        """The 32 bits of an answer of 48, or the 128 of one of 136; the CRC must be right where there is one."""
        answer: SdAnswer | None = self.sd.bus.handle("command", self.bench.now, index, argument)
        if answer is None:
            return None
        response = answer.response
        if response[0] != 0x3F:
            assert response[0] == index
            assert response[-1] == crc7(response[:-1]) << 1 | 1
        self.bench.run_ps(answer.busy)
        return int.from_bytes(response[1:-1] if len(response) == 6 else response[1:], "big")

    def application(self, index: int, argument: int = 0) -> int | None:
        self.command(55, self.rca << 16)
        return self.command(index, argument)

    def start(self) -> None:
        """4.2.3: to the state tran."""
        self.command(0)
        self.command(8, 0x1AA)
        while not (self.application(41, 0x40FF_8000) or 0) >> 31:
            self.bench.run("1ms")
        self.command(2)
        self.rca = (self.command(3) or 0) >> 16
        self.command(7, self.rca << 16)

    @property
    def state(self) -> int:
        """CURRENT_STATE, bits 12 to 9 of the status."""
        return (self.command(13, self.rca << 16) or 0) >> 9 & 0xF

    def read(self, lines: int = 1) -> bytes | None:
        block: SdBlock | None = self.sd.bus.handle("read", self.bench.now, lines)
        if block is not None:
            self.bench.run_ps(block.delay)
        return None if block is None else block.data

    def write(self, data: bytes, lines: int = 1) -> bool | None:
        written: SdWritten | None = self.sd.bus.handle("write", self.bench.now, lines, data)
        return None if written is None else written.accepted
