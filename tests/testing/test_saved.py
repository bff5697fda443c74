"""Snapshots as files."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from twins import Twin, UsageError, boards
from twins.saved import load, save

ROOT = Path(__file__).parent.parent.parent


def test_a_twin_goes_on_from_a_file_as_if_nothing_had_happened(media_controller: Twin, tmp_path: Path) -> None:
    media_controller.knob.turn(2)  # still turning: what parts have planned is in the file
    media_controller.run("10ms")
    saved = load(save(media_controller.snapshot(), tmp_path / "a.twin"))
    twin = saved.restored()
    assert (saved.time, saved.about["board"]) == (media_controller.time, "media_controller")
    for one in (twin, media_controller):
        one.run("300ms")
    assert twin.trace.sha256 == media_controller.trace.sha256
    assert np.array_equal(twin.lcd.frame, media_controller.lcd.frame)
    assert "volume 42" in twin.console.text


@pytest.mark.parametrize("board", [board.name for board in boards()])
def test_every_board_can_be_saved(board: str, tmp_path: Path) -> None:
    twin = Twin(board)
    again = load(save(twin.snapshot(), tmp_path / "a.twin")).restored()
    assert again.board == twin.board


class Evil:
    """What a file must not make happen."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("run",)


def with_payload(good: Path, bad: Path, data: bytes) -> Path:
    head = good.read_bytes().partition(b"\n")[0]
    bad.write_bytes(head + b"\n" + data)
    return bad


def test_a_file_calls_nothing(media_controller: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = save(media_controller.snapshot(), tmp_path / "good.twin")
    evil = with_payload(good, tmp_path / "evil.twin", zlib.compress(pickle.dumps((Evil(),))))
    with pytest.raises(UsageError, match=r"it names builtins\.print, which is no data of a twin"):
        load(evil)
    writer = b"ctwins.vcd\nPinRecorder\n(tR."
    with pytest.raises(UsageError, match=r"it names twins\.vcd\.PinRecorder"):
        load(with_payload(good, evil, zlib.compress(writer)))
    assert capsys.readouterr().out == ""


def test_what_is_wrong_with_a_file_is_told(media_controller: Twin, tmp_path: Path) -> None:
    good = save(media_controller.snapshot(), tmp_path / "good.twin")
    bad = tmp_path / "bad.twin"
    with pytest.raises(UsageError, match="No such file"):
        load(bad)
    for data in (b"", b"hello\n", b'{"kind": 1}\n', b"[]\nx"):
        bad.write_bytes(data)
        with pytest.raises(UsageError, match="is no snapshot of a twin"):
            load(bad)
    with pytest.raises(UsageError, match="is damaged"):
        load(with_payload(good, bad, good.read_bytes().partition(b"\n")[2][:-200]))


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (
            {"version": "0.0.1"},
            r"is of another version: 0\.0\.1 with engine [0-9a-f]{16} wrote it, this is .* with engine ",
        ),
        (
            {"engine": "0" * 16},
            r"is of another version: .* with engine 0{16} wrote it, this is .* with engine [1-9a-f]",
        ),
        ({"engine": None}, "is of another version: .* with engine None wrote it"),
        ({"format": 0}, "is of another version"),
    ],
)
def test_a_file_of_another_version_is_told_as_one(
    media_controller: Twin, tmp_path: Path, written: dict[str, object], says: str
) -> None:
    """Before anything is made of its bytes, which mean something else there: they may be damage to this version."""
    good = save(media_controller.snapshot(), tmp_path / "good.twin")
    line, _, data = good.read_bytes().partition(b"\n")
    old = tmp_path / "old.twin"
    old.write_bytes(json.dumps(json.loads(line) | written).encode() + b"\n" + data[:-200])
    with pytest.raises(UsageError, match=says) as told:
        load(old)
    assert "\n" not in str(told.value)


def test_a_part_that_cannot_be_written_is_named(media_controller: Twin, tmp_path: Path) -> None:
    media_controller.knob.callback = lambda: None
    with pytest.raises(UsageError, match="part 'knob' cannot be written to a file: its attribute 'callback'"):
        save(media_controller.snapshot(), tmp_path / "a.twin")
    assert not list(tmp_path.iterdir())


def test_importing_the_package_brings_neither_pytest_nor_opencv() -> None:
    """Nor what else takes its time: `import twins` is in every script."""
    slow = ("pytest", "cv2", "syrupy", "numpy", "av", "PIL", "twins.testing")
    code = f"import sys, twins; print([name for name in {slow} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
