"""Real ESP32-S3 images, unmodified, from their packages: mxdbg (ESP-IDF 5.3.5) and ivh (Arduino on ESP-IDF 4.4.7).

What is expected is what the images' own strings say, and the ROM's banner as every ESP32-S3 prints it
(ESP-IDF documentation, "Fatal errors" and bootloader chapters).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.realimages import corpus
from twins import Board, Image, Twin, UsageError


def twin_of(name: str, rom: str | Path | None = None) -> Twin:
    """An ESP32-S3 board with the image in its flash."""
    files = corpus.esp32s3(name)
    board = Board.load("esp32s3_devkitc")
    return Twin(
        replace(board, flash_size=16 << 20) if name == "ivh" else board,
        image=Image.load(",".join(f"{offset:#x}={path}" for offset, path in files.items()), "esp32s3"),
        rom=rom,
    )


def text(twin: Twin) -> str:
    """What UART0 said, without the milliseconds since reset: the ROM's own code takes about one more."""
    return re.sub(r"([EWIDV]) \(\d+\)", r"\1", twin.output("uart0").decode())


def elf(sections: dict[int, bytes]) -> bytes:
    """An ELF for Xtensa with these sections, allocated and of bits (System V ABI, chapter 4)."""
    header = 0x34 + sum(map(len, sections.values()))
    head = struct.pack(
        "<16sHHIIIIIHHHHHH",
        *(b"\x7fELF\x01\x01\x01", 2, 94, 1, 0, 0, header, 0, 0x34, 0x20, 0, 0x28, len(sections), 0),
    )
    body, table = b"", b""
    for address, data in sections.items():
        table += struct.pack("<10I", 0, 1, 2, address, 0x34 + len(body), len(data), 0, 0, 4, 0)
        body += data
    return head + body + table


@pytest.fixture(scope="module")
def mxdbg() -> Iterator[Twin]:
    with twin_of("mxdbg") as twin:
        twin.run("1s")
        yield twin


def test_the_chain_runs_from_the_rom_to_the_application(mxdbg: Twin) -> None:
    text = mxdbg.output("uart0").decode()
    steps = [
        "ESP-ROM:esp32s3-20210327\r\nBuild:Mar 27 2021\r\nrst:0x1 (POWERON),boot:0x8 (SPI_FAST_FLASH_BOOT)\r\n",
        "boot: ESP-IDF",
        "boot: Multicore bootloader",
        "boot: Partition Table:",
        "boot: Loaded app from partition at offset 0x10000",
        "cpu_start: Multicore app",
        "main_task: Started on CPU0",
        "main_task: Calling app_main()",
    ]
    places = [text.find(step) for step in steps]
    assert -1 not in places
    assert places == sorted(places)


def test_both_cores_run(mxdbg: Twin) -> None:
    assert all(count > 100_000 for count in mxdbg.instructions)


def test_it_enumerates_with_its_own_name_over_usb(mxdbg: Twin) -> None:
    """Vendor 303A is Espressif's; the product is named in the image's descriptors."""
    assert (mxdbg.usb.configured, mxdbg.usb.vendor_id, mxdbg.usb.product) == (True, 0x303A, "MXDBG")


def test_it_touches_nothing_that_is_not_modelled(mxdbg: Twin) -> None:
    assert mxdbg.unimplemented == {}


def test_until_the_firmware_switches_the_host_sees_the_chip_itself() -> None:
    """The chip's own device is as ``lsusb`` shows it: 303A:1001 with the MAC address as serial number. Over it the ROM
    prints what it prints on UART0 (ESP-IDF documentation, "USB Serial/JTAG controller console"); the firmware's TinyUSB
    then takes the pins."""
    with twin_of("mxdbg") as twin:
        twin.run("20ms")
        usb = twin.usb
        assert (usb.vendor_id, usb.product_id, usb.product) == (0x303A, 0x1001, "USB JTAG/serial debug unit")
        assert re.fullmatch(r"([0-9A-F]{2}:){5}[0-9A-F]{2}", usb.serial or "")
        assert usb.device_descriptor[:2] == bytes([18, 1])
        assert "ESP-ROM:esp32s3-20210327" in twin.consoles["usb_jtag"].text
        assert twin.output("usb") == b""
        twin.run("1s")
        assert (usb.configured, usb.product) == (True, "MXDBG")
        before = twin.output("usb_jtag")
        twin.consoles["usb_jtag"].send("lost on a port that is gone")
        twin.run("100ms")
        assert twin.output("usb_jtag") == before
        usb.unplug()
        twin.run("10ms")
        assert not usb.attached


