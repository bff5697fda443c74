"""The probe of SDHOST and LCD_CAM with an SD card and a display on its pins: firmware, engine and parts together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from twins import Twin
from twins.board import Board

IMAGE = Path(__file__).parent.parent / "firmware" / "images" / "s3_probe_cards"
BLOCK = bytes(range(256)) * 2
DATA_PINS = (5, 6, 7, 8, 9, 10, 11, 16)


def board(lines: int = 4) -> Board:
    """A board with a card on `lines` lines and a display on an 8080 bus."""
    card = {f"d{n}": f"GPIO{pin}" for n, pin in enumerate((2, 4, 12, 13)[:lines])}
    display = {f"d{n}": f"GPIO{pin}" for n, pin in enumerate(DATA_PINS)}
    return Board.from_data(
        {
            "name": "cards",
            "chip": "esp32s3",
            "flash": "8MB",
            "parts": {
                "card": {"type": "Sdcard", "clk": "GPIO14", "cmd": "GPIO15", **card},
                "lcd": {"type": "ILI9341", "wr": "GPIO17", "dc": "GPIO18", "cs": "GPIO21", **display},
            },
            "consoles": {"uart0": {"tx": "GPIO43", "rx": "GPIO44"}},
        }
    )


def run(twin: Twin) -> Twin:
    twin.card.write(5 * 512, BLOCK)
    twin.run_until(lambda: twin.memory.u32("probe_done") == 1, timeout="5s", every="1ms")
    return twin


@pytest.fixture(scope="module")
def twin() -> Iterator[Twin]:
    with Twin(board(), image=IMAGE.with_suffix(".bin"), elf=IMAGE.with_suffix(".elf")) as twin:
        yield run(twin)


def test_a_block_goes_from_the_card_to_memory_and_back(twin: Twin) -> None:
    assert twin.memory.u32("card_steps") == 6
    assert twin.memory.read("card_block", 512) == BLOCK
    assert twin.card.read(6 * 512, 512) == BLOCK
    assert twin.card.unknown == {}


def test_a_picture_goes_to_the_display(twin: Twin) -> None:
    frame = twin.lcd.frame
    red = (frame == (255, 0, 0)).all(axis=-1)
    # 800 pixels are 20 rows of the window of 40 columns; MADCTL.MX counts them from the right.
    assert red[10:30, 190:230].all()
    assert red.sum() == 800
    assert [command.code for command in twin.lcd.wire][-7:] == [0x11, 0x3A, 0x36, 0x29, 0x2A, 0x2B, 0x2C]
    assert twin.lcd.violations == {}


def test_nothing_is_touched_that_is_not_modelled(twin: Twin) -> None:
    assert not [name for name in twin.unimplemented if name.startswith(("SDHOST", "LCD_CAM", "DMA"))]


def test_a_card_on_one_line_does_not_answer_on_four() -> None:
    with Twin(board(lines=1), image=IMAGE.with_suffix(".bin"), elf=IMAGE.with_suffix(".elf")) as twin:
        run(twin)
        assert twin.memory.u32("card_steps") == 3


def test_a_snapshot_in_the_middle_of_a_transfer_goes_on() -> None:
    with Twin(board(), image=IMAGE.with_suffix(".bin"), elf=IMAGE.with_suffix(".elf")) as twin:
        twin.card.write(5 * 512, BLOCK)
        twin.run_until(lambda: twin.memory.u32("card_steps") == 3, timeout="2s", every="10us")
        with twin.fork() as other:
            run(other)
            assert other.card.read(6 * 512, 512) == BLOCK
        assert twin.card.read(6 * 512, 512) == bytes(512)
        run(twin)
        assert twin.card.read(6 * 512, 512) == BLOCK
