"""The command: every option, every exit code, and what it says when something is wrong."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image as Picture

from twins import Twin
from twins.cli import main
from twins.cli.watch import Shown
from twins.frames import sha256
from twins.ports import SpiBatch

KEYS = [
    "virtual_s",
    "cpu_s",
    "instructions",
    "mips",
    "rtf",
    "trace_sha256",
    "unimplemented",
    "frames",
    "exit",
    "engine",
]
"""Issue 2, section 7; the engine since there is more than one."""


@pytest.fixture
def image(images: Path) -> str:
    return str(images / "media_controller.elf")


def result(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The object at the end of the output."""
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


def test_until_ends_the_run_when_the_text_is_there(image: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "media_controller", image, "--until", "ready"]) == 0
    shown = capsys.readouterr()
    assert shown.out.endswith("ready\n")
    assert "times real time" in shown.err


def test_fail_on_wins_with_exit_1_and_says_where(image: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "media_controller", image, "--until", "ready", "--fail-on", "volume 4"]) == 1
    assert "twins: 'volume 4' was seen at 2" in capsys.readouterr().err


def test_time_over_before_until_is_exit_3(image: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "media_controller", image, "--until", "never said", "--for", "250ms"]) == 3
    assert "'never said' was not seen within 250ms; last line: 'ready'" in capsys.readouterr().err


def test_time_over_without_until_is_done(image: str) -> None:
    assert main(["run", "media_controller", image, "--for", "10ms"]) == 0


