"""Board files: what is read, and what is refused with which sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import peripherals
from twins.board import Board, boards, find_part
from twins.errors import BoardError
from twins.ports import Part

PICO = {"chip": "rp2040"}
LED = {"type": "Led", "pin": "GPIO25"}


def test_the_boards_of_the_package_load_and_their_parts_can_be_made() -> None:
    found = boards()
    assert {"pico", "media_controller"} <= {board.name for board in found}
    for board in found:
        assert all(spec.create().label == name for name, spec in board.parts.items())


def test_a_board_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "bench.toml"
    path.write_text(
        'chip = "rp2040"\nflash = "16MB"\n[parts.strip]\ntype = "WS2812"\ncount = 5\ndata = "GPIO3"\n'
        '[consoles]\nusb = "cdc"\nlog = { tx = "GPIO0" }\n'
    )
    board = Board.load(path)
    assert (board.name, board.flash_size) == ("bench", 16 << 20)
    strip = board.parts["strip"]
    assert (strip.pins, strip.options) == ({"data": 3}, {"count": 5})
    assert [(console.tx, console.rx) for console in board.consoles] == [(None, None), (0, None)]
    assert Board.load(board) is board


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "chip None is not one of rp2040"),
        ({"chip": "z80"}, "chip 'z80' is not one of rp2040"),
        ({"chip": ["rp2040"]}, "is not one of rp2040"),
        (PICO | {"flsh": "2MB"}, "unknown key 'flsh': expected chip, consoles, flash"),
        (PICO | {"flash": "2 megabytes"}, "is no size: write it as '2MB'"),
        (PICO | {"flash": 2}, "is no size: write it as '2MB'"),
        (PICO | {"parts": ["Led"]}, "parts: expected a table"),
        (PICO | {"consoles": "cdc"}, "consoles: expected a table"),
        (PICO | {"parts": {"led": "Led"}}, "part 'led': expected a table with type"),
        (PICO | {"parts": {"led": {"pin": "GPIO1"}}}, "part 'led': expected a table with type"),
        (PICO | {"parts": {"led": {"type": "Lead", "pin": "GPIO1"}}}, "there is no part 'Lead'"),
        (PICO | {"parts": {"led": {"type": "Led", "pin": 25}}}, "25 is no pin of the rp2040: GPIO0 to GPIO29"),
        (PICO | {"parts": {"led": {"type": "Led", "pin": "GPIO30"}}}, "'GPIO30' is no pin of the rp2040"),
        (PICO | {"consoles": {"log": {"rx": "GPIO1"}}}, "console 'log': expected { tx ="),
        (PICO | {"consoles": {"log": "usb"}}, "console 'log': expected { tx ="),
        (PICO | {"consoles": {"log": "jtag"}}, "console 'log': chip rp2040 has no USB Serial/JTAG controller"),
    ],
)
def test_what_is_wrong_is_said(data: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BoardError) as error:
        Board.from_data(data)
    assert sentence in str(error.value)


def test_a_part_that_lacks_a_pin_or_has_odd_options_is_refused() -> None:
    for part, sentence in (
        ({"type": "Led"}, "led: pin 'pin' is not connected"),
        (LED | {"colour": "red"}, "part 'led' (Led) has no pin or option 'colour': its pins are pin, its"),
        (LED | {"activelow": True}, "'activelow' (did you mean active_low?)"),
        (LED | {"type": "WS2812", "data": "GPIO2", "pin": "GPIO1"}, "has no pin or option 'pin': its pins are data, "),
        ({"type": "Button", "pin": "GPIO1", "bounce": []}, "[] is no time"),
        ({"type": "RotaryEncoder", "a": "GPIO1", "b": "GPIO1"}, "part 'led': a and b are both on GPIO1"),
    ):
        with pytest.raises(BoardError) as error:
            Board.from_data(PICO | {"parts": {"led": part}}).parts["led"].create()
        assert sentence in str(error.value)


@pytest.mark.parametrize(
    ("text", "sentence"), [(None, "No such file"), ("chip = ", "is not TOML"), ("\xff", "is not TOML")]
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str | None, sentence: str) -> None:
    path = tmp_path / "mine.toml"
    if text is not None:
        path.write_bytes(text.encode("latin-1"))
    with pytest.raises(BoardError) as error:
        Board.load(path)
    assert str(path) in str(error.value)
    assert sentence in str(error.value)


def test_an_unknown_board_lists_the_known_ones() -> None:
    with pytest.raises(BoardError, match=r"no board 'picoo' \(did you mean pico\?\): the boards are .*media_con.*pico"):
        Board.load("picoo")


def test_a_board_file_without_its_ending_is_named(tmp_path: Path) -> None:
    (tmp_path / "desk.toml").write_text('chip = "rp2040"\n')
    with pytest.raises(BoardError, match=r"there is no board .*desk\.toml is a file: give that"):
        Board.load(tmp_path / "desk")


def test_parts_are_found_by_name_and_by_module() -> None:
    assert find_part("Led") is peripherals.Led
    assert find_part("peripherals.led:Led") is peripherals.Led


@pytest.mark.parametrize("kind", ["Bench", "contact", "os:path", "no.such.module:Part", "peripherals.led:Lamp", ":Led"])
def test_what_is_no_part_is_refused(kind: str) -> None:
    with pytest.raises(BoardError, match="part"):
        find_part(kind)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("ws2812b", "there is no part 'ws2812b' (did you mean WS2812?)"),
        ("button", "(did you mean Button?)"),
        ("peripherals.led:Lamp", "module peripherals.led has no part 'Lamp': it has Part, Led"),
        ("thermometer:Thermometer", "expected thermometer.py in the current folder, or where Python finds modules"),
    ],
)
def test_what_is_meant_instead_is_said(kind: str, sentence: str) -> None:
    with pytest.raises(BoardError) as error:
        find_part(kind)
    assert sentence in str(error.value)


def test_every_part_of_the_package_is_exported_and_documented_with_an_example() -> None:
    for name in peripherals.__all__:
        part = getattr(peripherals, name)
        assert issubclass(part, Part)
        assert ">>>" in (part.__doc__ or ""), name
