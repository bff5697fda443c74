"""The one door through which the outside world reaches a running twin.

People and programs act when they like; a twin looks at the door only between slices of its time. What waits there is
carried out then, at a moment of virtual time that the door knows, so it can be recorded and played again: the same
image with the same record gives the same trace.

A record is a file of JSON lines: a head that says what it belongs to, a line for each thing that came in, and an end
with the hash of the trace::

    {"record": "boardtwins door", "version": 1, "board": "pico", "image": "1f...", "seed": 0, "at": 0}
    {"at": 1200000000000, "do": "type", "to": "usb", "args": ["print(1)\\r"]}
    {"at": 1500000000000, "do": "call", "to": "knob", "args": ["turn", 3]}
    {"at": 1600000000000, "do": "usb", "to": "plug", "args": [false]}
    {"at": 2000000000000, "do": "end", "to": "", "args": ["9c..."]}
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from twins.errors import ReplayError, UsageError
from twins.units import Duration

if TYPE_CHECKING:
    from twins.twin import Twin

KIND = "boardtwins door"
VERSION = 1


@dataclass(frozen=True)
class Entry:
    """Something that comes in: what is done (a key of `ACTIONS`), to whom, and with what."""

    do: str
    to: str = ""
    args: tuple[Any, ...] = ()


def _type(twin: Twin, entry: Entry) -> None:
    # Bytes of any value, one character each.
    twin.type_in(entry.to, entry.args[0].encode("latin-1"))


def _call(twin: Twin, entry: Entry) -> None:
    method, *args = entry.args
    getattr(twin.parts[entry.to], method)(*args)


def _set(twin: Twin, entry: Entry) -> None:
    name, value = entry.args
    setattr(twin.parts[entry.to], name, value)


def _say(twin: Twin, entry: Entry) -> None:
    path, options = entry.args
    part: Any = twin.parts[entry.to]
    sound = part.scene.say if hasattr(part, "scene") else part.play
    sound(path, **options)


def _volts(twin: Twin, entry: Entry) -> None:
    twin.pins[entry.to].voltage = entry.args[0]


def _reset(twin: Twin, _: Entry) -> None:
    twin.reset_chip()


def _lines(twin: Twin, entry: Entry) -> None:
    twin.set_lines(entry.to, *entry.args)


def _bootsel(twin: Twin, entry: Entry) -> None:
    twin.hold_bootsel(entry.args[0])


def _usb(twin: Twin, entry: Entry) -> None:
    twin.usb.carry_out(entry.to, entry.args)


ACTIONS: dict[str, Callable[[Twin, Entry], None]] = {
    "type": _type,
    "call": _call,
    "set": _set,
    "say": _say,
    "volts": _volts,
    "reset": _reset,
    "lines": _lines,
    "bootsel": _bootsel,
    "usb": _usb,
}
"""What can come in. A debugger or a sound card adds its own."""


class Door:
    """What waits to come in, and the record of what came.

    >>> from twins import Twin
    >>> with Twin("media_controller", image="firmware/images/media_controller.uf2") as pico:
    ...     _ = pico.console.expect("ready", timeout="1s")
    ...     pico.door.call("knob", "turn", 3)
    ...     pico.console.expect("volume 43", timeout="1s")
    0
    """

    def __init__(self, twin: Twin) -> None:
        self._twin = twin
        self.listeners: list[Callable[[Entry], None]] = []
        """Called with each entry once it has come in."""
        self._waiting: deque[Entry] = deque()
        self._record: IO[str] | None = None
        self._replay: deque[tuple[int, Entry]] = deque()
        self._replay_path = Path()

    # What comes in

    def type(self, console: str, data: bytes) -> None:
        """Somebody types on a console."""
        if console not in self._twin.consoles:
            known = ", ".join(self._twin.consoles) or "none"
            raise UsageError(f"board {self._twin.board.name} has no console {console!r}: it has {known}")
        self.put(Entry("type", console, (data.decode("latin-1"),)))

    def call(self, part: str, method: str, *args: Any) -> None:
        """Somebody does something to a part: ``door.call("knob", "turn", 3)``. Numbers and texts can be recorded."""
        self.check_call(part, method)
        if not _is_plain(list(args)):
            raise UsageError(f"{part}.{method}{args!r}: only numbers, texts and lists of them can come in by the door")
        self.put(Entry("call", part, (method, *args)))

    def set(self, part: str, attribute: str, value: Any) -> None:
        """Somebody moves something that stays where it is put: ``door.set("pot", "position", 0.7)``."""
        self.check_set(part, attribute)
        if not _is_plain(value):
            raise UsageError(f"{part}.{attribute} = {value!r}: only numbers, texts and lists of them can come in")
        self.put(Entry("set", part, (attribute, value)))

    def say(self, part: str, path: str | Path, **options: Any) -> None:
        """A WAV file sounds, in the scene of a microphone array or at a microphone: ``azimuth=62, level_db=-20``."""
        self.check_say(part)
        if not _is_plain(options):
            raise UsageError(f"{part}: {options!r}: only numbers, texts and lists of them can come in by the door")
        self.put(Entry("say", part, (str(path), options)))

    def volts(self, pin: str, volts: float) -> None:
        """Somebody puts a voltage on a pin of the chip: ``door.volts("GPIO26", 1.2)``."""
        entry = Entry("volts", self._twin.pins[pin].name, (float(volts),))
        self.put(entry)

    # What can be done at all, as UsageError where not

    def check_call(self, part: str, method: str) -> None:
        """Has the part such a method?"""
        found = self._part(part)
        if method.startswith("_") or not callable(getattr(type(found), method, None)):
            raise UsageError(f"{part} ({type(found).__name__}) cannot {method!r}")

    def check_set(self, part: str, attribute: str) -> None:
        """Has the part something of that name that can be set?"""
        found = self._part(part)
        held = getattr(type(found), attribute, None)
        if attribute.startswith("_") or not isinstance(held, property) or held.fset is None:
            settable = [name for name in dir(type(found)) if getattr(getattr(type(found), name), "fset", None)]
            can = f"only {', '.join(settable)}" if settable else "nothing of it can be set"
            raise UsageError(f"{part} ({type(found).__name__}) has no {attribute!r} to set: {can}")

    def check_say(self, part: str) -> None:
        """Does the part hear?"""
        found = self._part(part)
        if not hasattr(found, "scene") and not hasattr(found, "heard"):
            raise UsageError(f"{part} ({type(found).__name__}) does not hear: a microphone or a voice processor does")

    def _part(self, name: str) -> Any:
        found = self._twin.parts.get(name)
        if found is None:
            known = ", ".join(self._twin.parts) or "none"
            raise UsageError(f"board {self._twin.board.name} has no part {name!r}: it has {known}")
        return found

    def reset(self) -> None:
        """Somebody resets the chip."""
        self.put(Entry("reset"))

    def lines(self, console: str, dtr: bool, rts: bool) -> None:
        """Somebody sets the control lines of a console's USB bridge."""
        self.put(Entry("lines", console, (dtr, rts)))

    def bootsel(self, held: bool) -> None:
        """Somebody holds the BOOTSEL button down, or lets go."""
        self.put(Entry("bootsel", "", (held,)))

    def usb(self, what: str, *args: Any) -> None:
        """The USB host does something: see `twins.usb.UsbHost.carry_out`. Bytes are texts, a character each."""
        self.put(Entry("usb", what, args))

    def put(self, entry: Entry) -> None:
        """Something waits until the twin next looks, which is before it runs on. Other threads may call it."""
        self._waiting.append(entry)

    # How the twin looks

    @property
    def due(self) -> int | None:
        """When (ps) the next entry of a replay comes in."""
        return self._replay[0][0] if self._replay else None

    def let_in(self) -> None:
        """Carries out what waits, and what a replay has for this moment."""
        now = self._twin.now
        while self._replay and self._replay[0][0] <= now:
            at, entry = self._replay.popleft()
            if entry.do == "end":
                self._check(at, entry)
            else:
                self._carry_out(entry)
        while self._waiting:
            self._carry_out(self._waiting.popleft())

    def _carry_out(self, entry: Entry) -> None:
        ACTIONS[entry.do](self._twin, entry)
        self._write(entry)
        for listener in self.listeners:
            listener(entry)

    # Recording

    def record(self, path: str | Path) -> None:
        """Writes down what comes in from now on, a line at a time, until `stop_recording` or the end of the twin."""
        self.stop_recording()
        path = Path(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._record = path.open("w", encoding="utf-8", newline="\n")
        except OSError as error:
            raise UsageError(f"record {path}: {error.strerror}") from None
        self._line({"record": KIND, "version": VERSION, **self._about(), "at": self._twin.now})

    @property
    def is_recording(self) -> bool:
        """Is what comes in written down?"""
        return self._record is not None

    def stop_recording(self) -> None:
        """Ends the record with the hash of the trace."""
        if self._record is not None:
            self._write(Entry("end", "", (self._twin.trace.sha256,)))
            self._record.close()
            self._record = None

    def _about(self) -> dict[str, Any]:
        image = self._twin.image
        return {
            "board": self._twin.board.name,
            "image": image.sha256 if image is not None else None,
            "seed": self._twin.seed,
        }

    def _write(self, entry: Entry) -> None:
        if self._record is not None:
            self._line({"at": self._twin.now, "do": entry.do, "to": entry.to, "args": list(entry.args)})

    def _line(self, data: dict[str, Any]) -> None:
        if self._record is not None:
            self._record.write(json.dumps(data) + "\n")
            self._record.flush()

    # Replaying

    def replay(self, path: str | Path, *, strict: bool = True) -> int:
        """Plays a record again while the twin runs; returns the moment (ps) at which it ends.

        The record must be of this board, image and seed, and at its end the trace must be the same, or `ReplayError` is
        raised. Without `strict`, the same hands can be put to another firmware.
        """
        self._replay_path = Path(path)
        head, entries = _read(self._replay_path)
        for what, mine in self._about().items() if strict else ():
            if head.get(what) != mine:
                raise ReplayError(f"record {path} is of {what} {head.get(what)!r}, this twin has {mine!r}")
        if self._twin.now > head["at"]:
            raise ReplayError(f"record {path} begins at {Duration(head['at'])}, this twin is at {self._twin.time}")
        self._replay = deque(pair for pair in entries if strict or pair[1].do != "end")
        return entries[-1][0] if entries else head["at"]

    def _check(self, at: int, entry: Entry) -> None:
        if (self._twin.now, self._twin.trace.sha256) != (at, entry.args[0]):
            raise ReplayError(
                f"record {self._replay_path} went another way: at {Duration(at)} the trace is "
                f"{self._twin.trace.sha256[:16]}..., recorded was {entry.args[0][:16]}...: it was recorded with "
                "another version of the package, or something acted on the twin beside the door"
            )

    def __repr__(self) -> str:
        recording = f", recording to {self._record.name}" if self._record else ""
        return f"<Door, {len(self._waiting)} waiting, {len(self._replay)} to replay{recording}>"


def _is_plain(value: Any) -> bool:
    """Does it come back from a record as it was?"""
    try:
        return bool(json.loads(json.dumps(value)) == value)
    except (TypeError, ValueError):
        return False


def _read(path: Path) -> tuple[dict[str, Any], list[tuple[int, Entry]]]:
    """The head and the entries of a record. Raises `ReplayError` naming the line that is wrong."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ReplayError(f"record {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ReplayError(f"record {path} is no record: expected lines of JSON") from None
    number, head = 0, dict[str, Any]()
    entries: list[tuple[int, Entry]] = []
    try:
        for number, line in enumerate(lines, 1):
            data = json.loads(line)
            if number == 1:
                head = _head(data)
                continue
            entry = Entry(data["do"], data["to"], tuple(data["args"]))
            if entry.do not in ACTIONS and entry.do != "end":
                raise ValueError(f"unknown action {entry.do!r}")
            at = int(data["at"])
            if at < (entries[-1][0] if entries else head["at"]):
                raise ValueError("its time is before that of the line above")
            entries.append((at, entry))
    except (ValueError, KeyError, TypeError) as error:
        raise ReplayError(f"record {path}, line {number}: {error}") from None
    if not head:
        raise ReplayError(f"record {path} is empty: expected lines of JSON")
    return head, entries


def _head(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict) or data.get("record") != KIND:
        raise ValueError("this is no record of a twin's door")
    if data.get("version") != VERSION:
        raise ValueError(f"version {data.get('version')!r} of the format: this package reads version {VERSION}")
    return {**data, "at": int(data["at"])}
