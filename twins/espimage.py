"""Flash contents for the ESP32-S3: which bytes go where in its flash, checked before anything is written.

Accepted: ESP-IDF's ``build`` folder or its ``flasher_args.json``, a PlatformIO or Arduino build folder, a merged image
that starts at flash 0x0, separate files with their offsets
(``0x0=bootloader.bin,0x8000=partition-table.bin,0x10000=app.bin``), a UF2 of the ESP32-S3's family, and an ELF that
runs from RAM alone.

The formats are those of ESP-IDF (`esp_app_format.h`, `esp_flash_partitions.h`) and esptool's documentation.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from twins.errors import ImageError

IMAGE_MAGIC = 0xE9
CHIP_ID = 9
CHECKSUM_SEED = 0xEF
TABLE_OFFSET = 0x8000
TABLE_SIZE = 0xC00
ENTRY_MAGIC = 0x50AA
MD5_MAGIC = 0xEBEB
APP_TYPE = 0
FACTORY, OTA_0 = 0x00, 0x10
"""Subtypes of an application's partition."""
DESCRIPTION_MAGIC = bytes.fromhex("3254cdab")  # 0xABCD5432

# ESP-IDF esp_app_format.h, esp_chip_id_t.
_CHIPS = {
    0: "ESP32",
    2: "ESP32-S2",
    5: "ESP32-C3",
    9: "ESP32-S3",
    12: "ESP32-C2",
    13: "ESP32-C6",
    16: "ESP32-H2",
    18: "ESP32-P4",
}


@dataclass(frozen=True)
class FlashPart:
    """Bytes at an offset of the flash, and the file they came from."""

    offset: int
    data: bytes
    name: str

    @property
    def end(self) -> int:
        """The first offset behind it."""
        return self.offset + len(self.data)


@dataclass(frozen=True)
class Partition:
    """A line of the partition table."""

    label: str
    kind: int
    subtype: int
    offset: int
    size: int


@dataclass(frozen=True)
class AppImage:
    """What the header of an application or bootloader image says."""

    entry: int
    segments: tuple[tuple[int, int], ...]
    size: int
    flash_mode: int
    flash_size: int
    hashed: bool


@dataclass(frozen=True)
class AppDescription:
    """What ESP-IDF's build wrote about an application, `esp_app_desc.h`."""

    project: str
    version: str
    idf: str
    built: str


@dataclass(frozen=True)
class Content:
    """Something in flash that can be named: bootloader, application alone, or a partition with what is in it."""

    label: str
    offset: int
    size: int
    app: AppImage | None
    description: AppDescription | None


def flash_parts(path: Path) -> tuple[list[FlashPart], Path | None]:
    """The parts that a path names, in order of offset, and the ELF beside them where there is one.

    Raises `ImageError`.
    """
    if path.is_dir():
        return _folder(path)
    if path.suffix == ".json":
        return _flasher_args(path)
    return [FlashPart(0, _read(path), str(path))], _elf_beside(path)


def named_parts(files: Mapping[int, str | Path]) -> list[FlashPart]:
    """Separate files by their offsets."""
    return [FlashPart(offset, _read(Path(file)), str(file)) for offset, file in sorted(files.items())]


def parse_offsets(text: str) -> dict[int, Path] | None:
    """``0x0=a.bin,0x8000=b.bin`` as offsets and files; None for a text that is no such list.

    >>> parse_offsets("0x0=boot.bin,0x8000=table.bin")
    {0: PosixPath('boot.bin'), 32768: PosixPath('table.bin')}
    >>> parse_offsets("build/app.bin") is None
    True
    """
    if not re.match(r"(0x[0-9A-Fa-f]+|\d+)=", text):
        return None
    files: dict[int, Path] = {}
    for item in text.split(","):
        offset, sep, file = item.partition("=")
        try:
            number = int(offset, 0)
        except ValueError:
            number = -1
        if not sep or not file or number < 0:
            raise ImageError(f"{item!r}: expected OFFSET=FILE, for example 0x10000=app.bin")
        if number in files:
            raise ImageError(f"{item!r}: offset 0x{number:X} is given twice")
        files[number] = Path(file)
    return files


