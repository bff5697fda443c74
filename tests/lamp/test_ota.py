"""Two slots, otadata and rollback, through the lamp's console and through the cells of the flash.

Layout: the reference's flash row (otadata 0x10000, ota_0 0x20000, ota_1 0x1A0000, 1536 KB each). Entry: ESP-IDF
esp_flash_partitions.h, esp_ota_select_entry_t: sequence u32, label 20 bytes, state u32, CRC u32; the CRC is crc32_le of
the sequence from UINT32_MAX, which makes 0x4743989A of sequence 1 (what otatool.py reads back from a first update).
States: NEW 0, PENDING_VERIFY 1, VALID 2, INVALID 3, ABORTED 4.
"""

from __future__ import annotations

import struct
import zlib

import pytest
from control import power, ready

from twins import Twin

OTADATA, SECTOR, SLOTS, SLOT_BYTES = 0x10000, 0x1000, (0x20000, 0x1A0000), 0x180000
NEW, PENDING_VERIFY, VALID, INVALID, ABORTED = range(5)
BLANK = (0xFFFFFFFF, 0xFFFFFFFF)


def application(lamp: Twin) -> bytes:
    """The image that is in slot 0: to the end of its hash."""
    flash = lamp.flash.read()[SLOTS[0] : SLOTS[0] + SLOT_BYTES]
    place = 24
    for _ in range(flash[1]):
        place += 8 + struct.unpack_from("<I", flash, place + 4)[0]
    return flash[: (place & ~15) + 16 + 32]


def entry(lamp: Twin, half: int) -> tuple[int, int]:
    """Sequence and state of one half of otadata; the CRC is right, or the half is blank."""
    raw = lamp.flash.read()[OTADATA + half * SECTOR :][:32]
    sequence, state, crc = struct.unpack("<I20xII", raw)
    if raw != b"\xff" * 32:
        assert crc == otadata_crc(sequence)
    return sequence, state


def otadata_crc(sequence: int) -> int:
    """As the ROM computes it: zlib's function from the same beginning."""
    return zlib.crc32(struct.pack("<I", sequence), 0xFFFFFFFF)


def put_entry(lamp: Twin, half: int, sequence: int, state: int, crc: int | None = None) -> None:
    """Writes one half of otadata as a programmer at the chip would."""
    crc = otadata_crc(sequence) if crc is None else crc
    raw = struct.pack("<I20sII", sequence, b"\xff" * 20, state, crc)
    lamp._engine.write_flash(OTADATA + half * SECTOR, raw)


def running_slot(lamp: Twin) -> int:
    """What the firmware said at its last start."""
    lamp.console.expect(r"Jinny Lamp, reset \d+, slot (\d)", timeout="2s")
    return int(lamp.console.match.group(1))


def send(lamp: Twin, image: bytes) -> None:
    """An update over the console."""
    lamp.console.sendline(f"ota {len(image)}")
    lamp.console.expect_exact(f"ota: send {len(image)} bytes", timeout="3s")  # the slot is erased first
    lamp.console.send(image)
    lamp.run("100ms")


@pytest.fixture
def two_slots(cold_lamp: Twin) -> Twin:
    """The same application in both slots, nothing started yet."""
    cold_lamp._engine.write_flash(SLOTS[1], application(cold_lamp))
    return cold_lamp


def test_the_crc_is_the_known_one() -> None:
    assert otadata_crc(1) == 0x4743989A


def test_the_first_start_writes_slot_0_down_as_valid(cold_lamp: Twin) -> None:
    """As ESP-IDF's bootloader does with blank otadata and no factory application."""
    assert entry(cold_lamp, 0) == entry(cold_lamp, 1) == BLANK
    assert running_slot(cold_lamp) == 0
    assert (entry(cold_lamp, 0), entry(cold_lamp, 1)) == ((1, VALID), BLANK)


