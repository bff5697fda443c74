"""Loops that wait are counted, not executed; while somebody watches an address, each instruction is executed."""

from __future__ import annotations

from pathlib import Path

import pytest

from twins import Board, Image, Twin

IMAGES = Path(__file__).parent.parent / "firmware" / "images"
PANEL = {
    "name": "panel",
    "chip": "esp32s3",
    "flash": "8MB",
    "parts": {
        "lcd": {
            "type": "ST7789",
            "width": 170,
            "height": 320,
            "offset": [35, 0],
            "rotation": 90,
            "sck": "GPIO12",
            "mosi": "GPIO11",
            "cs": "GPIO10",
            "dc": "GPIO9",
        }
    },
}
NOBODY_IS_HERE = 0x5000_1FF0  # RTC SLOW memory, which these programs do not use


def seen(file: str, *, singly: bool, slice_cycles: int, until: tuple[int, ...]) -> list[object]:
    """Everything that tells two runs apart, at some moments in microseconds."""
    path = IMAGES / file
    board = Board.from_data(PANEL) if "frame" in file else "esp32s3_devkitc"
    with Twin(board, image=Image.load(path, "esp32s3")) as twin:
        twin.set_slice(slice_cycles)
        if singly:
            twin.engine.watch(True, NOBODY_IS_HERE, 4, True, True)
        states: list[object] = []
        for moment in until:
            twin.advance(moment * 1_000_000)
            registers = [sorted(twin.registers(core).items()) for core in (0, 1)]
            states.append((twin.now, twin.trace.sha256, list(twin.instructions), registers))
        states.append({name: twin.output(name) for name in twin.console_names})
        states.append(twin.unimplemented)
        return states


ONE_PROCESSOR = [
    "s3_frame.elf",
    "s3_probe_adc.bin",
    "s3_probe_aes.bin",
    "s3_probe_gdma.bin",
    "s3_probe_i2c.bin",
    "s3_probe_i2s.bin",
    "s3_probe_rmt.bin",
    "s3_probe_spi.bin",
    "s3_probe_timg.bin",
    "s3_probe_uart.bin",
]
MOMENTS = (1_003, 4_441, 9_999, 20_000)


@pytest.mark.parametrize("file", [*ONE_PROCESSOR, "s3_probe_multicore.bin"])
def test_a_run_in_which_turns_are_counted_is_one_in_which_they_are_executed(file: str) -> None:
    counted = seen(file, singly=False, slice_cycles=64, until=MOMENTS)
    assert counted == seen(file, singly=True, slice_cycles=64, until=MOMENTS)


@pytest.mark.parametrize("file", ONE_PROCESSOR)
def test_where_a_run_is_cut_makes_no_difference_to_what_waits(file: str) -> None:
    whole = seen(file, singly=False, slice_cycles=64, until=MOMENTS[-1:])
    assert seen(file, singly=False, slice_cycles=17, until=MOMENTS)[len(MOMENTS) - 1 :] == whole
