"""The engine renode with a real Renode, where there is one. The pictures are those of the engine native."""

from __future__ import annotations

from pathlib import Path

import pytest

from twins import Twin
from twins.frames import frame_of, png

IMAGES = Path(__file__).parent.parent / "firmware" / "images"
GOLDEN = Path(__file__).parent / "__snapshots__" / "test_media_controller"


@pytest.mark.twin(board="media_controller", image=IMAGES / "media_controller.elf", engine="renode")
def test_the_media_controller_draws_its_golden_pictures_and_answers_the_knob(twin: Twin) -> None:
    twin.console.expect("ready", timeout="2s")
    twin.run("100ms")
    assert png(frame_of(twin.lcd)) == (GOLDEN / "test_the_first_picture[ready].png").read_bytes()
    twin.knob.turn(+3)
    twin.console.expect("volume 43", timeout="500ms")
    twin.run("50ms")
    assert png(frame_of(twin.lcd)) == (GOLDEN / "test_turning_right_makes_it_louder[volume_43].png").read_bytes()
