"""The thread in which a twin lives while people look at it.

Nobody else touches the twin: what others want done is handed to `Runner.do`, and is done between two slices. What can
be seen is put into `Runner.seen` some thirty times a second, as values that never change again, for any thread to read.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from twins.controls import Picture, Sounds, controls_of, describe, may_be_called, pictures, values
from twins.engines import Capability, missing
from twins.errors import FirmwareCrashed, TwinError, UsageError
from twins.frames import Frame, frame_of
from twins.pacing import Pace
from twins.scripts import Recorder
from twins.testing.panics import panic_report
from twins.twin import Snapshot, Twin
from twins.units import MS, SECOND, Duration, Time, ps
from twins.view.events import Event, Events
from twins.world import WorldSnapshot

R = TypeVar("R")

LOOK = 1 / 32
"""Seconds on the wall between two looks at the board."""
SHORTEST, LONGEST = MS // 4, 16 * MS
"""How long a slice is in virtual time."""
BUSY = 0.008
"""Seconds on the wall that a slice should take at the most: others wait for it."""
PANIC_LENGTH = 4096
"""Bytes at the end of what a console shows in which a panic is looked for."""
TEXT_KEPT = 1 << 18
"""Bytes of each console that a page which comes later is shown."""
CHUNKS = 64
"""Pieces of sound that are kept for a page that is slow."""
SHORTEST_HOLD = 60 * MS
"""How long a thing is held at least, in virtual time: firmware must have a chance to see it."""
LONGEST_STEP = 60 * SECOND
"""A step is not interrupted: nobody is heard until it is over."""
STEP_LIMIT = 2 * SECOND
"""How far a step to the next picture goes."""


@dataclass(frozen=True)
class Saved:
    """A moment to which one can go back."""

    number: int
    at: int
    snapshot: Snapshot
    world: WorldSnapshot | None
    """What else there is where the twin is in a world."""
    steps: tuple[tuple[int, str], ...]
    texts: Mapping[str, tuple[int, bytes]]


@dataclass(frozen=True)
class Seen:
    """What can be seen of the board at a moment; nothing in it changes."""

    version: int = 0
    at: int = 0
    running: bool = False
    pace: float | None = 1.0
    speed: float = 0.0
    trouble: str = ""
    crashed: bool = False
    panic: str = ""
    """What the firmware itself reported of its last panic; it may well run on, as after a restart."""
    frames: Mapping[str, Frame] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    texts: Mapping[str, tuple[int, bytes]] = field(default_factory=dict)
    """By console: how many bytes it showed before those kept, and those."""
    sounds: tuple[tuple[int, str, int, bytes], ...] = ()
    """Numbered pieces: number, part, rate, samples of 16 bits."""
    saved: tuple[tuple[int, int], ...] = ()
    """Numbers and moments of what was saved."""
    events: tuple[int, tuple[Event, ...]] = (0, ())
    """How many transfers there were on the buses and on the air, and the last of them."""
    listening: bool = False
    """Are transfers listed?"""
    recorded: int = 0
    """Steps in the script."""
    resets: int = 0
    gaps: int = 0


class Runner:
    """A twin, and the thread that runs it, with all in its world where it is in one.

    Args:
        twin: it belongs to the runner from now on, and its world.
        pace: of real time; None as fast as it goes.
        running: does it run at once?

    >>> with Runner(Twin("pico", image="firmware/images/idle.uf2"), pace=None, running=False) as runner:
    ...     runner.do(lambda: runner.step("5ms")).result()
    ...     round(runner.look().at / 1e9)
    5
    """

    def __init__(self, twin: Twin, pace: float | None = 1.0, running: bool = True) -> None:
        self.twin = twin
        self.events = Events()
        self.seen = Seen(pace=pace, running=running)
        self.changed: Callable[[], None] = lambda: None
        """Called from the runner's thread when there is something new in `seen`."""
        self.watched = True
        """Does anybody look? Pictures are made only then."""
        self.recorder = Recorder(twin)
        """Of what was done since power-on."""
        self._calls: dict[str, frozenset[str]] = {name: may_be_called(part) for name, part in twin.parts.items()}
        self._pictures = pictures(list(twin.parts.values()))
        self._sounding = [
            (part.label, control)
            for part in twin.parts.values()
            for control in controls_of(part)
            if isinstance(control, Sounds)
        ]
        self._marks: dict[str, int] = {}
        self._sounds: list[tuple[int, str, int, bytes]] = []
        self._sound_number = 0
        self._texts: dict[str, tuple[int, bytearray]] = {}
        self._lengths: dict[str, int] = {}
        self._saved: dict[int, Saved] = {}
        self._ends: dict[tuple[str, str], int] = {}
        self._held: dict[tuple[str, str], int] = {}
        self._pace = Pace(lambda: twin.now, pace)
        self._running, self._trouble, self._crashed = running, "", False
        self._speed_from = (twin.now, time.monotonic())
        self._speed = 0.0
        self._slice = MS
        self._next_look = 0.0
        self._tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._closing = False
        self._panic = ""
        self._dismissed: dict[str, int] = {}
        self._first = self._keep(0) if Capability.SNAPSHOT in twin.capabilities else None
        self._has_ledger = Capability.LEDGER in twin.capabilities
        self.board = self._board()
        """The board and its controls, as plain data."""
        self._look()
        self._thread = threading.Thread(target=self._live, name="twin", daemon=True)

    def __enter__(self) -> Runner:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """The thread begins."""
        self._thread.start()

    def close(self) -> None:
        """The thread ends, and the twin's servers with it."""
        self._closing = True
        self._tasks.put(lambda: None)
        if self._thread.is_alive():
            self._thread.join()
        (self.twin.world or self.twin).close()

    def do(self, task: Callable[[], R]) -> Future[R]:
        """Does something to the twin, in its thread and between two slices."""
        future: Future[R] = Future()

        def carry_out() -> None:
            try:
                future.set_result(task())
            except BaseException as error:
                future.set_exception(error)

        self._tasks.put(carry_out)
        return future

    def look(self) -> Seen:
        """What is to be seen now, not a thirtieth of a second ago."""

        def task() -> Seen:
            self._look()
            return self.seen

        return self.do(task).result()

    # The thread

    def _live(self) -> None:
        while not self._closing:
            self._take_tasks()
            if self._running and not self._closing:
                self._run_slice()
            if time.monotonic() >= self._next_look or not self._running:
                self._look()

    def _take_tasks(self) -> None:
        """What waits is done. Waits for more while the twin stands, or is ahead of the wall clock."""
        wait = min(max(0.0, self._pace.ahead()), LOOK) if self._running else None
        while True:
            try:
                task = self._tasks.get(wait is None or wait > 0, wait)
            except queue.Empty:
                return
            task()
            wait = 0

    def _run_slice(self) -> None:
        began = time.monotonic()
        # Slow motion goes in small steps too.
        smooth = LONGEST if self._pace.factor is None else max(MS // 100, int(self._pace.factor * LOOK / 2 * SECOND))
        self._advance(self.twin.now + min(self._slice, smooth))
        took = time.monotonic() - began
        if took > BUSY and self._slice > SHORTEST:
            self._slice = max(SHORTEST, self._slice // 2)
        elif took < BUSY / 3:
            self._slice = min(LONGEST, self._slice * 2)

    def _advance(self, until: int) -> None:
        """Runs to a moment, with what is due on the way. Trouble stops the twin and is shown."""
        try:
            while self.twin.now < until:
                goal = min([until, *self._ends.values()])
                if goal > self.twin.now:
                    self.twin.advance(goal)
                for (part, up), at in list(self._ends.items()):
                    if at <= self.twin.now:
                        del self._ends[part, up]
                        self.act(part, up)
        except FirmwareCrashed as crash:
            self._stop(str(crash), crashed=True)
        except TwinError as error:
            self._stop(str(error))
        except Exception as error:  # a part of the user's own may fail in any way, and the page must say so
            self._stop(f"{type(error).__name__} in a part: {error}")

    def _stop(self, trouble: str, crashed: bool = False) -> None:
        self._running, self._trouble, self._crashed = False, trouble, crashed

    # What people do; all of it in the twin's thread, by `do`

    def act(self, part: str, method: str, *args: Any) -> None:
        """Something is done to a part: what its controls name, and nothing else."""
        if method not in self._calls.get(part, ()):
            raise UsageError(f"{part!r} has no control that does {method!r}")
        try:
            self.twin.door.call(part, method, *args)
            self.twin.door.let_in()
        except (TypeError, ValueError) as error:
            raise UsageError(f"{part}.{method}: {error}") from None

    def hold(self, part: str, down: str, up: str, on: bool, *args: Any) -> None:
        """Something is pushed or let go of; it is held for `SHORTEST_HOLD` at least."""
        if on:
            if self._ends.pop((part, up), None) is not None:
                self.act(part, up)
            self.act(part, down, *args)
            self._held[part, down] = self.twin.now
            return
        free = self._held.pop((part, down), 0) + SHORTEST_HOLD
        if free > self.twin.now:
            self._ends[part, up] = free
        else:
            self.act(part, up)

    def type(self, console: str, text: str) -> None:
        """Somebody types on a console."""
        self.twin.type(console, text.encode())

    def go(self) -> None:
        """It runs, from where it stands; after a crash with what is left of the chip."""
        self._running = True
        self._all_is_well()
        self._restart_clock()

    def pause(self) -> None:
        """It stands still."""
        self._running = False

    def step(self, duration: Time) -> None:
        """Runs for a time, a minute at the most, and stands still."""
        length = Duration(ps(duration))
        if length > LONGEST_STEP:
            raise UsageError(f"a step of {length}: {Duration(LONGEST_STEP)} at the most, and then another")
        self._running, self._trouble = False, ""
        self._advance(self.twin.now + length)

    def step_to_picture(self) -> None:
        """Runs until something that can be seen has changed, two seconds at the most, and stands still."""
        self._running, self._trouble = False, ""
        before = self._frames({})
        limit = self.twin.now + STEP_LIMIT
        while self.twin.now < limit and not self._trouble:
            self._advance(self.twin.now + MS)
            after = self._frames(before)
            if any(after[name] is not before[name] for name in after):
                return

    def set_pace(self, pace: float | None) -> None:
        """So much of real time; None as fast as it goes."""
        if pace is not None and not 0 < pace <= 1000:
            raise UsageError(f"a pace of {pace}: expected a number above 0, 1000 at the most, or none")
        self._pace.factor = pace
        self._restart_clock()

    def reset(self) -> None:
        """Somebody presses the chip's reset."""
        self.twin.door.reset()
        self.twin.door.let_in()
        self._all_is_well()

    def power_cycle(self) -> None:
        """Back to power-on, flash and all."""
        if self._first is None:
            raise missing(self.twin.engine, Capability.SNAPSHOT)
        self._back(self._first)
        self.go()

    def save(self) -> int:
        """Keeps this moment; its number."""
        number = max(self._saved, default=0) + 1
        self._saved[number] = self._keep(number)
        return number

    def _keep(self, number: int) -> Saved:
        twin = self.twin
        texts = {name: (before, bytes(kept)) for name, (before, kept) in self._texts.items()}
        steps = tuple(self.recorder.steps)
        if twin.world is None:
            return Saved(number, twin.now, twin.snapshot(), None, steps, texts)
        world = twin.world.snapshot()
        own = world.members[twin.world.name_of(twin)]
        assert isinstance(own, Snapshot)
        return Saved(number, twin.now, own, world, steps, texts)

    def saved(self, number: int) -> Saved:
        """What was kept under a number."""
        if number not in self._saved:
            raise UsageError(f"no saved moment {number}: there are {', '.join(map(str, self._saved)) or 'none'}")
        return self._saved[number]

    def restore(self, number: int) -> None:
        """Goes back, or on, to a moment that was kept."""
        self._back(self.saved(number))

    def _back(self, saved: Saved) -> None:
        if self.twin.world is not None and saved.world is not None:
            self.twin.world.restore(saved.world)
        else:
            self.twin.restore(saved.snapshot)
        self.recorder.steps = list(saved.steps)
        self._ends, self._held = {}, {}
        self._texts = {name: (before, bytearray(kept)) for name, (before, kept) in saved.texts.items()}
        self._lengths = {name: before + len(kept) for name, (before, kept) in saved.texts.items()}
        self._all_is_well()
        self._marks = {}
        self._take_sounds()
        self._sounds = []
        self._restart_clock()

    def listen(self, on: bool) -> None:
        """What passes on the buses and on the air is listed, or not any more."""
        self.events.listen(self.twin, on)

    def _all_is_well(self) -> None:
        """What went wrong before is not said any more."""
        self._trouble, self._crashed, self._panic = "", False, ""
        self._dismissed = {name: self.twin.output_length(name) for name in self.twin.console_names}

    def _restart_clock(self) -> None:
        self._pace.restart()
        self._speed_from = self.twin.now, time.monotonic()

    # What there is to see

    def _board(self) -> dict[str, Any]:
        twin = self.twin
        parts = [
            {"name": name, "type": type(part).__name__, "controls": self._controls(name)}
            for name, part in twin.parts.items()
        ]
        return {
            "name": twin.board.name,
            "title": twin.board.title or twin.board.name,
            "chip": twin.board.chip.name,
            "image": twin.image.path.name if twin.image is not None else None,
            "parts": parts,
            "consoles": list(twin.console_names),
        }

    def _controls(self, name: str) -> list[dict[str, Any]]:
        part = self.twin.parts[name]
        found = describe(part)
        for control, plain in zip(controls_of(part), found, strict=True):
            if isinstance(control, Picture):
                plain["size"] = list(frame_of(part).shape[1::-1])
            elif plain["kind"] == "touch":
                plain["size"] = [int(getattr(part, plain["width"])), int(getattr(part, plain["height"]))]
                plain["over"], plain["rotation"] = self._under(plain["size"])
        return found

    def _under(self, size: list[int]) -> tuple[str | None, int]:
        """The display that lies under a touch panel, and how it is mounted: the one of the same native size."""
        for part, control in self._pictures:
            native = [getattr(part, "width", None), getattr(part, "height", None)]
            if control.look == "pixels" and native == size:
                return part.label, int(getattr(part, "rotation", 0))
        return None, 0

    def _look(self) -> None:
        now, wall = self.twin.now, time.monotonic()
        # In step with the wall clock, unless a look is late by more than one.
        self._next_look = max(self._next_look + LOOK, wall)
        if not self._running:
            self._speed = 0.0
        elif wall - self._speed_from[1] > 0.5:
            self._speed = (now - self._speed_from[0]) / SECOND / (wall - self._speed_from[1])
            self._speed_from = now, wall
        before = self.seen
        try:
            frames = self._frames(before.frames) if self.watched else before.frames
            shown = self._values() if self.watched else before.values
            self._take_sounds()
        except Exception as error:  # as in `_advance`
            self._stop(f"{type(error).__name__} in a part that is looked at: {error}")
            frames, shown = before.frames, before.values
        self._take_texts()
        seen = Seen(
            version=before.version,
            at=now,
            running=self._running,
            pace=self._pace.factor,
            speed=round(self._speed, 3),
            trouble=self._trouble,
            crashed=self._crashed,
            panic=self._panic,
            frames=frames,
            values=shown,
            texts=before.texts if self._texts_are(before.texts) else self._kept_texts(),
            sounds=tuple(self._sounds),
            saved=tuple((saved.number, saved.at) for saved in self._saved.values()),
            events=before.events if self.events.total == before.events[0] else self.events.kept,
            listening=self.events.on,
            recorded=len(self.recorder.steps),
            resets=len(self.twin.resets),
            gaps=before.gaps if self._running or not self._has_ledger else len(self.twin.unimplemented),
        )
        if not _same(seen, before):
            self.seen = replace(seen, version=before.version + 1)
            self.changed()

    def _frames(self, before: Mapping[str, Frame]) -> dict[str, Frame]:
        """The frame of each picture; one that has not changed is the very object of before."""
        found: dict[str, Frame] = {}
        for part, _ in self._pictures:
            frame, old = frame_of(self.twin.parts[part.label]), before.get(part.label)
            found[part.label] = old if old is not None and np.array_equal(old, frame) else np.array(frame)
        return found

    def _values(self) -> dict[str, dict[str, Any]]:
        shown: dict[str, dict[str, Any]] = {}
        for name, part in self.twin.parts.items():
            for number, control in enumerate(controls_of(part)):
                found = values(part, control)
                if found:
                    shown[f"{name}/{number}"] = {key: _rounded(value) for key, value in found.items()}
        return shown

    def _take_texts(self) -> None:
        for name in self.twin.console_names:
            seen, length = self._lengths.get(name, 0), self.twin.output_length(name)
            if length < seen:
                self._texts[name], seen = (0, bytearray()), 0
            before, kept = self._texts.setdefault(name, (0, bytearray()))
            if length > seen:
                kept += self.twin.output(name, seen)
                start = max(length - PANIC_LENGTH, self._dismissed.get(name, 0))
                tail = self.twin.output(name, start).decode("utf-8", "replace")
                self._panic = panic_report(tail, self.twin.symbols) or self._panic
                over = max(0, len(kept) - TEXT_KEPT)
                del kept[:over]
                self._texts[name] = before + over, kept
            self._lengths[name] = length

    def _texts_are(self, texts: Mapping[str, tuple[int, bytes]]) -> bool:
        """Is nothing new on the consoles? Then the bytes need no copy."""
        ends = {name: (before, before + len(kept)) for name, (before, kept) in texts.items()}
        return ends == {name: (before, before + len(kept)) for name, (before, kept) in self._texts.items()}

    def _kept_texts(self) -> dict[str, tuple[int, bytes]]:
        return {name: (before, bytes(kept)) for name, (before, kept) in self._texts.items()}

    def _take_sounds(self) -> None:
        for name, control in self._sounding:
            begun = name in self._marks
            mark, rate, samples = getattr(self.twin.parts[name], control.method)(self._marks.get(name, 0))
            self._marks[name] = mark
            if begun and len(samples) and rate:
                self._sound_number += 1
                data = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
                self._sounds = [*self._sounds[1 - CHUNKS :], (self._sound_number, name, rate, data)]

    def __repr__(self) -> str:
        return f"<Runner of {self.twin.board.name} at {Duration(self.seen.at)}>"


def _rounded(value: Any) -> Any:
    """What differs by less is the same to a person."""
    return round(value, 4) if isinstance(value, float) else value


def _same(one: Seen, other: Seen) -> bool:
    """Is there nothing new to see? Frames that have not changed are the same objects."""
    same_frames = one.frames.keys() == other.frames.keys() and all(
        frame is other.frames[name] for name, frame in one.frames.items()
    )
    plain = {"frames": {}, "version": 0}
    return same_frames and replace(one, **plain) == replace(other, **plain)  # type: ignore[arg-type]
