"""Firmware images."""

from __future__ import annotations
from dataclasses import dataclass
from pathlib import Path
from twins.errors import ImageError
from twins.symbols import Symbols


@dataclass(frozen=True)
class Segment:
    address: int
    data: bytes


@dataclass(frozen=True)
class Image:
    path: Path
    segments: tuple[Segment, ...]
    entry: int | None
    symbols: Symbols

    @classmethod
    def load(cls, path: str | Path, chip: str = "rp2040", *, elf: str | Path | None = None) -> Image:
        raise ImageError("not there yet")
