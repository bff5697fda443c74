"""The frame memory of a display controller that speaks MIPI DCS: window, pointer, orientation, colour depth.

Sitronix ST7789V datasheet v1.3: 8.10 (memory), 8.12 (address control), 9.1.28 (MADCTL), 9.1.32 (COLMOD).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Cells = npt.NDArray[Any]
Bytes = npt.NDArray[np.uint8]

MY, MX, MV, ML, BGR, MH = 0x80, 0x40, 0x20, 0x10, 0x08, 0x04
"""The bits of MADCTL."""


def _widen_565() -> Cells:
    """RGB565 to the 18 bits of a cell: the missing low bit of red and blue repeats the high one."""
    value = np.arange(1 << 16, dtype=np.uint32)
    red, green, blue = value >> 11, value >> 5 & 0x3F, value & 0x1F
    return (red << 1 | red >> 4) << 12 | green << 6 | (blue << 1 | blue >> 4)


def _widen_444() -> Cells:
    value = np.arange(1 << 12, dtype=np.uint32)
    red, green, blue = value >> 8, value >> 4 & 0xF, value & 0xF
    return (red << 2 | red >> 2) << 12 | (green << 2 | green >> 2) << 6 | (blue << 2 | blue >> 2)


_FROM_565 = _widen_565()
_FROM_444 = _widen_444()


def to_rgb(cells: Cells) -> npt.NDArray[np.uint8]:
    """18-bit cells as 8-bit red, green and blue, shape (..., 3); the low bits repeat the high ones."""
    rgb = np.empty((*cells.shape, 3), np.uint8)
    for channel, shift in enumerate((12, 6, 0)):
        bits = (cells >> np.uint32(shift)).astype(np.uint8)
        # What is above the six bits goes with the first shift, or is shifted out of the second.
        rgb[..., channel] = bits << 2 | (bits & 0x3F) >> 4
    return rgb


@dataclass
class FrameMemory:
    """`rows` × `columns` cells of 18 bits, six each for red, green and blue, and where the next pixel goes.

    >>> memory = FrameMemory(320, 240)
    >>> memory.set_window(columns=(10, 11), rows=(5, 5))
    >>> memory.start_write()
    >>> memory.write(np.array([0xF8, 0x00, 0x07, 0xE0], np.uint8), 0x55)
    >>> [hex(cell) for cell in memory.cells[5, 10:12]]
    ['0x3f000', '0xfc0']
    """

    rows: int
    columns: int
    madctl: int = 0
    x: tuple[int, int] = (0, 239)
    y: tuple[int, int] = (0, 319)
    little_endian: bool = False
    cells: Cells = field(default_factory=lambda: np.zeros((0, 0), np.uint32))
    position: int = 0
    _left_over: bytes = b""
    _half_stored: bool = False

    def __post_init__(self) -> None:
        if self.cells.size == 0:
            self.cells = np.zeros((self.rows, self.columns), np.uint32)

    def addressed(self) -> Cells:
        """The cells as the host addresses them, ``[y, x]``: a view that MADCTL's MV, MX and MY turn."""
        view = self.cells
        if self.madctl & MX:
            view = view[:, ::-1]
        if self.madctl & MY:
            view = view[::-1]
        return view.T if self.madctl & MV else view

    def set_window(self, columns: tuple[int, int] | None = None, rows: tuple[int, int] | None = None) -> None:
        """CASET and RASET. They move nothing: the pointer goes to the window's start with the next RAMWR."""
        self.x = columns or self.x
        self.y = rows or self.y

    def start_write(self) -> None:
        """RAMWR: the pointer goes to the start of the window."""
        self.position = 0
        self.end_write()

    def end_write(self) -> None:
        """Any command ends a write; a partial pixel is lost (8.4.1)."""
        self._left_over = b""
        self._half_stored = False

    def write(self, data: Bytes, colmod: int) -> None:
        """Pixel data in the format of COLMOD. A pixel is stored with its last bit."""
        if self._left_over:
            data = np.concatenate([np.frombuffer(self._left_over, np.uint8), data])
        pixels, used = self._decode(data, colmod)
        self._left_over = data[used:].tobytes()
        if self._half_stored and len(pixels):
            pixels = pixels[1:]
            self._half_stored = False
        self._store(pixels)
        if colmod & 7 == 3 and len(self._left_over) == 2 and not self._half_stored:
            first, second = self._left_over
            self._store(_FROM_444[[first << 4 | second >> 4]])
            self._half_stored = True

    def _decode(self, data: Bytes, colmod: int) -> tuple[Cells, int]:
        depth = colmod & 7
        if depth == 5:
            count = len(data) // 2
            order = "<u2" if self.little_endian else ">u2"
            return _FROM_565[np.ascontiguousarray(data[: 2 * count]).view(order)], 2 * count
        if depth == 6:
            count = len(data) // 3
            channels = data[: 3 * count].reshape(-1, 3).astype(np.uint32) >> 2
            return channels[:, 0] << 12 | channels[:, 1] << 6 | channels[:, 2], 3 * count
        if depth == 3:
            count = len(data) // 3
            a, b, c = data[: 3 * count].reshape(-1, 3).astype(np.uint32).T
            pairs = np.stack([a << 4 | b >> 4, (b & 0xF) << 8 | c], axis=1)
            return _FROM_444[pairs.reshape(-1)], 3 * count
        return np.zeros(0, np.uint32), len(data)

    @property
    def window(self) -> tuple[int, int, int, int]:
        """Left, top, width and height of the window in pixels; no width or height where start lies behind end.

        What lies outside the memory is cut off: drivers in use ask for a column and a row too many.
        """
        height, width = self.addressed().shape
        (left, right), (top, bottom) = self.x, self.y
        return left, top, max(0, min(right, width - 1) - left + 1), max(0, min(bottom, height - 1) - top + 1)

    def _store(self, pixels: Cells) -> None:
        """Row by row through the window, and from its end to its start again."""
        left, top, width, height = self.window
        area = width * height
        if area == 0 or len(pixels) == 0:
            return
        if len(pixels) > area:
            skip = (len(pixels) - area) // area * area
            self.position += skip
            pixels = pixels[skip:]
        view = self.addressed()[top : top + height, left : left + width]
        while len(pixels):
            self.position %= area
            row, column = divmod(self.position, width)
            if column or len(pixels) < width:
                count = min(width - column, len(pixels))
                view[row, column : column + count] = pixels[:count]
            else:
                lines = min(len(pixels) // width, height - row)
                count = lines * width
                view[row : row + lines] = pixels[:count].reshape(lines, width)
            self.position += count
            pixels = pixels[count:]

    def read(self, start: int = 0) -> Cells:
        """The cells of the window, from the `start`-th on and once around."""
        left, top, width, height = self.window
        cells: Cells = self.addressed()[top : top + height, left : left + width].reshape(-1)
        return np.roll(cells, -start)
