"""The fuses of a twin's chip, as its tester sees them."""

from __future__ import annotations

import struct
from pathlib import Path

from twins.engines.engine import EngineApi
from twins.errors import UsageError
from twins.files import contents_of, whole_file
from twins.image import TARGETS

WORDS = (6, 6, 8, 8, 8, 8, 8, 8, 8, 8, 8)
"""Words of BLOCK0 to BLOCK10 of an ESP32-S3, ESP-IDF `soc/efuse_reg.h`."""
FILE_SIZE = 1024
"""Bytes of a file of fuses as ESP-IDF's ``idf.py qemu`` keeps it: the blocks, and zeros behind them."""


class Fuses:
    """``twin.fuses``: what is burnt, block by block. Software burns them by the chip's own controller.

    >>> from twins import Twin
    >>> with Twin("esp32s3_devkitc", mac="7c:df:a1:00:00:02") as twin:
    ...     twin.fuses.block(1)[5::-1].hex(":")
    '7c:df:a1:00:00:02'
    """

    def __init__(self, engine: EngineApi, chip: str) -> None:
        self._engine, self._chip = engine, chip

    def read(self) -> bytes:
        """All blocks, one behind the other."""
        words = self._engine.fuses()
        if words is None:
            raise self._none()
        return struct.pack(f"<{len(words)}I", *words)

    def block(self, number: int) -> bytes:
        """One block, whatever software may see of it."""
        if not 0 <= number < len(WORDS):
            raise UsageError(f"block {number}: the fuses have the blocks 0 to {len(WORDS) - 1}")
        start = 4 * sum(WORDS[:number])
        return self.read()[start : start + 4 * WORDS[number]]

    def save(self, path: str | Path) -> None:
        """Writes them to a file, whole or not at all."""
        with whole_file(path) as partial:
            partial.write_bytes(self.read().ljust(FILE_SIZE, b"\0"))

    def load(self, path: str | Path) -> None:
        """Puts in those of a file, before the chip is started."""
        data, size = contents_of(Path(path), "fuses"), 4 * sum(WORDS)
        if len(data) not in (size, FILE_SIZE):
            raise UsageError(f"fuses {path}: {len(data)} bytes: a file of fuses has {size} or {FILE_SIZE}")
        if self._engine.fuses(list(struct.unpack(f"<{sum(WORDS)}I", data[:size]))) is None:
            raise self._none()

    def _none(self) -> UsageError:
        return UsageError(f"an {TARGETS[self._chip].title} has no fuses that software sees")
