"""Runs an image on an engine and writes down what is seen."""

from __future__ import annotations

import fnmatch
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twins.compare.recording import BUS, EDGES, Event, Recording
from twins.compare.words import BusWords
from twins.engines import Capability, EngineSpec
from twins.engines.capabilities import MEANINGS
from twins.errors import FirmwareCrashed, TwinError, UsageError
from twins.frames import frame_of, png, sha256
from twins.scripts import Player, check, load
from twins.twin import Twin
from twins.units import MS

if TYPE_CHECKING:
    from twins.ports import Part

LOOK = 20 * MS
"""How often pictures are looked at: one that is the same twice is no longer being drawn."""
CALLS = 2000
"""Entries of one function that are written down."""
NEWLINE = 2

NEEDS: Mapping[str, tuple[Capability, ...]] = {
    "console": (Capability.CONSOLE,),
    "frame": (Capability.PARTS,),
    BUS: (Capability.PARTS,),
    EDGES: (Capability.PARTS, Capability.TIMING),
    "reset": (Capability.RESET,),
    "entry": (Capability.INTERCEPTION, Capability.REGISTERS),
    "registers": (Capability.REGISTERS,),
    "memory": (Capability.MEMORY,),
    "end": (),
}
"""What an engine must be able to do for each kind of event."""


@dataclass(frozen=True)
class Wishes:
    """What is run, for how long, and what is looked at beside what can be seen from outside.

    Attributes:
        functions: patterns of symbols at whose entries registers are compared.
        every: registers are compared every so many instructions of the first core.
        memory: objects of the image, by symbol, that are compared at the end.
        script: what a person does meanwhile: see `twins.scripts`.
    """

    board: str
    image: str
    duration: int
    elf: str | None = None
    seed: int = 0
    functions: tuple[str, ...] = ()
    every: int = 0
    memory: tuple[str, ...] = ()
    script: str | None = None


def record(wishes: Wishes, engine: EngineSpec) -> Recording:
    """Runs on an engine. Raises `UsageError`; a firmware that crashes is an event."""
    with Twin(wishes.board, wishes.image, elf=wishes.elf, seed=wishes.seed, engine=engine) as twin:
        run = _Run(twin, wishes, str(engine))
        run.go()
        return run.recording