def check(parts: Iterable[FlashPart], flash_size: int | None) -> tuple[FlashPart, ...]:
    """The parts in order, none overlapping another; where the board's flash is known all inside it, and bootable as far
    as one can see.

    Raises `ImageError`.
    """
    ordered = sorted(parts, key=lambda part: part.offset)
    for one, other in pairwise(ordered):
        if other.offset < one.end:
            raise ImageError(
                f"overlapping parts: {one.name} fills flash 0x{one.offset:X} to 0x{one.end:X}, "
                f"and {other.name} starts at 0x{other.offset:X}"
            )
    for part in ordered:
        if flash_size is not None and part.end > flash_size:
            raise ImageError(
                f"{part.name}: ends at flash 0x{part.end:X}, behind the board's flash of {flash_size >> 10} KB"
            )
    flash = _Flash(ordered)
    first = flash.read(0, 1)
    if first is None:
        raise ImageError("nothing is written to flash 0x0, where the ESP32-S3's ROM looks for the bootloader")
    boot = read_app(flash, 0, flash.name_at(0))
    if flash_size is not None and _runs_from_flash(boot):
        raise ImageError(
            f"{flash.name_at(0)}: an application alone, and flash 0x0 is where the bootloader goes: give the build "
            "folder, its flasher_args.json, or the files with their offsets "
            "(0x0=bootloader.bin,0x8000=partition-table.bin,0x10000=app.bin)"
        )
    for partition in partition_table(flash):
        if flash_size is not None and partition.offset + partition.size > flash_size:
            raise ImageError(
                f"partition {partition.label!r} ends at 0x{partition.offset + partition.size:X}, "
                f"behind the board's flash of {flash_size >> 10} KB"
            )
        if partition.kind == APP_TYPE and (flash.read(partition.offset, 1) or b"\xff") != b"\xff":
            read_app(flash, partition.offset, flash.name_at(partition.offset))
    return tuple(ordered)


def _runs_from_flash(app: AppImage) -> bool:
    """Is it linked to where a bootloader maps the flash? The ROM, which starts what is at 0x0, loads RAM alone."""
    return any(address >> 24 in (0x3C, 0x3D, 0x42, 0x43) for address, _ in app.segments)


def chip_of_image(data: bytes) -> str | None:
    """The chip that an application's header names, ``"ESP32-S3"``; None where this is no header of one.

    >>> chip_of_image(Path("firmware/images/s3_idle.bin").read_bytes()), chip_of_image(b"hello")
    ('ESP32-S3', None)
    """
    if len(data) < 24 or data[0] != IMAGE_MAGIC or not 1 <= data[1] <= 16:
        return None
    return _CHIPS.get(int.from_bytes(data[12:14], "little"))


def contents(parts: Iterable[FlashPart]) -> list[Content]:
    """What a flash with these parts holds: the bootloader, then the partitions. Raises `ImageError`."""
    flash = _Flash(list(parts))
    boot = read_app(flash, 0, flash.name_at(0))
    what = "application" if _runs_from_flash(boot) else "bootloader"
    found = [Content(what, 0, boot.size, boot, _description(flash, 0, boot))]
    for partition in partition_table(flash):
        app = None
        if partition.kind == APP_TYPE and (flash.read(partition.offset, 1) or b"\xff") != b"\xff":
            app = read_app(flash, partition.offset, flash.name_at(partition.offset))
        about = _description(flash, partition.offset, app) if app else None
        found.append(Content(partition.label, partition.offset, partition.size, app, about))
    return found


def _description(flash: _Flash, offset: int, app: AppImage) -> AppDescription | None:
    """It opens the first segment; where something else does, there is none."""
    data = flash.read(offset + 24 + 8, 0xB0) if app.segments[0][1] >= 0x100 else None
    if data is None or data[:4] != DESCRIPTION_MAGIC:
        return None
    version, project, time, date, idf = (
        data[start : start + size].split(b"\0")[0].decode("utf-8", "replace")
        for start, size in ((16, 32), (48, 32), (80, 16), (96, 16), (112, 32))
    )
    return AppDescription(project, version, idf, f"{date} {time}")


