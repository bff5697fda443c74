"""Images: what is accepted and what each refusal says. Formats: UF2 README, System V ABI, Intel HEX (1988)."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from twins import Image, ImageError

IMAGES = Path(__file__).parent.parent / "firmware" / "images"
RP2040, RP2350, ESP32S3 = 0xE48BFF56, 0xE48BFF59, 0xC47E5767


def block(number: int, total: int, address: int, data: bytes, family: int = RP2040, flags: int = 0x2000) -> bytes:
    """A UF2 block: 32 bytes of header, 476 of data, the last magic number."""
    head = struct.pack("<8I", 0x0A324655, 0x9E5D5157, flags, address, len(data), number, total, family)
    return head + data.ljust(476, b"\0") + struct.pack("<I", 0x0AB16F30)


def load(tmp_path: Path, data: bytes, name: str = "image.uf2", **options: int) -> Image:
    path = tmp_path / name
    path.write_bytes(data)
    return Image.load(path, **options)


def test_uf2_blocks_may_come_in_any_order_and_are_joined(tmp_path: Path) -> None:
    image = load(tmp_path, block(1, 2, 0x1000_0100, b"B" * 256) + block(0, 2, 0x1000_0000, b"A" * 256))
    assert [(segment.address, segment.data) for segment in image.segments] == [(0x1000_0000, b"A" * 256 + b"B" * 256)]


def test_uf2_blocks_that_are_not_for_main_flash_are_left_out(tmp_path: Path) -> None:
    comment = block(0, 1, 0, b"hello", flags=0x2001)
    assert load(tmp_path, comment + block(0, 1, 0x1000_0000, b"A" * 256)).size == 256


GOOD = block(0, 1, 0x1000_0000, b"A" * 256)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param(b"", "the file is empty", id="empty"),
        pytest.param(GOOD[:-1], "truncated UF2: 511 bytes", id="truncated"),
        pytest.param(GOOD[:-4] + b"\0\0\0\0", "block 0 of the UF2 is damaged", id="damaged"),
        pytest.param(b"\x7fXYZ" + GOOD, "no UF2 file", id="no uf2"),
        pytest.param(block(0, 1, 0x1000_0000, b"A", RP2350), "a UF2 for RP2350 Arm secure", id="rp2350"),
        pytest.param(block(0, 1, 0x1000_0000, b"A", ESP32S3), "a UF2 for ESP32-S3", id="esp32-s3"),
        pytest.param(block(0, 1, 0x1000_0000, b"A", 1), "another chip (family 0x00000001)", id="unknown family"),
        pytest.param(block(0, 1, 0x1000_0000, b"A", flags=0), "names no chip family", id="no family"),
        pytest.param(block(0, 2, 0x1000_0000, b"A"), "block 1 of 2 is missing", id="hole"),
        pytest.param(block(0, 2, 0x1000_0000, b"A") + GOOD, "not one image", id="two images"),
        pytest.param(GOOD + GOOD, "is there twice", id="twice"),
        pytest.param(
            block(0, 2, 0x1000_0000, b"A" * 256) + block(1, 2, 0x1000_0080, b"B" * 256),
            "overlapping parts",
            id="overlap",
        ),
        pytest.param(block(0, 1, 0x0800_0000, b"A"), "neither flash nor RAM of the RP2040", id="nowhere"),
        pytest.param(block(0, 1, 0x1020_0000, b"A"), "behind the flash of 2048 KB", id="out of flash"),
        pytest.param(block(0, 1, 0x2004_1FFF, b"AB"), "neither flash nor RAM", id="out of ram"),
        pytest.param(
            block(0, 1, 0x1000_0000, b"A")[:16] + struct.pack("<I", 500) + block(0, 1, 0, b"A")[20:],
            "claims 500 bytes",
            id="too much in a block",
        ),
    ],
)
def test_a_bad_uf2_is_refused_with_the_reason(tmp_path: Path, data: bytes, says: str) -> None:
    with pytest.raises(ImageError) as refused:
        load(tmp_path, data, flash_size=2 << 20)
    assert says in str(refused.value)
    assert str(tmp_path / "image.uf2") in str(refused.value)


def test_an_elf_gives_segments_entry_and_symbols() -> None:
    image = Image.load(IMAGES / "media_controller.elf")
    assert image.kind == "elf"
    assert image.segments[0].address == 0x1000_0000
    assert image.symbols["main"].is_function
    assert image.symbols.name(image.symbols["main"].address + 2) == "main+0x2"


def test_uf2_and_elf_of_one_build_hold_the_same_bytes() -> None:
    uf2, elf = Image.load(IMAGES / "media_controller.uf2"), Image.load(IMAGES / "media_controller.elf")
    flash = bytearray(uf2.segments[0].data)
    for segment in elf.segments:
        start = segment.address - 0x1000_0000
        assert bytes(flash[start : start + len(segment.data)]) == segment.data


def elf_header(machine: int, bits: int = 1) -> bytes:
    ident = b"\x7fELF" + bytes([bits, 1, 1]) + bytes(9)
    return ident + struct.pack("<HHIIIIIHHHHHH", 2, machine, 1, 0, 0, 0, 0, 52, 32, 0, 40, 0, 0)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param(elf_header(94), "an ELF for EM_XTENSA (32-bit): expected 32-bit little-endian Arm", id="xtensa"),
        pytest.param(elf_header(243), "an ELF for EM_RISCV", id="riscv"),
        pytest.param(elf_header(40), "nothing to load", id="no segments"),
        pytest.param(elf_header(40)[:30], "damaged ELF", id="cut header"),
        pytest.param(b"\x7fELF", "damaged ELF", id="magic only"),
        pytest.param(b"MZ", "no ELF file", id="other file"),
    ],
)
def test_a_bad_elf_is_refused_with_the_reason(tmp_path: Path, data: bytes, says: str) -> None:
    with pytest.raises(ImageError) as refused:
        load(tmp_path, data, "image.elf")
    assert says in str(refused.value)


def test_a_truncated_elf_is_refused(tmp_path: Path) -> None:
    data = (IMAGES / "media_controller.elf").read_bytes()
    with pytest.raises(ImageError):
        load(tmp_path, data[: len(data) // 8], "image.elf")


HEX = b":020000041000EA\n:0400000001020304F2\n:00000001FF\n"


def test_intel_hex_is_read_with_its_upper_address(tmp_path: Path) -> None:
    image = load(tmp_path, HEX, "image.hex")
    assert [(segment.address, segment.data) for segment in image.segments] == [(0x1000_0000, b"\1\2\3\4")]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param(HEX[:-13], "there is no end record", id="truncated"),
        pytest.param(HEX.replace(b"F2", b"F3"), "line 2: the checksum is wrong", id="checksum"),
        pytest.param(HEX.replace(b":04", b":05"), "line 2 is no Intel HEX record", id="length"),
        pytest.param(HEX + b":0400000001020304F2\n", "behind the end record", id="after the end"),
        pytest.param(b":00000001FF\n", "holds no data", id="no data"),
    ],
)
def test_a_bad_hex_is_refused_with_the_reason(tmp_path: Path, data: bytes, says: str) -> None:
    with pytest.raises(ImageError) as refused:
        load(tmp_path, data, "image.hex")
    assert says in str(refused.value)


def test_a_raw_binary_goes_where_it_is_told(tmp_path: Path) -> None:
    assert load(tmp_path, b"\1\2", "image.bin").segments[0].address == 0x1000_0000
    assert load(tmp_path, b"\1\2", "image.bin", address=0x2000_0000).segments[0].address == 0x2000_0000
    with pytest.raises(ImageError, match="behind the flash"):
        load(tmp_path, bytes(3 << 20), "image.bin", flash_size=2 << 20)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"nothing\.uf2: No such file"):
        Image.load(tmp_path / "nothing.uf2")
