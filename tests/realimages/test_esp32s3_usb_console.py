"""The console on USB OTG by the ESP32-S3's mask ROM: the function level against the silicon's code, on our own core.

firmware/usb_console uses it as ESP-IDF does with CONFIG_ESP_CONSOLE_USB_CDC. A host must not tell the two apart.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.realimages import corpus
from tests.realimages.download import SYNC_ANSWERS, Loader
from twins import Twin
from twins.usb_dfu import DfuState

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


def restarted(console: Console, how: bytes) -> Twin:
    """A fork of the board that has started over, as esp_restart does it (ESP-IDF esp_system/port/usb_console.c)."""
    twin = console.twin.fork()
    twin.consoles["usb"].send(b"!" + how)
    twin.run("400ms")
    assert twin.resets[-1][1] == "CoreSoftware"
    return twin


def test_the_host_sees_nothing_of_a_restart(consoles: tuple[Console, Console]) -> None:
    """USBDC_PERSIST_ENA of rom/usb/usb_persist.h: the device goes on where it was."""
    for console in consoles:
        before = console.twin.usb.endpoints
        with restarted(console, b"r") as twin:
            assert twin.usb.endpoints == before
            assert b"(SPI_FAST_FLASH_BOOT)" in twin.output("uart0")
            start = len(twin.output("usb"))
            twin.consoles["usb"].send(b"still here")
            twin.run("30ms")
            assert twin.output("usb")[start:] == b"STILL HERE"


def test_download_mode_is_entered_over_the_same_connection(consoles: tuple[Console, Console]) -> None:
    """RTC_CNTL_FORCE_DOWNLOAD_BOOT beside it, as Arduino's sketches do when a port is opened with 1200 baud."""
    for console in consoles:
        with restarted(console, b"b") as twin:
            assert b"waiting for download" in twin.output("uart0")
            assert len(Loader(twin, "usb").sync()) == SYNC_ANSWERS


def test_updates_are_entered_by_a_restart(consoles: tuple[Console, Console]) -> None:
    """USBDC_BOOT_DFU: the device comes back as one that is ready for an update."""
    for console in consoles:
        with restarted(console, b"d") as twin:
            assert b"Booting into dfu mode." in twin.output("uart0")
            dfu = twin.usb.dfu
            assert (dfu.is_ready, dfu.state) == (True, DfuState.IDLE)
            assert dfu.download(b"anything").state == DfuState.IDLE
            assert twin.flash.read().startswith(b"anything\xff")
