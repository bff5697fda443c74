"""Projects of Wokwi run as they are, with their scenarios."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twins import Twin
from twins.cli import main
from twins.errors import BoardError, ImageError, ScriptFailed, TwinError, UsageError
from twins.frames import load_picture, save_png
from twins.scripts import check, load, play
from twins.wokwi import load_project


@pytest.fixture
def project(tmp_path: Path, images: Path) -> Path:
    """The media controller, as somebody draws it for Wokwi."""
    folder = tmp_path / "player"
    (folder / "build").mkdir(parents=True)
    shutil.copy(images / "media_controller.uf2", folder / "build" / "app.uf2")
    shutil.copy(images / "media_controller.elf", folder / "build" / "app.elf")
    (folder / "wokwi.toml").write_text(
        "[wokwi]\nversion = 1\nfirmware = 'build/app.uf2'\nelf = 'build/app.elf'\nrfc2217ServerPort = 4000\n"
    )
    parts = [
        {"id": "pico", "type": "wokwi-pi-pico"},
        {"id": "encoder-1", "type": "wokwi-ky-040"},
        {"id": "pot1", "type": "wokwi-potentiometer", "attrs": {"value": "300"}},
        {"id": "lcd", "type": "wokwi-ili9341"},
        {"id": "oled", "type": "wokwi-ssd1306"},
    ]
    wires = "encoder-1:CLK-pico:GP10 encoder-1:DT-pico:GP11 encoder-1:SW-pico:GP12 pot1:SIG-pico:GP28 " + (
        "lcd:SCK-pico:GP16 lcd:MOSI-pico:GP17 lcd:CS-pico:GP20 lcd:D/C-pico:GP19 lcd:RST-pico:GP18 "
        "pico:GP0-$serialMonitor:RX pico:GP1-$serialMonitor:TX"
    )
    connections = [[*_ends(wire), "green", []] for wire in wires.split()]
    (folder / "diagram.json").write_text(json.dumps({"version": 1, "parts": parts, "connections": connections}))
    return folder


def _ends(wire: str) -> list[str]:
    """``encoder-1:CLK-pico:GP10``: the last hyphen parts the two."""
    return list(wire.rpartition("-")[::2])


def scenario(project: Path, *steps: str, head: str = "name: Turns\nversion: 1\nauthor: A\n") -> Path:
    path = project / "test.yaml"
    path.write_text(head + "steps:\n" + "".join(f"  - {step}\n" for step in steps))
    return path


def names_of(project: Path) -> Any:
    return load_project(project).names


def test_a_project_runs_as_it_is(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(project), "--until", "ready", "--for", "1s"]) == 0
    shown = capsys.readouterr()
    assert "ready" in shown.out
    assert "oled (wokwi-ssd1306): there is no such part here" in shown.err
    assert "rfc2217ServerPort: twins run --rfc2217 PORT" in shown.err


def test_its_configuration_can_be_named_and_another_image_be_run(project: Path, images: Path) -> None:
    assert main(["run", str(project / "wokwi.toml"), "--until", "ready", "--for", "1s"]) == 0
    assert main(["run", str(project), str(images / "idle.uf2"), "--until", "ready", "--for", "100ms"]) == 3


def test_a_scenario_presses_and_writes_and_expects(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = scenario(
        project,
        "wait-serial: ready",
        "set-control: {part-id: encoder-1, control: pressed, value: 1}",
        "delay: 100ms",
        "set-control: {part-id: encoder-1, name: pressed, value: 0}",
        "wait-serial: 'play'",
        "set-control: {part-id: pot1, control: position, value: 0.5}",
        "write-serial: 'help\\n'",
        "write-serial: [87, 10]",
        "expect-pin: {part-id: pico, pin: GP18, value: 1}",
        "expect-pin: {part-id: lcd, name: RST, expected: 1}",
        "take-screenshot: {part-id: lcd, save-to: shot.png}",
    )
    assert main(["run", str(project), "--scenario", str(path), "--for", "2s"]) == 0
    assert load_picture(project / "shot.png").shape == (320, 240, 3)
    capsys.readouterr()


def test_a_pin_that_is_not_as_expected_fails_with_exit_1(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = scenario(project, "wait-serial: ready", "expect-pin: {part-id: pico, pin: GP18, value: 0}")
    assert main(["run", str(project), "--scenario", str(path), "--for", "2s"]) == 1
    assert "test.yaml, line 6: GPIO18 is high, expected low" in capsys.readouterr().err


def test_a_screenshot_is_compared_pixel_by_pixel(project: Path) -> None:
    open_project = load_project(project)

    def played(*steps: str) -> None:
        with Twin(open_project.board, open_project.image) as twin:
            play(twin, load(scenario(project, "wait-serial: ready", *steps), open_project.names), timeout="1s")

    played("take-screenshot: {part-id: lcd, save-to: golden.png}")
    played("take-screenshot: {part-id: lcd, compare-with: golden.png}")
    picture = load_picture(project / "golden.png").copy()
    picture[3, 2] ^= 1
    save_png(np.ascontiguousarray(picture), project / "golden.png")
    with pytest.raises(ScriptFailed, match=r"golden\.png: 1 pixels differ, first at x=2 y=3"):
        played("take-screenshot: {part-id: lcd, compare-with: golden.png}")


def test_a_project_with_an_esp32s3_runs(tmp_path: Path, images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(images / "s3_mix.bin", tmp_path / "merged.bin")
    (tmp_path / "wokwi.toml").write_text("[wokwi]\nversion = 1\nfirmware = 'merged.bin'\n")
    wires = [["esp:TX", "$serialMonitor:RX", "", []], ["esp:RX", "$serialMonitor:TX", "", []]]
    parts = [{"id": "esp", "type": "board-esp32-s3-devkitc-1", "attrs": {"flashSize": "16"}}]
    (tmp_path / "diagram.json").write_text(json.dumps({"parts": parts, "connections": wires}))
    path = scenario(tmp_path, "wait-serial: 'ESP-ROM:esp32s3'", "expect-pin: {part-id: esp, pin: 0, value: 1}")
    assert main(["run", str(tmp_path), "--scenario", str(path)]) == 0
    assert "ESP-ROM:esp32s3" in capsys.readouterr().out


def test_a_finger_touches_moves_and_leaves(tmp_path: Path) -> None:
    folder = tmp_path / "panel"
    folder.mkdir()
    parts = [{"id": "esp", "type": "board-esp32-s3-devkitc-1"}, {"id": "tft", "type": "board-ili9341-cap-touch"}]
    wires = {"SCK": 12, "MOSI": 11, "CS": 10, "D/C": 46, "SDA": 8, "SCL": 9}
    connections = [[f"tft:{pin}", f"esp:{gpio}", "", []] for pin, gpio in wires.items()]
    (folder / "diagram.json").write_text(json.dumps({"parts": parts, "connections": connections}))
    (folder / "app.bin").write_bytes(b"\xe9")
    (folder / "wokwi.toml").write_text("[wokwi]\nversion = 1\nfirmware = 'app.bin'\n")
    opened = load_project(folder)
    seen: list[tuple[str, Any]] = []
    with Twin(opened.board) as twin:
        twin.door.listeners.append(lambda entry: seen.append((twin.now // 10**9, entry.args)))
        path = scenario(
            folder,
            "touch: {part-id: tft, x: 120, y: 160, duration: 100ms, wait: true}",
            "touch-press: {part-id: tft, x: 50, y: 100}",
            "delay: 50ms",
            "touch-move: {part-id: tft, x: 150, y: 100}",
            "touch-release: {part-id: tft}",
            "touch: {part-id: tft, x: 1, y: 2}",
        )
        play(twin, load(path, opened.names), timeout="1s")
    assert seen == [
        (0, ("touch", 120, 160)),
        (100, ("release",)),
        (100, ("touch", 50, 100)),
        (150, ("move", 150, 100)),
        (150, ("release",)),
        (150, ("touch", 1, 2)),
        (200, ("release",)),
    ]


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ("delay: 500", "line 5: delay takes a text, found 500"),
        ("wait-serial: [a]", "line 5: wait-serial takes a text, found ['a']"),
        ("write-serial: [1000]", "line 5: write-serial takes a text or a list of bytes"),
        ("set-control: {control: pressed, value: 1}", "line 5: set-control needs 'part-id'"),
        ("set-control: {part-id: pot1, value: 1}", "line 5: control takes a text, found None"),
        (
            "set-control: {part-id: pot1, control: pressed, value: 3}",
            "line 5: the control pressed takes 0 or 1, found 3",
        ),
        ("set-control: {part-id: pot1, control: position, value: a}", "line 5: the control position takes a number"),
        ("expect-pin: {part-id: pico, value: 1}", "line 5: expect-pin needs 'pin', found None"),
        ("expect-pin: {part-id: pico, pin: RUN, value: 1}", "line 5: pico:RUN is on no pin of the chip"),
        ("expect-pin: {part-id: oled, pin: SDA, value: 1}", "line 5: oled:SDA is on no pin of the chip"),
        ("expect-pin: {part-id: pico, pin: GP2}", "line 5: a pin is high or low, found None"),
        ("take-screenshot: {part-id: lcd}", "line 5: take-screenshot needs 'save-to' or 'compare-with'"),
        ("touch: {part-id: lcd, x: 1}", "line 5: touch needs 'y'"),
        ("touch-press: {part-id: lcd, x: a, y: 2}", "line 5: x takes a number, found 'a'"),
        ("touch-release: {part-id: 3}", "line 5: part-id takes a text, found 3"),
        ("wait-seriall: a", "line 5: unknown action 'wait-seriall': did you mean wait-serial?"),
    ],
)
def test_a_wrong_scenario_is_refused_with_its_line(step: str, says: str, project: Path) -> None:
    with pytest.raises(UsageError) as refused:
        load(scenario(project, step), names_of(project))
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ("set-control: {part-id: dht, control: pressed, value: 1}", "line 5: board player has no part 'dht'"),
        ("set-control: {part-id: lcd, control: pressed, value: 1}", "line 5: lcd (ILI9341) cannot 'down'"),
        (
            "set-control: {part-id: pot1, control: lux, value: 1}",
            "pot1 (Potentiometer) has no 'lux' to set: only position",
        ),
        ("set-control: {part-id: lcd, control: position, value: 1}", "line 5: lcd (ILI9341) has no 'position' to set"),
        ("take-screenshot: {part-id: pot1, save-to: a.png}", "line 5: 'pot1' has no picture"),
        ("touch: {part-id: pot1, x: 1, y: 2}", "line 5: pot1 (Potentiometer) cannot 'touch'"),
    ],
)
def test_parts_of_a_scenario_are_looked_for_before_it_runs(step: str, says: str, project: Path) -> None:
    opened = load_project(project)
    with pytest.raises(UsageError) as refused:
        check(Twin(opened.board), load(scenario(project, step), opened.names))
    assert says in str(refused.value)


def test_a_scenario_without_its_diagram_takes_pins_by_number(project: Path) -> None:
    path = scenario(project, "expect-pin: {part-id: esp, pin: 2, expected: 0}", "touch: {part-id: a-b, x: 1, y: 2}")
    found = load(path)
    assert [getattr(step, "pin", getattr(step, "part", None)) for step in found][1:3] == ["GPIO2", "a_b"]


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        (None, BoardError, "wokwi.toml: No such file or directory: expected the wokwi.toml of a project of Wokwi"),
        ("[wokwi", BoardError, "wokwi.toml is not TOML"),
        ("version = 1", BoardError, "expected a table [wokwi] with version and firmware"),
        ("[wokwi]\nversion = 2", BoardError, "version 2 of the format: expected version = 1"),
        ("[wokwi]\nversion = 1", BoardError, "expected firmware = '...', found None"),
        ("[wokwi]\nversion = 1\nfirmware = 'none.uf2'", ImageError, "none.uf2 is not there: build it first"),
        ("[wokwi]\nversion = 1\nfirmware = '.'", ImageError, "is not there: build it first"),
        ('[wokwi]\nversion = 1\nfirmware = "a\\u0000"', BoardError, "expected firmware = '...'"),
        ("[wokwi]\nversion = 1\nfirmware = 'build/app.uf2'\nelf = 3", BoardError, "expected elf = '...', found 3"),
    ],
)
def test_a_wrong_configuration_is_refused_in_a_sentence(
    text: str | None, error: type[TwinError], says: str, project: Path
) -> None:
    config = project / "wokwi.toml"
    config.unlink() if text is None else config.write_text(text)
    with pytest.raises(error) as refused:
        load_project(config)
    assert says in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("firmware", "beside", "image"),
    [
        ("build/flasher_args.json", (), "build"),
        ("out/firmware.bin", ("out/bootloader.bin",), "out"),
        ("out/app.ino.bin", ("out/app.ino.bootloader.bin",), "out"),
        ("out/merged.bin", (), "out/merged.bin"),
    ],
    ids=["ESP-IDF", "PlatformIO", "Arduino", "merged"],
)
def test_a_build_of_several_files_is_taken_as_its_folder(
    firmware: str, beside: tuple[str, ...], image: str, project: Path
) -> None:
    (project / "out").mkdir()
    for name in (firmware, *beside):
        (project / name).touch()
    (project / "wokwi.toml").write_text(f"[wokwi]\nversion = 1\nfirmware = '{firmware}'\n")
    assert load_project(project).image == project / image


def test_a_folder_without_a_project_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(tmp_path)]) == 2
    assert "expected the wokwi.toml of a project of Wokwi" in capsys.readouterr().err


def test_a_folder_named_like_a_board_is_no_project(
    tmp_path: Path, images: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pico").mkdir()
    monkeypatch.chdir(tmp_path)
    assert main(["run", "pico", str(images / "idle.uf2"), "--for", "1ms"]) == 0
    capsys.readouterr()
