"""``--twins-engine``, the fixture `twin_engine`, and the marker ``needs_engine``."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
IMAGES = ROOT / "firmware" / "images"
Run = Callable[..., pytest.RunResult]

CONFTEST = """
from tests import abacus
abacus.install()
abacus.here = {here}
"""
TESTS = """
    import pytest
    from twins import Twin

    def test_console(twin):
        twin.console.expect({text!r}, timeout="1s")

    @pytest.mark.needs_engine("snapshot", "fork")
    def test_fork(twin):
        assert twin.fork().now == twin.now

    def test_boot(boot, twin_engine):
        twin = boot({text!r})
        assert twin.engine_name == twin_engine.name

    def test_own(twin_engine):
        with Twin("pico", engine=twin_engine) as twin:
            assert twin.engine_name == twin_engine.name

    def test_without_a_twin():
        pass
"""


@pytest.fixture
def beads(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def write(here: bool = True) -> None:
        monkeypatch.setenv("PYTHONPATH", str(ROOT) + os.pathsep + os.environ["PYTHONPATH"])
        project.makeconftest(CONFTEST.format(here=here))

    return write


def test_tests_run_on_the_engine_that_is_named(project: pytest.Pytester, run: Run, beads: Callable[..., None]) -> None:
    beads()
    project.makepyfile(TESTS.format(text="2 beads"))
    result = run("--twins-engine", "abacus", "-v")
    result.assert_outcomes(passed=4, skipped=1)
    result.stdout.fnmatch_lines(
        ["twins: 1 test was skipped: the engine abacus has no snapshots: run with engine native"]
    )
    assert "engine=" not in result.stdout.str()


def test_several_engines_run_each_test(project: pytest.Pytester, run: Run, beads: Callable[..., None]) -> None:
    beads()
    project.makepyfile(TESTS.format(text="e"))
    result = run("--twins-engine", "native,native:slice=1,abacus", "-v")
    result.assert_outcomes(passed=12, skipped=1)
    result.stdout.fnmatch_lines(
        ["*::test_fork?engine=native:slice=1? PASSED*", "*::test_without_a_twin PASSED*"], consecutive=False
    )


def test_an_engine_that_is_not_here_skips_loudly(
    project: pytest.Pytester, run: Run, beads: Callable[..., None]
) -> None:
    beads(here=False)
    project.makepyfile(TESTS.format(text="e"))
    result = run("--twins-engine", "native,abacus", "-rs")
    result.assert_outcomes(passed=5, skipped=4)
    result.stdout.fnmatch_lines(
        [
            "SKIPPED *twins: the engine abacus has no snapshots*",
            "SKIPPED *twins: the engine abacus is not on this machine: string some beads*",
        ]
    )
    result.stdout.fnmatch_lines(
        [
            "twins: 1 test was skipped: the engine abacus has no snapshots*",
            "twins: 3 tests were skipped: the engine abacus is not on this machine: string some beads *",
        ]
    )


def test_a_marker_says_which_engine_a_test_is_for(
    project: pytest.Pytester, run: Run, beads: Callable[..., None]
) -> None:
    beads()
    project.makepyfile(
        """
        import pytest

        @pytest.mark.twin(engine="abacus")
        def test_it(twin):
            assert twin.engine_name == "abacus"

        @pytest.mark.parametrize("twin_engine", ["native", "abacus"], indirect=True)
        def test_both(twin):
            twin.run("1ms")
        """
    )
    run("--twins-engine", "native,native:slice=1").assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--twins-engine", "verilator"), "*--twins-engine: there is no engine 'verilator': there are native*"),
        (("--twins-engine", "native:x=1"), "*--twins-engine: engine 'native:x=1': 'x=1' is no option of native*"),
    ],
)
def test_an_engine_that_there_is_not_is_told_at_once(
    arguments: tuple[str, str], words: str, project: pytest.Pytester, run: Run
) -> None:
    project.makepyfile("def test_it(twin): pass")
    result = run(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([words])


def test_a_capability_that_there_is_not_is_told(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.mark.needs_engine("snapshots")
        def test_it(twin):
            pass
        """
    )
    result = run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*there is no capability 'snapshots' of an engine: there are cores, *"])


def test_a_golden_frame_is_the_same_on_every_engine(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("number", [1])
        def test_it(twin, frame_snapshot, number):
            twin.console.expect("ready", timeout="1s")
            frame_snapshot(twin.lcd, "ready")

        def test_plain(twin, frame_snapshot):
            twin.console.expect("ready", timeout="1s")
            frame_snapshot(twin.lcd)
        """
    )
    run("--snapshot-update").assert_outcomes(passed=2)
    written = sorted(path.name for path in project.path.rglob("*.png"))
    run("--twins-engine", "native,native:slice=1").assert_outcomes(passed=4)
    assert sorted(path.name for path in project.path.rglob("*.png")) == written
