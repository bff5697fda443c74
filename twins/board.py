"""Boards: a chip, its flash, the parts and which pin of the chip each of their pins is on.

A board is a TOML file that reads like a schematic: `platforms/boards/*.toml` of this package, or a file of yours.
A pin of a part is on a pin of the chip (``gate = "GPIO5"``) or wired to one of another part (``gate = "voice.x0d11"``).
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Any

from twins.errors import BoardError, UsageError
from twins.flash import unique_id
from twins.ports import Part

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_SIZES = {"KB": 1 << 10, "MB": 1 << 20}


@dataclass(frozen=True)
class Chip:
    """What the package must know of a chip before it starts one."""

    name: str
    pins: int
    adc: Mapping[int, int]
    """ADC input by pin."""
    touch: Sequence[int] = ()
    """Pins that are pads of a touch sensor."""
    serial_jtag: bool = False
    """It has a USB Serial/JTAG controller beside the one that firmware programs."""


CHIPS = {
    "rp2040": Chip("rp2040", pins=30, adc={26: 0, 27: 1, 28: 2, 29: 3}),
    # ADC1 is on GPIO1 to GPIO10, ADC2 on GPIO11 to GPIO20 (ESP32-S3 datasheet, table 2-7); the engine counts by pin.
    # T1 to T14 of the touch sensor are on GPIO1 to GPIO14 (same table).
    "esp32s3": Chip("esp32s3", pins=49, adc={pin: pin for pin in range(1, 21)}, touch=range(1, 15), serial_jtag=True),
}


@dataclass(frozen=True)
class PartSpec:
    """A part of a board: its type, its options, and what each of its pins is connected to.

    Attributes:
        pins: pins of the chip by name.
        wires: the other part and its pin, by name.
        ends: its pins at which wires of other parts end.
    """

    name: str
    type: str
    pins: Mapping[str, int]
    options: Mapping[str, Any]
    wires: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    ends: frozenset[str] = frozenset()

    def create(self) -> Part:
        """Makes the part, connected to the chip but not yet on a twin."""
        part_class = find_part(self.type)
        try:
            part = part_class(**self.options)
        except TypeError as error:
            raise BoardError(self._refusal(part_class, error)) from None
        except (UsageError, ValueError) as error:
            raise BoardError(f"part {self.name!r} ({self.type}): {error}") from None
        part.label = self.name
        part.connect(self.pins, (self.wires.keys() | self.ends) - self.pins.keys())
        return part

    def _refusal(self, part_class: Callable[..., Part], error: TypeError) -> str:
        """What is wrong with the options: one that the part does not know, or a value that is of another kind."""
        import inspect

        known = inspect.signature(part_class).parameters
        unknown = next((name for name in self.options if name not in known), None)
        if unknown is None or any(one.kind is one.VAR_KEYWORD for one in known.values()):
            return f"part {self.name!r} ({self.type}) does not take these options: {error}"
        pins = [pin for port in find_part(self.type).ports().values() for pin in port.pin_names()]
        return (
            f"part {self.name!r} ({self.type}) has no pin or option {unknown!r}{_meant(unknown, [*pins, *known])}: its "
            f"pins are {', '.join(pins) or 'none'}, its options {', '.join(known) or 'none'}"
        )


@dataclass(frozen=True)
class ConsoleSpec:
    """A console: UART pins as the chip sees them, or a serial port over USB where `tx` is None.

    Over USB it is the port that firmware offers (``"cdc"`` in a board file), or with `jtag` that of the ESP32-S3's
    USB Serial/JTAG controller. The two share a pair of pins: a host sees the second until firmware switches to the
    first.
    """

    name: str
    tx: int | None
    rx: int | None
    jtag: bool = False
    boot: int | None = None
    """The strapping pin on the reset circuit of the console's USB bridge, which DTR and RTS drive."""


