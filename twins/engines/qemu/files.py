"""The files that the machine is started with: the flash chip, and the fuses.

Facts from ESP-IDF's `tools/idf_py_actions/qemu_ext.py` (sizes, options) and the ESP32-S3 TRM, chapter "eFuse
Controller".
"""

from __future__ import annotations

import struct
from pathlib import Path

from twins.board import Board
from twins.errors import UsageError

MEGABYTE = 1 << 20
FLASH_SIZES = (2, 4, 8, 16)
"""The flash chips that the machine knows, in MB: by the size of the file it picks one."""
PSRAM_SIZES = (0, 2, 4, 8, 16, 32)

FUSES = 1024
"""Bytes of the file of fuses: the registers from EFUSE_RD_WR_DIS on."""
_MAC = 0x18
"""EFUSE_RD_MAC_SPI_SYS_0 and _1, behind the six words of block 0; the last byte of the MAC comes first."""
_WAFER = 0x24
"""EFUSE_RD_MAC_SPI_SYS_3: WAFER_VERSION_MINOR_LO is its bits 18 to 20."""
DEFAULT_MAC = bytes.fromhex("7cdfa1000001")
"""As the native engine has it where the board says nothing."""
REVISION = 3
"""Chip revision v0.3, as ESP-IDF burns it for its QEMU."""


def flash_file(board: Board) -> bytearray:
    """A blank flash chip. Raises `UsageError`: QEMU has none of this size."""
    if board.flash_size not in (size * MEGABYTE for size in FLASH_SIZES):
        raise UsageError(
            f"board {board.name} has {board.flash_size / MEGABYTE:g} MB of flash; "
            f"the engine qemu has flash chips of {', '.join(map(str, FLASH_SIZES))} MB"
        )
    return bytearray(b"\xff" * board.flash_size)


def psram_megabytes(board: Board) -> int:
    """The size of its PSRAM. Raises `UsageError`."""
    size, rest = divmod(board.psram_size, MEGABYTE)
    if rest or size not in PSRAM_SIZES:
        raise UsageError(
            f"board {board.name} has {board.psram_size / MEGABYTE:g} MB of PSRAM; "
            f"the engine qemu has {', '.join(map(str, PSRAM_SIZES))} MB"
        )
    return size


def fuses_file(board: Board) -> bytes:
    """The fuses of a chip with the board's MAC address.

    >>> fuses = fuses_file(Board.load("esp32s3_devkitc").with_mac("02:00:00:00:0a:0b"))
    >>> len(fuses), fuses[0x18:0x1e].hex(), fuses[0x26]
    (1024, '0b0a00000002', 12)
    """
    fuses = bytearray(FUSES)
    fuses[_MAC : _MAC + 6] = (DEFAULT_MAC if board.mac is None else board.mac)[::-1]
    struct.pack_into("<I", fuses, _WAFER, REVISION << 18)
    return bytes(fuses)


def write(path: Path, data: bytes) -> None:
    """Raises `UsageError` where there is no room."""
    try:
        path.write_bytes(data)
    except OSError as error:
        raise UsageError(f"cannot write {path}, which the engine qemu needs: {error.strerror}") from None
