"""Hard use of what reads files: what is spoiled is refused in words, and what is written is whole or the old file."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from twins.board import Board
from twins.errors import TwinError
from twins.image import Image
from twins.scripts.language import load as load_script

IMAGES = Path("firmware/images")
ROUNDS = 300
"""Spoiled files of each kind; the seed is fixed, so it is always the same ones."""

INTERESTING = (b"\x00", b"\xff", b"\xff\xff\xff\xff", b"\x00\x00\x00\x80", b"\xff\xff\xff\x7f", b"[", b"{", b"\n", b"'")


def spoiled(data: bytes, dice: random.Random) -> bytes:
    """The same with a few bytes changed, cut out, doubled or put in; most of it near the start, where headers are."""
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 5, 20))):
        at = dice.randrange(min(len(changed), dice.choice((64, 600, 1 << 20))) or 1)
        match dice.randrange(6):
            case 0:
                changed[at : at + 1] = bytes([dice.randrange(256)])
            case 1:
                changed[at:at] = dice.choice(INTERESTING)
            case 2:
                word = dice.choice(INTERESTING)
                changed[at : at + len(word)] = word
            case 3:
                del changed[at : at + dice.randrange(1, 40)]
            case 4:
                changed[at:at] = changed[at : at + dice.randrange(1, 40)]
            case _:
                del changed[at + dice.randrange(1, 4096) :]
    return bytes(changed)


def hex_file() -> bytes:
    """Intel HEX of 1 KB at the start of the RP2040's flash."""
    lines = [bytes([2, 0, 0, 4, 0x10, 0])]
    lines += [bytes([16, at >> 8, at & 0xFF, 0, *range(16)]) for at in range(0, 1024, 16)]
    lines += [bytes([0, 0, 0, 1])]
    return b"".join(b":" + (line + bytes([-sum(line) & 0xFF])).hex().upper().encode() + b"\n" for line in lines)


def esp_image() -> bytes:
    """The first image of the ESP32-S3 that is committed as a BIN."""
    return min(IMAGES.glob("**/*.bin"), key=lambda path: path.stat().st_size).read_bytes()


SCRIPT = b"- expect: ready\n  timeout: 1s\n- knob.turn: 3\n- wait: 10ms\n- type: hello\n- frame: {lcd: out.png}\n"
KINDS: dict[str, tuple[str, Callable[[], bytes], Callable[[Path], object]]] = {
    "uf2": ("a.uf2", (IMAGES / "tight_loop_ram.uf2").read_bytes, Image.load),
    "elf": ("a.elf", (IMAGES / "tight_loop_ram.elf").read_bytes, Image.load),
    "hex": ("a.hex", hex_file, Image.load),
    "bin of the ESP32-S3": ("a.bin", esp_image, lambda path: Image.load(path, "esp32s3")),
    "flasher_args": (
        "flasher_args.json",
        lambda: b'{"flash_files": {"0x0": "boot.bin", "0x8000": "table.bin"}, "extra_esptool_args": {}}',
        lambda path: Image.load(path, "esp32s3"),
    ),
    "board": ("a.toml", Path("platforms/boards/media_controller.toml").read_bytes, Board.load),
    "script": ("a.yaml", lambda: SCRIPT, load_script),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_spoiled_file_is_read_or_refused_in_words(kind: str, tmp_path: Path) -> None:
    name, original, load = KINDS[kind]
    path, dice, refused = tmp_path / name, random.Random(kind), 0
    for number in range(ROUNDS):
        path.write_bytes(spoiled(original(), dice))
        try:
            load(path)
        except TwinError as error:
            refused += bool(str(error))
        except Exception as error:
            kept = shutil.copy(path, tmp_path / f"failed-{name}")
            pytest.fail(f"{kind} {number}: {type(error).__name__}: {error} ({kept})")
    assert refused > ROUNDS // 20, f"only {refused} of {ROUNDS} were refused: the files are hardly spoiled"


WRITER = """
import sys
from twins.files import whole_file
letter = ord("b")
print("on", flush=True)
while True:
    with whole_file(sys.argv[1]) as partial:
        partial.write_bytes(bytes([letter]) * (1 << 20))
    letter = 97 + (letter - 96) % 26
"""


def test_a_writer_killed_at_any_moment_leaves_the_old_or_the_new_file(tmp_path: Path) -> None:
    path, dice = tmp_path / "flash.bin", random.Random(8)
    path.write_bytes(b"a" * (1 << 20))
    for _ in range(20):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, env=os.environ)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(dice.random() * 0.05)
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        data = path.read_bytes()
        assert len(data) == 1 << 20
        assert data == data[:1] * len(data)


def test_no_crate_of_the_engine_has_unsafe_code() -> None:
    assert 'unsafe_code = "deny"' in Path("engine/Cargo.toml").read_text()
    for manifest in Path("engine").glob("*/Cargo.toml"):
        assert "[lints]\nworkspace = true" in manifest.read_text(), f"{manifest} does not inherit the lint"
    for source in Path("engine").glob("*/src/**/*.rs"):
        assert "allow(unsafe_code)" not in source.read_text(), source