class _Flash:
    """The parts as one flash: what nobody wrote is erased."""

    def __init__(self, parts: list[FlashPart]) -> None:
        self._parts = parts

    def read(self, offset: int, count: int) -> bytes | None:
        """None where no part covers any of it."""
        data = bytearray(b"\xff" * count)
        seen = False
        for part in self._parts:
            start, end = max(offset, part.offset), min(offset + count, part.end)
            if start < end:
                data[start - offset : end - offset] = part.data[start - part.offset : end - part.offset]
                seen = True
        return bytes(data) if seen else None

    def need(self, offset: int, count: int, what: str, name: str) -> bytes:
        """The bytes, all of them from parts."""
        covered = sum(max(0, min(offset + count, part.end) - max(offset, part.offset)) for part in self._parts)
        data = self.read(offset, count)
        if data is None or covered < count:
            raise ImageError(f"{name}: truncated: {what} needs {count} bytes at flash 0x{offset:X}")
        return data

    def name_at(self, offset: int) -> str:
        names = [part.name for part in self._parts if part.offset <= offset < part.end]
        return names[0] if names else "flash"


def read_app(flash: _Flash, offset: int, name: str) -> AppImage:
    """Checks an image at an offset: magic, chip, segments, checksum and hash. Raises `ImageError`."""
    header = flash.need(offset, 24, "an image header", name)
    if header[0] != IMAGE_MAGIC:
        raise ImageError(f"{name}: no ESP32-S3 image: it starts with {header[0]:02x}, expected {IMAGE_MAGIC:02x}")
    count, mode, size_freq = header[1], header[2], header[3]
    (entry,) = struct.unpack_from("<I", header, 4)
    (chip,) = struct.unpack_from("<H", header, 12)
    if chip != CHIP_ID:
        other = _CHIPS.get(chip, "an unknown chip")
        raise ImageError(
            f"{name}: an image for {other} (chip id {chip}): this board has an ESP32-S3 (chip id {CHIP_ID})"
        )
    hashed = header[23] == 1
    place = offset + 24
    checksum = CHECKSUM_SEED
    segments = []
    if not 1 <= count <= 16:
        raise ImageError(f"{name}: {count} segments: an image has 1 to 16")
    for number in range(count):
        address, length = struct.unpack("<II", flash.need(place, 8, f"the header of segment {number}", name))
        if length > 16 << 20:
            raise ImageError(f"{name}: segment {number} claims {length} bytes; the file is damaged")
        data = flash.need(place + 8, length, f"segment {number}", name)
        for byte in data:
            checksum ^= byte
        segments.append((address, length))
        place += 8 + length
    end = (place - offset) // 16 * 16 + 15 + offset
    stored = flash.need(end, 1, "the checksum", name)[0]
    if stored != checksum:
        raise ImageError(
            f"{name}: the checksum is 0x{stored:02x}, and the segments give 0x{checksum:02x}; it is damaged"
        )
    end += 1
    if hashed:
        digest = flash.need(end, 32, "the SHA-256", name)
        if digest != hashlib.sha256(flash.need(offset, end - offset, "the image", name)).digest():
            raise ImageError(f"{name}: the SHA-256 at its end is wrong; it is damaged")
        end += 32
    return AppImage(entry, tuple(segments), end - offset, mode, 1 << 20 << (size_freq >> 4), hashed)


