"""What the wires around a probe must have shown when it is done: levels of pins as a logic analyser takes them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tests.probe_parts import CanNode, can_frame
from twins import Twin
from twins.vcd import in_order

Times = npt.NDArray[np.uint64]
"""Times in ps, or the levels of all pins."""


class Wires:
    """The changes of all pins since the probe's start: times in ps, and the levels after each, a bit a pin."""

    def __init__(self, twin: Twin) -> None:
        twin.trace.record_pins()
        self._twin = twin
        self._before = twin.pins.levels

    def take(self) -> tuple[Times, Times]:
        """Times and levels, with the levels of the start in front."""
        at, level = in_order(self._before, *self._twin.trace.take_pins())
        return np.insert(at, 0, 0), np.insert(level, 0, self._before)


def bits(level: Times, *pins: int) -> Times:
    """The levels of these pins as numbers, the first pin in bit 0."""
    number = np.zeros(len(level), np.uint64)
    for n, pin in enumerate(pins):
        number |= (level >> np.uint64(pin) & np.uint64(1)) << np.uint64(n)
    return number


def spi_lines(wires: Wires) -> None:
    """32 bits on one, four and eight lines, on rising edges and on both: MSB first, line 0 the lowest bit."""
    _, level = wires.take()
    select, clock, data = bits(level, 10), bits(level, 12), bits(level, 11, 13, 14, 9, 17, 18, 21, 38)
    begins = np.flatnonzero((select[1:] == 0) & (select[:-1] == 1)) + 1
    ways = ((1, 0), (1, 1), (4, 0), (4, 1), (8, 0), (8, 1))
    words = (0x01020304, 0x11121314, 0x21222324, 0x31323334, 0x41424344, 0x51525354)
    first = 15  # what goes to SPI3 comes before
    for n, ((lines, both), word) in enumerate(zip(ways, words, strict=True), first):
        some = slice(begins[n], begins[n + 1])
        changed = np.diff(clock[some], prepend=clock[some][0]) != 0
        taken = data[some][changed & (select[some] == 0) & ((clock[some] == 1) | bool(both))]
        assert len(taken) == 32 // lines, (lines, both)
        sent = sum((int(each) & (1 << lines) - 1) << lines * n for n, each in enumerate(reversed(taken)))
        assert f"{sent:08x}" == f"{word:08x}", (lines, both)


def edges(at: Times, level: Times, pin: int, *, rising: bool) -> Times:
    """When a pin rose, or fell."""
    values = bits(level, pin)
    return at[1:][(values[1:] == rising) & (values[:-1] != rising)]


def pulses(at: Times, level: Times, pin: int) -> tuple[Times, Times]:
    """Periods between the rising edges of a pin, and how long it was high in each, in ns."""
    rises, falls = edges(at, level, pin, rising=True), edges(at, level, pin, rising=False)
    falls = falls[np.searchsorted(falls, rises[0]) :]
    count = min(len(rises) - 1, len(falls))
    return np.diff(rises)[:count] // np.uint64(1000), (falls[:count] - rises[:count]) // np.uint64(1000)


