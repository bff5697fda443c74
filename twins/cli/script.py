"""Input scripts: what a person does, as YAML.

A script is a list of steps that are carried out one after the other::

    - expect: ready            # waits for a text on any console
    - wait: 200ms
    - knob.turn: 3             # calls a method of a part; a list gives several arguments
    - knob.press: 50ms
    - type: "help\\n"           # types on the console that spoke last
    - frame: {lcd: shot.png}   # takes a picture
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from twins.errors import UsageError
from twins.frames import frame_of, save_png
from twins.twin import Twin
from twins.units import ps


def load_script(path: str | Path) -> list[tuple[str, Any]]:
    """Reads and checks a script. Raises `UsageError` naming the step that is wrong."""
    try:
        steps = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"script {path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"script {path} is no YAML: {error}") from None
    if not isinstance(steps, list):
        raise UsageError(f"script {path}: expected a list of steps, such as '- wait: 200ms'")
    checked = []
    for number, step in enumerate(steps, 1):
        if not isinstance(step, dict) or len(step) != 1:
            raise UsageError(f"script {path}, step {number}: expected one 'action: value', found {step!r}")
        ((action, value),) = step.items()
        if action not in ("wait", "expect", "type", "frame") and str(action).count(".") != 1:
            raise UsageError(
                f"script {path}, step {number}: unknown action {action!r}: wait, expect, type, frame, or part.method"
            )
        if action == "wait":
            ps(value)
        checked.append((str(action), value))
    return checked


def play(twin: Twin, steps: list[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Carries a script out. Yields ``("wait", ps)`` or ``("expect", text)`` where time must pass first."""
    for action, value in steps:
        if action == "wait":
            yield "wait", ps(value)
        elif action == "expect":
            yield "expect", str(value)
        elif action == "type":
            twin.console.send(str(value))
        elif action == "frame":
            for part, path in value.items():
                save_png(frame_of(find_part(twin, part)), path)
        else:
            name, method = action.split(".")
            function = getattr(find_part(twin, name), method, None)
            if method.startswith("_") or not callable(function):
                raise UsageError(f"{name} cannot {method!r}")
            function(*(value if isinstance(value, list) else [] if value is None else [value]))


def find_part(twin: Twin, name: str) -> Any:
    """A part of the twin's board by name."""
    if name not in twin.parts:
        raise UsageError(f"board {twin.board.name} has no part {name!r}: it has {', '.join(twin.parts) or 'none'}")
    return twin.parts[name]
