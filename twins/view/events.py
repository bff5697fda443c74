"""The list of what passed on the buses between the chip and its parts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twins.twin import Twin

KEPT = 1000
"""Events that are kept for those who look."""
SHOWN = 24
"""Bytes of a transfer that are shown."""


@dataclass(frozen=True)
class Event:
    """A transfer: when it was over (ps), on which bus, with which part, and in words."""

    at: int
    bus: str
    part: str
    text: str


@dataclass
class _I2c:
    """A transaction under way."""

    head: str
    data: bytearray
    refused: bool


class BusEvents:
    """Listens to the buses of a twin while it is `on`.

    Attributes:
        total: how many events there were.
    """

    def __init__(self) -> None:
        self.total = 0
        self.on = False
        self._kept: deque[Event] = deque(maxlen=KEPT)
        self._i2c: dict[tuple[str, str], _I2c] = {}

    def listen(self, twin: Twin, on: bool) -> None:
        """Listens, or does not any more: a twin with a listener is a little slower."""
        listeners = twin.bus_listeners
        if on and self._hear not in listeners:
            listeners.append(self._hear)
        elif not on and self._hear in listeners:
            listeners.remove(self._hear)
        self.on = on

    @property
    def kept(self) -> tuple[int, tuple[Event, ...]]:
        """How many there were, and the last of them."""
        return self.total, tuple(self._kept)

    def add(self, at: int, bus: str, part: str, text: str) -> None:
        """Something that was seen."""
        self._kept.append(Event(at, bus, part, text))
        self.total += 1

    def _hear(self, part: str, port: str, at: int, event: str, args: tuple[Any, ...], answer: Any) -> None:
        bus = _I2C.get(event)
        if bus is not None and (event != "read" or len(args) == 1) and (event != "write" or len(args) == 2):
            bus(self, (part, port), at, args, answer)
        elif event == "received" and len(args) == 1 and hasattr(args[0], "dc"):
            batch = args[0]
            name = "SPI" if hasattr(batch, "span") else "8080"
            self.add(at, name, part, _commands(batch.data.tolist(), batch.dc.tolist()))
        elif event == "answer":
            data = answer.data if answer is not None else b""
            self.add(at, "SPI", part, f"{args[1]:02X} → {_hex(data) or 'nothing'}")
        elif event == "command":
            response = answer.response if answer is not None else b""
            self.add(at, "SD", part, f"CMD{args[1]} {args[2]:08X} → {_hex(response) or 'no answer'}")
        elif event == "received" and len(args) == 2 and isinstance(args[1], bytes):
            self.add(at, "ETH", part, f"{len(args[1])} bytes: {_hex(args[1])}")

    def _start(self, key: tuple[str, str], at: int, args: tuple[Any, ...], answer: Any) -> None:
        self._end(key, at)
        _, address, read = args
        self._i2c[key] = _I2c(f"{address:02X} {'R' if read else 'W'}", bytearray(), answer is False)

    def _write(self, key: tuple[str, str], at: int, args: tuple[Any, ...], answer: Any) -> None:
        if key in self._i2c:
            self._i2c[key].data.append(args[1] & 0xFF)
            self._i2c[key].refused |= not answer

    def _read(self, key: tuple[str, str], at: int, args: tuple[Any, ...], answer: Any) -> None:
        if key in self._i2c:
            self._i2c[key].data.append(0xFF if answer is None else int(answer) & 0xFF)

    def _end(self, key: tuple[str, str], at: int, args: tuple[Any, ...] = (), answer: Any = None) -> None:
        under_way = self._i2c.pop(key, None)
        if under_way is not None:
            refused = " NACK" if under_way.refused else ""
            self.add(at, "I2C", key[0], f"{under_way.head} {_hex(bytes(under_way.data))}".rstrip() + refused)


_I2C: dict[str, Callable[[BusEvents, tuple[str, str], int, tuple[Any, ...], Any], None]] = {
    "start": BusEvents._start,
    "write": BusEvents._write,
    "read": BusEvents._read,
    "stop": BusEvents._end,
    "restart": BusEvents._end,
}


def _hex(data: bytes) -> str:
    return data[:SHOWN].hex(" ").upper() + (" …" if len(data) > SHOWN else "")


def _commands(data: list[int], dc: list[int]) -> str:
    """Bytes with commands (D/CX low) in brackets, runs of data counted.

    >>> _commands([0x2A, 0, 0, 0, 239, 0x2C] + [7] * 100, [0, 1, 1, 1, 1, 0] + [1] * 100)
    '[2A] 00 00 00 EF [2C] 07 07 07 07 … (100)'
    """
    words: list[str] = []
    at = 0
    while at < len(data) and len(words) < 2 * SHOWN:
        end = at
        while end < len(data) and dc[end] == dc[at]:
            end += 1
        run = data[at:end]
        if not dc[at]:
            words += [f"[{byte:02X}]" for byte in run[:SHOWN]]
        else:
            words += [f"{byte:02X}" for byte in run[:4]] + ([f"… ({len(run)})"] if len(run) > 4 else [])
        at = end
    return " ".join(words) + (" …" if at < len(data) else "")
