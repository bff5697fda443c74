"""What is said when firmware stops for good."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from twins import FirmwareCrashed, Twin
from twins.crash import backtrace

# ARMv6-M ARM, A6.7: movs r0, #3; lsls r0, r0, #28; ldr r0, [r0]: a load from 0x30000000, where the RP2040 has nothing.
LOAD_FROM_NOTHING = struct.pack("<3H", 0x2003, 0x0700, 0x6800)


def broken(images: Path, function: str, code: bytes) -> Twin:
    """A media controller one of whose functions does something else."""
    twin = Twin("media_controller", image=images / "media_controller.elf")
    twin._engine.write_flash(twin.symbols[function].address - 0x1000_0000, code)
    return twin


def test_a_load_from_nothing_is_reported_with_symbols_and_callers(images: Path) -> None:
    with pytest.raises(FirmwareCrashed) as crash:
        broken(images, "battery_percent", LOAD_FROM_NOTHING).run("1s")
    says = str(crash.value)
    assert "core 0 is locked up: " in says
    assert "first fault: load from 0x30000000, where nothing answers, at 0x1000" in says
    assert "(battery_percent+0x4)" in says
    assert "inside HardFault" in says
    trace = says.splitlines()[-1]
    assert trace.startswith("backtrace: ")
    assert trace.index("battery_percent+0x4") < trace.index("main")


def test_the_report_shows_all_registers(images: Path) -> None:
    with pytest.raises(FirmwareCrashed) as crash:
        broken(images, "battery_percent", LOAD_FROM_NOTHING).run("1s")
    for name in (*(f"r{n}" for n in range(13)), "sp", "lr", "pc", "xpsr", "msp", "psp", "primask", "control"):
        assert f" {name} 0x" in str(crash.value), name
    assert "      r0 0x30000000" in str(crash.value)


def test_a_lock_up_is_told_once_and_the_rest_of_the_chip_can_run_on(images: Path) -> None:
    """Lock-up stops one core; timers, watchdog and the other core go on (ARMv6-M ARM, B1.5.15)."""
    twin = broken(images, "battery_percent", LOAD_FROM_NOTHING)
    with pytest.raises(FirmwareCrashed):
        twin.run("1s")
    at, instructions = twin.now, twin.instructions[0]
    twin.run("10ms")
    assert twin.now - at == pytest.approx(10e9, abs=1e6)
    assert twin.instructions[0] == instructions
    assert "media controller" in twin.console.text
    assert twin.registers()["r0"] == 0x3000_0000


def test_a_backtrace_works_while_the_firmware_lives(media_controller: Twin) -> None:
    assert any(name.startswith("main") for name in backtrace(media_controller))
