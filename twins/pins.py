"""The pins of a chip, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from twins import _engine
from twins.board import Chip
from twins.errors import UsageError


@dataclass(frozen=True)
class Pin:
    """One pin at the present moment."""

    name: str
    level: bool
    driven: bool
    """The chip drives it."""


class Pins(Mapping[str, Pin]):
    """All pins of a chip: ``twin.pins["GPIO25"].level``."""

    def __init__(self, engine: _engine.Rp2040, chip: Chip) -> None:
        self._engine = engine
        self._chip = chip

    def __getitem__(self, name: str) -> Pin:
        number = name.removeprefix("GPIO")
        if not number.isdigit() or int(number) >= self._chip.pins:
            raise UsageError(f"{name!r} is no pin of the {self._chip.name}: GPIO0 to GPIO{self._chip.pins - 1}")
        bit = int(number)
        return Pin(name, bool(self._engine.pins >> bit & 1), bool(self._engine.driven >> bit & 1))

    def __iter__(self) -> Iterator[str]:
        return (f"GPIO{number}" for number in range(self._chip.pins))

    def __len__(self) -> int:
        return self._chip.pins

    @property
    def contention(self) -> list[str]:
        """Pins that chip and parts have driven against each other at some time."""
        return [f"GPIO{n}" for n in range(self._chip.pins) if self._engine.contention >> n & 1]
