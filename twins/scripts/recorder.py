"""Writing a script of what somebody does to a twin."""

from __future__ import annotations

import os
import re
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from twins.door import Entry
from twins.errors import UsageError
from twins.files import check_writable, whole_file
from twins.units import Duration

if TYPE_CHECKING:
    from twins.twin import Twin


class Recorder:
    """Writes a script of what comes in by the twin's door, moment by moment, with the hash of the trace at its end.

    What is typed on consoles comes in by the door, and so does everything that is done through `hands`. What acts on a
    part directly, as ``twin.knob.turn(3)`` does, is not seen: the script then ends in another trace, and says so.

    Args:
        path: where the script goes when the recording ends; whole or not at all. Without one, `text` has it.

    >>> import tempfile
    >>> from twins import Twin
    >>> from twins.scripts import play
    >>> path = tempfile.mkdtemp() + "/session.yaml"
    >>> def power_on():
    ...     return Twin("media_controller", image="firmware/images/media_controller.uf2")
    >>> with power_on() as pico, Recorder(pico, path) as recorder:
    ...     pico.run("300ms"); recorder.hands.knob.turn(3); pico.run("400ms")
    >>> with power_on() as again:
    ...     _ = play(again, path); again.knob.position
    3
    """

    def __init__(self, twin: Twin, path: str | Path | None = None) -> None:
        self.twin = twin
        self.path = None if path is None else Path(path)
        if self.path is not None:
            check_writable(self.path)
        self.hands = Hands(twin)
        """The twin's parts, for somebody who acts: ``hands.knob.turn(3)``, ``hands.pot.position = 0.7``."""
        self.steps: list[tuple[int, str]] = []
        """Moments (ps) and what was done then. Whoever takes the twin back in time puts back those of then."""
        self._is_on = True
        twin.door.listeners.append(self._came_in)

    def _came_in(self, entry: Entry) -> None:
        self._add(_step(entry, Path() if self.path is None else self.path.parent))

    def _add(self, step: str) -> None:
        self.steps.append((self.twin.now, step))

    def take_picture(self, part: str, path: str | Path) -> None:
        """Has the script take a picture at this moment."""
        self._add(f"frame: {_flow({part: str(path)})}")

    def stop(self) -> None:
        """Ends the recording and writes the script."""
        if self._is_on:
            self._is_on = False
            self.twin.door.listeners.remove(self._came_in)
            if self.path is not None:
                with whole_file(self.path) as partial:
                    partial.write_text(self.text(), encoding="utf-8")

    def text(self) -> str:
        """The script up to now."""
        twin = self.twin
        lines = [f"board: {_flow(twin.board.name)}"]
        if twin.image is not None:
            lines.append(f"image: {twin.image.sha256}")
        lines += [f"seed: {twin.seed}", "steps:"]
        before: int | None = None
        for at, step in [*self.steps, (twin.now, f"trace: {twin.trace.sha256}")]:
            if at != before:
                lines.append(f"- at: {_exact(at)}")
                before = at
            lines.append(f"- {step}")
        return "\n".join(lines) + "\n"

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class Hands:
    """Somebody who acts on the parts of a twin from outside, through its door."""

    def __init__(self, twin: Twin) -> None:
        object.__setattr__(self, "_twin", twin)

    def __getattr__(self, name: str) -> Hand:
        twin: Twin = object.__getattribute__(self, "_twin")
        if name not in twin.parts:
            raise AttributeError(f"board {twin.board.name} has no part {name!r}: it has {', '.join(twin.parts)}")
        return Hand(twin, name)


class Hand:
    """Somebody at one part: its methods are called and its attributes set through the door."""

    def __init__(self, twin: Twin, part: str) -> None:
        object.__setattr__(self, "_twin", twin)
        object.__setattr__(self, "_part", part)

    def __getattr__(self, method: str) -> Any:
        twin: Twin = object.__getattribute__(self, "_twin")
        part: str = object.__getattribute__(self, "_part")
        try:
            twin.door.check_call(part, method)
        except UsageError as error:
            raise AttributeError(str(error)) from None

        def act(*arguments: Any) -> None:
            twin.door.call(part, method, *arguments)
            twin.door.let_in()

        return act

    def __setattr__(self, attribute: str, value: Any) -> None:
        twin: Twin = object.__getattribute__(self, "_twin")
        twin.door.set(object.__getattribute__(self, "_part"), attribute, value)
        twin.door.let_in()

    def say(self, path: str | Path, **options: Any) -> None:
        """A WAV file sounds where the part hears it."""
        twin: Twin = object.__getattribute__(self, "_twin")
        twin.door.say(object.__getattribute__(self, "_part"), path, **options)
        twin.door.let_in()


_VERBS = {"down": "hold", "up": "release", "release": "release", "press": "press"}


def _step(entry: Entry, folder: Path) -> str:
    """What came in, in the words of a script."""
    if entry.do == "type":
        return f"type: {_flow({entry.to: _typed(entry.args[0].encode('latin-1'))})}"
    if entry.do == "set":
        attribute, value = entry.args
        return f"set: {_flow({f'{entry.to}.{attribute}': value})}"
    if entry.do == "volts":
        return f"set: {_flow({entry.to: entry.args[0]})}"
    if entry.do == "say":
        path, options = entry.args
        return f"say: {_flow({entry.to: {'wav': os.path.relpath(path, folder), **options}})}"
    if entry.do == "reset":
        return "reset"
    if entry.do == "lines":
        dtr, rts = entry.args
        return f"lines: {_flow({entry.to: {'dtr': dtr, 'rts': rts}})}"
    if entry.do == "bootsel":
        return f"bootsel: {'down' if entry.args[0] else 'up'}"
    if entry.do == "usb":
        given = [list(one.encode("latin-1")) if isinstance(one, str) else one for one in entry.args]
        return f"usb: {_flow({entry.to: given})}"
    method, *arguments = entry.args
    if method in _VERBS and not arguments:
        return f"{_VERBS[method]}: {_flow(entry.to)}"
    if method == "press" and len(arguments) == 1:
        return f"press: {_flow({entry.to: arguments[0]})}"
    if method == "turn" and len(arguments) == 1:
        return f"turn: {_flow({entry.to: arguments[0]})}"
    if method in ("touch", "move") and len(arguments) >= 2:
        return f"{method}: {_flow({entry.to: arguments})}"
    return f"{entry.to}.{method}: {_flow(arguments)}"


_PLAIN = re.compile(r"[A-Za-z_][\w.]*", re.ASCII)
_NOT_PLAIN = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""Words that YAML takes for something else."""
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _flow(value: Any) -> str:
    """A value in YAML, on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        mantissa, mark, exponent = repr(value).partition("e")
        return mantissa + (".0" if mark and "." not in mantissa else "") + mark + exponent
    if isinstance(value, int):
        return str(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _NOT_PLAIN:
        return str(value)
    return (
        '"' + "".join(_ESCAPES.get(one) or (one if one.isprintable() else f"\\U{ord(one):08x}") for one in value) + '"'
    )


def _typed(data: bytes) -> str | list[int]:
    """What was typed: a text, or bytes where it is none."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return list(data)


def _exact(at: int) -> str:
    """A moment to the picosecond."""
    return repr(Duration(at)).split("'")[1]
