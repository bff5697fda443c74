"""The pytest plugin: fixtures `twin`, `boot`, `dut`, `world`, `scene` and `frame_snapshot`, and evidence on failure.

Installed with the package::

    import pytest

    @pytest.mark.twin(board="media_controller", image="media_controller.uf2", boot="ready")
    def test_the_knob_changes_the_volume(twin, frame_snapshot):
        twin.knob.turn(+3)
        twin.console.expect("volume 43")
        frame_snapshot(twin.lcd, "volume_43")

Time-outs are virtual. What a failed test leaves lies in ``out/twins/`` (``--twin-out``).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from twins.engines import Capability, EngineSpec
from twins.errors import BoardError, ImageError, TwinError, UsageError
from twins.scene import Scene
from twins.testing import engines
from twins.testing.dut import Dut
from twins.testing.evidence import clear, folder_for, gather, last_lines
from twins.testing.options import MARKER, Spec, add_options, limits, marked, option, spec_for
from twins.testing.report import write_report
from twins.testing.watch import FrameRecord, Watch
from twins.twin import Twin
from twins.units import Time, ps
from twins.world import World

if TYPE_CHECKING:
    from twins.testing.golden import FrameSnapshot

WATCH = pytest.StashKey[Watch]()
BOOTS = pytest.StashKey["Boots"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)
    config.stash[BOOTS] = Boots()
    plugins = config.pluginmanager
    plugins.register(engines, "twins-engines")
    if plugins.hasplugin("syrupy"):
        from twins.testing import golden

        plugins.register(golden, "twins-golden")
    else:
        plugins.register(_NoSyrupy(), "twins-golden")
    if not plugins.hasplugin("pytest_embedded"):
        plugins.register(_EmbeddedNames(), "twins-embedded")


class _NoSyrupy:
    @pytest.fixture
    def frame_snapshot(self) -> FrameSnapshot:
        """Compares pictures with golden ones; needs syrupy."""
        raise UsageError("frame_snapshot needs the package syrupy: pip install 'boardtwins[test]'")


class _EmbeddedNames:
    """Names of pytest-embedded, where it is not there itself (``-p no:pytest_embedded``)."""

    @pytest.fixture
    def dut(self, target: str, twin_dut: Dut) -> Dut:
        """The twin behind pytest-embedded's words."""
        return twin_dut

    @pytest.fixture
    def target(self, request: pytest.FixtureRequest) -> str:
        """The chip: of ``@pytest.mark.parametrize("target", [...], indirect=True)``, else of the twin."""
        if hasattr(request, "param"):
            return str(request.param)
        return str(request.getfixturevalue("twin").board.chip.name)

    @pytest.fixture
    def app(self, twin_dut: Dut) -> Any:
        """The application that runs."""
        return twin_dut.app


# A test's own watch, and what it leaves


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    try:
        wall: float | None = limits(item.config, marked(item))[1].seconds
    except (UsageError, TypeError):
        wall = 300.0  # its twin fixture will say what is wrong
    if item.config.getoption("usepdb", False) or item.config.getoption("trace", False):
        wall = None
    watch = Watch(wall, _window(item.config))
    item.stash[WATCH] = watch
    Twin.guards.append(watch)
    try:
        return (yield)
    finally:
        Twin.guards.remove(watch)
        watch.end()


def _window(config: pytest.Config) -> int:
    text = str(option(config, "vcd"))
    try:
        return 0 if text == "0" else ps(text)
    except UsageError as error:
        raise pytest.UsageError(f"--twin-vcd: {error}") from None


