"""``twins new``: what it writes works as written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from twins import Board, Twin
from twins.cli import main

ROOT = Path(__file__).parent.parent


def passes(folder: Path, request: pytest.FixtureRequest) -> str:
    """The tests in a folder, run in a process of their own as their writer would."""
    named = [] if request.config.pluginmanager.hasplugin("twins") else ["-p", "twins.testing.plugin"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *named, "."],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return run.stdout


@pytest.mark.parametrize("chip", ["rp2040", "esp32s3"])
def test_a_board_can_be_run(chip: str, tmp_path: Path, images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "board", "my_board", "--chip", chip, "--dir", str(tmp_path)]) == 0
    path = tmp_path / "my_board.toml"
    assert capsys.readouterr().out == f"{path}\n"
    board = Board.load(path)
    assert (board.name, board.chip.name, sorted(board.parts)) == ("my_board", chip, ["button", "led"])
    image = images / ("idle.uf2" if chip == "rp2040" else "s3_idle.bin")
    with Twin(path, image) as twin:
        twin.button.press("5ms")
        twin.run("10ms")


def test_a_part_and_its_test_pass_as_written(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    assert main(["new", "part", "room_sensor", "--dir", str(tmp_path / "new")]) == 0
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["room_sensor.py", "test_room_sensor.py"]
    text = (tmp_path / "new" / "room_sensor.py").read_text()
    assert len(text.splitlines()) <= 50
    assert "class RoomSensor(Part):" in text
    assert "3 passed" in passes(tmp_path / "new", request)


def test_a_test_expects_what_the_firmware_says(tmp_path: Path, images: Path, request: pytest.FixtureRequest) -> None:
    image = images / "media_controller.uf2"
    arguments = ["--board", "media_controller", "--image", str(image), "--dir", str(tmp_path)]
    assert main(["new", "test", "menu", *arguments]) == 0
    assert 'twin.console.expect_exact("media controller", timeout="5s")' in (tmp_path / "test_menu.py").read_text()
    assert "3 passed" in passes(tmp_path, request)


def test_a_test_of_silent_firmware_only_runs_it(tmp_path: Path, images: Path, request: pytest.FixtureRequest) -> None:
    assert main(["new", "test", "test_idle", "--image", str(images / "idle.uf2"), "--dir", str(tmp_path)]) == 0
    assert "expect" not in (tmp_path / "test_idle.py").read_text()
    assert "2 passed" in passes(tmp_path, request)


def test_a_test_in_a_project_finds_the_build_by_itself(
    tmp_path: Path, images: Path, request: pytest.FixtureRequest
) -> None:
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "app.uf2").write_bytes((images / "media_controller.uf2").read_bytes())
    assert main(["new", "test", "app", "--dir", str(tmp_path)]) == 0
    assert 'pytest.mark.twin(board="pico")' in (tmp_path / "test_app.py").read_text()
    assert "3 passed" in passes(tmp_path, request)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["board", "my board"], "'my board' is no name: expected letters, digits and _, as in my_board"),
        (["part", "../x"], "'../x' is no name"),
        (["part", "class"], "'class' is no name"),
        (["part", "JSON"], "there is a module 'json' already: give the part another name"),
        (["test", "x"], "no firmware found in "),
        (["test", "x", "--image", "nothing.uf2"], "nothing.uf2"),
    ],
)
def test_what_cannot_be_written_is_refused_in_a_sentence(
    arguments: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", *arguments, "--dir", str(tmp_path)]) == 2
    shown = capsys.readouterr().err
    assert says in shown
    assert len(shown.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "test_fan.py"
    mine.write_text("mine")
    assert main(["new", "part", "fan", "--dir", str(tmp_path)]) == 2
    assert f"{mine} is there already: give another name or --dir" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["test_fan.py"]
    assert mine.read_text() == "mine"
