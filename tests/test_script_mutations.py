"""Scripts and diagrams with random faults: they are taken, or refused in one sentence; nothing crashes or hangs."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from twins import Twin
from twins.errors import TwinError
from twins.scripts import check, load, play
from twins.wokwi import Circuit, Diagram

SCRIPT = """\
- fail: panic
- turn: {knob: 3}
- press: {knob: 60ms}
- touch: {panel: {x: 1, y: 2, for: 50ms}}
- touch: {part-id: lcd, x: 1, y: 2}
- set: {battery.position: 0.7, GPIO26: 1.2V}
- set-control: {part-id: knob, control: pressed, value: 1}
- expect-pin: {GPIO25: high}
- knob.turn: [1, 60]
- type: [1, 2]
- hold: [knob]
- at: 1.5ms
- expect: {text: ready, console: uart0, within: 1ms}
"""
DIAGRAM = json.dumps(
    {
        "version": 1,
        "parts": [
            {"id": "pico", "type": "wokwi-pi-pico"},
            {"id": "ring", "type": "wokwi-led-ring", "attrs": {"pixels": "3"}},
            {"id": "b", "type": "wokwi-pushbutton"},
            {"id": "r", "type": "wokwi-resistor"},
            {"id": "lcd", "type": "board-ili9341-cap-touch"},
            {"id": "p", "type": "wokwi-potentiometer", "attrs": {"value": "3"}},
        ],
        "connections": [
            *(["pico:GP1", "ring:DIN", "", []], ["b:1.l", "pico:GP2", "", []], ["b:2.r", "pico:GND.1"]),
            *(["p:SIG", "pico:GP26"], ["r:1", "pico:GP2"], ["r:2", "pico:3V3"], ["lcd:SCK", "pico:GP10"]),
            *(["lcd:MOSI", "pico:GP11"], ["lcd:D/C", "pico:GP12"], ["lcd:SDA", "pico:GP4"], ["lcd:SCL", "pico:GP5"]),
        ],
    }
)
ODD = (
    "3",
    "-1",
    "true",
    "null",
    "[]",
    "{}",
    '"x"',
    "1e999",
    ".nan",
    "2001-13-01",
    "!!binary aGk=",
    "&x [*x]",
    "? x",
    "9" * 500,
)


def mutated(random: Random, text: str) -> str:
    """A text with one to four faults."""
    letters = list(text)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(letters))
        until = at + random.randint(0, 12)
        kind = random.random()
        if kind < 0.4:
            letters[at:until] = random.choice(ODD)
        elif kind < 0.6:
            del letters[at : min(until, at + len(letters) - 1)]
        elif kind < 0.8:
            letters[at:at] = letters[random.randrange(len(letters)) :][: random.randint(1, 20)]
        else:
            letters[at] = chr(random.randrange(0x3000))
        letters = letters or ["-"]
    return "".join(letters)


@pytest.mark.parametrize("seed", range(4))
def test_a_script_with_faults(seed: int, tmp_path: Path) -> None:
    random, path, twin = Random(seed), tmp_path / "s.yaml", Twin("media_controller")
    taken, sentences = 0, []
    for _ in range(150):
        path.write_text(mutated(random, SCRIPT), encoding="utf-8")
        try:
            steps = load(path)
            check(twin, steps)
            taken += 1
            play(twin.fork(), steps, timeout="2ms")
        except TwinError as error:
            sentences.append(str(error).partition("\n")[0])
    assert taken < 150
    assert max(map(len, sentences)) < 600


@pytest.mark.parametrize("seed", range(4))
def test_a_diagram_with_faults(seed: int, tmp_path: Path) -> None:
    random, path = Random(seed), tmp_path / "diagram.json"
    taken, sentences = 0, []
    for _ in range(150):
        path.write_text(mutated(random, DIAGRAM), encoding="utf-8")
        try:
            made = Circuit(Diagram.load(path), "bench")
        except TwinError as error:
            sentences.append(str(error))
            continue
        taken += 1
        made.board().create_parts()
        assert made.toml().startswith("# Made by `twins import wokwi`")
    assert 0 < taken < 150
    assert not [sentence for sentence in sentences if "\n" in sentence]
