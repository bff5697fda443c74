"""The serial protocol of the ESP32-S3's download mode, packet by packet, at the pace of virtual time.

Packets and commands: esptool's documentation, "Serial Protocol". esptool itself is in test_esptool.py.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path

from twins import Twin

FLASH_BEGIN, FLASH_DATA, FLASH_END, MEM_BEGIN, MEM_END, MEM_DATA, SYNC, WRITE_REG, READ_REG, SPI_SET_PARAMS = range(
    2, 12
)
SPI_ATTACH, READ_FLASH, CHANGE_BAUDRATE, DEFL_BEGIN, DEFL_DATA, DEFL_END, FLASH_MD5, SECURITY_INFO = range(13, 21)

SYNC_DATA = b"\x07\x07\x12\x20" + b"\x55" * 32
SYNC_ANSWERS = 8


def slip(packet: bytes) -> bytes:
    """RFC 1055, with the end on either side."""
    return b"\xc0" + packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"


def packets(raw: bytes) -> list[bytes]:
    """What is between the ends; what is no packet as it is."""
    parts = (part for part in raw.split(b"\xc0") if part)
    return [part.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb") for part in parts]


def words(*values: int) -> bytes:
    """Words as the protocol has them."""
    return struct.pack(f"<{len(values)}I", *values)


def checksum(data: bytes) -> int:
    """What a packet of data carries."""
    total = 0xEF
    for byte in data:
        total ^= byte
    return total


@dataclass
class Ask:
    """One packet, and how many are to come back; or, as `raw`, bytes of any kind."""

    command: int = 0
    data: bytes = b""
    value: int = 0
    direction: int = 0
    answers: int = 1
    raw: bytes | None = None
    size: int | None = None

    def bytes(self) -> bytes:
        """What goes over the line."""
        if self.raw is not None:
            return self.raw
        size = len(self.data) if self.size is None else self.size
        return slip(struct.pack("<BBHI", self.direction, self.command, size, self.value) + self.data)


def piece(command: int, number: int, data: bytes, size: int | None = None, total: int | None = None) -> Ask:
    """A packet of data: its size, number and checksum may be given wrong."""
    head = words(len(data) if size is None else size, number, 0, 0)
    return Ask(command, head + data, checksum(data) if total is None else total)


@dataclass
class Answers:
    """What a conversation led to."""

    packets: list[list[bytes]] = field(default_factory=list)
    flash: bytes = b""
    ram: bytes = b""


RAM = 0x3FCA_0000


class Loader:
    """The host's side."""

    def __init__(self, twin: Twin, console: str = "uart0") -> None:
        self.twin, self.console = twin, twin.consoles[console]
        self.read = len(self.console.log)

    @classmethod
    def booted(
        cls, rom: Path | None, console: str = "uart0", image: Path | None = None, fuses: Path | None = None
    ) -> Loader:
        """A board that was reset with its boot button held."""
        twin = Twin("esp32s3_devkitc", rom=rom, image=image, fuses=fuses)
        twin.boot.down()
        twin.run("10ms")
        twin.reset()
        twin.run("50ms")
        twin.boot.up()
        return cls(twin, console)

    def ask(self, ask: Ask, within: str = "8s", pause: str = "20ms") -> list[bytes]:
        """Sends a packet, and waits for the answers."""
        self.console.send(ask.bytes())
        if ask.answers:
            self.twin.run_until(lambda: len(self._complete()) >= ask.answers, timeout=within, every="1ms")
        self.twin.run(pause)
        heard = self._complete()
        self.read = len(self.console.log)
        return heard

    def _complete(self) -> list[bytes]:
        raw = bytes(self.console.log[self.read :])
        return packets(raw) if raw.endswith(b"\xc0") and raw.count(b"\xc0") % 2 == 0 else []

    def sync(self) -> list[bytes]:
        """The host's first words."""
        return self.ask(Ask(SYNC, SYNC_DATA, answers=SYNC_ANSWERS))

    def talk(self, conversation: list[Ask]) -> Answers:
        """A whole conversation, in a fork."""
        with self.twin.fork() as twin:
            other = Loader(twin, self.console.names[0])
            heard = [other.ask(ask) for ask in conversation]
            return Answers(heard, twin.flash.read(), twin.memory.read(RAM, 0x2000))
