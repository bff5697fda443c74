"""The flash drivers in the ESP32-S3's mask ROM, call by call: the function level against the silicon's code."""

from __future__ import annotations

import struct

import pytest

from tests.realimages import corpus
from tests.realimages.rom_calls import Caller
from tests.realimages.rom_cases_flash import HOOKS, MOCKED
from tests.realimages.rom_cases_flash_chip import REAL

SEED = 2


@pytest.fixture(scope="module")
def callers() -> tuple[Caller, Caller]:
    """The silicon's ROM, and ours."""
    both = Caller(corpus.esp32s3_rom()), Caller()
    for caller in both:
        memory = caller.twin.memory
        table = memory.read(memory.u32("flash_hook_table"), 4 * len(HOOKS))
        caller.hooks.update(zip(HOOKS, struct.unpack(f"<{len(HOOKS)}I", table), strict=True))
    return both


@pytest.mark.parametrize("name", MOCKED)
def test_the_function_asks_of_its_layers_what_the_silicon_does(name: str, callers: tuple[Caller, Caller]) -> None:
    """What it answers, what it leaves in memory, what it calls with what."""
    silicon, ours = callers
    case = MOCKED[name]
    for batch in ours.batches(name, case.make, case.count, case.size, case.steps, SEED):
        right, own = silicon.run(batch), ours.run(batch)
        for call, one, other in zip(batch.calls, own, right, strict=True):
            assert one == other, f"{name}({', '.join(f'0x{word & 0xFFFFFFFF:x}' for word in call.arguments)})"


@pytest.mark.parametrize("name", REAL)
def test_the_function_does_to_the_chip_what_the_silicon_does(name: str, callers: tuple[Caller, Caller]) -> None:
    """What it answers and leaves in memory, in SPI1's registers and in the flash chip."""
    silicon, ours = callers
    case = REAL[name]
    for batch in ours.batches(name, case.make, case.count, case.size, case.steps, SEED):
        right, own = silicon.run(batch), ours.run(batch)
        for call, one, other in zip(batch.calls, own, right, strict=True):
            assert one == other, f"{name}({', '.join(f'0x{word & 0xFFFFFFFF:x}' for word in call.arguments)})"
    assert ours.twin.flash.read() == silicon.twin.flash.read()


def test_the_counters_count_what_the_silicons_do(callers: tuple[Caller, Caller]) -> None:
    """How often and how many bytes, of what the calls before have done; each ROM has them elsewhere."""
    counts = []
    for caller, place in zip(callers, (0x3FCE_F6E8, 0x3FCE_F7F8), strict=True):
        counters = struct.unpack("<9I", caller.twin.memory.read(place, 36))
        counts.append([counters[n] for n in (0, 2, 3, 5, 6, 8)])
    assert counts[0] == counts[1]
