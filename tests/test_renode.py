"""The engine renode with a real Renode, where there is one. The pictures are those of the engine native."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tests.test_probes import RESULT_WORDS, tool
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


@pytest.mark.twin(board="pico", image=IMAGES / "probe_sram.elf", engine="renode")
def test_the_banks_of_sram_and_bus_errors(twin: Twin) -> None:
    twin.run("15ms")
    words = struct.unpack(f"<{RESULT_WORDS}I", twin.memory.read("probe_results", 4 * RESULT_WORDS))
    wrong = tool().compare("sram", words)
    assert not wrong, "\n".join(wrong)


@pytest.mark.twin(board="esp32s3_devkitc", image=IMAGES / "s3_probe_analog.bin", engine="renode")
def test_a_processor_that_is_held_in_reset_does_not_hold_up_time(twin: Twin) -> None:
    """The probe lets a watchdog reset the chip, and both processors with it; the second one stays held."""
    twin.run_until(lambda: len(twin.resets) > 0, timeout="50ms", every="1ms")
    twin.console.expect("boardtwins second stage", timeout="50ms")
