"""Firmware images: what is to be written where, checked before anything is written.

Accepted for the RP2040: UF2 (the format of the boot ROM's drive), ELF, Intel HEX, and raw BIN with its address; for the
ESP32-S3 what `twins.espimage` lists. Every refusal is an `ImageError` that says what is wrong and what was expected.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from twins.errors import ImageError
from twins.symbols import Symbol, Symbols

if TYPE_CHECKING:
    from elftools.elf.elffile import ELFFile


@dataclass(frozen=True)
class Segment:
    """Bytes at an address of the chip's memory map."""

    address: int
    data: bytes

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.address + len(self.data)


@dataclass(frozen=True)
class Target:
    """What a chip accepts."""

    chip: str
    title: str
    """Its name as its maker writes it."""
    uf2_families: dict[int, str]
    elf_machine: str
    elf_machine_name: str
    flash: range
    ram: tuple[range, ...]
    bin_address: int


# RP2040 datasheet 2.2 (address map) and 2.8.4.2 (UF2); pico-sdk boot/uf2.h for the families.
TARGETS = {
    "rp2040": Target(
        chip="rp2040",
        title="RP2040",
        uf2_families={0xE48BFF56: "RP2040"},
        elf_machine="EM_ARM",
        elf_machine_name="32-bit little-endian Arm",
        flash=range(0x1000_0000, 0x1100_0000),
        ram=(range(0x2000_0000, 0x2004_2000), range(0x1500_0000, 0x1500_4000)),
        bin_address=0x1000_0000,
    ),
    # Flash is addressed by its own offsets: what the processors see of it is the cache MMU's doing (TRM chapter 4).
    "esp32s3": Target(
        chip="esp32s3",
        title="ESP32-S3",
        uf2_families={0xC47E5767: "ESP32-S3"},
        elf_machine="EM_XTENSA",
        elf_machine_name="32-bit little-endian Xtensa",
        flash=range(32 << 20),
        ram=(range(0x4037_0000, 0x403E_0000), range(0x3FC8_8000, 0x3FD0_0000), range(0x5000_0000, 0x5000_2000)),
        bin_address=0,
    ),
}

# https://github.com/microsoft/uf2 lists families; these are the ones people mix up with the RP2040's.
_OTHER_FAMILIES = {
    0xE48BFF57: "RP2XXX absolute",
    0xE48BFF58: "RP2XXX data",
    0xE48BFF59: "RP2350 Arm secure",
    0xE48BFF5A: "RP2350 RISC-V",
    0xE48BFF5B: "RP2350 Arm non-secure",
    0xC47E5767: "ESP32-S3",
    0x1C5F21B0: "ESP32",
    0x55114460: "SAMD51",
    0x68ED2B88: "SAMD21",
    0xADA52840: "nRF52840",
    0x57755A57: "STM32F4",
}

_UF2_MAGIC = (0x0A324655, 0x9E5D5157, 0x0AB16F30)
_UF2_BLOCK = 512
_UF2_NOT_MAIN_FLASH = 0x0000_0001
_UF2_HAS_FAMILY = 0x0000_2000


