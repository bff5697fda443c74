"""A drive that the device on USB offers, as a PC reads and writes it: files of a FAT file system over the real packets.

The USB host mounts nothing by itself: a drive is touched when a test does it. What the firmware sees is SCSI over the
Bulk-Only Transport (USB Mass Storage Class), from CBW to CSW.

>>> from twins import Twin
>>> with Twin("pico") as pico:
...     drive = pico.bootsel()
...     drive.label, sorted(drive.files)
...     drive.copy("firmware/images/idle.uf2")
...     pico.run("2s"); pico.resets[-1][1]
('RPI-RP2', ['INDEX.HTM', 'INFO_UF2.TXT'])
'WatchdogTimer'
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twins.errors import UsageError

if TYPE_CHECKING:
    from twins.usb import UsbHost

PATIENCE = 10_000_000_000_000
"""Of virtual time, in ps: the longest that a command may take without a packet in either direction."""

PACKET = 64
AT_ONCE = 64
"""Sectors that one command moves."""

_CBW, _CSW = b"USBC", b"USBS"
_ENDPOINT_HALT = 0
_REQUEST_SENSE, _READ_CAPACITY, _READ, _WRITE = 0x03, 0x25, 0x28, 0x2A
_VOLUME_LABEL, _DIRECTORY, _ARCHIVE, _LONG_NAME = 0x08, 0x10, 0x20, 0x0F


class Disk:
    """The sectors of a drive, by SCSI commands."""

    def __init__(self, host: UsbHost) -> None:
        self._host = host
        self._in, self._out = _endpoints(host.configuration_descriptor)
        self._tags = itertools.count(1)
        last, self.sector_size = struct.unpack(">II", self.command(bytes([_READ_CAPACITY]), answer=8))
        self.sectors = last + 1

    def command(self, block: bytes, data: bytes = b"", answer: int = 0) -> bytes:
        """Carries out a SCSI command with data in either direction. Raises `UsageError` when the device refuses it."""
        host, tag = self._host, next(self._tags)
        host.take(self._in)
        direction = 0x80 if answer else 0
        host.send(
            self._out,
            struct.pack("<4sIIBBB16s", _CBW, tag, answer or len(data), direction, 0, max(len(block), 6), block),
        )
        for start in range(0, len(data), PACKET):
            host.send(self._out, data[start : start + PACKET])
        got = self._until_status(tag)
        status = got[-1]
        if status == 0:
            return got[:-13]
        if block[0] == _REQUEST_SENSE:
            raise UsageError(f"the drive refused REQUEST SENSE: status {status}")
        sense = self.command(bytes([_REQUEST_SENSE, 0, 0, 0, 18]), answer=18)
        raise UsageError(
            f"the drive refused command 0x{block[0]:02X}: status {status}, sense key {sense[2] & 0xF}, "
            f"additional sense code 0x{sense[12]:02X}/0x{sense[13]:02X}"
        )

    def _until_status(self, tag: int) -> bytes:
        end = struct.pack("<4sI", _CSW, tag)
        got = bytearray()

        def more() -> bool:
            packets = self._host.take(self._in)
            for packet in packets:
                got.extend(packet)
            return bool(packets)

        while not (len(got) >= 13 and got[-13:-5] == end):
            if not self._host.wait(more, PATIENCE, looks=self._unhalt):
                raise UsageError(f"the drive did not answer command {tag} of this session: it is gone, or it hangs")
        return bytes(got)

    def _unhalt(self) -> None:
        """A device refuses data by a halted endpoint: the status comes when the halt is cleared (BOT 6.7)."""
        for endpoint in (self._in, self._out):
            if self._host.request(0x82, 0, 0, endpoint, length=2)[0] & 1:
                self._host.request(0x02, 1, _ENDPOINT_HALT, endpoint)

    def read(self, sector: int, count: int = 1) -> bytes:
        """Reads sectors."""
        parts = []
        for first in range(sector, sector + count, AT_ONCE):
            number = min(AT_ONCE, sector + count - first)
            block = struct.pack(">BBIBH", _READ, 0, first, 0, number)
            parts.append(self.command(block, answer=number * self.sector_size))
        return b"".join(parts)

    def write(self, sector: int, data: bytes) -> None:
        """Writes whole sectors."""
        size = AT_ONCE * self.sector_size
        for start in range(0, len(data), size):
            part = data[start : start + size]
            first = sector + start // self.sector_size
            self.command(struct.pack(">BBIBH", _WRITE, 0, first, 0, len(part) // self.sector_size), part)


def _endpoints(configuration: bytes) -> tuple[int, int]:
    """The bulk endpoints of the first interface for SCSI by bulk alone: in, out."""
    at, ours, found = 0, False, dict[bool, int]()
    while at + 2 <= len(configuration) and configuration[at] >= 2:
        one = configuration[at : at + configuration[at]]
        if one[1] == 4:
            ours = tuple(one[5:8]) == (8, 6, 0x50) and not found
        elif one[1] == 5 and ours:
            found[bool(one[2] & 0x80)] = one[2]
        at += len(one)
    if len(found) != 2:
        raise UsageError("the device on USB offers no drive (an interface of class 8, subclass 6, protocol 0x50)")
    return found[True], found[False]


@dataclass(frozen=True)
class _Entry:
    """A file of the root directory."""

    name: str
    cluster: int
    size: int


class UsbDrive:
    """The file system on a drive: FAT12 or FAT16, its root directory."""

    def __init__(self, host: UsbHost) -> None:
        self.disk = Disk(host)
        first = self.disk.read(0)
        start: int = 0
        # A partition table, unless it is the boot sector of a drive without one: that begins with a jump.
        if first[0] not in (0xEB, 0xE9) and first[510:512] == b"\x55\xaa":
            start = struct.unpack_from("<I", first, 0x1C6)[0]
            first = self.disk.read(start)
        size, per_cluster, reserved, fats, entries, small, _, per_fat = struct.unpack_from("<HBHBHHBH", first, 0x0B)
        if size != self.disk.sector_size or per_cluster == 0 or per_fat == 0:
            raise UsageError("the drive has no FAT12 or FAT16 file system")
        sectors = small or struct.unpack_from("<I", first, 0x20)[0]
        self._per_cluster, self._fats, self._per_fat = int(per_cluster), int(fats), int(per_fat)
        self._fat: int = start + reserved
        self._root = self._fat + fats * per_fat
        self._root_sectors = entries * 32 // size
        self._data: int = self._root + self._root_sectors
        self._clusters = (sectors - (self._data - start)) // per_cluster
        self._wide = self._clusters >= 4085
        """FAT16: Microsoft's FAT specification tells the kinds apart by this number alone."""

    @property
    def label(self) -> str:
        """The volume's label in the root directory."""
        labels = (raw for raw in self._raw() if raw[11] & 0x18 == _VOLUME_LABEL and raw[11] != _LONG_NAME)
        return next((raw[:11].rstrip().decode("cp437") for raw in labels), "")

    @property
    def files(self) -> dict[str, int]:
        """The files of the root directory, by their short names, and how long they are."""
        return {entry.name: entry.size for entry in self._entries()}

    def read(self, name: str) -> bytes:
        """The contents of a file of the root directory, by its short name."""
        entry = next((entry for entry in self._entries() if entry.name == name.upper()), None)
        if entry is None:
            raise UsageError(f"the drive has no file {name!r}: it has {', '.join(self.files) or 'none'}")
        table = self.disk.read(self._fat, self._per_fat)
        data, cluster = bytearray(), entry.cluster
        while len(data) < entry.size and 2 <= cluster < self._clusters + 2:
            data += self.disk.read(self._place(cluster), self._per_cluster)
            cluster = self._next(table, cluster)
        return bytes(data[: entry.size])

    def copy(self, path: str | Path, name: str | None = None) -> None:
        """Copies a file of this machine into the root directory, as by drag and drop.

        Its short name there is its own in capitals, cut to eight and three letters, unless `name` says another.
        """
        source = Path(path)
        self.write(name or source.name, source.read_bytes())

    def write(self, name: str, data: bytes) -> None:
        """Writes a new file into the root directory. Directory and table first: a boot loader restarts at the end."""
        short = _short(name)
        root = bytearray(self.disk.read(self._root, self._root_sectors))
        places = range(0, len(root), 32)
        if any(bytes(root[at : at + 11]) == short for at in places):
            raise UsageError(f"the drive has a file {name!r} already")
        place = next((at for at in places if root[at] in (0, 0xE5)), None)
        table = bytearray(self.disk.read(self._fat, self._per_fat))
        size = self._per_cluster * self.disk.sector_size
        need = -(-len(data) // size)
        free = [cluster for cluster in range(2, self._clusters + 2) if self._next(table, cluster) == 0][:need]
        if place is None or len(free) < need:
            raise UsageError(f"the drive has no room for {name!r} of {len(data)} bytes")
        for cluster, follower in zip(free, [*free[1:], 0xFFFF], strict=False):
            self._link(table, cluster, follower)
        entry = struct.pack("<11sB14xHI", short, _ARCHIVE, free[0] if free else 0, len(data))
        root[place : place + 32] = entry
        for copy in range(self._fats):
            self.disk.write(self._fat + copy * self._per_fat, bytes(table))
        self.disk.write(self._root, bytes(root))
        for first, count in _runs(free):
            part = data[free.index(first) * size :][: count * size]
            self.disk.write(self._place(first), part + bytes(-len(part) % self.disk.sector_size))

    def _raw(self) -> Iterator[bytes]:
        root = self.disk.read(self._root, self._root_sectors)
        for at in range(0, len(root), 32):
            if root[at] == 0:
                return
            if root[at] != 0xE5:
                yield root[at : at + 32]

    def _entries(self) -> Iterator[_Entry]:
        for raw in self._raw():
            if not raw[11] & (_VOLUME_LABEL | _DIRECTORY):
                cluster, size = struct.unpack_from("<HI", raw, 26)
                yield _Entry(_name(raw), cluster, size)

    def _place(self, cluster: int) -> int:
        return self._data + (cluster - 2) * self._per_cluster

    def _next(self, table: bytes | bytearray, cluster: int) -> int:
        at = 2 * cluster if self._wide else cluster * 3 // 2
        pair = int.from_bytes(table[at : at + 2], "little")
        if self._wide:
            return pair
        return pair >> 4 if cluster & 1 else pair & 0xFFF

    def _link(self, table: bytearray, cluster: int, follower: int) -> None:
        at = 2 * cluster if self._wide else cluster * 3 // 2
        pair = int.from_bytes(table[at : at + 2], "little")
        if self._wide:
            pair = follower
        elif cluster & 1:
            pair = pair & 0xF | (follower & 0xFFF) << 4
        else:
            pair = pair & 0xF000 | follower & 0xFFF
        table[at : at + 2] = pair.to_bytes(2, "little")

    def __repr__(self) -> str:
        return f"<UsbDrive {self.label!r}, {self.disk.sectors * self.disk.sector_size // 1024} KB>"


def _runs(clusters: list[int]) -> Iterator[tuple[int, int]]:
    """Neighbours together: the first, and how many."""
    for _, group in itertools.groupby(enumerate(clusters), lambda pair: pair[1] - pair[0]):
        run = [cluster for _, cluster in group]
        yield run[0], len(run)


def _name(raw: bytes) -> str:
    """The short name of an entry.

    >>> _name(b"INFO_UF2TXT"), _name(b"README     ")
    ('INFO_UF2.TXT', 'README')
    """
    stem, suffix = (part.rstrip().decode("cp437") for part in (raw[:8], raw[8:11]))
    return f"{stem}.{suffix}" if suffix else stem


def _short(name: str) -> bytes:
    """The eleven letters that a directory keeps of a name.

    >>> _short("blink.uf2"), _short("media_controller.uf2")
    (b'BLINK   UF2', b'MEDIA_~1UF2')
    """
    stem, _, suffix = name.upper().rpartition(".")
    if not stem:
        stem, suffix = suffix, ""
    stem = "".join(letter for letter in stem if letter.isascii() and (letter.isalnum() or letter in "_-~$"))
    if len(stem) > 8:
        stem = stem[:6] + "~1"
    return f"{stem:<8}{suffix[:3]:<3}".encode("ascii", "replace")
