"""A client of the bridge, as docs/bridge.md describes it: it plays the processors and holds the memories."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

NEVER = (1 << 64) - 1
CHIPS = {"rp2040": 1, "esp32s3": 2}
MEMORIES = {
    "rp2040": {0: 0x4000, 0x1000_0000: 16 << 20, 0x2000_0000: 264 << 10},
    "esp32s3": {
        0x4000_0000: 0x6_0000,
        0x3FF0_0000: 0x2_0000,
        0x3FC8_8000: 0x7_8000,
        0x600F_E000: 0x2000,
        0x5000_0000: 0x2000,
        0x3C00_0000: 32 << 20,
    },
}


class Refused(Exception):  # noqa: N818  # the name of the frame
    """The server sent Refused."""


class Fault(Exception):  # noqa: N818  # the name of the frame
    """A bus error."""


@dataclass
class Client:
    """The other end of the bridge."""

    address: str
    token: bytes
    chip: str = "rp2040"
    now: int = 0
    next: int = NEVER
    lines: list[int] = field(default_factory=lambda: [0, 0])
    kept: list[int | None] = field(default_factory=lambda: [None, None])
    resets: list[tuple[int, int]] = field(default_factory=list)
    events: list[int] = field(default_factory=lambda: [0, 0])
    nmis: list[int] = field(default_factory=lambda: [0, 0])
    clock: int = 0
    traps: list[int] = field(default_factory=list)
    fetched: list[tuple[int, int]] = field(default_factory=list)
    stored: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.memories = {start: bytearray(size) for start, size in MEMORIES[self.chip].items()}
        host, colon, port = self.address.partition(":")
        if colon:
            self.socket = socket.create_connection((host, int(port)), timeout=20)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(20)
            self.socket.connect(self.address)
        self.file = self.socket.makefile("rb")
        self.socket.sendall(self.token)

    def close(self) -> None:
        if self.file.closed:
            return
        # A thread may wait for an answer; the server may have closed the other end.
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.file.close()
        self.socket.close()

    # Frames

    def send(self, kind: int, body: bytes = b"") -> None:
        self.socket.sendall(struct.pack("<IB", len(body) + 1, kind) + body)

    def receive(self) -> tuple[int, bytes]:
        head = self.file.read(4)
        if len(head) < 4:
            raise ConnectionError("the server closed the connection")
        frame = self.file.read(struct.unpack("<I", head)[0])
        return frame[0], frame[1:]

    def memory(self, addr: int, count: int) -> memoryview | None:
        for start, data in self.memories.items():
            if start <= addr and addr + count <= start + len(data):
                return memoryview(data)[addr - start : addr - start + count]
        return None

    def ask(self, kind: int, body: bytes = b"") -> tuple[int, bytes]:
        """Sends a request, carries out notices, and returns the answer."""
        self.send(kind, body)
        while True:
            kind, body = self.receive()
            if kind < 0xC0:
                break
            self.notice(kind, body)
        if kind == 0x8F:
            raise Refused(body.decode())
        return kind, body

    def notice(self, kind: int, body: bytes) -> None:
        if kind == 0xC1:
            addr, count = struct.unpack("<II", body)
            self.fetched.append((addr, count))
            found = self.memory(addr, count)
            self.send(0x42) if found is None else self.send(0x41, bytes(found))
        elif kind == 0xC2:
            addr, data = struct.unpack("<I", body[:4])[0], body[4:]
            self.stored.append((addr, len(data)))
            found = self.memory(addr, len(data))
            assert found is not None, hex(addr)
            found[:] = data
        elif kind == 0xC3:
            core, levels = struct.unpack("<BI", body)
            self.lines[core] = levels
        elif kind == 0xC4:
            self.resets.append((body[0], body[1]))
        elif kind == 0xC5:
            self.kept[body[0]] = body[1]
        elif kind == 0xC6:
            self.events[body[0]] += 1
        elif kind == 0xC7:
            self.nmis[body[0]] += 1
        elif kind == 0xC8:
            (self.clock,) = struct.unpack("<Q", body)
        elif kind == 0xC9:
            self.traps = list(struct.unpack(f"<{len(body) // 4}I", body))
        else:
            raise AssertionError(f"a notice 0x{kind:02X}, which there is not")

    # Requests

    def hello(self, version: int = 1, cores: int = 2) -> None:
        kind, body = self.ask(0x01, struct.pack("<HBB", version, CHIPS[self.chip], cores))
        assert kind == 0x81
        _, self.now, self.next = struct.unpack("<HQQ", body)

    def read(self, addr: int, size: int = 4, core: int = 0, at: int | None = None) -> int:
        self.now = self.now if at is None else at
        kind, body = self.ask(0x02, struct.pack("<BBIQ", core, size, addr, self.now))
        if kind == 0x83:
            raise Fault(hex(addr))
        assert kind == 0x82
        value, self.next = struct.unpack("<IQ", body)
        return int(value)

    def write(self, addr: int, value: int, size: int = 4, core: int = 0, at: int | None = None) -> None:
        self.now = self.now if at is None else at
        kind, body = self.ask(0x03, struct.pack("<BBIIQ", core, size, addr, value, self.now))
        if kind == 0x83:
            raise Fault(hex(addr))
        assert kind == 0x84
        (self.next,) = struct.unpack("<Q", body)

    def advance(self, at: int) -> None:
        self.now = at
        kind, body = self.ask(0x04, struct.pack("<Q", at))
        assert kind == 0x84
        (self.next,) = struct.unpack("<Q", body)

    def trap(self, core: int, pc: int, registers: list[int]) -> tuple[int, int, list[int]]:
        """Returns how it ended, the time, and the registers."""
        count = len(registers)
        body = struct.pack(f"<BIQB{count}I", core, pc, self.now, count, *registers)
        kind, body = self.ask(0x05, body)
        assert kind == 0x85
        self.next, how, time, count = struct.unpack("<QBQB", body[:18])
        return how, time, list(struct.unpack(f"<{count}I", body[18:]))

    def restarted(self, core: int = 0xFF) -> None:
        kind, _ = self.ask(0x06, struct.pack("<BQ", core, self.now))
        assert kind == 0x84

    def bye(self) -> None:
        assert self.ask(0x07)[0] == 0x84


Program = Callable[[Client], Iterator[int]]
"""What the processors do: requests at the client's present moment; a yield waits until a moment."""


class Player:
    """The mover: plays a program as far as it is told."""

    def __init__(self, client: Client, program: Program) -> None:
        self.client = client
        self.steps = program(client)
        self.due = 0

    def move(self, until: int) -> None:
        while self.due <= until:
            self.client.now = max(self.client.now, self.due)
            self.due = next(self.steps, NEVER)
        self.client.advance(max(until, self.client.now))
