"""Ports of buses that carry whole words, commands or frames: parallel buses, the SD bus, and Ethernet.

>>> from twins.bench import Bench
>>> from twins.ports import Part
>>> class Latch(Part):
...     '''Keeps the last word that it took over.'''
...     bus = ParallelTarget(8, dc=False)
...     last = 0
...     @bus.received
...     def _words(self, batch: ParallelBatch) -> None:
...         self.last = int(batch.data[-1])
>>> bench = Bench(); latch = bench.add(Latch())
>>> bench.put(latch.bus, [1, 2, 3]); latch.last
3
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twins.ports import Handler, Host, Port
from twins.units import Time

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from twins.ports import Bytes, Times


@dataclass(frozen=True)
class ParallelBatch:
    """Words that a parallel target took over while selected, in order.

    Attributes:
        data: the words, bit 0 from the first data line, shape (n,), uint16.
        dc: the level of D/CX at each word, shape (n,), uint8; all 1 without such a pin.
        at: the time of each word's clock edge in ps, shape (n,), uint64.
    """

    data: npt.NDArray[np.uint16]
    dc: Bytes
    at: Times

    def __len__(self) -> int:
        return len(self.data)


@dataclass(frozen=True)
class SdAnswer:
    """An SD card's answer: all bytes on the command line, and for how long (ps) the card then holds DAT0 low."""

    response: bytes
    busy: int = 0


@dataclass(frozen=True)
class SdBlock:
    """A block of data from an SD card, `delay` ps from now."""

    data: bytes
    delay: int = 0


@dataclass(frozen=True)
class SdWritten:
    """An SD card's answer to a block of data: the status of its CRC, and for how long (ps) it then is busy."""

    accepted: bool
    busy: int = 0


class ParallelTarget(Port):
    """A target with parallel data lines ``d0`` and on, and a clock: WR of an 8080 bus, PCLK of an RGB panel.

    Args:
        width: how many data lines it has; a board connects all of them, or the lower 8 of 16.
        clock: the name of the clock's pin.
        dc: it has a D/CX pin.
        falling: it takes data over at falling edges.
    """

    def __init__(
        self,
        width: int = 16,
        *,
        clock: str = "wr",
        dc: bool = True,
        falling: bool = False,
        optional: bool = False,
    ) -> None:
        super().__init__(optional=optional)
        self.width = width
        self.clock = clock
        self.has_dc = dc
        self.falling = falling

    def pin_names(self) -> Mapping[str, bool]:
        names = {self.clock: True, "cs": False} | ({"dc": True} if self.has_dc else {})
        return names | {f"d{line}": line < 8 for line in range(self.width)}

    @property
    def data_pins(self) -> list[int]:
        """The chip's pins of the data lines from bit 0 on."""
        return [self.pins[f"d{line}"] for line in range(self.width) if f"d{line}" in self.pins]

    def received(self, method: Handler) -> Handler:
        """Decorates ``method(batch: ParallelBatch)``."""
        return self._handler("received", method)

    def selected(self, method: Handler) -> Handler:
        """Decorates ``method(at, selected)``, called at each edge of the chip select."""
        return self._handler("selected", method)

    def attach(self, host: Host) -> None:
        host.attach_parallel(self, self.part)


class SdTarget(Port):
    """An SD card on the SD bus: CLK, CMD, DAT0, and for four lines DAT1 to DAT3.

    >>> from twins.bench import Bench
    >>> from twins.ports import Part
    >>> class Zeros(Part):
    ...     '''Obeys every command but CMD0, which has no answer, and holds nothing but zeros.'''
    ...     bus = SdTarget()
    ...     @bus.command
    ...     def _command(self, at, index, argument):
    ...         return None if index == 0 else SdAnswer(bytes([index, 0, 0, 0, 0, 1]))
    ...     @bus.read
    ...     def _read(self, at, lines):
    ...         return SdBlock(bytes(512), delay=1_000_000)
    ...     @bus.write
    ...     def _write(self, at, lines, data):
    ...         return SdWritten(accepted=True, busy=500_000_000)
    >>> card = Bench().add(Zeros()); card.bus.handle("command", 0, 0, 0)
    >>> card.bus.handle("command", 0, 17, 0).response.hex(), len(card.bus.handle("read", 0, 4).data)
    ('110000000001', 512)
    """

    def pin_names(self) -> Mapping[str, bool]:
        return {"clk": True, "cmd": True, "d0": True, "d1": False, "d2": False, "d3": False}

    def command(self, method: Handler) -> Handler:
        """Decorates ``method(at, index, argument) -> SdAnswer | None``."""
        return self._handler("command", method)

    def read(self, method: Handler) -> Handler:
        """Decorates ``method(at, lines) -> SdBlock | None``: the next block of data on 1 or 4 lines."""
        return self._handler("read", method)

    def write(self, method: Handler) -> Handler:
        """Decorates ``method(at, lines, data) -> SdWritten | None``, called for each block of data."""
        return self._handler("write", method)

    def attach(self, host: Host) -> None:
        host.attach_sd(self, self.part)


class EthernetLink(Port):
    """The other end of the chip's Ethernet cable; it is on no pins. Frames are bytes from the destination's address on.

    There is no checksum, and short frames are filled up to 60 bytes on the way to the chip. A frame takes its time on
    the line: 100 Mbit/s.

    >>> from twins.bench import Bench
    >>> from twins.ports import Part
    >>> class Echo(Part):
    ...     '''Sends every frame back to where it came from, 10 us later.'''
    ...     cable = EthernetLink()
    ...     @cable.received
    ...     def _frame(self, at: int, frame: bytes) -> None:
    ...         self.cable.send(frame[6:12] + frame[:6] + frame[12:], after="10us")
    >>> bench = Bench(); echo = bench.add(Echo())
    >>> bench.frame(echo.cable, bytes(range(20))); bench.run("1ms"); bench.frames[0]
    (10000000, b'\\x06\\x07\\x08\\t\\n\\x0b\\x00\\x01\\x02\\x03\\x04\\x05\\x0c\\r\\x0e\\x0f\\x10\\x11\\x12\\x13')
    """

    def pin_names(self) -> Mapping[str, bool]:
        return {}

    @property
    def connected(self) -> bool:
        return True

    def received(self, method: Handler) -> Handler:
        """Decorates ``method(at, frame: bytes)``, called for each frame that the chip sends."""
        return self._handler("received", method)

    def send(self, frame: bytes, after: Time = 0) -> None:
        """Sends a frame to the chip, now or after a time."""
        self.part.after(after, self.part._send_frame, bytes(frame))

    def plug(self, on: bool, after: Time = 0) -> None:
        """Plugs the cable in or out, now or after a time: the chip's PHY says whether there is a link."""
        self.part.after(after, self.part._plug_ethernet, on)

    def attach(self, host: Host) -> None:
        host.attach_ethernet(self, self.part)
