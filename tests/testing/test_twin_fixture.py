"""The fixtures `twin`, `boot`, `world` and `scene`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

IMAGES = Path(__file__).parent.parent.parent / "firmware" / "images"
Run = Callable[..., pytest.RunResult]


def test_a_twin_starts_at_power_on(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(
        """
        def test_it(twin):
            assert twin.board.name == "media_controller" and twin.now == 0
            twin.console.expect("ready", timeout="1s")
        """
    )
    run().assert_outcomes(passed=1)


def test_the_marker_goes_over_the_ini_file(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(
        f"""
        import pytest

        @pytest.mark.twin(board="xiao_esp32s3", image={str(IMAGES / "s3_mix.bin")!r}, seed=7)
        def test_it(twin):
            assert (twin.board.chip.name, twin.seed) == ("esp32s3", 7)

        @pytest.mark.twin("pico")
        class TestPico:
            def test_board(self, twin):
                assert twin.board.name == "pico"

            @pytest.mark.twin(seed=3)
            def test_nearer_markers_add(self, twin):
                assert (twin.board.name, twin.seed) == ("pico", 3)
        """
    )
    run().assert_outcomes(passed=3)


def test_a_word_the_marker_does_not_know_is_told(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.mark.twin(bord="pico")
        def test_it(twin):
            pass
        """
    )
    result = run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*@pytest.mark.twin does not know 'bord': it knows board, image, *"])


def test_a_board_that_is_not_there_is_told_in_a_line(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile("def test_it(twin): pass")
    result = run("--twin-board", "pica")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*twins: there is no board 'pica'*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_boot_boots_once_and_each_test_gets_a_fork(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(
        """
        import pytest

        booted = []

        def menu(twin):
            booted.append(twin)
            twin.console.expect("ready", timeout="1s")

        @pytest.mark.parametrize("turns", [1, 2, 3])
        def test_each_begins_at_volume_40(boot, turns):
            twin = boot("menu", by=menu, settle="100ms")
            twin.knob.turn(turns)
            twin.console.expect(f"volume {40 + turns}", timeout="1s")
            assert len(booted) == 1 and twin is not booted[0]

        def test_a_text_a_time_and_a_point_are_three(boot):
            at_text, at_time = boot("ready"), boot(after="300ms")
            assert "ready" in at_text.console.text and at_time.time.seconds == pytest.approx(0.3, abs=1e-6)

        @pytest.mark.twin(boot="ready", settle="50ms")
        def test_the_marker_boots_too(twin):
            assert "ready" in twin.console.text

        def test_a_point_or_a_time(boot):
            with pytest.raises(Exception, match="a point or a time"):
                boot()
        """
    )
    run().assert_outcomes(passed=6)


def test_a_boot_that_does_not_come_to_its_point_fails_with_evidence(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.mark.twin(boot="no such text", timeout="400ms")
        def test_it(twin):
            pass
        """
    )
    result = run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "*did not see 'no such text' on uart0 within 400ms of virtual time*",
            "*console.uart0: out/twins/*.log",
            "*ready*",
        ]
    )


def test_one_time_out_in_virtual_time(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(
        """
        import pytest, twins

        @pytest.mark.twin(timeout="250ms")
        @pytest.mark.parametrize("which", ["console", "dut"])
        def test_it(twin, dut, which):
            with pytest.raises(twins.Timeout):
                (twin.console if which == "console" else dut).expect("never")
            assert twin.time.seconds == pytest.approx(0.25, abs=1e-6)
        """
    )
    run().assert_outcomes(passed=2)


def test_the_wall_clock_net_ends_a_test_that_runs_on_and_on(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.mark.twin(wall="500ms")
        def test_it(twin):
            twin.run("1000h")

        def test_the_next_one_is_free_again(twin):
            twin.run("10ms")
        """
    )
    result = run()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["*Timeout: the test ran for * on the wall clock*limit of 500ms*", "*snapshot: out/twins/*"]
    )


def test_the_scene_is_what_the_boards_microphones_hear(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(
        """
        import pytest
        from twins.sound import Sound

        @pytest.mark.twin(board="jinny_lamp", image=None)
        def test_it(twin, scene):
            scene.say(Sound.tone(1000, "100ms"), azimuth=62, level_db=-20)
            assert scene is twin.voice.scene and len(scene.sources) == 1

        def test_a_board_that_hears_nothing(scene):
            pass
        """
    )
    result = run()
    result.stdout.fnmatch_lines(["*no part of board media_controller hears an acoustic scene*"])
    result.assert_outcomes(passed=1, errors=1)


def test_workers_of_xdist_keep_apart(project: pytest.Pytester, run: Run) -> None:
    pytest.importorskip("xdist")
    project.makepyfile(
        """
        import pytest

        @pytest.mark.twin(boot="ready")
        @pytest.mark.parametrize("turns", range(6))
        def test_it(twin, turns, frame_snapshot):
            twin.knob.turn(turns)
            twin.run("200ms")
            frame_snapshot(twin.lcd, "volume")
            assert turns % 2 == 0, "every other one fails"
        """
    )
    pytest.importorskip("syrupy")
    run("--snapshot-update", "-n", "2").assert_outcomes(passed=3, failed=3)
    result = run("-n", "2", "--twin-report", "frames.html", "--junitxml", "junit.xml")
    result.assert_outcomes(passed=3, failed=3)
    assert len(list(project.path.glob("out/twins/*/*/snapshot.twin"))) == 3
    assert "6 of 6 frames are as expected" in (project.path / "frames.html").read_text()
    assert (project.path / "junit.xml").read_text().count('name="twin.snapshot"') == 3


def test_what_is_wrong_before_a_test_is_one_line(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.mark.twin(bord="pico")
        def test_marker(twin):
            pass

        @pytest.mark.twin(board="nonsense")
        def test_board(twin):
            pass

        @pytest.mark.twin(boot="never", timeout="1ms")
        def test_boot(twin):
            pass
        """
    )
    result = run()
    result.assert_outcomes(errors=3)
    shown = result.stdout.str()
    for line in (
        "twins: @pytest.mark.twin does not know 'bord': it knows board, image",
        "twins: there is no board 'nonsense': the boards are badge",
        "twins: did not see 'never' on uart0 within 1ms of virtual time",
    ):
        assert line in shown
    assert "During handling" not in shown
    assert "plugin.py" not in shown
