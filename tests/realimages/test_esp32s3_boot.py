"""From reset to the second stage: the ROM at function level against the silicon's, on our own core.

Both get the same flash and the same fuses. What they say on the console must be the same, and so must be what they run.
With secure boot the keys, the signature and the fuses are made by Espressif's own tools.
"""

from __future__ import annotations

import functools
import hashlib
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.realimages import corpus
from tests.realimages.download import Loader
from tests.realimages.host_programs import while_it_runs
from twins import Twin

BOARD = "esp32s3_devkitc"
ENTRY = 0x4037_4000
PROGRAM = bytes.fromhex("06ffff00")
"""A jump to itself."""


def image(
    segments: Sequence[tuple[int, bytes]] = ((ENTRY, PROGRAM), (0x3FC9_0000, b"data" * 9)),
    *,
    magic: int = 0xE9,
    count: int | None = None,
    mode: int = 2,
    speed: int = 0x2F,
    wp: int = 0xEE,
    chip: int = 9,
    sum_off: int = 0,
    hashed: bool = True,
) -> bytes:
    """A second stage as ESP-IDF's esp_app_format.h lays it out; each name is what may be wrong with it."""
    out = bytearray(
        struct.pack(
            "<BBBBIB3xH8xBB", magic, len(segments) if count is None else count, mode, speed, ENTRY, wp, chip, 0, 1
        )
    )
    out += bytes(24 - len(out))
    total = 0xEF
    for address, data in segments:
        out += struct.pack("<II", address, len(data)) + data
        if address < 0x8000_0000:
            total = functools.reduce(lambda a, b: a ^ b, data, total)
    out += bytes(15 - len(out) % 16) + bytes([total ^ sum_off])
    return bytes(out) + (hashlib.sha256(out).digest() if hashed else b"")


def direct() -> bytes:
    """Code that runs from flash: ESP-IDF's documentation of the ROM's direct boot."""
    return bytes(0x400) + struct.pack("<II", 0xAEDB_041D, 0xAEDB_041D) + PROGRAM


IMAGES: dict[str, Callable[[], bytes]] = {
    "right": image,
    "without a hash": lambda: image(hashed=False),
    "wrong hash": lambda: image()[:-1] + b"\0",
    "wrong checksum": lambda: image(sum_off=1),
    "not an image": lambda: image(magic=0xE8),
    "erased": lambda: b"\xff" * 64,
    "wrong mode": lambda: image(mode=11),
    "wrong speed": lambda: image(speed=0x24),
    "other chip": lambda: image(chip=5),
    "too many segments": lambda: image(count=17),
    "segment at an odd address": lambda: image(((ENTRY, PROGRAM), (0x3FC9_0002, b"data"))),
    "segment too large": lambda: image(((ENTRY, PROGRAM),), count=2)[:-48] + struct.pack("<II", 0x3FC9_0000, 0x20_0000),
    "quad": lambda: image(mode=0, wp=0x1E),
    "slow": lambda: image(mode=5, speed=0x22),
    "direct boot": direct,
}


def started(
    flash: bytes, rom: Path | None, tmp_path: Path, fuses: Path | None = None, time: str = "40ms"
) -> tuple[Twin, str]:
    """A chip with this at the beginning of its flash, after some time."""
    chip = tmp_path / "flash"
    with Twin(BOARD) as blank:
        chip.write_bytes(flash.ljust(len(blank.flash.read()), b"\xff"))
    twin = Twin(BOARD, rom=rom, flash=chip, fuses=fuses)
    twin.run(time)
    return twin, twin.output("uart0").decode(errors="replace")


@pytest.mark.parametrize("name", IMAGES)
def test_what_is_loaded_is_what_the_silicon_loads(name: str, tmp_path: Path) -> None:
    flash = IMAGES[name]()
    (silicon, right), (twin, own) = (started(flash, rom, tmp_path) for rom in (corpus.esp32s3_rom(), None))
    with silicon, twin:
        if name in ("erased", "not an image", "wrong mode", "wrong speed"):
            # They look again and again, not at the same pace.
            right, own = (text[: text.index("invalid header", 300)] for text in (right, own))
            assert right.count("invalid header") > 1
        assert own == right
        assert ("entry 0x40374000" in own) == (name in ("right", "without a hash", "wrong hash", "quad", "slow"))
        pc = twin.registers()["pc"]
        assert pc == silicon.registers()["pc"] or pc >> 16 in (0x4001, 0x4000)
        if name == "direct boot":
            assert pc == 0x4200_0408


# Secure boot, version 2.


