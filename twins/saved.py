"""Snapshots as files: a twin at rest that another process opens, ``twins resume FILE``.

>>> from tempfile import TemporaryDirectory
>>> from twins import Twin
>>> with TemporaryDirectory() as folder, Twin("pico", image="firmware/images/idle.uf2") as pico:
...     pico.run("10ms")
...     path = save(pico.snapshot(), Path(folder) / "idle.twin")
...     round(load(path).restored().time.seconds, 6)
0.01

A file begins with a line of JSON that says what it is; the rest is compressed. It holds the firmware, so it is as
private as that. A file is opened by the same version of the package alone, built from the same sources. Only data of
this package, of numpy and of the board's own parts is read from it: nothing else that a file names is ever imported or
called.
"""

from __future__ import annotations

import io
import json
import pickle
import sys
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from twins import _engine
from twins.errors import UsageError
from twins.files import whole_file
from twins.twin import Snapshot, Twin
from twins.units import Duration

KIND = "boardtwins snapshot"
FORMAT = 1

_PLAIN = {
    "array": {"_array_reconstructor", "array"},
    "builtins": {"set", "frozenset", "bytearray", "range", "complex", "slice", "object"},
    "collections": {"Counter", "OrderedDict", "defaultdict", "deque"},
    "copyreg": {"_reconstructor"},
    "random": {"Random"},
    "pathlib": {"Path", "PosixPath", "PurePosixPath", "PureWindowsPath", "WindowsPath"},
    "pathlib._local": {"Path", "PosixPath", "PurePosixPath", "PureWindowsPath", "WindowsPath"},
    "twins.intercept": {"State"},
    "twins.twin": {"Snapshot"},
    "types": {"MappingProxyType"},
    "fractions": {"Fraction"},
    "decimal": {"Decimal"},
    "numpy": {"ndarray", "dtype", "bool", "bool_"},
    "numpy._core.multiarray": {"_reconstruct", "scalar"},
    "numpy._core.numeric": {"_frombuffer"},
    "numpy.core.multiarray": {"_reconstruct", "scalar"},
    "numpy.core.numeric": {"_frombuffer"},
    "numpy.random._pickle": {"__generator_ctor", "__bit_generator_ctor"},
    "numpy.random._pcg64": {"PCG64"},
}
"""What a snapshot may name beside classes of ours, by module."""
_OURS = {f"twins.{name}" for name in ("board", "image", "symbols", "units", "scene", "sound", "room", "buses")}
"""Modules of ours whose classes are data."""


@dataclass(frozen=True)
class Saved:
    """What a file holds."""

    path: Path
    about: dict[str, Any]
    snapshot: Snapshot

    @property
    def time(self) -> Duration:
        """The moment of it."""
        return Duration(int(self.about["at"]))

    def restored(self) -> Twin:
        """A twin that goes on from there. Raises `UsageError` where what is in the file does not fit together."""
        try:
            return Twin.from_snapshot(self.snapshot)
        except UsageError:
            raise
        except Exception as error:  # as in `load`: the pieces of a damaged file may each be whole
            raise UsageError(f"snapshot {self.path} is damaged: {error}") from None


def save(snapshot: Snapshot, path: str | Path) -> Path:
    """Writes a snapshot to a file, whole or not at all. Raises `UsageError` for a part that cannot be written."""
    _check_parts(snapshot)
    if snapshot.functions.intercepts or snapshot.functions.running:
        raise UsageError("a twin in which somebody stands in for functions cannot be written: code is no data")
    plain = replace(snapshot, engine=snapshot.engine.to_bytes())  # type: ignore[arg-type]
    try:
        data = zlib.compress(pickle.dumps((plain,), protocol=4), 1)
    except Exception as error:  # what a board's options hold may refuse in any way
        raise UsageError(f"the twin cannot be written to a file: {error}") from None
    image = snapshot.image
    head = {
        "kind": KIND,
        "format": FORMAT,
        "version": _version(),
        "engine": _engine.BUILD,
        "board": snapshot.board.name,
        "image": image.path.name if image is not None else None,
        "sha256": image.sha256 if image is not None else None,
        "at": _engine.Engine.restore(snapshot.engine).now,
        "parts": sorted(_modules(snapshot)),
        "bytes": len(data),
    }
    with whole_file(path) as partial:
        partial.write_bytes(json.dumps(head).encode() + b"\n" + data)
    return Path(path)


def load(path: str | Path) -> Saved:
    """Reads a file. Raises `UsageError` for one that is damaged, of another version, or names what it must not."""
    path = Path(path)
    try:
        line, separator, data = path.read_bytes().partition(b"\n")
    except OSError as error:
        raise UsageError(f"snapshot {path}: {error.strerror}") from None
    try:
        about = json.loads(line)
    except ValueError:
        about = None
    if not separator or not isinstance(about, dict) or about.get("kind") != KIND:
        raise UsageError(f"{path} is no snapshot of a twin: expected a file that `twins` or a failed test has written")
    wrote = tuple(about.get(name) for name in ("format", "version", "engine"))
    if wrote != (FORMAT, _version(), _engine.BUILD):
        raise UsageError(
            f"snapshot {path} is of another version: {about.get('version')} with engine {about.get('engine')} wrote "
            f"it, this is {_version()} with engine {_engine.BUILD}: open it with that one, or run the test again"
        )
    modules = _OURS | {str(name) for name in about.get("parts", [])} & _part_modules()
    try:
        (snapshot,) = _Reader(io.BytesIO(zlib.decompress(data)), modules).load()
        opened = replace(snapshot, engine=_engine.Snapshot.from_bytes(snapshot.engine))
    except UsageError as error:
        raise UsageError(f"snapshot {path}: {error}") from None
    except Exception as error:  # a damaged pickle may raise anything
        raise UsageError(f"snapshot {path} is damaged: {error}") from None
    return Saved(path, about, opened)


class _Reader(pickle.Unpickler):
    """Finds data alone."""

    def __init__(self, file: io.BytesIO, modules: set[str]) -> None:
        super().__init__(file)
        self._modules = modules

    def find_class(self, module: str, name: str) -> Any:
        if name in _PLAIN.get(module, ()):
            return super().find_class(module, name)
        if (module in self._modules or module.partition(".")[0] == "peripherals") and "." not in name:
            found = super().find_class(module, name)
            if isinstance(found, type) and found.__module__ == module:
                return found
        hint = f": import {module} first, if it is of your own part" if module not in sys.modules else ""
        raise UsageError(f"it names {module}.{name}, which is no data of a twin{hint}")


def _part_modules() -> set[str]:
    """Modules that are there already: a file makes nothing be imported."""
    return set(sys.modules)


def _modules(snapshot: Snapshot) -> set[str]:
    """The modules of parts that are not of this package."""
    return {spec.type.partition(":")[0] for spec in snapshot.board.parts.values() if ":" in spec.type}


def _check_parts(snapshot: Snapshot) -> None:
    """Names the part that cannot be written, and what in it."""
    for label, state in snapshot.parts.items():
        for name, value in state.items():
            try:
                pickle.dumps(value, protocol=4)
            except Exception as error:  # what a part keeps may refuse in any way
                raise UsageError(
                    f"part {label!r} cannot be written to a file: its attribute {name!r}: {error}"
                ) from None


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("boardtwins")
    except PackageNotFoundError:
        return "not installed"
