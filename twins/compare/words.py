"""What passes on the buses of a twin, cut into pieces that do not depend on the portions in which an engine hands it
over: a command with its data, a transaction, so many samples.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from twins.compare.recording import BUS, EDGES, Event

if TYPE_CHECKING:
    import numpy.typing as npt

    from twins.twin import Twin

PIECE = 1024
"""Words of a piece that nothing else ends."""
SHOWN = 16
"""Words of a piece that are shown; of longer ones the hash of all of them."""
PAUSE = 50_000_000
"""A level that stays so long (ps) ends a piece of edges: the reset of a WS2812 (datasheet: 50 µs)."""


def shown(data: bytes, width: int = 1) -> str:
    """Words in hexadecimal; of many the first and the hash of all.

    >>> shown(b"\\x01\\x02"), shown(bytes(20))
    ('01 02', '00 00 00 00 … 20 words, sha256 de47c9b27eb8d300')
    """
    if len(data) <= SHOWN * width:
        return data.hex(" ", width)
    return f"{data[: 4 * width].hex(' ', width)} … {len(data) // width} words, sha256 {digest(data)}"


def digest(data: bytes) -> str:
    """The beginning of a hash: enough to tell two apart."""
    return hashlib.sha256(data).hexdigest()[:16]


class _Stream:
    """Words of one port: a piece ends where a command begins, where the select changes, or when it is long."""

    def __init__(self, who: str, emit: Callable[[Event], None]) -> None:
        self._who = who
        self._emit = emit
        self._data: list[npt.NDArray[Any]] = []
        self._commands = 0
        self._count = 0
        self._at = 0
        self._last = 1

    def add(self, data: npt.NDArray[Any], dc: npt.NDArray[np.uint8], at: npt.NDArray[np.uint64]) -> None:
        """Further words."""
        before = np.concatenate([[self._last], dc[:-1]])
        cuts = np.flatnonzero((dc == 0) & (before != 0)).tolist()
        self._last = int(dc[-1])
        start = 0
        for cut in [*cuts, len(data)]:
            self._extend(data[start:cut], dc[start:cut], at[start:cut])
            if cut < len(data):
                self.end()
            start = cut

    def _extend(self, data: npt.NDArray[Any], dc: npt.NDArray[np.uint8], at: npt.NDArray[np.uint64]) -> None:
        while len(data):
            room = PIECE - self._count
            self._data.append(data[:room])
            self._commands += int((dc[:room] == 0).sum())
            self._count += len(data[:room])
            self._at = int(at[:room][-1])
            data, dc, at = data[room:], dc[room:], at[room:]
            if self._count == PIECE:
                self.end()

    def end(self) -> None:
        """The piece is over."""
        if not self._count:
            return
        words = np.concatenate(self._data)
        width = words.dtype.itemsize
        raw = words.astype(words.dtype.newbyteorder(">")).tobytes()
        command, rest = raw[: self._commands * width], raw[self._commands * width :]
        text = " ".join(part for part in (f"[{shown(command, width)}]" if command else "", shown(rest, width)) if part)
        self._emit(Event(BUS, self._who, self._at, text))
        self._data, self._commands, self._count = [], 0, 0


class _Samples:
    """Frames of samples: pieces of so many."""

    def __init__(self, who: str, emit: Callable[[Event], None]) -> None:
        self._who = who
        self._emit = emit
        self._frames: list[npt.NDArray[Any]] = []
        self._count = 0

    def add(self, frames: npt.NDArray[Any], at: npt.NDArray[np.uint64]) -> None:
        """Further frames."""
        while len(frames):
            room = PIECE - self._count
            self._frames.append(frames[:room])
            self._count += len(frames[:room])
            if self._count == PIECE:
                self.end(int(at[:room][-1]))
            frames, at = frames[room:], at[room:]

    def end(self, at: int) -> None:
        """The piece is over."""
        if self._count:
            data = np.concatenate(self._frames).astype("<i4").tobytes()
            self._emit(Event(BUS, self._who, at, f"{self._count} frames, sha256 {digest(data)}"))
        self._frames, self._count = [], 0


class _Pulses:
    """Edges of a pin: a piece ends where the level stays, as between two pictures of a chain of LEDs."""

    def __init__(self, who: str, emit: Callable[[Event], None]) -> None:
        self._who = who
        self._emit = emit
        self._lengths: list[npt.NDArray[np.int64]] = []
        self._at: int | None = None

    def add(self, at: npt.NDArray[np.uint64]) -> None:
        """Further edges."""
        moments = at.astype(np.int64)
        if self._at is not None:
            moments = np.concatenate([[self._at], moments])
        lengths = np.diff(moments)
        pauses = np.flatnonzero(lengths > PAUSE).tolist()
        start = 0
        for pause in pauses:
            self._lengths.append(lengths[start:pause])
            self.end(int(moments[pause]))
            start = pause + 1
        self._lengths.append(lengths[start:])
        self._at = int(moments[-1])

    def end(self, at: int | None = None) -> None:
        """The piece is over."""
        lengths = np.concatenate([np.zeros(0, np.int64), *self._lengths])
        self._lengths = []
        if len(lengths):
            nanoseconds = (lengths + 500) // 1000
            text = f"{len(lengths)} levels, sha256 of their ns {digest(nanoseconds.astype('<i8').tobytes())}"
            self._emit(Event(EDGES, self._who, at if at is not None else self._at or 0, text))


class BusWords:
    """Listens to the buses of a twin and tells of each piece."""

    def __init__(self, twin: Twin, emit: Callable[[Event], None]) -> None:
        self._twin = twin
        self._emit = emit
        self._streams: dict[str, _Stream] = {}
        self._samples: dict[str, _Samples] = {}
        self._pulses: dict[str, _Pulses] = {}
        self._i2c: dict[str, list[str]] = {}
        twin.bus_listeners.append(self._hear)

    def end(self) -> None:
        """Tells of what is under way, and listens no more."""
        self._twin.bus_listeners.remove(self._hear)
        for stream in self._streams.values():
            stream.end()
        for samples in self._samples.values():
            samples.end(self._twin.now)
        for pulses in self._pulses.values():
            pulses.end()

    def _hear(self, part: str, port: str, at: int, event: str, args: tuple[Any, ...], answer: Any) -> None:
        who = f"{part}.{port}"
        if event == "received" and hasattr(args[0], "dc"):
            batch = args[0]
            self._streams.setdefault(who, _Stream(who, self._emit)).add(batch.data, batch.dc, batch.at)
        elif event == "received" and hasattr(args[0], "samples"):
            self._samples.setdefault(who, _Samples(who, self._emit)).add(args[0].samples, args[0].at)
        elif event == "received" and isinstance(args[1], bytes):
            self._emit(Event(BUS, who, at, shown(args[1])))
        elif event == "received":
            self._pulses.setdefault(who, _Pulses(who, self._emit)).add(args[0])
        elif event == "wanted" and answer is not None:
            name = f"{who} says"
            self._samples.setdefault(name, _Samples(name, self._emit)).add(np.asarray(answer), args[0])
        elif event == "selected":
            if who in self._streams:
                self._streams[who].end()
        elif event == "answer":
            data = answer.data if answer is not None else b""
            self._emit(Event(BUS, f"{who} answers", at, f"{args[1]:02x} → {shown(data) or 'nothing'}"))
        elif event == "changed":
            self._emit(Event(EDGES, who, at, "high" if args[1] else "low"))
        elif event == "command":
            response = answer.response.hex(" ") if answer is not None else "no answer"
            self._emit(Event(BUS, who, at, f"CMD{args[1]} {args[2]:08x} → {response}"))
        elif event == "read" and len(args) == 2:
            self._emit(Event(BUS, who, at, f"read {shown(answer.data) if answer is not None else 'nothing'}"))
        elif event == "write" and len(args) == 3:
            self._emit(Event(BUS, who, at, f"write {shown(args[2])}"))
        else:
            self._hear_i2c(who, at, event, args, answer)

    def _hear_i2c(self, who: str, at: int, event: str, args: tuple[Any, ...], answer: Any) -> None:
        words = self._i2c.setdefault(who, [])
        if event == "start":
            words[:] = [f"{args[1]:02x} {'R' if args[2] else 'W'}{' refused' if answer is False else ''}"]
        elif event == "write":
            words.append(f"{args[1]:02x}{'' if answer else ' refused'}")
        elif event == "read":
            words.append(f"{0xFF if answer is None else int(answer) & 0xFF:02x}")
        elif event in ("stop", "restart") and words:
            self._emit(Event(BUS, who, at, " ".join(words)))
            words.clear()
