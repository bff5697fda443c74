"""A mechanical contact: closes and opens with a burst of bounces."""

from __future__ import annotations

from random import Random

from twins.units import Duration, ms


def bounce_edges(
    random: Random, at: int, closed: bool, longest: Duration = ms(3), gap: tuple[int, int] = (20_000_000, 400_000_000)
) -> list[tuple[int, bool]]:
    """The edges (time in ps, closed?) of a contact that settles to `closed` from `at` on.

    The first edge is at `at`; a burst of up to six bounces follows and ends within `longest`. Switch makers give
    the longest time, not the shape: 3 ms for ALPS EC11 and TE DPL12 at 60 rpm. Gaps are 20 to 400 µs.

    >>> edges = bounce_edges(Random(1), 0, True)
    >>> edges[0], edges[-1][1], edges[-1][0] < ms(3)
    ((0, True), True, True)
    """
    edges = [(at, closed)]
    if longest <= 0:
        return edges
    moment = at
    for _ in range(random.randint(0, 6)):
        first, second = random.randint(*gap), random.randint(*gap)
        if moment + first + second - at >= longest:
            break
        edges += [(moment + first, not closed), (moment + first + second, closed)]
        moment += first + second
    return edges
