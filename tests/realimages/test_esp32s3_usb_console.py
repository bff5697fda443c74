"""The console on USB OTG by the ESP32-S3's mask ROM: the function level against the silicon's code, on our own core.

firmware/usb_console uses it as ESP-IDF does with CONFIG_ESP_CONSOLE_USB_CDC. A host must not tell the two apart.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.realimages import corpus
from twins import Twin

IMAGE = corpus.ROOT / "firmware" / "images" / "s3_usb_console.bin"
RESET, CONNECTED, CONFIGURED = 1, 2, 3
"""enum usb_dc_status_code of ESP-IDF's rom/usb/usb_dc.h."""
LINE_STATE, LINE_CODING, RECEIVED = -1, -2, -4
"""ACM_STATUS_* of rom/usb/cdc_acm.h."""


class Console:
    """A board with the program on it, and what a host sees."""

    def __init__(self, rom: Path | None) -> None:
        self.twin = Twin("esp32s3_devkitc", rom=rom, image=IMAGE, elf=IMAGE.with_suffix(".elf"))
        self.console = self.twin.consoles["usb"]
        self.twin.run_until(lambda: self.twin.usb.configured and self.seen()[0], timeout="2s")
        self.twin.run("20ms")

    def seen(self) -> tuple[int, int, int, list[int]]:
        """Ready, DTR, RTS, and what the ROM has told."""
        ready, dtr, rts, count, *told = struct.unpack("<4I64i", self.twin.memory.read("seen", 4 * 68))
        return ready, dtr, rts, told[:count]

    def ask(self, text: bytes) -> bytes:
        """What comes back."""
        start = len(self.console.log)
        self.console.send(text)
        self.twin.run("30ms")
        return bytes(self.console.log[start:])


@pytest.fixture(scope="module")
def consoles() -> Iterator[tuple[Console, Console]]:
    """The silicon's ROM, and ours."""
    both = Console(corpus.esp32s3_rom()), Console(None)
    yield both
    for one in both:
        one.twin.close()


def test_the_host_finds_the_same_device(consoles: tuple[Console, Console]) -> None:
    silicon, ours = (console.twin.usb for console in consoles)
    assert ours.device_descriptor == silicon.device_descriptor
    assert ours.configuration_descriptor == silicon.configuration_descriptor
    for usb in (silicon, ours):
        assert (usb.vendor_id, usb.product_id) == (0x303A, 0x0009)
        assert (usb.manufacturer, usb.product, usb.serial) == ("Espressif", "ESP32-S3", "7c:df:a1:00:00:01")


def test_the_program_is_told_the_same(consoles: tuple[Console, Console]) -> None:
    for console in consoles:
        assert console.seen() == (1, 1, 1, [RESET, CONNECTED, CONFIGURED, LINE_CODING, LINE_STATE])
        assert console.ask(b"Hello, world\n") == b"HELLO, WORLD\n"
        assert console.seen()[3][5:] == [RECEIVED]


@pytest.mark.parametrize("count", [1, 63, 64, 65, 300, 1000])
def test_nothing_is_lost_at_any_length(count: int, consoles: tuple[Console, Console]) -> None:
    text = (b"abcdefghijklmnopqrstuvwxyz" * 40)[:count]
    for console in consoles:
        assert console.ask(text) == text.upper()


def test_the_roms_printf_comes_this_way(consoles: tuple[Console, Console]) -> None:
    silicon, ours = (console.ask(b"?") for console in consoles)
    assert ours == silicon
    assert ours.endswith(b" characters so far\r\n")
