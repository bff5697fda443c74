"""The parts of Wokwi that we have: what each becomes, by its attributes and the nets that its pins are on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twins.errors import TwinError
from twins.wokwi.controllers import GROUND
from twins.wokwi.diagram import DiagramPart, Nets

Built = dict[str, Any]
"""A part as in a board file."""

SCENERY = frozenset({"wokwi-resistor", "wokwi-text", "wokwi-gnd", "wokwi-vcc", "wokwi-junction"})
"""What is drawn, or is part of the wires."""

BOUNCE = "1ms"
"""wokwi-pushbutton: it bounces for about 1 ms, unless its attribute bounce is 0."""


class Missing(TwinError):  # noqa: N818  # a part is missing, nothing is wrong
    """Why a part has no place on our board."""


def _on_chip(part: DiagramPart, nets: Nets, pins: Mapping[str, str], optional: Sequence[str] = ()) -> dict[str, str]:
    """The pins of the chip for pins of ours, by the names that they have at Wokwi."""
    found: dict[str, str] = {}
    for ours, theirs in pins.items():
        gpio = nets.at(part.id, theirs).gpio
        if gpio is not None:
            found[ours] = f"GPIO{gpio}"
        elif ours not in optional:
            raise Missing(f"its pin {theirs} is on no pin of the chip")
    return found


def _whole(part: DiagramPart, attr: str, default: int, most: int = 65536) -> int:
    """An attribute that is a number above 0."""
    text = part.attrs.get(attr) or str(default)
    if not text.isdecimal() or not 1 <= int(text[:9]) <= most:
        raise Missing(f"its attribute {attr} is {text[:40]!r}, expected a number from 1 to {most}")
    return int(text)


def _led(part: DiagramPart, nets: Nets) -> Built:
    anode, cathode = nets.at(part.id, "A"), nets.at(part.id, "C")
    if anode.gpio is not None and cathode.gpio is None and cathode.level == GROUND:
        return {"type": "Led", "pin": f"GPIO{anode.gpio}"}
    if cathode.gpio is not None and anode.gpio is None and anode.level not in (None, GROUND):
        return {"type": "Led", "pin": f"GPIO{cathode.gpio}", "active_low": True}
    raise Missing("expected one end on a pin of the chip and the other at ground or at a supply")


def _button(part: DiagramPart, nets: Nets) -> Built:
    first, second = nets.at(part.id, "1"), nets.at(part.id, "2")
    for signal, other in ((first, second), (second, first)):
        if signal.gpio is None or other.gpio is not None or other.level is None:
            continue
        low = other.level == GROUND
        built: Built = {"type": "Button", "pin": f"GPIO{signal.gpio}"}
        if not low:
            built["active_low"] = False
        if any((pull == GROUND) is not low for pull in signal.pulls):
            built["pull"] = True
        return {**built, "bounce": "0ms" if part.attrs.get("bounce") == "0" else BOUNCE}
    raise Missing("expected one contact on a pin of the chip and the other at ground or at a supply")


def _encoder(part: DiagramPart, nets: Nets) -> Built:
    """20 steps a turn; the module pulls CLK and DT up."""
    pins = _on_chip(part, nets, {"a": "CLK", "b": "DT", "sw": "SW"}, optional=("sw",))
    return {"type": "RotaryEncoder", "detents": 20, "pull": True, **pins}


def _potentiometer(part: DiagramPart, nets: Nets) -> Built:
    """Its value is from 0 to 1023."""
    text = part.attrs.get("value") or "0"
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1023:
        raise Missing(f"its attribute value is {text[:40]!r}, expected a number from 0 to 1023")
    supply = nets.at(part.id, "VCC").supply
    built: Built = {"type": "Potentiometer", "position": round(value / 1023, 4)}
    if supply not in (None, GROUND, "3.3"):
        built["supply"] = float(supply or 0)
    return {**built, **_on_chip(part, nets, {"wiper": "SIG"})}


_SCREEN = {"sck": "SCK", "mosi": "MOSI", "miso": "MISO", "cs": "CS", "dc": "D/C", "rst": "RST", "bl": "LED"}
_NOT_NEEDED = ("miso", "cs", "rst", "bl")


def _ili9341(part: DiagramPart, nets: Nets) -> Built:
    for attr in ("flipHorizontal", "flipVertical"):
        if part.attrs.get(attr):
            raise Missing(f"its attribute {attr} is not modelled")
    return {"type": "ILI9341", **_on_chip(part, nets, _SCREEN, _NOT_NEEDED)}


def _ili9341_touch(part: DiagramPart, nets: Nets) -> Built:
    """With an FT6206 under the same glass."""
    panel = {"type": "FT5x06", "model": "FT6206", **_on_chip(part, nets, {"sda": "SDA", "scl": "SCL"}, ("sda", "scl"))}
    screen = _ili9341(part, nets)
    return {**screen, "panel": panel} if "sda" in panel and "scl" in panel else screen


def _st7789(part: DiagramPart, nets: Nets) -> Built:
    pins = {"sck": "SCL", "mosi": "SDA", "cs": "CS", "dc": "DC", "rst": "RST", "bl": "BL"}
    return {"type": "ST7789", "width": 240, "height": 240, **_on_chip(part, nets, pins, ("cs", "rst", "bl"))}


def _microsd(part: DiagramPart, nets: Nets) -> Built:
    """Its CD is never connected: there is always a card in it."""
    return {"type": "Sdcard", **_on_chip(part, nets, {"sck": "SCK", "mosi": "DI", "miso": "DO", "cs": "CS"})}


PARTS: Mapping[str, Callable[[DiagramPart, Nets], Built]] = {
    "wokwi-led": _led,
    "wokwi-pushbutton": _button,
    "wokwi-pushbutton-6mm": _button,
    "wokwi-ky-040": _encoder,
    "wokwi-potentiometer": _potentiometer,
    "wokwi-slide-potentiometer": _potentiometer,
    "wokwi-ili9341": _ili9341,
    "board-ili9341-cap-touch": _ili9341_touch,
    "board-st7789": _st7789,
    "wokwi-microsd-card": _microsd,
}


# LEDs with a data line: neopixel, ring, strip, matrix, canvas


def _count(part: DiagramPart) -> int:
    if part.type == "wokwi-neopixel":
        return 1
    if part.type in ("wokwi-led-matrix", "wokwi-neopixel-canvas"):
        return _whole(part, "rows", 8, 1024) * _whole(part, "cols", 8, 1024)
    return _whole(part, "pixels", 16 if part.type == "wokwi-led-ring" else 8)


def chain(first: DiagramPart, parts: Mapping[str, DiagramPart], nets: Nets) -> list[DiagramPart]:
    """The parts from one on, each with its DIN on the DOUT of the one before."""
    members = [first]
    while True:
        nodes = nets.at(members[-1].id, "DOUT").nodes
        following = [parts[name] for name, pin in sorted(nodes) if pin == "DIN" and name in parts]
        following = [part for part in following if part.type in CHAINS and part not in members]
        if not following:
            return members
        members.append(following[0])


def _strip(first: DiagramPart, members: Sequence[DiagramPart], nets: Nets) -> Built:
    pins = _on_chip(first, nets, {"data": "DIN"})
    if len(members) == 1 and first.type in ("wokwi-led-matrix", "wokwi-neopixel-canvas"):
        rows, columns = _whole(first, "rows", 8, 1024), _whole(first, "cols", 8, 1024)
        built: Built = {"type": "WS2812", "rows": rows, "columns": columns}
        if first.attrs.get("layout") == "serpentine":
            built["serpentine"] = True
        return {**built, **pins}
    return {"type": "WS2812", "count": sum(map(_count, members)), **pins}


CHAINS: Mapping[str, Callable[[DiagramPart, Sequence[DiagramPart], Nets], Built]] = dict.fromkeys(
    ("wokwi-neopixel", "wokwi-led-ring", "wokwi-led-strip", "wokwi-led-matrix", "wokwi-neopixel-canvas"), _strip
)