@dataclass(frozen=True)
class Image:
    """A checked image.

    Attributes:
        path: the file it came from.
        kind: "uf2", "elf", "hex" or "bin".
        chip: the chip it is for.
        segments: what goes where, in order of address, none overlapping another.
        entry: where an ELF, or a UF2 for RAM alone, starts; None for images that start through flash.
        symbols: of the ELF itself, or of the one given beside it.
    """

    path: Path
    kind: str
    chip: str
    segments: tuple[Segment, ...]
    entry: int | None = None
    symbols: Symbols = field(default_factory=Symbols)

    @property
    def size(self) -> int:
        """Bytes in all segments."""
        return sum(len(segment.data) for segment in self.segments)

    @property
    def sha256(self) -> str:
        """The hash of what is written where; the same firmware in another kind of file may have another."""
        import hashlib

        whole = hashlib.sha256()
        for segment in self.segments:
            whole.update(struct.pack("<QQ", segment.address, len(segment.data)))
            whole.update(segment.data)
        return whole.hexdigest()

    @classmethod
    def load(
        cls,
        path: str | Path,
        chip: str = "rp2040",
        *,
        elf: str | Path | None = None,
        address: int | None = None,
        flash_size: int | None = None,
    ) -> Image:
        """Reads and checks an image.

        Args:
            path: a .uf2, .elf, .hex or .bin file, of which the contents decide, not the name; or the folder of a build
                or of a project, see `twins.testing.builds`.
            chip: the chip it must be for.
            elf: an ELF file to take the symbols from.
            address: where a raw BIN goes; the start of flash without it.
            flash_size: bytes of flash on the board, to refuse what does not fit.

        Raises `ImageError`.

        >>> image = Image.load("firmware/images/media_controller.uf2")
        >>> image.kind, hex(image.segments[0].address)
        ('uf2', '0x10000000')
        """
        if Path(path).is_dir():
            path, elf = _in_folder(Path(path), chip, elf)
        if chip == "esp32s3":
            return cls._load_esp32s3(path, elf, flash_size)
        return cls._load_rp2040(Path(path), elf, address, flash_size)

    @classmethod
    def _load_rp2040(cls, path: Path, elf: str | Path | None, address: int | None, flash_size: int | None) -> Image:
        """A file for the boot ROM's drive or for a debugger, told by its contents."""
        target = TARGETS["rp2040"]
        data = _read(path)
        entry = None
        symbols = Symbols()
        if data.startswith(b"\x7fELF"):
            kind = "elf"
            segments, entry, symbols = _elf(path, data, target)
        elif len(data) >= 4 and struct.unpack_from("<I", data)[0] == _UF2_MAGIC[0]:
            kind, segments = "uf2", _uf2(path, data, target)
        elif path.suffix.lower() in (".hex", ".ihex") or _looks_like_hex(data):
            kind, segments = "hex", _hex(path, data)
        elif path.suffix.lower() == ".uf2":
            raise ImageError(f"{path}: no UF2 file: it starts with {data[:4].hex(' ')}, expected 55 46 32 0a")
        elif path.suffix.lower() in (".elf", ".axf"):
            raise ImageError(f"{path}: no ELF file: it starts with {data[:4].hex(' ')}, expected 7f 45 4c 46")
        else:
            from twins import espimage

            kind = "bin"
            other = espimage.chip_of_image(data)
            if other is not None:
                raise ImageError(f"{path}: an image for {other}: this board has an {target.title}")
            segments = [Segment(target.bin_address if address is None else address, data)]
        checked = _check(path, segments, target, flash_size)
        if kind == "uf2":
            entry = _uf2_entry(checked, target)
        if elf is not None:
            symbols = _elf(Path(elf), _read(Path(elf)), target)[2]
        return cls(path, kind, target.chip, checked, entry, symbols)

    @classmethod
    def _load_esp32s3(cls, path: str | Path, elf: str | Path | None, flash_size: int | None) -> Image:
        """What goes into the flash of an ESP32-S3, see `twins.espimage`; or an ELF or UF2 of its own."""
        from twins import espimage

        target = TARGETS["esp32s3"]
        files = espimage.parse_offsets(str(path))
        symbols = Symbols()
        if files is not None:
            kind, parts = "bin", espimage.named_parts(files)
        else:
            path = Path(path)
            head = b"" if path.is_dir() else _read(path)[:4]
            if head == b"\x7fELF":
                return cls._load_xtensa_elf(path, target, flash_size)
            if head == _UF2_MAGIC[0].to_bytes(4, "little"):
                uf2 = _check(path, _uf2(path, _read(path), target), target, flash_size)
                parts = [espimage.FlashPart(part.address, part.data, str(path)) for part in uf2]
                kind = "uf2"
            else:
                parts, beside = espimage.flash_parts(path)
                kind = "build" if path.is_dir() or path.suffix == ".json" else "bin"
                elf = elf if elf is not None else beside
        checked = espimage.check(parts, flash_size)
        if elf is not None:
            symbols = _elf(Path(elf), _read(Path(elf)), target)[2]
        segments = tuple(Segment(part.offset, part.data) for part in checked)
        return cls(Path(path), kind, "esp32s3", segments, None, symbols)

    @classmethod
    def _load_xtensa_elf(cls, path: Path, target: Target, flash_size: int | None) -> Image:
        segments, entry, symbols = _elf(path, _read(path), target)
        mapped = next((segment for segment in segments if segment.address >> 24 in (0x3C, 0x3D, 0x42, 0x43)), None)
        if mapped is not None:
            raise ImageError(
                f"{path}: this program runs from flash (0x{mapped.address:08X}) and needs a bootloader: "
                "give the build folder, its flasher_args.json, or the files with their offsets (0x0=bootloader.bin,...)"
            )
        return cls(path, "elf", "esp32s3", _check(path, segments, target, flash_size), entry, symbols)