def test_an_update_runs_pending_and_says_after_its_test_that_it_is_valid(lamp: Twin) -> None:
    image = application(lamp)
    send(lamp, image)
    assert (power(lamp), lamp.switch.on) == (0, False), "light is safe during an update"
    lamp.console.expect_exact("ota: done", timeout="5s")
    assert lamp.flash.read()[SLOTS[1] : SLOTS[1] + len(image)] == image
    assert running_slot(lamp) == 1
    assert (entry(lamp, 0), entry(lamp, 1)) == ((1, VALID), (2, PENDING_VERIFY))
    lamp.console.expect_exact("ota: slot 1 is valid", timeout="10s")
    assert lamp.matrix.unpowered_edges == 0
    assert (entry(lamp, 0), entry(lamp, 1)) == ((1, VALID), (2, VALID))
    lamp.reset()
    assert running_slot(lamp) == 1


@pytest.mark.parametrize("wrong", ["magic", "middle", "hash", "short"])
def test_a_bad_image_is_refused_and_the_old_one_starts(lamp: Twin, wrong: str) -> None:
    image = bytearray(application(lamp))
    if wrong == "short":
        del image[-16:]
    else:
        image[{"magic": 0, "middle": len(image) // 2, "hash": -1}[wrong]] ^= 1
    send(lamp, bytes(image))
    lamp.console.expect_exact("ota: failed", timeout="5s")
    assert running_slot(lamp) == 0
    assert (entry(lamp, 0), entry(lamp, 1)) == ((1, VALID), BLANK)
    ready(lamp)


def test_an_update_that_stops_halfway_is_given_up(lamp: Twin) -> None:
    image = application(lamp)
    lamp.console.sendline(f"ota {len(image)}")
    lamp.console.expect_exact("ota: send", timeout="3s")
    lamp.console.send(image[:5000])
    lamp.console.expect_exact("ota: failed: error 107", timeout="8s")
    assert running_slot(lamp) == 0


def test_an_application_that_never_says_valid_is_rolled_back(two_slots: Twin) -> None:
    put_entry(two_slots, 0, 1, VALID)
    put_entry(two_slots, 1, 2, NEW)
    assert running_slot(two_slots) == 1
    assert entry(two_slots, 1) == (2, PENDING_VERIFY)
    two_slots.reset()  # before its five seconds are over
    assert running_slot(two_slots) == 0
    assert (entry(two_slots, 0), entry(two_slots, 1)) == ((1, VALID), (2, ABORTED))


def test_an_application_may_say_itself_that_it_is_invalid(two_slots: Twin) -> None:
    put_entry(two_slots, 0, 1, VALID)
    put_entry(two_slots, 1, 2, VALID)
    assert running_slot(two_slots) == 1
    two_slots.console.sendline("ota-invalid")
    assert running_slot(two_slots) == 0
    assert entry(two_slots, 1) == (2, INVALID)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((1, VALID, None), (2, VALID, None), 1),
        ((3, VALID, None), (2, VALID, None), 0),
        ((1, VALID, None), (2, VALID, 0x12345678), 0),
        ((1, VALID, None), (2, ABORTED, None), 0),
        ((1, INVALID, None), (2, VALID, None), 1),
        ((1, INVALID, None), (2, ABORTED, None), 0),
    ],
)
def test_which_slot_starts(
    two_slots: Twin, first: tuple[int, int, int | None], second: tuple[int, int, int | None], expected: int
) -> None:
    """The newest half that counts: right CRC, neither INVALID nor ABORTED; else the first slot."""
    put_entry(two_slots, 0, *first)
    put_entry(two_slots, 1, *second)
    assert running_slot(two_slots) == expected


def test_a_broken_application_in_flash_is_passed_over(two_slots: Twin) -> None:
    """Its checksum is wrong: the other slot starts."""
    put_entry(two_slots, 0, 1, VALID)
    put_entry(two_slots, 1, 2, VALID)
    two_slots._engine.write_flash(SLOTS[1] + 0x100, bytes([two_slots.flash.read()[SLOTS[1] + 0x100] ^ 0x40]))
    assert running_slot(two_slots) == 0
