"""A bench with an ST7789 and the driver that talks to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from peripherals import ST7789
from peripherals.dcs_display import CASET, COLMOD, DISPON, INVON, RAMWR, RASET, SLPOUT
from twins.bench import Bench

RED, GREEN, BLUE, WHITE = (0xF8, 0x00), (0x07, 0xE0), (0x00, 0x1F), (0xFF, 0xFF)
"""Colours as a driver sends them, 16 bits."""


class Display:
    """An ST7789 on a bench, and the driver that talks to it."""

    def __init__(self, awake: bool = True, **options: Any) -> None:
        self.bench = Bench()
        self.lcd = self.bench.add(ST7789(**options))
        self.bench.run("130ms")
        if awake:
            for code, parameters in ((SLPOUT, ()), (COLMOD, (0x55,)), (INVON, ()), (DISPON, ())):
                self.command(code, *parameters)
                self.bench.run("130ms")

    def command(self, code: int, *parameters: int, bit: str = "100ns") -> bytes:
        answer = self.bench.send(self.lcd.spi, [code], dc=0, bit=bit)
        self.bench.send(self.lcd.spi, parameters, bit=bit)
        return answer

    def window(self, left: int, top: int, right: int, bottom: int) -> None:
        self.command(CASET, left >> 8, left & 255, right >> 8, right & 255)
        self.command(RASET, top >> 8, top & 255, bottom >> 8, bottom & 255)

    def draw(self, *pixels: Iterable[int]) -> None:
        self.command(RAMWR, *(byte for pixel in pixels for byte in pixel))

    def pixel(self, x: int, y: int, colour: tuple[int, int]) -> None:
        self.window(x, y, x, y)
        self.draw(colour)

    def cells(self, row: int, start: int, end: int) -> list[str]:
        return [f"{cell:05x}" for cell in self.lcd.memory.cells[row, start:end]]


def where(image: np.ndarray, colour: tuple[int, int, int]) -> list[tuple[int, int]]:
    """The (row, column) of all pixels of a colour."""
    return [(int(row), int(column)) for row, column in np.argwhere((image == colour).all(axis=-1))]


def where_cells(display: Display, value: int) -> list[tuple[int, int]]:
    """The (row, column) of all cells of the frame memory with a value."""
    return [(int(row), int(column)) for row, column in np.argwhere(display.lcd.memory.cells == value)]
