"""Resets by the RUN pin, the flash chip's serial number, and names of parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twins import BoardError, FirmwareCrashed, Twin, UsageError
from twins.board import Board


def test_a_reset_starts_the_firmware_again_and_leaves_board_and_consoles(media_controller: Twin) -> None:
    media_controller.knob.turn(+3)
    media_controller.console.expect("volume 43", timeout="500ms")
    at, lcd, console = media_controller.now, media_controller.lcd, media_controller.console
    shown = lcd.frame
    media_controller.reset()
    assert media_controller.now == at
    assert media_controller.lcd is lcd
    assert media_controller.console is console
    assert np.array_equal(lcd.frame, shown), "the glass is of the panel, not of the chip"
    assert media_controller.resets[-1] == (at, "RunPin")
    console.expect("media controller", timeout="1s")
    console.expect("volume 40", timeout="1s")
    assert console.text.count("media controller") == 2


def test_memory_outlives_a_reset(media_controller: Twin) -> None:
    """2.12: a reset of the chip does not clear SRAM; the firmware uses none of the last bytes of bank 5 (2.6.2)."""
    media_controller.memory.write(0x2004_1000, b"still here")
    media_controller.reset()
    assert media_controller.memory.read(0x2004_1000, 10) == b"still here"


def test_a_reset_brings_a_chip_back_that_had_stopped(tmp_path: Path, images: Path) -> None:
    data = bytearray((images / "idle.uf2").read_bytes())
    good = bytes(data)
    data[512 + 32 + 4 : 512 + 32 + 8] = (0x3000_0001).to_bytes(4, "little")  # the reset vector
    path = tmp_path / "broken.uf2"
    path.write_bytes(data)
    with Twin("pico", image=path) as pico:
        with pytest.raises(FirmwareCrashed):
            pico.run("1s")
        pico.run("10ms")
        assert pico.instructions == pico.fork().instructions
        stopped = pico.instructions[0]
        pico.reset()
        with pytest.raises(FirmwareCrashed):
            pico.run("1s")
        assert pico.instructions[0] > stopped
    assert good != bytes(data)


def test_the_trace_sees_a_reset(media_controller: Twin) -> None:
    fork = media_controller.fork()
    fork.reset()
    assert fork.trace.sha256 != media_controller.trace.sha256


def test_a_reset_touches_nothing_that_is_not_modelled(media_controller: Twin) -> None:
    media_controller.reset()
    media_controller.run("300ms")
    assert media_controller.unimplemented == {}


def test_the_serial_number_of_the_flash_is_given_by_board_or_constructor(tmp_path: Path) -> None:
    board = tmp_path / "numbered.toml"
    board.write_text('chip = "rp2040"\nunique_id = "E660583883724A32"\n')
    assert Twin(board).flash.unique_id == bytes.fromhex("e660583883724a32")
    assert Twin(board, unique_id=bytes(range(8))).flash.unique_id == bytes(range(8))
    twin = Twin("pico", unique_id="0011223344556677")
    fork = twin.fork()
    fork.flash.unique_id = b"12345678"
    assert twin.flash.unique_id.hex() == "0011223344556677"
    assert fork.flash.unique_id == b"12345678"


@pytest.mark.parametrize("value", ["e66", "not hexadecimal", b"short", bytes(9)])
def test_a_serial_number_that_is_none_is_refused(value: bytes | str) -> None:
    with pytest.raises(UsageError, match="a flash chip's unique id is 8 bytes, or 16 hexadecimal digits, not"):
        Twin("pico", unique_id=value)


def test_a_board_file_with_a_bad_serial_number_is_refused() -> None:
    with pytest.raises(BoardError, match="board: unique_id: a flash chip's unique id is 8 bytes"):
        Board.from_data({"chip": "rp2040", "unique_id": "12"})


@pytest.mark.parametrize("name", ["run", "console", "parts", "now", "door", "board", "_engine"])
def test_a_part_named_like_something_of_the_twin_is_refused(name: str) -> None:
    board = Board.from_data({"chip": "rp2040", "parts": {name: {"type": "Led", "pin": "GPIO25"}}})
    with pytest.raises(BoardError, match=rf"a part cannot be named '{name}', .* give \[parts\.{name}\] another name"):
        Twin(board)


def test_every_attribute_of_a_twin_is_a_name_that_parts_cannot_have(media_controller: Twin) -> None:
    for name in vars(media_controller):
        if not name.startswith("_"):
            board = Board.from_data({"chip": "rp2040", "parts": {name: {"type": "Led", "pin": "GPIO25"}}})
            with pytest.raises(BoardError, match="a part cannot be named"):
                Twin(board)
