"""A bench without a chip: carries parts in their own unit tests and examples.

>>> from twins.bench import Bench
>>> bench = Bench()
>>> bench.run("2ms"); bench.now
2000000000
"""

from __future__ import annotations

import heapq
from bisect import insort
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from twins.buses import EthernetLink, ParallelBatch, ParallelTarget, SdTarget
from twins.ports import (
    DigitalIn,
    I2cTarget,
    I2sBatch,
    I2sLink,
    Part,
    PdmLink,
    Port,
    PulseSink,
    SpiAnswer,
    SpiBatch,
    SpiTarget,
)
from twins.units import Duration, Time, ps

if TYPE_CHECKING:
    import numpy.typing as npt

    from twins.ports import Levels, Times

P = TypeVar("P", bound=Part)


class Bench:
    """Carries parts without a chip; the test plays the chip.

    Pins are numbered as the parts' ports are added. Time moves only by `run`.
    """

    def __init__(self, seed: int = 0) -> None:
        self.now = 0
        self.seed = seed
        self.edges: dict[int, list[tuple[int, bool | None]]] = {}
        self.voltages: dict[int, float] = {}
        self.capacitances: dict[int, float] = {}
        self.clocks: dict[tuple[str, str], int] = {}
        self.frames: list[tuple[int, bytes]] = []
        self.plugged = True
        self._levels: dict[int, bool] = {}
        self._calls: list[tuple[int, int, Part, str, tuple[Any, ...]]] = []
        self._order = 0
        self._next_pin = 0

    def add(self, part: P, without: Collection[str] = (), wires: Mapping[str, Port] | None = None) -> P:
        """Puts a part on the bench, each of its pins on a pin of its own.

        Pins named in `without` stay open, those in `wires` are joined to ports of other parts.
        """
        pins = {}
        wires = wires or {}
        for port in (getattr(part, name) for name in part.ports()):
            for name in port.pin_names() if port.ON_CHIP else ():
                if name not in pins and name not in without and name not in wires:
                    pins[name] = self._next_pin
                    if isinstance(port, DigitalIn):
                        self._levels[self._next_pin] = port.floating
                    self._next_pin += 1
        part.connect(pins, wires)
        for name, other in wires.items():
            getattr(part, name).join(other)
        part.mount(self, seed=self.seed)
        return part

    def run(self, duration: Time) -> None:
        """Lets virtual time pass; what parts asked for happens on the way."""
        until = self.now + ps(duration)
        while self._calls and self._calls[0][0] <= until:
            at, _, part, method, args = heapq.heappop(self._calls)
            self.now = at
            getattr(part, method)(*args)
        self.now = until

    def send(self, port: SpiTarget, data: Iterable[int], *, dc: int = 1, bit: Time = "16ns") -> bytes:
        """The chip sends bytes to an SPI target, selected by now; returns what the target answered to the last one."""
        step = ps(bit)
        answer = b""
        for byte in data:
            self.run_ps(8 * step)
            asks = port.answers == "every byte" or (dc == 0 and byte in port.answers)
            if asks:
                reply: SpiAnswer | None = port.handle("answer", self.now, byte, bool(dc))
                answer = reply.data if reply is not None else b""
                continue
            port.handle(
                "received",
                SpiBatch(
                    np.array([byte], np.uint8),
                    np.array([dc], np.uint8),
                    np.array([self.now], np.uint64),
                    np.array([7 * step], np.uint32),
                ),
            )
        return answer

    def put(self, port: ParallelTarget, words: Iterable[int], *, dc: int = 1, cycle: Time = "50ns") -> None:
        """The chip puts words out on the data lines of a parallel target, selected by now, a cycle each."""
        step = ps(cycle)
        data = np.array(list(words), np.uint16)
        at = np.arange(1, len(data) + 1, dtype=np.uint64) * np.uint64(step) + np.uint64(self.now)
        self.run_ps(step * len(data))
        if len(data):
            port.handle("received", ParallelBatch(data, np.full(len(data), dc, np.uint8), at))

    def select(self, port: SpiTarget | ParallelTarget, selected: bool) -> None:
        """The chip selects an SPI target or lets go of it."""
        port.handle("selected", self.now, selected)

    def pulses(self, port: PulseSink, edges: Iterable[tuple[int, int]]) -> None:
        """The chip sends edges (time in ps after now, level)."""
        pairs = [(self.now + at, bool(level)) for at, level in edges]
        at = np.array([pair[0] for pair in pairs], np.uint64)
        port.handle("received", at, np.array([pair[1] for pair in pairs], np.bool_))

    def set(self, port: DigitalIn, level: bool) -> None:
        """The chip drives an input of a part."""
        changed = self._levels[port.pin] is not level
        self._levels[port.pin] = level
        if changed:
            port.handle("changed", self.now, level)

    def play(
        self, port: I2sLink | PdmLink, samples: npt.ArrayLike, rate: float, bits: int = 32, *, batch: int = 256
    ) -> None:
        """The chip sends frames (rows of left-justified int32, a column for each slot) at this rate, beginning now."""
        slots = getattr(port, "slots", 2)
        rows = np.asarray(samples, np.int32).reshape(-1, slots)
        at = np.uint64(self.now) + np.round(np.arange(len(rows) + 1) * (1e12 / rate)).astype(np.uint64)
        for first in range(0, len(rows), batch):
            last = min(first + batch, len(rows))
            self.run_ps(int(at[last]) - self.now)
            port.handle("received", I2sBatch(rows[first:last], at[first:last], bits))

    def record(self, port: I2sLink | PdmLink, frames: int, rate: float, *, batch: int = 64) -> npt.NDArray[np.int32]:
        """The chip takes so many frames from a part, beginning now; returns its samples as the part says them."""
        at = np.uint64(self.now) + np.round(np.arange(frames + 1) * (1e12 / rate)).astype(np.uint64)
        taken = []
        for first in range(0, frames, batch):
            last = min(first + batch, frames)
            self.run_ps(int(at[last]) - self.now)
            said = port.handle("wanted", at[first:last])
            taken.append(np.asarray(said, np.int32).reshape(last - first, getattr(port, "slots", 2)))
        return np.concatenate(taken)

    def i2c_write(self, port: I2cTarget, address: int, data: Iterable[int], stop: bool = True) -> list[bool]:
        """START, address, bytes, then STOP or else a repeated START; returns the acknowledge bits."""
        acks = [self._i2c_start(port, address, read=False)]
        if acks[0]:
            acks.extend(bool(port.handle("write", self.now, byte)) for byte in data)
            port.handle("stop" if stop else "restart", self.now)
        return acks

    def i2c_read(self, port: I2cTarget, address: int, count: int) -> bytes | None:
        """START, address, `count` bytes, STOP; None without acknowledge."""
        if not self._i2c_start(port, address, read=True):
            return None
        data = bytes(port.handle("read", self.now) for _ in range(count))
        port.handle("stop", self.now)
        return data

    def _i2c_start(self, port: I2cTarget, address: int, *, read: bool) -> bool:
        if address not in getattr(port.part, "addresses"):  # noqa: B009  # parts with an I2cTarget define it
            return False
        return port.handle("start", self.now, address, read) is not False

    def frame(self, port: EthernetLink, frame: bytes) -> None:
        """The chip sends an Ethernet frame."""
        port.handle("received", self.now, frame)

    def run_ps(self, duration: int) -> None:
        """As `run`, in ps."""
        self.run(Duration(duration))

    def level(self, port: Port | int) -> bool:
        """The level that a part drives, or that the test has set."""
        pin = port if isinstance(port, int) else next(iter(port.pins.values()))
        driven = [level for at, level in self.edges.get(pin, ()) if at <= self.now]
        if driven and driven[-1] is not None:
            return driven[-1]
        return self._levels.get(pin, True)

    def attach_spi(self, port: SpiTarget, part: Part) -> None:
        """Nothing to do: the test calls the port."""

    def attach_i2c(self, port: I2cTarget, part: Part) -> None:
        """Nothing to do: the test calls the port."""

    def attach_parallel(self, port: ParallelTarget, part: Part) -> None:
        """Nothing to do: the test calls the port."""

    def attach_sd(self, port: SdTarget, part: Part) -> None:
        """Nothing to do: the test calls the port."""

    def attach_ethernet(self, port: EthernetLink, part: Part) -> None:
        """Nothing to do: the test calls the port."""

    def send_frame(self, frame: bytes) -> None:
        """Keeps the frame with its time, in `frames`."""
        self.frames.append((self.now, frame))

    def plug_ethernet(self, on: bool) -> None:
        """Keeps the state of the cable, in `plugged`."""
        self.plugged = on

    def attach_i2s(self, port: I2sLink, part: Part) -> None:
        """Nothing to do: the test calls `play` and `record`."""

    def attach_pdm(self, port: PdmLink, part: Part) -> None:
        """Nothing to do: the test calls `play` and `record`."""

    def i2s_clock(self, port: I2sLink, rate: int) -> None:
        """Keeps the rate, in `clocks`, by the name of the port."""
        self.clocks[port.part.label, port.name] = rate

    def attach_edges(self, port: DigitalIn, part: Part) -> None:
        """Nothing to do: the test calls `set`."""

    def attach_pulses(self, port: PulseSink, part: Part) -> None:
        """Nothing to do: the test calls the port."""

    def drive(self, pin: int, level: bool | None, at: int) -> None:
        """Keeps what a part drives, in `edges`, by time."""
        insort(self.edges.setdefault(pin, []), (at, level), key=lambda edge: edge[0])

    def drive_series(self, pin: int, at: Sequence[int] | Times, level: Sequence[bool] | Levels) -> None:
        """Keeps what a part drives, in `edges`, by time."""
        for moment, value in zip(at, level, strict=True):
            self.drive(pin, bool(value), int(moment))

    def volts(self, pin: int, volts: float) -> None:
        """Keeps the voltage, in `voltages`."""
        self.voltages[pin] = volts

    def picofarads(self, pin: int, picofarads: float) -> None:
        """Keeps the capacitance, in `capacitances`."""
        self.capacitances[pin] = picofarads

    def call_at(self, at: int, part: Part, method: str, args: tuple[Any, ...]) -> None:
        """Calls the method when `run` gets there."""
        self._order += 1
        heapq.heappush(self._calls, (at, self._order, part, method, args))
