"""What every engine of the ESP32-S3 must be able to do, on our own firmware: firmware/hello, and probes and benches.

Each test is there for each engine; it is skipped where that is not on this machine, or lacks what the test needs. The
engines without a QEMU and a Renode are tested by `tests/test_qemu_scripted.py` and `tests/test_renode_scripted.py`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.test_firmware_esp32s3 import MIX_CRC
from tests.test_probes_esp32s3 import RESULT_WORDS, tool
from twins import Board, Twin
from twins.abi import Pointer
from twins.engines import EngineSpec
from twins.intercept import Call

IMAGES = Path(__file__).parent.parent / "firmware" / "images"

pytestmark = pytest.mark.parametrize("twin_engine", ["native", "renode", "qemu"], indirect=True)


def board(engine: EngineSpec, name: str, flash: Path | None = None) -> Twin:
    """Without PSRAM, whose octal kind makes QEMU 9.2.2 itself crash where the firmware writes its flash."""
    image = IMAGES / f"s3_{name}"
    kit = replace(Board.load("esp32s3_devkitc"), psram_size=0)
    return Twin(kit, image=image.with_suffix(".bin"), elf=image.with_suffix(".elf"), engine=engine, flash=flash)


@pytest.fixture
def hello(twin_engine: EngineSpec) -> Iterator[Twin]:
    """The firmware has said hello."""
    with board(twin_engine, "hello") as twin:
        twin.consoles["uart0"].expect_exact("hello 1, reset by 1\r\n", timeout="1s")
        yield twin


def ask(twin: Twin, line: str, answer: str) -> None:
    """Types a line; the firmware says this."""
    twin.consoles["uart0"].send(line + "\r")
    twin.consoles["uart0"].expect_exact(answer, timeout="1s")


def test_the_chain_runs_from_the_rom_to_the_application(hello: Twin) -> None:
    """The ROM's banner as every ESP32-S3 prints it (ESP-IDF documentation, bootloader), then our second stage."""
    text = hello.output("uart0").decode()
    steps = ["ESP-ROM:esp32s3-20210327", "rst:0x1 (POWERON)", "boardtwins second stage", "entry 40374420", "hello 1"]
    places = [text.find(step) for step in steps]
    assert -1 not in places
    assert places == sorted(places)


def test_a_line_that_is_typed_comes_back(hello: Twin) -> None:
    ask(hello, "abcdef", "6 fedcba\r\n")
    ask(hello, "", "0 \r\n")


def test_both_cores_run(hello: Twin) -> None:
    ask(hello, "count", "both\r\n")
    before = hello.memory.u32("second_core_count")
    hello.run("1ms")
    assert hello.memory.u32("second_core_count") > before


def test_memory_is_read_and_written_by_symbol(hello: Twin) -> None:
    ask(hello, "abc", "cba")
    assert hello.memory.read("line", 4) == b"cba\0"
    hello.memory.write("line", b"xyz\0")
    assert hello.memory.read("line", 4) == b"xyz\0"


@pytest.mark.needs_engine("registers")
def test_registers_tell_where_the_cores_are(hello: Twin) -> None:
    hello.run("1ms")
    places = [hello.symbols.name(hello.registers(core)["pc"]).partition("+")[0] for core in (0, 1)]
    assert places[0] in ("main", "take_line", "uart_received")
    assert places[1] == "second_core"


def test_the_firmware_resets_itself_and_says_why(hello: Twin) -> None:
    """3: RTC_SW_SYS_RESET (ESP32-S3 TRM 8.2)."""
    ask(hello, "reset", "hello 2, reset by 3\r\n")
    assert [reason for _, reason in hello.resets] == ["CoreSoftware"]


def test_the_reset_pin(hello: Twin) -> None:
    hello.reset()
    hello.consoles["uart0"].expect_exact("hello 2, reset by 1\r\n", timeout="1s")
    assert [reason for _, reason in hello.resets] == ["PowerOn"]


def test_flash_keeps_what_the_firmware_writes(hello: Twin, twin_engine: EngineSpec, tmp_path: Path) -> None:
    """Four bytes of zero at the beginning of the partition for data, as the image's table has it, for each boot."""
    hello.flash.save(tmp_path / "flash.bin")
    kept = (tmp_path / "flash.bin").read_bytes()
    assert kept[0x110000:0x110008] == bytes(4) + b"\xff" * 4
    with board(twin_engine, "hello", flash=tmp_path / "flash.bin") as twin:
        # The image is written over it, and leaves the partition alone.
        twin.consoles["uart0"].expect_exact("hello 2, reset by 1\r\n", timeout="1s")


