"""The Robot Framework library, by its suites in `robot/` and by what its keywords refuse."""

from __future__ import annotations

from pathlib import Path

import pytest
import robot

from twins.errors import UsageError
from twins.robot_library import TwinsLibrary
from twins.sound import Sound

ROOT = Path(__file__).resolve().parent.parent
SUITES = sorted((ROOT / "robot").glob("*.robot"))


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.stem)
def test_suite(suite: Path, tmp_path: Path) -> None:
    """Exit codes of Robot Framework: the number of failed tests."""
    printed = tmp_path / "console.txt"
    with printed.open("w") as out:
        failed = robot.run(str(suite), outputdir=str(tmp_path), stdout=out, stderr=out)
    assert failed == 0, printed.read_text()


def test_a_failing_suite_fails(tmp_path: Path) -> None:
    suite = tmp_path / "wrong.robot"
    image = ROOT / "firmware" / "images" / "idle.uf2"
    suite.write_text(
        "*** Settings ***\nLibrary    twins.robot_library\n*** Test Cases ***\nWrong\n"
        f"    Create Twin    pico    {image}\n    Create Terminal Tester    uart0\n"
        "    Wait For Line On Uart    no such line    timeout=0.1\n"
    )
    with (tmp_path / "console.txt").open("w") as out:
        assert robot.run(str(suite), outputdir=str(tmp_path), stdout=out, stderr=out) == 1
    assert "did not see 'no such line' on uart0" in (tmp_path / "console.txt").read_text()


@pytest.fixture
def keywords(images: Path) -> TwinsLibrary:
    """The library with a media controller that has booted."""
    library = TwinsLibrary()
    library.create_twin("media_controller", str(images / "media_controller.uf2"))
    library.create_terminal_tester("uart0", timeout=1)
    return library


def test_a_prompt_is_seen_before_its_line_ends_and_the_rest_is_left(keywords: TwinsLibrary) -> None:
    assert keywords.wait_for_prompt_on_uart("rea").line.startswith("rea")
    assert keywords.wait_for_line_on_uart("dy").line == "dy"


def test_a_line_that_was_passed_over_is_gone(keywords: TwinsLibrary) -> None:
    keywords.wait_for_line_on_uart("ready")
    with pytest.raises(AssertionError, match=r"did not see 'battery' on uart0 by .*; unread"):
        keywords.wait_for_line_on_uart("battery", timeout=0.05)


def test_only_the_next_line_counts_where_that_is_asked(keywords: TwinsLibrary) -> None:
    keywords.wait_for_next_line_on_uart()
    keywords.run_for("300ms")
    with pytest.raises(AssertionError, match=r"the next line on uart0 is .*, not 'ready'"):
        keywords.wait_for_line_on_uart("ready", matchNextLine=True)


def test_typing_without_an_echo_is_an_error_unless_none_is_expected(keywords: TwinsLibrary) -> None:
    keywords.wait_for_line_on_uart("ready")
    assert keywords.write_line_to_uart("hello", waitForEcho=False).line == "hello"
    with pytest.raises(AssertionError, match="did not see 'hello"):
        keywords.write_line_to_uart("hello")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda k: k.execute_command("mach create"), "a twin has no monitor; use Create Twin"),
        (lambda k: k.create_terminal_tester("uart7"), "there is no UART 'uart7': consoles are uart0"),
        (lambda k: k.create_led_tester("led"), "there is no LED 'led': this board has none"),
        (lambda k: k.assert_led_state(True), "LED tester without an ID: there is none: Create Led Tester makes one"),
        (lambda k: k.wait_for_line_on_uart("(", treatAsRegex=True), "is no regular expression"),
        (lambda k: k.wait_for_line_on_uart("x", testerId=9), "terminal tester 9: there is 1"),
        (lambda k: k.requires("lost"), "required state 'lost' not found: there is none so far"),
        (lambda k: k.turn_knob("lcd", 1), "there is no part 'lcd' with 'turn': this board has knob"),
        (lambda k: k.run_for("1ms", machine="other"), "machine with name 'other' not found"),
        (lambda k: k.set_pin("GPIO2", "up"), "level 'up': expected high, low or open"),
        (lambda k: k.create_twin("media_controller", "x"), "there is a twin 'media_controller' already"),
    ],
)
def test_wrong_words_are_refused_in_a_sentence(keywords: TwinsLibrary, call: object, message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("(", r"\(")):
        call(keywords)  # type: ignore[operator]
    keywords.reset_emulation()


def test_a_script_that_does_not_come_to_its_end_fails_the_test(keywords: TwinsLibrary, tmp_path: Path) -> None:
    script = tmp_path / "wrong.yaml"
    script.write_text("- expect: {text: no such line, within: 100ms}\n")
    with pytest.raises(AssertionError, match=r"wrong\.yaml.*no such line"):
        keywords.play_script(str(script))


def test_a_loudspeaker_that_hears_no_samples_is_named() -> None:
    library = TwinsLibrary()
    library.create_twin("jinny_lamp", str(ROOT / "firmware" / "images" / "jinny_lamp.bin"))
    with pytest.raises(AssertionError, match="voice got no samples within 1ms"):
        library.hear("voice", "1ms")
    library.reset_emulation()


def test_what_is_heard_is_told_by_frequency_and_level() -> None:
    """Half of a sine of full scale has 6.02 dBFS less (AES17, 3.12.3: full scale is the level of such a sine)."""
    library = TwinsLibrary()
    half = Sound.of(Sound.tone(1000, "200ms").samples / 2, 16000)
    silence = Sound.of([0.0] * 1600, 16000)
    library.sound_should_be(half, 1000, -6.02, tolerance=0.01)
    with pytest.raises(AssertionError, match="the tone has 1000 Hz, not 2000"):
        library.sound_should_be(half, 2000, -9)
    with pytest.raises(AssertionError, match=r"the sound has -\d+\.\d dB, not -40"):
        library.sound_should_be(half, 1000, -40)
    with pytest.raises(AssertionError, match="silence for 100ms"):
        library.sound_should_be(silence, 1000, -9)
    library.sound_should_be_silent(silence)
    with pytest.raises(AssertionError, match=r"\d+ samples sound"):
        library.sound_should_be_silent(half)
