"""Texts on the consoles of a twin: what a run waits for, and what it shows meanwhile."""

from __future__ import annotations

import codecs
from collections.abc import Mapping

from twins.twin import Twin


class Wanted:
    """A text that is looked for on every console, from the beginning or behind given positions."""

    def __init__(self, twin: Twin, text: str, behind: Mapping[str, int] | None = None) -> None:
        self.text = text
        self._bytes = text.encode()
        self._twin = twin
        self._behind = behind or {}
        self._from: dict[str, int] = {}

    def find(self) -> tuple[str, int] | None:
        """The console that has shown it, and the position behind it there; None so far."""
        for name in self._twin.console_names:
            start = self._from.get(name, self._behind.get(name, 0))
            output = self._twin.output(name, start)
            at = output.find(self._bytes)
            if at >= 0:
                return name, start + at + len(self._bytes)
            self._from[name] = start + max(0, len(output) - len(self._bytes) + 1)
        return None


class Shown:
    """What the consoles have shown since the last look, and the last line of it."""

    def __init__(self, twin: Twin) -> None:
        self._twin = twin
        self._length: dict[str, int] = {}
        self._decoders: dict[str, codecs.IncrementalDecoder] = {}
        self._line = ""
        self.last_line = ""

    @property
    def ended_line(self) -> bool:
        """Does the text end with its line?"""
        return not self._line

    def take(self) -> str:
        """The new text of all consoles, one console after the other."""
        text = ""
        for name in self._twin.console_names:
            start = self._length.get(name, 0)
            output = self._twin.output(name, start)
            self._length[name] = start + len(output)
            decoder = self._decoders.setdefault(name, codecs.getincrementaldecoder("utf-8")("replace"))
            text += decoder.decode(output)
        for line in text.splitlines(keepends=True):
            self._line += line
            if self._line.strip():
                self.last_line = self._line.strip()
            if line.endswith(("\n", "\r")):
                self._line = ""
        return text
