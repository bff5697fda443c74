"""The reference has every public name: what a package exports, what a twin gives, every port of parts."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from twins.ports import Port

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"
PACKAGES = (
    *("twins", "peripherals", "twins.compare", "twins.engines", "twins.gdb", "twins.radio", "twins.scripts"),
    *("twins.testing", "twins.view", "twins.wokwi"),
)
GIVEN = (
    *(
        "console.Console",
        "console.Consoles",
        "pins.Pins",
        "pins.Pin",
        "memory.TwinMemory",
        "usb.UsbHost",
        "trace.Trace",
    ),
    *("flash.Flash", "fuses.Fuses", "door.Door", "live.Live", "symbols.Symbols", "intercept.Call", "abi.Pointer"),
    *("usb_drive.UsbDrive", "saved.Saved", "frames.Video", "vcd.PinRecorder", "testing.golden.FrameSnapshot"),
)
"""What a twin, its attributes and the fixtures give, in `twins`."""


def covered() -> dict[str, set[str] | None]:
    """What the pages name: modules and objects, each with the members that are shown of it, None for all."""
    found: dict[str, set[str] | None] = {}
    for page in REFERENCE.glob("*.md"):
        for name, options in re.findall(r"^::: (\S+)\n((?:    .*\n)*)", page.read_text(encoding="utf-8") + "\n", re.M):
            members = re.search(r"\bmembers: \[(.*)\]", options)
            found[name] = None if members is None else {member.strip() for member in members[1].split(",")}
    return found


def home(thing: Any) -> str:
    """The full name of a class or a function where it is defined."""
    return f"{thing.__module__}.{thing.__qualname__}"


def is_shown(thing: Any, exported: str, pages: dict[str, set[str] | None]) -> bool:
    """Is it on a page: by its own name, by the module where it is defined, or by the package that exports it?"""
    for full in (home(thing), exported):
        place, _, name = full.rpartition(".")
        if full in pages or (place in pages and (pages[place] is None or name in (pages[place] or ()))):
            return True
    return False


def public(module: ModuleType) -> list[str]:
    names: list[str] = getattr(module, "__all__", None) or [
        name
        for name, thing in vars(module).items()
        if not name.startswith("_") and getattr(thing, "__module__", "").startswith(module.__name__)
    ]
    return [
        name for name in names if inspect.isclass(getattr(module, name)) or inspect.isfunction(getattr(module, name))
    ]


@pytest.mark.parametrize("package", PACKAGES)
def test_what_a_package_exports_is_in_the_reference(package: str) -> None:
    module, pages = import_module(package), covered()
    missing = [name for name in public(module) if not is_shown(getattr(module, name), f"{package}.{name}", pages)]
    assert missing == []


def test_what_a_twin_gives_is_in_the_reference() -> None:
    pages = covered()
    for name in GIVEN:
        module, _, member = name.rpartition(".")
        thing = getattr(import_module(f"twins.{module}"), member)
        assert is_shown(thing, f"twins.{name}", pages), name


def test_every_port_is_in_the_reference_and_has_an_example() -> None:
    pages = covered()
    for module in map(import_module, ("twins.ports", "twins.audio", "twins.buses", "twins.power")):
        for name, thing in vars(module).items():
            if inspect.isclass(thing) and issubclass(thing, Port) and thing.__module__ == module.__name__:
                assert name.startswith("_") or is_shown(thing, f"{module.__name__}.{name}", pages), name
                has_one = ">>>" in (thing.__doc__ or "") or f"{name}(" in (module.__doc__ or "")
                assert name in ("Port", "_OnePin", "_Power") or has_one, name


def test_the_pages_name_what_there_is() -> None:
    for name, members in covered().items():
        place, _, last = name.rpartition(".")
        try:
            thing: Any = import_module(name)
        except ModuleNotFoundError:
            thing = getattr(import_module(place), last)
        for member in members or ():
            assert hasattr(thing, member), f"{name}: {member}"
