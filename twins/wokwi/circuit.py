"""A diagram as one of our boards: its parts, on the pins of the chip on which the wires put them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from twins.board import Board
from twins.errors import BoardError
from twins.files import toml_of
from twins.twin import RESERVED, Twin
from twins.wokwi.controllers import CONTROLLERS, Controller
from twins.wokwi.diagram import SERIAL_MONITOR, Diagram, DiagramPart
from twins.wokwi.parts import CHAINS, PARTS, SCENERY, Missing, chain
from twins.wokwi.scenario import Names


class Circuit:
    """What a diagram becomes.

    Attributes:
        data: the board, as in a board file.
        names: what scenarios call the parts and pins.
        missing: parts and pins that we lack, each in a sentence.
        notes: what is left out because it changes nothing that firmware sees.

    >>> diagram = Diagram.from_data({
    ...     "parts": [{"id": "pico", "type": "wokwi-pi-pico"}, {"id": "red", "type": "wokwi-led"}],
    ...     "connections": [["pico:GP15", "red:A", "", []], ["red:C", "pico:GND.1", "", []]],
    ... })
    >>> Circuit(diagram, "blink").data["parts"]["red"]
    {'type': 'Led', 'pin': 'GPIO15'}
    """

    def __init__(self, diagram: Diagram, name: str = "") -> None:
        self.diagram = diagram
        self.nets = diagram.nets()
        self.missing: list[str] = list(diagram.problems)
        self.notes: list[str] = []
        self._main, self._kind = _controller(diagram)
        self.data: dict[str, Any] = _base(self._kind)
        self.data["name"] = re.sub(r"\W+", "_", name or diagram.path.absolute().parent.name).strip("_") or "wokwi"
        self.data["title"] = f"{self._main.type}, from a diagram of Wokwi"
        if self._kind.note:
            self.missing.append(self._kind.note)
        self._memories()
        self._consoles()
        self.names = Names(self._main.id, self._kind)
        parts = self.data.setdefault("parts", {})
        board_parts = dict(parts)
        parts.clear()
        for part, built in self._parts():
            label = self._label(part.id, parts)
            if "panel" in built:
                panel = built.pop("panel")
                touch = self._label(f"{label}_touch", {**parts, label: built})
                parts[touch] = panel
                self.names.touch[part.id] = touch
            if built:
                parts[label] = built
                self.names.parts[part.id] = label
                self.names.pins.update(self._pins_of(part))
        self._keep(board_parts, parts)
        self._joined()

    def board(self) -> Board:
        """The board."""
        return Board.from_data(self.data)

    def toml(self) -> str:
        """The board as a board file."""
        lines = [f"# Made by `twins import wokwi` of a diagram with a {self._main.type}."]
        lines += [f"# Left out: {problem}" for problem in self.missing]
        lines += [f"{key} = {_toml(value)}" for key, value in self.data.items() if not isinstance(value, dict)]
        for name, part in self.data["parts"].items():
            lines += ["", f"[parts.{name}]", *(f"{key} = {_toml(value)}" for key, value in part.items())]
        lines += ["", "[consoles]", *(f"{key} = {_toml(value)}" for key, value in self.data["consoles"].items())]
        return "\n".join(lines) + "\n"

    # The board itself

    def _memories(self) -> None:
        """Attributes of the boards with an ESP32-S3: flashSize and psramSize in MB, psramType."""
        attrs = self._main.attrs
        if self._kind.board == "pico":
            return
        for key, attr in (("flash", "flashSize"), ("psram", "psramSize")):
            size = attrs.get(attr)
            if size is None:
                continue
            if not re.fullmatch(r"\d{1,3}", size):
                self.missing.append(f"{self._main.id}: {attr} {size!r} is no number of megabytes")
            elif key == "flash":
                self.data["flash"] = f"{size}MB"
            elif size == "0":
                self.data.pop("psram", None)
            else:
                octal = attrs.get("psramType", "octal") in ("octal", "opi")
                self.data["psram"] = f"{size}MB {'octal' if octal else 'quad'}"

    def _consoles(self) -> None:
        """The serial monitor, where it is not on the pins of the board's own console."""
        consoles = self.data["consoles"]
        tx, rx = self.nets.at(SERIAL_MONITOR, "RX").gpio, self.nets.at(SERIAL_MONITOR, "TX").gpio
        if tx is None:
            return
        wires = {"tx": f"GPIO{tx}", **({"rx": f"GPIO{rx}"} if rx is not None else {})}
        usual = consoles.get("uart0", {})
        if all(usual.get(key) == pin for key, pin in wires.items()):
            return
        if tx in _numbers(usual.values()) or rx in _numbers(usual.values()):
            del consoles["uart0"]
        self.data["consoles"] = {"serial": wires, **consoles}

    def _keep(self, board_parts: Mapping[str, Any], parts: dict[str, Any]) -> None:
        """The board's own parts, where the diagram has not put others on their pins."""
        taken = {pin for part in parts.values() for pin in _numbers(part.values())}
        for name, part in board_parts.items():
            if name not in self._kind.without and not taken & set(_numbers(part.values())):
                parts[name if name not in parts else f"board_{name}"] = part

    # Its parts

    def _parts(self) -> Iterator[tuple[DiagramPart, dict[str, Any]]]:
        """Each part of the diagram that becomes one of ours."""
        chained: set[str] = set()
        for part in self.diagram.parts.values():
            if part is self._main or part.type in SCENERY or part.type.startswith("wokwi-breadboard"):
                continue
            if part.type == "wokwi-logic-analyzer":
                self.notes.append(f"{part}: twins run --vcd FILE writes every pin")
            elif part.type in CHAINS:
                if part.id not in chained:
                    yield from self._chain(part, chained)
            elif part.type in PARTS:
                try:
                    yield part, PARTS[part.type](part, self.nets)
                except Missing as missing:
                    self.missing.append(f"{part}: {missing}")
            elif part.type in CONTROLLERS:
                self.missing.append(f"{part}: a twin has one board, this is a second one")
            else:
                self.missing.append(f"{part}: there is no such part here")
        for part in self.diagram.parts.values():
            if part.type in CHAINS and part.id not in chained:
                self.missing.append(f"{part}: its chain of data lines has no beginning")

    def _chain(self, part: DiagramPart, chained: set[str]) -> Iterator[tuple[DiagramPart, dict[str, Any]]]:
        """LEDs on one data line are one strip of ours, under the name of the first of them."""
        if any(other.type in CHAINS and other is not part for other in self._before(part)):
            return  # it comes with the one before it
        members = chain(part, self.diagram.parts, self.nets)
        chained |= {member.id for member in members}
        try:
            built = CHAINS[part.type](part, members, self.nets)
        except Missing as missing:
            self.missing.append(f"{', '.join(map(str, members))}: {missing}")
            return
        yield part, built
        for member in members[1:]:
            self.names.parts[member.id] = self.names.parts[part.id]

    def _before(self, part: DiagramPart) -> list[DiagramPart]:
        """Parts whose data output goes to this one."""
        nodes = self.nets.at(part.id, "DIN").nodes
        return [self.diagram.parts[name] for name, pin in nodes if pin == "DOUT" and name in self.diagram.parts]

    def _pins_of(self, part: DiagramPart) -> dict[tuple[str, str], int]:
        """The pins of the chip on which the pins of a part are."""
        return {
            (name, pin): net.gpio
            for net in self.nets
            if net.gpio is not None
            for name, pin in net.nodes
            if name == part.id
        }

    def _joined(self) -> None:
        for net in self.nets:
            if len(net.gpios) > 1:
                pins = ", ".join(f"GPIO{gpio}" for gpio in sorted(net.gpios))
                self.missing.append(f"{pins} are wired together: twin.pins.join puts a wire between two")
            if len(net.pulls) > 1 and net.gpio is not None:
                self.missing.append(f"GPIO{net.gpio} is on a divider of resistors: a test puts volts on the pin")

    @staticmethod
    def _label(name: str, taken: Mapping[str, Any]) -> str:
        """A name for a part that is free, and none of a twin's own attributes."""
        label = re.sub(r"\W", "_", name, flags=re.ASCII)
        if not re.match(r"[A-Za-z]", label):
            label = f"part_{label.strip('_')}"
        if hasattr(Twin, label) or label in RESERVED:
            label = f"{label}_part"
        while label in taken:
            label += "_"
        return label


def _controller(diagram: Diagram) -> tuple[DiagramPart, Controller]:
    """The first board of the diagram that we have."""
    for part in diagram.parts.values():
        if part.type in CONTROLLERS:
            return part, CONTROLLERS[part.type]
    boards = [part.type for part in diagram.parts.values() if part.type.startswith(("board-", "wokwi-arduino"))]
    raise BoardError(
        f"diagram {diagram.path} has no microcontroller that there is here: expected one of {', '.join(CONTROLLERS)}, "
        f"found {', '.join(boards) or 'none'}"
    )


def _base(kind: Controller) -> dict[str, Any]:
    path = Board.load(kind.board).path or Path()
    return toml_of(path.read_text(encoding="utf-8"))


def _numbers(pins: Any) -> list[int]:
    return [int(pin[4:]) for pin in pins if isinstance(pin, str) and re.fullmatch(r"GPIO\d+", pin)]


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    return json.dumps(value)
