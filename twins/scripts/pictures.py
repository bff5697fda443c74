"""The steps of a script that look at what a part shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from twins.errors import ScriptFailed, UsageError
from twins.files import check_writable
from twins.frames import frame_of, load_picture, save_png, sha256, size_of
from twins.scripts.steps import POLL, Step, Wait, find_part

if TYPE_CHECKING:
    from twins.scripts.player import Player
    from twins.twin import Twin


@dataclass(frozen=True)
class Picture(Step):
    """Takes a picture of what a part shows."""

    part: str
    path: Path

    def check(self, twin: Twin) -> None:
        frame_of(find_part(twin, self.part))
        check_writable(self.path, ".png")

    def act(self, player: Player) -> Wait | None:
        save_png(frame_of(player.twin.parts[self.part]), self.path)
        return None


@dataclass(frozen=True)
class Shows(Step):
    """Waits until a part shows the picture of a file. Without `within` it shows it now.

    If it does not, ``NAME.actual.png`` beside the file has what it shows.
    """

    part: str
    path: Path
    within: int | None = 0
    tolerance: int = 0

    def check(self, twin: Twin) -> None:
        frame = frame_of(find_part(twin, self.part))
        expected = load_picture(self.path)
        if expected.shape != frame.shape:
            raise UsageError(f"{self.path} is a picture of {size_of(expected)}, {self.part} shows {size_of(frame)}")

    def act(self, player: Player) -> Wait | None:
        expected = load_picture(self.path)
        part = player.twin.parts[self.part]

        def off() -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
            difference = np.abs(expected.astype(np.int16) - frame_of(part).astype(np.int16)).max(axis=2)
            return np.asarray(difference > self.tolerance)

        def words() -> str:
            wrong = off()
            y, x = np.argwhere(wrong)[0]
            actual = save_png(frame_of(part), self.path.with_suffix(".actual.png"))
            return f"{self.part} does not show {self.path}: {wrong.sum()} pixels differ, first at x={x} y={y}: {actual}"

        if self.within == 0:
            if off().any():
                raise ScriptFailed(f"{self.where}: {words()}")
            return None
        return Wait(seen=lambda: not off().any(), every=POLL, within=self.within, words=words)


@dataclass(frozen=True)
class Changes(Step):
    """Waits until a part shows something else than when the step began."""

    part: str
    within: int | None = None

    def check(self, twin: Twin) -> None:
        frame_of(find_part(twin, self.part))

    def act(self, player: Player) -> Wait | None:
        part = player.twin.parts[self.part]
        before = sha256(frame_of(part))
        return Wait(
            seen=lambda: sha256(frame_of(part)) != before,
            every=POLL,
            within=self.within,
            words=lambda: f"{self.part} did not change",
        )
