"""Operands for the functions of the ESP32-S3's mask ROM that burn eFuses, drive the accelerators of cryptography, and
check signatures. What they burn stays burnt, in both chips alike.
"""

from __future__ import annotations

import functools
import hashlib
import struct
import zlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils

from tests.realimages.rom_calls import Call, Place
from tests.realimages.rom_cases import Case, Operand, small

SECURITY: dict[str, Case] = {}

# Registers, ESP-IDF soc/efuse_reg.h and soc/hwcrypto_reg.h.
PGM_DATA0, RD_WR_DIS, FUSE_WORDS, WR_TIM_CONF2 = 0x6000_7000, 0x6000_702C, 84, 0x6000_71F8
AES_MODE, RSA_MEMORY = 0x6003_A040, 0x6003_C000
MAC_SPI_SYS_3 = 0x6000_7050


def registers(place: Place, address: int, words: int) -> tuple[str, list[int]]:
    """A call that leaves registers in memory."""
    return "memcpy", [place.room(4 * words, 4), address, 4 * words]


def case(
    names: str, *operands: Operand, count: int = 40, words: int = 1, registers_after: tuple[int, int] | None = None
) -> None:
    """Cases of functions whose operands are made one after the other."""

    def make(place: Place) -> Call:
        arguments = [operand(place) for operand in operands]
        after = [registers(place, *registers_after)] if registers_after else []
        assert all(isinstance(argument, int) for argument in arguments)
        return Call(arguments, words, after=after)  # type: ignore[arg-type]

    for name in names.split():
        SECURITY[name] = Case(make, count, 1024, 2)


# eFuses. Block 3 is the user's.
case("ets_efuse_set_timing", lambda p: p.rng.getrandbits(28), registers_after=(WR_TIM_CONF2, 1))
case(
    "ets_efuse_cache_encryption_enabled ets_efuse_get_flash_delay_us ets_efuse_usb_print_is_disabled "
    "ets_efuse_usb_serial_jtag_print_is_disabled ets_efuse_jtag_disabled ets_efuse_usb_module_disabled "
    "ets_efuse_usb_device_disabled",
    count=1,
)
case("ets_efuse_usb_download_mode_disabled", small(6), count=12)


def _programmed(place: Place) -> Call:
    block = place.rng.choice((3, 3, 11, 12, 200))
    before = [("memcpy", [PGM_DATA0, place.words(*(1 << place.rng.randrange(32) for _ in range(8))), 32])]
    return Call(
        [block], before=before, after=[registers(place, PGM_DATA0, 11), registers(place, RD_WR_DIS, FUSE_WORDS)]
    )


def _key(place: Place) -> Call:
    """Any block; a purpose that nothing acts on by itself; too long a key at times."""
    key = place.put(place.rng.randbytes(40))
    arguments = [place.rng.randrange(2, 12), place.rng.randrange(12), key, place.rng.choice((0, 16, 32, 32, 33))]
    return Call(arguments, after=[registers(place, PGM_DATA0, 11), registers(place, RD_WR_DIS, FUSE_WORDS)])


# AES.
def _aes_key(place: Place) -> Call:
    arguments = [place.rng.randrange(3), place.rng.choice((0, place.put(bytes(32)))), place.rng.randrange(5)]
    return Call(arguments, before=[("ets_aes_enable", [])], after=[registers(place, AES_MODE, 1)])


def _aes_key_one_way(place: Place) -> Call:
    made = _aes_key(place)
    return Call(made.arguments[1:], before=made.before, after=made.after)


def _aes_block(place: Place) -> Call:
    key = [place.put(place.rng.randbytes(32)), place.rng.choice((0, 2))]
    before = [("ets_aes_enable", []), (place.rng.choice(("ets_aes_setkey_enc", "ets_aes_setkey_dec")), key)]
    return Call([place.put(place.rng.randbytes(16)), place.anywhere(16)], words=0, before=before)


SECURITY["ets_aes_setkey"] = Case(_aes_key, 60, 256, 3)
SECURITY["ets_aes_setkey_enc"] = SECURITY["ets_aes_setkey_dec"] = Case(_aes_key_one_way, 40, 256, 3)
SECURITY["ets_aes_block"] = Case(_aes_block, 60, 256, 3)


