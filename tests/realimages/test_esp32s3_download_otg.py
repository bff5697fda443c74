"""Download mode and firmware updates over USB OTG, where the fuses give it the PHY: the function level against the
silicon's ROM, on our own core. A host must not tell the two apart.

The protocols are esptool's documentation, "Serial Protocol", and DFU 1.1; archives are ESP-IDF's documentation, "Device
Firmware Upgrade via USB", and tools/mkdfu.py.
"""

from __future__ import annotations

import hashlib
import random
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.realimages import corpus
from tests.realimages.download import READ_REG, SYNC_ANSWERS, Ask, Loader, words
from tests.realimages.host_programs import while_it_runs
from tests.realimages.test_esp32s3_download import CONVERSATIONS, answer_alike, fused
from twins import Twin, UsageError
from twins.usb_dfu import DfuState, UsbDfu

IMAGE = corpus.ROOT / "firmware" / "images" / "s3_functions.bin"
NOISE = random.Random(2).randbytes(20_000)
USB_PHY_SEL, DIS_USB_OTG_DOWNLOAD_MODE, ENABLE_SECURITY_DOWNLOAD, DIS_USB = 121, 159, 133, 45
"""ESP-IDF esp_efuse_table.csv."""
RING = 0x800
"""Longer packets are lost: the ROM's line holds 2076 bytes, and no host waits. esptool's USB_RAM_BLOCK."""
SHORT = [name for name, asks in CONVERSATIONS.items() if all(len(ask.bytes()) <= RING for ask in asks)]
ROMS = pytest.mark.parametrize("rom", [None, "silicon"])


def booted(rom: Path | None, fuses: Path) -> Twin:
    """A board that was reset with its boot button held."""
    twin = Twin("esp32s3_devkitc", rom=rom, fuses=fuses)
    twin.boot.down()
    twin.run("10ms")
    twin.reset()
    twin.run("50ms")
    twin.boot.up()
    return twin


@pytest.fixture(scope="module")
def fuses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fused(tmp_path_factory.mktemp("otg"), USB_PHY_SEL)


@pytest.fixture(scope="module")
def twins(fuses: Path) -> Iterator[tuple[Twin, Twin]]:
    """The silicon's ROM, and ours, once a host has found the device."""
    both = booted(corpus.esp32s3_rom(), fuses), booted(None, fuses)
    for twin in both:
        twin.run_until(lambda twin=twin: twin.usb.configured, timeout="1s")
        twin.run("20ms")
    yield both
    for twin in both:
        twin.close()


@pytest.fixture(scope="module")
def loaders(twins: tuple[Twin, Twin]) -> Iterator[tuple[Loader, Loader]]:
    """After their first words with the host."""
    both = [Loader(twin.fork(), "usb") for twin in twins]
    for loader in both:
        assert loader.sync() == [bytes.fromhex("0108040007071220 00000000")] * SYNC_ANSWERS
    yield both[0], both[1]
    for loader in both:
        loader.twin.close()


def test_the_host_finds_the_same_device(twins: tuple[Twin, Twin]) -> None:
    silicon, ours = (twin.usb for twin in twins)
    assert ours.device_descriptor == silicon.device_descriptor
    assert ours.configuration_descriptor == silicon.configuration_descriptor
    for usb in (silicon, ours):
        assert (usb.vendor_id, usb.product_id) == (0x303A, 0x0009)
        assert (usb.manufacturer, usb.product, usb.serial) == ("Espressif", "ESP32-S3", "7c:df:a1:00:00:01")


@pytest.mark.parametrize("name", SHORT)
def test_the_answers_are_the_silicons(name: str, loaders: tuple[Loader, Loader]) -> None:
    answer_alike(loaders, CONVERSATIONS[name])


def test_the_console_follows_the_host(loaders: tuple[Loader, Loader]) -> None:
    """buff_uart_no of the ROM's UartDevice, by which esptool knows USB OTG: 3 (its targets/esp32s3.py)."""
    for loader in loaders:
        assert loader.ask(Ask(READ_REG, words(0x3FCE_F14C)))[0][4:8] == words(3)


@pytest.mark.parametrize("bit", [DIS_USB_OTG_DOWNLOAD_MODE, ENABLE_SECURITY_DOWNLOAD, DIS_USB])
@ROMS
def test_the_fuses_can_close_it(rom: str | None, bit: int, tmp_path: Path) -> None:
    with booted(corpus.esp32s3_rom() if rom else None, fused(tmp_path, USB_PHY_SEL, bit)) as twin:
        twin.run("500ms")
        assert not twin.usb.attached


