"""The list of what passed on the buses between the chip and its parts, and on the air of its world."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twins.radio.frames import BROADCAST, mac_text

if TYPE_CHECKING:
    from twins.radio.medium import Aired
    from twins.twin import Twin
    from twins.world import World

KEPT = 1000
"""Events that are kept for those who look."""
SHOWN = 24
"""Bytes of a transfer that are shown."""


@dataclass(frozen=True)
class Event:
    """A transfer: when it was over (ps), on which bus, with which part or from which station, and in words."""

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


class Events:
    """Listens to the buses of a twin, and to the air of its world, while it is `on`.

    Attributes:
        total: how many events there were.
    """

    def __init__(self) -> None:
        self.total = 0
        self.on = False
        self._kept: deque[Event] = deque(maxlen=KEPT)
        self._i2c: dict[tuple[str, str], _I2c] = {}
        self._began = 0

    def listen(self, twin: Twin, on: bool) -> None:
        """Listens, or does not any more: a twin with a listener is a little slower."""
        listeners = twin.bus_listeners
        if on and self._hear not in listeners:
            listeners.append(self._hear)
        elif not on and self._hear in listeners:
            listeners.remove(self._hear)
        if twin.world is not None:
            self._listen_to_the_air(twin, twin.world, on)
        self.on = on

    def _listen_to_the_air(self, twin: Twin, world: World, on: bool) -> None:
        self._began = world.moment_of(world.name_of(twin)) - twin.now
        listeners = world.air.listeners
        if on and self._hear_radio not in listeners:
            listeners.append(self._hear_radio)
        elif not on and self._hear_radio in listeners:
            listeners.remove(self._hear_radio)

    @property
    def kept(self) -> tuple[int, tuple[Event, ...]]:
        """How many there were, and the last of them."""
        return self.total, tuple(self._kept)

    def add(self, at: int, bus: str, part: str, text: str) -> None:
        """Something that was seen."""
        self._kept.append(Event(at, bus, part, text))
        self.total += 1

    def _hear_radio(self, aired: Aired) -> None:
        """A frame that has ended. The list has the twin's time, which began when it came into the world."""
        self.add(int(aired.until) - self._began, f"radio {aired.channel}", aired.station, _frame(aired))

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


_I2C: dict[str, Callable[[Events, tuple[str, str], int, tuple[Any, ...], Any], None]] = {
    "start": Events._start,
    "write": Events._write,
    "read": Events._read,
    "stop": Events._end,
    "restart": Events._end,
}


def _frame(aired: Aired) -> str:
    """Who sends what to whom, and what became of it.

    >>> from twins.radio.frames import BROADCAST, EspNowFrame
    >>> from twins.radio.medium import Aired
    >>> from twins.units import Duration
    >>> frame = EspNowFrame(bytes.fromhex("7cdfa1000001"), BROADCAST, b"on", 1, 7)
    >>> _frame(Aired(Duration(0), Duration(9), 6, "lamp", frame, "1M", 1, ("remote",), {"other": "collision"}))
    '7c:df:a1:00:00:01 > all, 2 bytes: 6F 6E, again (1) → remote, not other (collision)'
    """
    frame = aired.frame
    to = "all" if frame.destination == BROADCAST else mac_text(frame.destination)
    again = f", again ({aired.attempt})" if aired.attempt else ""
    reached = [*aired.received_by, *(f"not {name} ({why})" for name, why in aired.lost.items())]
    said = f"{len(frame.data)} bytes: {_hex(frame.data)}" if frame.data else "no data"
    return f"{mac_text(frame.source)} > {to}, {said}{again} → {', '.join(reached) or 'nobody'}"


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