# RSA, with an odd modulus and what Montgomery's multiplication needs.
def _number(place: Place, value: int, words: int) -> int:
    return place.put(value.to_bytes(4 * words, "little"), 4)


def _modular(place: Place) -> tuple[list[int], int]:
    words = place.rng.randrange(1, 9)
    m = place.rng.getrandbits(32 * words) | 1 << (32 * words - 1) | 1
    x, y = place.rng.randrange(m), place.rng.randrange(m)
    rb = pow(2, 64 * words, m)
    m_prime = -pow(m, -1, 1 << 32) % (1 << 32)
    return [
        _number(place, x, words),
        _number(place, y, words),
        _number(place, m, words),
        m_prime,
        _number(place, rb, words),
    ], words


def _result(place: Place, words: int) -> list[tuple[str, list[int]]]:
    return [("ets_bigint_wait_finish", []), ("ets_bigint_getz", [place.room(4 * words, 4), words])]


ENABLED: list[tuple[str, list[int]]] = [("ets_bigint_enable", []), ("ets_delay_us", [2])]


def _modmult(place: Place) -> Call:
    arguments, words = _modular(place)
    return Call([*arguments, words], before=ENABLED, after=_result(place, words))


def _modexp(place: Place) -> Call:
    arguments, words = _modular(place)
    return Call([*arguments, place.rng.randrange(2), words], before=ENABLED, after=_result(place, words))


def _multiply(place: Place) -> Call:
    arguments, words = _modular(place)
    return Call([*arguments[:2], words], before=ENABLED, after=_result(place, 2 * words))


def _refused(place: Place) -> Call:
    """A pointer that is 0, or a length."""
    arguments, words = _modular(place)
    if place.rng.random() < 0.5:
        words = place.rng.choice((0, 129, 65))
    else:
        arguments[place.rng.choice((0, 1))] = 0
    return Call([*arguments[:2], words], before=ENABLED)


def _waited(place: Place) -> Call:
    return Call([], words=0, before=[*ENABLED, ("ets_bigint_modmult", _modmult(place).arguments)])


SECURITY["ets_bigint_modmult"] = Case(_modmult, 40, 512, 5)
SECURITY["ets_bigint_modexp"] = Case(_modexp, 40, 512, 5)
SECURITY["ets_bigint_wait_finish"] = Case(_waited, 8, 1024, 6)
SECURITY["ets_bigint_multiply"] = Case(lambda p: (_refused if p.rng.random() < 0.3 else _multiply)(p), 60, 512, 5)
case("ets_bigint_getz", lambda p: p.rng.choice((0, p.room(16, 4))), lambda p: p.rng.choice((0, 129, 500)), count=12)


# HMAC with keys that the call writes first; when all six are used it goes on with those.
def _written(place: Place, purpose: int) -> list[tuple[str, list[int]]]:
    key = place.put(bytes(range(32)))
    return [("ets_efuse_write_key", [block, purpose, key, 32]) for block in (7, 8)] + [("ets_hmac_enable", [])]


def _hmac(place: Place) -> Call:
    count = place.rng.choice((0, 1, 20, 54, 55, 56, 63, 64, 65, 119, 120, 127, 128, 150, 192))
    text = place.rng.choice((place.put(place.rng.randbytes(count)),) * 9 + (0,))
    block = place.rng.choice((7, 7, 7, 8, 3, 10, 11))
    return Call([block, text, count, place.anywhere(32)], before=_written(place, 8))


SECURITY["ets_hmac_calculate_message"] = Case(_hmac, 60, 512, 4)


def _down(place: Place) -> list[tuple[str, list[int]]]:
    """A key for all that is downstream, in block 9."""
    return [("ets_efuse_write_key", [9, 5, place.put(bytes(range(32))), 32]), ("ets_hmac_enable", [])]


SECURITY["ets_hmac_calculate_downstream"] = Case(
    lambda p: Call([p.rng.choice((9, 9, 7, 3, 11)), p.rng.randrange(5, 9)], before=_down(p)), 40, 128, 3
)
SECURITY["ets_jtag_enable_temporarily"] = Case(
    lambda p: Call([p.put(p.rng.randbytes(32)), p.rng.choice((9, 9, 7, 3, 11))], before=_down(p)), 20, 128, 3
)

