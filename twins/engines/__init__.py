"""Engines behind one API: what runs the image under a twin.

``Twin(board, image, engine="native")`` is the engine of this package. Others are adapters; each is a module
``twins.engines.NAME`` that is imported when somebody names it.

>>> spec = EngineSpec.parse("native:slice=1,rom=real"); spec.name, dict(spec.options)
('native', {'slice': '1', 'rom': 'real'})
>>> EngineSpec.parse("native:lice=1")
Traceback (most recent call last):
twins.errors.UsageError: engine 'native:lice=1': 'lice=1' is no option of native: it takes slice=…, rom=…
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, cast

from twins.engines.capabilities import Capability, lacks
from twins.engines.engine import Adapter, AdapterModule, EngineApi, Found, capabilities_of, missing, name_of
from twins.errors import EngineAbsent, UsageError
from twins.image import TARGETS

if TYPE_CHECKING:
    from twins.board import Board
    from twins.image import Image

__all__ = [
    "Adapter",
    "AdapterModule",
    "Capability",
    "EngineApi",
    "EngineSpec",
    "Found",
    "absent",
    "adapter",
    "capabilities_of",
    "chosen",
    "lacks",
    "missing",
    "name_of",
    "names",
    "open_engine",
    "who_has",
]


@cache
def names() -> tuple[str, ...]:
    """The engines that the package knows, whether they are on this machine or not."""
    specs = {name: find_spec(f"twins.engines.{name}") for name in ("native", "renode", "qemu")}
    return tuple(name for name, spec in specs.items() if spec is not None and spec.origin is not None)


def adapter(name: str) -> AdapterModule:
    """The module of an engine. Raises `UsageError`."""
    if name not in names():
        raise UsageError(f"there is no engine {name!r}: there are {', '.join(names())}")
    return cast("AdapterModule", import_module(f"twins.engines.{name}"))


def who_has(capability: Capability) -> list[str]:
    """The engines that have a capability."""
    return [name for name in names() if capability in adapter(name).CAPABILITIES]


def absent(name: str) -> EngineAbsent:
    """What is raised when an engine is not on this machine."""
    return EngineAbsent(f"the engine {name} is not on this machine: {adapter(name).INSTALL} (see `twins doctor`)")


def chosen(name: str, look: Callable[[Path | None], tuple[Found | None, list[str]]], path: str | None) -> Found:
    """The program of an engine that an adapter found on this machine, or that is at the path its option names.

    Raises `UsageError` for that path, else `EngineAbsent`.
    """
    found, wrong = look(Path(path) if path is not None else None)
    if found is not None:
        return found
    if path is not None:
        raise UsageError("; ".join(wrong))
    raise EngineAbsent("; ".join([str(absent(name)), *wrong]))


def package_version() -> str:
    """The version of this package."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("boardtwins")
    except PackageNotFoundError:
        return "not installed"


@dataclass(frozen=True)
class EngineSpec:
    """An engine by name, and its options: ``native:slice=1``."""

    name: str
    options: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> EngineSpec:
        """Reads ``NAME`` or ``NAME:option=value,option=value``. Raises `UsageError`."""
        name, separator, rest = text.partition(":")
        known = adapter(name).OPTIONS
        options: dict[str, str] = {}
        for pair in rest.split(",") if separator else ():
            option, equals, value = pair.partition("=")
            if option not in known or not equals or not value:
                takes = ", ".join(f"{key}=…" for key in known) or "no options"
                raise UsageError(f"engine {text!r}: {pair!r} is no option of {name}: it takes {takes}")
            if option in options:
                raise UsageError(f"engine {text!r}: {option} is there twice")
            options[option] = value
        return cls(name, options)

    @classmethod
    def parse_list(cls, text: str) -> list[EngineSpec]:
        """Reads several, with commas between them and between the options of each. Raises `UsageError`.

        >>> [str(spec) for spec in EngineSpec.parse_list("native,native:slice=1,rom=real")]
        ['native', 'native:slice=1,rom=real']
        """
        whole: list[str] = []
        for piece in text.split(","):
            goes_on = "=" in piece and ":" not in piece.partition("=")[0]
            if goes_on and whole:
                whole[-1] += f",{piece}"
            else:
                whole.append(piece)
        return [cls.parse(piece.strip()) for piece in whole]

    @property
    def is_here(self) -> bool:
        """Is it on this machine? One that is named by its path is asked for when it is opened."""
        return "path" in self.options or adapter(self.name).find() is not None

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it can do."""
        return adapter(self.name).CAPABILITIES

    def __str__(self) -> str:
        pairs = ",".join(f"{option}={value}" for option, value in self.options.items())
        return f"{self.name}:{pairs}" if pairs else self.name


def open_engine(
    engine: str | EngineSpec,
    board: Board,
    image: Image | None,
    *,
    seed: int = 0,
    rom: Path | None = None,
) -> EngineApi:
    """A chip as the board has it, at its power-on. Raises `UsageError`; `EngineAbsent` where the engine is not here."""
    spec = EngineSpec.parse(engine) if isinstance(engine, str) else engine
    module = adapter(spec.name)
    if board.chip.name not in module.CHIPS:
        chips = " and ".join(TARGETS[chip].title for chip in module.CHIPS)
        raise UsageError(
            f"the engine {spec.name} runs {chips}; board {board.name} has an {TARGETS[board.chip.name].title}"
        )
    return module.open(board, image, seed=seed, rom=rom, options=spec.options)
