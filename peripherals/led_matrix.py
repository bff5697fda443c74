"""A matrix of WS2812 LEDs made of panels, with its supply.

Data transfer as in `peripherals.ws2812`. PWM makes the mean current follow the value; what a colour draws at full
brightness:

===========  =============  ===========
variant      mA per colour  mA when off
===========  =============  ===========
WS2812       20             0.7
WS2812B      20             0.7
WS2812B-V4   20             0.7
WS2812B-V5   12             0.7
===========  =============  ===========

20 mA are what strips are calculated with (60 mA for white: Electric Imp's WS2812 guide), and 18.5 to 22 mA have been
measured; parts in the V5 package are sold with 12 mA (XINGLIGHT XL-5050RGBC-WS2812B); the V4 sheet could not be read. A
dark LED draws 0.6 to 1 mA, as measured. `channel_ma` sets another figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from peripherals.ws2812 import WS2812
from twins.controls import Control, Picture, Reading
from twins.errors import UsageError
from twins.power import PowerIn

if TYPE_CHECKING:
    from twins.ports import Levels, Times


class LedMatrix(WS2812):
    """Panels of WS2812 LEDs as one picture.

    Pins: `data`; `supply`, wired to what feeds it, or 5 V for ever.

    Args:
        rows, columns: the size of a panel.
        panels: how many panels stand below each other, and how many beside each other. The chain goes through them
            row by row.
        serpentine: every second row of a panel runs from right to left.
        rotation: by how many degrees, clockwise, the panels are mounted: 0, 90, 180 or 270.
        variant, order, strict: as for `WS2812`.
        channel_ma: what a colour draws at full brightness, where the table's figure is not wanted.
        garbage: which share of the LEDs comes up lit when the supply comes, in colours from the seed. No sheet promises
            a dark start; 0 is what most LEDs do most of the time.
        limit: amperes that the supply can give. A frame that takes more pulls it down: all LEDs start again.

    Attributes:
        unpowered_edges: how many edges came on the data line while there was no supply.
        unpowered_at: when the first of them came, in ps.
        brownouts: when the supply broke down, in ps.

    >>> from twins.bench import Bench
    >>> bench = Bench(); matrix = bench.add(LedMatrix(rows=2, columns=2, serpentine=True))
    >>> bench.pulses(matrix.data, matrix.encode([(255, 0, 0), (0, 0, 0), (0, 0, 255), (0, 0, 0)]))
    >>> bench.run("1ms"); matrix.frame[:, :, 0].tolist(), matrix.frame[:, :, 2].tolist(), round(matrix.amperes, 4)
    ([[255, 0], [0, 0]], [[0, 0], [0, 255]], 0.0428)
    """

    controls: ClassVar[tuple[Control, ...]] = (Picture(look="lights"), Reading("amperes", unit="A"))

    supply = PowerIn()

    CHANNEL_MA: ClassVar[Mapping[str, float]] = {
        "WS2812": 20.0,
        "WS2812B": 20.0,
        "WS2812B-V4": 20.0,
        "WS2812B-V5": 12.0,
    }
    DARK_MA = 0.7
    WORKS_FROM = 3.5
    """Volts below which the controllers are off ("Absolute maximum ratings": 3.5 to 5.3 V)."""

    def __init__(
        self,
        rows: int,
        columns: int,
        panels: Sequence[int] = (1, 1),
        serpentine: bool = False,
        rotation: int = 0,
        variant: str = "WS2812B",
        order: str | None = None,
        strict: bool = False,
        channel_ma: float | None = None,
        garbage: float = 0.0,
        limit: float | None = None,
    ) -> None:
        if len(panels) != 2 or min(panels) < 1 or min(rows, columns) < 1:
            raise UsageError(f"{list(panels)} panels of {rows} rows and {columns} columns: expected 1 or more of each")
        down, across = panels
        super().__init__(variant=variant, order=order, rows=rows * down, columns=columns * across, strict=strict)
        if rotation not in (0, 90, 180, 270):
            raise UsageError(f"rotation {rotation}: expected 0, 90, 180 or 270")
        if not 0 <= garbage <= 1:
            raise UsageError(f"garbage {garbage}: expected a share from 0 to 1")
        self.layout = np.rot90(_chain(rows, columns, down, across, serpentine), -rotation // 90)
        self.channel_ma = self.CHANNEL_MA[variant] if channel_ma is None else channel_ma
        self.garbage = garbage
        self.limit = limit
        self.unpowered_edges = 0
        self.unpowered_at: int | None = None
        self.brownouts: list[int] = []
        self.powered = False
        self._powered_for_data = False
        self._switches: list[tuple[int, bool]] = []
        self._came_up = self.colors.copy()

    def power_on(self) -> None:
        self._take_supply(self.now, self.supply.volts)
        self._powered_for_data = self.powered
        self._switches = []

    # Supply

    @supply.changed
    def _supply_changed(self, at: int, volts: float) -> None:
        self._take_supply(at, volts)

    def _take_supply(self, at: int, volts: float) -> None:
        powered = volts >= self.WORKS_FROM
        if powered is self.powered:
            return
        self.powered = powered
        self._switches.append((at, powered))
        self._came_up = self._start_colors() if powered else np.zeros_like(self.colors)
        self.colors = self._came_up.copy()
        self.supply.draws()

    def _start_colors(self) -> npt.NDArray[np.uint8]:
        """What the LEDs show when the supply comes."""
        colors = np.zeros_like(self.colors)
        if self.garbage:
            noise = np.random.default_rng(self.random.getrandbits(64))
            lit = noise.random(self.count) < self.garbage
            colors[lit] = noise.integers(0, 256, (int(lit.sum()), colors.shape[1]), np.uint8)
        return colors

    @supply.current
    def _current(self) -> float:
        return self.amperes

    @property
    def amperes(self) -> float:
        """What it draws now."""
        if not self.powered:
            return 0.0
        return (int(self.colors.sum(dtype=np.int64)) * self.channel_ma / 255 + self.count * self.DARK_MA) / 1000

    # Data transfer

    @WS2812.data.received
    def _received(self, at: Times, level: Levels) -> None:
        """Edges come in batches, later than the supply may have changed: each counts by the supply at its time."""
        start = 0
        while self._switches and self._switches[0][0] <= int(at[-1]):
            end = int(np.searchsorted(at, self._switches[0][0]))
            self._data(at[start:end], level[start:end])
            self._forget()
            start = end
        self._data(at[start:], level[start:])
        if not self.powered:
            self.colors = np.zeros_like(self.colors)

    def _stayed_low(self, since: int) -> None:
        while self._switches and self._switches[0][0] <= since + self.timing.reset:
            self._forget()
        super()._stayed_low(since)

    def _data(self, at: Times, level: Levels) -> None:
        if not len(at):
            return
        if self._powered_for_data:
            super()._received(at, level)
            return
        changes = level != np.concatenate(([self._high], level[:-1]))
        count = int(changes.sum())
        if count:
            self.unpowered_edges += count
            if self.unpowered_at is None:
                self.unpowered_at = int(at[changes][0])
            self._high = bool(level[-1])
            self._rise = self._fall = int(at[-1])

    def _forget(self) -> None:
        """The next change of the supply, as the data sees it: the registers of the LEDs lose what they hold."""
        _, powered = self._switches.pop(0)
        self._powered_for_data = powered
        self._bits = []
        self._bit_count = 0
        self.colors = self._came_up.copy() if powered else np.zeros_like(self.colors)

    def _latch(self, at: int) -> None:
        before = self.frames
        super()._latch(at)
        if self.frames == before or not self.powered:
            return
        if self.limit is not None and self.amperes > self.limit:
            self.brownouts.append(at)
            self._came_up = self._start_colors()
            self.colors = self._came_up.copy()
        self.supply.draws()

    # What a person sees

    @property
    def frame(self) -> npt.NDArray[np.uint8]:
        """The LEDs as a person sees them, (height, width, 3) uint8."""
        shown: npt.NDArray[np.uint8] = super().frame.reshape(-1, 3)[self.layout]
        return shown

    @property
    def glass(self) -> npt.NDArray[np.uint8]:
        """The same under the name that displays have for it."""
        return self.frame


def _chain(rows: int, columns: int, down: int, across: int, serpentine: bool) -> npt.NDArray[np.int64]:
    """The number in the chain of the LED at each place of the picture, before it is turned."""
    panel = np.arange(rows * columns).reshape(rows, columns)
    if serpentine:
        panel[1::2] = panel[1::2, ::-1]
    return np.block([[panel + (y * across + x) * panel.size for x in range(across)] for y in range(down)])
