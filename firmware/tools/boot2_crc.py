"""Pad the second stage to 252 bytes, add the boot ROM's CRC32 and write it as an assembler source.

RP2040 datasheet 2.8.1.3.1: polynomial 0x04C11DB7, start value 0xFFFFFFFF, bits not reflected, no final
inversion.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

from elf import load_segments

POLYNOMIAL = 0x04C11DB7


def crc32(data: bytes) -> int:
    """Return the boot ROM's CRC32 (the catalogue calls it CRC-32/MPEG-2).

    >>> hex(crc32(b"123456789"))
    '0x376e6e7'
    """
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (POLYNOMIAL if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return crc


def main(elf: Path, source: Path) -> None:
    """Write `source`, the section .boot2, from the linked second stage `elf`."""
    ((_, code),) = load_segments(elf)
    padded = code.ljust(252, b"\0")
    words = struct.unpack("<63I", padded)
    lines = [f"    .word 0x{word:08x}" for word in (*words, crc32(padded))]
    source.write_text('    .section .boot2, "a"\n' + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
