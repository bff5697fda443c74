"""Functions of the ESP32-S3's mask ROM one by one: the function level against the silicon's code, on our own core.

Both get the same operands, from a seed. What they answer, what they leave in memory and what they ask of the functions
they call back must be the same.
"""

from __future__ import annotations

import struct

import pytest

from tests.realimages import corpus
from tests.realimages.rom_calls import Call, Caller, Place
from tests.realimages.rom_cases import CASES
from tests.realimages.rom_cases_flash import MOCKED
from tests.realimages.rom_cases_flash_chip import REAL
from tests.realimages.rom_cases_hal import HAL
from tests.realimages.rom_cases_packed import PACKED
from tests.realimages.rom_cases_security import SECURITY
from tests.realimages.rom_cases_start import START
from tests.realimages.rom_cases_stdio import STDIO
from tests.realimages.rom_cases_usb import USB

CASES.update(PACKED)
CASES.update(STDIO)
CASES.update(SECURITY)
CASES.update(HAL)
CASES.update(USB)
CASES.update(START)

SEED = 1


@pytest.fixture(scope="module")
def callers() -> tuple[Caller, Caller]:
    """The silicon's ROM, and ours."""
    return Caller(corpus.esp32s3_rom()), Caller()


@pytest.mark.parametrize("name", CASES)
def test_the_function_does_what_the_silicon_does(name: str, callers: tuple[Caller, Caller]) -> None:
    silicon, ours = callers
    case = CASES[name]
    for batch in ours.batches(name, case.make, case.count, case.size, case.steps, SEED):
        pairs = zip(batch.calls, batch.places, silicon.run(batch), ours.run(batch), strict=True)
        for call, place, right, own in pairs:
            if case.settle is not None:
                right, own = case.settle(call, place, right), case.settle(call, place, own)
            assert own == right, f"{name}({', '.join(f'0x{word & 0xFFFFFFFF:x}' for word in call.arguments)})"


def test_an_exception_comes_to_who_is_attached_to_it(callers: tuple[Caller, Caller]) -> None:
    """EXCCAUSE of a division by zero is 6 (Xtensa ISA RM, exception causes); what the function changes stays."""

    def make(place: Place) -> Call:
        place.hears(16)
        return Call([place.rng.getrandbits(32), place.rng.getrandbits(5)])

    silicon, ours = callers
    (batch,) = ours.batches("fault", make, 5, 64, 1, SEED)
    right = silicon.run(batch)
    assert ours.run(batch) == right
    for call, place, answer in zip(batch.calls, batch.places, right, strict=True):
        number, shift = call.arguments
        assert answer.words[0] == (number ^ 0xFFFFFFFF) + shift & 0xFFFFFFFF
        heard = place.sink[0] - place.address
        assert struct.unpack_from("<4I", answer.memory, heard)[1:] == (shift, number, 6)


def test_another_function_is_told_apart(callers: tuple[Caller, Caller]) -> None:
    """strncpy fills up with zeros, strlcpy does not: the comparison sees it."""
    silicon, ours = callers
    case = CASES["strncpy"]
    (batch,) = ours.batches("strncpy", case.make, 50, case.size, 1, SEED)
    right = silicon.run(batch)
    batch.name = "strlcpy"
    assert ours.run(batch) != right


def test_the_engine_carries_the_functions_that_firmware_rom_compiles_to() -> None:
    """`make -C firmware images`, then a copy into the engine."""
    root = corpus.ROOT
    compiled = root / "firmware" / "images" / "s3_rom.bin"
    assert (root / "engine/esp32s3/src/rom/functions.bin").read_bytes() == compiled.read_bytes()


def test_the_engine_says_how_many_functions_are_compared() -> None:
    """With those of the flash drivers, test_esp32s3_rom_flash.py."""
    head = (corpus.ROOT / "engine/esp32s3/src/rom/mod.rs").read_text()
    assert f"Results of {len(CASES.keys() | MOCKED.keys() | REAL.keys())} functions" in head
