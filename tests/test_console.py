"""Consoles: pexpect's words over virtual time."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pexpect
import pytest

from twins import ExpectTimeout, Timeout, Twin, UsageError
from twins.board import Board
from twins.console import Console


@pytest.fixture
def booting(images: Path) -> Twin:
    """A media controller at power-on."""
    return Twin("media_controller", image=images / "media_controller.elf")


def test_expect_sets_before_after_and_match(booting: Twin) -> None:
    console = booting.console
    assert console.expect(r"volume (\d+)", timeout="1s") == 0
    assert console.match is not None
    assert console.match.group(1) == "40"
    assert console.after == "volume 40"
    assert console.before.endswith("battery 66%\r\n") or console.before.endswith("battery 66%\n")
    console.expect_exact("ready", timeout="1s")
    assert "pause" in console.before
    assert "volume" not in console.before


def test_the_index_is_that_of_the_pattern_that_came(booting: Twin) -> None:
    assert booting.console.expect(["no such text", r"battery \d+%"], timeout="1s") == 1
    assert booting.console.expect_exact(["never", "pause"], timeout="1s") == 1
    assert booting.console.expect_list([re.compile("ready")], timeout="1s") == 0


def test_expect_stops_where_the_text_is_not_at_the_time_out(booting: Twin) -> None:
    booting.console.expect("media controller", timeout="5s")
    assert booting.time.seconds < 0.3


def test_a_time_out_is_of_both_families_and_takes_exactly_its_virtual_time(media_controller: Twin) -> None:
    for family in (ExpectTimeout, Timeout, pexpect.TIMEOUT):
        start = media_controller.now
        with pytest.raises(family, match="within 30ms of virtual time"):
            media_controller.console.expect("never", timeout="30ms")
        assert media_controller.now - start == pytest.approx(30e9, abs=1e6)


def test_the_time_out_of_the_console_holds_where_none_is_given(media_controller: Twin) -> None:
    media_controller.console.timeout = 0.02
    start = media_controller.now
    with pytest.raises(ExpectTimeout, match="within 20ms"):
        media_controller.console.expect_exact("never")
    assert media_controller.now - start == pytest.approx(20e9, abs=1e6)


def test_a_time_out_can_be_a_pattern(media_controller: Twin) -> None:
    assert media_controller.console.expect(["never", pexpect.TIMEOUT], timeout="5ms") == 1


def test_the_message_shows_what_was_printed_and_not_matched(media_controller: Twin) -> None:
    media_controller.knob.turn(+1)
    with pytest.raises(ExpectTimeout, match=r"Last printed and not yet matched: '.*volume 41"):
        media_controller.console.expect("never", timeout="200ms")


def test_a_text_that_is_there_already_takes_no_time(media_controller: Twin) -> None:
    media_controller.knob.turn(+1)
    media_controller.run("200ms")
    start = media_controller.now
    media_controller.console.expect("volume 41", timeout=0)
    assert media_controller.now == start


def test_a_fork_reads_on_where_its_parent_was(media_controller: Twin) -> None:
    media_controller.knob.turn(+1)
    media_controller.run("200ms")
    media_controller.console.expect("vol", timeout=0)
    fork = media_controller.fork()
    for twin in (fork, media_controller):
        twin.console.expect_exact("41", timeout=0)
        assert twin.console.before == "ume "


def test_a_restored_twin_prints_again_what_comes_after_the_snapshot(media_controller: Twin) -> None:
    snapshot = media_controller.snapshot()
    for _ in range(2):
        media_controller.knob.turn(+1)
        media_controller.console.expect("volume 41", timeout="1s")
        media_controller.restore(snapshot)


def test_what_was_read_after_a_snapshot_is_forgotten_with_it(media_controller: Twin) -> None:
    snapshot = media_controller.snapshot()
    media_controller.knob.turn(+1)
    media_controller.run("200ms")
    media_controller.console.expect("vol", timeout=0)
    media_controller.restore(snapshot)
    with pytest.raises(ExpectTimeout):
        media_controller.console.expect("ume 41", timeout="200ms")


def test_each_console_has_its_name(media_controller: Twin) -> None:
    assert list(media_controller.consoles) == ["uart0"]
    assert media_controller.consoles["uart0"].text == media_controller.console.text
    assert media_controller.console.log.decode() == media_controller.console.text


def test_a_board_without_consoles_cannot_be_typed_on() -> None:
    twin = Twin(Board.from_data({"chip": "rp2040"}))
    with pytest.raises(UsageError, match=r"no console to type on: add one to the board file under \[consoles\]"):
        twin.console.send("x")
    assert isinstance(twin.console, Console)


def echoing(images: Path) -> Twin:
    """Firmware that sends back what it receives on UART0, slowly: its loop stands where `battery_percent` was.

    ARMv6-M ARM, A6.7; RP2040 datasheet 4.2.8: UARTDR at 0, UARTFR at 0x18 with RXFE in bit 4, TXFF in bit 5.
    """
    code = [
        0x4805,  # ldr r0, [pc, #20]: UART0
        0x6981,  # empty: ldr r1, [r0, #0x18]
        0x06C9,  # lsls r1, r1, #27: RXFE
        0xD4FC,  # bmi empty
        0x6802,  # ldr r2, [r0]
        0x6981,  # full: ldr r1, [r0, #0x18]
        0x0689,  # lsls r1, r1, #26: TXFF
        0xD4FC,  # bmi full
        0x6002,  # str r2, [r0]
        0xE7F6,  # b empty
        0xBF00,  # nop
        0xBF00,  # nop
    ]
    twin = Twin("media_controller", image=images / "media_controller.elf")
    address = twin.symbols["battery_percent"].address
    assert address % 4 == 0
    data = struct.pack("<12HI", *code, 0x4003_4000)
    twin._engine.write_flash(address - 0x1000_0000, data)
    twin.console.expect("media controller", timeout="1s")
    twin.run("150ms")
    return twin


def test_what_is_typed_comes_back(images: Path) -> None:
    twin = echoing(images)
    assert twin.console.sendline("hello") == 7
    twin.console.expect_exact("hello\r\n", timeout="10ms")


def test_nothing_typed_is_lost_although_the_fifo_holds_32(images: Path) -> None:
    """115200 baud carry a byte in 87 us (10 bits): 4000 bytes take 0.35 s both ways at once."""
    twin = echoing(images)
    text = "".join(f"{n:04d}" for n in range(1000))
    twin.console.send(text)
    twin.console.expect_exact(text, timeout="500ms")
    assert twin.console.text.endswith(text)


def test_what_was_typed_survives_a_snapshot(images: Path) -> None:
    twin = echoing(images)
    twin.console.send("0123456789" * 20)
    twin.run("3ms")
    fork = twin.fork()
    for one in (twin, fork):
        one.console.expect_exact("0123456789" * 20, timeout="50ms")


def test_a_console_that_there_is_not_is_refused_with_those_that_there_are(booting: Twin) -> None:
    assert "usb" not in booting.consoles
    with pytest.raises(UsageError, match="board media_controller has no console 'usb': it has uart0"):
        booting.consoles["usb"]
