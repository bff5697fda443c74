"""Reading a YAML script: its entries with the lines on which they stand."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twins.errors import UsageError

LARGEST = 4_000_000
"""Bytes of a script."""


@dataclass(frozen=True)
class Entry:
    """One ``action: value`` of a script; `where` names it in messages, `folder` is the script's."""

    where: str
    action: str
    value: Any
    folder: Path


@dataclass(frozen=True)
class Document:
    """A script as it was read: what stands in its head, and its entries."""

    path: Path
    entries: list[Entry]
    head: Mapping[str, Any] = field(default_factory=dict)


def shown(value: Any) -> str:
    """A value in a message: short, whatever it is."""
    return reprlib.repr(value)


def read(path: str | Path) -> Document:
    """Reads a script: a list of steps, or a mapping with the list under ``steps``. Raises `UsageError`."""
    import yaml

    path = Path(path)
    what = f"script {path}"
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{what}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{what} is no YAML: {error}") from None
    if len(text) > LARGEST:
        raise UsageError(f"{what} is longer than {LARGEST} characters: expected a list of steps")
    try:
        loader = yaml.SafeLoader(text)
        try:
            root = loader.get_single_node()
            head: dict[str, Any] = {}
            steps = root
            if isinstance(root, yaml.MappingNode):
                steps = None
                for key, node in root.value:
                    if key.value == "steps":
                        steps = node
                    else:
                        head[str(key.value)] = loader.construct_object(node, deep=True)
            if not isinstance(steps, yaml.SequenceNode):
                raise UsageError(f"{what}: expected a list of steps, such as '- wait: 200ms'")
            entries = []
            for node in steps.value:
                where = f"{what}, line {node.start_mark.line + 1}"
                entries.append(_entry(where, loader.construct_object(node, deep=True), path.parent))
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UsageError(f"{what}{line} is no YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise UsageError(f"{what} is no YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise UsageError(f"{what} is no YAML that can be read: it is nested too deeply") from None
    except (ValueError, OverflowError) as error:  # a date or a number that cannot be
        raise UsageError(f"{what} is no YAML: {error}") from None
    return Document(path, entries, head)


def _entry(where: str, data: Any, folder: Path) -> Entry:
    if data == "reset":  # the only one without a value
        data = {data: None}
    if not isinstance(data, dict) or len(data) != 1:
        raise UsageError(f"{where}: expected one 'action: value', found {shown(data)}")
    ((action, value),) = data.items()
    return Entry(where, str(action), value, folder)
