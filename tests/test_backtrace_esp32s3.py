"""What a report names when firmware of the ESP32-S3 stops: functions through windows in registers and on the stack."""

from __future__ import annotations

from pathlib import Path

import pytest

from twins import FirmwareCrashed, Twin
from twins.crash import backtrace, crash_report

LEVELS = [f"level_{n}" for n in range(12, 0, -1)]


def calls(images: Path, pin: str) -> Twin:
    """The probe `calls` with a pin high from power-on, which says how it ends."""
    image = images / "s3_probe_calls"
    twin = Twin("esp32s3_devkitc", image=image.with_suffix(".bin"), elf=image.with_suffix(".elf"))
    twin.pins[pin].drive(True)
    return twin


def functions(trace: list[str]) -> list[str]:
    """Their names without the places in them."""
    return [name.partition("+")[0] for name in trace]


def is_call8(twin: Twin, place: str) -> bool:
    """Is there a CALL8 or CALLX8 at function+offset? Xtensa ISA RM: their first bytes are xx100101 and 11100000."""
    name, _, offset = place.partition("+")
    first = twin.memory.read(twin.symbols[name].address + int(offset, 16), 1)[0]
    return first & 0x3F == 0x25 or first == 0xE0


def test_a_panic_is_traced_through_spilled_windows(images: Path) -> None:
    twin = calls(images, "GPIO4")
    twin.consoles["uart0"].expect_exact("panic on core 0", timeout="1s")
    twin.run("10ms")
    live = len(twin._engine.callers(0))
    assert 1 <= live < len(LEVELS), "some callers are in registers, others are not"
    trace = backtrace(twin)
    assert functions(trace)[:13] == ["panic", *LEVELS]
    assert functions(trace)[13] in ("probes", "main")
    for place in trace[1:14]:
        assert is_call8(twin, place), place


def test_the_callers_in_registers_alone_would_not_do(images: Path) -> None:
    """The outermost level is on the stack: what is there says who called it (Xtensa ISA RM, windowed ABI)."""
    twin = calls(images, "GPIO4")
    twin.consoles["uart0"].expect_exact("panic on core 0", timeout="1s")
    twin.run("10ms")
    live = [address & 0x3FFF_FFFF for address, _ in twin._engine.callers(0)]
    assert all(twin.symbols["level_1"].address & 0x3FFF_FFFF != address for address in live)
    assert "level_1" not in functions([twin.symbols.name(0x4000_0000 | address) for address in live])


def test_a_call_of_nothing_in_the_rom_is_reported_with_its_callers(images: Path) -> None:
    twin = calls(images, "GPIO5")
    with pytest.raises(FirmwareCrashed) as crash:
        twin.run("1s")
    lines = str(crash.value).splitlines()
    assert "0x4000100C is not modelled" in lines[0]
    trace = lines[-1].removeprefix("backtrace: ").split(" < ")
    assert functions(trace)[1:13] == LEVELS
    for place in trace[1:13]:
        assert is_call8(twin, place), place


def test_the_report_has_the_window_s_registers(images: Path) -> None:
    twin = calls(images, "GPIO4")
    twin.consoles["uart0"].expect_exact("panic on core 0", timeout="1s")
    twin.run("10ms")
    report = crash_report(twin, 0, "the test wants to know")
    for number in range(16):
        assert f" a{number} 0x" in report, number
    assert "panic+0x" in report.splitlines()[1]
