"""The words of a script: each entry becomes one or more steps."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twins.errors import UsageError
from twins.scripts import steps
from twins.scripts.reading import Document, Entry, read, shown
from twins.scripts.steps import Step
from twins.units import Duration, ps, seconds

if TYPE_CHECKING:
    from twins.wokwi.scenario import Names

HEAD = ("name", "board", "image", "seed")
"""What may stand beside ``steps``."""
LONGEST = 40
"""Characters of a time."""
MOST = seconds(1_000_000)
MOST_DETENTS = 10_000


def load(path: str | Path, names: Names | None = None) -> list[Step]:
    """Reads and checks a script. Raises `UsageError` naming file, line and what was expected.

    Scenarios of Wokwi are scripts as well; `names` are those of the parts in the diagram they were written for.

    >>> [type(step).__name__ for step in load("demo/scripts/volume.yaml")][:2]
    ['Forbid', 'Expect']
    """
    from twins.wokwi.scenario import SCENARIO_HEAD, scenario_steps

    document = read(path)
    _check_head(document, (*HEAD, *SCENARIO_HEAD))
    loaded: list[Step] = [steps.About(f"script {document.path}", document.head)] if document.head else []
    for entry in document.entries:
        try:
            found = scenario_steps(entry, names)
            loaded += _steps(entry) if found is None else found
        except UsageError as error:
            raise UsageError(f"{entry.where}: {error}") from None
    return loaded


def _check_head(document: Document, known: tuple[str, ...]) -> None:
    for key in document.head:
        if key not in known:
            raise UsageError(f"script {document.path}: unknown key {key!r}: expected steps, {', '.join(HEAD)}")


def _steps(entry: Entry) -> list[Step]:
    known = WORDS.get(entry.action)
    if known is not None:
        return known(entry)
    if entry.action.count(".") == 1:
        part, method = entry.action.split(".")
        value = entry.value
        arguments = value if isinstance(value, list) else [] if value is None else [value]
        return [steps.Call(entry.where, part, method, tuple(arguments))]
    from twins.wokwi import scenario

    near = difflib.get_close_matches(entry.action, [*WORDS, *scenario.WORDS], 1)
    hint = f"did you mean {near[0]}?" if near else f"{', '.join(WORDS)}, or part.method"
    raise UsageError(f"unknown action {shown(entry.action)}: {hint}")


# Values


def time(value: Any, what: str) -> int:
    """A time in ps."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise UsageError(f"{what} takes a time such as 200ms, found {shown(value)}")
    if len(str(value)) > LONGEST:
        raise UsageError(f"{what} takes a time such as 200ms, found {shown(str(value))}")
    duration = ps(value)
    if duration > MOST:
        raise UsageError(f"{what} takes a time of {Duration(MOST)} at the most, found {value}")
    return duration


def text(value: Any, what: str) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value:
        raise UsageError(f"{what} takes a text, found {shown(value)}: put it in quotes")
    return value


def typed(value: Any, what: str) -> bytes:
    """What is typed: a text or a list of bytes."""
    if isinstance(value, list):
        if not value or not all(isinstance(one, int) and 0 <= one <= 255 for one in value):
            raise UsageError(f"{what} takes a text or a list of bytes from 0 to 255, found {shown(value)}")
        return bytes(value)
    return text(value, what).encode()


def number(value: Any, what: str) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise UsageError(f"{what} takes a number, found {shown(value)}")
    return float(value)


def fields(value: Any, what: str, needed: tuple[str, ...], optional: tuple[str, ...] = ()) -> Mapping[str, Any]:
    """A mapping with the keys `needed` and perhaps `optional` ones."""
    form = ", ".join([*needed, *(f"[{key}]" for key in optional)])
    if not isinstance(value, dict):
        raise UsageError(f"{what} takes {{{form}}}, found {shown(value)}")
    for key in value:
        if key not in needed and key not in optional:
            raise UsageError(f"{what} does not know {shown(key)}: it takes {{{form}}}")
    for key in needed:
        if key not in value:
            raise UsageError(f"{what} needs {key!r}: it takes {{{form}}}")
    return value


