"""Diagrams of Wokwi as boards: pins and attributes as in its documentation's pages of the parts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from twins import Board, Twin
from twins.cli import main
from twins.errors import BoardError
from twins.wokwi import Circuit, Diagram

PICO = ("pico", "wokwi-pi-pico")
S3 = ("esp", "board-esp32-s3-devkitc-1")


def circuit(*parts: tuple[Any, ...], wires: str = "") -> Circuit:
    """A diagram with parts (id, type, attributes) and wires as ``a:1-b:2``."""
    listed = [{"id": part[0], "type": part[1], "attrs": part[2] if len(part) > 2 else {}} for part in parts]
    connections = [[*wire.split("-"), "green", []] for wire in wires.split()]
    return Circuit(Diagram.from_data({"version": 1, "parts": listed, "connections": connections}), "bench")


def test_the_board_is_ours_with_its_memories_and_consoles() -> None:
    pico = circuit(PICO).board()
    assert (pico.chip.name, pico.flash_size, list(pico.parts)) == ("rp2040", 2 << 20, ["led"])
    s3 = circuit((*S3, {"flashSize": "16", "psramSize": "2", "psramType": "quad"})).board()
    assert (s3.chip.name, s3.flash_size, s3.psram_size, s3.psram_octal) == ("esp32s3", 16 << 20, 2 << 20, False)
    assert circuit((*S3, {"psramSize": "0"})).board().psram_size == 0
    assert circuit(("x", "board-xiao-esp32-s3")).board().parts["led"].pins == {"pin": 21}


def test_the_radio_of_a_pico_w_is_named_as_missing() -> None:
    made = circuit(("pico", "board-pi-pico-w"))
    assert made.missing == ["the Pico W's radio and the LED on it are not modelled"]
    assert made.board().parts == {}


@pytest.mark.parametrize(
    ("wires", "says"),
    [
        ("pico:GP15-d:A d:C-pico:GND.1", {"pin": "GPIO15"}),
        ("pico:3V3-d:A d:C-pico:GP2", {"pin": "GPIO2", "active_low": True}),
        ("pico:GP15-r:1 r:2-d:A d:C-pico:GND.1", {"pin": "GPIO15"}),
        ("pico:GP15-d:A d:C-r:1 r:2-pico:GND.8", {"pin": "GPIO15"}),
        ("pico:GP15-bb:12t.a bb:12t.e-d:A d:C-bb:tn.3 bb:tn.25-pico:GND.1", {"pin": "GPIO15"}),
        ("pico:TP5-d:A d:C-gnd:GND", {"pin": "GPIO25"}),
    ],
    ids=["to ground", "to the supply", "resistor above", "resistor below", "on a breadboard", "ground symbol"],
)
def test_an_led_is_on_its_pin(wires: str, says: dict[str, Any]) -> None:
    scenery = (("r", "wokwi-resistor"), ("bb", "wokwi-breadboard-half"), ("gnd", "wokwi-gnd"))
    made = circuit(PICO, ("d", "wokwi-led"), *scenery, wires=wires)
    assert made.missing == []
    assert made.data["parts"]["d"] == {"type": "Led", **says}


@pytest.mark.parametrize(
    ("attrs", "wires", "says"),
    [
        ({}, "pico:GP4-b:1.l b:2.r-pico:GND.1", {"bounce": "1ms"}),
        ({"bounce": "0"}, "b:2.l-pico:GP4 pico:GND.1-b:1.r", {"bounce": "0ms"}),
        ({}, "pico:GP4-b:1.r b:2.l-pico:3V3", {"active_low": False, "bounce": "1ms"}),
        ({}, "pico:GP4-b:1.l b:2.l-pico:GND.1 b:1.r-r:1 r:2-pico:3V3", {"pull": True, "bounce": "1ms"}),
        (
            {},
            "pico:GP4-b:1.l b:2.l-pico:3V3 b:1.r-r:1 r:2-pico:GND.2",
            {"active_low": False, "pull": True, "bounce": "1ms"},
        ),
    ],
    ids=["to ground", "the other way round", "to the supply", "pulled up", "pulled down"],
)
def test_a_button_is_on_its_pin(attrs: dict[str, str], wires: str, says: dict[str, Any]) -> None:
    made = circuit(PICO, ("b", "wokwi-pushbutton", attrs), ("r", "wokwi-resistor"), wires=wires)
    assert made.missing == []
    assert made.data["parts"]["b"] == {"type": "Button", "pin": "GPIO4", **says}


def test_a_ky_040_has_twenty_steps_and_pulls() -> None:
    made = circuit(S3, ("e", "wokwi-ky-040"), wires="esp:5-e:CLK esp:6-e:DT esp:7-e:SW e:GND-esp:GND.1 e:VCC-esp:3V3.1")
    encoder = {"type": "RotaryEncoder", "detents": 20, "pull": True, "a": "GPIO5", "b": "GPIO6", "sw": "GPIO7"}
    assert made.data["parts"]["e"] == encoder


def test_a_potentiometer_stands_at_its_value_of_1023() -> None:
    made = circuit(PICO, ("p", "wokwi-potentiometer", {"value": "1023"}), wires="p:SIG-pico:GP26 p:VCC-pico:VBUS")
    assert made.data["parts"]["p"] == {"type": "Potentiometer", "position": 1.0, "supply": 5.0, "wiper": "GPIO26"}
    made = circuit(PICO, ("p", "wokwi-slide-potentiometer"), wires="p:SIG-pico:GP27")
    assert made.data["parts"]["p"] == {"type": "Potentiometer", "position": 0.0, "wiper": "GPIO27"}


SCREEN = "esp:12-s:SCK esp:11-s:MOSI esp:13-s:MISO esp:10-s:CS esp:46-s:D/C esp:3V3.1-s:LED"


def test_an_ili9341_is_on_its_pins() -> None:
    made = circuit(S3, ("s", "wokwi-ili9341"), wires=SCREEN)
    wired = {"sck": "GPIO12", "mosi": "GPIO11", "miso": "GPIO13", "cs": "GPIO10", "dc": "GPIO46"}
    assert made.data["parts"]["s"] == {"type": "ILI9341", **wired}


def test_an_ili9341_with_a_touch_panel_becomes_two_parts() -> None:
    made = circuit(S3, ("s", "board-ili9341-cap-touch"), wires=f"{SCREEN} esp:8-s:SDA esp:9-s:SCL")
    assert made.data["parts"]["s"]["type"] == "ILI9341"
    assert made.data["parts"]["s_touch"] == {"type": "FT5x06", "model": "FT6206", "sda": "GPIO8", "scl": "GPIO9"}
    assert (made.names.part("s"), made.names.panel("s")) == ("s", "s_touch")


def test_a_card_is_on_spi() -> None:
    wires = "sd:SCK-pico:GP18 sd:DI-pico:GP19 sd:DO-pico:GP16 sd:CS-pico:GP17 sd:CD-pico:GP20"
    made = circuit(PICO, ("sd", "wokwi-microsd-card"), wires=wires)
    assert made.data["parts"]["sd"] == {
        "type": "Sdcard",
        "sck": "GPIO18",
        "mosi": "GPIO19",
        "miso": "GPIO16",
        "cs": "GPIO17",
    }


def test_leds_on_one_data_line_are_one_strip() -> None:
    parts = [("ring", "wokwi-led-ring"), ("n1", "wokwi-neopixel"), ("strip", "wokwi-led-strip", {"pixels": "5"})]
    made = circuit(PICO, *parts, wires="n1:DOUT-strip:DIN ring:DOUT-n1:DIN pico:GP3-ring:DIN")
    assert made.data["parts"] == {
        "ring": {"type": "WS2812", "count": 16 + 1 + 5, "data": "GPIO3"},
        "led": {"type": "Led", "pin": "GPIO25"},
    }
    assert [made.names.part(name) for name in ("ring", "n1", "strip")] == ["ring"] * 3


def test_a_matrix_has_rows_and_columns() -> None:
    attrs = {"rows": "4", "cols": "16", "layout": "serpentine"}
    made = circuit(PICO, ("m", "wokwi-led-matrix", attrs), ("c", "wokwi-neopixel-canvas"), wires="pico:GP3-m:DIN")
    matrix = {"type": "WS2812", "rows": 4, "columns": 16, "serpentine": True, "data": "GPIO3"}
    assert made.data["parts"]["m"] == matrix
    assert made.missing == ["c (wokwi-neopixel-canvas): its pin DIN is on no pin of the chip"]


def test_what_we_lack_is_named_in_one_list() -> None:
    made = circuit(
        PICO,
        ("dht1", "wokwi-dht22"),
        ("u1", "chip-inverter"),
        ("led2", "wokwi-led"),
        ("pot", "wokwi-potentiometer", {"value": "lots"}),
        ("ring", "wokwi-led-ring", {"pixels": "-1"}),
        ("esp", "board-esp32-s3-devkitc-1"),
        ("la", "wokwi-logic-analyzer"),
        ("note", "wokwi-text"),
        wires="led2:A-pico:GP2 led2:C-pico:GP3 pico:GP4-pico:GP5 ghost:1-pico:GP6 pot:SIG-pico:GP26",
    )
    assert made.missing == [
        "connections[3]: there is no part 'ghost'",
        "dht1 (wokwi-dht22): there is no such part here",
        "u1 (chip-inverter): there is no such part here",
        "led2 (wokwi-led): expected one end on a pin of the chip and the other at ground or at a supply",
        "pot (wokwi-potentiometer): its attribute value is 'lots', expected a number from 0 to 1023",
        "ring (wokwi-led-ring): its pin DIN is on no pin of the chip",
        "esp (board-esp32-s3-devkitc-1): a twin has one board, this is a second one",
        "GPIO4, GPIO5 are wired together: twin.pins.join puts a wire between two",
    ]
    assert made.notes == ["la (wokwi-logic-analyzer): twins run --vcd FILE writes every pin"]
    made.board().create_parts()


def test_names_that_a_twin_has_itself_get_others() -> None:
    parts = [("time", "wokwi-led"), ("1-x", "wokwi-led"), ("a-b", "wokwi-led"), ("a_b", "wokwi-led")]
    data = {
        "parts": [{"id": PICO[0], "type": PICO[1]}, *({"id": name, "type": kind} for name, kind in parts)],
        "connections": [
            wire
            for number, (name, _) in enumerate(parts)
            for wire in ([f"{name}:A", f"pico:GP{number}"], [f"{name}:C", "pico:GND.1"])
        ],
    }
    made = Circuit(Diagram.from_data(data), "x")
    assert list(made.data["parts"]) == ["time_part", "part_1_x", "a_b", "a_b_", "led"]
    assert Twin(made.board()).parts.keys() == made.data["parts"].keys()


def test_the_serial_monitor_is_a_console_where_it_is_on_other_pins() -> None:
    usual = circuit(S3, wires="esp:TX-$serialMonitor:RX esp:RX-$serialMonitor:TX")
    assert [console.name for console in usual.board().consoles] == ["uart0", "usb", "usb_jtag"]
    other = circuit(PICO, wires="pico:GP4-$serialMonitor:RX pico:GP5-$serialMonitor:TX")
    first, *_ = other.board().consoles
    assert (first.name, first.tx, first.rx) == ("serial", 4, 5)


def test_a_part_on_the_pin_of_the_boards_own_takes_its_place() -> None:
    made = circuit(S3, ("b", "wokwi-pushbutton"), wires="esp:0-b:1.l b:2.l-esp:GND.1")
    assert list(made.data["parts"]) == ["b"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1 is no JSON: Expecting value"),
        ('{"parts": [\n{]', "line 2 is no JSON"),
        ("[" * 100_000, "is no JSON that can be read"),
        ("[]", 'expected {"parts": [...], "connections": [...]}'),
        ('{"parts": {}}', "expected {"),
        ('{"parts": [3]}', "parts[0]: expected an object with id and type, found 3"),
        ('{"parts": [{"id": "a"}]}', "parts[0]: expected a text as type, found None"),
        ('{"parts": [{"id": "a\\nb", "type": "t"}]}', "parts[0]: expected a text as id"),
        ('{"parts": [{"id": "a", "type": "t", "attrs": 3}]}', "parts[0]: expected an object as attrs, found 3"),
        ('{"parts": [{"id": "a", "type": "t"}, {"id": "a", "type": "t"}]}', "parts[1]: there is a part 'a' already"),
        ('{"parts": [], "connections": 3}', "expected a list of connections, found 3"),
        ('{"parts": [], "connections": [["a:1"]]}', 'connections[0]: expected ["part:pin", "part:pin", ...]'),
        ('{"parts": [], "connections": [["a", "b:1"]]}', "connections[0]: expected a pin as \"part:pin\", found 'a'"),
        (
            '{"parts": [], "connections": []}',
            "has no microcontroller that there is here: expected one of wokwi-pi-pico",
        ),
        ('{"parts": [{"id": "u", "type": "wokwi-arduino-uno"}]}', "found wokwi-arduino-uno"),
    ],
)
def test_a_wrong_diagram_is_refused_in_a_sentence(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "diagram.json"
    path.write_text(text)
    with pytest.raises(BoardError) as refused:
        Circuit(Diagram.load(path))
    assert says in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    assert len(str(refused.value)) < 400 + len(str(path))


def test_a_diagram_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BoardError, match="No such file"):
        Diagram.load(tmp_path / "diagram.json")


# The command


@pytest.fixture
def diagram(tmp_path: Path) -> Path:
    """A folder with a diagram that has something we lack."""
    folder = tmp_path / "my blinker"
    folder.mkdir()
    data = {
        "parts": [
            {"id": "pico", "type": "wokwi-pi-pico"},
            {"id": "red", "type": "wokwi-led"},
            {"id": "matrix", "type": "wokwi-led-matrix", "attrs": {"layout": "serpentine"}},
            {"id": "dht1", "type": "wokwi-dht22"},
        ],
        "connections": [
            ["red:A", "pico:GP15", "green", ["v0"]],
            ["red:C", "pico:GND.1", "black", []],
            ["matrix:DIN", "pico:GP3", "green", []],
            ["$serialMonitor:RX", "pico:GP8", "", []],
        ],
    }
    (folder / "diagram.json").write_text(json.dumps(data))
    return folder


def test_the_command_makes_a_board_file(diagram: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "board.toml"
    assert main(["import", "wokwi", str(diagram), "-o", str(path)]) == 0
    shown = capsys.readouterr()
    assert shown.err == (
        "twins: the diagram has 1 thing that there are not here:\n  dht1 (wokwi-dht22): there is no such part here\n"
    )
    board = Board.load(path)
    assert board.name == "my_blinker"
    assert {name: part.pins for name, part in board.parts.items()} == {
        "red": {"pin": 15},
        "matrix": {"data": 3},
        "led": {"pin": 25},
    }
    assert "# Left out: dht1 (wokwi-dht22): there is no such part here" in path.read_text()
    assert board.create_parts()["matrix"].serpentine  # type: ignore[attr-defined]
    assert [console.name for console in board.consoles] == ["serial", "uart0", "usb"]


def test_the_command_can_be_strict(diagram: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "board.toml"
    assert main(["import", "wokwi", str(diagram), "-o", str(path), "--strict"]) == 1
    assert not path.exists()
    assert main(["import", "wokwi", str(diagram / "diagram.json")]) == 0
    assert 'chip = "rp2040"' in capsys.readouterr().out


def test_the_command_refuses_what_is_no_project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "wokwi", str(tmp_path)]) == 2
    assert "diagram.json: No such file" in capsys.readouterr().err
