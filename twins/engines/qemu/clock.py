"""QEMU's virtual clock, read from outside while the guest runs or stands still, and without its noticing.

No command tells the virtual clock. But the filter `filter-dump` of QEMU's network writes frames to a file as pcap, each
with the virtual time in µs at which it came. So there is a network of one end, which no guest is on: a frame sent into
it, and what the filter writes behind it, tell the time. A second filter, `filter-buffer`, takes the frame off, which
would block the network while the machine stands still, and has a timer on the virtual clock: QEMU gives each processor
its turn from one timer to the next, so the interval is how far one runs before the other does.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

from twins.engines.qemu.process import Process
from twins.errors import EngineFailed
from twins.units import US

# What the frames here are: a local experimental EtherType (IEEE 802), between two addresses of nobody.
FRAME = bytes.fromhex("02000000000102000000000288b5") + bytes(46)
# pcap: a head of 24 bytes, then of each frame seconds, microseconds, bytes kept, bytes.
_HEAD = 24
_RECORD = struct.Struct("<IIII")


class VirtualClock:
    """Reads the clock."""

    def __init__(self, process: Process, turn: int) -> None:
        self._process = process
        self._turn = turn
        self._path = process.folder / "clock.pcap"
        self._there = process.folder / "clock"
        self._here = process.datagrams("asker")
        self._read = _HEAD
        self._zero = 0

    def arguments(self) -> list[str]:
        """What QEMU is started with."""
        here, there = quoted(Path(self._here.getsockname())), quoted(self._there)
        ends = f"local.type=unix,local.path={there},remote.type=unix,remote.path={here}"
        return [
            "-netdev", f"dgram,id=twins_clock,{ends}",
            "-netdev", "hubport,id=twins_end,hubid=0,netdev=twins_clock",
            "-object", f"filter-dump,id=twins_dump,netdev=twins_clock,file={quoted(self._path)}",
            "-object", f"filter-buffer,id=twins_sink,netdev=twins_clock,interval={self._turn}",
            "-rtc", "base=1970-01-02T00:00:00,clock=vm",
        ]  # fmt: skip

    def start(self) -> None:
        """The machine is at its power-on: time zero."""
        self._zero = 0
        self._zero = self.now()

    def now(self) -> int:
        """The time in ps since power-on."""
        self._ask()
        record = self._process.wait_until(self._record, "the time")
        seconds, microseconds, kept, _ = _RECORD.unpack(record)
        self._read += _RECORD.size + int(kept)
        return (int(seconds) * 1_000_000 + int(microseconds)) * US - self._zero

    def _ask(self) -> None:
        try:
            self._here.sendto(FRAME, str(self._there))
        except OSError as error:
            self._process.check("the time")
            raise EngineFailed(f"QEMU is not asked for its time: {error.strerror}") from None

    def _record(self) -> bytes | None:
        """The next record's head, when the frame behind it is there as well."""
        try:
            with self._path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size < self._read + _RECORD.size + len(FRAME):
                    return None
                file.seek(self._read)
                return file.read(_RECORD.size)
        except OSError as error:
            raise EngineFailed(f"the clock of QEMU cannot be read from {self._path}: {error.strerror}") from None


def quoted(path: Path) -> str:
    """A path as it stands in an option of QEMU, where a comma is written twice."""
    return str(path).replace(",", ",,")
