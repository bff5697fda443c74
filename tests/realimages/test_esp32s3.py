"""Real ESP32-S3 images, unmodified, from their packages: mxdbg (ESP-IDF 5.3.5) and ivh (Arduino on ESP-IDF 4.4.7).

What is expected is what the images' own strings say, and the ROM's banner as every ESP32-S3 prints it
(ESP-IDF documentation, "Fatal errors" and bootloader chapters).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.realimages import corpus
from twins import Image, Twin


def twin_of(name: str) -> Twin:
    """An ESP32-S3 board with the image in its flash."""
    files = corpus.esp32s3(name)
    return Twin(
        "esp32s3_devkitc",
        image=Image.load(",".join(f"{offset:#x}={path}" for offset, path in files.items()), "esp32s3"),
    )


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