def _parts(entry: Entry, form: str, bare: bool = False) -> list[tuple[str, Any]]:
    """The parts that an entry is about, each with what is said of it."""
    value = entry.value
    if bare and isinstance(value, str) and value:
        return [(value, None)]
    if bare and isinstance(value, list) and value and all(isinstance(name, str) for name in value):
        return [(name, None) for name in value]
    if not isinstance(value, dict) or not value or not all(isinstance(name, str) for name in value):
        raise UsageError(f"{entry.action} takes {form}, found {shown(value)}")
    return list(value.items())


# Words


def _wait(entry: Entry) -> list[Step]:
    return [steps.Pause(entry.where, time(entry.value, "wait"))]


def _at(entry: Entry) -> list[Step]:
    return [steps.At(entry.where, time(entry.value, "at"))]


def _expect(entry: Entry) -> list[Step]:
    if not isinstance(entry.value, dict):
        return [steps.Expect(entry.where, text(entry.value, "expect"))]
    value = fields(entry.value, "expect", ("text",), ("console", "within"))
    within = time(value["within"], "within") if "within" in value else None
    return [steps.Expect(entry.where, text(value["text"], "text"), _console(value), within)]


def _fail(entry: Entry) -> list[Step]:
    if not isinstance(entry.value, dict):
        return [steps.Forbid(entry.where, text(entry.value, "fail"))]
    value = fields(entry.value, "fail", ("text",), ("console",))
    return [steps.Forbid(entry.where, text(value["text"], "text"), _console(value))]


def _console(value: Mapping[str, Any]) -> str | None:
    return text(value["console"], "console") if "console" in value else None


def _type(entry: Entry) -> list[Step]:
    if not isinstance(entry.value, dict):
        return [steps.Type(entry.where, typed(entry.value, "type"))]
    parts = _parts(entry, "a text or {CONSOLE: text}")
    return [steps.Type(entry.where, typed(value, "type"), name) for name, value in parts]


def _press(entry: Entry) -> list[Step]:
    held = _parts(entry, "PART or {PART: 50ms}", bare=True)
    for _, duration in held:
        if duration is not None:
            time(duration, "press")
    return [steps.Call(entry.where, part, "press", () if value is None else (value,)) for part, value in held]


def _hold(entry: Entry) -> list[Step]:
    return [steps.FirstOf(entry.where, part, ("down",)) for part, _ in _without_value(entry)]


def _release(entry: Entry) -> list[Step]:
    return [steps.FirstOf(entry.where, part, ("up", "release")) for part, _ in _without_value(entry)]


def _without_value(entry: Entry) -> list[tuple[str, Any]]:
    parts = _parts(entry, "PART, or a list of parts", bare=True)
    for part, value in parts:
        if value is not None:
            raise UsageError(f"{entry.action} takes the name of {part} alone, found {shown(value)}")
    return parts


def _turn(entry: Entry) -> list[Step]:
    turned: list[Step] = []
    for part, value in _parts(entry, "{PART: detents}"):
        arguments = (value,)
        if isinstance(value, dict):
            value = fields(value, f"turn {part}", ("detents",), ("rpm",))
            arguments = (value["detents"], *((number(value["rpm"], "rpm"),) if "rpm" in value else ()))
        if isinstance(arguments[0], bool) or not isinstance(arguments[0], int):
            raise UsageError(f"turn {part} takes detents, such as 3 or -1, found {shown(arguments[0])}")
        if abs(arguments[0]) > MOST_DETENTS:
            raise UsageError(f"turn {part} takes {MOST_DETENTS} detents at the most, found {shown(arguments[0])}")
        turned.append(steps.Call(entry.where, part, "turn", arguments))
    return turned


def _touch(entry: Entry) -> list[Step]:
    touched: list[Step] = []
    for part, value in _parts(entry, "PART, {PART: 200ms} or {PART: [x, y]}", bare=True):
        if value is None:
            touched.append(steps.Call(entry.where, part, "touch"))
        elif isinstance(value, (list, dict)):
            touched += _touch_at(entry.where, part, value)
        else:
            time(value, f"touch {part}")
            touched.append(steps.Call(entry.where, part, "touch", (value,)))
    return touched