def output_folder(item: pytest.Item) -> Path:
    """Where this test leaves what it leaves."""
    root = Path(str(option(item.config, "out")))
    return folder_for(root if root.is_absolute() else item.config.rootpath / root, item.nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    clear(output_folder(item))
    yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    watch = item.stash.get(WATCH, None)
    if watch is None:
        return report
    if report.failed and call.when in ("setup", "call") and watch.twins:
        words = _leave(item, watch)
        report.sections.append(("twins", words))
        report.user_properties = item.user_properties
    if call.when == "call" and item.config.getoption("twin_report"):
        # Plain data, so that a worker of pytest-xdist can hand it over.
        report.twin_frames = [_plain(record) for record in watch.frames]  # type: ignore[attr-defined]
    return report


def _leave(item: pytest.Item, watch: Watch) -> str:
    """Writes the evidence; the words for the report."""
    guards, Twin.guards[:] = list(Twin.guards), []  # the limit that ended the test does not end its evidence
    lines = []
    try:
        for name, found in gather(watch, output_folder(item)):
            if isinstance(found, Path):
                shown = _shown(item.config, found)
                item.user_properties.append((f"twin.{name}", shown))
                lines.append(f"{name:>16}: {shown}")
                if name.endswith("snapshot"):
                    lines.append(f"{'go on with':>16}: twins resume {shown}")
            else:
                lines.append(f"{name} {found}" if "\n" not in found else f"{name}\n{found}")
        lines.extend(words for words in map(last_lines, watch.twins) if words)
    except (TwinError, OSError) as error:
        lines.append(f"evidence is not whole: {error}")
    finally:
        Twin.guards[:] = guards
    return "\n".join(lines)


def _shown(config: pytest.Config, path: Path) -> str:
    """A path as short as it can be, from where pytest was called."""
    try:
        return str(path.relative_to(config.invocation_params.dir))
    except ValueError:
        return str(path)


def _plain(record: FrameRecord) -> dict[str, str | None]:
    return {
        key: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for key, value in asdict(record).items()
    }


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    for plain in getattr(report, "twin_frames", ()):
        actual, expected, difference = (
            base64.b64decode(plain[key] or "") for key in ("actual", "expected", "difference")
        )
        test, name, status, why = (plain[key] for key in ("test", "name", "status", "why"))
        _gathered.append(FrameRecord(test, name, status, why, actual, expected or None, difference or None))


_gathered: list[FrameRecord] = []
"""The frames of the session; the hook above is not told of which config it is."""


def pytest_sessionstart() -> None:
    _gathered.clear()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    path = config.getoption("twin_report")
    if path and not hasattr(config, "workerinput"):
        write_report(_gathered, path)
        terminalreporter.write_line(f"twins: {len(_gathered)} frames in {path}")


# Fixtures


BOOTS_KEPT = 16
"""Booted twins that a session keeps; each takes some ten to a hundred megabytes."""


class Boots:
    """Twins that have booted to a point: the last that were forked, for the session."""

    def __init__(self) -> None:
        self._twins: dict[tuple[Any, ...], Twin] = {}

    def fork(self, spec: Spec, point: tuple[Any, ...], bring: Callable[[Twin], Any], watch: Watch) -> Twin:
        """A fork of the twin at the point; brings one there first where there is none."""
        key = (
            str(spec.engine),
            spec.board,
            spec.image,
            spec.elf,
            spec.seed,
            spec.rom,
            spec.flash,
            *_stamp(spec.image),
            *point,
        )
        booted = self._twins.pop(key, None)
        if booted is None:
            booted = start(spec, watch)
            bring(booted)
            watch.forget(booted)
        self._twins[key] = booted
        if len(self._twins) > BOOTS_KEPT:
            del self._twins[next(iter(self._twins))]
        twin = booted.fork()
        watch.see(twin)
        return twin


def _stamp(image: str | None) -> tuple[int, ...]:
    """An image that is built anew boots anew."""
    path = Path(image) if image is not None else None
    return (path.stat().st_mtime_ns,) if path is not None and path.exists() else ()


def start(spec: Spec, watch: Watch) -> Twin:
    """A twin at its power-on."""
    twin = Twin(
        spec.board, spec.image, elf=spec.elf, seed=spec.seed, rom=spec.rom, flash=spec.flash, engine=spec.engine
    )
    watch.see(twin)
    _set_timeout(twin, spec)
    return twin


def _set_timeout(twin: Twin, spec: Spec) -> None:
    for console in (twin.console, *twin.consoles.values()):
        console.timeout = spec.timeout.seconds


class Boot:
    """Forks of twins that have booted, see the fixture `boot`."""

    def __init__(self, item: pytest.Item, engine: EngineSpec) -> None:
        self._item = item
        self._engine = engine
        self._made: list[Twin] = []

    def __call__(
        self,
        point: str | None = None,
        *,
        by: Callable[[Twin], Any] | None = None,
        after: Time | None = None,
        settle: Time | None = None,
        timeout: Time | None = None,
        **wanted: Any,
    ) -> Twin:
        """A twin at a point: the first test that asks boots, every other one gets a fork.

        On an engine without forks each of them boots.

        Args:
            point: a text that a console shows; or with `by` the name of the point.
            by: what brings a twin to a point that has no text: ``boot("menu", by=open_menu)``.
            after: run so long instead of waiting for a text.
            settle: run so long behind it.
            timeout: for the text.
            **wanted: over the marker: board, image, elf, env, seed, rom, flash.
        """
        if (point is None) == (after is None):
            raise UsageError('boot takes a point or a time: boot("ready") or boot(after="500ms")')
        spec = _spec(self._item, self._engine, **wanted)
        limit = timeout if timeout is not None else spec.timeout

        def bring(twin: Twin) -> None:
            if by is not None:
                by(twin)
            elif point is not None:
                twin.console.expect_exact(point, timeout=limit)
            else:
                twin.run(after if after is not None else 0)
            if settle is not None:
                twin.run(settle)

        times = tuple(None if time is None else ps(time) for time in (after, settle))
        watch = self._item.stash[WATCH]
        if Capability.FORK in spec.engine.capabilities:
            twin = self._item.config.stash[BOOTS].fork(spec, (point, by, *times), bring, watch)
            self._made.append(twin)
        else:
            twin = start(spec, watch)
            self._made.append(twin)
            bring(twin)
        _set_timeout(twin, spec)
        return twin

    def close(self) -> None:
        """The test is over: ends its twins."""
        for twin in self._made:
            twin.close()


def _spec(item: pytest.Item, engine: EngineSpec, **wanted: Any) -> Spec:
    with _told():
        return spec_for(item, engine, **wanted)
    raise AssertionError("a failure was told")


@contextmanager
def _told() -> Iterator[None]:
    """What is wrong with a marker, a board or an image is told in a line, without a traceback into the plugin."""
    try:
        yield
        return
    except (UsageError, ImageError, BoardError) as error:
        told = str(error)
    pytest.fail(f"twins: {told}", pytrace=False)


@pytest.fixture
def boot(request: pytest.FixtureRequest, twin_engine: EngineSpec) -> Iterator[Boot]:
    """Boots once per session to a named point; each test gets a fork: ``boot("ready")``, ``boot(after="500ms")``."""
    made = Boot(request.node, twin_engine)
    yield made
    made.close()


@pytest.fixture
def twin(request: pytest.FixtureRequest, boot: Boot, twin_engine: EngineSpec) -> Iterator[Twin]:
    """The twin of the board and image that ``@pytest.mark.twin`` or options name, at power-on or where `boot` says."""
    spec = _spec(request.node, twin_engine)
    if spec.boot is not None:
        made = boot(spec.boot, settle=spec.settle)
    else:
        with _told():
            made = start(spec, request.node.stash[WATCH])
    with made:
        yield made


@pytest.fixture
def twin_dut(request: pytest.FixtureRequest, twin: Twin) -> Iterator[Dut]:
    """The twin behind pytest-embedded's words; also named ``dut`` where pytest-embedded is not active."""
    wanted = request.getfixturevalue("target") if "target" in request.fixturenames else twin.board.chip.name
    if wanted != twin.board.chip.name:
        pytest.skip(f"this test is for {wanted}, the board {twin.board.name} has an {twin.board.chip.name}")
    timeout = limits(request.config, marked(request.node))[0]
    log = output_folder(request.node) / "dut.log"
    made = Dut(twin, timeout, log, request.node.name, str(request.node.path.parent))
    yield made
    for case in made.cases:
        request.node.user_properties.append((f"unity:{case.name}", case.result))


@pytest.fixture
def world(request: pytest.FixtureRequest) -> World:
    """A world for several twins and what is in the air between them: ``world.add(twin)``."""
    return World(seed=int(marked(request.node).get("seed") or option(request.config, "seed") or 0))


@pytest.fixture
def scene(twin: Twin) -> Scene:
    """What the microphones of the twin's board hear: ``scene.say("hello.wav", azimuth=62)``."""
    hearing = {name: part for name, part in twin.parts.items() if hasattr(type(part), "scene")}
    with _told():
        if not hearing:
            parts = ", ".join(twin.parts) or "no parts"
            raise UsageError(f"no part of board {twin.board.name} hears an acoustic scene; it has {parts}")
        if len(hearing) > 1:
            raise UsageError(f"several parts hear: {', '.join(hearing)}: take twin.{next(iter(hearing))}.scene")
    found: Scene = getattr(next(iter(hearing.values())), "scene")  # noqa: B009  # a part's own attribute
    return found