def ledc_modes(wires: Wires) -> None:
    """Five outputs of LEDC, 5 ms into the probe: from APB_CLK, then from the crystal, then from RC_FAST."""
    at, level = wires.take()
    begin = edges(at, level, 4, rising=True)[0] + np.uint64(2_000_000_000)  # settled
    first = (at >= begin) & (at < begin + np.uint64(5_000_000_000))
    # TRM: the period is 2 to the resolution ticks; the output is high from hpoint for the duty, whose fraction n makes
    # n of 16 periods longer by a tick. Pin, period, high (or both of its lengths), in ns; 14 bits of 80 MHz / 4 225/256
    # end within 0.1 %.
    for pin, period, high in (
        (4, 100_000, (25_000,)),
        (5, 10_000, (3_125, 3_750)),
        (6, 1_000_000, (250_000,)),
        (7, 50_000, (19_531,)),
        (8, 50_000, (9_765,)),
    ):
        periods, highs = pulses(at[first], level[first], pin)
        assert abs(periods.mean() - period) < period / 1000, (pin, periods.mean())
        near = [np.abs(highs.astype(np.int64) - each) <= max(2, each // 1000) for each in high]
        assert np.logical_or.reduce(near).all(), (pin, set(highs.tolist()))
        if len(high) == 2:
            assert abs(near[1].mean() - 4 / 16) < 0.01, near[1].mean()
    # The second channel of a timer rises as the first one falls: its hpoint is the other's duty.
    gap = edges(at[first], level[first], 8, rising=True)[:20].astype(np.int64)
    falls = edges(at[first], level[first], 7, rising=False).astype(np.int64)
    assert all(np.abs(falls - each).min() < 400_000 for each in gap)
    # ESP-IDF ledc_ll_set_slow_clk_sel: 40 MHz and 17.5 MHz instead of 80 MHz.
    periods = pulses(at, level, 7)[0]
    counts = {
        rate: int(np.count_nonzero(np.abs(periods.astype(np.int64) - 50_000 * 80 / rate) < 200)) for rate in (40, 17.5)
    }
    assert counts[40] >= 18, counts
    assert counts[17.5] >= 7, counts


def uart_frames(wires: Wires) -> None:
    """The frames of the first two settings on GPIO4: start, 55h with its lowest bit first, stop."""
    at, level = wires.take()
    line = bits(level, 4)
    start = edges(at, level, 4, rising=False)

    def samples(begin: int, count: int) -> str:
        return "".join(
            str(line[np.searchsorted(at, begin + 5_000_000 + n * 10_000_000, "right") - 1]) for n in range(count)
        )

    # 10 us a bit; ten frames of ten bits, then ten of nine.
    assert samples(int(start[0]), 100) == "0101010101" * 10
    seven = int(start[np.searchsorted(start, int(start[0]) + 1_000_000_000)])
    assert samples(seven, 90) == "010101011" * 10


def twai_bus(wires: Wires) -> None:
    """Who listens only acknowledges nothing, and begins no error frame where nobody else acknowledges."""
    at, level = wires.take()
    bus = bits(level, 4)
    bit = CanNode.BIT
    falls = edges(at, level, 4, rising=False)
    rises = edges(at, level, 4, rising=True)
    quiet = falls - rises[np.maximum(np.searchsorted(rises, falls), 1) - 1]
    seen = {}
    for begin in falls[quiet > 10 * bit]:
        moments = np.arange(100, dtype=np.uint64) * np.uint64(bit) + begin + np.uint64(bit // 2)
        sampled = "".join(str(each) for each in bus[np.searchsorted(at, moments, "right") - 1])
        for name, frame in (("heard", can_frame(0x222, b"f")), ("listened to", can_frame(0x456, b"only"))):
            if sampled.startswith(frame):
                seen[name] = sampled[len(frame) :][:10]
    # Delimiter of the CRC, acknowledge slot, its delimiter, end of frame.
    assert seen == {"heard": "1011111111", "listened to": "1111111111"}


def lcd_bus(wires: Wires) -> None:
    """What a display takes over at the rising edges of WR while it is selected, and D/CX with it."""
    _, level = wires.take()
    strobe, dc, select = bits(level, 4), bits(level, 5), bits(level, 6)
    data = bits(level, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 21, 38, 39, 40)
    begins = np.flatnonzero((select[1:] == 0) & (select[:-1] == 1)) + 1
    # ESP-IDF hal/lcd_ll.h: the lower half of a command first; of two bytes the first one is lower.
    expected: list[tuple[int, list[int], str]] = [
        (8, [0x34, 1, 2, 3, 4], "01111"),
        (16, [0x1234, 0xABCD, 0x0201, 0x0403], "0011"),
        (16, [0x0102, 0x0304], "11"),
        (16, [0x8040, 0xC020], "11"),
        (8, [2, 1, 4, 3], "1111"),
        (8, [0x80, 0x40, 0xC0, 0x20], "1111"),
        (8, [1, 2, 3], "111"),
    ]
    for n, (width, words, levels) in enumerate(expected):
        some = slice(begins[n], begins[n + 1] if n + 1 < len(begins) else None)
        rises = (np.diff(strobe[some].astype(np.int8), prepend=1) == 1) & (select[some] == 0)
        taken = [int(word) & (1 << width) - 1 for word in data[some][rises]]
        assert taken == words, (n, [hex(word) for word in taken])
        assert "".join(str(each) for each in dc[some][rises]) == levels, n


def mcpwm_dead(wires: Wires) -> None:
    """What GPIO4 and GPIO5 do in the third period of each topology: us behind the timer's zero, A, B.

    ESP32-S3 TRM, chapter "Motor Control PWM": the rising edge of A comes 5 us late, or the falling one 10 us, on the
    path that leads to A or to B. A is high for 30 us, B for 50 us.
    """
    at, level = wires.take()
    outputs, marks = bits(level, 4, 5), bits(level, 7)
    zeros = edges(at, level, 6, rising=True)
    begins = at[1:][marks[1:] != marks[:-1]]
    seen = []
    for begin in begins[-10:-1]:
        zero = zeros[np.searchsorted(zeros, begin) + 2]
        changes = [(0, int(outputs[np.searchsorted(at, zero, "right") - 1]))]
        for moment, levels in zip(at, outputs, strict=True):
            if zero < moment < zero + np.uint64(99_000_000) and levels != changes[-1][1]:
                changes.append((int(moment - zero) // 1_000_000, int(levels)))
        seen.append([(moment, levels & 1, levels >> 1) for moment, levels in changes])
    assert seen == [
        [(0, 0, 0), (5, 1, 0), (30, 0, 0), (40, 0, 1)],
        [(0, 1, 1), (5, 0, 1), (30, 1, 1), (40, 1, 0)],
        [(0, 0, 1), (5, 1, 1), (30, 0, 1), (40, 0, 0)],
        [(0, 1, 0), (5, 0, 0), (30, 1, 0), (40, 1, 1)],
        [(0, 1, 1), (30, 0, 1), (40, 0, 0)],
        [(0, 0, 1), (5, 1, 1), (30, 0, 1), (50, 0, 0)],
        [(0, 1, 0), (5, 1, 1), (30, 0, 1), (60, 0, 0)],
        [(0, 1, 1), (30, 0, 1), (50, 0, 0)],
        [(0, 1, 1), (30, 1, 0), (50, 0, 0)],
    ]


SHOWN: dict[str, Callable[[Wires], None]] = {
    "lcd_bus": lcd_bus,
    "mcpwm_dead": mcpwm_dead,
    "ledc_modes": ledc_modes,
    "spi_lines": spi_lines,
    "twai_bus": twai_bus,
    "uart_frames": uart_frames,
}