def _touch_at(where: str, part: str, value: Any) -> list[Step]:
    """A finger on a panel, for a time if one is given."""
    duration = None
    if isinstance(value, dict):
        value = fields(value, f"touch {part}", ("x", "y"), ("finger", "for"))
        duration = time(value["for"], "for") if "for" in value else None
        value = [value["x"], value["y"], *([value["finger"]] if "finger" in value else [])]
    _check_place(part, value)
    finger = tuple(value[2:])
    put = steps.Call(where, part, "touch", tuple(value))
    return (
        [put] if duration is None else [put, steps.Later(where, duration, steps.Call(where, part, "release", finger))]
    )


def _move(entry: Entry) -> list[Step]:
    moved = _parts(entry, "{PART: [x, y]}")
    for part, place in moved:
        _check_place(part, place)
    return [steps.Call(entry.where, part, "move", tuple(place)) for part, place in moved]


def _check_place(part: str, place: Any) -> None:
    whole = isinstance(place, list) and all(isinstance(one, int) and not isinstance(one, bool) for one in place)
    if not whole or not 2 <= len(place) <= 3:
        raise UsageError(f"{part} is touched at [x, y] or [x, y, finger], found {shown(place)}")


def _say(entry: Entry) -> list[Step]:
    said: list[Step] = []
    for part, value in _parts(entry, "{PART: {wav: hello.wav, azimuth: 62}}"):
        options = dict(value) if isinstance(value, dict) else {"wav": value}
        path = Path(text(options.pop("wav", None), f"say {part}: wav"))
        if not all(isinstance(key, str) for key in options):
            raise UsageError(f"say {part} takes words such as azimuth and level_db, found {shown(value)}")
        said.append(steps.Say(entry.where, part, entry.folder / path, options))
    return said


def _set(entry: Entry) -> list[Step]:
    made: list[Step] = []
    for name, value in _parts(entry, "{PART: 0.5}, {PART.ATTRIBUTE: value} or {GPIO26: 1.2V}"):
        if re.fullmatch(r"GPIO\d+", name):
            made.append(steps.Volts(entry.where, name, _volts(value)))
            continue
        part, _, attribute = name.partition(".")
        if not attribute:
            value = number(value, f"set {part}")
        made.append(steps.Set(entry.where, part, attribute or "position", value))
    return made


def _volts(value: Any) -> float:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(m?)V\s*", value) if isinstance(value, str) else None
    if match is not None:
        return float(match[1]) / (1000 if match[2] else 1)
    if isinstance(value, str):
        raise UsageError(f"{shown(value)} is no voltage: expected one such as 1.2V or 800mV")
    return number(value, "a pin")


def _frame(entry: Entry) -> list[Step]:
    from twins.scripts.pictures import Picture

    form = "{PART: FILE.png}"
    taken = _parts(entry, form)
    for _, path in taken:
        if not isinstance(path, str):
            raise UsageError(f"frame takes {form}, found {shown(entry.value)}")
    return [Picture(entry.where, part, Path(path)) for part, path in taken]


def _expect_frame(entry: Entry) -> list[Step]:
    from twins.scripts.pictures import Shows

    awaited: list[Step] = []
    for part, value in _parts(entry, "{PART: FILE.png}"):
        given = {"file": value} if isinstance(value, str) else value
        given = fields(given, f"expect-frame {part}", ("file",), ("within", "tolerance"))
        path = entry.folder / text(given["file"], "file")
        within = time(given["within"], "within") if "within" in given else None
        tolerance = given.get("tolerance", 0)
        if isinstance(tolerance, bool) or not isinstance(tolerance, int) or not 0 <= tolerance <= 255:
            raise UsageError(f"tolerance takes a number from 0 to 255, found {shown(tolerance)}")
        awaited.append(Shows(entry.where, part, path, within, tolerance))
    return awaited


