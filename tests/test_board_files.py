"""Board files: what they hold, and what is said when one is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from twins import BoardError, Twin
from twins.board import Board, boards, find_part

WHOLE = """
name = "mine"
chip = "rp2040"
flash = "4MB"
[parts.lamp]
type = "Led"
pin = "GPIO3"
active_low = true
[consoles]
uart = { tx = "GPIO4", rx = "GPIO5" }
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_of_ones_own_is_a_board(tmp_path: Path) -> None:
    board = Board.load(written(tmp_path, WHOLE))
    assert (board.name, board.flash_size, board.parts["lamp"].pins) == ("mine", 4 << 20, {"pin": 3})
    assert board.parts["lamp"].options == {"active_low": True}
    assert [(console.name, console.tx, console.rx) for console in board.consoles] == [("uart", 4, 5)]
    assert Twin(board).lamp.active_low


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('chip = "rp2040"', 'chip = "z80"', "chip 'z80' is not one of rp2040"),
        ('chip = "rp2040"', "", "chip None is not one of rp2040"),
        ('"4MB"', '"four"', "'four' is no size: write it as '2MB'"),
        ('"4MB"', '"4MB octal"', "flash '4MB octal': octal flash is for the esp32s3, up to 32MB"),
        ('name = "mine"', 'nmae = "mine"', "unknown key 'nmae': expected chip, consoles"),
        ('"Led"', '"Laser"', "there is no part 'Laser': `twins parts` lists them"),
        ('"Led"', '"nothing:Laser"', "part type 'nothing:Laser': No module named 'nothing'"),
        ('type = "Led"', "", 'expected a table with type = "..."'),
        ('"GPIO3"', '"GPIO30"', "'GPIO30' is no pin of the rp2040: GPIO0 to GPIO29"),
        ('"GPIO3"', "3", "3 is no pin of the rp2040"),
        ('{ tx = "GPIO4", rx = "GPIO5" }', '"com1"', 'expected { tx = "GPIOn", rx = "GPIOn" } or "cdc"'),
        ("[consoles]", "[consoles", "is not TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place_and_the_reason(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in WHOLE
    path = written(tmp_path, WHOLE.replace(old, new))
    with pytest.raises(BoardError) as refused:
        Board.load(path)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('pin = "GPIO3"', "", "lamp: pin 'pin' is not connected: add pin = \"GPIOn\""),
        (
            "active_low",
            "colour",
            "part 'lamp' (Led) has no pin or option 'colour': its pins are pin, its options active_low",
        ),
    ],
)
def test_a_part_that_cannot_be_made_is_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(BoardError) as refused:
        Twin(written(tmp_path, WHOLE.replace(old, new)))
    assert says in str(refused.value)


def test_a_board_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(
        BoardError, match=r"there is no board 'picco' \(did you mean pico\?\): the boards are badge, .*, pico, xiao"
    ):
        Board.load("picco")
    with pytest.raises(BoardError, match=r"nothing\.toml: No such file"):
        Board.load(tmp_path / "nothing.toml")


def test_the_boards_of_the_package_can_all_be_powered() -> None:
    assert [board.name for board in boards()] == [
        "badge",
        "esp32s3_devkitc",
        "jinny_lamp",
        "media_controller",
        "pico",
        "xiao_esp32s3",
    ]
    for board in boards():
        twin = Twin(board)
        assert list(twin) == list(board.parts)


def test_a_part_of_a_module_of_ones_own() -> None:
    assert find_part("peripherals.led:Led").__name__ == "Led"
    with pytest.raises(BoardError, match=r"module peripherals\.led has no part 'Lamp': it has Part, Led"):
        find_part("peripherals.led:Lamp")
