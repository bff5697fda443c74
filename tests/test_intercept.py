"""Functions by symbol: arguments where the compilers put them, on both chips."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from twins import Duration, Timeout, Twin, UsageError
from twins.abi import Pointer
from twins.intercept import CONTINUE, Call, Guest

IMAGES = Path(__file__).parent.parent / "firmware" / "images"

# What firmware/functions/main.c passes. The compilers of both chips are the authority for where it lies.
TYPES: dict[str, tuple[str, ...]] = {
    "words": ("u32",) * 8,
    "small": ("u8", "i8", "u16", "i16", "bool"),
    "wide": ("u32", "u64", "u32", "u64", "i64"),
    "real": ("float", "double", "float", "double"),
    "text": ("cstr", "ptr", "u32"),
    "sum": ("i32",) * 8,
    "twice": ("i32",),
}
PASSED: dict[str, tuple[Any, ...]] = {
    "words": (1, 2, 3, 4, 5, 6, 7, 8),
    "small": (200, -100, 60000, -30000, True),
    "wide": (1, 0x2_0000_0003, 4, 0x5_0000_0006, -7),
    "real": (1.5, -2.25, 3.125, 1e100),
    "sum": (7, 1, -2, 3, -4, 5, -6, 7),
}
SUM_OF_WORDS = 1 + 4 + 9 + 16 + 25 + 36 + 49 + 64


def functions(chip: str) -> Twin:
    name, board = ("functions", "pico") if chip == "rp2040" else ("s3_functions", "esp32s3_devkitc")
    suffix = ".uf2" if chip == "rp2040" else ".bin"
    return Twin(board, image=IMAGES / (name + suffix), elf=IMAGES / (name + ".elf"))


def kernel() -> Twin:
    """The ESP32-S3 with tasks on both cores."""
    image = IMAGES / "s3_probe_kernel"
    return Twin("esp32s3_devkitc", image=image.with_suffix(".bin"), elf=image.with_suffix(".elf"))


@pytest.fixture(params=["rp2040", "esp32s3"])
def twin(request: pytest.FixtureRequest) -> Twin:
    return functions(request.param)


def word(twin: Twin, number: int) -> int:
    """A word of `results` in the firmware: rounds, words, small, text, sum, each, first, a hole, wide, real."""
    return twin.memory.u32(int(twin.symbols["results"]) + 4 * number)


def rounds(twin: Twin, count: int = 1) -> None:
    """Runs until the firmware has called all its functions so often."""
    goal = word(twin, 0) + count
    twin.run_until(lambda: word(twin, 0) >= goal, timeout="2s", every="100us")


# Arguments


@pytest.mark.parametrize("name", PASSED)
def test_arguments_are_what_the_firmware_passes(twin: Twin, name: str) -> None:
    seen: list[tuple[Any, ...]] = []
    twin.intercept(name, lambda call, *args: seen.append(args), TYPES[name], watch=True)
    rounds(twin)
    assert seen[0] == PASSED[name]


def test_arguments_of_a_variadic_function_come_one_after_the_other(twin: Twin) -> None:
    seen = []

    def handler(call: Call, count: int) -> object:
        seen.append([call.next("i32") for _ in range(count)])
        return CONTINUE

    twin.intercept("sum", handler, ("i32",))
    rounds(twin)
    assert seen[0] == [1, -2, 3, -4, 5, -6, 7]


def test_a_c_string_is_a_text_and_null_is_none(twin: Twin) -> None:
    seen = []
    twin.intercept("text", lambda call, *args: seen.append(args), TYPES["text"], watch=True)
    rounds(twin)
    assert seen[0] == ("hello, world", int(twin.symbols["buffer"]), 16)
    twin.call("text", 0, int(twin.symbols["buffer"]), 3)
    assert (None, int(twin.symbols["buffer"]), 3) in seen


def test_a_pointer_reads_and_writes_and_is_checked(twin: Twin) -> None:
    kept: list[Pointer] = []

    def handler(_: Call, source: Pointer, buffer: Pointer, size: int) -> int:
        sized = buffer.sized(size)
        sized[0:4] = b"abc\0"
        sized[1] = ord("x")
        assert sized.cstring() == b"axc" == (buffer + 0).cstring()
        assert (sized[2], sized[0:3], sized.u16(), sized.u32()) == (ord("c"), b"axc", 0x7861, 0x0063_7861)
        assert source.cstring() == b"hello, world"
        with pytest.raises(UsageError, match=r"a write of 2 bytes at offset 15 of the 16 bytes at 0x"):
            sized.write(b"zz", 15)
        with pytest.raises(UsageError, match="there is no RAM at"):
            code.write(b"z")
        with pytest.raises(UsageError, match="there is no memory at 0xf0000000"):
            Pointer(twin, 0xF000_0000).read(1)
        with pytest.raises(UsageError, match="a read of 4 bytes through a NULL pointer"):
            Pointer(twin, 0).u32()
        kept.append(buffer)
        return 3

    rom = 0x1000_0000 if twin.board.chip.name == "rp2040" else 0x4000_0000
    code = Pointer(twin, rom)
    twin.intercept("text", handler, ("ptr", "ptr", "u32"))
    rounds(twin)
    assert twin.memory.read("buffer", 4) == b"axc\0"
    assert word(twin, 3) == 3
    assert kept[0]
    assert repr(kept[0]).startswith("<Pointer 0x")


# What a handler decides


def test_a_result_stands_in_for_the_body(twin: Twin) -> None:
    twin.intercept("words", lambda call: 77)
    twin.intercept("wide", lambda call: 0x1234_5678_9ABC_DEF0, returns="u64")
    twin.intercept("sum", lambda call: None)
    rounds(twin)
    assert word(twin, 1) == 77
    assert twin.memory.read(int(twin.symbols["results"]) + 32, 8) == bytes.fromhex("f0debc9a78563412")
    assert word(twin, 4) == 0
    assert word(twin, 2) == 0x0001_5F37  # small, which nobody touched: 200 - 300 + 300000 - 210000 + 11


def test_a_handler_can_leave_it_to_the_body(twin: Twin) -> None:
    seen = twin.intercept("words", lambda call: call.resume())
    rounds(twin)
    assert (word(twin, 1), seen.calls >= 1) == (SUM_OF_WORDS, True)


def test_a_removed_handler_is_called_no_more(twin: Twin) -> None:
    seen = twin.intercept("words", lambda call: 5)
    rounds(twin)
    seen.remove()
    calls = seen.calls
    rounds(twin, 2)
    assert (word(twin, 1), seen.calls, twin.intercepts) == (SUM_OF_WORDS, calls, {})


@pytest.mark.parametrize("cost", ["250us", 20_000])
def test_a_call_costs_what_was_said(twin: Twin, cost: str | int) -> None:
    times: list[int] = []
    twin.intercept("words", lambda call: times.append(call.now), cost=cost)
    twin.intercept("small", lambda call: times.append(call.now), watch=True)
    rounds(twin)
    clock = twin.engine.cpu_clock
    expected = 250e6 if cost == "250us" else 20_000 * 1e12 / clock
    # Between the two there are a return, a store and the loading of the next arguments, some of it from flash.
    assert 0 <= times[1] - times[0] - expected < 5e6


def test_a_handler_can_spend_time_of_its_own(twin: Twin) -> None:
    times: list[int] = []

    def handler(call: Call) -> object:
        times.append(call.now)
        call.spend("1ms")
        return CONTINUE

    twin.intercept("words", handler)
    twin.intercept("small", lambda call: times.append(call.now), watch=True)
    rounds(twin)
    assert 1e9 <= times[1] - times[0] < 1.01e9


def test_an_error_of_a_handler_comes_out_of_the_run_and_names_the_function(twin: Twin) -> None:
    def handler(_: Call) -> int:
        raise RuntimeError("no such luck")

    found = twin.intercept("words", handler)
    with pytest.raises(RuntimeError, match="no such luck") as raised:
        rounds(twin)
    notes = getattr(raised.value, "__notes__", None)  # Python 3.11
    assert notes in (None, ["in the handler of the intercepted function words on core 0"])
    found.remove()
    rounds(twin)
    assert word(twin, 1) == SUM_OF_WORDS


def test_a_handler_cannot_run_the_twin(twin: Twin) -> None:
    twin.intercept("words", lambda call: call.twin.run("1ms"))
    with pytest.raises(UsageError, match="cannot run the twin"):
        rounds(twin)


def test_a_handler_can_act_on_the_twins_parts(twin: Twin) -> None:
    pin = twin.pins["GPIO4"]
    twin.intercept("words", lambda call: pin.drive(True), watch=True)
    rounds(twin)
    assert pin.level


# Nothing changes where nothing is changed


@pytest.mark.parametrize("chip", ["rp2040", "esp32s3"])
def test_watching_leaves_every_cycle_where_it_was(chip: str) -> None:
    plain, watched = functions(chip), functions(chip)
    seen = [watched.intercept(name, lambda call: CONTINUE) for name in [*TYPES, "each", "depth"]]
    for twin in (plain, watched):
        twin.run("120ms")
    assert all(one.calls > 3 for one in seen)
    assert watched.instructions == plain.instructions
    assert watched.registers() == plain.registers()
    assert watched.engine.core_time(0) == plain.engine.core_time(0)


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (kernel, ["xTaskCreatePinnedToCore", "kernel_unlock", "vTaskDelay", "trap_dispatch", "tick"]),
        (
            lambda: Twin("media_controller", image=IMAGES / "media_controller_dual_bench.elf"),
            ["core1_busy", "blend", "send_pixels", "st7789_send", "isr_IO_IRQ_BANK0"],
        ),
    ],
    ids=["esp32s3", "rp2040"],
)
def test_watching_two_cores_leaves_the_trace_as_it_was(make: Callable[[], Twin], names: list[str]) -> None:
    plain, watched = make(), make()
    seen = {name: watched.intercept(name, lambda call: CONTINUE) for name in names if name in watched.symbols}
    for twin in (plain, watched):
        twin.run("60ms")
        twin.run("140ms")
    assert sum(one.calls for one in seen.values()) > 50
    assert watched.trace.sha256 == plain.trace.sha256
    assert watched.instructions == plain.instructions


# Functions of the firmware, called from outside


@pytest.mark.parametrize("name", ["words", "small", "wide", "real", "sum"])
def test_the_firmware_runs_a_function_for_us(twin: Twin, name: str) -> None:
    rounds(twin)
    offset, size = {"words": (4, 4), "small": (8, 4), "wide": (32, 8), "real": (40, 8), "sum": (16, 4)}[name]
    expected = int.from_bytes(twin.memory.read(int(twin.symbols["results"]) + offset, size), "little")
    returns = "u64" if size == 8 else "u32"
    assert twin.call(name, *PASSED[name], types=TYPES[name], returns=returns) == expected


def test_a_call_leaves_what_it_interrupts_as_it_was(twin: Twin) -> None:
    """At 40 moments, so at 40 places of the program; the results of later rounds would show a register that is lost."""
    rounds(twin)
    results = twin.memory.read(int(twin.symbols["results"]) + 4, 44)
    for step in range(40):
        twin.run(Duration(1_370_000 * (step + 1)))
        assert twin.call("depth", 30) == sum(range(31))
        rounds(twin)
        assert twin.memory.read(int(twin.symbols["results"]) + 4, 44) == results


def test_a_sleeping_core_wakes_up_for_a_call_and_sleeps_again(twin: Twin) -> None:
    rounds(twin)
    twin.memory.write("stop", b"\1")
    twin.run("5ms")
    assert twin.engine.is_sleeping(0)
    before = twin.time
    assert twin.call("twice", -21) == -42
    assert twin.time - before < 1_000_000_000
    twin.run("1ms")
    assert twin.engine.is_sleeping(0)


def test_a_call_can_wait_for_a_function_and_have_another_stack(twin: Twin) -> None:
    rounds(twin)
    order: list[object] = []
    stacks: list[int] = []
    top = int(twin.registers()["sp"]) - 0x800
    twin.intercept("twice", lambda call: stacks.append(call.twin.registers()["sp"]), watch=True)
    twin.intercept("small", lambda call: order.append("small"), watch=True)
    twin.call_soon("twice", 9, then=order.append, at="small", stack=top)
    rounds(twin)
    assert order[:2] == [18, "small"]
    assert top - 0x200 < min(stacks) <= top


def test_a_handler_can_call_the_firmware_back(twin: Twin) -> None:
    """Like a driver that calls a callback before its own function returns."""
    rounds(twin)

    def again(call: Call, result: int) -> Guest | int:
        total.append(result)
        if len(total) % 3:
            return call.guest("twice", result, then=again)
        return sum(total[-3:])

    total: list[int] = []
    twin.intercept("words", lambda call, first: call.guest("twice", first + 4, then=again), ("u32",))
    rounds(twin)
    assert total[:3] == [10, 20, 40]
    assert word(twin, 1) == 70
    assert word(twin, 2) == 0x0001_5F37


def test_a_call_back_without_then_is_the_result(twin: Twin) -> None:
    twin.intercept("words", lambda call: call.guest("twice", 50))
    rounds(twin)
    assert word(twin, 1) == 100


def test_a_function_that_does_not_come_back_in_time_is_said() -> None:
    twin = functions("esp32s3")
    twin.run("1us")
    with pytest.raises(Timeout, match="twice found no moment to run within 2ms of virtual time"):
        twin.call("twice", 1, core=1, timeout="2ms")


def test_a_task_of_ours_serves_the_firmware() -> None:
    """The way to a driver that needs a task: the kernel runs it, and its body is a handler."""
    twin = kernel()
    twin.run("300ms")
    woken: list[int] = []

    def body(call: Call, _: int) -> Guest:
        return call.guest("ulTaskNotifyTake", 1, 0xFFFF_FFFF, then=served)

    def served(call: Call, count: int) -> Guest:
        woken.append(count)
        return call.guest("ulTaskNotifyTake", 1, 0xFFFF_FFFF, then=served)

    # Any function that the firmware does not call any more, for the address of the task's body.
    twin.intercept("note_and_end", body, ("u32",))
    handle = twin.symbols["probe_results"]
    entry = twin.symbols["note_and_end"]
    created = twin.call("xTaskCreatePinnedToCore", entry.address, handle.address, 4096, 0, 20, handle.address, 0)
    assert created == 1
    twin.run("5ms")
    task = twin.memory.u32(handle.address)
    for step in range(1, 4):
        twin.call("xTaskNotify", task, 0, 2)  # eIncrement
        twin.run("2ms")
        assert woken == [1] * step
    assert twin.call("xTaskGetTickCount") == twin.call("xTaskGetTickCount", core=1)


# Snapshots


def test_a_fork_keeps_its_intercepts(twin: Twin) -> None:
    rounds(twin)
    twin.intercept("words", lambda call: 41)
    fork = twin.fork()
    twin.intercepts["words"].remove()
    for one in (twin, fork):
        rounds(one, 2)
    assert (word(twin, 1), word(fork, 1)) == (SUM_OF_WORDS, 41)
    assert fork.intercepts["words"].calls > 0
    assert "words" not in twin.intercepts


def test_going_back_goes_the_same_way_again(twin: Twin) -> None:
    rounds(twin)
    before = twin.snapshot()
    traces = []
    for _ in range(2):
        times: list[int] = []
        twin.intercept("words", lambda call, times=times: times.append(call.now) or 7, cost="3us")
        twin.call_soon("depth", 12, then=times.append, at="small")
        rounds(twin, 3)
        traces.append((times, twin.trace.sha256, twin.instructions))
        twin.restore(before)
        assert twin.intercepts == {}
    assert traces[0] == traces[1]
    assert sum(range(13)) in traces[0][0]


def test_a_function_that_runs_comes_back_in_a_fork_too(twin: Twin) -> None:
    rounds(twin)
    results: list[int] = []

    def then(_: Call, result: int) -> int:
        results.append(result)
        return 9

    # Pictures are taken while `twice` runs on behalf of the handler.
    twin.intercept("words", lambda call: call.guest("twice", 4, then=then))
    forks: list[Twin] = []
    twin.intercept("twice", lambda call: CONTINUE, cost="2ms")
    for _ in range(12):
        twin.run("500us")
        forks.append(twin.fork())
    while_running = forks[len(forks) // 2]
    count = len(results)
    while_running.run("10ms")
    assert len(results) > count
    assert word(while_running, 1) == 9


# What is refused


def test_an_unknown_function_is_refused_with_the_nearest(twin: Twin) -> None:
    with pytest.raises(UsageError, match=r"there is no symbol 'wordz'; did you mean words\?"):
        twin.intercept("wordz", lambda call: 0)
    with pytest.raises(UsageError, match="results is no function: it is an object of"):
        twin.intercept("results", lambda call: 0)


def test_an_image_without_symbols_is_refused_in_one_sentence() -> None:
    twin = Twin("pico", image=IMAGES / "functions.uf2")
    with pytest.raises(UsageError, match=r"the image has no symbols: give its \.elf file with elf="):
        twin.intercept("words", lambda call: 0)
    address = int(functions("rp2040").symbols["words"])
    twin.intercept(address, lambda call: 6)
    results = int(functions("rp2040").symbols["results"])
    twin.run_until(lambda: twin.memory.u32(results), timeout="1s")
    assert twin.memory.u32(results + 4) == 6


def test_what_makes_no_sense_is_refused(twin: Twin) -> None:
    twin.intercept("words", lambda call: 0)
    with pytest.raises(UsageError, match="words is intercepted already"):
        twin.intercept("words", lambda call: 1)
    with pytest.raises(UsageError, match="'int' is no type of an argument: expected u8, "):
        twin.intercept("small", lambda call: 1, ("int",))
    with pytest.raises(UsageError, match="expected a tuple of types"):
        twin.intercept("small", lambda call: 1, "ptr")
    with pytest.raises(UsageError, match="does not fit into 32 bits"):
        twin.call("twice", 1 << 32)
    with pytest.raises(UsageError, match="14 words"):
        twin.call("words", *range(17))


@pytest.mark.parametrize(("returns", "result"), [("void", 3), ("i32", 1.5), ("i32", "3"), ("u32", 1 << 40)])
def test_a_result_of_the_wrong_kind_is_an_error(twin: Twin, returns: str, result: object) -> None:
    twin.intercept("words", lambda call: result, returns=returns)
    with pytest.raises(UsageError):
        rounds(twin)


def test_a_rom_function_of_the_esp32s3_has_a_name_without_an_elf() -> None:
    watched, plain = (Twin("esp32s3_devkitc", image=IMAGES / "s3_probe_flash.bin") for _ in range(2))
    # ESP-IDF esp_rom/esp32s3/rom/spi_flash.h: source in flash, destination, length.
    seen: list[tuple[int, Pointer, int]] = []
    watched.intercept("esp_rom_spiflash_read", lambda _, *args: seen.append(args), ("u32", "ptr", "i32"), watch=True)
    for twin in (watched, plain):
        twin.run("100ms")
    source, destination, length = seen[0]
    assert source % 4 == 0
    assert source + length <= watched.board.flash_size
    assert destination.read(1)
    assert watched.trace.sha256 == plain.trace.sha256
    assert watched.instructions == plain.instructions
    with pytest.raises(UsageError, match="there is no symbol 'no_such_rom_function'"):
        watched.intercept("no_such_rom_function", lambda call: 0)


def test_a_rom_function_can_be_stood_in_for() -> None:
    twin = Twin("esp32s3_devkitc", image=IMAGES / "s3_probe_flash.bin")
    # ESP_ROM_SPIFLASH_RESULT_ERR of the same header: the second stage finds no application.
    refused = twin.intercept("esp_rom_spiflash_read", lambda call: 1)
    plain = Twin("esp32s3_devkitc", image=IMAGES / "s3_probe_flash.bin")
    for one in (twin, plain):
        one.run("100ms")
    assert refused.calls
    assert twin.instructions != plain.instructions
