"""Memory of twins that nobody holds any more.

A twin and what belongs to it hold each other, so Python's collector frees them. It counts objects and does not know of
the megabytes of flash and PSRAM behind an engine: hundreds of forks would wait for it. So it is called when the engines
that were made since it last looked at everything are `LIMIT` together.
"""

from __future__ import annotations

import gc

LIMIT = 512 << 20
"""Bytes of engines."""
BASE = 1 << 20
"""What an engine has beside flash and PSRAM: the chip's own memories, caches of decoded code."""


class Heap:
    """What was made since the collector last looked at everything.

    >>> heap = Heap(limit=10 << 20)
    >>> heap.made(8 << 20); heap.since >> 20
    9
    >>> heap.made(0); heap.since
    0
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self.since = 0

    def made(self, size: int) -> None:
        """There is another engine, with so many bytes of flash and PSRAM."""
        self.since += BASE + size
        if self.since >= self.limit:
            self.since = 0
            gc.collect()


ENGINES = Heap()
