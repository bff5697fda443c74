"""The engine's calls, handed to the ports of the parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from twins.buses import ParallelBatch
from twins.ports import I2sBatch, Port, SpiBatch

if TYPE_CHECKING:
    from twins.twin import Twin


Listener = Callable[[str, str, int, str, "tuple[Any, ...]", Any], None]
"""Is told of each call that a part handled: part, port, ps, event, arguments, and what the part answered."""


class PartsOutside:
    """What the engine calls while it runs; `busy` tells that it does."""

    def __init__(self, twin: Twin, former: PartsOutside | None = None) -> None:
        self.twin = twin
        self.listeners: list[Listener] = former.listeners if former is not None else []
        self.ports: dict[int, tuple[str, str]] = {}
        self.busy = False

    def _handle(self, number: int, at: int, event: str, *args: Any) -> Any:
        part, name = self.ports[number]
        port: Port = getattr(self.twin.parts[part], name)
        before = self.busy, self.twin._inside_at
        self.busy, self.twin._inside_at = True, at
        try:
            answer = port.handle(event, *args)
            for listener in self.listeners:
                listener(part, name, at, event, args, answer)
            return answer
        finally:
            self.busy, self.twin._inside_at = before

    def spi(self, port: int, data: bytes, dc: bytes, at: bytes, span: bytes) -> None:
        """Bytes for an SPI target."""
        batch = SpiBatch(
            np.frombuffer(data, np.uint8),
            np.frombuffer(dc, np.uint8),
            np.frombuffer(at, np.uint64),
            np.frombuffer(span, np.uint32),
        )
        self._handle(port, int(batch.at[-1]), "received", batch)

    def select(self, port: int, at: int, selected: bool) -> None:
        """A chip select changed."""
        self._handle(port, at, "selected", at, selected)

    def answer(self, port: int, at: int, byte: int, dc: bool) -> tuple[bytes, int] | None:
        """An SPI target is asked what it shifts out."""
        answer = self._handle(port, at, "answer", at, byte, dc)
        return None if answer is None else (answer.data, answer.dummy)

    def i2c_start(self, port: int, at: int, address: int, read: bool) -> bool:
        """An I2C target is addressed."""
        return self._handle(port, at, "start", at, address, read) is not False

    def i2c_write(self, port: int, at: int, byte: int) -> bool:
        """A byte for an I2C target."""
        return bool(self._handle(port, at, "write", at, byte))

    def i2c_read(self, port: int, at: int) -> int:
        """The next byte of an I2C target."""
        value = self._handle(port, at, "read", at)
        return 0xFF if value is None else int(value) & 0xFF

    def i2c_stop(self, port: int, at: int, restarted: bool) -> None:
        """An I2C transaction ended."""
        self._handle(port, at, "restart" if restarted else "stop", at)

    def i2s_sent(self, port: int, slots: int, bits: int, samples: bytes, at: bytes) -> None:
        """Frames for an audio part."""
        batch = I2sBatch(np.frombuffer(samples, np.int32).reshape(-1, slots), np.frombuffer(at, np.uint64), bits)
        self._handle(port, int(batch.at[-1]), "received", batch)

    def i2s_wanted(self, port: int, at: bytes) -> bytes:
        """An audio part is asked what it says in the frames that began at these times."""
        times = np.frombuffer(at, np.uint64)
        samples = self._handle(port, int(times[-1]), "wanted", times)
        return b"" if samples is None else np.ascontiguousarray(samples, np.int32).tobytes()

    def ethernet(self, port: int, at: int, frame: bytes) -> None:
        """A frame for the part at the other end of the Ethernet cable."""
        self._handle(port, at, "received", at, frame)

    def edge(self, port: int, at: int, level: bool) -> None:
        """A watched pin changed."""
        self._handle(port, at, "changed", at, level)

    def pulses(self, port: int, at: bytes, level: bytes) -> None:
        """The gathered edges of a pin."""
        times = np.frombuffer(at, np.uint64)
        self._handle(port, int(times[-1]), "received", times, np.frombuffer(level, np.bool_))

    def parallel(self, port: int, data: bytes, dc: bytes, at: bytes) -> None:
        """Words for a parallel target."""
        batch = ParallelBatch(np.frombuffer(data, np.uint16), np.frombuffer(dc, np.uint8), np.frombuffer(at, np.uint64))
        self._handle(port, int(batch.at[-1]), "received", batch)

    def sd_command(self, port: int, at: int, index: int, argument: int) -> tuple[bytes, int] | None:
        """A command for an SD card: its answer, and how long it is busy behind it."""
        answer = self._handle(port, at, "command", at, index, argument)
        return None if answer is None else (answer.response, answer.busy)

    def sd_read(self, port: int, at: int, lines: int) -> tuple[bytes, int] | None:
        """The next block of data from an SD card, and after which time."""
        block = self._handle(port, at, "read", at, lines)
        return None if block is None else (block.data, block.delay)

    def sd_write(self, port: int, at: int, lines: int, data: bytes) -> tuple[bool, int] | None:
        """A block of data for an SD card: was it accepted, and how long is the card busy?"""
        written = self._handle(port, at, "write", at, lines, data)
        return None if written is None else (written.accepted, written.busy)