def chip_of(path: str | Path) -> str:
    """The chip that a file or folder is for, as far as its first bytes tell; the RP2040 where they do not.

    Raises `ImageError` for a file that cannot be read.

    >>> chip_of("firmware/images/media_controller.elf")
    'rp2040'
    """
    from twins import espimage

    place = Path(path)
    if espimage.parse_offsets(str(path)) is not None or place.suffix == ".json":
        return "esp32s3"
    if place.is_dir():
        from twins.testing.builds import build_in

        return build_in(place).chip
    head = _read(place)[:32]
    if head.startswith(b"\x7fELF"):
        xtensa = 94  # EM_XTENSA, ELF's list of machines
        return "esp32s3" if head[18:20] == xtensa.to_bytes(2, "little") else "rp2040"
    if head[:4] == _UF2_MAGIC[0].to_bytes(4, "little"):
        family = int.from_bytes(head[28:32], "little")
        return next((chip for chip, target in TARGETS.items() if family in target.uf2_families), "rp2040")
    return "esp32s3" if head[0] == espimage.IMAGE_MAGIC else "rp2040"


def _in_folder(folder: Path, chip: str, elf: str | Path | None) -> tuple[Path, str | Path | None]:
    """The image that was built in a folder, and its symbols where they are a file beside it."""
    from twins.testing.builds import build_in

    build = build_in(folder)
    if build.chip != chip:
        raise ImageError(f"{folder}: a build for {build.chip}: this board has an {chip}")
    return build.image, elf if elf is not None else build.elf


def _read(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror}: expected a .uf2, .elf, .hex or .bin file") from None
    if not data:
        raise ImageError(f"{path}: the file is empty: expected a .uf2, .elf, .hex or .bin image")
    return data


