"""esptool, Espressif's own, at a board's console: what it does with a board it does with the twin.

It resets the board by DTR and RTS, speaks to the ROM's loader, and unless told otherwise runs its stub on the cores.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.realimages import corpus
from tests.realimages.download import Loader
from twins import Twin

PATIENCE = "3600s"
"""Of virtual time: a twin that waits for a program on the same machine runs ahead of it."""

IMAGE = corpus.ROOT / "firmware" / "images" / "s3_functions.bin"
STUB = pytest.mark.parametrize("stub", [[], ["--no-stub"]], ids=["stub", "no stub"])


def esptool(twin: Twin, *arguments: str | Path, lines: bool = False, fails: bool = False) -> str:
    """What the tool printed while the twin ran; with `lines` it has DTR and RTS, and waits for each one's answer."""
    console = twin.consoles["uart0"]
    scheme, (host, number) = ("rfc2217", console.serve_rfc2217()) if lines else ("socket", console.serve_tcp())
    command = [sys.executable, "-m", "esptool", "--port", f"{scheme}://{host}:{number}"]
    command += [] if lines else ["--before", "no-reset"]
    command += [str(argument) for argument in arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as tool:
        try:
            twin.run_until(lambda: tool.poll() is not None, timeout=PATIENCE)
        finally:
            tool.kill()
        assert tool.stdout is not None
        printed = tool.stdout.read()
    assert (tool.returncode != 0) is fails, printed
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