def _expect_change(entry: Entry) -> list[Step]:
    from twins.scripts.pictures import Changes

    watched = _parts(entry, "PART or {PART: 200ms}", bare=True)
    limits = [None if within is None else time(within, "expect-change") for _, within in watched]
    return [Changes(entry.where, part, limit) for (part, _), limit in zip(watched, limits, strict=True)]


LEVELS = {"high": True, "low": False, 1: True, 0: False}  # yes and no of YAML are 1 and 0 here


def level(value: Any) -> bool:
    """A level: high or low, 1 or 0."""
    if not isinstance(value, (str, int)) or value not in LEVELS:
        raise UsageError(f"a pin is high or low, found {shown(value)}")
    return LEVELS[value]


def _expect_pin(entry: Entry) -> list[Step]:
    return [steps.PinIs(entry.where, pin, level(value)) for pin, value in _parts(entry, "{GPIO25: high}")]


def _reset(entry: Entry) -> list[Step]:
    if entry.value is not None:
        raise UsageError(f"reset takes nothing, found {shown(entry.value)}")
    return [steps.Reset(entry.where)]


def _lines(entry: Entry) -> list[Step]:
    form = "{CONSOLE: {dtr: true, rts: false}}"
    made: list[Step] = []
    for console, value in _parts(entry, form):
        set_to = fields(value, f"lines {console}", ("dtr", "rts"))
        if not all(isinstance(one, bool) for one in set_to.values()):
            raise UsageError(f"lines takes {form}, found {shown(entry.value)}")
        made.append(steps.Lines(entry.where, console, set_to["dtr"], set_to["rts"]))
    return made


def _bootsel(entry: Entry) -> list[Step]:
    if entry.value not in ("down", "up"):
        raise UsageError(f"bootsel takes down or up, found {shown(entry.value)}")
    return [steps.Bootsel(entry.where, entry.value == "down")]


def _is_byte(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255


def _are_bytes(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_byte, value))


def _is_switch(value: Any) -> bool:
    return isinstance(value, bool)


USB: Mapping[str, tuple[Callable[[Any], bool], ...]] = {
    "plug": (_is_switch,),
    "sleep": (_is_switch,),
    "send": (_is_byte, _are_bytes),
    "ask": (_are_bytes, _are_bytes),
}
"""What the USB host does, and what with."""


def _usb(entry: Entry) -> list[Step]:
    form = "{plug: [true]}, {sleep: [true]}, {send: [2, [1, 2]]} or {ask: [[8 bytes], [bytes]]}"
    made: list[Step] = []
    for what, value in _parts(entry, form):
        kinds = USB.get(what, ())
        fits = isinstance(value, list) and 0 < len(value) == len(kinds)
        if not fits or not all(is_one(one) for is_one, one in zip(kinds, value, strict=True)):
            raise UsageError(f"usb takes {form}, found {shown(entry.value)}")
        given = tuple(bytes(one).decode("latin-1") if isinstance(one, list) else one for one in value)
        made.append(steps.Usb(entry.where, what, given))
    return made


def _trace(entry: Entry) -> list[Step]:
    value = text(entry.value, "trace")
    if not re.fullmatch(r"[0-9a-f]{64}", value):
        raise UsageError(f"trace takes the 64 digits of a SHA-256, found {shown(value)}")
    return [steps.Trace(entry.where, value)]


WORDS: Mapping[str, Callable[[Entry], list[Step]]] = {
    "wait": _wait,
    "at": _at,
    "expect": _expect,
    "fail": _fail,
    "type": _type,
    "press": _press,
    "hold": _hold,
    "release": _release,
    "turn": _turn,
    "touch": _touch,
    "move": _move,
    "say": _say,
    "set": _set,
    "frame": _frame,
    "expect-frame": _expect_frame,
    "expect-change": _expect_change,
    "expect-pin": _expect_pin,
    "reset": _reset,
    "lines": _lines,
    "bootsel": _bootsel,
    "usb": _usb,
    "trace": _trace,
}
