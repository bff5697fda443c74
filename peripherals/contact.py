"""A mechanical contact: closes and opens with a burst of bounces.

ALPS EC11 and TE DPL12 data sheets, "Chattering, bounce" and "Sliding noise": chatter t1 and t3 of 3 ms at the most when
a contact closes or opens, noise t2 of 2 ms at the most while it slides closed, at 360° a second. The sheets give the
longest times and not the shape; gaps of 20 to 400 µs are what an oscilloscope shows of such switches.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from twins.units import Duration, ms

Edge = tuple[int, bool]
"""When (ps), and whether the contact is closed from then on."""

GAP = (20_000_000, 400_000_000)
"""Shortest and longest time between two edges of a burst, in ps."""


def bounce_edges(random: Random, at: int, closed: bool, longest: int = ms(3)) -> list[Edge]:
    """The edges of a contact that settles to `closed` from `at` on.

    The first edge is at `at`; a burst of up to six bounces follows and ends within `longest`.

    >>> edges = bounce_edges(Random(1), 0, True)
    >>> edges[0], edges[-1][1], edges[-1][0] < ms(3)
    ((0, True), True, True)
    """
    return [(at, closed), *_burst(random, at, closed, longest)]


def sliding_edges(random: Random, at: int, longest: int = ms(2)) -> list[Edge]:
    """The edges of a closed contact that loses touch for moments while it slides, from `at` on for `longest`.

    >>> edges = sliding_edges(Random(1), 0)
    >>> edges[0][1], edges[-1][1], edges[-1][0] < ms(2)
    (False, True, True)
    """
    return list(_burst(random, at, True, longest))


def _burst(random: Random, at: int, closed: bool, longest: int) -> Iterator[Edge]:
    """Pairs of edges away from `closed` and back to it; nothing where `longest` leaves no room."""
    moment = at
    for _ in range(random.randint(0, 6) if longest > 0 else 0):
        first, second = random.randint(*GAP), random.randint(*GAP)
        if moment + first + second - at >= longest:
            return
        yield moment + first, not closed
        moment += first + second
        yield moment, closed


@dataclass
class Contact:
    """A switch that a person pushes: it is moved only when its last bounce is over.

    >>> contact = Contact(bounce=Duration(0))
    >>> contact.move(Random(0), 100, True), contact.move(Random(0), 200, True), contact.closed
    ([(100, True)], [], True)
    """

    bounce: Duration
    closed: bool = False
    settled_at: int = -1

    def move(self, random: Random, at: int, closed: bool) -> list[Edge]:
        """The edges of a push at `at`; none when it is there already."""
        if closed == self.closed:
            return []
        self.closed = closed
        edges = bounce_edges(random, max(at, self.settled_at + 1), closed, self.bounce)
        self.settled_at = edges[-1][0]
        return edges
