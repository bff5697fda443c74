"""esptool, Espressif's own, at a board's console: what it does with a board it does with the twin.

It resets the board by DTR and RTS, speaks to the ROM's loader, and unless told otherwise runs its stub on the cores.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.realimages import corpus
from twins import Twin

PATIENCE = "3600s"
"""Of virtual time: a twin that waits for a program on the same machine runs ahead of it."""

IMAGE = corpus.ROOT / "firmware" / "images" / "s3_functions.bin"
STUB = pytest.mark.parametrize("stub", [[], ["--no-stub"]], ids=["stub", "no stub"])


def esptool(twin: Twin, *arguments: str | Path, console: str = "uart0") -> str:
    """What the tool printed while the twin ran."""
    host, number = twin.consoles[console].serve_rfc2217()
    command = [sys.executable, "-m", "esptool", "--port", f"rfc2217://{host}:{number}", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as tool:
        try:
            twin.run_until(lambda: tool.poll() is not None, timeout=PATIENCE)
        finally:
            tool.kill()
        assert tool.stdout is not None
        printed = tool.stdout.read()
    assert tool.returncode == 0, printed
    return printed


@STUB
@pytest.mark.parametrize("rom", [None, "silicon"])
def test_an_image_is_flashed_and_runs(rom: str | None, stub: list[str]) -> None:
    with Twin("esp32s3_devkitc", rom=corpus.esp32s3_rom() if rom else None) as twin:
        printed = esptool(twin, "--baud", "921600", *stub, "write-flash", "0x0", IMAGE)
        assert ("Stub flasher running." in printed) is not bool(stub)
        assert "Hash of data verified." in printed
        assert re.search(r"Chip type: +ESP32-S3 \\(QFN56\\)", printed)
        assert twin.flash.read().startswith(IMAGE.read_bytes())
        twin.run("200ms")
        assert "(SPI_FAST_FLASH_BOOT)" in twin.output("uart0").decode(errors="replace").rpartition("rst:")[2]
