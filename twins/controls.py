"""What people see of a part and do to it, in words that a page, a script or a robot understands.

A part declares ``controls``; whoever shows boards to people, such as `twins.view`, builds its knobs, buttons and
pictures from them and knows no part by name. A control names attributes and methods of its part.

>>> from twins.ports import Part
>>> class Dimmer(Part):
...     '''A knob with a lamp.'''
...     controls = (Slide("set", value="level", high=10), Lamp("glow"))
...     level = 0
...     def set(self, level: float) -> None:
...         self.level = level
...     @property
...     def glow(self) -> float:
...         return self.level / 10
>>> dimmer = Dimmer()
>>> [description["kind"] for description in describe(dimmer)]
['slide', 'lamp']
>>> describe(dimmer)[0]
{'kind': 'slide', 'label': '', 'method': 'set', 'value': 'level', 'low': 0.0, 'high': 10, 'step': 0.0, 'unit': ''}
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar

from twins.errors import UsageError

if TYPE_CHECKING:
    from twins.ports import Part


@dataclass(frozen=True)
class Control:
    """Base of all controls.

    `label` stands beside the part's name where it has several. A control whose port `needs` is not connected on the
    board is not there.
    """

    KIND: ClassVar[str] = ""
    METHODS: ClassVar[tuple[str, ...]] = ()
    """Fields that name methods: what a person can make the part do."""
    VALUES: ClassVar[tuple[str, ...]] = ()
    """Fields that name attributes with a number, a text, a truth or None: what a person reads."""

    label: str = field(default="", kw_only=True)
    needs: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class Turn(Control):
    """A knob that turns without end: ``method(detents)``, clockwise for positive counts."""

    KIND: ClassVar[str] = "turn"
    METHODS: ClassVar[tuple[str, ...]] = ("method",)
    VALUES: ClassVar[tuple[str, ...]] = ("value",)
    method: str = "turn"
    value: str = "position"
    detents: int = 20


@dataclass(frozen=True)
class Hold(Control):
    """Something that is pushed or touched and let go of: two methods without arguments."""

    KIND: ClassVar[str] = "hold"
    METHODS: ClassVar[tuple[str, ...]] = ("down", "up")
    VALUES: ClassVar[tuple[str, ...]] = ("value",)
    down: str = "down"
    up: str = "up"
    value: str = "is_down"


@dataclass(frozen=True)
class Push(Control):
    """Something that happens at one push: ``method()``."""

    KIND: ClassVar[str] = "push"
    METHODS: ClassVar[tuple[str, ...]] = ("method",)
    method: str = "press"


@dataclass(frozen=True)
class Slide(Control):
    """A slider, or a knob with two ends: ``method(value)``; `step` 0 is none."""

    KIND: ClassVar[str] = "slide"
    METHODS: ClassVar[tuple[str, ...]] = ("method",)
    VALUES: ClassVar[tuple[str, ...]] = ("value",)
    method: str
    value: str
    low: float = 0.0
    high: float = 1.0
    step: float = 0.0
    unit: str = ""


@dataclass(frozen=True)
class Touch(Control):
    """A surface that is touched: ``down(x, y)``, ``move(x, y)``, ``up()``; its size is in the attributes named.

    Where the board has a display of that size, it lies on it.
    """

    KIND: ClassVar[str] = "touch"
    METHODS: ClassVar[tuple[str, ...]] = ("down", "move", "up")
    VALUES: ClassVar[tuple[str, ...]] = ("width", "height")
    down: str = "touch"
    move: str = "move"
    up: str = "release"
    width: str = "width"
    height: str = "height"


@dataclass(frozen=True)
class Say(Control):
    """Something that hears: ``method(sound, duration)``, and a third argument ``azimuth`` where sounds are `directed`.

    Sounds are the names in `twins.sound.NAMED`. `azimuth` is where the part itself believes the sound to come from, and
    `heard` whether it hears any.
    """

    KIND: ClassVar[str] = "say"
    METHODS: ClassVar[tuple[str, ...]] = ("method",)
    VALUES: ClassVar[tuple[str, ...]] = ("azimuth", "heard")
    method: str = "speak"
    directed: bool = False
    azimuth: str = ""
    heard: str = ""


@dataclass(frozen=True)
class Picture(Control):
    """Something that is seen: a frame as in `twins.frames`.

    `look` is ``"pixels"`` for a display, ``"lights"`` for single LEDs in rows, ``"ring"`` for LEDs in a circle.
    """

    KIND: ClassVar[str] = "picture"
    frame: str = "frame"
    look: str = "pixels"


@dataclass(frozen=True)
class Lamp(Control):
    """A single light: how bright it is, from 0 to 1: an attribute, or a method without arguments."""

    KIND: ClassVar[str] = "lamp"
    VALUES: ClassVar[tuple[str, ...]] = ("value",)
    value: str = "brightness"


@dataclass(frozen=True)
class Reading(Control):
    """A figure that a meter would show, or the state of something."""

    KIND: ClassVar[str] = "reading"
    VALUES: ClassVar[tuple[str, ...]] = ("value",)
    value: str
    unit: str = ""
    digits: int = 2


@dataclass(frozen=True)
class Sounds(Control):
    """Something that is heard: ``method(mark)`` gives the next mark, the rate, and what was played since that mark."""

    KIND: ClassVar[str] = "sounds"
    method: str = "heard_since"


def controls_of(part: Part) -> list[Control]:
    """The controls that a part has on its board."""
    return [control for control in part.controls if not control.needs or getattr(part, control.needs).connected]


def describe(part: Part) -> list[dict[str, Any]]:
    """The controls of a part as plain data. Raises `UsageError` for one that names what the part has not."""
    return [{"kind": control.KIND, **_plain(part, control)} for control in controls_of(part)]


def _plain(part: Part, control: Control) -> dict[str, Any]:
    for name in control.METHODS:
        method = getattr(control, name)
        if method.startswith("_") or not callable(getattr(type(part), method, None)):
            raise UsageError(f"{type(part).__name__}.controls: {control.KIND} names a method {method!r}: it has none")
    known = {item.name for item in fields(control)} - {"needs"}
    plain = {name: value for name, value in asdict(control).items() if name in known}
    return {"label": plain.pop("label"), **plain}


def may_be_called(part: Part) -> frozenset[str]:
    """The methods that its controls name: what somebody at a page may call, and nothing else."""
    return frozenset(getattr(control, name) for control in controls_of(part) for name in control.METHODS)


def values(part: Part, control: Control) -> dict[str, Any]:
    """What a person reads at a control now, by field: numbers, texts, truths or None."""
    return {name: _value(part, getattr(control, name)) for name in control.VALUES if getattr(control, name)}


def _value(part: Part, name: str) -> Any:
    value = getattr(part, name)
    value = value() if callable(value) else value
    if isinstance(value, (bool, str)) or value is None:
        return value
    return float(value) if not isinstance(value, int) else int(value)


def pictures(parts: Sequence[Part]) -> list[tuple[Part, Picture]]:
    """What there is to see on a board."""
    return [(part, control) for part in parts for control in controls_of(part) if isinstance(control, Picture)]