def test_blank_flash_is_a_crash_with_exit_4(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blank = tmp_path / "blank.bin"
    blank.write_bytes(b"\xff" * 4096)
    assert main(["run", "pico", str(blank), "--json"]) == 4
    shown = capsys.readouterr()
    assert "the firmware stopped at" in shown.err
    assert json.loads(shown.out)["exit"] == 4


def test_json_ends_with_one_object_with_the_keys_of_the_issue(
    image: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "deep" / "lcd.png"
    assert main(["run", "media_controller", image, "--until", "ready", "--frame", f"lcd={picture}", "--json"]) == 0
    shown = capsys.readouterr()
    data = json.loads(shown.out)
    assert list(data) == KEYS
    assert data["exit"] == 0
    assert 0.1 < data["virtual_s"] < 1
    assert data["rtf"] == pytest.approx(data["virtual_s"] / data["cpu_s"])
    assert data["mips"] == pytest.approx(sum(data["instructions"]) / data["cpu_s"] / 1e6)
    assert len(data["instructions"]) == 2
    assert len(data["trace_sha256"]) == 64
    assert data["frames"]["lcd"]["path"] == str(picture)
    with Picture.open(picture) as opened:
        assert sha256(np.asarray(opened)) == data["frames"]["lcd"]["sha256"]
    assert shown.err == ""


def test_the_same_seed_gives_the_same_trace_and_another_one_does_not(
    image: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "turn.yaml"
    script.write_text("- expect: ready\n- knob.turn: 1\n")
    traces = []
    for seed in ("1", "1", "2"):
        run = ["run", "media_controller", image, "--for", "400ms", "--input", str(script), "--seed", seed, "--json"]
        assert main(run) == 0
        traces.append(result(capsys)["trace_sha256"])
    assert traces[0] == traces[1] != traces[2]


def test_an_input_script_turns_presses_and_takes_pictures(image: str, tmp_path: Path) -> None:
    script = tmp_path / "script.yaml"
    script.write_text(
        "- expect: ready\n- knob.turn: 3\n- expect: volume 43\n- wait: 100ms\n- knob.press: 80ms\n"
        f"- expect: play\n- frame: {{lcd: {tmp_path / 'shot.png'}}}\n"
    )
    assert main(["run", "media_controller", image, "--input", str(script), "--until", "play", "--for", "2s"]) == 0
    assert (tmp_path / "shot.png").is_file()


def test_an_expectation_looks_behind_what_the_one_before_it_found(
    image: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "script.yaml"
    script.write_text("- expect: ready\n- expect: volume\n")
    assert main(["run", "media_controller", image, "--input", str(script), "--for", "400ms"]) == 3
    assert "script.yaml, line 2: 'volume' was not seen within 400ms" in capsys.readouterr().err
    script.write_text("- expect: ready\n- wait: 1h\n")
    assert main(["run", "media_controller", image, "--input", str(script), "--for", "400ms"]) == 3
    assert "script.yaml, line 2: it is not over within 400ms" in capsys.readouterr().err


def test_a_run_ends_with_its_script_unless_it_is_told_when(
    image: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "script.yaml"
    script.write_text("- expect: ready\n- wait: 100ms\n")
    run = ["run", "media_controller", image, "--input", str(script), "--json"]
    assert main(run) == 0
    assert 0.1 < json.loads(capsys.readouterr().out)["virtual_s"] < 0.6
    assert main([*run, "--for", "700ms"]) == 0
    assert json.loads(capsys.readouterr().out)["virtual_s"] == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["run", "nonsense", "IMAGE"], "there is no board 'nonsense': the boards are", id="board"),
        pytest.param(["run", "pico", "nothing.uf2"], "nothing.uf2: No such file", id="image"),
        pytest.param(["run", "pico", "IMAGE", "--for", "5 parsecs"], "'5 parsecs' is no time", id="time"),
        pytest.param(["run", "pico", "IMAGE", "--frame", "led"], "expected PART=FILE", id="frame without file"),
        pytest.param(["run", "pico", "IMAGE", "--frame", "lcd=a.png"], "has no part 'lcd': it has led", id="part"),
        pytest.param(["run", "pico", "IMAGE", "--video", "led=a.gif"], "'led' has no picture", id="no picture"),
        pytest.param(
            ["run", "pico"], "run pico: which image? Give IMAGE, as in twins run pico blink.uf2", id="no image"
        ),
        pytest.param(["run", "pico", "IMAGE", "--input", "nothing.yaml"], "script nothing.yaml: No such", id="script"),
        pytest.param(["run", "pico", "IMAGE", "--elf", "nothing.elf"], "nothing.elf: No such file", id="elf"),
        pytest.param(["run", "pico", "IMAGE", "--rom", "nothing.rom"], "boot ROM nothing.rom: No such file", id="rom"),
        pytest.param(["info", "nothing.uf2"], "nothing.uf2: No such file", id="info"),
        pytest.param(
            ["run", "pico", "IMAGE", "--frame", "lcd=a.jpg"], "a.jpg: it will be a PNG: name it a.png", id="jpg"
        ),
        pytest.param(["run", "pico", "IMAGE", "--video", "lcd=a.avi"], "a.avi: a video is a .gif or an .mp4", id="avi"),
        pytest.param(["run", "pico", "IMAGE", "--input", "."], "script .: Is a directory", id="script is a directory"),
        pytest.param(["run", "pico", "docs"], "docs: no build folder: expected ", id="image is a directory"),
        pytest.param(["run", "pico", "IMAGE", "--replay", "nothing"], "record nothing: No such file", id="replay"),
        pytest.param(
            ["run", "pico", "IMAGE", "--pty", "usb3"], "--pty: board pico has no console 'usb3': uart0, usb", id="pty"
        ),
        pytest.param(
            ["run", "pico", "IMAGE", "--tcp", "usb=http"], "expected PORT or CONSOLE=PORT, as in usb=4000", id="tcp"
        ),
        pytest.param(["run", "pico", "IMAGE", "--tcp", "99999"], "no such port: 1 to 65535, or 0 for any", id="port"),
        pytest.param(
            ["run", "pico", "IMAGE", "--pace", "fast"], "--pace 'fast': expected a number such as 1", id="pace"
        ),
        pytest.param(
            ["run", "pico", "IMAGE", "--pace", "0"],
            "--pace '0': expected a number such as 1 or 0.5, or max",
            id="pace 0",
        ),
    ],
)
def test_bad_usage_is_exit_2_with_a_sentence(
    arguments: list[str], says: str, image: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([image if word == "IMAGE" else word for word in arguments]) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith("twins: ")
    assert says in shown.err
    assert shown.out == ""


@pytest.mark.parametrize("arguments", [[], ["fly"], ["run"], ["run", "pico", "a", "--seed", "x"], ["info"]])
def test_arguments_that_are_no_command_are_exit_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2


def test_nothing_is_written_when_the_image_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = tmp_path / "empty.uf2"
    empty.touch()
    out = tmp_path / "out"
    options = [f"--frame=lcd={out}/a.png", f"--video=lcd={out}/a.gif", f"--vcd={out}/a.vcd", f"--uart={out}/a.log"]
    assert main(["run", "media_controller", str(empty), *options, f"--flash-out={out}/a.bin", "--json"]) == 2
    assert not out.exists()
    error = result(capsys)
    assert error["exit"] == 2
    assert "the file is empty" in error["error"]


def test_a_file_that_cannot_be_written_is_named(image: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    target = tmp_path / "file" / "a.log"
    assert main(["run", "media_controller", image, "--for", "1ms", "--uart", str(target)]) == 2
    assert f"twins: cannot write {target}: {tmp_path / 'file'} is no directory" in capsys.readouterr().err


def test_uart_keeps_what_the_consoles_showed(image: str, tmp_path: Path) -> None:
    log = tmp_path / "uart.log"
    assert main(["run", "media_controller", image, "--until", "ready", "--uart", str(log)]) == 0
    assert log.read_bytes().splitlines()[1] == b"media controller"


def test_video_is_a_gif_that_changes(image: str, tmp_path: Path) -> None:
    script, video = tmp_path / "turn.yaml", tmp_path / "lcd.gif"
    script.write_text("- expect: ready\n- knob.turn: 3\n")
    run = ["run", "media_controller", image, "--for", "500ms", "--input", str(script), "--video", f"lcd={video}"]
    assert main(run) == 0
    with Picture.open(video) as opened:
        assert opened.size == (320, 240)
        assert opened.n_frames >= 4


def test_flash_out_holds_the_image_and_is_an_image_itself(images: Path, tmp_path: Path) -> None:
    flash = tmp_path / "flash.bin"
    image = images / "media_controller.uf2"
    assert main(["run", "media_controller", str(image), "--until", "ready", "--flash-out", str(flash)]) == 0
    assert flash.stat().st_size == 2 << 20
    assert list(tmp_path.iterdir()) == [flash]
    assert main(["run", "media_controller", str(flash), "--until", "ready", "--for", "1s"]) == 0
    with Twin("media_controller", flash=flash) as twin:
        twin.console.expect("ready", timeout="1s")


def test_vcd_decodes_to_the_bytes_that_the_display_took(image: str, tmp_path: Path) -> None:
    """sigrok's SPI decoder is the authority: it shares nothing with the engine."""
    sigrok = shutil.which("sigrok-cli")
    if sigrok is None:
        pytest.skip("sigrok-cli is not installed (apt-get install sigrok-cli): the VCD is not decoded")
    vcd = tmp_path / "pins.vcd"
    assert main(["run", "media_controller", image, "--until", "ready", "--vcd", str(vcd)]) == 0
    spi = "spi:clk=GPIO16:mosi=GPIO17:cs=GPIO20"
    command = [sigrok, "-I", "vcd:compress=100000", "-i", str(vcd), "-P", spi, "-A", "spi=mosi-data"]
    decoded = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    on_the_wire = bytes(int(line.split()[-1], 16) for line in decoded.splitlines())

    taken = bytearray()
    with Twin("media_controller", image=image) as twin:
        received = twin.lcd._received

        def note(batch: SpiBatch) -> None:
            taken.extend(batch.data.tobytes())
            received(batch)

        twin.lcd._received = note
        twin.console.expect("ready", timeout="1s")
    assert len(taken) > 320 * 240 * 2
    assert on_the_wire == bytes(taken)


def test_boards_and_parts_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boards"]) == 0
    assert "media_controller" in capsys.readouterr().out
    assert main(["parts"]) == 0
    listed = capsys.readouterr().out
    assert "ST7789" in listed
    assert "Pins: a, b, [sw]" in listed


def test_info_tells_what_an_image_holds(images: Path, image: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(images / "media_controller.uf2"), "--json"]) == 0
    data = result(capsys)
    assert data["kind"] == "uf2"
    assert data["segments"][0]["address"] == 0x1000_0000
    assert main(["info", image]) == 0
    shown = capsys.readouterr().out
    assert "ELF for RP2040" in shown
    assert "0x10000000" in shown


def test_the_installed_command_is_this_one() -> None:
    twins = shutil.which("twins")
    if twins is None:
        pytest.skip("the command twins is not on PATH: the virtual environment is not active")
    shown = subprocess.run([twins, "--version"], check=True, capture_output=True, text=True).stdout
    assert shown.startswith("boardtwins ")


class TwoConsoles:
    """What `Shown` asks of a twin: two consoles that have said so much."""

    console_names = ("uart0", "usb")

    def __init__(self) -> None:
        self.said = {"uart0": b"", "usb": b""}

    def output(self, name: str, start: int) -> bytes:
        return self.said[name][start:]


def test_of_two_consoles_that_speak_the_second_is_named_and_lines_stay_whole() -> None:
    twin = TwoConsoles()
    shown = Shown(cast(Twin, twin))
    twin.said = {"uart0": b"rom\r\nboo", "usb": b""}
    assert shown.take() == "rom\r\n"
    twin.said = {"uart0": b"rom\r\nboot\r\n> ", "usb": b"boot\r\n"}
    assert shown.take() == "boot\r\nusb: boot\r\n"
    assert shown.last_line == "boot"
    assert shown.take(rest=True) == "> \n"
    assert shown.take(rest=True) == ""


def test_a_part_is_told_with_its_pins_and_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["parts", "Button"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Button: A momentary push button.")
    assert "bounce: the longest time the contact bounces" in shown
    assert ">>>" not in shown
    assert shown.endswith("Pins: pin\nOptions:\n  active_low = True\n  pull = False\n  bounce = 3ms\n")
    assert main(["parts", "buton"]) == 2
    assert "there is no part 'buton' (did you mean Button?)" in capsys.readouterr().err