@ROMS
def test_without_the_fuse_the_phy_is_the_serial_jtags(rom: str | None) -> None:
    with Loader.booted(corpus.esp32s3_rom() if rom else None, "usb_jtag").twin as twin:
        twin.run("300ms")
        assert twin.usb.product_id == 0x1001


def test_rts_falls_and_the_chip_is_reset(loaders: tuple[Loader, Loader]) -> None:
    """The straps are not looked at again: it is a processor's reset, and the device comes back."""
    for loader in loaders:
        with loader.twin.fork() as twin:
            for lines in ((False, True), (False, False)):
                twin.usb.set_lines(*lines)
                twin.run("100ms")
            assert [reason for _, reason in twin.resets[len(loader.twin.resets) :]] == ["CpuSoftware"]
            assert b"rst:0xc (RTC_SW_CPU_RST),boot:0x0 (DOWNLOAD(USB/UART0))" in twin.output("uart0")
            twin.run("400ms")
            assert twin.usb.configured


@pytest.mark.parametrize("stub", [[], ["--no-stub"]], ids=["stub", "no stub"])
@ROMS
def test_esptool_flashes_an_image(rom: str | None, stub: list[str], fuses: Path) -> None:
    with booted(corpus.esp32s3_rom() if rom else None, fuses) as twin:
        twin.run_until(lambda: twin.usb.configured, timeout="1s")
        host, port = twin.consoles["usb"].serve_tcp()
        command = [sys.executable, "-m", "esptool", "--port", f"socket://{host}:{port}", "--before", "no-reset", *stub]
        code, printed = while_it_runs(twin, [*command, "write-flash", "0x0", str(IMAGE)])
        assert code == 0, printed
        assert ("Stub flasher running." in printed) is not bool(stub)
        assert "Hash of data verified." in printed
        assert twin.flash.read().startswith(IMAGE.read_bytes())
        twin.reset()
        twin.run("200ms")
        assert "entry 0x" in twin.output("uart0").decode(errors="replace").rpartition("ESP-ROM:")[2]


# Firmware updates


def member(name: str, data: bytes) -> bytes:
    """A file of a cpio archive, as `man 5 cpio` has "newc"."""
    text = name.encode() + b"\0"
    head = b"070701" + b"".join(
        b"%08X" % value for value in (0, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(text), 0)
    )
    return b"".join(part + bytes(-len(part) % 4) for part in (head + text, data))


def archive(*files: tuple[int, bytes], flags: int = 0, digest: bytes | None = None) -> bytes:
    """What idf.py dfu makes: first a list of where each file goes, and what its MD5 is."""
    names = [f"{number}.bin" for number in range(len(files))]
    lines = [
        struct.pack("<II64s16s", at, flags, name.encode(), digest or hashlib.md5(data).digest())
        for name, (at, data) in zip(names, files, strict=True)
    ]
    members = [member(name, data) for name, (_, data) in zip(names, files, strict=True)]
    return member("dfuinfo0.dat", b"".join(lines)) + b"".join(members) + member("TRAILER!!!", b"")


@pytest.fixture(scope="module")
def ready(twins: tuple[Twin, Twin]) -> Iterator[tuple[Twin, Twin]]:
    """After DETACH: dfu-util prints the same of an ESP32-S2, with an error that it overlooks, since the device leaves
    the bus before it has answered.

    Espressif's forum, August 2021, "Does ESP32-S2 DFU support automatic detach / reset?".
    """
    both = [twin.fork() for twin in twins]
    for twin in both:
        dfu = twin.usb.dfu
        assert (dfu.state, dfu.attributes, dfu.transfer_size, dfu.is_ready) == (DfuState.APP_IDLE, 0xF, 64, False)
        dfu.detach()
        assert (dfu.state, dfu.is_ready) == (DfuState.IDLE, True)
    yield both[0], both[1]
    for twin in both:
        twin.close()