# After the HMAC has its keys.
SECURITY["ets_efuse_program"] = Case(_programmed, 20, 1024, 4)
SECURITY["ets_efuse_write_key"] = Case(_key, 30, 1024, 3)


# Digital signature: `ets_ds_data_t`, `ets_ds_p_data_t`.
DS_BYTES, DS_PLAIN_BYTES = 4 + 16 + 1584, 3 * 512 + 8
POWERED: list[tuple[str, list[int]]] = [("ets_sha_enable", []), ("ets_aes_enable", [])]


def _encrypted(place: Place) -> Call:
    plain = place.put(
        place.rng.randbytes(DS_PLAIN_BYTES - 4) + struct.pack("<I", place.rng.choice((127, 95, 3, 128))), 4
    )
    arguments = [place.room(DS_BYTES, 4), place.put(place.rng.randbytes(16)), plain, place.put(place.rng.randbytes(32))]
    if place.rng.random() < 0.2:
        arguments[place.rng.randrange(4)] = 0
    return Call([*arguments, place.rng.randrange(3)], before=POWERED)


def _unsigned(place: Place) -> Call:
    """A key that no HMAC has derived, or parameters that are none."""
    data = place.put(struct.pack("<I", place.rng.choice((3, 127, 128))) + bytes(DS_BYTES - 4), 4)
    return Call(
        [place.rng.choice((0, place.put(bytes(512)))), place.rng.choice((0, data))], before=[("ets_ds_enable", [])]
    )


SECURITY["ets_ds_encrypt_params"] = Case(_encrypted, 30, 4096, 3)
SECURITY["ets_ds_start_sign"] = Case(_unsigned, 20, 2560, 2)


def _signed(place: Place) -> Call:
    """All the way: parameters encrypted with the key that the fuses hold, then a signature by it, at times of what is
    not so encrypted."""
    if place.rng.random() < 0.2:
        return _unsigned(place)
    words = place.rng.choice((4, 32, 96))
    m = place.rng.getrandbits(32 * words) | 1 << (32 * words - 1) | 1
    parts = [place.rng.getrandbits(32 * words - 8), m, pow(2, 64 * words, m)]
    plain = b"".join(part.to_bytes(512, "little") for part in parts)
    plain += struct.pack("<II", -pow(m, -1, 1 << 32) % (1 << 32), words - 1)
    key = place.put(bytes(range(32)))
    data = place.room(DS_BYTES, 4)
    before = [*_down(place), *POWERED]
    before += [
        (
            "ets_ds_encrypt_params",
            [data, place.put(place.rng.randbytes(16)), place.put(plain, 4), key, place.rng.choice((0, 0, 1))],
        ),
        ("ets_hmac_calculate_downstream", [9, 7]),
        ("ets_ds_enable", []),
        ("ets_ds_start_sign", [place.put(place.rng.randrange(m).to_bytes(4 * words, "little"), 4), data]),
    ]
    return Call([place.room(512, 4), data], before=before)


SECURITY["ets_ds_finish_sign"] = Case(_signed, 20, 4608, 9)


# Secure boot.
RSA_BYTES, DIGEST = 384, 32


@functools.cache
def signing_key() -> rsa.RSAPrivateKey:
    """A key of 3072 bits, new in each run: it is its use that counts."""
    return rsa.generate_private_key(public_exponent=65537, key_size=3072)


def signature_block(image: bytes, key: rsa.RSAPrivateKey) -> bytearray:
    """A signature of an image's digest as ESP-IDF's rom/secure_boot.h lays it out."""
    numbers = key.public_key().public_numbers()
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    signed = key.sign(image, pss, utils.Prehashed(hashes.SHA256()))
    r = pow(2, 2 * 8 * RSA_BYTES, numbers.n)
    body = bytes([0xE7, 2, 0, 0]) + image + numbers.n.to_bytes(RSA_BYTES, "little") + struct.pack("<I", numbers.e)
    body += r.to_bytes(RSA_BYTES, "little") + struct.pack("<I", -pow(numbers.n, -1, 1 << 32) % (1 << 32)) + signed[::-1]
    return bytearray(body + struct.pack("<I", zlib.crc32(body)) + bytes(16))