@dataclass(frozen=True)
class Board:
    """A board as described by its file.

    >>> board = Board.load("pico")
    >>> board.chip.name, board.flash_size, sorted(board.parts)
    ('rp2040', 2097152, ['led'])
    """

    name: str
    title: str
    chip: Chip
    flash_size: int
    parts: Mapping[str, PartSpec] = field(default_factory=dict)
    consoles: tuple[ConsoleSpec, ...] = ()
    path: Path | None = None
    unique_id: bytes | None = None
    """The serial number of the flash chip, where the board file gives one."""
    flash_octal: bool = False
    psram_size: int = 0
    psram_octal: bool = False
    mac: bytes | None = None
    """The MAC address in the chip's fuses, where the board file gives one."""

    @classmethod
    def load(cls, board: str | Path | Board) -> Board:
        """A board by name, or from a TOML file. Raises `BoardError`."""
        if isinstance(board, Board):
            return board
        path = Path(board)
        if path.suffix != ".toml":
            found = _installed().get(str(board))
            if found is None:
                there = path.with_name(f"{path.name}.toml")
                own = f"{there} is a file: give that" if there.is_file() else "or give the path of a .toml file"
                raise BoardError(
                    f"there is no board {str(board)!r}{_meant(str(board), _installed())}: "
                    f"the boards are {', '.join(sorted(_installed()))}; {own}"
                )
            path = found
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise BoardError(f"board file {path}: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BoardError(f"board file {path} is not TOML: {error}") from None
        return cls.from_data(data, path)

    @classmethod
    def from_data(cls, data: Mapping[str, Any], path: Path | None = None) -> Board:
        """A board from the contents of its file."""
        where = f"board file {path}" if path else "board"
        known = {"name", "title", "chip", "flash", "unique_id", "psram", "mac", "parts", "consoles"}
        unknown = set(data) - known
        if unknown:
            raise BoardError(f"{where}: unknown key {sorted(unknown)[0]!r}: expected {', '.join(sorted(known))}")
        chip = CHIPS.get(str(data.get("chip")))
        if chip is None:
            raise BoardError(f"{where}: chip {data.get('chip')!r} is not one of {', '.join(CHIPS)}")
        flash, flash_octal = _flash(data.get("flash", "2MB"), chip, where)
        psram, octal = _psram(data["psram"], where) if "psram" in data else (0, False)
        parts = {name: _part(name, spec, chip, where) for name, spec in _table(data, "parts", where)}
        return cls(
            name=str(data.get("name") or (path.stem if path else "board")),
            title=str(data.get("title", "")),
            chip=chip,
            flash_size=flash,
            flash_octal=flash_octal,
            psram_size=psram,
            psram_octal=octal,
            mac=_mac(data["mac"], where) if "mac" in data else None,
            parts={name: replace(spec, ends=_ends(spec, parts, where)) for name, spec in parts.items()},
            consoles=tuple(_console(name, spec, chip, where) for name, spec in _table(data, "consoles", where)),
            path=path,
            unique_id=_unique_id(data["unique_id"], where) if "unique_id" in data else None,
        )

    def with_mac(self, mac: bytes | str) -> Board:
        """The same board with another MAC address in its chip's fuses.

        >>> Board.load("xiao_esp32s3").with_mac("7c:df:a1:00:00:02").mac.hex()
        '7cdfa1000002'
        """
        if self.chip.name == "rp2040":
            raise BoardError(f"board {self.name}: an RP2040 has no MAC address")
        text = mac if isinstance(mac, str) else bytes(mac).hex(":")
        return replace(self, mac=_mac(text, f"board {self.name}"))

    def create_parts(self) -> dict[str, Part]:
        """Makes all parts, connected to the chip and wired to each other, but not yet on a twin."""
        parts = {name: spec.create() for name, spec in self.parts.items()}
        for name, spec in self.parts.items():
            for pin, (other, its_pin) in spec.wires.items():
                getattr(parts[name], pin).join(getattr(parts[other], its_pin))
        return parts


def boards() -> list[Board]:
    """The boards that come with the package, by name."""
    return [Board.load(path) for _, path in sorted(_installed().items())]


def _installed() -> dict[str, Path]:
    folder = Path(__file__).parent.parent / "platforms" / "boards"
    return {path.stem: path for path in folder.glob("*.toml")}


_OCTAL_FLASH = 32 << 20


def _size(text: Any, where: str) -> int:
    match = re.fullmatch(r"(\d+)\s*(KB|MB)", str(text))
    if match is None:
        raise BoardError(f"{where}: {text!r} is no size: write it as '2MB'")
    return int(match[1]) * _SIZES[match[2]]


def _flash(text: Any, chip: Chip, where: str) -> tuple[int, bool]:
    """``8MB``, or for a chip of eight lines ``16MB octal``."""
    size, _, lines = str(text).partition(" ")
    octal = lines == "octal"
    flash = _size(size if octal else text, where)
    if octal and (chip.name != "esp32s3" or flash > _OCTAL_FLASH):
        raise BoardError(f"{where}: flash {text!r}: octal flash is for the esp32s3, up to 32MB")
    return flash, octal


def _psram(text: Any, where: str) -> tuple[int, bool]:
    size, _, wiring = str(text).partition(" ")
    if wiring not in ("quad", "octal"):
        raise BoardError(f"{where}: psram {text!r}: write it as '8MB octal' or '2MB quad'")
    return _size(size, where), wiring == "octal"


def _mac(text: Any, where: str) -> bytes:
    if not re.fullmatch(r"([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}", str(text)):
        raise BoardError(f"{where}: mac {text!r}: write it as '7c:df:a1:01:02:03'")
    return bytes.fromhex(str(text).replace(":", ""))


def _unique_id(text: Any, where: str) -> bytes:
    try:
        return unique_id(str(text))
    except UsageError as error:
        raise BoardError(f"{where}: unique_id: {error}") from None


def _table(data: Mapping[str, Any], key: str, where: str) -> Iterable[tuple[str, Any]]:
    table = data.get(key, {})
    if not isinstance(table, Mapping):
        raise BoardError(f"{where}: {key}: expected a table, a [{key}.name] for each of them")
    return table.items()


def _pin(text: Any, chip: Chip, where: str) -> int:
    match = re.fullmatch(r"GPIO(\d+)", str(text))
    if match is None or int(match[1]) >= chip.pins:
        raise BoardError(f"{where}: {text!r} is no pin of the {chip.name}: GPIO0 to GPIO{chip.pins - 1}")
    return int(match[1])


def _part(name: str, spec: Mapping[str, Any], chip: Chip, where: str) -> PartSpec:
    where = f"{where}, part {name!r}"
    kind = spec.get("type") if isinstance(spec, dict) else None
    if not isinstance(kind, str):
        raise BoardError(f'{where}: expected a table with type = "..."')
    ports = {pin: port for port in find_part(kind).ports().values() for pin in port.pin_names()}
    wires = {key: _wire(value) for key, value in spec.items() if key in ports and _is_wire(value)}
    for key, port in ports.items():
        if key in spec and key not in wires and not port.ON_CHIP:
            raise BoardError(f'{where}: {key} is no signal: wire it to another part, as in {key} = "switch.load"')
    pins = {key: _pin(value, chip, where) for key, value in spec.items() if key in ports and key not in wires}
    for (one, pin), (other, same) in combinations(pins.items(), 2):
        if pin == same:
            raise BoardError(f"{where}: {one} and {other} are both on GPIO{pin}")
    options = {key: value for key, value in spec.items() if key not in ports and key != "type"}
    return PartSpec(name, kind, pins, options, wires)


def _is_wire(text: Any) -> bool:
    return isinstance(text, str) and re.fullmatch(r"\w+\.\w+", text) is not None


def _wire(text: str) -> tuple[str, str]:
    part, _, pin = text.partition(".")
    return part, pin


def _ends(spec: PartSpec, parts: Mapping[str, PartSpec], where: str) -> frozenset[str]:
    """The pins of a part at which wires end; checks its own wires on the way."""
    for pin, (other, its_pin) in spec.wires.items():
        if other not in parts:
            raise BoardError(f"{where}, part {spec.name!r}: {pin}: there is no part {other!r} to be wired to")
        if its_pin not in find_part(parts[other].type).ports():
            raise BoardError(f"{where}, part {spec.name!r}: {pin}: {other} has no pin {its_pin!r} for a wire")
    ends = [wire for other in parts.values() for wire in other.wires.values()]
    return frozenset(pin for name, pin in ends if name == spec.name)


def _console(name: str, spec: Any, chip: Chip, where: str) -> ConsoleSpec:
    where = f"{where}, console {name!r}"
    if spec == "cdc" or (spec == "jtag" and chip.serial_jtag):
        return ConsoleSpec(name, None, None, jtag=spec == "jtag")
    if spec == "jtag":
        raise BoardError(f'{where}: chip {chip.name} has no USB Serial/JTAG controller; its USB port is "cdc"')
    if not isinstance(spec, dict) or "tx" not in spec:
        choice = '"cdc" or "jtag"' if chip.serial_jtag else '"cdc"'
        raise BoardError(f'{where}: expected {{ tx = "GPIOn", rx = "GPIOn" }} or {choice}')
    rx = _pin(spec["rx"], chip, where) if "rx" in spec else None
    boot = _pin(spec["boot"], chip, where) if "boot" in spec else None
    return ConsoleSpec(name, _pin(spec["tx"], chip, where), rx, boot=boot)


def find_part(kind: str) -> type[Part]:
    """The class of a part: a name of the `peripherals` package, or ``module:Class`` for a part of yours.

    Raises `BoardError`.

    >>> find_part("Led").__name__
    'Led'
    """
    module, is_own, name = kind.rpartition(":")
    try:
        where = importlib.import_module(module if is_own else "peripherals")
    except ModuleNotFoundError as error:
        raise BoardError(
            f"part type {kind!r}: {error}: expected {module}.py in the current folder, or where Python finds modules"
        ) from None
    except (ImportError, ValueError) as error:
        raise BoardError(f"part type {kind!r}: {error}") from None
    found = getattr(where, name, None)
    if isinstance(found, type) and issubclass(found, Part):
        return found
    if is_own:
        parts = [known for known, one in vars(where).items() if isinstance(one, type) and issubclass(one, Part)]
        raise BoardError(f"module {module} has no part {name!r}: it has {', '.join(parts) or 'none'}")
    raise BoardError(
        f"there is no part {kind!r}{_meant(kind, where.__all__)}: `twins parts` lists them; "
        "yours are written module:Class"
    )


def _meant(name: str, known: Iterable[str]) -> str:
    """A question, where a name is nearly one that is known, whatever its capitals.

    >>> _meant("ws2812b", ["Led", "WS2812"]), _meant("watts", ["pin"])
    (' (did you mean WS2812?)', '')
    """
    import difflib

    by_letters = {one.lower(): one for one in known}
    near = difflib.get_close_matches(name.lower(), by_letters, 1)
    return f" (did you mean {by_letters[near[0]]}?)" if near else ""
