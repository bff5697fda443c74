"""A comparison in words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from twins.compare.differences import Comparison, Difference, Same
from twins.compare.recording import Event, Recording
from twins.files import whole_file
from twins.units import Duration

TOLD = 6
"""Differences that are told in full, the earliest ones."""
MANY = 12
"""Sources of one kind that are told one by one."""
WIDTH = 160
"""Characters of a text that are shown."""


def lines(comparison: Comparison) -> Iterator[str]:
    """The report, line by line."""
    first, second = comparison.first, comparison.second
    yield f"{first.board}, {first.image}, {Duration(first.duration)}: {first.engine} and {second.engine}"
    for difference in comparison.differences[:TOLD]:
        yield from _difference(difference, first.engine, second.engine)
    rest = comparison.differences[TOLD:]
    if rest:
        yield f"  and {len(rest)} more, later: {', '.join(_source(found) for found in rest)}"
    for kind in dict.fromkeys(same.kind for same in comparison.same):
        found = [same for same in comparison.same if same.kind == kind]
        if len(found) > MANY:
            yield f"  {kind} of {len(found)} sources: {_same(found)}"
        else:
            yield from (f"  {_source(same)}: {_same([same])}" for same in found)
    if first.trace is not None and second.trace is not None:
        equal = first.trace == second.trace
        yield f"  trace: {'equal, each edge and each byte at its time' if equal else 'not equal: other times'}"
    for kind, why in comparison.not_compared.items():
        yield f"  {kind}: not compared: {why}"
    for recording in (first, second):
        yield f"  {recording.engine}: {figures(recording)}"


def _source(found: Difference | Same) -> str:
    return f"{found.kind} {found.who}".strip()


def _same(found: Sequence[Same]) -> str:
    count, cut = sum(same.count for same in found), sum(same.cut for same in found)
    apart = max(same.apart for same in found)
    when = f"at most {Duration(apart)} apart" if apart else "at the same times"
    events = "1 event" if count == 1 else f"{count} events"
    return f"the same, {events}, {when}" + (f"; {cut} not asked about, at the end" if cut else "")


def figures(recording: Recording) -> str:
    """What a run took."""
    wall, instructions = recording.figures.get("wall_s"), recording.figures.get("instructions")
    words = [f"{wall:.2f} s on the wall"] if wall is not None else []
    words += [f"{instructions:,.0f} instructions".replace(",", " ")] if instructions is not None else []
    return ", ".join(words) or "nothing is known of what it took"


def _difference(difference: Difference, first: str, second: str) -> Iterator[str]:
    yield f"  {_source(difference)}: DIFFERENT at event {difference.index + 1}: {difference.what}"
    width = max(len("both"), len(first), len(second))
    for a, b in difference.before:
        moments = f"{Duration(a.at)}" if a.at == b.at else f"{Duration(a.at)} / {Duration(b.at)}"
        yield f"    {'both':{width}}  {moments:>12}  {_short(a)}"
    for engine, events in ((first, difference.first), (second, difference.second)):
        for event in events:
            yield f"    {engine:{width}}  {Duration(event.at)!s:>12}  {_short(event)}"
        if not events:
            yield f"    {engine:{width}}  {'':>12}  nothing more"


def _short(event: Event) -> str:
    return textwrap.shorten(event.text, WIDTH, placeholder=" …") if event.text.strip() else repr(event.text)


def as_object(comparison: Comparison) -> dict[str, Any]:
    """The same for programs."""

    def events(found: Sequence[Event]) -> list[dict[str, Any]]:
        return [{"at_ps": event.at, "text": event.text} for event in found]

    return {
        "engines": [comparison.first.engine, comparison.second.engine],
        "differences": [
            {
                "kind": found.kind,
                "who": found.who,
                "event": found.index + 1,
                "what": found.what,
                "before": [{"at_ps": [a.at, b.at], "text": a.text} for a, b in found.before],
                "first": events(found.first),
                "second": events(found.second),
            }
            for found in comparison.differences
        ],
        "same": [
            {"kind": same.kind, "who": same.who, "events": same.count, "apart_ps": same.apart, "cut": same.cut}
            for same in comparison.same
        ],
        "not_compared": dict(comparison.not_compared),
        "traces": [comparison.first.trace, comparison.second.trace],
        "figures": [comparison.first.figures, comparison.second.figures],
    }


def save_pictures(comparison: Comparison, folder: str | Path) -> list[Path]:
    """The pictures that differ, of each engine one file; what was written."""
    written = []
    for found in comparison.differences:
        if found.kind != "frame":
            continue
        for recording, events in ((comparison.first, found.first), (comparison.second, found.second)):
            data = recording.pictures.get(events[0].text.rpartition(" ")[2]) if events else None
            if data is not None:
                path = Path(folder) / f"{found.who}.{file_name(recording.engine)}.png"
                with whole_file(path) as partial:
                    partial.write_bytes(data)
                written.append(path)
    return written


def file_name(engine: str) -> str:
    """An engine as part of a file's name.

    >>> file_name("native:slice=1,rom=real")
    'native-slice=1-rom=real'
    """
    return "".join(letter if letter.isalnum() or letter in "-_=." else "-" for letter in engine)
