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


@pytest.mark.twin(board="pico", image=IMAGES / "probe_multicore.elf", engine="renode")
def test_two_runs_of_both_cores_are_the_same(twin: Twin) -> None:
    """One core after the other, and no wall clock: the probe counts turns of each core, and writes them into SRAM."""
    twin.run("15ms")
    with Twin("pico", image=IMAGES / "probe_multicore.elf", engine="renode") as again:
        again.run("15ms")
        assert again.memory.u32("probe_done") == 1
        assert again.memory.read(0x2000_0000, 4096) == twin.memory.read(0x2000_0000, 4096)
