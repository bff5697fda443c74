"""esptool, Espressif's own, at a board's console: what it does with a board it does with the twin.

It resets the board by DTR and RTS, speaks to the ROM's loader, and unless told otherwise runs its stub on the cores.
"""

from __future__ import annotations

import random
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.realimages import corpus
from tests.realimages.download import FLASH_BEGIN, FLASH_DATA, SECURITY_INFO, WRITE_REG, Ask, Loader, piece, words
from tests.realimages.host_programs import while_it_runs
from twins import Twin

IMAGE = corpus.ROOT / "firmware" / "images" / "s3_functions.bin"
STUB = pytest.mark.parametrize("stub", [[], ["--no-stub"]], ids=["stub", "no stub"])


def esptool(twin: Twin, *arguments: str | Path, lines: bool = False, fails: bool = False) -> str:
    """What the tool printed while the twin ran; with `lines` it has DTR and RTS, and waits for each one's answer."""
    console = twin.consoles["uart0"]
    scheme, (host, number) = ("rfc2217", console.serve_rfc2217()) if lines else ("socket", console.serve_tcp())
    command = [sys.executable, "-m", "esptool", "--port", f"{scheme}://{host}:{number}"]
    command += [] if lines else ["--before", "no-reset"]
    command += [str(argument) for argument in arguments]
    code, printed = while_it_runs(twin, command)
    assert (code != 0) is fails, printed
    return printed


def boots(twin: Twin) -> str:
    """What the last start said."""
    twin.run("200ms")
    return twin.output("uart0").decode(errors="replace").rpartition("ESP-ROM:")[2]


def test_dtr_and_rts_bring_the_chip_into_download_mode_and_back() -> None:
    with Twin("esp32s3_devkitc", image=IMAGE) as twin:
        printed = esptool(twin, "--baud", "921600", "read-mac", lines=True)
        assert "Stub flasher running." in printed
        assert "MAC:                7c:df:a1:00:00:01" in printed
        started = boots(twin)
        assert "(SPI_FAST_FLASH_BOOT)" in started
        assert "entry 0x" in started


@STUB
@pytest.mark.parametrize("rom", [None, "silicon"])
def test_an_image_is_flashed_and_runs(rom: str | None, stub: list[str]) -> None:
    with Loader.booted(corpus.esp32s3_rom() if rom else None).twin as twin:
        printed = esptool(twin, *stub, "--baud", "921600", "write-flash", "0x0", IMAGE)
        assert ("Stub flasher running." in printed) is not bool(stub)
        assert "Hash of data verified." in printed
        assert re.search(r"Chip type: +ESP32-S3 \(QFN56\)", printed)
        assert twin.flash.read().startswith(IMAGE.read_bytes())
        twin.reset()
        started = boots(twin)
        assert "(SPI_FAST_FLASH_BOOT)" in started
        assert "entry 0x" in started


@pytest.fixture(scope="module")
def flashed() -> Iterator[Twin]:
    """A board in download mode with something in its flash, for what only reads."""
    with Loader.booted(None, image=IMAGE).twin as twin:
        yield twin


def test_the_rom_tells_what_chip_it_is(flashed: Twin) -> None:
    with flashed.fork() as twin:
        printed = esptool(twin, "--no-stub", "get-security-info")
        assert re.search(r"Chip ID: +9", printed)
        assert re.search(r"Flags: +0x00000000", printed)


def test_the_stub_reads_verifies_and_erases(flashed: Twin, tmp_path: Path) -> None:
    back = tmp_path / "back.bin"
    with flashed.fork() as twin:
        esptool(twin, "--baud", "921600", "--after", "no-reset-stub", "read-flash", "0", "0x10000", back)
        assert back.read_bytes() == twin.flash.read()[:0x10000]
        # The stub stays: it is spoken to without a reset.
        on = ["--before", "no-reset", "--after", "no-reset-stub"]
        assert "Verification successful" in esptool(twin, *on, "verify-flash", "0x0", IMAGE)
        esptool(twin, *on, "erase-region", "0x1000", "0x1000")
        assert twin.flash.read()[0x1000:0x2000] == b"\xff" * 0x1000
        assert twin.flash.read()[:0x1000] == IMAGE.read_bytes()[:0x1000]
        printed = esptool(twin, *on, "verify-flash", "0x0", IMAGE, fails=True)
        assert "Verification failed" in printed
        esptool(twin, *on, "erase-flash")
        assert set(twin.flash.read()) == {0xFF}


def test_an_image_is_loaded_into_memory_and_runs() -> None:
    """Without a stub: the loader of the ROM calls it."""
    with Loader.booted(None).twin as twin:
        printed = esptool(twin, "--no-stub", "load-ram", IMAGE)
        entry = re.search(r"executing at 0x([0-9a-f]+)", printed)
        assert entry is not None
        twin.run("10ms")
        # What stays is the image's own code, which lies around its entry.
        assert twin.registers()["pc"] >> 13 == int(entry[1], 16) >> 13


def burn(loader: Loader, block: int, content: bytes) -> None:
    """The eFuse controller's order of accesses (ESP-IDF hal/esp32s3 efuse_hal.c), a millisecond for each command."""
    data = [(0x6000_7000 + 4 * n, word) for n, word in enumerate(struct.unpack("<8I", content))]
    conf, command = 0x6000_71CC, 0x6000_71D4
    steps = [*data, (conf, 0x5A5A), (command, 2 | block << 2), (conf, 0x5AA5), (command, 1), (conf, 0)]
    loader.ask(Ask(WRITE_REG, b"".join(words(at, value, 0xFFFF_FFFF, 1000) for at, value in steps)))


def test_flash_is_written_with_the_cipher_text_that_espsecure_makes(tmp_path: Path) -> None:
    """XTS-AES by the key that was burned, last byte first, as espefuse does; purpose 4 is XTS_AES_128_KEY."""
    key, plain, cipher = tmp_path / "key", tmp_path / "plain", tmp_path / "cipher"
    noise = random.Random(1).randbytes(0x400)
    at = 0x10_0000
    key.write_bytes(noise[:32])
    plain.write_bytes(noise)
    tool = [sys.executable, "-m", "espsecure", "encrypt-flash-data", "--aes-xts", "--keyfile", str(key)]
    subprocess.run([*tool, "--address", hex(at), "--output", str(cipher), str(plain)], check=True, capture_output=True)
    loader = Loader.booted(None)
    with loader.twin as twin:
        loader.sync()
        burn(loader, 4, noise[:32][::-1])
        burn(loader, 0, words(0, 0, 4 << 24, 0, 0, 0, 0, 0))
        (info,) = loader.ask(Ask(SECURITY_INFO))
        assert info[8 + 5] == 4
        loader.ask(Ask(FLASH_BEGIN, words(0x400, 1, 0x400, at, 1)))
        loader.ask(piece(FLASH_DATA, 0, noise))
        assert twin.flash.read()[at : at + 0x400] == cipher.read_bytes()
