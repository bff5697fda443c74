"""The README is true: its example runs, its picture is what the demo shows, its files exist."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from twins import Twin
from twins.board import boards

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(example, "README.md", "exec"), {})


def test_the_picture_is_the_screen_that_the_demo_shows(media_controller: Twin) -> None:
    end = media_controller.knob.turn(+8)
    media_controller.run(end)
    media_controller.run("200ms")
    (path,) = re.findall(r"!\[.*?\]\((.*?)\)", README)
    with Picture.open(ROOT / path) as opened:
        shown = np.asarray(opened.convert("RGB"))[::2, ::2]
    assert np.array_equal(shown, media_controller.lcd.frame)


def test_what_is_named_is_there() -> None:
    rows = re.findall(r"^\| `([\w./]+)` \|", README, re.MULTILINE)
    assert len(rows) >= 6
    assert [name for name in rows if not (ROOT / name).exists()] == []
    for board in boards():
        assert f"`{board.name}`" in README
