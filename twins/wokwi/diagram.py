"""``diagram.json``: parts, wires, and the nets that the wires make."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twins.errors import BoardError
from twins.scripts.reading import shown
from twins.wokwi.controllers import CONTROLLERS, GROUND

Node = tuple[str, str]
"""A part's id, and one of its pins."""

SERIAL_MONITOR = "$serialMonitor"
LARGEST = 16_000_000


@dataclass(frozen=True)
class DiagramPart:
    """A part as it stands in the file."""

    id: str
    type: str
    attrs: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.id} ({self.type})"


@dataclass
class Net:
    """Pins that are wired together.

    Attributes:
        nodes: the pins.
        gpios: the pins of the chip among them.
        supply: ground, or the volts of a supply among them.
        pulls: supplies at the other ends of resistors.
    """

    nodes: set[Node] = field(default_factory=set)
    gpios: set[int] = field(default_factory=set)
    supply: str | None = None
    pulls: set[str] = field(default_factory=set)

    @property
    def gpio(self) -> int | None:
        """The pin of the chip."""
        return min(self.gpios, default=None)

    @property
    def level(self) -> str | None:
        """The supply that holds it, directly or through a resistor, where no pin of the chip does."""
        return self.supply or next(iter(sorted(self.pulls)), None)


@dataclass(frozen=True)
class Diagram:
    """A diagram that was read.

    Attributes:
        parts: by id.
        wires: pairs of pins.
        problems: wires to what is not there.
    """

    path: Path
    parts: Mapping[str, DiagramPart]
    wires: tuple[tuple[Node, Node], ...]
    problems: tuple[str, ...] = ()

    @classmethod
    def load(cls, path: str | Path) -> Diagram:
        """Reads a file. Raises `BoardError`."""
        path = Path(path)
        try:
            if path.stat().st_size > LARGEST:
                raise BoardError(f"diagram {path} is larger than {LARGEST} bytes: expected parts and connections")
            data = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise BoardError(f"diagram {path}: {error.strerror}") from None
        except json.JSONDecodeError as error:
            raise BoardError(f"diagram {path}, line {error.lineno} is no JSON: {error.msg}") from None
        except (ValueError, RecursionError) as error:
            raise BoardError(f"diagram {path} is no JSON that can be read: {error}") from None
        return cls.from_data(data, path)

    @classmethod
    def from_data(cls, data: Any, path: Path = Path("diagram.json")) -> Diagram:
        """A diagram from the contents of its file."""
        if not isinstance(data, dict) or not isinstance(data.get("parts"), list):
            raise BoardError(f'diagram {path}: expected {{"parts": [...], "connections": [...]}}')
        parts: dict[str, DiagramPart] = {}
        for number, entry in enumerate(data["parts"]):
            part = _part(entry, f"diagram {path}, parts[{number}]")
            if part.id in parts:
                raise BoardError(f"diagram {path}, parts[{number}]: there is a part {part.id!r} already")
            parts[part.id] = part
        connections = data.get("connections", [])
        if not isinstance(connections, list):
            raise BoardError(f"diagram {path}: expected a list of connections, found {shown(connections)}")
        wires, problems = [], []
        for number, entry in enumerate(connections):
            wire = _wire(entry, f"diagram {path}, connections[{number}]")
            lost = [part for part, _ in wire if part not in parts and not part.startswith("$")]
            if lost:
                problems.append(f"connections[{number}]: there is no part {lost[0]!r}")
            else:
                wires.append(wire)
        return cls(path, parts, tuple(wires), tuple(problems))

    def nets(self) -> Nets:
        """What the wires make."""
        return Nets(self)


class Nets:
    """The nets of a diagram."""

    def __init__(self, diagram: Diagram) -> None:
        self._parts = diagram.parts
        self._nets: dict[Node, Net] = {}
        for one, other in diagram.wires:
            self._join(self.node(one), self.node(other))
        self._resistors()

    def at(self, part: str, pin: str) -> Net:
        """The net of a pin; one of its own where no wire goes to it."""
        node = self.node((part, pin))
        net = self._nets.get(node)
        if net is None:
            net = self._nets[node] = Net({node})
            kind = CONTROLLERS.get(self._parts[part].type) if part in self._parts else None
            if kind is not None:
                gpio = kind.gpio(pin)
                net.gpios |= set() if gpio is None else {gpio}
                net.supply = kind.supply(pin)
            elif part in self._parts:
                net.supply = _symbol(self._parts[part])
        return net

    def node(self, node: Node) -> Node:
        """A pin under the one name that all pins have which a part joins inside."""
        part, pin = node
        kind = self._parts[part].type if part in self._parts else ""
        if kind.startswith("wokwi-breadboard"):
            row = re.fullmatch(r"(\d+[tb])\.\w", pin)
            rail = re.fullmatch(r"([tb][pn])\.\d+", pin)
            return part, (row or rail or [pin, pin])[1]
        if kind.startswith("wokwi-pushbutton"):
            return part, pin.partition(".")[0]
        return node

    def __iter__(self) -> Iterator[Net]:
        seen: set[int] = set()
        for net in self._nets.values():
            if id(net) not in seen:
                seen.add(id(net))
                yield net

    def _join(self, one: Node, other: Node) -> None:
        first, second = self.at(*one), self.at(*other)
        if first is second:
            return
        first.nodes |= second.nodes
        first.gpios |= second.gpios
        first.pulls |= second.pulls
        first.supply = first.supply or second.supply
        for node in second.nodes:
            self._nets[node] = first

    def _resistors(self) -> None:
        """A resistor to a supply pulls; one between signals is a wire."""
        resistors = [part.id for part in self._parts.values() if part.type == "wokwi-resistor"]
        for part in resistors:
            one, other = self.at(part, "1"), self.at(part, "2")
            if one.supply is None and other.supply is None:
                self._join((part, "1"), (part, "2"))
        for part in resistors:
            one, other = self.at(part, "1"), self.at(part, "2")
            for end, far in ((one, other), (other, one)):
                if end.supply is None and far.supply is not None:
                    end.pulls.add(far.supply)


def _symbol(part: DiagramPart) -> str | None:
    """The supply that a power symbol stands for."""
    return {"wokwi-gnd": GROUND, "wokwi-vcc": "5"}.get(part.type)


def _part(entry: Any, where: str) -> DiagramPart:
    if not isinstance(entry, dict):
        raise BoardError(f"{where}: expected an object with id and type, found {shown(entry)}")
    for key in ("id", "type"):
        value = entry.get(key)
        if not isinstance(value, str) or not value.isprintable() or not value:
            raise BoardError(f"{where}: expected a text as {key}, found {shown(value)}")
    attrs = entry.get("attrs") or {}
    if not isinstance(attrs, dict):
        raise BoardError(f"{where}: expected an object as attrs, found {shown(attrs)}")
    return DiagramPart(entry["id"], entry["type"], {str(key): str(value) for key, value in attrs.items()})


def _wire(entry: Any, where: str) -> tuple[Node, Node]:
    if not isinstance(entry, list) or len(entry) < 2:
        raise BoardError(f'{where}: expected ["part:pin", "part:pin", ...], found {shown(entry)}')
    ends = []
    for end in entry[:2]:
        part, colon, pin = end.partition(":") if isinstance(end, str) else ("", "", "")
        if not colon or not part or not pin:
            raise BoardError(f'{where}: expected a pin as "part:pin", found {shown(end)}')
        ends.append((part, pin))
    return ends[0], ends[1]
