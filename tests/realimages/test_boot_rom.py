"""The chip's own boot ROM, revision B1, instead of ours at function level: the same images show the same text."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.realimages import corpus
from tests.realimages.conftest import PROMPT
from twins import Twin, UsageError
from twins.cli import main

SESSION = (
    "import math",
    "[math.sin(x) for x in range(9)], math.exp(2.5), math.sqrt(2), 7**77, 1/3, math.atan2(-1, 2)",
    "f = open('file', 'w'); f.write('x' * 5000); f.close()",
    "open('file').read() == 'x' * 5000",
    "import _thread; said = []; _thread.start_new_thread(lambda: said.append(6*7), ())",
    "import time; time.sleep(0.1); said",
)
"""Float functions, flash functions and the start of core 1: all three go through the ROM (datasheet 2.8.2, 2.8.3)."""


@pytest.fixture(scope="session")
def rom() -> str:
    """The real ROM."""
    return str(corpus.boot_rom())


def test_it_is_the_rom_of_a_b1(rom: str) -> None:
    """RP2040 datasheet 2.8.3: the magic 'M', 'u', 1 at 0x10 and the version behind it, 2 for B1."""
    with Twin("pico", rom=rom) as pico:
        assert pico.memory.read(0x10, 4) == b"Mu\x01\x02"


def test_our_own_firmware_says_the_same(rom: str, images: Path) -> None:
    texts = set()
    for file in (None, rom):
        with Twin("media_controller", image=images / "media_controller.elf", rom=file) as twin:
            twin.console.expect("ready", timeout="1s")
            twin.knob.turn(+3)
            twin.console.expect("volume 43", timeout="1s")
            texts.add(twin.console.text)
    assert len(texts) == 1


def test_micropython_says_the_same(rom: str, micropython_image: str) -> None:
    texts = set()
    for file in (None, rom):
        with Twin("pico", image=micropython_image, rom=file) as pico:
            pico.console.expect_exact(PROMPT, timeout="10s")
            for line in SESSION:
                pico.console.send(line + "\r")
                pico.console.expect_exact("\r\n" + PROMPT, timeout="5s")
            texts.add(pico.console.text)
    assert len(texts) == 1
    (text,) = texts
    assert "Traceback" not in text
    assert "\r\nTrue\r\n" in text
    assert "\r\n[42]\r\n" in text


def test_a_reset_starts_in_the_real_rom_again(rom: str, micropython_image: str) -> None:
    with Twin("pico", image=micropython_image, rom=rom) as pico:
        pico.console.expect_exact(PROMPT, timeout="10s")
        pico.reset()
        assert pico.registers()["pc"] < 0x4000
        pico.console.expect_exact(PROMPT, timeout="10s")
        assert pico.console.text.count("MicroPython v1.25.0") == 2


def test_the_command_takes_it(rom: str, images: Path) -> None:
    run = ["run", "media_controller", str(images / "media_controller.uf2"), "--rom", rom, "--until", "ready"]
    assert main(run) == 0


def test_a_file_that_is_no_boot_rom_is_refused(tmp_path: Path, images: Path) -> None:
    short, text = tmp_path / "short.bin", tmp_path / "text.bin"
    short.write_bytes(bytes(100))
    text.write_bytes(b"text" * 4096)
    for path in (short, text):
        with pytest.raises(UsageError, match=f"boot ROM {path}: "):
            Twin("pico", image=images / "idle.uf2", rom=path)


def test_blank_flash_is_not_run_by_the_real_rom_either(rom: str) -> None:
    """2.8.1: without a second stage the ROM goes to USB boot, which is a device of its own (2.8.4, table 169)."""
    with Twin("pico", rom=rom) as pico:
        pico.run_until(lambda: pico.usb.configured, timeout="2s")
        assert (pico.usb.vendor_id, pico.usb.product_id, pico.usb.product) == (0x2E8A, 0x0003, "RP2 Boot")
