"""Operands for single functions of the ESP32-S3's mask ROM.

Each case makes one call's arguments in memory of its own, at random from a seed. What C leaves open is left out: a
division by zero, a conversion that does not fit.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from tests.realimages.rom_calls import Answer, Call, Maker, Place

Operand = Callable[[Place], "int | list[int]"]
Settle = Callable[[Call, Place, Answer], Answer]
"""Takes what is left open out of an answer."""


@dataclass
class Case:
    """How to make calls of one function, how many, and the memory that each one needs."""

    make: Maker
    count: int = 400
    size: int = 256
    steps: int = 1
    settle: Settle | None = None


CASES: dict[str, Case] = {}


def case(
    names: str,
    *operands: Operand,
    words: int = 1,
    count: int = 400,
    size: int = 256,
    settle: Settle | None = None,
    into: dict[str, Case] = CASES,
) -> None:
    """Cases of functions whose operands are made one after the other."""

    def make(place: Place) -> Call:
        arguments: list[int] = []
        for operand in operands:
            made = operand(place)
            if isinstance(made, list):
                # The ABI aligns what has 64 bits.
                arguments += [0] * (len(arguments) & 1 if len(made) % 2 == 0 else 0)
                arguments += made
            else:
                arguments.append(made)
        return Call(arguments, words)

    for name in names.split():
        into[name] = Case(make, count, size, settle=settle)


def made(
    names: str,
    make: Maker,
    count: int = 400,
    size: int = 256,
    steps: int = 1,
    settle: Settle | None = None,
    into: dict[str, Case] = CASES,
) -> None:
    """Cases of functions whose operands depend on one another."""
    for name in names.split():
        into[name] = Case(make, count, size, steps, settle)


# Numbers: all sizes, the ends of the ranges, powers of two and their neighbours.


def _edge(place: Place, bits: int) -> int:
    near = place.rng.choice((0, 1 << (bits - 1), 1 << place.rng.randrange(bits))) + place.rng.randrange(-2, 3)
    return (near if place.rng.random() < 0.3 else place.rng.getrandbits(place.rng.randrange(1, bits + 1))) % (1 << bits)


def u32(place: Place) -> int:
    """A word."""
    return _edge(place, 32)


def u64(place: Place) -> list[int]:
    """A word of 64 bits."""
    value = _edge(place, 64)
    return [value & 0xFFFF_FFFF, value >> 32]


def some32(place: Place) -> int:
    """A word that is not 0."""
    return u32(place) or 3


def some64(place: Place) -> list[int]:
    """64 bits that are not 0."""
    value = u64(place)
    return value if any(value) else [3, 0]


def small(most: int) -> Operand:
    """A number below `most`."""
    return lambda place: place.rng.randrange(most)


def _float(place: Place, fraction: int, exponent: int) -> int:
    """Any class of number; exponents near one another more often, so that sums and products stay in range."""
    rng, top = place.rng, (1 << exponent) - 1
    kind = rng.random()
    if kind < 0.05:
        e = 0
    elif kind < 0.15:
        e = top
    elif kind < 0.7:
        e = top // 2 + rng.randrange(-fraction // 2, fraction // 2)
    else:
        e = rng.randrange(top + 1)
    m = rng.choice(
        (rng.getrandbits(fraction), rng.getrandbits(fraction), 0, 1, (1 << fraction) - 1, 1 << (fraction - 1))
    )
    return rng.getrandbits(1) << (fraction + exponent) | e << fraction | m


def f32(place: Place) -> int:
    """Single precision."""
    return _float(place, 23, 8)


def f64(place: Place) -> list[int]:
    """Double precision."""
    value = _float(place, 52, 11)
    return [value & 0xFFFF_FFFF, value >> 32]


def near32(bits: int) -> Operand:
    """A single whose magnitude has `bits` bits at most."""
    return lambda place: struct.unpack(
        "<I", struct.pack("<f", place.rng.uniform(-1, 1) * 2.0 ** place.rng.randrange(bits))
    )[0]


def near64(bits: int) -> Operand:
    """A double whose magnitude has `bits` bits at most."""
    return lambda place: list(
        struct.unpack("<II", struct.pack("<d", place.rng.uniform(-1, 1) * 2.0 ** place.rng.randrange(bits)))
    )


def positive(operand: Operand) -> Operand:
    """The same without its sign."""

    def made(place: Place) -> int | list[int]:
        value = operand(place)
        if isinstance(value, list):
            return [*value[:-1], value[-1] & 0x7FFF_FFFF]
        return value & 0x7FFF_FFFF

    return made


# Memory.


def text(place: Place) -> int:
    """A text."""
    return place.text()


def bit_of_text(place: Place) -> int:
    """A short text of the same letters."""
    return place.text(3)


def letter(place: Place) -> int:
    """A letter of the texts, the terminator, or another."""
    return place.rng.choice((0x61, 0x42, 0x20, 0, 0x7A, 0x80, 0xE4, 0x161))


def data(place: Place) -> int:
    """32 bytes, of few values."""
    return place.put(bytes(place.rng.choices(b"abAB \x80\xff\0", k=32)))


def target(place: Place) -> int:
    """Room for 80 bytes."""
    return place.anywhere(80)


def terminated(place: Place) -> int:
    """A text with room behind it."""
    address = place.text(20)
    place.room(60)
    return address


case("memset", target, u32, small(80))
case("bzero", target, small(80), words=0)
case("memcpy memmove xthal_memcpy", target, data, small(33))
case("memcmp __gcc_bcmp", data, data, small(33))
case("memccpy", target, data, letter, small(33))
case("memchr memrchr", data, letter, small(33))
case("strlen", text)
case("strnlen", text, small(50))
case("strcpy", target, text)
case("strncpy strlcpy", target, text, small(70))
case("strcat", terminated, text)
case("strncat strlcat", terminated, text, small(60))
case("strcmp strcoll strcasecmp", bit_of_text, bit_of_text)
case("strncmp strncasecmp", text, bit_of_text, small(6))
case("strchr strrchr", text, letter)
case("strstr strcasestr strspn strcspn", text, bit_of_text)
case("strlwr strupr", text)
case("strsep", lambda p: p.words(p.text()), bit_of_text)
case("strtok_r", text, bit_of_text, lambda p: p.words(0))
case("isalnum isalpha isascii isblank iscntrl isdigit islower isgraph isprint", lambda p: p.rng.randrange(-1, 256))
case("ispunct isspace isupper toascii toupper tolower", lambda p: p.rng.randrange(-1, 256))
case("strdup", text)
case("strndup", text, small(50))
for _name in ("strdup", "strndup"):
    _plain = CASES[_name].make

    def _allocating(place: Place, plain: Maker = _plain) -> Call:
        place.allocates(96)
        return plain(place)

    CASES[_name].make = _allocating


def _overlapping(place: Place) -> Call:
    start = place.anywhere(100)
    return Call([start + place.rng.randrange(50), start + place.rng.randrange(50), place.rng.randrange(50)])


made("memmove", _overlapping)

# Numbers in texts, and others of the C library.
case("abs labs", u32)
case("div ldiv", u32, some32, words=2)
case("rand_r", lambda p: p.words(u32(p)))
case("itoa utoa", u32, target, small(40))


def numeral(place: Place) -> int:
    """A number in some base, or nearly so."""
    head = place.rng.choice((b"", b" ", b"\t-", b"+", b"-", b"0x", b"-0X", b"0", b" +0"))
    digits = place.rng.choice((b"0123456789", b"01234567", b"09afAFzZ", b"9"))
    body = bytes(place.rng.choices(digits, k=place.rng.randrange(12)))
    return place.put(head + body + place.rng.choice((b"", b"g", b" ", b"-", b".5")) + b"\0")


case("atoi atol", numeral)
case("strtol strtoul", numeral, lambda p: p.words(u32(p)), lambda p: p.rng.choice((0, 2, 8, 10, 10, 16, 36)))


def _sorted(place: Place) -> Call:
    """Bytes with much behind them, no two alike as C leaves their order open; words."""
    if place.rng.random() < 0.5:
        return _sorted_words(place)
    size, count = place.rng.choice((1, 2, 4, 5, 8, 12)), place.rng.randrange(18)
    keys = place.rng.sample(range(256), count)
    data = b"".join(bytes([key]) + place.rng.randbytes(size - 1) for key in keys)
    return Call([place.put(data), count, size, place.hooks["compare_bytes"]], words=0)


def _sorted_words(place: Place) -> Call:
    count = place.rng.randrange(120)
    values = [place.rng.randrange(-60, 60) for _ in range(count)]
    return Call([place.words(*values), count, 4, place.hooks["compare_words"]], words=0)


made("qsort", _sorted, size=768)

# libgcc.
case("__adddf3 __subdf3 __muldf3 __divdf3", f64, f64, words=2)
case("__addsf3 __subsf3 __mulsf3 __divsf3", f32, f32)
case("__negdf2", f64, words=2)
case("__negsf2", f32)
case("__eqdf2 __nedf2 __ltdf2 __ledf2 __gtdf2 __gedf2 __unorddf2", f64, f64)
case("__eqsf2 __nesf2 __ltsf2 __lesf2 __gtsf2 __gesf2 __unordsf2", f32, f32)
case("__extendsfdf2", f32, words=2)
case("__truncdfsf2", f64)
case("__fixdfsi", f64)
case("__fixdfdi", f64, words=2)
case("__fixsfsi", f32)
case("__fixsfdi", f32, words=2)
case("__fixunsdfsi", f64)
case("__fixunssfsi", f32)
case("__fixunssfdi", f32, words=2)
case("__floatsidf __floatunsidf", u32, words=2)
case("__floatdidf __floatundidf", u64, words=2)
case("__floatsisf __floatunsisf", u32)
case("__floatdisf __floatundisf", u64)
case("__powidf2", near64(8), lambda p: p.rng.randrange(-30, 31), words=2)
case("__powisf2", near32(4), lambda p: p.rng.randrange(-30, 31))
case("__muldi3", u64, u64, words=2)
case("__divdi3 __moddi3 __udivdi3 __umoddi3", u64, some64, words=2)
case("__udivmoddi4", u64, some64, lambda p: p.words(0, 0), words=2)
case("__ashldi3 __lshrdi3 __ashrdi3", u64, small(64), words=2)
case("__negdi2 __bswapdi2", u64, words=2)
case("__cmpdi2 __ucmpdi2", u64, u64)
case("__mulsi3", u32, u32)
case("__divsi3 __modsi3 __udivsi3 __umodsi3", u32, some32)
case("__bswapsi2 __ffssi2 __popcountsi2 __paritysi2 __clrsbsi2", u32)
case("__clzsi2 __ctzsi2", some32)
case("__ffsdi2 __popcountdi2 __clrsbdi2", u64)
case("__clzdi2 __ctzdi2", some64)
case("__absvsi2 __negvsi2", lambda p: u32(p) & 0x7FFF_FFFF)
case("__absvdi2 __negvdi2", positive(u64), words=2)
case("__addvsi3 __subvsi3", lambda p: u32(p) >> 2, lambda p: u32(p) >> 2)
case("__mulvsi3", small(0x8000), small(0x8000))
case("__addvdi3 __subvdi3", lambda p: [u32(p), u32(p) >> 2], lambda p: [u32(p), u32(p) >> 2], words=2)
case("__mulvdi3", lambda p: [u32(p) >> 1, 0], lambda p: [u32(p), 0], words=2)


def any_nan32(_call: Call, _place: Place, answer: Answer) -> Answer:
    """Which NaN a complex number has is open."""
    words = tuple(0x7FC0_0000 if word & 0x7FFF_FFFF > 0x7F80_0000 else word for word in answer.words)
    return Answer(words, answer.memory, answer.hooks)


def any_nan64(_call: Call, _place: Place, answer: Answer) -> Answer:
    """As `any_nan32`, for doubles."""
    words: list[int] = []
    for low, high in zip(answer.words[::2], answer.words[1::2], strict=True):
        nan = (high << 32 | low) & ~(1 << 63) > 0x7FF << 52
        words += [0, 0x7FF8_0000] if nan else [low, high]
    return Answer(tuple(words), answer.memory, answer.hooks)


case("__divdc3 __muldc3", f64, f64, f64, f64, words=4, settle=any_nan64)
case("__divsc3 __mulsc3", f32, f32, f32, f32, words=2, settle=any_nan32)


# Sums.
case("crc32_le crc32_be crc16_le crc16_be crc8_le crc8_be mz_crc32 mz_adler32", u32, data, small(33))


# Digests: `MD5Context` of esp_rom_md5.h.
def _md5(place: Place) -> Call:
    context, pieces = place.room(88, 4), [place.put(place.rng.randbytes(n)) for n in (50, 0, 130)]
    updates = [("MD5Update", [context, piece, place.rng.randrange(50)]) for piece in pieces]
    digest = place.anywhere(16)
    return Call(
        [digest, context], words=0, before=[("MD5Init", [context]), *updates], scratch=[(context, context + 88)]
    )


made("MD5Final", _md5, size=512, steps=5)


# `SHA_CTX` of rom/sha.h, by the accelerator.
def _sha(place: Place) -> Call:
    kind = place.rng.randrange(3)  # SHA1, SHA2_224, SHA2_256
    context, text_at = place.room(256, 4), place.put(place.rng.randbytes(150), 4)
    first, second = place.rng.choice((64, 128)), place.rng.randrange(1, 20)
    updates = [("ets_sha_update", [context, text_at, first, 1]), ("ets_sha_update", [context, text_at + 4, second, 0])]
    before = [("ets_sha_enable", []), ("ets_sha_init", [context, kind]), ("ets_sha_starts", [context, 0]), *updates]
    return Call([context, place.room(32, 4)], words=0, before=before, scratch=[(context, context + 256)])


made("ets_sha_finish", _sha, count=100, size=768, steps=6)


# Registers: what a function leaves in SYSTEM_PERIP_CLK_EN1 and SYSTEM_PERIP_RST_EN1, or in EFUSE_PGM_DATA0 and on.
def _switched(place: Place) -> Call:
    clocks, resets = (place.words(place.rng.getrandbits(6) | 0x600) for _ in range(2))
    before = [("memcpy", [0x600C_001C, clocks, 4]), ("memcpy", [0x600C_0024, resets, 4])]
    after = [("memcpy", [place.room(4, 4), 0x600C_001C, 4]), ("memcpy", [place.room(4, 4), 0x600C_0024, 4])]
    return Call([], words=0, before=before, after=after)


for _name in ("aes", "bigint", "ds", "hmac", "sha"):
    made(f"ets_{_name}_enable ets_{_name}_disable", _switched, count=64, steps=5)
case("ets_hmac_invalidate_downstream", small(10), count=20)


def _cleared(place: Place) -> Call:
    before = [("memcpy", [0x6000_7000, place.words(*(u32(place) for _ in range(11))), 44])]
    return Call([], words=0, before=before, after=[("memcpy", [place.room(44, 4), 0x6000_7000, 44])])


made("ets_efuse_clear_program_registers", _cleared, count=20, steps=3)
case("ets_efuse_rs_calculate", data, target, words=0, count=100)
for _name in (
    "get_uart_print_control",
    "download_modes_disabled",
    "legacy_spi_boot_mode_disabled",
    "ecc_16to17_mode",
    "ecc_flash_page_size",
    "security_download_modes_enabled",
    "flash_opi_5pads_power_sel_vddspi",
    "force_send_resume",
    "secure_boot_aggressive_revoke_enabled",
    "get_spiconfig",
    "get_wp_pad",
):
    case(f"ets_efuse_{_name}", count=1)
case("ets_efuse_get_mac", target, words=0, count=5)


# The switch of manual encryption.
def _encrypting(place: Place) -> Call:
    control = 0x600C_004C
    before = [("memcpy", [control, place.words(place.rng.getrandbits(4)), 4])]
    return Call([], words=0, before=before, after=[("memcpy", [place.room(4, 4), control, 4])])


made("esp_rom_spiflash_write_encrypted_enable esp_rom_spiflash_write_encrypted_disable", _encrypting, count=16, steps=3)


# SPI1 in each mode of `esp_rom_spiflash_read_mode_t`, whatever it was in: SPI_MEM_CTRL, SPI_MEM_USER, SPI_MEM_DDR.
def _mode(place: Place) -> Call:
    def bits(mask: int) -> int:
        return place.rng.getrandbits(32) & mask

    registers = ((0x6000_2008, bits(0x01FC_63F8)), (0x6000_2018, bits(0xF000)), (0x6000_20E0, bits(0x11)))
    before = [("memcpy", [register, place.words(value), 4]) for register, value in registers]
    after = [("memcpy", [place.room(4, 4), register, 4]) for register, _ in registers]
    return Call([1, place.rng.randrange(12)], words=0, before=before, after=after)


made("esp_rom_spi_set_op_mode", _mode, count=200, steps=7)


# Lines of the caches: what is left in EXTMEM_DCACHE_LOCK_CTRL and on, EXTMEM_DCACHE_OCCUPY_CTRL and on, and
# EXTMEM_ICACHE_LOCK_CTRL and on.
def _lines(place: Place) -> Call:
    bus = place.rng.choice((0x3C00_0000, 0x3C00_0000, 0x4200_0000, 0x4200_0000, 0x3FC9_0000, 0x3DFF_FF80, 0x43FF_FF80))
    sizes = ((0x600C_4000, 1 | place.rng.randrange(3) << 3), (0x600C_4060, place.rng.randrange(2) << 3))
    before = [("memcpy", [register, place.words(value), 4]) for register, value in sizes]
    after = [("memcpy", [place.room(12, 4), 0x600C_4000 + at, 12]) for at in (0x1C, 0x34, 0x7C)]
    return Call([bus + place.rng.randrange(128), place.rng.choice((0, 4, 40, 300, 0x9000))], before=before, after=after)


made("Cache_Lock_Addr Cache_Unlock_Addr Cache_Occupy_Addr", _lines, count=160, steps=6)


# Keys of a chip whose eFuses nobody has burnt.
case("ets_efuse_get_key_purpose ets_efuse_key_block_unused", small(12), count=60)
case("ets_efuse_find_unused_key_block ets_efuse_count_unused_key_blocks", count=1)
case("ets_efuse_find_purpose", small(12), lambda p: p.rng.choice((0, p.words(99))), count=60)
