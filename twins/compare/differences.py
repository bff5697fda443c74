"""Two recordings side by side: the first difference of each kind.

Events of one kind and one source are paired in their order, not by their times: an engine that is late is not wrong for
it. How far the times of pairs are apart is told, and is a difference where somebody says how far they may be.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from twins.compare.recording import BUS, EDGES, Event, Recording
from twins.errors import UsageError
from twins.units import MS

HISTORY = 5
"""Events before a difference that are told."""
GOES_ON = ("console", "frame", BUS, EDGES)
"""Kinds whose events the end of a run may cut in two."""
BEHIND = 3
"""Events of each behind it."""


@dataclass(frozen=True)
class Rules:
    """What counts.

    Attributes:
        masks: what is found by these patterns does not count.
        end: of what happens so short (ps) before the end of a run it is not asked whether both have it, and of
            consoles, pictures and buses not whether they have the whole of it.
        apart: how far (ps) the times of a pair may be apart; any way without it.

    >>> Rules(masks=[re.compile(r"\\d+ms")]).text(Event("console", "usb", 0, "up after 12ms"))
    'up after …'
    """

    masks: Sequence[re.Pattern[str]] = ()
    end: int = 20 * MS
    apart: int | None = None

    def text(self, event: Event) -> str:
        """What counts of an event."""
        found = event.text
        for mask in self.masks:
            found = mask.sub("…", found)
        return found

    def what(self, a: Event, b: Event) -> str:
        """What is different of a pair; nothing where it is the same."""
        if self.text(a) != self.text(b):
            return "another text"
        return "another time" if self.apart is not None and abs(a.at - b.at) > self.apart else ""


@dataclass(frozen=True)
class Difference:
    """The first difference of a kind and a source, with what was the same before and what each showed from there on."""

    kind: str
    who: str
    index: int
    what: str
    before: Sequence[tuple[Event, Event]]
    first: Sequence[Event]
    second: Sequence[Event]

    @property
    def at(self) -> int:
        """When (ps) the first of the two went another way."""
        return min(events[0].at for events in (self.first, self.second) if events)


@dataclass(frozen=True)
class Same:
    """A source whose events are the same: how many, how far apart (ps) in time at the most, and what was cut off."""

    kind: str
    who: str
    count: int
    apart: int
    cut: int = 0


@dataclass
class Comparison:
    """What two recordings have in common and what not."""

    first: Recording
    second: Recording
    differences: list[Difference] = field(default_factory=list)
    same: list[Same] = field(default_factory=list)
    not_compared: Mapping[str, str] = field(default_factory=dict)


def compare(first: Recording, second: Recording, rules: Rules | None = None) -> Comparison:
    """Puts two recordings side by side. Raises `UsageError` where they are not of the same run.

    >>> one = Recording("native", "pico", "x.uf2", "0", 99 * MS, ("console",))
    >>> other = Recording("renode", "pico", "x.uf2", "0", 99 * MS, ("console",))
    >>> one.events = [Event("console", "usb", 1, "ready"), Event("console", "usb", 5, "volume 40")]
    >>> other.events = [Event("console", "usb", 2, "ready"), Event("console", "usb", 9, "volume 41")]
    >>> found = compare(one, other).differences[0]
    >>> found.index, found.what, found.first[0].text, found.second[0].text
    (1, 'another text', 'volume 40', 'volume 41')
    """
    rules = rules if rules is not None else Rules()
    for name in ("board", "sha256", "duration"):
        if getattr(first, name) != getattr(second, name):
            one, other = getattr(first, name), getattr(second, name)
            raise UsageError(
                f"{first.engine} and {second.engine} did not run the same: {name} {one} and {other}: record it anew"
            )
    result = Comparison(first, second)
    result.not_compared = {**first.not_seen, **second.not_seen}
    kinds = [kind for kind in first.kinds if kind in second.kinds]
    one, other = first.streams(), second.streams()
    for key in sorted({*one, *other}, key=lambda key: (kinds.index(key[0]) if key[0] in kinds else -1, key[1])):
        if key[0] in kinds and " ".join(key) not in result.not_compared:
            _stream(result, key, one.get(key, []), other.get(key, []), rules)
    result.differences.sort(key=lambda found: found.at)
    return result


def _stream(
    result: Comparison, key: tuple[str, str], one: Sequence[Event], other: Sequence[Event], rules: Rules
) -> None:
    last = result.first.duration - rules.end
    apart = 0
    for index, (a, b) in enumerate(zip_longest(one, other)):
        if a is not None and b is not None:
            what = rules.what(a, b)
            if not what:
                apart = max(apart, abs(a.at - b.at))
                continue
            cut_off = key[0] in GOES_ON and min(a.at, b.at) >= last
        else:
            what = f"{result.first.engine if a is None else result.second.engine} shows no more"
            cut_off = (a or b).at >= last
        if cut_off:
            result.same.append(Same(*key, index, apart, max(len(one), len(other)) - index))
            return
        before = list(zip(one[:index], other[:index], strict=False))[-HISTORY:]
        rest = one[index : index + BEHIND], other[index : index + BEHIND]
        result.differences.append(Difference(*key, index, what, before, *rest))
        return
    result.same.append(Same(*key, len(one), apart))
