"""Playing a script on a twin."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from twins.errors import ScriptFailed, Timeout, UsageError
from twins.scripts.steps import Step, Wait
from twins.texts import Wanted
from twins.units import SECOND, Duration, Time, ps

if TYPE_CHECKING:
    from twins.twin import Twin


class Player:
    """Carries the steps of a script out as the twin's time passes.

    Whoever runs the twin calls `play` between slices, at `due` at the latest, and lets the engine stop at `texts`.

    Args:
        behind: how far each console has been read already.

    Attributes:
        step: the one that is under way, None behind the last.
        forbidden: texts that no console may show, each with the step that forbids it.

    >>> from twins import Twin
    >>> from twins.scripts import load
    >>> with Twin("media_controller", image="firmware/images/media_controller.uf2") as pico:
    ...     player = Player(pico, load("demo/scripts/volume.yaml")); player.play()
    ...     pico.run("1s"); player.play(); player.done, player.due is not None
    (False, True)
    """

    def __init__(self, twin: Twin, steps: Sequence[Step], behind: Mapping[str, int] | None = None) -> None:
        self.twin = twin
        self.step: Step | None = None
        self.forbidden: list[tuple[str, Wanted]] = []
        self.read_up_to: dict[str, int] = dict(behind or {})
        self._steps = deque(steps)
        self._wait: Wait | None = None
        self._later: list[tuple[int, int, Step]] = []
        self._count = 0

    @property
    def done(self) -> bool:
        """Is all of it carried out?"""
        return not self._steps and self._wait is None and not self._later

    @property
    def due(self) -> int | None:
        """The moment (ps) at which to `play` again at the latest."""
        moments = [self._wait.due(self.twin.now)] if self._wait is not None else []
        moments += [self._later[0][0]] if self._later else []
        return min((moment for moment in moments if moment is not None), default=None)

    @property
    def texts(self) -> list[str]:
        """Texts that something happens at."""
        wanted = [one for _, one in self.forbidden]
        if self._wait is not None and self._wait.wanted is not None:
            wanted.append(self._wait.wanted)
        return [one.text for one in wanted]

    def unfinished(self) -> str:
        """What has not happened so far, as a sentence."""
        if self.step is None:
            return "the script is not over"
        seen = self._wait is not None and self._wait.seen is not None
        return f"{self.step.where}: {self._wait.words() if self._wait and seen else 'it is not over'}"

    def later(self, at: int, step: Step) -> None:
        """Carries a step out at a moment, whatever the script does then."""
        self._count += 1
        heapq.heappush(self._later, (at, self._count, step))

    def play(self) -> None:
        """Carries out what is due. Raises `ScriptFailed`."""
        while self._later and self._later[0][0] <= self.twin.now:
            heapq.heappop(self._later)[2].act(self)
        while not (self._wait is not None and self._still_waits(self._wait)):
            self._wait = None
            if not self._steps:
                self.step = None
                break
            self.step = self._steps.popleft()
            self._wait = self.step.act(self)
            if self._wait is not None and self._wait.within is not None:
                self._wait.deadline = self.twin.now + self._wait.within
        for where, wanted in self.forbidden:
            if wanted.find():
                raise ScriptFailed(f"{where}: {wanted.text!r} was seen at {self.twin.time}")

    def _still_waits(self, wait: Wait) -> bool:
        now = self.twin.now
        if wait.until is not None:
            return now < wait.until
        if wait.seen is None or wait.seen():
            return False
        if wait.deadline is not None and now >= wait.deadline and self.step is not None:
            raise ScriptFailed(f"{self.step.where}: {wait.words()} within {Duration(wait.within or 0)}")
        return True


def check(twin: Twin, steps: Sequence[Step]) -> None:
    """Looks for what the steps name, before anything runs. Raises `UsageError` naming the step."""
    for step in steps:
        try:
            step.check(twin)
        except UsageError as error:
            raise UsageError(f"{step.where}: {error}") from None


def play(twin: Twin, script: str | Path | Sequence[Step], timeout: Time = "60s") -> Duration:
    """Plays a script from its first step to its last; returns the virtual time that it took.

    Raises `UsageError` for a script that is wrong or not for this twin, `ScriptFailed` where something that it expects
    does not happen in the time that it gives, and `Timeout` when the whole takes longer than `timeout`.

    >>> from twins import Twin
    >>> with Twin("media_controller", image="firmware/images/media_controller.uf2") as pico:
    ...     _ = play(pico, "demo/scripts/volume.yaml"); pico.knob.position
    3
    """
    from twins.scripts.language import load

    steps = load(script) if isinstance(script, (str, Path)) else script
    check(twin, steps)
    player = Player(twin, steps)
    start = twin.now
    deadline = start + ps(timeout)
    watched: list[str] = []
    try:
        while True:
            player.play()
            if player.done:
                return Duration(twin.now - start)
            if twin.now >= deadline:
                raise Timeout(f"{player.unfinished()} within {Duration(ps(timeout))} of virtual time (now {twin.time})")
            if player.texts != watched:
                watched = player.texts
                watch(twin, watched)
            due = player.due
            twin.advance(min(deadline, twin.now + SECOND if due is None else due), stop_at_text=True)
    finally:
        twin.unwatch_texts()


def watch(twin: Twin, texts: Sequence[str]) -> None:
    """The engine stops at these texts, so that nothing comes late."""
    twin.unwatch_texts()
    for text in texts:
        twin.watch_text(text, 1)
