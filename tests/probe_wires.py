"""What the wires around a probe must have shown when it is done: levels of pins as a logic analyser takes them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from twins import Twin
from twins.vcd import in_order


class Wires:
    """The changes of all pins since the probe's start: times in ps, and the levels after each, a bit a pin."""

    def __init__(self, twin: Twin) -> None:
        twin.trace.record_pins()
        self._twin = twin
        self._before = twin.pins.levels

    def take(self) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
        """Times and levels, with the levels of the start in front."""
        at, level = in_order(self._before, *self._twin.trace.take_pins())
        return np.insert(at, 0, 0), np.insert(level, 0, self._before)


def bits(level: npt.NDArray[np.uint64], *pins: int) -> npt.NDArray[np.uint64]:
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


SHOWN: dict[str, Callable[[Wires], None]] = {"spi_lines": spi_lines}