def update_alike(ready: tuple[Twin, Twin], work: Callable[[UsbDfu], object]) -> list[tuple[object, bytes]]:
    """What both answered, which must be the same, and what is in flash then."""
    seen = []
    for twin in ready:
        with twin.fork() as fork:
            try:
                answer = work(fork.usb.dfu)
            except UsageError as error:
                answer = str(error)
            state = fork.usb.dfu.status()
            seen.append(((answer, state), fork.flash.read()))
    assert seen[1][0] == seen[0][0]
    assert seen[1][1] == seen[0][1]
    return seen


def test_both_are_described_the_same_when_they_are_ready(ready: tuple[Twin, Twin]) -> None:
    assert ready[1].usb.configuration_descriptor == ready[0].usb.configuration_descriptor


@pytest.mark.parametrize("size", [1, 64, 4095, 20_000])
def test_an_archive_is_written(size: int, ready: tuple[Twin, Twin]) -> None:
    files = [(0x1000, NOISE[:size]), (0x1_0000, NOISE[: size // 2])]
    (answer, flash), *_ = update_alike(ready, lambda dfu: dfu.download(archive(*files)))
    assert answer[1].state == DfuState.IDLE  # type: ignore[index]
    for at, data in files:
        assert flash[at : at + len(data)] == data


def test_what_is_no_archive_goes_into_flash_as_it_is(ready: tuple[Twin, Twin]) -> None:
    (_, flash), *_ = update_alike(ready, lambda dfu: dfu.download(NOISE[:9001]))
    assert flash.startswith(NOISE[:9001] + b"\xff")


@pytest.mark.parametrize(
    ("image", "status"),
    [
        (archive((0x1000, NOISE[:500]), digest=bytes(16)), 10),
        (archive((0x1000, b""))[: 110 + 14 + 88] + NOISE[:600], 1),
        (member("dfuinfo0.dat", bytes(0x1601)) + member("TRAILER!!!", b""), 2),
        (archive((0x1000, NOISE[:500]))[:350], 1),
    ],
    ids=["MD5", "no archive behind its first file", "too many files", "too short"],
)
def test_what_is_wrong_is_said(image: bytes, status: int, ready: tuple[Twin, Twin]) -> None:
    """bStatus by DFU 1.1, 6.1.2: errTARGET, errFILE, errFIRMWARE."""
    seen = update_alike(ready, lambda dfu: dfu.download(image))
    assert f"status {status}, ERROR" in str(seen[1][0])


def _many(dfu: UsbDfu) -> list[object]:
    """Requests in states that have no place for them."""
    seen: list[object] = []
    steps: list[Callable[[], object]] = [
        lambda: dfu.send_block(0, b""),
        dfu.status,
        lambda: dfu.ask_block(0, 64),
        lambda: dfu.ask_block(1, 64),
        lambda: dfu.ask_block(3, 64),
        dfu.status,
        dfu.clear,
        lambda: dfu.send_block(0, NOISE[:64]),
        lambda: dfu.ask_block(0, 64),
        lambda: dfu.state,
        dfu.abort,
        lambda: dfu.select(0x102),
        lambda: dfu.ask_block(0, 16),
        lambda: dfu.send_block(0, b"abc"),
        dfu.clear,
        lambda: dfu.send_block(0, b"abc"),
        lambda: dfu.send_block(1, b""),
        dfu.status,
    ]
    for step in steps:
        try:
            seen.append(step())
        except UsageError as error:
            seen.append(str(error))
    return seen


def test_every_request_is_answered_the_same(ready: tuple[Twin, Twin]) -> None:
    seen = update_alike(ready, _many)
    assert seen[1][1].startswith(b"abc\xff")


def test_flash_is_read_back(ready: tuple[Twin, Twin]) -> None:
    def work(dfu: UsbDfu) -> bytes:
        dfu.download(archive((0x0, NOISE[:5000])))
        return dfu.upload(4992)

    (answer, _), *_ = update_alike(ready, work)
    assert answer[0] == NOISE[:4992]  # type: ignore[index]


def test_an_application_runs_after_the_reset_of_the_bus(ready: tuple[Twin, Twin]) -> None:
    """The chip resets itself by its RTC watchdog."""
    for twin in ready:
        with twin.fork() as fork:
            fork.usb.dfu.download(archive((0, IMAGE.read_bytes())))
            fork.usb.dfu.leave()
            fork.run("500ms")
            assert fork.resets[-1][1] == "SystemRtcWdt"
            assert b"(SPI_FAST_FLASH_BOOT)" in fork.output("uart0")
            assert b"entry 0x" in fork.output("uart0")
