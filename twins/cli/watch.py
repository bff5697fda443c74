"""What the consoles of a twin show while it runs."""

from __future__ import annotations

import codecs
from collections.abc import Mapping

from twins.twin import Twin


class Shown:
    """What the consoles have shown since the last look, in whole lines, and the last line of it.

    Where more than one console speaks, the lines of all but the first to speak begin with the console's name: firmware
    may well show the same on several.
    """

    def __init__(self, twin: Twin, behind: Mapping[str, int] | None = None) -> None:
        self._twin = twin
        self._length = dict(behind or {})
        self._decoders: dict[str, codecs.IncrementalDecoder] = {}
        self._lines: dict[str, str] = {}
        self.last_line = ""

    def take(self, *, rest: bool = False) -> str:
        """The new lines of all consoles, one console after the other; with `rest` lines that have not ended as well."""
        text = ""
        for name in self._twin.console_names:
            start = self._length.get(name, 0)
            output = self._twin.output(name, start)
            self._length[name] = start + len(output)
            decoder = self._decoders.setdefault(name, codecs.getincrementaldecoder("utf-8")("replace"))
            if output:
                self._lines[name] = self._lines.get(name, "") + decoder.decode(output)
            *lines, line = self._lines.get(name, "").split("\n")
            if rest and line:
                lines, line = [*lines, line], ""
            first = next(iter(self._lines), name)
            prefix = "" if name == first else f"{name}: "
            text += "".join(f"{prefix}{whole}\n" for whole in lines)
            for seen in (*lines, line):
                self.last_line = seen.strip() or self.last_line
            if name in self._lines:
                self._lines[name] = line
        return text
