"""USB boot of the chip's own ROM, revision B1, on the model of the USB controller: the same tests as of ours."""

from __future__ import annotations

import pytest

from tests.realimages import corpus
from tests.test_usb_boot import (
    device,
    pico,
    test_a_file_that_is_dropped_is_programmed_and_started,
    test_a_function_is_executed,
    test_a_host_that_expects_something_else_gets_its_status_behind_a_halt,
    test_a_reboot_starts_what_is_named,
    test_an_image_for_ram_starts_there,
    test_exclusive_access_takes_the_drive_away,
    test_flash_is_erased_programmed_and_read,
    test_memory_is_read_and_written,
    test_the_device_is_the_one_of_the_datasheet,
    test_the_drive_tells_which_board_it_is,
    test_what_cannot_be_done_is_refused_with_a_status,
    test_what_is_no_image_for_this_chip_is_passed_over,
)
from twins import Twin

__all__ = [
    "device",
    "pico",
    "test_a_file_that_is_dropped_is_programmed_and_started",
    "test_a_function_is_executed",
    "test_a_host_that_expects_something_else_gets_its_status_behind_a_halt",
    "test_a_reboot_starts_what_is_named",
    "test_an_image_for_ram_starts_there",
    "test_exclusive_access_takes_the_drive_away",
    "test_flash_is_erased_programmed_and_read",
    "test_memory_is_read_and_written",
    "test_the_device_is_the_one_of_the_datasheet",
    "test_the_drive_tells_which_board_it_is",
    "test_what_cannot_be_done_is_refused_with_a_status",
    "test_what_is_no_image_for_this_chip_is_passed_over",
]


@pytest.fixture
def rom() -> str:
    """The real ROM."""
    return str(corpus.boot_rom())


def test_the_serial_number_begins_as_that_of_all_boards(pico: Twin) -> None:
    """``lsusb -v`` shows E0C912952D54 and E0C9125B0D9B: the revision of the chip's source, which is in SYSINFO, and
    that of the ROM's, which this one has at 0x50."""
    rom = int.from_bytes(pico.memory.read(0x50, 4), "little")
    assert pico.usb.serial == f"E0C912{rom >> 8:06X}"
