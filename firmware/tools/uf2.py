"""ELF to UF2 and BIN. The same ELF always gives the same bytes.

UF2 file format: https://github.com/microsoft/uf2. Family 0xE48BFF56 is RP2040.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

from elf import load_segments

MAGIC_START0, MAGIC_START1, MAGIC_END = 0x0A324655, 0x9E5D5157, 0x0AB16F30
FLAG_FAMILY_ID_PRESENT = 0x2000
FAMILY_RP2040 = 0xE48BFF56
PAGE = 256
SECTOR = 4096
FLASH = range(0x10000000, 0x11000000)


def pages(segments: list[tuple[int, bytes]]) -> dict[int, bytearray]:
    """Lay the segments out in 256-byte pages.

    The boot ROM erases a flash sector when it meets the sector's first page, so that a sector is given whole
    (erratum RP2040-E14): pages that hold nothing are zero.
    """
    result: dict[int, bytearray] = {}
    for address, data in segments:
        unit = SECTOR if address in FLASH else PAGE
        start, end = address // unit * unit, -(-(address + len(data)) // unit) * unit
        for page in range(start, end, PAGE):
            result.setdefault(page, bytearray(PAGE))
        for i, byte in enumerate(data, address):
            result[i // PAGE * PAGE][i % PAGE] = byte
    return dict(sorted(result.items()))


def uf2(laid_out: dict[int, bytearray]) -> bytes:
    """Return the UF2 file of these pages."""
    blocks = []
    start = struct.pack("<3I", MAGIC_START0, MAGIC_START1, FLAG_FAMILY_ID_PRESENT)
    for number, (address, data) in enumerate(laid_out.items()):
        header = start + struct.pack("<5I", address, PAGE, number, len(laid_out), FAMILY_RP2040)
        blocks.append(header + bytes(data).ljust(476, b"\0") + struct.pack("<I", MAGIC_END))
    return b"".join(blocks)


def main(elf: Path) -> None:
    """Write the .uf2 and the .bin beside `elf`."""
    segments = load_segments(elf)
    elf.with_suffix(".uf2").write_bytes(uf2(pages(segments)))
    base = segments[0][0]
    image = bytearray(max(address + len(data) for address, data in segments) - base)
    for address, data in segments:
        image[address - base : address - base + len(data)] = data
    elf.with_suffix(".bin").write_bytes(image)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
