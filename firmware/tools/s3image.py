"""Flash images of the ESP32-S3 from ELF files.

s3image.py APP.elf OUT.bin                    an image for flash 0x0 that the mask ROM loads itself
s3image.py APP.elf OUT.bin --stage2 BOOT.elf  the second stage, a partition table and the application, as one flash
                           --table PARTITIONS.csv  with this table, and the application in the first of its slots

Formats: ESP-IDF esp_app_format.h (image, application descriptor), esp_flash_partitions.h (table); the places in flash
and the rule for mapped segments are those of ESP-IDF's bootloader documentation.
"""

from __future__ import annotations

import argparse
import hashlib
import struct
import sys
from functools import reduce
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from elf import entry, load_segments

CHIP_ID = 9
PAGE = 0x10000
TABLE_AT = 0x8000
APP_AT = 0x10000
APP_BYTES = 0x100000
DATA_AT = 0x110000
DATA_BYTES = 0x10000
NO_WP_PIN, HASHED = 0xEE, 1
DIO, FREQUENCY_80M, SIZE_8M = 2, 0xF, 0x3
MAPPED = ((0x3C000000, 0x3E000000), (0x42000000, 0x44000000))


def mapped(address: int) -> bool:
    """Whether an address is one of flash through the cache.

    >>> mapped(0x42000020), mapped(0x40374000)
    (True, False)
    """
    return any(low <= address < high for low, high in MAPPED)


def image(elf: Path, at: int) -> bytes:
    """The image of an ELF for a place in flash: mapped segments lie at the same offset in their page as in memory."""
    rest = [(address, data + bytes(-len(data) % 4)) for address, data in load_segments(elf)]
    ordered = [s for s in rest if mapped(s[0])] + [s for s in rest if not mapped(s[0])]
    out = bytearray(24)
    count = 0
    checksum = 0xEF
    for address, data in ordered:
        if mapped(address):
            gap = (address - (at + len(out) + 8)) % PAGE
            if gap:
                gap += PAGE if gap < 8 else 0
                out += struct.pack("<II", 0, gap - 8) + bytes(gap - 8)  # to address 0: loaded nowhere
                count += 1
        out += struct.pack("<II", address, len(data)) + data
        checksum = reduce(lambda a, b: a ^ b, data, checksum)
        count += 1
    out[:24] = struct.pack(
        "<4BIB3xH9xB", 0xE9, count, DIO, SIZE_8M << 4 | FREQUENCY_80M, entry(elf), NO_WP_PIN, CHIP_ID, HASHED
    )
    out += bytes(15 - len(out) % 16) + bytes([checksum])
    return bytes(out) + hashlib.sha256(out).digest()


Line = tuple[str, int, int, int, int]
TABLE: list[Line] = [("factory", 0, 0x00, APP_AT, APP_BYTES), ("storage", 1, 0x06, DATA_AT, DATA_BYTES)]
"""One application and a page of data."""


def read_table(path: Path) -> list[Line]:
    """A table in ESP-IDF's CSV form, with numbers for subtypes, offsets and sizes."""
    lines = []
    for line in path.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            label, kind, *numbers = (field.strip() for field in line.split(","))
            subtype, offset, size = (int(number, 0) for number in numbers)
            lines.append((label, {"app": 0, "data": 1}[kind], subtype, offset, size))
    return lines


def partition_table(table: list[Line]) -> bytes:
    """The table as it is in flash, with the MD5 line that ends it."""
    lines = b"".join(
        struct.pack("<HBBII16sI", 0x50AA, kind, subtype, offset, size, label.encode(), 0)
        for label, kind, subtype, offset, size in table
    )
    out = lines + b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(lines, usedforsecurity=False).digest()
    return out.ljust(0xC00, b"\xff")


def flash(stage2: Path, app: Path, table: list[Line]) -> bytes:
    """The whole flash from 0x0 to the application's end."""
    at, room = next((offset, size) for _, kind, _, offset, size in table if kind == 0)
    application = image(app, at)
    if len(application) > room:
        raise SystemExit(f"{app}: {len(application)} bytes, its partition has {room}")
    boot = image(stage2, 0)
    return boot.ljust(TABLE_AT, b"\xff") + partition_table(table).ljust(at - TABLE_AT, b"\xff") + application


def main() -> None:
    """Write one image."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("elf", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--stage2", type=Path)
    parser.add_argument("--table", type=Path)
    arguments = parser.parse_args()
    table = read_table(arguments.table) if arguments.table else TABLE
    parts = flash(arguments.stage2, arguments.elf, table) if arguments.stage2 else image(arguments.elf, 0)
    arguments.out.write_bytes(parts)


if __name__ == "__main__":
    main()
