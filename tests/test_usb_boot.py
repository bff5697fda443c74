"""USB boot of the RP2040's ROM: the drive RPI-RP2 and the PICOBOOT interface. Datasheet 2.8.4 and 2.8.5."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import picoboot
from tests.picoboot import Picoboot, Refused
from twins import Image, Twin
from twins.errors import FirmwareCrashed, UsageError

IMAGES = Path(__file__).parent.parent / "firmware" / "images"
IDLE = IMAGES / "idle.uf2"
LAMP = IMAGES / "functions.uf2"
SRAM, FLASH = 0x2000_0000, 0x1000_0000


@pytest.fixture
def rom() -> str | None:
    """The ROM that runs: ours. `tests/realimages/test_usb_boot.py` has the chip's own."""
    return None


@pytest.fixture
def pico(rom: str | None) -> Iterator[Twin]:
    """A Pico without an image, whose BOOTSEL was held down at power-on."""
    with Twin("pico", rom=rom) as twin:
        twin.bootsel()
        yield twin


@pytest.fixture
def device(pico: Twin) -> Picoboot:
    """Its PICOBOOT interface."""
    return Picoboot(pico)


def uf2(pages: list[tuple[int, bytes]], family: int = 0xE48BFF56) -> bytes:
    """A UF2 file, by the format's specification."""
    blocks = []
    for number, (address, page) in enumerate(pages):
        head = struct.pack("<8I", 0x0A324655, 0x9E5D5157, 0x2000, address, 256, number, len(pages), family)
        blocks.append(head + page.ljust(476, b"\0") + struct.pack("<I", 0x0AB16F30))
    return b"".join(blocks)


def test_the_device_is_the_one_of_the_datasheet(pico: Twin) -> None:
    """Tables of 2.8.5.1 and 2.8.5.2."""
    usb = pico.usb
    assert (usb.vendor_id, usb.product_id) == (0x2E8A, 0x0003)
    assert usb.device_descriptor == bytes.fromhex("12011001000000408a2e03000001010203 01".replace(" ", ""))
    assert (usb.manufacturer, usb.product) == ("Raspberry Pi", "RP2 Boot")
    assert usb.serial is not None
    assert len(usb.serial) == 12
    interfaces = [usb.configuration_descriptor[at : at + 9] for at in (9, 32)]
    assert [tuple(one[5:8]) for one in interfaces] == [(8, 6, 0x50), (0xFF, 0, 0)]
    assert [(end.address, end.kind, end.size) for end in usb.endpoints] == [
        (0x81, 2, 64),
        (0x02, 2, 64),
        (0x03, 2, 64),
        (0x84, 2, 64),
    ]


def test_the_drive_tells_which_board_it_is(pico: Twin) -> None:
    """2.8.4.1."""
    drive = pico.usb.drive
    assert drive.label == "RPI-RP2"
    assert drive.disk.sectors * 512 == 128 << 20
    info = drive.read("INFO_UF2.TXT").decode()
    assert "Board-ID: RPI-RP2\n" in info
    assert drive.files["INFO_UF2.TXT"] == len(info)
    assert "raspberrypi.com" in drive.read("index.htm").decode()
    with pytest.raises(UsageError, match=r"INDEX\.HTM, INFO_UF2\.TXT"):
        drive.read("CURRENT.UF2")


@pytest.mark.parametrize("source", [IDLE, LAMP], ids=lambda path: path.stem)
def test_a_file_that_is_dropped_is_programmed_and_started(pico: Twin, source: Path) -> None:
    """2.8.4.2, and the same flash as a programmer's."""
    pico.usb.drive.copy(source)
    image = Image.load(source, "rp2040")
    pico.run("2s")
    assert pico.resets[-1][1] == "WatchdogTimer"
    for segment in image.segments:
        at = segment.address - FLASH
        assert pico.flash.read()[at : at + len(segment.data)] == segment.data
    with Twin("pico", image=source) as other:
        other.run("100ms")
        assert {name: console.text for name, console in pico.consoles.items()} == {
            name: console.text for name, console in other.consoles.items()
        }
    assert not pico.usb.attached or pico.usb.product_id != 3