@pytest.mark.needs_engine("interception")
def test_somebody_stands_in_for_a_function(hello: Twin) -> None:
    seen = []

    def turned(_: object, text: Pointer, length: int) -> int:
        seen.append((text.read(length), length))
        text.write(b"new\0")
        return 7

    found = hello.intercept("turn_round", turned, args=("ptr", "u32"))
    ask(hello, "old words", "7 new\r\n")
    assert seen == [(b"old words", 9)]
    found.remove()
    ask(hello, "abc", "3 cba\r\n")


@pytest.mark.needs_engine("interception")
def test_the_firmware_runs_a_function_for_the_test(hello: Twin) -> None:
    hello.memory.write("line", b"12345\0")
    assert hello.call("turn_round", hello.symbols["line"].address, 5, at="uart_received") == 5
    assert hello.memory.read("line", 6) == b"54321\0"
    ask(hello, "abc", "3 cba\r\n")


@pytest.mark.needs_engine("interception")
def test_a_handler_has_the_firmware_do_something_first(hello: Twin) -> None:
    calls = []

    def later(call: Call, _text: Pointer, _length: int) -> object:
        calls.append(hello.now)
        return call.guest("delay_us", 3000, returns="void", then=lambda *_: 9)

    hello.intercept("turn_round", later, args=("ptr", "u32"))
    ask(hello, "abc", "9 abc\r\n")
    assert hello.now - calls[0] >= 3_000_000_000


@pytest.mark.needs_engine("breakpoints")
def test_breakpoints_and_steps(hello: Twin) -> None:
    at = hello.symbols["turn_round"].address
    hello.engine.set_breakpoint(at)
    hello.consoles["uart0"].send("abc\r")
    assert hello.advance(hello.now + 100_000_000_000) == ("breakpoint", at, 0, "")
    assert hello.registers(0)["pc"] == at
    words, stack, back = hello.engine.arguments(0)
    assert words[:2] == [hello.symbols["line"].address, 3]
    assert hello.symbols.name(back).startswith("main+")
    # ENTRY, of three bytes, turns the window: what was there is the caller's now.
    assert hello.engine.step(0, hello.now + 1_000_000_000)[0] == "step"
    assert hello.registers(0)["pc"] == at + 3
    assert hello.callers(0)[0][1] == stack
    assert hello.engine.clear_breakpoint(at)
    assert not hello.engine.clear_breakpoint(at)
    hello.consoles["uart0"].expect_exact("3 cba\r\n", timeout="1s")


@pytest.mark.needs_engine("breakpoints")
def test_a_watchpoint_meets_a_store(hello: Twin) -> None:
    line = hello.symbols["line"].address
    assert hello.engine.watch(True, line, 4, False, True)
    hello.consoles["uart0"].send("abc\r")
    kind, address, core, _ = hello.engine.run(hello.now + 100_000_000_000)
    assert (kind, core) == ("watchpoint", 0)
    assert line <= address < line + 4
    hello.engine.watch(False, line, 4, False, True)
    hello.consoles["uart0"].expect_exact("3 cba\r\n", timeout="1s")


def test_the_same_run_comes_again_in_other_portions(twin_engine: EngineSpec) -> None:
    shown = []
    for portion, count in (("30ms", 1), ("10ms", 3), ("30ms", 1)):
        with board(twin_engine, "hello") as twin:
            for _ in range(count):
                twin.run(portion)
            shown.append(twin.output("uart0"))
    assert shown[0]
    assert shown[1:] == shown[:-1]


def test_a_run_ends_where_it_is_told(twin_engine: EngineSpec) -> None:
    """Native and Renode: there. QEMU: not before, and some turns later, of 50 µs; many on a loaded machine."""
    with board(twin_engine, "idle") as twin:
        for goal in (20, 21, 521, 1500):
            twin.advance(goal * 1_000_000_000)
            assert 0 <= twin.now - goal * 1_000_000_000 <= (10_000_000_000 if twin.engine_name == "qemu" else 0)


def test_the_mix_gives_the_result_of_another_processor(twin_engine: EngineSpec) -> None:
    with board(twin_engine, "mix") as twin:
        twin.run("100ms")
        assert twin.memory.u32("mix_rounds") > 2
        assert (twin.memory.u32("mix_crc"), twin.memory.u32("mix_wrong")) == (MIX_CRC, 0)


@pytest.mark.parametrize("name", ["aes", "calls", "sha"])
def test_the_block_does_what_its_manual_says(twin_engine: EngineSpec, name: str) -> None:
    """The probes of the blocks that QEMU has whole; docs/engines.md tells of the others."""
    with board(twin_engine, f"probe_{name}") as twin:
        twin.run_until(lambda: twin.memory.u32("probe_done") == 1, timeout="1s", every="20ms")
        words = struct.unpack(f"<{RESULT_WORDS}I", twin.memory.read("probe_results", 4 * RESULT_WORDS))
    wrong = tool().compare(name, words, "esp32s3")
    assert not wrong, "\n".join(wrong)