@functools.cache
def signed_once() -> tuple[bytes, bytes]:
    """A digest and the signature block of it."""
    image = hashlib.sha256(b"an image").digest()
    return image, bytes(signature_block(image, signing_key()))


def _damaged(place: Place, data: bytes, chance: float = 0.5) -> bytes:
    changed = bytearray(data)
    if place.rng.random() < chance:
        changed[place.rng.choice((0, 1, len(data) - 1, place.rng.randrange(len(data))))] ^= 1 << place.rng.randrange(8)
    return bytes(changed)


def _mask(place: Place) -> Call:
    count = place.rng.randrange(40)
    return Call(
        [place.put(place.rng.randbytes(count)), count, place.rng.choice((0, 5, 32, 351)), place.anywhere(351)], words=0
    )


def _heard(place: Place) -> list[tuple[str, list[int]]]:
    """What is printed goes to a hook."""
    place.hears(300)
    return [("ets_install_putc1", [place.hooks["put_char"]])]


SILENT: list[tuple[str, list[int]]] = [("ets_install_putc1", [0])]


def _encoded(place: Place) -> Call:
    image, block = signed_once()
    numbers = signing_key().public_key().public_numbers()
    signed = int.from_bytes(block[812 : 812 + RSA_BYTES], "little")
    message = pow(signed, numbers.e, numbers.n).to_bytes(RSA_BYTES, "big")
    arguments = [place.put(_damaged(place, message)), place.put(_damaged(place, image, 0.2)), place.anywhere(DIGEST)]
    return Call(arguments, before=_heard(place), after=SILENT)


def _rsa_pss(place: Place) -> Call:
    image, block = signed_once()
    key = place.put(block[36:812], 4)
    arguments = [
        key,
        place.put(_damaged(place, block[812:1196]), 4),
        place.put(_damaged(place, image, 0.2)),
        place.anywhere(32),
    ]
    return Call(arguments, before=_heard(place), after=SILENT)


def _verified(place: Place) -> Call:
    """Up to three blocks, damaged or not, and keys that are trusted or not."""
    image, right = signed_once()
    blocks = b"".join(place.rng.choice((_damaged(place, right), bytes(1216))) for _ in range(3))
    if place.rng.random() < 0.3:
        at = place.rng.randrange(812, 1196)
        wrong = bytearray(right)
        wrong[at] ^= 1
        wrong[1196:1200] = struct.pack("<I", zlib.crc32(wrong[:1196]))
        blocks = bytes(wrong) + blocks[1216:]
    own, other = hashlib.sha256(right[36:812]).digest(), bytes(32)
    digests = [place.rng.choice((0, place.put(own, 4), place.put(other, 4))) for _ in range(3)]
    keys = place.words(*digests, 0)
    arguments = [place.put(blocks, 4), place.put(_damaged(place, image, 0.1), 4), keys, place.room(DIGEST, 4)]
    return Call(arguments, before=_heard(place), after=SILENT)


def _second_stage(place: Place) -> Call:
    """The image that makes these calls has no signature."""
    keys = place.words(place.rng.choice((0, place.put(bytes(32), 4))), 0, 0, 0)
    return Call([place.room(DIGEST, 4), keys, 0], before=_heard(place), after=SILENT)


SECURITY["ets_mgf1_sha256"] = Case(_mask, 40, 512, 1)
SECURITY["ets_emsa_pss_verify"] = Case(_encoded, 40, 1024, 3)
SECURITY["ets_rsa_pss_verify"] = Case(_rsa_pss, 20, 2048, 3)
SECURITY["ets_secure_boot_verify_signature"] = Case(_verified, 30, 5120, 3)
SECURITY["ets_secure_boot_verify_bootloader_with_keys"] = Case(_second_stage, 4, 512, 3)
SECURITY["ets_secure_boot_read_key_digests"] = Case(lambda p: Call([p.rng.choice((0, p.room(16, 4)))]), 8, 32, 1)
SECURITY["ets_secure_boot_revoke_public_key_digest"] = Case(
    lambda p: Call([p.rng.randrange(1, 5)], words=0, after=[registers(p, RD_WR_DIS, FUSE_WORDS)]), 6, 512, 2
)