def tool(*arguments: object) -> str:
    """What a tool of the esptool package prints."""
    done = subprocess.run([sys.executable, "-m", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def burnt(loader: Loader, *arguments: object) -> str:
    """espefuse at the download mode's UART."""
    twin = loader.twin
    host, number = twin.consoles["uart0"].serve_tcp()
    command = [sys.executable, "-m", "espefuse", "--chip", "esp32s3", "--port", f"socket://{host}:{number}"]
    command += ["--before", "no-reset", "--do-not-confirm", *map(str, arguments)]
    code, printed = while_it_runs(twin, command)
    assert code == 0, printed
    return printed


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two keys, an image signed by each, and fuses that trust the first."""
    folder = tmp_path_factory.mktemp("secure_boot")
    (folder / "plain.bin").write_bytes(image())
    for name in ("own", "other"):
        key = folder / f"{name}.pem"
        tool("espsecure", "generate-signing-key", "--version", 2, "--scheme", "rsa3072", key)
        out = ("--output", folder / f"{name}.bin")
        tool("espsecure", "sign-data", "--version", 2, "--keyfile", key, *out, folder / "plain.bin")
    digest = folder / "digest"
    tool("espsecure", "digest-sbv2-public-key", "--keyfile", folder / "own.pem", "--output", digest)
    loader = Loader.booted(None)
    with loader.twin as twin:
        printed = burnt(loader, "burn-key", "BLOCK_KEY0", digest, "SECURE_BOOT_DIGEST0")
        assert "Successful" in printed
        assert "SECURE_BOOT_EN" in burnt(loader, "burn-efuse", "SECURE_BOOT_EN", 1)
        assert twin.fuses.block(4) == digest.read_bytes()
        twin.fuses.save(folder / "fuses")
    return folder


def _one_bit(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


SIGNED: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "right": (lambda folder: (folder / "own.bin").read_bytes(), "secure boot verification succeeded"),
    "signed by somebody else": (lambda folder: (folder / "other.bin").read_bytes(), "signed with untrusted key"),
    "not signed": (lambda folder: (folder / "plain.bin").read_bytes(), "No signature block magic byte found"),
    "changed": (
        lambda folder: _one_bit((folder / "own.bin").read_bytes(), 33),
        "SHA-256 simple hash comparison failed.",
    ),
    "changed with its hash": (
        lambda folder: image(((ENTRY, PROGRAM), (0x3FC9_0000, b"datA" * 9))).ljust(0x1000, b"\xff")
        + (folder / "own.bin").read_bytes()[0x1000:],
        "Sig block 0 invalid: Image digest does not match",
    ),
    "changed in the signature": (
        lambda folder: _one_bit((folder / "own.bin").read_bytes(), 0x1000 + 900),
        "Sig block 0 invalid: Stored CRC ends",
    ),
}


@pytest.mark.parametrize("name", SIGNED)
def test_with_secure_boot_only_what_is_signed_runs(name: str, signed: Path, tmp_path: Path) -> None:
    flash, says = SIGNED[name]
    both = (started(flash(signed), rom, tmp_path, signed / "fuses", "200ms") for rom in (corpus.esp32s3_rom(), None))
    (silicon, right), (twin, own) = both
    with silicon, twin:
        assert own == right
        assert "Valid secure boot key blocks: 0" in own
        assert says in own
        assert ("entry 0x40374000" in own) is (name == "right")
        assert ("secure boot verification failed" in own) is (name != "right")
        if name == "right":
            assert twin.registers()["pc"] == silicon.registers()["pc"] == ENTRY


def test_a_signature_that_does_not_fit_can_cost_the_key(signed: Path, tmp_path: Path) -> None:
    """SECURE_BOOT_AGGRESSIVE_REVOKE, and a signature of another image with a sum that is right."""
    block = bytearray((signed / "own.bin").read_bytes())
    block[0x1000 + 812] ^= 1
    block[0x1000 + 1196 : 0x1000 + 1200] = struct.pack("<I", zlib.crc32(block[0x1000 : 0x1000 + 1196]))
    fuses = bytearray((signed / "fuses").read_bytes())
    fuses[117 // 8] |= 1 << 117 % 8
    (tmp_path / "fuses").write_bytes(fuses)
    both = (started(bytes(block), rom, tmp_path, tmp_path / "fuses", "200ms") for rom in (corpus.esp32s3_rom(), None))
    (silicon, right), (twin, own) = both
    with silicon, twin:
        assert own == right
        assert "Revoked key block for purpose ETS_EFUSE_KEY_PURPOSE_SECURE_BOOT_DIGEST0" in own
        # SECURE_BOOT_KEY_REVOKE0 is bit 85.
        assert twin.fuses.block(0)[85 // 8] >> 85 % 8 & 1 == 1
        assert twin.fuses.read() == silicon.fuses.read()


BLOCKS = {
    "UART0": (0x6000_0000, 0x78),
    "SPI1": (0x6000_2000, 0xE4),
    "GPIO": (0x6000_4000, 0x650),
    "RTC_CNTL": (0x6000_8000, 0x160),
    "IO_MUX": (0x6000_9000, 0xC8),
    "SYSTEM": (0x600C_0000, 0xA8),
    "SENSITIVE": (0x600C_1000, 0x30C),
    "INTERRUPT_CORE0": (0x600C_2000, 0x19C),
    "EXTMEM": (0x600C_4000, 0x150),
    "MMU": (0x600C_5000, 0x800),
}
"""Registers that the start-up has to do with; ESP-IDF soc/*_reg.h."""
MOVING = {0x6000_0018, 0x6000_001C, 0x6000_006C, 0x6000_8010, 0x6000_8014}
"""Clocks, and what is still on its way over the UART."""


def test_the_second_stage_finds_the_registers_as_the_silicon_leaves_them(tmp_path: Path) -> None:
    (silicon, _), (twin, _) = (started(image(), rom, tmp_path) for rom in (corpus.esp32s3_rom(), None))
    different = []
    with silicon, twin:
        for block, (base, size) in BLOCKS.items():
            for address in range(base, base + size, 4):
                right, own = silicon.memory.u32(address), twin.memory.u32(address)
                if right != own and address not in MOVING:
                    different.append(f"{block}+0x{address - base:03x}: 0x{own:x} instead of 0x{right:x}")
    assert not different