def test_an_image_for_ram_starts_there(pico: Twin) -> None:
    """2.8.4.2.1: it is entered at its lowest address. It stores a word and waits."""
    # movs r0, #32; lsls r0, r0, #24; movs r1, #42; str r1, [r0, #4]; b .
    code = bytes.fromhex("2020 0006 2a21 4160 fee7".replace(" ", ""))
    pico.usb.drive.write("ram.uf2", uf2([(SRAM + 0x2000, code), (SRAM + 0x2100, b"")]))
    pico.run("1500ms")
    assert pico.memory.read(SRAM + 4, 4) == b"*\0\0\0"
    assert pico.registers(0)["pc"] == SRAM + 0x2008


def test_what_is_no_image_for_this_chip_is_passed_over(pico: Twin) -> None:
    """2.8.4.2: the family identifier, and the flag that says it is there."""
    before = pico.flash.read()
    pico.usb.drive.write("other.uf2", uf2([(FLASH, b"no" * 128)], family=0xADA52840))
    pico.usb.drive.write("text.txt", b"no image at all")
    pico.run("2s")
    assert pico.flash.read() == before
    assert pico.usb.product_id == 3


def test_memory_is_read_and_written(device: Picoboot) -> None:
    """2.8.5.4.4 and 2.8.5.4.5."""
    data = bytes(range(256)) * 2 + b"tail"
    device.write(SRAM + 0x100, data)
    assert device.twin.memory.read(SRAM + 0x100, len(data)) == data
    assert device.read(SRAM + 0x100, len(data)) == data
    # 2.8.2: "Mu" and 1 at 0x10 of the ROM.
    assert device.read(0x10, 3) == b"Mu\x01"
    assert device.status()[1:] == (picoboot.OK, picoboot.READ, False)


def test_flash_is_erased_programmed_and_read(device: Picoboot) -> None:
    """2.8.5.4.3 to 2.8.5.4.6; a sector's erase takes the flash chip 45 ms (W25Q16JV, 9.6)."""
    device.command(picoboot.EXCLUSIVE_ACCESS, b"\x01")
    device.command(picoboot.EXIT_XIP)
    before = device.twin.now
    device.erase(FLASH + 0x1000, 0x2000)
    assert 90e9 <= device.twin.now - before < 95e9
    page = bytes(range(256))
    device.write(FLASH + 0x1000, page * 3)
    assert device.twin.flash.read()[0x1000:0x1400] == page * 3 + b"\xff" * 256
    assert device.read(FLASH + 0x1100, 512) == page * 2


def test_a_function_is_executed(device: Picoboot) -> None:
    """2.8.5.4.8: it returns, and the command ends."""
    # movs r0, #32; lsls r0, r0, #24; movs r1, #7; str r1, [r0]; bx lr
    device.write(SRAM + 0x3000, bytes.fromhex("2020 0006 0721 0160 7047".replace(" ", "")))
    device.exec(SRAM + 0x3000)
    assert device.read(SRAM, 4) == b"\7\0\0\0"