class _Run:
    """One run."""

    def __init__(self, twin: Twin, wishes: Wishes, engine: str) -> None:
        self.twin = twin
        self.wishes = wishes
        not_seen = _not_seen(twin, wishes)
        assert twin.image is not None
        self.recording = Recording(
            engine=engine,
            board=twin.board.name,
            image=Path(wishes.image).name,
            sha256=_hash_of(twin),
            duration=wishes.duration,
            kinds=tuple(kind for kind in NEEDS if kind not in not_seen),
            not_seen=not_seen,
        )
        self._emit = self.recording.events.append
        self._read: dict[str, int] = {}
        self._looks: dict[str, tuple[str, int, bool]] = {}
        self._resets = 0
        self._next_look = LOOK
        self._entries: dict[str, int] = {}
        for name in wishes.memory:
            if twin.symbols[name].is_function or not twin.symbols[name].size:
                raise UsageError(f"--memory {name}: it is no object with a size")
        self._words = BusWords(twin, self._emit) if BUS in self.recording.kinds else None
        steps = load(wishes.script) if wishes.script else []
        check(twin, steps)
        self._player = Player(twin, steps)
        if "entry" in self.recording.kinds:
            self._watch_functions(wishes.functions)

    def go(self) -> None:
        """Runs to the end."""
        start = time.monotonic()
        watched: list[str] | None = None
        try:
            while self.twin.now < self.wishes.duration:
                self._player.play()
                if watched != self._player.texts:
                    watched = self._player.texts
                    self._watch_texts(watched)
                goal = min(self.wishes.duration, self._next_look)
                if self._player.due is not None:
                    goal = min(goal, max(self._player.due, self.twin.now + 1))
                self._advance(goal)
                self._look()
            end = "time"
        except FirmwareCrashed as crash:
            self._look()
            # Without the moment at its beginning, which is the event's own.
            end = str(crash).splitlines()[0].partition(": ")[2]
        self._finish(end)
        self.recording.figures["wall_s"] = round(time.monotonic() - start, 3)
        if Capability.CORES in self.twin.capabilities:
            self.recording.figures["instructions"] = sum(self.twin.instructions)

    def _watch_texts(self, texts: Sequence[str]) -> None:
        self.twin.unwatch_texts()
        for text in texts:
            self.twin.watch_text(text, 1)
        self.twin.watch_text("\n", NEWLINE)

    def _advance(self, goal: int) -> None:
        if not self.wishes.every or "registers" not in self.recording.kinds:
            self.twin.advance(goal, stop_at_text=True)
            return
        before = self.twin.instructions[0]
        while self.twin.now < goal and self.twin.instructions[0] - before < self.wishes.every:
            self.twin.engine.step(0, goal)
        self.twin.advance(self.twin.now, stop_at_text=True)
        if self.twin.instructions[0] - before >= self.wishes.every:
            self._write_registers(self.twin.now)

    # What is looked at between slices

    def _look(self) -> None:
        now = self.twin.now
        for at, why in self.twin.resets[self._resets :]:
            self._emit(Event("reset", "", at, why))
        self._resets = len(self.twin.resets)
        for name in self.twin.console_names:
            start = self._read.get(name, 0)
            lines = self.twin.output(name, start).split(b"\n")[:-1]
            for line in lines:
                self._emit(Event("console", name, now, _text(line)))
            self._read[name] = start + sum(len(line) + 1 for line in lines)
        if now >= self._next_look:
            self._next_look = (now // LOOK + 1) * LOOK
            for name, part in self.twin.parts.items():
                self._look_at(name, part, now)

    def _look_at(self, name: str, part: Part, now: int) -> None:
        try:
            frame = frame_of(part)
        except UsageError:
            return
        found = sha256(frame)
        before, since, told = self._looks.get(name, ("", now, False))
        if found != before:
            self._looks[name] = (found, now, False)
        elif not told:
            self._looks[name] = (found, since, True)
            rows, columns = frame.shape[:2]
            self.recording.pictures.setdefault(found, png(frame))
            self._emit(Event("frame", name, since, f"{columns}x{rows} sha256 {found}"))

    def _finish(self, end: str) -> None:
        now = self.twin.now
        if self._words is not None:
            self._words.end()
        for name in self.twin.console_names:
            rest = self.twin.output(name, self._read.get(name, 0))
            if rest:
                self._emit(Event("console", name, now, f"{_text(rest)}⏎̸"))
        if "memory" in self.recording.kinds:
            for name in self.wishes.memory:
                self._read_memory(name, now)
        if Capability.TRACE in self.twin.capabilities:
            self.recording.trace = self.twin.trace.sha256
        self._emit(Event("end", "", now, end))

    def _read_memory(self, name: str, now: int) -> None:
        data = self.twin.memory.read(name, self.twin.symbols[name].size)
        for offset in range(0, len(data), 4):
            word = int.from_bytes(data[offset : offset + 4], "little")
            self._emit(Event("memory", name, now, f"+0x{offset:03x} {word:08x}"))

    # Functions

    def _watch_functions(self, patterns: Sequence[str]) -> None:
        symbols = self.twin.symbols
        for pattern in patterns:
            names = [name for name in fnmatch.filter(symbols, pattern) if symbols[name].is_function]
            if not names:
                raise UsageError(f"--functions {pattern!r}: the image has no such function")
            for name in names:
                if symbols[name].address not in {found.address for found in self.twin.intercepts.values()}:
                    self._watch_function(name)

    def _watch_function(self, name: str) -> None:
        try:
            watched = self.twin.intercept(name, self._entered, watch=True)
        except TwinError as error:
            raise UsageError(f"--functions: {error}") from None
        self._entries[watched.name] = 0

    def _entered(self, call: Any) -> None:
        words, stack, back = self.twin.engine.arguments(call.core)
        text = f"{' '.join(f'{word:x}' for word in words)} stack {stack:x} from {self._name(back)}"
        self._emit(Event("entry", f"core {call.core}", self.twin.now, call.name))
        self._emit(Event("registers", f"{call.name} on core {call.core}", self.twin.now, text))
        self._entries[call.name] += 1
        if self._entries[call.name] == CALLS:
            self.twin.intercepts[call.name].remove()

    def _name(self, address: int) -> str:
        return self.twin.symbols.name(address)

    def _write_registers(self, at: int) -> None:
        values = self.twin.registers(0)
        words = " ".join(f"{name}={value:x}" for name, value in values.items() if name in _WORDS)
        self._emit(Event("registers", "core 0", at, f"{self._name(values['pc'])} {words}"))


_WORDS = frozenset({"sp", *(f"r{n}" for n in range(13)), *(f"a{n}" for n in range(16))})
"""Registers that hold the program's words; what counts cycles or holds flags of the machine is not compared."""


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r")


def _hash_of(twin: Twin) -> str:
    assert twin.image is not None
    found = hashlib.sha256()
    for segment in twin.image.segments:
        found.update(segment.address.to_bytes(8, "little") + segment.data)
    return found.hexdigest()


def _not_seen(twin: Twin, wishes: Wishes) -> dict[str, str]:
    """Kinds that are not written down, or single sources of them, and why."""
    found = {}
    for kind, needed in NEEDS.items():
        lacking = [capability for capability in needed if capability not in twin.capabilities]
        if lacking:
            found[kind] = f"the engine {twin.engine_name} has no {MEANINGS[lacking[0]][0]}"
    if Capability.USB not in twin.capabilities:
        why = f"the engine {twin.engine_name} has no {MEANINGS[Capability.USB][0]}"
        found.update({f"console {console.name}": why for console in twin.board.consoles if console.tx is None})
    if not wishes.functions:
        found.setdefault("entry", "no functions were named: --functions 'main*'")
        if not wishes.every:
            found.setdefault("registers", "no functions were named: --functions 'main*', or --every N")
    if not wishes.memory:
        found.setdefault("memory", "no objects were named: --memory SYMBOL")
    if wishes.every and Capability.BREAKPOINTS not in twin.capabilities:
        found["registers"] = f"the engine {twin.engine_name} has no {MEANINGS[Capability.BREAKPOINTS][0]}"
    return found
