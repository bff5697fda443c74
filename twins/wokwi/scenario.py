"""Automation scenarios of Wokwi as steps of a script.

Steps of the documentation's page "Automation Scenarios": ``delay``, ``wait-serial``, ``write-serial``, ``set-control``,
``expect-pin``, ``take-screenshot``, ``touch``, ``touch-press``, ``touch-move`` and ``touch-release``. The control
``pressed`` pushes a button or a knob; any other sets what the part has of that name, as ``position`` of a
potentiometer. A name of ours and one of theirs that are the same, ``expect-pin`` and ``touch``, are told apart by
``part-id``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twins.errors import UsageError
from twins.scripts import language, steps
from twins.scripts.reading import Entry, shown

if TYPE_CHECKING:
    from twins.scripts.steps import Step
    from twins.wokwi.controllers import Controller

SCENARIO_HEAD = ("version", "author")
"""What stands in the head of a scenario beside what stands in ours."""

TOUCH_DURATION = "50ms"


@dataclass
class Names:
    """What a diagram calls parts and pins.

    Attributes:
        main: the id of the microcontroller's board.
        parts: our parts by id.
        touch: our parts with a touch panel by id.
        pins: pins of the chip by a part's id and pin.

    >>> Names(parts={"my-knob": "my_knob"}, pins={("my-knob", "CLK"): 10}).pin("my-knob", "CLK")
    'GPIO10'
    """

    main: str = ""
    controller: Controller | None = None
    parts: dict[str, str] = field(default_factory=dict)
    touch: dict[str, str] = field(default_factory=dict)
    pins: dict[tuple[str, str], int] = field(default_factory=dict)

    def part(self, name: str) -> str:
        """Our part."""
        return self.parts.get(name, re.sub(r"\W", "_", name, flags=re.ASCII))

    def panel(self, name: str) -> str:
        """Our part with its touch panel."""
        return self.touch.get(name, self.part(name))

    def pin(self, part: str, pin: str) -> str:
        """The pin of the chip that a pin is on."""
        if part in self.parts or (self.main and part != self.main):
            gpio = self.pins.get((part, pin), self.pins.get((part, pin.partition(".")[0])))
        elif self.controller is not None:
            gpio = self.controller.gpio(pin)
        else:
            match = re.fullmatch(r"(?:GPIO|GP|IO)?(\d{1,2})", pin)
            gpio = int(match[1]) if match else None
        if gpio is None:
            raise UsageError(f"{part}:{pin} is on no pin of the chip")
        return f"GPIO{gpio}"


def scenario_steps(entry: Entry, names: Names | None) -> list[Step] | None:
    """The steps of an entry of a scenario; None for one that is not theirs."""
    known = WORDS.get(entry.action)
    if known is None or (entry.action in _SHARED and not (isinstance(entry.value, dict) and "part-id" in entry.value)):
        return None
    return known(entry, names or Names())


_SHARED = ("expect-pin", "touch")


def _delay(entry: Entry, _: Names) -> list[Step]:
    return [steps.Pause(entry.where, language.time(language.text(entry.value, "delay"), "delay"))]


def _wait_serial(entry: Entry, _: Names) -> list[Step]:
    return [steps.Expect(entry.where, language.text(entry.value, "wait-serial"))]


def _write_serial(entry: Entry, _: Names) -> list[Step]:
    return [steps.Type(entry.where, language.typed(entry.value, "write-serial"))]


def _set_control(entry: Entry, names: Names) -> list[Step]:
    value = language.fields(entry.value, "set-control", ("part-id", "value"), ("control", "name"))
    part = names.part(language.text(value["part-id"], "part-id"))
    control = language.text(value.get("control", value.get("name")), "control")
    if control == "pressed":
        if value["value"] not in (0, 1):
            raise UsageError(f"the control pressed takes 0 or 1, found {shown(value['value'])}")
        return [steps.Call(entry.where, part, "down" if value["value"] else "up")]
    return [steps.Set(entry.where, part, control, language.number(value["value"], f"the control {control}"))]


def _expect_pin(entry: Entry, names: Names) -> list[Step]:
    value = language.fields(entry.value, "expect-pin", ("part-id",), ("pin", "name", "value", "expected"))
    pin = value.get("name", value.get("pin"))
    expected = value.get("value", value.get("expected"))
    if isinstance(pin, bool) or not isinstance(pin, (str, int)):
        raise UsageError(f"expect-pin needs 'pin', found {shown(pin)}")
    gpio = names.pin(language.text(value["part-id"], "part-id"), str(pin))
    return [steps.PinIs(entry.where, gpio, language.level(expected))]


def _take_screenshot(entry: Entry, names: Names) -> list[Step]:
    from twins.scripts.pictures import Picture, Shows

    value = language.fields(entry.value, "take-screenshot", ("part-id",), ("save-to", "compare-with"))
    part = names.part(language.text(value["part-id"], "part-id"))
    taken: list[Step] = []
    if "save-to" in value:
        taken.append(Picture(entry.where, part, entry.folder / language.text(value["save-to"], "save-to")))
    if "compare-with" in value:
        golden = entry.folder / language.text(value["compare-with"], "compare-with")
        taken.append(Shows(entry.where, part, golden, within=0))
    if not taken:
        raise UsageError("take-screenshot needs 'save-to' or 'compare-with'")
    return taken


def _touch(entry: Entry, names: Names) -> list[Step]:
    value = language.fields(entry.value, "touch", ("part-id", "x", "y"), ("duration", "wait"))
    part, place = _place(value, names)
    duration = language.time(value.get("duration", TOUCH_DURATION), "duration")
    touched: list[Step] = [
        steps.Call(entry.where, part, "touch", place),
        steps.Later(entry.where, duration, steps.Call(entry.where, part, "release")),
    ]
    return [*touched, steps.Pause(entry.where, duration)] if value.get("wait") is True else touched


def _touch_press(entry: Entry, names: Names) -> list[Step]:
    part, place = _place(language.fields(entry.value, entry.action, ("part-id", "x", "y")), names)
    return [steps.Call(entry.where, part, "touch", place)]


def _touch_move(entry: Entry, names: Names) -> list[Step]:
    part, place = _place(language.fields(entry.value, entry.action, ("part-id", "x", "y")), names)
    return [steps.Call(entry.where, part, "move", place)]


def _touch_release(entry: Entry, names: Names) -> list[Step]:
    value = language.fields(entry.value, entry.action, ("part-id",))
    return [steps.Call(entry.where, names.panel(language.text(value["part-id"], "part-id")), "release")]


def _place(value: Mapping[str, Any], names: Names) -> tuple[str, tuple[int, int]]:
    x, y = (round(language.number(value[axis], axis)) for axis in ("x", "y"))
    return names.panel(language.text(value["part-id"], "part-id")), (x, y)


WORDS: Mapping[str, Callable[[Entry, Names], list[Step]]] = {
    "delay": _delay,
    "wait-serial": _wait_serial,
    "write-serial": _write_serial,
    "set-control": _set_control,
    "expect-pin": _expect_pin,
    "take-screenshot": _take_screenshot,
    "touch": _touch,
    "touch-press": _touch_press,
    "touch-move": _touch_move,
    "touch-release": _touch_release,
}
