"""QEMU's virtual clock, read from outside while the guest runs or stands still, and without its noticing.

No command tells the virtual clock. But the filter `filter-dump` of QEMU's network writes frames to a file as pcap, each
with the virtual time in µs at which it came. So there is a network of one end, which no guest is on: a frame sent into
it, and what the filter writes behind it, tell the time. A second filter, `filter-buffer`, has a timer on the virtual
clock: with it that clock goes on while both processors sleep and nothing would wake them, and what is told is never
older than its interval.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

from twins.engines.qemu.process import Line, Process
from twins.errors import EngineFailed

MICROSECOND = 1_000_000
BEAT = 1000
"""Interval of the second filter, in µs."""
# A local experimental EtherType (IEEE 802), between two addresses of nobody.
_FRAME = bytes.fromhex("02000000000102000000000288b5") + bytes(46)
_QUESTION = struct.pack(">I", len(_FRAME)) + _FRAME
# pcap: a head of 24 bytes, then of each frame seconds, microseconds, bytes kept, bytes.
_HEAD = 24
_RECORD = struct.Struct("<IIII")


class VirtualClock:
    """Reads the clock."""

    NAME = "clock"

    def __init__(self, process: Process) -> None:
        self._process = process
        self._path = process.folder / "clock.pcap"
        self._line: Line | None = None
        self._read = _HEAD
        self._zero = 0

    def arguments(self, address: str) -> list[str]:
        """What QEMU is started with."""
        return [
            "-netdev", f"stream,id=twins_clock,server=off,addr.type=unix,addr.path={address}",
            "-netdev", "hubport,id=twins_end,hubid=0,netdev=twins_clock",
            "-object", f"filter-dump,id=twins_dump,netdev=twins_clock,file={quoted(self._path)}",
            "-object", f"filter-buffer,id=twins_beat,netdev=twins_clock,interval={BEAT}",
            "-rtc", "base=1970-01-02T00:00:00,clock=vm",
        ]  # fmt: skip

    def connect(self, line: Line) -> None:
        """The machine is at its power-on: time zero."""
        self._line = line
        self._zero = 0
        self._zero = self.now()

    def now(self) -> int:
        """The time in ps since power-on."""
        assert self._line is not None
        self._line.send(_QUESTION)
        record = self._process.wait_until(self._record, "the time")
        seconds, microseconds, kept, _ = _RECORD.unpack(record)
        self._read += _RECORD.size + int(kept)
        return (int(seconds) * 1_000_000 + int(microseconds)) * MICROSECOND - self._zero

    def _record(self) -> bytes | None:
        """The next record's head, when the frame behind it is there as well."""
        try:
            with self._path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size < self._read + _RECORD.size + len(_FRAME):
                    return None
                file.seek(self._read)
                return file.read(_RECORD.size)
        except OSError as error:
            raise EngineFailed(f"the clock of QEMU cannot be read from {self._path}: {error.strerror}") from None


def quoted(path: Path) -> str:
    """A path as it stands in an option of QEMU, where a comma is written twice."""
    return str(path).replace(",", ",,")
