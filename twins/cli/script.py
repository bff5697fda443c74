"""Input scripts: what a person does, as YAML.

A script is a list of steps that are carried out one after the other::

    - expect: ready            # waits for a text on any console, behind what an earlier expect found there
    - wait: 200ms
    - knob.turn: 3             # calls a method of a part; a list gives several arguments
    - knob.press: 50ms
    - type: "help\\n"           # types on the console that spoke last
    - frame: {lcd: shot.png}   # takes a picture
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twins.errors import UsageError
from twins.frames import frame_of, save_png
from twins.twin import Twin
from twins.units import ps

ACTIONS = ("wait", "expect", "type", "frame")


@dataclass(frozen=True)
class Step:
    """One step; `where` names it in messages."""

    where: str
    action: str
    value: Any


def load_script(path: str | Path) -> list[Step]:
    """Reads and checks a script. Raises `UsageError` naming the step that is wrong."""
    import yaml

    try:
        data = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"script {path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"script {path} is no YAML: {error}") from None
    if not isinstance(data, list):
        raise UsageError(f"script {path}: expected a list of steps, such as '- wait: 200ms'")
    return [_step(f"script {path}, step {number}", entry) for number, entry in enumerate(data, 1)]


def _step(where: str, entry: Any) -> Step:
    if not isinstance(entry, dict) or len(entry) != 1:
        raise UsageError(f"{where}: expected one 'action: value', found {entry!r}")
    ((action, value),) = entry.items()
    if action == "wait":
        try:
            ps(value)
        except UsageError as error:
            raise UsageError(f"{where}: {error}") from None
    elif action in ("expect", "type"):
        if not isinstance(value, str) or not value:
            raise UsageError(f"{where}: {action} takes a text, found {value!r}: put it in quotes")
    elif action == "frame":
        if not isinstance(value, dict) or not value:
            raise UsageError(f"{where}: frame takes {{PART: FILE.png}}, found {value!r}")
    elif str(action).count(".") != 1:
        raise UsageError(f"{where}: unknown action {action!r}: {', '.join(ACTIONS)}, or part.method")
    return Step(where, str(action), value)


def check_script(twin: Twin, steps: list[Step]) -> None:
    """Looks for the parts and methods that a script names, before anything runs."""
    for step in steps:
        try:
            if step.action == "frame":
                for part in step.value:
                    frame_of(find_part(twin, str(part)))
            elif "." in step.action:
                _check_method(twin, step.action)
            elif step.action == "type" and not twin.consoles:
                raise UsageError(f"board {twin.board.name} has no console to type on")
        except UsageError as error:
            raise UsageError(f"{step.where}: {error}") from None


def play(twin: Twin, steps: list[Step]) -> Iterator[Step]:
    """Carries a script out. Yields the steps ``wait`` and ``expect``, where time must pass first."""
    for step in steps:
        if step.action in ("wait", "expect"):
            yield step
        elif step.action == "type":
            twin.console.send(step.value)
        elif step.action == "frame":
            for part, path in step.value.items():
                save_png(frame_of(find_part(twin, part)), path)
        else:
            value = step.value
            arguments = value if isinstance(value, list) else [] if value is None else [value]
            name, method = step.action.split(".")
            try:
                twin.door.call(name, method, *arguments)
                twin.door.let_in()
            except (TypeError, ValueError, UsageError) as error:
                raise UsageError(f"{step.where}: {step.action}: {error}") from None


def _check_method(twin: Twin, action: str) -> None:
    name, method = action.split(".")
    part = find_part(twin, name)
    found = getattr(type(part), method, None)
    if method.startswith("_") or not callable(found):
        raise UsageError(f"{name} ({type(part).__name__}) cannot {method!r}")


def find_part(twin: Twin, name: str) -> Any:
    """A part of the twin's board by name."""
    if name not in twin.parts:
        raise UsageError(f"board {twin.board.name} has no part {name!r}: it has {', '.join(twin.parts) or 'none'}")
    return twin.parts[name]
