"""Ports of audio parts: I2S and PDM wires. A part imports them from `twins.ports`, as all ports.

>>> import numpy as np
>>> from twins.bench import Bench
>>> from twins.ports import I2sBatch, I2sLink, Part
>>> class Ear(Part):
...     '''Keeps the loudest sample that it hears.'''
...     i2s = I2sLink(hears=True)
...     loudest = 0
...     @i2s.received
...     def _received(self, batch: I2sBatch) -> None:
...         self.loudest = max(self.loudest, int(np.abs(batch.samples).max()))
>>> bench = Bench(); ear = bench.add(Ear())
>>> bench.play(ear.i2s, [[1000, -2000], [3000, 0]], rate=16_000)
>>> ear.loudest
3000
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twins.ports import Handler, Host, Port

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from twins.ports import Times


@dataclass(frozen=True)
class I2sBatch:
    """Frames that an audio part heard, in order.

    Attributes:
        samples: one row a frame, one column a slot, int32, left-justified whatever the width of a slot; in standard
            formats the left channel is column 0.
        at: the time at which WS began each frame, in ps, uint64.
        bits: bit clocks of a slot, as they were on the wire.
    """

    samples: npt.NDArray[np.int32]
    at: Times
    bits: int

    def __len__(self) -> int:
        return len(self.at)

    @property
    def rate(self) -> float:
        """Frames in a second; 0 where there are not two."""
        return frame_rate(self.at)


def frame_rate(at: Times) -> float:
    """Frames in a second from the times at which they began; pauses of the clock do not count. 0 without two frames.

    >>> import numpy as np
    >>> frame_rate(np.array([0, 62_500_000, 125_000_000, 9_000_000_000, 9_062_500_000], np.uint64))
    16000.0
    """
    import numpy as np

    periods = np.diff(at.astype(np.int64))
    running = periods[periods < 1.5 * np.median(periods)] if len(periods) else periods
    return 1e12 / float(running.mean()) if len(running) else 0.0


class I2sLink(Port):
    """An audio part's I2S wire: bit clock, word select, and as the part has them `din` (it hears) and `dout` (it says).

    Samples are int32, left-justified: a part of 24 bits leaves the lower 8 bits 0. Both the chip's I2S controllers
    and firmware that makes the edges itself (PIO, bit-banging) are understood.

    Args:
        hears: the part has a data input.
        says: the part has a data output.
        slots: 2 is the standard format, a slot for each level of WS, low is left; other numbers are TDM, where a
            frame begins as WS rises.
        slot_bits: bits of a slot: in TDM, and where the part gives the clock.
        delay: the most significant bit comes one clock behind the edge of WS (Philips); else with it.
    """

    def __init__(
        self,
        *,
        hears: bool = False,
        says: bool = False,
        slots: int = 2,
        slot_bits: int = 32,
        delay: bool = True,
        optional: bool = False,
    ) -> None:
        super().__init__(optional=optional)
        self.hears = hears
        self.says = says
        self.slots = slots
        self.slot_bits = slot_bits
        self.delay = delay

    def pin_names(self) -> Mapping[str, bool]:
        names = {"bclk": True, "ws": True}
        both = self.hears and self.says
        return names | ({"din": not both} if self.hears else {}) | ({"dout": not both} if self.says else {})

    def received(self, method: Handler) -> Handler:
        """Decorates ``method(batch: I2sBatch)``."""
        return self._handler("received", method)

    def wanted(self, method: Handler) -> Handler:
        """Decorates ``method(at) -> samples``: one row for each frame that began at these times (uint64, ps).

        The times lie at most a few milliseconds in the past, and none is asked for twice.
        """
        return self._handler("wanted", method)

    def run_clock(self, rate: int) -> None:
        """The part is the master: it gives bit clock and word select, so many frames a second from now on; 0 stops."""
        if self.connected:
            self.part.host.i2s_clock(self, rate)

    def attach(self, host: Host) -> None:
        host.attach_i2s(self, self.part)


class PdmLink(Port):
    """An audio part's PDM wire: `clk`, and as the part has them `din` (it hears) and `dout` (it says).

    Samples are int32 as on `I2sLink`, a column for the left channel (select pin low: what is there before the clock
    rises) and one for the right. They come at the rate at which the chip's controller makes samples out of bits; where
    firmware looks at single bits, each stands for 64 clocks.

    Args:
        hears: the part has a data input.
        says: the part has a data output.
        channels: an attribute of the part that tells when it is put on its board in which channels it speaks, a
            pair of bools, left and right; without one in both.

    >>> from twins.bench import Bench
    >>> from twins.ports import Part
    >>> class Hum(Part):
    ...     '''Says the same in the left channel for ever.'''
    ...     pdm = PdmLink(says=True)
    ...     @pdm.wanted
    ...     def _wanted(self, at):
    ...         return [(1 << 30, 0)] * len(at)
    >>> bench = Bench(); hum = bench.add(Hum()); bench.record(hum.pdm, 2, rate=16_000).tolist()
    [[1073741824, 0], [1073741824, 0]]
    """

    def __init__(self, *, hears: bool = False, says: bool = False, channels: str = "", optional: bool = False) -> None:
        super().__init__(optional=optional)
        self.hears = hears
        self.says = says
        self.channels = channels

    def pin_names(self) -> Mapping[str, bool]:
        return {"clk": True} | ({"din": True} if self.hears else {}) | ({"dout": True} if self.says else {})

    def received(self, method: Handler) -> Handler:
        """Decorates ``method(batch: I2sBatch)``; `bits` are the clocks of a sample."""
        return self._handler("received", method)

    def wanted(self, method: Handler) -> Handler:
        """Decorates ``method(at) -> samples``: a row of left and right for each of these times (uint64, ps)."""
        return self._handler("wanted", method)

    def attach(self, host: Host) -> None:
        host.attach_pdm(self, self.part)
