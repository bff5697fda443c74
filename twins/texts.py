"""A text that somebody waits for on the consoles of a twin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twins.twin import Twin


class Wanted:
    """A text that is looked for on every console or on one, from the beginning or behind given positions."""

    def __init__(self, twin: Twin, text: str, behind: Mapping[str, int] | None = None, on: str | None = None) -> None:
        self.text = text
        self._bytes = text.encode()
        self._twin = twin
        self._behind = behind or {}
        self._on = on
        self._from: dict[str, int] = {}

    def find(self) -> tuple[str, int] | None:
        """The console that has shown it, and the position behind it there; None so far."""
        for name in self._twin.console_names:
            if self._on not in (None, name):
                continue
            start = self._from.get(name, self._behind.get(name, 0))
            output = self._twin.output(name, start)
            at = output.find(self._bytes)
            if at >= 0:
                return name, start + at + len(self._bytes)
            self._from[name] = start + max(0, len(output) - len(self._bytes) + 1)
        return None
