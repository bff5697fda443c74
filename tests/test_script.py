"""Input scripts: what is said when one is wrong, and what the steps do."""

from __future__ import annotations

from pathlib import Path

import pytest

from twins import Twin, UsageError
from twins.cli.script import check_script, load_script, play


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "script.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("wait: 1s", "expected a list of steps, such as '- wait: 200ms'"),
        ("- [", "is no YAML"),
        ("- wait", "step 1: expected one 'action: value', found 'wait'"),
        ("- wait: 1s\n- {wait: 1s, type: a}", "step 2: expected one 'action: value'"),
        ("- wait: soon", "step 1: 'soon' is no time"),
        ("- wait: -1", "step 1: -1 lies in the past"),
        ("- sing: loud", "step 1: unknown action 'sing': wait, expect, type, frame, or part.method"),
        ("- knob.turn.fast: 1", "unknown action 'knob.turn.fast'"),
        ("- expect: 3", "step 1: expect takes a text, found 3: put it in quotes"),
        ("- type:", "step 1: type takes a text, found None"),
        ("- frame: shot.png", "step 1: frame takes {PART: FILE.png}"),
    ],
)
def test_a_wrong_script_is_refused_with_its_step(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UsageError) as refused:
        load_script(written(tmp_path, text))
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- wait: 1s\n- dial.turn: 1", "step 2: board media_controller has no part 'dial': it has lcd, knob, battery"),
        ("- knob.spin: 1", "step 1: knob (RotaryEncoder) cannot 'spin'"),
        ("- knob._play: 1", "step 1: knob (RotaryEncoder) cannot '_play'"),
        ("- frame: {knob: a.png}", "step 1: 'knob' has no picture"),
    ],
)
def test_parts_and_methods_are_looked_for_before_anything_runs(tmp_path: Path, text: str, says: str) -> None:
    steps = load_script(written(tmp_path, text))
    with pytest.raises(UsageError) as refused:
        check_script(Twin("media_controller"), steps)
    assert says in str(refused.value)


def test_arguments_that_a_method_does_not_take_name_the_step(tmp_path: Path) -> None:
    steps = load_script(written(tmp_path, "- knob.turn: [1, 2, 3, 4, 5, 6]"))
    with pytest.raises(UsageError, match=r"step 1: knob\.turn: .*takes"):
        list(play(Twin("media_controller"), steps))


def test_steps_that_need_time_are_handed_out_and_the_others_done(tmp_path: Path, media_controller: Twin) -> None:
    shot = tmp_path / "shot.png"
    script = f"- knob.press:\n- wait: 100ms\n- knob.turn: [1]\n- expect: volume\n- frame: {{lcd: {shot}}}\n"
    given = []
    for step in play(media_controller, load_script(written(tmp_path, script))):
        given.append((step.action, step.value))
        assert not shot.exists()
        media_controller.run("400ms")
    assert given == [("wait", "100ms"), ("expect", "volume")]
    assert shot.exists()
    assert "volume 41" in media_controller.console.text
