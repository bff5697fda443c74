"""A run, written down: what was seen from outside, event by event."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from twins.errors import UsageError
from twins.files import contents_of, whole_file

FORMAT = 1
"""The number of the file's format."""


BUS, EDGES = "bus", "edges"
"""Kinds of events: words that passed on a bus; edges of a wire."""


class Event(NamedTuple):
    """Something that was seen: of which kind, of whom, when (ps), and in words."""

    kind: str
    who: str
    at: int
    text: str


@dataclass
class Recording:
    """A run.

    Attributes:
        engine: what ran it, as `twins.engines.EngineSpec` writes it.
        board: the board's name.
        image: the image's file name.
        sha256: of what is in the image.
        duration: how long it ran, in ps.
        kinds: what was written down; what is not in it was not looked at.
        not_seen: why not, by kind; or of a single source, by kind and source.
        figures: what it took.
        trace: the hash of its trace, where the engine has one.
        events: in the order in which they were seen.
        pictures: PNG files by their hash, of a run of this process alone.
    """

    engine: str
    board: str
    image: str
    sha256: str
    duration: int
    kinds: tuple[str, ...]
    not_seen: Mapping[str, str] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    trace: str | None = None
    events: list[Event] = field(default_factory=list)
    pictures: dict[str, bytes] = field(default_factory=dict)

    def streams(self) -> dict[tuple[str, str], list[Event]]:
        """The events of each kind and each source, in order.

        >>> recording = Recording("native", "pico", "x.uf2", "", 9, ("console",))
        >>> recording.events = [Event("console", "usb", 1, "a"), Event("reset", "", 2, "RunPin")]
        >>> {key: [event.text for event in events] for key, events in recording.streams().items()}
        {('console', 'usb'): ['a'], ('reset', ''): ['RunPin']}
        """
        found: dict[tuple[str, str], list[Event]] = {}
        for event in self.events:
            found.setdefault((event.kind, event.who), []).append(event)
        return found

    def save(self, path: str | Path) -> Path:
        """Writes it to a file: a line of JSON for its head, then one for each event."""
        with whole_file(path) as partial, partial.open("w", encoding="utf-8") as file:
            for line in self._lines():
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        return Path(path)

    def _lines(self) -> Iterator[Any]:
        yield {
            "twins compare": FORMAT,
            "engine": self.engine,
            "board": self.board,
            "image": self.image,
            "sha256": self.sha256,
            "duration": self.duration,
            "kinds": self.kinds,
            "not_seen": dict(self.not_seen),
            "figures": self.figures,
            "trace": self.trace,
        }
        yield from self.events

    @classmethod
    def load(cls, path: str | Path) -> Recording:
        """Reads one that `save` wrote. Raises `UsageError`."""
        try:
            head, *events = (json.loads(line) for line in contents_of(Path(path), "recording").decode().splitlines())
            if head.pop("twins compare") != FORMAT:
                raise UsageError(f"recording {path}: it is of another version of the package: record it anew")
            head["kinds"] = tuple(head["kinds"])
            return cls(**head, events=[Event(*_fields(event)) for event in events])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise UsageError(f"recording {path}: it is none that twins compare --record wrote") from None


def _fields(event: Sequence[Any]) -> tuple[str, str, int, str]:
    kind, who, at, text = event
    return str(kind), str(who), int(at), str(text)