@pytest.mark.parametrize(
    ("number", "arguments", "size", "length", "status"),
    [
        (0x0F, b"", None, 0, picoboot.UNKNOWN_CMD),
        (picoboot.FLASH_ERASE, struct.pack("<I", FLASH), None, 0, picoboot.INVALID_CMD_LENGTH),
        (picoboot.READ, struct.pack("<II", SRAM, 64), None, 32, picoboot.INVALID_TRANSFER_LENGTH),
        (picoboot.READ, struct.pack("<II", 0x4000_0000, 64), None, 64, picoboot.INVALID_ADDRESS),
        (picoboot.READ, struct.pack("<II", FLASH + 1, 64), None, 64, picoboot.BAD_ALIGNMENT),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_status(
    device: Picoboot, number: int, arguments: bytes, size: int | None, length: int, status: int
) -> None:
    """2.8.5.4 and 2.8.5.5.2; picoboot.h names the codes."""
    with pytest.raises(Refused):
        device.command(number, arguments, size, length)
    assert device.status()[1:3] == (status, number)
    device.reset()
    assert device.status()[1] == picoboot.OK
    assert device.read(0x10, 3) == b"Mu\x01"


def test_exclusive_access_takes_the_drive_away(device: Picoboot) -> None:
    """2.8.5.4.1: writes are refused, and the medium is gone.

    INTERFACE_RESET lets writes in again. By 2.8.5.5.1 the medium comes back, too; the chip's own ROM leaves it out.
    """
    drive = device.usb.drive
    device.command(picoboot.EXCLUSIVE_ACCESS, b"\x02")
    with pytest.raises(UsageError, match="sense key 2, additional sense code 0x3A"):
        drive.disk.command(bytes(6))
    drive.disk.write(1000, uf2([(FLASH, b"\0" * 256)]))
    device.twin.run("1500ms")
    assert device.twin.flash.read()[:4] == b"\xff" * 4
    device.reset()
    drive.disk.write(1000, uf2([(FLASH, b"\0" * 256), (FLASH + 256, b"")])[:512])
    device.twin.run("500ms")
    assert device.twin.flash.read()[:4] == bytes(4)
    with pytest.raises(UsageError, match="sense key 2"):
        drive.disk.command(bytes(6))


@pytest.mark.parametrize(("block", "answer"), [(b"\xee", 0), (b"\x1a" + bytes(5), 192)])
def test_a_host_that_expects_something_else_gets_its_status_behind_a_halt(
    pico: Twin, block: bytes, answer: int
) -> None:
    """Bulk-Only Transport, 6.7.2 and 6.7.3: a short answer halts the endpoint before the status."""
    disk = pico.usb.drive.disk
    if answer:
        assert disk.command(block, answer=answer) == b"\x03\0\0\0"
    else:
        with pytest.raises(UsageError, match="sense key 5"):
            disk.command(block)


def test_a_reboot_starts_what_is_named(device: Picoboot) -> None:
    """2.8.5.4.2."""
    device.write(SRAM + 0x3000, bytes.fromhex("fee7"))
    resets = len(device.twin.resets)
    device.reboot(SRAM + 0x3000, SRAM + 0x2_0000, delay=25)
    before = device.twin.now
    device.twin.run_until(lambda: len(device.twin.resets) > resets, timeout="1s")
    device.twin.run("1ms")
    assert device.twin.registers(0)["pc"] == SRAM + 0x3000
    assert device.twin.registers(0)["sp"] == SRAM + 0x2_0000
    # RP2040-E1: the counter falls twice a tick, so the ROM's 1000 a millisecond are half of it.
    assert 12e9 <= device.twin.now - before < 27e9


def test_an_empty_flash_ends_the_first_run_and_then_waits_for_an_image() -> None:
    with Twin("pico") as pico:
        with pytest.raises(FirmwareCrashed, match="flash is empty"):
            pico.run("3s")
        pico.run_until(lambda: pico.usb.configured, timeout="2s")
        pico.usb.drive.copy(IDLE)
        pico.run("2s")
        assert pico.resets[-1][1] == "WatchdogTimer"
        assert pico.unimplemented == {}


def test_a_snapshot_in_the_middle_goes_on(device: Picoboot) -> None:
    device.command(picoboot.EXIT_XIP)
    fork = device.twin.fork()
    with fork:
        for one in (Picoboot(device.twin), Picoboot(fork)):
            one.erase(FLASH, 0x1000)
            one.write(FLASH, b"same" * 64)
        assert fork.trace.sha256 == device.twin.trace.sha256


def test_other_chips_have_no_such_button() -> None:
    with Twin("esp32s3_devkitc") as other, pytest.raises(UsageError, match="no BOOTSEL"):
        other.bootsel()
