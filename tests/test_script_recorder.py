"""Recording a session into a script, and playing it to the same trace."""

from __future__ import annotations

import re
import wave
from pathlib import Path

import pytest

from twins import Twin, UsageError
from twins.cli import main
from twins.errors import ScriptFailed
from twins.scripts import Recorder, load, play


@pytest.fixture
def image(images: Path) -> Path:
    return images / "media_controller.elf"


@pytest.fixture
def session(image: Path, tmp_path: Path) -> tuple[Path, str]:
    """A session with everything a person can do to this board, and the hash of its trace."""
    path = tmp_path / "session.yaml"
    with Twin("media_controller", image=image) as twin, Recorder(twin, path) as recorder:
        twin.run("250.123456789ms")
        recorder.hands.knob.turn(2)
        twin.console.send("typed \xff\n".encode("latin-1"))
        twin.console.expect("volume 42", timeout="1s")
        recorder.hands.knob.press("60ms")
        twin.console.send("on\n\x1b[A\u00e9\U0001f600")
        twin.run("70ms")
        recorder.hands.battery.position = 0.25
        recorder.hands.knob.down()
        twin.run("10ms")
        recorder.hands.knob.up()
        twin.door.volts("GPIO27", 1e-7)
        recorder.take_picture("lcd", tmp_path / "then.png")
        twin.reset()
        twin.run("250ms")
        return path, twin.trace.sha256


def test_a_session_becomes_a_script_in_the_words_of_people(session: tuple[Path, str]) -> None:
    path, trace = session
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "board: media_controller"
    assert lines[2:4] == ["seed: 0", "steps:"]
    assert re.fullmatch(r"- at: 250\.1234\d{5}ms", lines[4])  # a run ends behind an instruction
    assert lines[5] == "- turn: {knob: 2}"
    assert '- press: {knob: "60ms"}' in lines
    assert "- set: {battery.position: 0.25}" in lines
    assert "- hold: knob" in lines
    assert "- release: knob" in lines
    assert "- set: {GPIO27: 1.0e-07}" in lines
    assert "- reset" in lines
    assert lines[-1] == f"- trace: {trace}"


def test_the_script_plays_to_the_same_trace(session: tuple[Path, str], image: Path) -> None:
    path, trace = session
    with Twin("media_controller", image=image) as twin:
        play(twin, path, timeout="3s")
        assert twin.trace.sha256 == trace
        assert twin.battery.position == 0.25
    assert (path.parent / "then.png").is_file()


def test_the_command_plays_it_as_well(session: tuple[Path, str], image: Path) -> None:
    assert main(["run", "media_controller", str(image), "--input", str(session[0]), "--for", "2s"]) == 0


def test_another_session_ends_in_another_trace_and_says_so(session: tuple[Path, str], image: Path) -> None:
    path, _ = session
    path.write_text(path.read_text().replace("{knob: 2}", "{knob: 1}"))
    with Twin("media_controller", image=image) as twin, pytest.raises(ScriptFailed, match=r"line \d+: the trace is "):
        play(twin, path)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("seed: 0", "seed: 7", "is of seed 7, this twin has 0"),
        ("board: media_controller", "board: pico", "is of board 'pico', this twin has 'media_controller'"),
    ],
)
def test_a_session_of_another_twin_is_refused(
    old: str, new: str, says: str, session: tuple[Path, str], image: Path
) -> None:
    path, _ = session
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(UsageError, match=says):
        play(Twin("media_controller", image=image), path)


def test_what_the_parts_do_not_have_is_told(image: Path, tmp_path: Path) -> None:
    with Twin("media_controller", image=image) as twin, Recorder(twin, tmp_path / "a.yaml") as recorder:
        with pytest.raises(AttributeError, match="has no part 'dial'"):
            recorder.hands.dial.turn(1)
        with pytest.raises(AttributeError, match="cannot 'spin'"):
            recorder.hands.knob.spin()
        with pytest.raises(UsageError, match="has no 'size' to set"):
            recorder.hands.battery.size = 3
    assert [step.where for step in load(tmp_path / "a.yaml")] == [
        f"script {tmp_path / 'a.yaml'}{line}" for line in ("", ", line 5", ", line 6")
    ]


def test_a_recording_goes_where_it_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot write"):
        Recorder(Twin("media_controller"), tmp_path)


def test_a_voice_is_recorded_with_its_direction(tmp_path: Path) -> None:
    (tmp_path / "sounds").mkdir()
    wav = tmp_path / "sounds" / "hello.wav"
    with wave.open(str(wav), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(b"\x00\x10\x00\xf0" * 800)
    path = tmp_path / "scripts" / "session.yaml"
    path.parent.mkdir()
    with Twin("jinny_lamp") as twin, Recorder(twin, path) as recorder:
        recorder.hands.voice.say(wav, azimuth=62, level_db=-20)
        twin.run("1ms")
        assert len(twin.voice.scene.sources) == 1
    assert '- say: {voice: {wav: "../sounds/hello.wav", azimuth: 62, level_db: -20}}' in path.read_text()
    with Twin("jinny_lamp") as again:
        play(again, path)
        assert len(again.voice.scene.sources) == 1


def test_the_command_records_a_session(image: Path, tmp_path: Path) -> None:
    script, session = tmp_path / "turn.yaml", tmp_path / "session.yaml"
    script.write_text("- expect: ready\n- turn: {knob: 1}\n- wait: 300ms\n")
    run = ["run", "media_controller", str(image), "--for", "900ms"]
    assert main([*run, "--input", str(script), "--record-script", str(session)]) == 0
    assert "- turn: {knob: 1}" in session.read_text()
    assert main([*run, "--input", str(session)]) == 0


def test_the_control_lines_of_a_bridge_are_recorded_and_played(images: Path, tmp_path: Path) -> None:
    """RTS alone holds the chip in reset (esptool's documentation, "Boot Mode Selection")."""

    def power_on() -> Twin:
        return Twin("esp32s3_devkitc", image=images / "s3_idle.bin")

    path = tmp_path / "lines.yaml"
    with power_on() as twin, Recorder(twin, path):
        twin.run("20ms")
        twin.door.lines("uart0", False, True)
        twin.run("5ms")
        twin.door.lines("uart0", False, False)
        twin.run("20ms")
        trace, resets = twin.trace.sha256, len(twin.resets)
    assert resets == 1
    assert "- lines: {uart0: {dtr: false, rts: true}}" in path.read_text().splitlines()
    with power_on() as again:
        play(again, path)
        assert (again.trace.sha256, len(again.resets)) == (trace, 1)


def test_what_the_usb_host_does_is_recorded_and_played(tmp_path: Path) -> None:
    """The drive of the boot ROM is read (datasheet 2.8.4), a request is made (2.8.5.3), and the cable is pulled out."""
    path = tmp_path / "usb.yaml"
    with Twin("pico") as pico, Recorder(pico, path):
        drive = pico.bootsel()
        assert drive.label == "RPI-RP2"
        pico.usb.request(0x41, 0x41, index=1)
        pico.usb.unplug()
        pico.run("5ms")
        trace = pico.trace.sha256
    script = path.read_text().splitlines()
    assert "- bootsel: down" in script
    assert "- bootsel: up" in script
    assert "- usb: {plug: [false]}" in script
    assert "- usb: {ask: [[65, 65, 0, 0, 1, 0, 0, 0], []]}" in script
    with Twin("pico") as again:
        play(again, path)
        assert again.trace.sha256 == trace
