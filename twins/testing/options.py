"""What a test wants of its twin: the marker over the command line over the ini file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from twins.engines import EngineSpec
from twins.errors import TwinError, UsageError
from twins.espimage import parse_offsets
from twins.testing.builds import Build, build_in, find_build
from twins.units import Duration, Time, ps

MARKER = (
    "twin(board, image, elf, env, seed, rom, flash, boot, settle, timeout, wall, engine): "
    "the board and the image of this test's twin, and from where it starts"
)
KEYS = ("board", "image", "elf", "env", "seed", "rom", "flash", "boot", "settle", "timeout", "wall", "engine")

_OPTIONS = {
    "board": "board: a name (see `twins boards`) or a .toml file",
    "image": "image: a file, a build folder or a project's folder; found by itself without this",
    "elf": "ELF file with the symbols of the image",
    "env": "which of several PlatformIO environments, sketches or programs",
    "seed": "for all that is random in parts and chip (0)",
    "rom": "a real boot ROM to run",
    "timeout": "how long an expectation waits that says nothing itself, in virtual time (30s)",
    "wall": "how long a test may run its twins in all, in wall-clock time (300s)",
    "out": "folder for what a failed test leaves (out/twins)",
    "vcd": "how much of the pins a failed test leaves, in virtual time (5ms); 0 records none and is quicker",
}
_DEFAULTS = {"seed": "0", "timeout": "30s", "wall": "300s", "out": "out/twins", "vcd": "5ms", "engine": "native"}


def add_options(parser: pytest.Parser) -> None:
    """``--twin-…`` and ``twin_…`` in the ini file."""
    group = parser.getgroup("twins", "board twins")
    for name, text in _OPTIONS.items():
        group.addoption(f"--twin-{name}", metavar=name.upper(), default=None, help=text)
        parser.addini(f"twin_{name}", text, default=None)
    engine = "what runs the images: engines with commas between them, each runs all tests (native; see `twins doctor`)"
    group.addoption("--twins-engine", "--twin-engine", dest="twin_engine", metavar="ENGINE", default=None, help=engine)
    parser.addini("twin_engine", engine, default=None)
    group.addoption(
        "--twin-report", metavar="FILE.html", default=None, help="report of all frames that were compared, one file"
    )
    group.addoption(
        "--twin-update-in-ci", action="store_true", help="let --snapshot-update write frames although CI is set"
    )


def option(config: pytest.Config, name: str) -> str | None:
    """An option of the command line, else of the ini file, else its default."""
    value = config.getoption(f"twin_{name}")
    if value is None:
        value = config.getini(f"twin_{name}") or None
    return value if value is not None else _DEFAULTS.get(name)


@dataclass(frozen=True)
class Spec:
    """What one test wants."""

    board: str
    image: str | None
    elf: str | None
    seed: int
    rom: str | None
    flash: str | None
    boot: str | None
    settle: Time | None
    timeout: Duration
    wall: Duration
    build: Build | None = None
    engine: EngineSpec = field(default_factory=lambda: EngineSpec("native"))


def limits(config: pytest.Config, marked: dict[str, Any]) -> tuple[Duration, Duration]:
    """The virtual and the wall-clock limit."""
    return tuple(Duration(ps(_time(marked.get(name) or option(config, name)))) for name in ("timeout", "wall"))  # type: ignore[return-value]


def _time(value: Any) -> Time:
    """A number without a unit is seconds."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value  # type: ignore[no-any-return]


def marked(node: pytest.Item) -> dict[str, Any]:
    """What the markers of a test say; a nearer one over one farther out. Raises `UsageError`."""
    found: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers("twin"))):
        values = dict(marker.kwargs)
        if len(marker.args) > 2:
            raise UsageError("@pytest.mark.twin takes a board and an image; name the others, as in seed=1")
        values.update(zip(("board", "image"), marker.args, strict=False))
        unknown = set(values) - set(KEYS)
        if unknown:
            raise UsageError(f"@pytest.mark.twin does not know {sorted(unknown)[0]!r}: it knows {', '.join(KEYS)}")
        found.update(values)
    return found


def spec_for(node: pytest.Item, engine: EngineSpec | None = None, **named: Any) -> Spec:
    """What a test wants. `named` goes over the marker. Raises `UsageError` or `ImageError`."""
    config = node.config
    said = {**marked(node), **{key: value for key, value in named.items() if value is not None}}
    timeout, wall = limits(config, said)
    here, root, start = node.path.parent, config.rootpath, config.invocation_params.dir

    def wanted(name: str) -> Any:
        return said[name] if said.get(name) is not None else option(config, name)

    def path(name: str) -> str | None:
        """Beside the test if the marker names it; from where pytest was called if an option does."""
        if name in said:
            return _resolve(str(said[name]), (here, root, start)) if said[name] is not None else None
        value = option(config, name) if name in _OPTIONS else None
        return _resolve(value, (start, root)) if value is not None else None

    env, board, image, elf = wanted("env"), path_or_name(path("board")), path("image"), path("elf")
    build = None
    if image is not None and parse_offsets(image) is None:
        build = build_in(Path(image), env)
    elif image is None and "image" not in said:
        build = find_build(here, root, env)
    if build is not None:
        image = str(build.image)
        elf = elf or (str(build.elf) if build.elf is not None else None)
        board = board or build.board
    if board is None:
        raise UsageError("no board is named: @pytest.mark.twin(board=...), --twin-board or twin_board in the ini file")
    return Spec(
        board,
        image,
        elf,
        int(wanted("seed")),
        path("rom"),
        path("flash"),
        said.get("boot"),
        said.get("settle"),
        timeout,
        wall,
        build,
        engine if engine is not None else EngineSpec("native"),
    )


def failure(error: TwinError) -> BaseException:
    """What a fixture raises instead of an error: the sentence alone."""
    return pytest.fail.Exception(f"twins: {error}", pytrace=False)


def path_or_name(board: str | None) -> str | None:
    """A board is a name, or the path of a .toml file."""
    return board if board is None or board.endswith(".toml") else Path(board).name


def _resolve(value: str, folders: tuple[Path, ...]) -> str:
    """A path that is there, beside one of the folders; as it is where none has it."""
    if parse_offsets(value) is not None or Path(value).is_absolute():
        return value
    for folder in folders:
        if (folder / value).exists():
            return str(folder / value)
    return value