def test_a_fork_in_the_middle_of_the_boot_goes_on_alike() -> None:
    with twin_of("mxdbg") as twin:
        twin.run("120ms")
        with twin.fork() as fork:
            twin.run("200ms")
            fork.run("200ms")
            assert fork.output("uart0") == twin.output("uart0")
            assert fork.trace.sha256 == twin.trace.sha256


def test_another_slice_of_the_cores_prints_the_same_text() -> None:
    with twin_of("mxdbg") as one, twin_of("mxdbg") as other:
        other.set_slice(64)
        one.run("400ms")
        other.run("400ms")
        assert one.output("uart0") == other.output("uart0")


@pytest.fixture(scope="module")
def rom() -> Path:
    """The mask ROM."""
    return corpus.esp32s3_rom()


def test_both_forms_of_the_mask_rom_boot_the_same_image_with_the_same_text(rom: Path, mxdbg: Twin) -> None:
    with twin_of("mxdbg", rom) as real:
        real.run("1s")
        assert text(real) == text(mxdbg)
        assert (real.usb.configured, real.usb.product) == (True, "MXDBG")


def test_the_mask_rom_of_esp_rom_elf_dir_is_found_in_its_folder(rom: Path, tmp_path: Path, mxdbg: Twin) -> None:
    """Espressif's esp-rom-elfs has one file for all revisions; the ROM's parts are sections of it."""
    content = rom.read_bytes()
    file = elf({0x4000_0000: content[:0x6_0000], 0x3FF0_0000: content[0x6_0000:]})
    (tmp_path / "esp32s3_rev0_rom.elf").write_bytes(file)
    with twin_of("mxdbg", tmp_path) as real:
        real.run("100ms")
        assert text(mxdbg).startswith(text(real))
        assert len(real.output("uart0")) > 200


def test_a_file_that_is_no_mask_rom_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"esp32s3_rev0_rom\.elf"):
        Twin("esp32s3_devkitc", rom=tmp_path)
    (tmp_path / "text.bin").write_bytes(b"text" * 0x2_0000)
    with pytest.raises(UsageError, match="the ROM image is of chip"):
        Twin("esp32s3_devkitc", rom=tmp_path / "text.bin")


def test_a_radio_that_is_started_at_function_level_is_named_and_the_rest_goes_on() -> None:
    """The first function of the mask ROM that ivh's Bluetooth LE controller calls; esp32s3.rom.ld has its address."""
    with twin_of("ivh") as ivh:
        ivh.run("1s")
        gap = ivh.unimplemented["ROM function btdm_controller_rom_data_init"]
        assert "the firmware starts the Bluetooth LE controller at 0x40002aa8" in gap.why
        before = ivh.instructions
        ivh.run("1s")
        assert all(now > then + 100_000 for then, now in zip(before, ivh.instructions, strict=True))
        assert not ivh.resets, "no watchdog bites"


def test_with_the_real_rom_the_bluetooth_controller_comes_up_without_a_radio(rom: Path) -> None:
    """ivh formats its file system (partition "spiffs" of its table, at 0xC90000) and runs on; nothing is on the air."""
    with twin_of("ivh", rom) as ivh:
        ivh.run("1200ms")
        assert "there is no radio here" in ivh.unimplemented["BLE"].why
        assert "starts the link layer of the Bluetooth LE controller at 0x" in ivh.unimplemented["BLE"].why
        # littlefs: SPEC.md, "Superblock": the magic at offset 8 of blocks 0 and 1, of 4 KB each.
        flash = ivh.flash.read()
        assert [flash[0xC9_0008 + block : 0xC9_0010 + block] for block in (0, 0x1000)] == [b"littlefs"] * 2
        assert "/littlefs/package.ivh does not exist" in text(ivh)
        assert not ivh.resets
        assert all(count > 100_000 for count in ivh.instructions)
