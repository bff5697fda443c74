"""What a page is sent: what has changed since it was last told, and never more than it takes.

Plain data goes as JSON, pictures and sound as bytes that begin with a head of sixteen: kind, number of the picture or
the speaker, x, y, width, height (each of 16 bits), and for sound the rate; then red, green and blue of a rectangle, or
samples of 16 bits. All numbers are little-endian.
"""

from __future__ import annotations

import struct
from typing import Any, Protocol

import numpy as np

from twins.frames import Frame
from twins.view.runner import Runner, Seen

HEAD = struct.Struct("<BBHHHHHI")
PICTURE, SOUND = 1, 2
EVENTS_AT_ONCE = 200


class Page(Protocol):
    """The other end of a web socket."""

    async def send_json(self, data: Any) -> None:
        """Sends plain data."""

    async def send_bytes(self, data: bytes) -> None:
        """Sends bytes."""


def changed(before: Frame | None, after: Frame) -> tuple[int, int, int, int] | None:
    """The rectangle x, y, width, height in which two frames differ; None where they are the same.

    >>> before = np.zeros((4, 6, 3), np.uint8); after = before.copy(); after[1:3, 2] = 9
    >>> changed(before, after), changed(None, after), changed(after, after)
    ((2, 1, 1, 2), (0, 0, 6, 4), None)
    """
    height, width = after.shape[:2]
    if before is after:
        return None
    if before is None or before.shape != after.shape:
        return 0, 0, width, height
    differs = (before != after).reshape(height, -1)
    rows = np.flatnonzero(differs.any(axis=1))
    if not len(rows):
        return None
    columns = np.flatnonzero(differs[rows[0] : rows[-1] + 1].any(axis=0).reshape(width, 3).any(axis=1))
    return int(columns[0]), int(rows[0]), int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1)


def picture(number: int, frame: Frame, area: tuple[int, int, int, int]) -> bytes:
    """The message with a rectangle of a frame."""
    x, y, width, height = area
    return HEAD.pack(PICTURE, number, x, y, width, height, 0, 0) + frame[y : y + height, x : x + width].tobytes()


class Client:
    """What a page knows so far."""

    def __init__(self, runner: Runner, page: Page) -> None:
        self._page = page
        self._board = runner.board
        self._numbers = {part["name"]: number for number, part in enumerate(self._board["parts"])}
        self._seen = Seen(version=-1)
        self._consoles: dict[str, int] = {}
        self._events = runner.seen.events[0]
        self._sound = max((number for number, _, _, _ in runner.seen.sounds), default=0)
        self._state: dict[str, Any] = {}
        self._values: dict[str, Any] = {}

    async def greet(self) -> None:
        """The board, before anything else."""
        await self._page.send_json({"kind": "board", **self._board})

    async def tell(self, seen: Seen) -> int:
        """What is new; how many pictures of it."""
        pictures = 0
        await self._tell_state(seen)
        for name, frame in seen.frames.items():
            area = changed(self._seen.frames.get(name), frame)
            if area is not None:
                await self._page.send_bytes(picture(self._numbers[name], frame, area))
                pictures += 1
        await self._tell_texts(seen)
        for number, name, rate, data in seen.sounds:
            if number > self._sound:
                self._sound = number
                await self._page.send_bytes(HEAD.pack(SOUND, self._numbers[name], 0, 0, 0, 0, 0, rate) + data)
        total, kept = seen.events
        events = kept[-(total - self._events) :] if total > self._events else ()
        if events:
            self._events = total
            await self._page.send_json(
                {
                    "kind": "events",
                    "events": [[event.at, event.bus, event.part, event.text] for event in events[-EVENTS_AT_ONCE:]],
                    "left_out": max(0, len(events) - EVENTS_AT_ONCE),
                }
            )
        self._seen = seen
        return pictures

    async def _tell_state(self, seen: Seen) -> None:
        state: dict[str, Any] = {
            "at": seen.at / 1e12,
            "running": seen.running,
            "pace": seen.pace,
            "speed": seen.speed,
            "trouble": seen.trouble,
            "crashed": seen.crashed,
            "saved": [[number, at / 1e12] for number, at in seen.saved],
            "recorded": seen.recorded,
            "resets": seen.resets,
            "gaps": seen.gaps,
            "listening": seen.listening,
        }
        news: dict[str, Any] = {key: value for key, value in state.items() if self._state.get(key, _NEVER) != value}
        values = {key: value for key, value in seen.values.items() if self._values.get(key) != value}
        self._state, self._values = state, dict(seen.values)
        if values:
            news["values"] = values
        if news:
            await self._page.send_json({"kind": "state", **news})

    async def _tell_texts(self, seen: Seen) -> None:
        for name, (before, kept) in seen.texts.items():
            known, end = self._consoles.get(name, 0), before + len(kept)
            went_back = end < known or known < before
            if end != known or went_back:
                start = before if went_back else known
                text = kept[start - before :].decode("utf-8", "replace")
                await self._page.send_json({"kind": "text", "console": name, "text": text, "anew": went_back})
                self._consoles[name] = end


_NEVER = object()
