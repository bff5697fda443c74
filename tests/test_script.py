"""Input scripts: what is said when one is wrong, and what the steps do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twins import Twin, UsageError
from twins.errors import ScriptFailed, Timeout
from twins.frames import save_png
from twins.scripts import check, load, play


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "script.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("wait: 1s", "expected a list of steps, such as '- wait: 200ms'"),
        ("", "expected a list of steps"),
        ("steps: 3", "expected a list of steps"),
        ("title: x\nsteps: []", "unknown key 'title': expected steps, name, board, image, seed"),
        ("- [", "line 1 is no YAML"),
        ("- wait: 1s\n- wait: &a [*a]", "line 2 is no YAML"),
        ("- wait: 2001-99-99", "is no YAML: month must be in 1..12"),
        ("[" * 5000, "is nested too deeply"),
        ("- wait", "line 1: expected one 'action: value', found 'wait'"),
        ("- wait: 1s\n- {wait: 1s, type: a}", "line 2: expected one 'action: value'"),
        ("- wait: soon", "line 1: 'soon' is no time"),
        ("# why\n\n- wait: -1", "line 3: -1 lies in the past"),
        ("- wait: 9" + "9" * 5000 + "s", "line 1: wait takes a time such as 200ms, found '9999"),
        ("- wait: 1000001s", "line 1: wait takes a time of 1000000s at the most, found 1000001s"),
        ("- turn: {knob: 1000000000}", "line 1: turn knob takes 10000 detents at the most, found 1000000000"),
        ("- at: [1s]", "line 1: at takes a time such as 200ms, found ['1s']"),
        ("- pres: knob", "line 1: unknown action 'pres': did you mean press?"),
        ("- zzz: loud", "line 1: unknown action 'zzz': wait, at, expect, fail, type, "),
        ("- knob.turn.fast: 1", "unknown action 'knob.turn.fast'"),
        ("- expect: 3", "line 1: expect takes a text, found 3: put it in quotes"),
        ("- expect: {within: 1s}", "line 1: expect needs 'text': it takes {text, [console], [within]}"),
        ("- expect: {text: a, for: 1s}", "line 1: expect does not know 'for'"),
        ("- fail:", "line 1: fail takes a text, found None"),
        ("- type:", "line 1: type takes a text, found None"),
        ("- type: [300]", "line 1: type takes a text or a list of bytes from 0 to 255, found [300]"),
        ("- frame: shot.png", "line 1: frame takes {PART: FILE.png}"),
        ("- frame: {lcd: 3}", "line 1: frame takes {PART: FILE.png}"),
        ("- turn: knob", "line 1: turn takes {PART: detents}, found 'knob'"),
        ("- turn: {knob: fast}", "line 1: turn knob takes detents, such as 3 or -1, found 'fast'"),
        ("- turn: {knob: {detents: 1, rpm: .nan}}", "line 1: rpm takes a number, found nan"),
        ("- press: {knob: soon}", "line 1: 'soon' is no time"),
        ("- press: 3", "line 1: press takes PART or {PART: 50ms}, found 3"),
        ("- hold: {knob: 50ms}", "line 1: hold takes the name of knob alone, found '50ms'"),
        ("- touch: {panel: [1]}", "line 1: panel is touched at [x, y] or [x, y, finger], found [1]"),
        ("- move: {panel: here}", "line 1: panel is touched at [x, y]"),
        ("- say: {voice: {azimuth: 62}}", "line 1: say voice: wav takes a text, found None"),
        ("- set: {pot: much}", "line 1: set pot takes a number, found 'much'"),
        ("- set: {GPIO26: 3A}", "line 1: '3A' is no voltage: expected one such as 1.2V or 800mV"),
        ("- expect-frame: {lcd: {within: 1s}}", "line 1: expect-frame lcd needs 'file'"),
        ("- expect-frame: {lcd: {file: a.png, tolerance: 300}}", "line 1: tolerance takes a number from 0 to 255"),
        ("- expect-change: 3", "line 1: expect-change takes PART or {PART: 200ms}, found 3"),
        ("- expect-pin: {GPIO25: 2}", "line 1: a pin is high or low, found 2"),
        ("- reset: now", "line 1: reset takes nothing, found 'now'"),
        ("- trace: abc", "line 1: trace takes the 64 digits of a SHA-256, found 'abc'"),
    ],
)
def test_a_wrong_script_is_refused_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UsageError) as refused:
        load(written(tmp_path, text))
    assert says in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_ten_lines_that_stand_for_a_billion_are_told_in_one_short_sentence(tmp_path: Path) -> None:
    lines = ["- wait: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"- wait: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    with pytest.raises(UsageError) as refused:
        load(written(tmp_path, "\n".join(reversed(lines[:1])) + "\n" + "\n".join(lines[1:])))
    assert len(str(refused.value)) < 300 + len(str(tmp_path))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- wait: 1s\n- dial.turn: 1", "line 2: board media_controller has no part 'dial': it has lcd, knob, battery"),
        ("- press: dial", "line 1: board media_controller has no part 'dial'"),
        ("- hold: lcd", "line 1: lcd (ST7789) cannot 'down'"),
        ("- knob.spin: 1", "line 1: knob (RotaryEncoder) cannot 'spin'"),
        ("- knob._play: 1", "line 1: knob (RotaryEncoder) cannot '_play'"),
        ("- knob.turn: [1, 2, 3]", "line 1: knob.turn: too many positional arguments: it takes detents, rpm"),
        ("- frame: {knob: a.png}", "line 1: 'knob' has no picture"),
        ("- frame: {lcd: a.jpg}", "line 1: "),
        ("- expect: {text: a, console: usb}", "line 1: board media_controller has no console 'usb': it has uart0"),
        ("- type: {usb: a}", "line 1: board media_controller has no console 'usb'"),
        ("- set: {battery.size: 2}", "line 1: battery (Potentiometer) has no 'size' to set: only position"),
        ("- set: {knob: 2}", "line 1: knob (RotaryEncoder) has no 'position' to set: nothing of it can be set"),
        ("- set: {GPIO2: 1V}", "line 1: GPIO2 is no analog input of the rp2040"),
        ("- set: {GPIO77: 1V}", "line 1: 'GPIO77' is no pin of the rp2040"),
        ("- say: {lcd: a.wav}", "line 1: lcd (ST7789) does not hear"),
        ("- expect-frame: {lcd: nothing.png}", "nothing.png is no picture that can be read"),
    ],
)
def test_parts_and_methods_are_looked_for_before_anything_runs(tmp_path: Path, text: str, says: str) -> None:
    steps = load(written(tmp_path, text))
    with pytest.raises(UsageError) as refused:
        check(Twin("media_controller"), steps)
    assert says in str(refused.value)


def test_a_sound_needs_its_direction_and_its_file(tmp_path: Path) -> None:
    lamp = Twin("jinny_lamp")
    for text, says in (
        ("- say: {voice: hello.wav}", "say voice: missing a required argument: 'azimuth': it takes sound, azimuth"),
        ("- say: {voice: {wav: hello.wav, azimut: 3}}", "say voice: missing a required argument"),
        ("- say: {voice: {wav: hello.wav, azimuth: 3}}", "there is no sound"),
    ):
        with pytest.raises(UsageError, match=r"script\.yaml, line 1: ") as refused:
            check(lamp, load(written(tmp_path, text)))
        assert says in str(refused.value)


def test_a_script_turns_presses_types_and_takes_pictures(tmp_path: Path, media_controller: Twin) -> None:
    shot = tmp_path / "shot.png"
    script = f"""
        - turn: {{knob: 1}}
        - expect: volume 41
        - turn: {{knob: {{detents: -2, rpm: 60}}}}
        - expect: {{text: volume 39, console: uart0, within: 1s}}
        - hold: knob
        - wait: 60ms
        - release: knob
        - expect: play
        - frame: {{lcd: {shot}}}
        """
    took = play(media_controller, written(tmp_path, script), timeout="2s")
    assert shot.exists()
    assert media_controller.knob.position == -1
    assert took < 2_000_000_000_000


def test_a_text_that_does_not_come_in_its_time_fails_the_script(tmp_path: Path, media_controller: Twin) -> None:
    script = written(tmp_path, "- expect: {text: never, within: 200ms}")
    before = media_controller.now
    with pytest.raises(ScriptFailed, match=r"script\.yaml, line 1: 'never' was not seen within 200ms"):
        play(media_controller, script)
    assert media_controller.now == before + 200_000_000_000


def test_a_forbidden_text_fails_the_script_from_the_step_on(tmp_path: Path, media_controller: Twin) -> None:
    script = written(tmp_path, "- fail: volume 42\n- turn: {knob: 3}\n- wait: 1s")
    with pytest.raises(ScriptFailed, match=r"line 1: 'volume 42' was seen at "):
        play(media_controller, script)
    play(media_controller, written(tmp_path, "- fail: volume 42\n- wait: 1ms"))


def test_the_whole_has_its_time(tmp_path: Path, media_controller: Twin) -> None:
    with pytest.raises(Timeout, match="line 1: 'never' was not seen within 100ms of virtual time"):
        play(media_controller, written(tmp_path, "- expect: never"), timeout="100ms")
    with pytest.raises(Timeout, match="line 1: it is not over within 100ms"):
        play(media_controller, written(tmp_path, "- wait: 1h"), timeout="100ms")


def test_a_moment_that_is_over_fails(tmp_path: Path, media_controller: Twin) -> None:
    with pytest.raises(ScriptFailed, match="line 1: 1us is over, it is "):
        play(media_controller, written(tmp_path, "- at: 1us"))


def test_a_script_waits_for_a_picture(tmp_path: Path, media_controller: Twin) -> None:
    ahead = media_controller.fork()
    ahead.knob.turn(2)
    ahead.run("600ms")
    save_png(ahead.lcd.frame, tmp_path / "menu.png")
    script = written(tmp_path, "- turn: {knob: 2}\n- expect-frame: {lcd: {file: menu.png, within: 1s}}")
    play(media_controller, script)
    assert np.array_equal(media_controller.lcd.frame, ahead.lcd.frame)


def test_a_picture_that_does_not_come_is_told_with_its_pixels(tmp_path: Path, media_controller: Twin) -> None:
    wanted = media_controller.lcd.frame.copy()
    wanted[7, 5] ^= 0x80
    save_png(wanted, tmp_path / "menu.png")
    script = written(tmp_path, "- expect-frame: {lcd: {file: menu.png, within: 50ms}}")
    with pytest.raises(ScriptFailed, match=r"menu\.png: 1 pixels differ, first at x=5 y=7: .*menu\.actual\.png"):
        play(media_controller, script)
    assert (tmp_path / "menu.actual.png").exists()
    play(media_controller, written(tmp_path, "- expect-frame: {lcd: {file: menu.png, tolerance: 128}}"))


def test_a_picture_of_another_size_is_refused_before_the_run(tmp_path: Path, media_controller: Twin) -> None:
    save_png(np.zeros((4, 3, 3), np.uint8), tmp_path / "menu.png")
    with pytest.raises(UsageError, match=r"menu\.png is a picture of 3x4, lcd shows 320x240"):
        play(media_controller, written(tmp_path, "- expect-frame: {lcd: menu.png}"))


def test_a_script_waits_for_a_change_of_the_picture(tmp_path: Path, media_controller: Twin) -> None:
    play(media_controller, written(tmp_path, "- turn: {knob: 1}\n- expect-change: {lcd: 500ms}"))
    with pytest.raises(ScriptFailed, match="line 1: lcd did not change within 300ms"):
        play(media_controller, written(tmp_path, "- expect-change: {lcd: 300ms}"), timeout="1s")


def test_positions_voltages_pins_and_reset(tmp_path: Path, media_controller: Twin) -> None:
    script = """
        - set: {battery: 0.25}
        - set: {battery.position: 0.3, GPIO27: 800mV}
        - expect-pin: {GPIO18: high}
        - reset
        - expect: ready
        """
    play(media_controller, written(tmp_path, script))
    assert media_controller.battery.position == 0.3
    assert [why for _, why in media_controller.resets] == ["RunPin"]
    with pytest.raises(ScriptFailed, match="line 1: GPIO18 is high, expected low"):
        play(media_controller, written(tmp_path, "- expect-pin: {GPIO18: low}"))
    with pytest.raises(UsageError, match=r"line 1: battery\.position: position 7\.0: expected 0"):
        play(media_controller, written(tmp_path, "- set: {battery: 7.0}"))


def test_a_finger_stays_for_its_time_while_the_script_goes_on(tmp_path: Path) -> None:
    board = tmp_path / "panel.toml"
    board.write_text(
        'chip = "rp2040"\n[parts.panel]\ntype = "FT5x06"\nsda = "GPIO4"\nscl = "GPIO5"\n'
        '[parts.pad]\ntype = "TTP223"\nout = "GPIO6"\n'
    )
    twin = Twin(board)
    script = "- touch: {panel: {x: 20, y: 30, for: 50ms}, pad: 2s}\n- wait: 20ms\n- move: {panel: [40, 30]}\n"
    play(twin, written(tmp_path, script + "- wait: 10ms"), timeout="1s")
    assert twin.now == 50_000_000_000  # the script is over when the finger is away
    assert twin.pad.is_touched
    play(
        twin, written(tmp_path, "- release: pad\n- touch: {panel: [1, 2]}\n- release: panel\n- panel.touch: [3, 4, 1]")
    )
    assert not twin.pad.is_touched


def test_bytes_that_are_no_text_can_be_typed(tmp_path: Path, media_controller: Twin) -> None:
    typed = []
    media_controller.door.listeners.append(lambda entry: typed.append(entry.args[0]))
    play(media_controller, written(tmp_path, '- type: [255, 10]\n- type: {uart0: "é"}'))
    assert typed == ["\xff\n", "Ã©"]
