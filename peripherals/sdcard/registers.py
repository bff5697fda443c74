"""The registers of an SD card, and the codes that guard its commands and data.

SD Physical Layer Simplified Specification 6.00: 4.5 (CRC), 4.10.1 (card status), 4.10.2 (SD status), 4.3.10 (switch
function), 5.1 to 5.6 (OCR, CID, CSD, RCA, SCR).
"""

from __future__ import annotations

import binascii
from collections.abc import Iterable

from twins.errors import UsageError

OUT_OF_RANGE, ADDRESS_ERROR, BLOCK_LEN_ERROR, ERASE_SEQ_ERROR, ERASE_PARAM = (1 << bit for bit in (31, 30, 29, 28, 27))
COM_CRC_ERROR, ILLEGAL_COMMAND, ERROR = 1 << 23, 1 << 22, 1 << 19
ERASE_RESET, READY_FOR_DATA, APP_CMD = 1 << 13, 1 << 8, 1 << 5
"""Bits of the card status, 4.10.1. CURRENT_STATE is bits 12 to 9."""

OCR_READY, OCR_CCS, OCR_WINDOW = 1 << 31, 1 << 30, 0x00FF_8000
"""Bits of OCR, 5.1: power-up finished, high capacity, 2.7 V to 3.6 V."""

HIGH_SPEED = 0x1
"""Function of group 1 (access mode) that switches to 50 MHz, 4.3.10.3."""


def crc7(data: Iterable[int]) -> int:
    """G(x) = x⁷ + x³ + 1, 4.5.

    >>> hex(crc7([0x40, 0, 0, 0, 0])), hex(crc7([0x51, 0, 0, 0, 0]))
    ('0x4a', '0x2a')
    """
    crc = 0
    for byte in data:
        for bit in range(7, -1, -1):
            feedback = (byte >> bit ^ crc >> 6) & 1
            crc = crc << 1 & 0x7F ^ (0x09 if feedback else 0)
    return crc


def crc16(data: bytes) -> int:
    """G(x) = x¹⁶ + x¹² + x⁵ + 1, 4.5.

    >>> hex(crc16(b"\\xff" * 512))
    '0x7fa1'
    """
    return binascii.crc_hqx(data, 0)


def framed(head: int, content: bytes) -> bytes:
    """An answer on the command line: start bit, index, content, CRC7, end bit."""
    data = bytes([head]) + content
    return data + bytes([crc7(data) << 1 | 1])


def packed(bits: int, fields: Iterable[tuple[int, int, int]]) -> bytes:
    """A register from its fields: highest bit, lowest bit, value.

    >>> packed(16, [(15, 12, 0xA), (3, 0, 5)]).hex()
    'a005'
    """
    word = 0
    for high, low, value in fields:
        if value >> (high - low + 1):
            raise UsageError(f"a field of {high - low + 1} bits cannot hold {value}")
        word |= value << low
    return word.to_bytes(bits // 8, "big")


def with_crc(register: bytes) -> bytes:
    """CID and CSD end with their own CRC7."""
    return register[:-1] + bytes([crc7(register[:-1]) << 1 | 1])


def cid(
    manufacturer: int, oem: str, product: str, revision: tuple[int, int], serial: int, date: tuple[int, int]
) -> bytes:
    """5.2. The date is year and month."""
    if len(oem) != 2 or len(product) != 5:
        raise UsageError(f"a card has 2 characters of OEM and 5 of product name, not {oem!r} and {product!r}")
    year, month = date
    name = (oem + product).encode("ascii")
    tail = (
        bytes([revision[0] << 4 | revision[1]])
        + serial.to_bytes(4, "big")
        + ((year - 2000) << 4 | month).to_bytes(2, "big")
    )
    return with_crc(bytes([manufacturer]) + name + tail + b"\0")


def csd_2(size: int, high_speed: bool) -> bytes:
    """5.3.3, high capacity: (C_SIZE + 1) × 512 KiB."""
    fields = [(127, 126, 1), (119, 112, 0x0E), (103, 96, 0x5A if high_speed else 0x32), (95, 84, 0x535), (83, 80, 9)]
    fields += [(69, 48, size // (512 << 10) - 1), (46, 46, 1), (45, 39, 0x7F), (28, 26, 2), (25, 22, 9)]
    return with_crc(packed(128, fields))


def csd_1(size: int, high_speed: bool) -> bytes:
    """5.3.2, standard capacity: (C_SIZE + 1) × 2^(C_SIZE_MULT + 2) × 2^READ_BL_LEN."""
    for length, mult in [(9, mult) for mult in range(8)] + [(10, 7)]:
        unit = 1 << (length + mult + 2)
        if size % unit == 0 and size // unit <= 1 << 12:
            break
    else:
        raise UsageError(f"no CSD of a standard-capacity card says {size} bytes")
    fields = [(119, 112, 0x26), (103, 96, 0x5A if high_speed else 0x32), (95, 84, 0x535), (83, 80, length), (79, 79, 1)]
    fields += [(73, 62, size // unit - 1), (61, 59, 6), (58, 56, 6), (55, 53, 6), (52, 50, 6), (49, 47, mult)]
    return with_crc(packed(128, [*fields, (46, 46, 1), (45, 39, 0x1F), (28, 26, 2), (25, 22, length)]))


def scr() -> bytes:
    """5.6: version 3.0X, erased bits are 0, no security, 1 and 4 lines, CMD23."""
    return packed(64, [(59, 56, 2), (51, 48, 5), (47, 47, 1), (33, 33, 1)])


def ssr(lines: int) -> bytes:
    """4.10.2: width of the bus, speed class 10, allocation units of 4 MiB."""
    return packed(512, [(511, 510, 2 if lines == 4 else 0), (447, 440, 4), (431, 428, 9)])


def switch_status(argument: int, high_speed: bool) -> tuple[bytes, bool]:
    """4.3.10.4: what CMD6 answers in 64 bytes, and whether the card works at high speed from then on.

    0xF in a group leaves its function alone; a function that the card does not have makes 0xF of its group, and nothing
    of what is asked for happens.
    """
    wanted = [argument >> 4 * group & 0xF for group in range(6)]
    now = [int(high_speed), 0, 0, 0, 0, 0]
    has = [1 << 15 | 3, *[1 << 15 | 1] * 5]
    result = [now[n] if wanted[n] == 0xF else wanted[n] if has[n] >> wanted[n] & 1 else 0xF for n in range(6)]
    possible = all(code != 0xF for code in result)
    fields = [(511, 496, 100 if possible else 0)]
    fields += [(415 + 16 * n, 400 + 16 * n, has[n]) for n in range(6)]
    fields += [(379 + 4 * n, 376 + 4 * n, result[n]) for n in range(6)]
    switched = result[0] == HIGH_SPEED if possible and argument >> 31 else high_speed
    return packed(512, fields), switched
