"""The device under test, in pytest-embedded's words."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from twins import ExpectTimeout, Twin
from twins.testing import Dut
from twins.testing.unity import MenuCase, parse_menu, parse_results

IMAGES = Path(__file__).parent.parent.parent / "firmware" / "images"
Run = Callable[..., pytest.RunResult]


@pytest.fixture
def dut() -> Dut:
    """A media controller at power-on."""
    return Dut(Twin("media_controller", image=IMAGES / "media_controller.elf"), timeout=1)


def speaking(text: bytes) -> Dut:
    """Firmware that says a text on UART0 and stops: where `battery_percent` was, a loop over it.

    ARMv6-M ARM, A6.7; RP2040 datasheet 4.2.8: UARTDR at 0, UARTFR at 0x18 with TXFF in bit 5.
    """
    code = [
        0x4806,  # ldr r0, [pc, #24]: UART0
        0xA107,  # adr r1, text
        0x780A,  # next: ldrb r2, [r1]
        0x2A00,  # cmp r2, #0
        0xD005,  # beq stop
        0x6983,  # full: ldr r3, [r0, #0x18]
        0x069B,  # lsls r3, r3, #26: TXFF
        0xD4FC,  # bmi full
        0x6002,  # str r2, [r0]
        0x3101,  # adds r1, #1
        0xE7F6,  # b next
        0xE7FE,  # stop: b stop
        0xBF00,
        0xBF00,
    ]
    twin = Twin("media_controller", image=IMAGES / "media_controller.elf")
    address = twin.symbols["battery_percent"].address
    twin._engine.write_flash(address - 0x1000_0000, struct.pack("<14HI", *code, 0x4003_4000) + text + b"\0")
    return Dut(twin, timeout=1)


def test_expect_returns_the_match_over_bytes(dut: Dut) -> None:
    match = dut.expect(r"volume (\d+)")
    assert isinstance(match, re.Match)
    assert match.group(1) == b"40"
    assert dut.expect(re.compile(rb"re(ad)y")).group(1) == b"ad"


def test_patterns_are_texts_bytes_compiled_or_lists(dut: Dut) -> None:
    assert dut.expect(["never", rb"battery (\d+)%"]).group(1) == b"66"
    found = dut.expect([re.compile("ready"), "volume", b"pause"], expect_all=True)
    assert [match.group() for match in found] == [b"volume", b"pause", b"ready"]


def test_expect_exact_takes_text_literally(dut: Dut) -> None:
    assert dut.expect_exact("66%").group(0) == b"66%"
    with pytest.raises(pexpect.TIMEOUT):
        dut.expect_exact("volume .0", timeout=0.5)


def test_what_came_before_and_what_must_not(dut: Dut) -> None:
    assert dut.expect("volume", return_what_before_match=True).endswith(b"battery 66%\r\n")
    with pytest.raises(ValueError, match="'pause' should not have come, and did before 'ready'"):
        dut.expect("ready", not_matching="pause")
    with pytest.raises(ValueError, match="cannot be True at the same time"):
        dut.expect("x", expect_all=True, return_what_before_match=True)
    assert dut.expect(pexpect.TIMEOUT, timeout=0.1) == b""


def test_a_time_out_is_pexpects_with_pytest_embeddeds_words(dut: Dut, tmp_path: Path) -> None:
    dut.logfile = str(tmp_path / "dut.log")
    dut.expect("battery")
    with pytest.raises(pexpect.TIMEOUT) as error:
        dut.expect("never", timeout=0.25)
    assert isinstance(error.value, ExpectTimeout)
    words = str(error.value)
    assert words.startswith('Not found "never"\nBytes in current buffer (color code eliminated):  66%')
    assert words.endswith(f"Please check the full log here: {tmp_path / 'dut.log'}")
    assert b"media controller" in (tmp_path / "dut.log").read_bytes()


def test_a_reset_goes_on_with_the_same_log(dut: Dut) -> None:
    dut.expect("ready")
    dut.serial.hard_reset()
    dut.expect("ready")
    assert dut.console.log.count(b"media controller") == 2


def test_what_is_typed_before_the_firmware_runs_is_not_lost() -> None:
    """An echo, ARMv6-M ARM, A6.7; RP2040 datasheet 4.2.8: UARTDR at 0, UARTFR at 0x18, RXFE in bit 4, TXFF in bit 5."""
    code = [0x4805, 0x6981, 0x06C9, 0xD4FC, 0x6802, 0x6981, 0x0689, 0xD4FC, 0x6002, 0xE7F6, 0xBF00, 0xBF00]
    twin = Twin("media_controller", image=IMAGES / "media_controller.elf")
    address = twin.symbols["battery_percent"].address
    twin._engine.write_flash(address - 0x1000_0000, struct.pack("<12HI", *code, 0x4003_4000))
    dut = Dut(twin, timeout=1)
    dut.write("typed at power-on")
    dut.write(b"raw")
    dut.expect_exact("typed at power-on\nraw")


UNITY = (
    b"test_x.c:12:adds:PASS\r\ntest_x.c:20:divides:%s\r\n\r\n"
    b"-----------------------\r\n2 Tests %d Failures 0 Ignored\r\n%s\r\n"
)


def test_unitys_output_is_read() -> None:
    dut = speaking(UNITY % (b"PASS", 0, b"OK"))
    dut.expect_unity_test_output(timeout=2)
    assert [(case.name, case.result, case.file, case.line) for case in dut.cases] == [
        ("adds", "PASS", "test_x.c", 12),
        ("divides", "PASS", "test_x.c", 20),
    ]


def test_a_case_of_unity_that_failed_fails_the_test() -> None:
    dut = speaking(UNITY % (b"FAIL: Expected 2 Was 1", 1, b"FAIL"))
    with pytest.raises(AssertionError, match=r"1 of 2 Unity test cases failed:\nFAIL divides \(test_x\.c:20\): "):
        dut.expect_unity_test_output(timeout=2)
    assert [case.result for case in dut.cases] == ["PASS", "FAIL"]


def test_the_other_form_of_unity_is_read() -> None:
    """unity_fixture.c prints the group and the case, then the result behind them."""
    found = parse_results(b"TEST(math, adds) PASS\r\nTEST(math, divides)test_x.c:20::FAIL: Expected 2\r\n")
    assert [(case.name, case.group, case.result, case.message) for case in found] == [
        ("adds", "math", "PASS", ""),
        ("divides", "math", "FAIL", "Expected 2"),
    ]


def test_the_menu_of_an_esp_idf_test_application_is_read() -> None:
    """The form is that of ESP-IDF's documentation, "Unit Testing in ESP32-S3"."""
    menu = (
        '(1)\t"adds" [math]\n(2)\t"resets" [sys][multi_stage][timeout=9]\n'
        '\t(1)\t"first"\n\t(2)\t"second"\n(3)\t"x" [ignore]\n'
    )
    assert list(parse_menu(menu)) == [
        MenuCase(1, "adds", groups=["math"]),
        MenuCase(2, "resets", "multi_stage", [], ["sys"], {"timeout": "9"}, [(1, "first"), (2, "second")]),
        MenuCase(3, "x", keywords=["ignore"]),
    ]


def test_the_fixture_runs_a_test_of_pytest_embedded(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("target", ["rp2040"], indirect=True)
        def test_ready(dut, target, app):
            assert dut.expect(r"volume (\\d+)", timeout=5).group(1) == b"40"
            dut.expect_exact("ready")
            assert dut.target == app.target == "rp2040"

        @pytest.mark.parametrize("target", ["esp32c3"], indirect=True)
        def test_of_another_chip(dut):
            assert False

        def test_time_out(dut):
            dut.expect("never", timeout=0.2)
        """
    )
    result = run()
    result.assert_outcomes(passed=1, skipped=1, failed=1)
    result.stdout.fnmatch_lines(
        ['*ExpectTimeout: Not found "never"', "*full log here: *dut.log", "*snapshot: out/twins/*"]
    )
    assert list(project.path.glob("out/twins/*/test_time_out/dut.log"))
