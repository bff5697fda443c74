"""24Cxx EEPROMs. Sections are those of Microchip DS20001203 (24AA256/24LC256/24FC256) unless named otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from peripherals import Eeprom24
from twins.bench import Bench
from twins.errors import UsageError


def on_bench(model: str = "24C256", **options: Any) -> tuple[Bench, Eeprom24]:
    bench = Bench()
    return bench, bench.add(Eeprom24(model, **options))


def read(bench: Bench, memory: Eeprom24, address: list[int], count: int, device: int = 0x50) -> bytes | None:
    """Random read, section 8.2: the word address is written, then read from."""
    assert all(bench.i2c_write(memory.bus, device, address))
    return bench.i2c_read(memory.bus, device, count)


@pytest.mark.parametrize(
    ("model", "size", "page", "addresses"),
    [
        ("24C02", 256, 8, [0x50]),  # AT24C02C: 8-byte page
        ("24C04", 512, 16, [0x50, 0x51]),
        ("24C08", 1024, 16, [0x50, 0x51, 0x52, 0x53]),
        ("24C16", 2048, 16, list(range(0x50, 0x58))),
        ("24C32", 4096, 32, [0x50]),
        ("24C64", 8192, 32, [0x50]),  # 24AA64, section 4.2: 32-byte page
        ("24C128", 16384, 64, [0x50]),
        ("24C256", 32768, 64, [0x50]),  # section 6.2: 64-byte page
    ],
)
def test_the_family(model: str, size: int, page: int, addresses: list[int]) -> None:
    _, memory = on_bench(model)
    assert (len(memory.contents), memory.organisation.page, memory.addresses) == (size, page, addresses)


@pytest.mark.parametrize(
    ("model", "pins", "addresses"),
    [("24C02", 5, [0x55]), ("24C04", 6, [0x56, 0x57]), ("24C08", 4, [0x54, 0x55, 0x56, 0x57]), ("24C256", 7, [0x57])],
)
def test_address_pins(model: str, pins: int, addresses: list[int]) -> None:
    assert Eeprom24(model, address_pins=pins).addresses == addresses


@pytest.mark.parametrize(("model", "pins"), [("24C256", 8), ("24C04", 1), ("24C16", 2), ("24C512", 0)])
def test_pins_and_types_that_do_not_exist_are_refused(model: str, pins: int) -> None:
    with pytest.raises(UsageError):
        Eeprom24(model, address_pins=pins)


def test_only_stop_starts_a_write_cycle() -> None:
    """Section 6.1: the internal write cycle begins with the STOP; a START instead ends the operation without it."""
    bench, memory = on_bench()
    assert bench.i2c_write(memory.bus, 0x50, [0x00, 0x10, 0xAB], stop=False) == [True] * 4
    assert not memory.busy
    assert memory.writes == 0
    assert read(bench, memory, [0x00, 0x10], 1) == b"\xff"
    assert bench.i2c_write(memory.bus, 0x50, [0x00, 0x10, 0xAB]) == [True] * 4
    assert memory.busy
    assert memory.writes == 1


def test_it_comes_erased() -> None:
    bench, memory = on_bench()
    assert bench.i2c_read(memory.bus, 0x50, 2) == b"\xff\xff"


def test_a_byte_write_and_a_random_read() -> None:
    bench, memory = on_bench()
    assert bench.i2c_write(memory.bus, 0x50, [0x12, 0x34, 0xA5]) == [True] * 4
    bench.run("5ms")
    assert read(bench, memory, [0x12, 0x34], 1) == b"\xa5"
    assert memory.contents[0x1234] == 0xA5


def test_a_page_write_rolls_over_at_the_end_of_the_page() -> None:
    """6.2: the six lower bits of the address count, so that more than 64 bytes overwrite the first ones."""
    bench, memory = on_bench()
    bench.i2c_write(memory.bus, 0x50, [0x00, 0x3E, *range(66)])
    assert memory.contents[0x00:0x40] == bytes([*range(2, 64), 64, 65])
    assert memory.contents[0x40] == 0xFF


def test_a_write_that_crosses_a_page_stays_in_it() -> None:
    bench, memory = on_bench("24C02")
    bench.i2c_write(memory.bus, 0x50, [0x0E, 1, 2, 3])
    assert memory.contents[0x08:0x11] == bytes([3, 255, 255, 255, 255, 255, 1, 2, 255])


def test_it_does_not_acknowledge_for_5_ms_after_a_write() -> None:
    """Features: page write time 5 ms at the most; section 7: acknowledge polling."""
    bench, memory = on_bench()
    bench.i2c_write(memory.bus, 0x50, [0, 0, 1])
    bench.run("4.999ms")
    assert memory.busy
    assert bench.i2c_write(memory.bus, 0x50, []) == [False]
    assert bench.i2c_read(memory.bus, 0x50, 1) is None
    bench.run("1us")
    assert not memory.busy
    assert bench.i2c_write(memory.bus, 0x50, []) == [True]


def test_the_word_address_alone_starts_no_write() -> None:
    bench, memory = on_bench()
    bench.i2c_write(memory.bus, 0x50, [0, 0])
    assert not memory.busy
    assert memory.writes == 0


def test_a_current_address_read_goes_on_behind_the_last_byte() -> None:
    """8.1: the address counter holds the last word accessed, plus one."""
    bench, memory = on_bench("24C02")
    memory.contents[:] = bytes(range(256))
    assert read(bench, memory, [0x20], 1) == b"\x20"
    assert bench.i2c_read(memory.bus, 0x50, 1) == b"\x21"
    bench.i2c_write(memory.bus, 0x50, [0x40, 0x40])
    bench.run("5ms")
    assert bench.i2c_read(memory.bus, 0x50, 1) == b"\x41"


def test_a_sequential_read_rolls_over_at_the_end_of_the_memory() -> None:
    """8.3: from 7FFF to 0000."""
    bench, memory = on_bench()
    memory.contents[0x7FFF], memory.contents[0] = 0x77, 0x11
    assert read(bench, memory, [0x7F, 0xFF], 2) == b"\x77\x11"


def test_the_upper_address_bit_does_not_exist() -> None:
    bench, memory = on_bench()
    memory.contents[1] = 0x5A
    assert read(bench, memory, [0x80, 0x01], 1) == b"\x5a"


def test_block_bits_of_a_24c16_are_in_the_device_address() -> None:
    bench, memory = on_bench("24C16")
    bench.i2c_write(memory.bus, 0x53, [0x21, 0x99])
    bench.run("5ms")
    assert memory.contents[0x321] == 0x99
    assert read(bench, memory, [0x21], 1, device=0x53) == b"\x99"


def test_a_read_takes_its_block_from_the_device_address() -> None:
    """24AA16/24LC16B, section 5: the block select bits are the upper bits of the word address, in reads too."""
    bench, memory = on_bench("24C16")
    memory.contents[0x021], memory.contents[0x521] = 0x11, 0x55
    bench.i2c_write(memory.bus, 0x50, [0x21])
    assert bench.i2c_read(memory.bus, 0x55, 1) == b"\x55"


def test_write_protected_it_acknowledges_and_writes_nothing() -> None:
    """6.1: with WP high the command is acknowledged, no write cycle occurs, a new command is accepted at once."""
    bench, memory = on_bench()
    bench.set(memory.wp, True)
    assert bench.i2c_write(memory.bus, 0x50, [0, 0, 1]) == [True] * 4
    assert memory.contents[0] == 0xFF
    assert bench.i2c_write(memory.bus, 0x50, []) == [True]
    bench.set(memory.wp, False)
    bench.i2c_write(memory.bus, 0x50, [0, 0, 1])
    assert memory.contents[0] == 1


def test_wp_may_be_tied_on_the_module() -> None:
    bench = Bench()
    memory = bench.add(Eeprom24("24C02", write_protected=True), without=["wp"])
    bench.i2c_write(memory.bus, 0x50, [0, 1])
    assert memory.contents[0] == 0xFF


def test_other_addresses_are_not_for_it() -> None:
    bench, memory = on_bench("24C02", address_pins=1)
    assert bench.i2c_write(memory.bus, 0x50, [0]) == [False]
    assert bench.i2c_read(memory.bus, 0x52, 1) is None


def test_a_snapshot_holds_contents_pointer_and_write_cycle() -> None:
    bench, memory = on_bench("24C02")
    bench.i2c_write(memory.bus, 0x50, [0x10, 0xAB])
    state = memory.state()
    memory.contents[0x10] = 0
    again = Bench()
    copy = again.add(Eeprom24("24C02"))
    copy.restore(state)
    assert copy.contents[0x10] == 0xAB
    assert again.i2c_read(copy.bus, 0x50, 1) is None
    again.run("5ms")
    assert again.i2c_read(copy.bus, 0x50, 1) == b"\xff"  # at 0x11, behind the byte that was written
