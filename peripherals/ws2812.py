"""WS2812 family: red, green and blue LEDs with a controller each, in a chain on one data line.

Worldsemi WS2812 and WS2812B data sheets, "Data transfer time" and "Composition of 24 bit data". A bit is a pulse;
its high time tells 0 from 1. An LED keeps the first 24 bits after a reset and passes on the rest. A line that
stays low for the reset time makes all of them show what they have.

===========  =========  ==========  ==========  ==========  =======
variant      T0H ns     T1H ns      T0L ns      T1L ns      reset
===========  =========  ==========  ==========  ==========  =======
WS2812       200 - 500  550 - 850   650 - 950   450 - 750    50 µs
WS2812B      250 - 550  650 - 950   700 - 1000  300 - 600    50 µs
WS2812B-V4   220 - 380  580 - 1000  580 - 1000  220 - 1000  280 µs
WS2812B-V5   220 - 380  580 - 1000  580 - 1000  220 - 1000  280 µs
===========  =========  ==========  ==========  ==========  =======

T1L of V4 and V5 is 220 to 420 ns in some sheets and 580 to 1000 ns in others: both are accepted. The threshold of
the silicon is in no sheet; it lies half way between the longest 0 and the shortest 1, and for WS2812 and WS2812B at
the 0.5 to 0.55 µs that were measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from twins.controls import Control, Picture
from twins.errors import UsageError
from twins.ports import Part, PulseSink
from twins.units import NS, US, Duration

if TYPE_CHECKING:
    from twins.ports import Levels, Times

Span = tuple[int, int]
Bits = npt.NDArray[np.bool_]
Picoseconds = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Timing:
    """The times of a variant in ps: shortest and longest for each part of a bit."""

    t0h: Span
    t1h: Span
    t0l: Span
    t1l: Span
    reset: int
    threshold: int
    """A pulse that is high for this long or longer is a 1."""


def timing(t0h: Span, t1h: Span, t0l: Span, t1l: Span, *, reset: int, threshold: int) -> Timing:
    """A `Timing` from the figures of a data sheet: ns, and µs for the reset."""
    zero_high, one_high, zero_low, one_low = ((low * NS, high * NS) for low, high in (t0h, t1h, t0l, t1l))
    return Timing(zero_high, one_high, zero_low, one_low, reset=reset * US, threshold=threshold * NS)


@dataclass(frozen=True)
class Violation:
    """A pulse outside the data sheet.

    Attributes:
        at: when it began, in ps.
        bit: its number in the frame, from 0.
        name: what is wrong: T0H, T1H, T0L or T1L.
        length: how long it was.
        expected: the shortest and the longest time allowed.
    """

    at: int
    bit: int
    name: str
    length: Duration
    expected: tuple[Duration, Duration]

    def __str__(self) -> str:
        low, high = self.expected
        return f"{Duration(self.at)}: {self.name} of bit {self.bit} is {self.length}, expected {low} to {high}"


class WS2812(Part):
    """A chain, or a matrix, of WS2812 LEDs. Dark until the first frame.

    Args:
        count: how many LEDs are in the chain; with `rows` it may be left out.
        variant: which data sheet, a key of `TIMINGS`.
        order: the colours in the order of the wire; "GRB" in the data sheet, "RGB" in some clones.
        rows, columns: how the chain is laid out for `frame`, row by row; one row without it.
        serpentine: every second row runs from right to left.
        strict: keep each pulse that is outside the data sheet in `violations`.

    Attributes:
        colors: the colours shown, (count, channels) uint8, red, green, blue (white last).
        frames: how many frames were latched.
        latched_at: when each of them was, in ps.
        surplus: what the last LED passed on in the last frame, whole bytes as they were on the wire.
        violations: with `strict`, the pulses outside the data sheet.

    >>> from twins.bench import Bench
    >>> bench = Bench(); strip = bench.add(WS2812(2, strict=True))
    >>> bench.pulses(strip.data, strip.encode([(255, 0, 0), (0, 0, 1)])); bench.run("200us")
    >>> strip.colors.tolist(), strip.frames, strip.violations
    ([[255, 0, 0], [0, 0, 1]], 1, [])
    """

    controls: ClassVar[tuple[Control, ...]] = (Picture(look="lights"),)

    data = PulseSink()

    TIMINGS: ClassVar[Mapping[str, Timing]] = {
        "WS2812": timing((200, 500), (550, 850), (650, 950), (450, 750), reset=50, threshold=525),
        "WS2812B": timing((250, 550), (650, 950), (700, 1000), (300, 600), reset=50, threshold=525),
        "WS2812B-V4": timing((220, 380), (580, 1000), (580, 1000), (220, 1000), reset=280, threshold=480),
        "WS2812B-V5": timing((220, 380), (580, 1000), (580, 1000), (220, 1000), reset=280, threshold=480),
    }
    ORDERS: ClassVar[Mapping[str, str]] = {}
    """The order of the wire by variant, where it is not GRB."""

    def __init__(
        self,
        count: int | None = None,
        variant: str = "WS2812B",
        order: str | None = None,
        rows: int | None = None,
        columns: int | None = None,
        serpentine: bool = False,
        strict: bool = False,
    ) -> None:
        super().__init__()
        if variant not in self.TIMINGS:
            raise UsageError(f"variant {variant!r}: expected one of {', '.join(self.TIMINGS)}")
        self.variant = variant
        self.order = order or self.ORDERS.get(variant, "GRB")
        if sorted(self.order) not in (sorted("RGB"), sorted("RGBW")):
            raise UsageError(f"order {self.order!r}: expected the letters R, G, B and perhaps W, each once")
        self.rows, self.columns = _layout(count, rows, columns)
        self.count = self.rows * self.columns
        self.serpentine = serpentine
        self.strict = strict
        self.colors = np.zeros((self.count, len(self.order)), np.uint8)
        self.frames = 0
        self.latched_at: list[int] = []
        self.surplus = b""
        self.violations: list[Violation] = []
        self._bits: list[Bits] = []
        self._bit_count = 0
        self._last_bit = False
        self._high = False
        self._rise = 0
        self._fall = 0

    @property
    def timing(self) -> Timing:
        """The times of its data sheet."""
        return self.TIMINGS[self.variant]

    # Data transfer

    @data.received
    def _received(self, at: Times, level: Levels) -> None:
        changes = level != np.concatenate(([self._high], level[:-1]))
        times = at.astype(np.int64)
        if not changes.all():
            times, level = times[changes], level[changes]
        rises, falls = times[level], times[~level]
        if self._high:
            rises = np.concatenate(([self._rise], rises))
        pulses = len(falls)
        lows = rises - np.concatenate(([self._fall], falls))[: len(rises)]
        bits = (falls - rises[:pulses]) >= self.timing.threshold
        start = 0
        for latch in np.flatnonzero(lows >= self.timing.reset).tolist():
            self._take(rises[start:latch], falls[start:latch], lows[start:latch], bits[start:latch])
            self._latch((int(falls[latch - 1]) if latch else self._fall) + self.timing.reset)
            start = latch
        self._take(rises[start:pulses], falls[start:], lows[start:pulses], bits[start:])
        self._high = len(rises) > pulses
        if self._high:
            self._rise = int(rises[-1])
        if pulses:
            self._fall = int(falls[-1])
        if self._bit_count and not self._high:
            due = self._fall + self.timing.reset
            self.after(Duration(max(0, due - self.now)), self._stayed_low, self._fall)

    def _take(self, rises: Picoseconds, falls: Picoseconds, lows: Picoseconds, bits: Bits) -> None:
        """Pulses of one frame."""
        if not len(bits):
            return
        if self.strict:
            self._check(rises, falls, lows, bits)
        self._bits.append(bits)
        self._bit_count += len(bits)
        self._last_bit = bool(bits[-1])

    def _stayed_low(self, since: int) -> None:
        if not self._high and self._fall == since:
            self._latch(since + self.timing.reset)

    def _latch(self, at: int) -> None:
        """Reset: every LED shows the bits it has; one that has not got all of them keeps its colour."""
        if not self._bit_count:
            return
        bits = np.concatenate(self._bits)
        width = 8 * len(self.order)
        whole = min(len(bits) // width, self.count)
        wire = np.packbits(bits[: whole * width]).reshape(-1, len(self.order))
        self.colors[:whole] = wire[:, [self.order.index(letter) for letter in "RGBW"[: len(self.order)]]]
        rest = bits[self.count * width :]
        self.surplus = np.packbits(rest[: len(rest) // 8 * 8]).tobytes()
        self.frames += 1
        self.latched_at.append(at)
        self._bits = []
        self._bit_count = 0

    # Strict mode

    def _check(self, rises: Picoseconds, falls: Picoseconds, lows: Picoseconds, bits: Bits) -> None:
        """Looks at the high time of each bit, and at the low time behind each bit but the last so far."""
        before = self._bit_count
        times = self.timing
        numbers = np.arange(before, before + len(bits))
        found = self._outside("H", falls - rises, bits, numbers, rises, (times.t0h, times.t1h))
        first = 0 if before else 1
        of = np.concatenate(([self._last_bit], bits[:-1]))[first:]
        began = (rises - lows)[first:]
        found += self._outside("L", lows[first:], of, numbers[first:] - 1, began, (times.t0l, times.t1l))
        self.violations += sorted(found, key=lambda violation: violation.at)

    def _outside(
        self,
        part: str,
        lengths: Picoseconds,
        bits: Bits,
        numbers: npt.NDArray[Any],
        began: Picoseconds,
        spans: tuple[Span, Span],
    ) -> list[Violation]:
        found = []
        for value, (low, high) in enumerate(spans):
            wrong = (bits == bool(value)) & ((lengths < low) | (lengths > high))
            expected = Duration(low), Duration(high)
            for index in np.flatnonzero(wrong).tolist():
                length = Duration(int(lengths[index]))
                found.append(Violation(int(began[index]), int(numbers[index]), f"T{value}{part}", length, expected))
        return found

    # What a person sees, and what a test sends

    @property
    def frame(self) -> npt.NDArray[np.uint8]:
        """The LEDs as they are laid out, (rows, columns, 3) uint8; a white LED adds to all three colours."""
        shown: npt.NDArray[np.uint8] = self.colors[:, :3]
        if len(self.order) == 4:
            shown = np.minimum(shown.astype(np.uint16) + self.colors[:, 3:], 255).astype(np.uint8)
        image: npt.NDArray[np.uint8] = shown.reshape(self.rows, self.columns, 3).copy()
        if self.serpentine:
            image[1::2] = image[1::2, ::-1]
        return image

    def encode(self, colors: Any) -> list[tuple[int, int]]:
        """The edges (ps, level) of a frame in the middle of the data sheet's times: what a driver would send."""
        times = self.timing
        wire = np.asarray(colors, np.uint8)[:, ["RGBW".index(letter) for letter in self.order]]
        edges = []
        at = 0
        for bit in np.unpackbits(wire.reshape(-1)).tolist():
            high, low = (times.t1h, times.t1l) if bit else (times.t0h, times.t0l)
            edges += [(at, 1), (at + sum(high) // 2, 0)]
            at += sum(high) // 2 + sum(low) // 2
        return edges


def _layout(count: int | None, rows: int | None, columns: int | None) -> tuple[int, int]:
    if count is None:
        count = (rows or 0) * (columns or 0)
    if count < 1:
        raise UsageError("how many LEDs? Give count, or rows and columns")
    if rows is None:
        rows = count // columns if columns else 1
    if columns is None:
        columns = count // rows if rows > 0 else 0
    if rows * columns != count:
        raise UsageError(f"{count} LEDs do not fill {rows} rows of {columns}")
    return rows, columns
