"""Which engine runs a test's twins: fixture `twin_engine`, ``--twins-engine``, and the marker ``needs_engine``."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from twins.engines import Capability, EngineSpec, absent, lacks
from twins.engines.capabilities import capabilities
from twins.errors import TwinError, UsageError
from twins.testing.options import failure, marked, option

MARKER = (
    "needs_engine(capability, …): this test is for engines that can do that, as in "
    'needs_engine("snapshot", "parts-on-pins"); see twins.engines.capabilities'
)
SKIPPED = "twins.engine"
"""The property of a test that was skipped for its engine's sake: why."""

_here = pytest.StashKey[dict[str, bool]]()
_skipped: Counter[str] = Counter()
"""Of the session; the hook that counts is not told of which config it is."""


def wanted(config: pytest.Config) -> list[EngineSpec]:
    """The engines that the command line or the ini file names."""
    try:
        return EngineSpec.parse_list(str(option(config, "engine")))
    except UsageError as error:
        raise pytest.UsageError(f"--twins-engine: {error}") from None


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)
    config.stash[_here] = {}
    wanted(config)


def pytest_sessionstart() -> None:
    _skipped.clear()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """With several engines each test that has a twin is there once for each."""
    engines = wanted(metafunc.config)
    if len(engines) < 2 or "twin_engine" not in metafunc.fixturenames or _has_own(metafunc):
        return
    metafunc.parametrize("twin_engine", engines, ids=map(_id, engines), indirect=True)


def _has_own(metafunc: pytest.Metafunc) -> bool:
    """Do its markers say which engine it is for?"""
    node: Any = metafunc.definition
    named = any("engine" in marker.kwargs for marker in node.iter_markers("twin"))
    return named or any("twin_engine" in str(marker.args[:1]) for marker in node.iter_markers("parametrize"))


def _id(spec: EngineSpec) -> str:
    return f"engine={spec}"


def without_engine(item: Any, name: str) -> str:
    """The name of a test without the engine it runs on: what is expected of it is the same on all."""
    params = item.callspec.params if hasattr(item, "callspec") else {}
    if not isinstance(params.get("twin_engine"), EngineSpec):
        return name
    word = _id(params["twin_engine"])
    return name.replace(f"[{word}]", "").replace(f"{word}-", "").replace(f"-{word}", "")


@pytest.fixture
def twin_engine(request: pytest.FixtureRequest) -> EngineSpec:
    """The engine that this test's twins run on, for ``Twin(..., engine=twin_engine)``.

    The test is skipped where the engine is not on this machine, or cannot do what ``needs_engine`` says.
    """
    spec = _spec(request)
    problem = _problem(request, spec)
    if problem is not None:
        request.node.user_properties.append((SKIPPED, problem))
        pytest.skip(f"twins: {problem}")
    return spec


def _spec(request: pytest.FixtureRequest) -> EngineSpec:
    try:
        said = getattr(request, "param", None) or marked(request.node).get("engine")
        if isinstance(said, EngineSpec):
            return said
        return EngineSpec.parse(str(said)) if said else wanted(request.config)[0]
    except TwinError as error:
        raise failure(error) from None


def _problem(request: pytest.FixtureRequest, spec: EngineSpec) -> str | None:
    try:
        needed = capabilities(
            name for marker in request.node.iter_markers("needs_engine") for name in map(str, marker.args)
        )
    except UsageError as error:
        raise pytest.UsageError(f"@pytest.mark.needs_engine: {error}") from None
    lacking = [capability for capability in Capability if capability in needed - spec.capabilities]
    if lacking:
        return str(lacks(spec.name, lacking[0]))
    here = request.config.stash[_here]
    if str(spec) not in here:
        here[str(spec)] = spec.is_here
    return None if here[str(spec)] else str(absent(spec.name))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and report.when == "setup":
        for name, value in report.user_properties:
            if name == SKIPPED:
                _skipped[str(value)] += 1


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return
    for why, count in sorted(_skipped.items()):
        tests = "1 test was" if count == 1 else f"{count} tests were"
        terminalreporter.write_line(f"twins: {tests} skipped: {why}", yellow=True, bold=True)