def _uf2(path: Path, data: bytes, target: Target) -> list[Segment]:
    if len(data) % _UF2_BLOCK:
        raise ImageError(
            f"{path}: truncated UF2: {len(data)} bytes are no multiple of {_UF2_BLOCK}; copy or build the file again"
        )
    segments: list[Segment] = []
    seen: dict[int, int] = {}
    total = None
    for index in range(len(data) // _UF2_BLOCK):
        block = data[index * _UF2_BLOCK : (index + 1) * _UF2_BLOCK]
        magic0, magic1, flags, address, count, number, blocks, family = struct.unpack_from("<8I", block)
        if (magic0, magic1, struct.unpack_from("<I", block, 508)[0]) != _UF2_MAGIC:
            raise ImageError(f"{path}: block {index} of the UF2 is damaged: its magic numbers are wrong")
        if flags & _UF2_NOT_MAIN_FLASH:
            continue
        if not flags & _UF2_HAS_FAMILY:
            raise ImageError(
                f"{path}: block {index} names no chip family: the {target.chip}'s boot ROM ignores it; "
                f"expected family {_family_names(target)}"
            )
        if family not in target.uf2_families:
            other = _OTHER_FAMILIES.get(family, "another chip")
            raise ImageError(
                f"{path}: a UF2 for {other} (family 0x{family:08X}): this board has an {target.title}, "
                f"family {_family_names(target)}"
            )
        if count > 476:
            raise ImageError(f"{path}: block {index} claims {count} bytes of data: a UF2 block holds 476 at most")
        total = blocks if total is None else total
        if blocks != total or number >= blocks:
            raise ImageError(f"{path}: block {index} says {number} of {blocks}, others say of {total}: not one image")
        if number in seen:
            raise ImageError(f"{path}: block number {number} is there twice (blocks {seen[number]} and {index})")
        seen[number] = index
        segments.append(Segment(address, block[32 : 32 + count]))
    if total is None:
        raise ImageError(f"{path}: the UF2 holds no block for main flash")
    if len(seen) != total:
        missing = next(number for number in range(total) if number not in seen)
        raise ImageError(
            f"{path}: hole in the UF2: block {missing} of {total} is missing; copy or build the file again"
        )
    return segments


def _uf2_entry(segments: Sequence[Segment], target: Target) -> int | None:
    """RP2040 datasheet 2.8.4.2: without data for flash it starts at its lowest address, main RAM before others."""
    if any(segment.address in target.flash for segment in segments):
        return None
    return min(segments, key=lambda segment: (segment.address < 0x2000_0000, segment.address)).address


def _family_names(target: Target) -> str:
    return " or ".join(f"0x{family:08X} ({name})" for family, name in target.uf2_families.items())


def _elf(path: Path, data: bytes, target: Target) -> tuple[list[Segment], int, Symbols]:
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        elf = ELFFile(BytesIO(data))
        machine = elf["e_machine"]
        if machine != target.elf_machine or elf.elfclass != 32 or not elf.little_endian:
            raise ImageError(
                f"{path}: an ELF for {machine} ({elf.elfclass}-bit): expected {target.elf_machine_name} "
                f"for the {target.title}"
            )
        segments = []
        for header in elf.iter_segments("PT_LOAD"):
            size = header["p_filesz"]
            if size == 0:
                continue
            if header["p_offset"] + size > len(data):
                raise ImageError(f"{path}: truncated ELF: a segment ends behind the end of the file")
            segments.append(Segment(header["p_paddr"], header.data()))
        if not segments:
            raise ImageError(f"{path}: the ELF has nothing to load: it was not linked, or is for debugging only")
        thumb = elf["e_machine"] == "EM_ARM"
        return segments, elf["e_entry"] & (~1 if thumb else ~0), Symbols(_symbols(elf, thumb), thumb=thumb)
    except ImageError:
        raise
    except (ELFError, ValueError, KeyError, IndexError, struct.error, UnicodeDecodeError, OverflowError) as error:
        raise ImageError(f"{path}: damaged ELF: {error}") from None


def _symbols(elf: ELFFile, thumb: bool) -> Iterable[Symbol]:
    from elftools.elf.sections import SymbolTableSection

    table = elf.get_section_by_name(".symtab")
    if not isinstance(table, SymbolTableSection):
        return
    for symbol in table.iter_symbols():
        kind = symbol["st_info"]["type"]
        defined = symbol["st_shndx"] != "SHN_UNDEF"
        if defined and symbol.name and kind in ("STT_FUNC", "STT_OBJECT", "STT_NOTYPE") and symbol.name[0] != "$":
            is_function = kind == "STT_FUNC"
            address = symbol["st_value"] & (~1 if thumb and is_function else ~0)
            yield Symbol(symbol.name, address, symbol["st_size"], is_function)


def _looks_like_hex(data: bytes) -> bool:
    first = data[:64].split(b"\n")[0].strip()
    return len(first) >= 11 and first[:1] == b":" and all(byte in b"0123456789abcdefABCDEF" for byte in first[1:])


def _hex(path: Path, data: bytes) -> list[Segment]:
    segments: list[Segment] = []
    base = 0
    ended = False
    for number, raw in enumerate(data.splitlines(), 1):
        line = raw.strip()
        if not line:
            continue
        if ended:
            raise ImageError(f"{path}: line {number} stands behind the end record")
        try:
            record = bytes.fromhex(line[1:].decode("ascii")) if line[:1] == b":" else b""
        except (ValueError, UnicodeDecodeError):
            record = b""
        if len(record) < 5 or len(record) != record[0] + 5:
            raise ImageError(f"{path}: line {number} is no Intel HEX record: {line[:40].decode('ascii', 'replace')!r}")
        if sum(record) & 0xFF:
            raise ImageError(f"{path}: line {number}: the checksum is wrong; the file is damaged")
        address, kind, payload = int.from_bytes(record[1:3], "big"), record[3], record[4:-1]
        if kind == 0:
            segments.append(Segment(base + address, payload))
        elif kind == 1:
            ended = True
        elif kind in (2, 4):
            base = int.from_bytes(payload, "big") << (4 if kind == 2 else 16)
        elif kind not in (3, 5):
            raise ImageError(f"{path}: line {number}: record type {kind:02X} is not one of 00 to 05")
    if not ended:
        raise ImageError(f"{path}: truncated Intel HEX: there is no end record (:00000001FF)")
    if not segments:
        raise ImageError(f"{path}: the Intel HEX file holds no data")
    return segments


def _check(path: Path, segments: list[Segment], target: Target, flash_size: int | None) -> tuple[Segment, ...]:
    """In order of address, joined where they touch, none overlapping, all inside the chip."""
    joined: list[tuple[int, bytearray]] = []
    for segment in sorted(segments, key=lambda segment: segment.address):
        _inside(path, segment, target, flash_size)
        start, data = joined[-1] if joined else (0, bytearray())
        if joined and segment.address < start + len(data):
            raise ImageError(
                f"{path}: overlapping parts: 0x{segment.address:08X} is written twice "
                f"(a part from 0x{start:08X} ends at 0x{start + len(data):08X})"
            )
        if joined and segment.address == start + len(data):
            data += segment.data
        else:
            joined.append((segment.address, bytearray(segment.data)))
    return tuple(Segment(start, bytes(data)) for start, data in joined)


def _inside(path: Path, segment: Segment, target: Target, flash_size: int | None) -> None:
    flash = target.flash
    if segment.address in flash:
        end = flash.stop if flash_size is None else flash.start + flash_size
        if segment.end > end:
            raise ImageError(
                f"{path}: the image ends at 0x{segment.end:08X}, behind the flash of {(end - flash.start) >> 10} KB, "
                f"which ends at 0x{end:08X}"
            )
        return
    if any(segment.address in ram and segment.end <= ram.stop for ram in target.ram):
        return
    raise ImageError(
        f"{path}: 0x{segment.address:08X} to 0x{segment.end:08X} is neither flash nor RAM of the "
        f"{target.title}: flash starts at 0x{flash.start:08X}, "
        f"RAM at 0x{target.ram[0].start:08X}; is it for another chip?"
    )