def partition_table(flash: _Flash) -> Iterator[Partition]:
    """The partitions of the table at 0x8000; none where there is no table. Raises `ImageError`."""
    table = flash.read(TABLE_OFFSET, TABLE_SIZE)
    if table is None or table[:2] == b"\xff\xff":
        return
    name = flash.name_at(TABLE_OFFSET)
    for at in range(0, TABLE_SIZE, 32):
        line = table[at : at + 32]
        (magic,) = struct.unpack_from("<H", line)
        if magic == MD5_MAGIC:
            if line[16:] != hashlib.md5(table[:at], usedforsecurity=False).digest():
                raise ImageError(f"{name}: the MD5 of the partition table is wrong; it is damaged")
            continue
        if line == b"\xff" * 32:
            return
        if magic != ENTRY_MAGIC:
            raise ImageError(
                f"{name}: line {at // 32} of the partition table at 0x{TABLE_OFFSET:X} starts with 0x{magic:04X}, "
                f"expected 0x{ENTRY_MAGIC:04X}"
            )
        kind, subtype, offset, size = struct.unpack_from("<BBII", line, 2)
        label = line[12:28].split(b"\0")[0].decode("ascii", "replace")
        yield Partition(label, kind, subtype, offset, size)


def _folder(path: Path) -> tuple[list[FlashPart], Path | None]:
    if (path / "flasher_args.json").is_file():
        return _flasher_args(path / "flasher_args.json")
    if (path / "build" / "flasher_args.json").is_file():
        return _flasher_args(path / "build" / "flasher_args.json")
    platformio = [path / "bootloader.bin", path / "partitions.bin", path / "firmware.bin"]
    if all(file.is_file() for file in platformio):
        files = dict(zip((0x0, TABLE_OFFSET, _app_offset(platformio[1])), platformio, strict=True))
        if (path / "boot_app0.bin").is_file():
            files[0xE000] = path / "boot_app0.bin"
        return named_parts(files), _one(path, "firmware.elf")
    for boot in sorted(path.glob("*.ino.bootloader.bin")):
        stem = boot.name[: -len(".bootloader.bin")]
        merged = path / f"{stem}.merged.bin"
        if merged.is_file():
            return [FlashPart(0, _read(merged), str(merged))], _one(path, f"{stem}.elf")
        files = {0x0: boot, TABLE_OFFSET: path / f"{stem}.partitions.bin", 0x10000: path / f"{stem}.bin"}
        if (path / "boot_app0.bin").is_file():
            files[0xE000] = path / "boot_app0.bin"
        return named_parts(files), _one(path, f"{stem}.elf")
    raise ImageError(
        f"{path}: no build folder: expected flasher_args.json (ESP-IDF), firmware.bin with bootloader.bin and "
        "partitions.bin (PlatformIO), or *.ino.bootloader.bin (Arduino)"
    )


def _app_offset(table: Path) -> int:
    """Where PlatformIO flashes the application: at the partition `factory`, else at `ota_0`, of the project's table."""
    by_subtype = {
        partition.subtype: partition.offset
        for partition in partition_table(_Flash([FlashPart(TABLE_OFFSET, _read(table), str(table))]))
        if partition.kind == APP_TYPE
    }
    return by_subtype.get(FACTORY, by_subtype.get(OTA_0, 0x10000))


def _flasher_args(path: Path) -> tuple[list[FlashPart], Path | None]:
    try:
        args: Any = json.loads(_read(path))
        chip = args.get("extra_esptool_args", {}).get("chip", "esp32s3")
        files = {int(offset, 0): path.parent / file for offset, file in args["flash_files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise ImageError(f"{path}: no flasher_args.json of ESP-IDF: {error or type(error).__name__}") from None
    if chip != "esp32s3":
        raise ImageError(f"{path}: a build for {chip}: this board has an esp32s3")
    app = args.get("app", {}).get("file") if isinstance(args.get("app"), dict) else None
    elf = (path.parent / app).with_suffix(".elf") if isinstance(app, str) else None
    return named_parts(files), elf if elf is not None and elf.is_file() else None


def _elf_beside(path: Path) -> Path | None:
    return _one(path.parent, path.with_suffix(".elf").name)


def _one(folder: Path, name: str) -> Path | None:
    return folder / name if (folder / name).is_file() else None


def _read(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror}") from None
    if not data:
        raise ImageError(f"{path}: the file is empty")
    return data
