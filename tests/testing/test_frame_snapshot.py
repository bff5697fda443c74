"""Golden frames: `frame_snapshot`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image as Picture

from twins.cli import main
from twins.errors import UsageError
from twins.frames import Video, load_picture, save_png
from twins.testing.compare import Tolerance, compare, difference, mask_of, structure

Run = Callable[..., pytest.RunResult]

READY = """
    import pytest

    @pytest.mark.twin(boot="ready", settle="100ms")
    def test_it(twin, frame_snapshot):
        twin.knob.turn({turns})
        twin.run("200ms")
        frame_snapshot(twin.lcd, "menu"{options})
"""


@pytest.fixture(autouse=True)
def _syrupy() -> None:
    pytest.importorskip("syrupy")


def write(project: pytest.Pytester, turns: int, options: str = "") -> None:
    project.makepyfile(test_menu=READY.format(turns=turns, options=options))


def test_a_frame_is_written_by_the_flag_and_then_compared(project: pytest.Pytester, run: Run) -> None:
    write(project, turns=0)
    missing = run()
    missing.assert_outcomes(failed=1)
    missing.stdout.fnmatch_lines(["*FrameMismatch: there is no expected picture *menu*.png: look at *menu.actual.png*"])
    golden = project.path / "__snapshots__" / "test_menu" / "test_it[menu].png"
    assert not golden.exists(), "nothing is written without the flag"
    run("--snapshot-update").assert_outcomes(passed=1)
    with Picture.open(golden) as picture:
        assert picture.size == (320, 240)
    run().assert_outcomes(passed=1)

    write(project, turns=3)
    result = run("--junitxml", "junit.xml", "--twin-report", "frames.html")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*FrameMismatch: lcd 'menu' is not as expected: * of 76800 pixels differ, by *"])
    folder = next((project.path / "out" / "twins").glob("*/test_it"))
    for name in ("expected", "actual", "difference"):
        assert load_picture(folder / f"menu.{name}.png").shape == (240, 320, 3)
    assert np.array_equal(load_picture(folder / "menu.expected.png"), load_picture(golden))
    properties = (project.path / "junit.xml").read_text()
    assert all(f'name="twin.frame.menu.{name}"' in properties for name in ("expected", "actual", "difference"))
    page = (project.path / "frames.html").read_text()
    assert "0 of 1 frames are as expected" in page
    assert 'type="range"' in page
    assert page.count("data:image/png;base64,") == 5, "a slider of two, and each of the three"
    assert "http" not in page, "one file with nothing beside it"

    run("--snapshot-update").assert_outcomes(passed=1)
    run().assert_outcomes(passed=1)


@pytest.mark.parametrize("there", [False, True], ids=["missing", "different"])
def test_ci_writes_no_expected_picture(
    project: pytest.Pytester, run: Run, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    if there:
        write(project, turns=0)
        run("--snapshot-update").assert_outcomes(passed=1)
    before = {path: path.read_bytes() for path in project.path.glob("__snapshots__/*/*.png")}
    write(project, turns=2)
    monkeypatch.setenv("CI", "true")
    result = run("--snapshot-update")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*UsageError: --snapshot-update would write *, and CI is set*"])
    assert {path: path.read_bytes() for path in project.path.glob("__snapshots__/*/*.png")} == before
    if not there:
        run("--snapshot-update", "--twin-update-in-ci").assert_outcomes(passed=1)


def test_roi_mask_and_tolerance(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(
        """
        import numpy as np
        import pytest
        from twins.errors import FrameMismatch, UsageError
        from twins.testing import Tolerance

        plain = np.zeros((40, 60, 3), np.uint8)
        plain[10:20, 10:20] = (200, 0, 0)

        def test_it(frame_snapshot, request):
            updating = request.config.option.update_snapshots
            other = plain.copy()
            if not updating:
                other[2:4, 50:55] = 255
            frame_snapshot(other, "roi", roi=(5, 5, 20, 20))
            frame_snapshot(other, "rectangle", mask=[(48, 0, 10, 6)])
            frame_snapshot(other, "masked roi", roi=(40, 0, 20, 20), mask=[(48, 0, 10, 6)])
            wrong = np.zeros((40, 60), bool)
            wrong[2:4, 50:55] = True
            frame_snapshot(other, "array", mask=wrong)
            frame_snapshot(other, "share", tolerance=Tolerance(share=0.01))
            faint = plain if updating else plain + np.uint8(3)
            frame_snapshot(faint, "faint", tolerance=3)
            frame_snapshot(faint, "alike", tolerance=Tolerance(channel=3, structure=0.4))
            frame_snapshot(other, None, roi=(0, 0, 40, 40))
            if not updating:
                with pytest.raises(FrameMismatch, match=r"10 of 2400 pixels differ, by 255 .* in 5x2 at \\(50, 2\\)"):
                    frame_snapshot(other, "share")
                with pytest.raises(FrameMismatch, match="by 3 of 255"):
                    frame_snapshot(faint, "faint", tolerance=2)
            with pytest.raises(UsageError, match="is not inside the picture of 60x40"):
                frame_snapshot(other, "out", roi=(50, 0, 20, 20))
        """
    )
    run("--snapshot-update").assert_outcomes(passed=1)
    run().assert_outcomes(passed=1)


def squares(colour: tuple[int, int, int]) -> np.ndarray:  # type: ignore[type-arg]
    frame = np.zeros((240, 240, 3), np.uint8)
    frame[80:160, 80:160] = colour
    return frame


def test_a_red_square_is_no_blue_one_whatever_structure_says() -> None:
    """A structural score of grey values takes them for alike: 0.86 for a red and a blue square (issue 5)."""
    pytest.importorskip("cv2")
    red, blue = squares((255, 0, 0)), squares((0, 0, 255))
    for tolerance in (None, 8, Tolerance(channel=8, structure=0.5), Tolerance(channel=200, share=0.1, structure=0.1)):
        found = compare(red, blue, tolerance)
        assert not found.same, tolerance
    assert found.regions[0] == (80, 80, 80, 80)


def test_the_structural_score_is_that_of_its_authors() -> None:
    """Wang et al. 2004: 1 for the same picture, symmetric, and of constant pictures (2ab + c)/(a² + b² + c)."""
    pytest.importorskip("cv2")
    red = squares((255, 0, 0))
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    assert structure(noise, noise) == pytest.approx(1.0)
    assert structure(red, squares((0, 0, 255))) < 0.9
    one, other = np.full((32, 32, 3), 100, np.uint8), np.full((32, 32, 3), 150, np.uint8)
    small = (0.01 * 255) ** 2
    assert structure(one, other) == pytest.approx((2 * 100 * 150 + small) / (100**2 + 150**2 + small), rel=1e-4)
    assert structure(noise, noise[::-1].copy()) == pytest.approx(structure(noise[::-1].copy(), noise))


def test_a_structure_that_is_wrong_fails_where_the_channels_pass() -> None:
    pytest.importorskip("cv2")
    flat = np.full((64, 64, 3), 100, np.uint8)
    striped = flat.copy()
    striped[::2] = 104
    assert compare(flat, striped, 4).same
    found = compare(flat, striped, Tolerance(channel=4, structure=0.95))
    assert not found.same
    assert "the structural score is " in found.why


def test_regions_that_differ_are_outlined() -> None:
    pytest.importorskip("cv2")
    expected = squares((10, 10, 10))
    actual = expected.copy()
    actual[20:24, 30:40] = 255
    actual[200:202, 100:101] = 255
    found = compare(expected, actual)
    assert found.regions == ((30, 20, 10, 4), (100, 200, 1, 2))
    shown = difference(expected, actual, found)
    assert (shown[18, 28:42] == (255, 0, 255)).all()
    assert (shown[20:24, 30:40] > 200).all()
    assert shown[100, 100].tolist() == [2, 2, 2], "faint where nothing differs"


def test_what_cannot_be_meant_is_told() -> None:
    with pytest.raises(UsageError, match="a channel of 0 to 255"):
        Tolerance(channel=300)
    with pytest.raises(UsageError, match=r"the mask is of \(2, 2\), the picture of \(4, 4\)"):
        mask_of(np.zeros((2, 2), bool), (4, 4, 3))
    found = compare(np.zeros((2, 3, 3), np.uint8), np.zeros((3, 2, 3), np.uint8))
    assert found.why == "expected a picture of 3x2, found 2x3"


def test_diff_compares_pictures(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    red, blue = save_png(squares((255, 0, 0)), tmp_path / "a.png"), save_png(squares((0, 0, 255)), tmp_path / "b.png")
    assert main(["diff", str(red), str(red)]) == 0
    out, page = tmp_path / "d.png", tmp_path / "d.html"
    assert main(["diff", str(red), str(blue), "--out", str(out), "--report", str(page), "--tolerance", "9"]) == 1
    assert "6400 of 57600 pixels differ, by 255 of 255 at the most; in 80x80 at (80, 80)" in capsys.readouterr().out
    assert load_picture(out).shape == (240, 240, 3)
    assert "data:image/png" in page.read_text()
    assert main(["diff", str(red), str(tmp_path / "none.png")]) == 2
    assert main(["diff", str(red), str(blue), "--video"]) == 2


@pytest.mark.parametrize("suffix", [".gif", ".mp4"])
def test_diff_compares_videos(tmp_path, capsys: pytest.CaptureFixture[str], suffix: str) -> None:  # type: ignore[no-untyped-def]
    if suffix == ".mp4":
        pytest.importorskip("av")
    paths = []
    for last in (60, 60, 240):
        video = Video()
        for number, level in enumerate((0, 60, 120, last)):
            video.add(np.full((64, 48, 3), level, np.uint8), at=number * 100_000_000_000)
        paths.append(str(video.save(tmp_path / f"{len(paths)}{suffix}")))
        again = Video.load(paths[-1])
        assert [at // 10**9 for at, _ in again] == [0, 100, 200, 300]
        assert next(iter(again))[1].shape == (64, 48, 3)
    assert main(["diff", paths[0], paths[1], "--video"]) == 0
    capsys.readouterr()
    assert main(["diff", paths[0], paths[2], "--tolerance", "8", "--out", str(tmp_path / f"d{suffix}")]) == 1
    assert "0.300 s: 3072 of 3072 pixels differ" in capsys.readouterr().out
    assert (tmp_path / f"d{suffix}").is_file()
