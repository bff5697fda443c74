"""GP2040-CE, the gamepad firmware, as its own tools carry it: pico-sdk, TinyUSB and both cores, unmodified.

Expected values come from GP2040-CE's source: headers/gamepad/descriptors/ (USB identities), getBootAction in
src/gp2040.cpp (buttons held at boot choose a mode), and configs/RP2040AdvancedBreakoutBoard/BoardConfig.h (pins).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.realimages import corpus
from tests.realimages.corpus import FLASH_ID
from twins import Twin

# BoardConfig.h: buttons pull their pin to ground
B1, B2, START, UP = "GPIO8", "GPIO7", "GPIO13", "GPIO19"

XINPUT = (0x045E, 0x028E)
POKKEN = (0x0F0D, 0x0092)
# lib/rndis: a network device; its product id is made of TinyUSB's classes, and stands in the image once
WEB_CONFIG = (0xCAFE, 0x4028)

# XInputDescriptors.h: report id, size, buttons 1, buttons 2, ...
NOTHING_PRESSED = bytes([0, 20, 0, 0])
UP_PRESSED = bytes([0, 20, 1 << 0, 0])
A_AND_B_PRESSED = bytes([0, 20, 0, 1 << 4 | 1 << 5])


def identity(twin: Twin) -> tuple[int, int]:
    """Vendor and product that the host has read."""
    return twin.usb.vendor_id, twin.usb.product_id


@pytest.fixture(scope="module")
def image() -> str:
    """Firmware 0.7.5 for the RP2040 Advanced Breakout Board."""
    return str(corpus.gp2040ce("test-firmware.bin"))


@pytest.fixture(scope="module")
def enumerated(image: str) -> Iterator[Twin]:
    """A pad that was plugged in with no button held."""
    with Twin("pico", image=image) as pad:
        pad.run_until(lambda: pad.usb.configured, timeout="5s")
        yield pad


@pytest.fixture
def pad(enumerated: Twin) -> Iterator[Twin]:
    """The same, the test's own."""
    with enumerated.fork() as fork:
        yield fork


def test_enumerates_as_an_xbox_360_pad(pad: Twin) -> None:
    """XInputDescriptors.h: class FF/FF/FF, one interface FF/5D/01 with a 32-byte interrupt endpoint each way."""
    assert identity(pad) == XINPUT
    assert (pad.usb.manufacturer, pad.usb.product, pad.usb.serial) == ("Microsoft", "XInput STANDARD GAMEPAD", "1.0")
    assert pad.usb.device_descriptor[4:7] == b"\xff\xff\xff"
    assert pad.usb.configuration_descriptor[:4] == bytes([9, 2, 0x30, 0])
    assert {(0x81, 3, 32), (0x01, 3, 32)} == {(e.address, e.kind, e.size) for e in pad.usb.endpoints}


def test_reports_buttons(pad: Twin) -> None:
    """Gamepad::getXInputReport; debounced 5 ms (GAMEPAD_DEBOUNCE_MILLIS)."""
    pad.run("20ms")
    assert pad.usb.reports(0x81)[-1].data[:4] == NOTHING_PRESSED
    pad.pins[UP].drive(0)
    pad.run("20ms")
    assert pad.usb.reports(0x81)[-1].data[:4] == UP_PRESSED
    pad.pins[UP].release()
    pad.pins[B1].drive(0)
    pad.pins[B2].drive(0)
    pad.run("20ms")
    assert pad.usb.reports(0x81)[-1].data[:4] == A_AND_B_PRESSED


@pytest.mark.parametrize(
    ("held", "wanted"),
    [(START, WEB_CONFIG), (B1, POKKEN), (B2, XINPUT)],
    ids=["start: web configurator", "B1: Switch", "B2: XInput"],
)
def test_a_button_held_at_boot_chooses_the_mode(image: str, held: str, wanted: tuple[int, int]) -> None:
    """GP2040::getBootAction."""
    with Twin("pico", image=image) as pad:
        pad.pins[held].drive(0)
        pad.run_until(lambda: pad.usb.configured, timeout="5s")
        assert identity(pad) == wanted


def test_the_chosen_mode_is_kept_in_flash(image: str, tmp_path: Path) -> None:
    """Gamepad::save writes the mode to the settings in the last 32 KB of flash; the next boot reads it."""
    with Twin("pico", image=image) as pad:
        pad.pins[B1].drive(0)
        pad.run_until(lambda: pad.usb.configured, timeout="5s")
        pad.pins[B1].release()
        pad.run("500ms")  # saves are queued and written by the main loop
        pad.flash.save(tmp_path / "flash.bin")
    with Twin("pico", flash=tmp_path / "flash.bin") as pad:
        pad.run_until(lambda: pad.usb.configured, timeout="5s")
        assert identity(pad) == POKKEN
        assert (pad.usb.manufacturer, pad.usb.product) == ("HORI CO.,LTD.", "POKKEN CONTROLLER")


def test_a_whole_board_dump_starts_with_its_settings() -> None:
    """0.7.10 with settings saved: XInput; the serial number is "0" and bytes 5 to 7 of the flash id
    (xinput_get_string_descriptor in headers/drivers/xinput/XInputDescriptors.h)."""
    with Twin("pico", image=str(corpus.gp2040ce("test-whole-board-with-board-config.bin"))) as pad:
        pad.run_until(lambda: pad.usb.configured, timeout="5s")
        assert identity(pad) == XINPUT
        assert (pad.usb.manufacturer, pad.usb.product) == ("©Microsoft Corporation", "Controller")
        assert pad.usb.serial == "0" + FLASH_ID[5:8].hex().upper()
