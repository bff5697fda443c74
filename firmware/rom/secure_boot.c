/* Secure boot, version 2 (ESP-IDF rom/secure_boot.h, rom/rsa_pss.h; its documentation "Secure Boot V2" for the signature block;
 * RFC 8017 for RSASSA-PSS). What the silicon's code asks several times over against glitches is asked once. */
#include "accelerators.h"
#include "boot.h"

#define REG(address) (*(volatile uint32_t *)(address))
#define REPEAT(n) REG(0x60007030u + 4 * (n))
#define PGM_DATA2 REG(0x60007008u)

enum { RSA_BYTES = 384, MAGIC = 0xe7, SIGNATURES = 3, KEYS = 3, CRC_BYTES = 1196, REVOKE0 = 21, DIGEST0_PURPOSE = 9 };

struct rsa_key {
    uint8_t n[RSA_BYTES];
    uint32_t e;
    uint8_t rinv[RSA_BYTES];
    uint32_t m_prime;
};
struct signature {
    uint8_t magic, version, reserved[2], image[DIGEST];
    struct rsa_key key;
    uint8_t signature[RSA_BYTES];
    uint32_t crc;
    uint8_t padding[16];
};
struct trusted {
    const void *digest[KEYS];
    uint8_t may_revoke;
};

uint32_t crc32_le(uint32_t crc, const void *data, uint32_t count);
int ets_efuse_find_purpose(uint32_t purpose, uint32_t *block);
const void *ets_efuse_get_read_register_address(uint32_t block);
void ets_efuse_clear_program_registers(void);
int ets_efuse_program(uint32_t block);
int ets_efuse_secure_boot_aggressive_revoke_enabled(void);

/* MGF1 of RFC 8017, B.2.1. */
static void ets_mgf1_sha256(const void *seed, uint32_t count, uint32_t room, uint8_t *mask) {
    struct sha sha;
    uint8_t number[4] = {0}, digest[DIGEST];
    ets_sha_enable();
    for (uint32_t at = 0; at < room; at += DIGEST) {
        ets_sha_init(&sha, SHA2_256);
        ets_sha_update(&sha, seed, count, 0);
        ets_sha_update(&sha, number, sizeof number, 0);
        ets_sha_finish(&sha, digest);
        rom_memcpy(mask + at, digest, room - at < DIGEST ? room - at : DIGEST);
        number[3]++;
    }
    ets_sha_disable();
}
ENTRY(ets_mgf1_sha256, 0x40001e84);

/* EMSA-PSS-VERIFY of RFC 8017, 9.1.2, for 3072 bits, SHA-256 and 32 bytes of salt. `verified` is the image's digest where
 * all is right. */
static int ets_emsa_pss_verify(const uint8_t *encoded, const uint8_t *image, uint8_t *verified) {
    enum { HASH_AT = RSA_BYTES - 1 - DIGEST, SALT_AT = HASH_AT - DIGEST, TRAILER = 0xbc };
    struct sha sha;
    struct {
        uint8_t zero[8], image[DIGEST], salt[DIGEST];
    } second;
    uint8_t db[HASH_AT], digest[DIGEST];
    uint32_t wrong = encoded[RSA_BYTES - 1] != TRAILER || encoded[0] & 0x80;
    if (!wrong) {
        ets_mgf1_sha256(encoded + HASH_AT, DIGEST, HASH_AT, db);
        for (uint32_t n = 0; n < HASH_AT; n++)
            db[n] ^= encoded[n];
        db[0] &= 0x7f;
        for (uint32_t n = 0; n < SALT_AT - 1; n++)
            wrong |= db[n];
        wrong |= db[SALT_AT - 1] ^ 1;
    }
    if (!wrong) {
        rom_memset(second.zero, 0, sizeof second.zero);
        rom_memcpy(second.image, image, DIGEST);
        rom_memcpy(second.salt, db + SALT_AT, DIGEST);
        ets_sha_enable();
        ets_sha_init(&sha, SHA2_256);
        ets_sha_update(&sha, &second, sizeof second, 0);
        ets_sha_finish(&sha, digest);
        ets_sha_disable();
        for (uint32_t n = 0; n < DIGEST; n++)
            verified[n] = image[n] ^ digest[n] ^ encoded[HASH_AT + n];
        wrong = rom_memcmp(encoded + HASH_AT, digest, DIGEST) != 0;
    }
    if (wrong)
        ets_printf("Signature Check Failed\n");
    return !wrong;
}
ENTRY(ets_emsa_pss_verify, 0x40002124);

/* The accelerator has the least byte first, as keys and signatures in flash have; EMSA-PSS the last. */
static int ets_rsa_pss_verify(const struct rsa_key *key, const void *signature, const uint8_t *image, uint8_t *verified) {
    uint32_t e[RSA_BYTES / 4] = {key->e};
    uint8_t encoded[RSA_BYTES] __attribute__((aligned(4)));
    ets_bigint_enable();
    if (ets_bigint_modexp(signature, e, (const void *)key->n, key->m_prime, (const void *)key->rinv, 0, RSA_BYTES / 4))
        hang("ets_rsa_pss.c", 44);
    ets_bigint_wait_finish();
    if (ets_bigint_getz((void *)encoded, RSA_BYTES / 4))
        hang("ets_rsa_pss.c", 47);
    ets_bigint_disable();
    for (uint32_t n = 0; n < RSA_BYTES / 2; n++) {
        uint8_t byte = encoded[n];
        encoded[n] = encoded[RSA_BYTES - 1 - n];
        encoded[RSA_BYTES - 1 - n] = byte;
    }
    return ets_emsa_pss_verify(encoded, image, verified);
}
ENTRY(ets_rsa_pss_verify, 0x40002130);

/* Of the three digests of keys; it takes the next reading of the fuses to be seen. */
static void ets_secure_boot_revoke_public_key_digest(uint32_t number) {
    ets_efuse_clear_program_registers();
    if (number < KEYS) {
        PGM_DATA2 |= 1u << (REVOKE0 + number);
        ets_efuse_program(0);
    }
}
ENTRY(ets_secure_boot_revoke_public_key_digest, 0x40002160);

/* 0: at least one is there. Of one that is revoked or missing the pointer is 0. */
static int ets_secure_boot_read_key_digests(struct trusted *keys) {
    int found = 0;
    if (!keys)
        return 1;
    for (uint32_t n = 0; n < KEYS; n++) {
        uint32_t block;
        keys->digest[n] = 0;
        if (REPEAT(1) >> (REVOKE0 + n) & 1 || !ets_efuse_find_purpose(DIGEST0_PURPOSE + n, &block))
            continue;
        keys->digest[n] = ets_efuse_get_read_register_address(block);
        found |= keys->digest[n] != 0;
    }
    keys->may_revoke = 0;
    return !found;
}
ENTRY(ets_secure_boot_read_key_digests, 0x40002154);

static uint32_t verify_block(uint32_t number, const struct signature *s, const uint8_t *image, const struct trusted *keys,
                             uint8_t *verified) {
    struct sha sha;
    uint8_t digest[DIGEST], trusted[DIGEST];
    uint32_t key = 0;
    if (s->magic != MAGIC)
        return SB_FAILED;
    uint32_t crc = crc32_le(0, s, CRC_BYTES);
    if (crc != s->crc) {
        ets_printf("Sig block %d invalid: Stored CRC ends 0x%04x calculated ends 0x%04x\n", number, s->crc & 0xffff, crc & 0xffff);
        return SB_FAILED;
    }
    if (rom_memcmp(image, s->image, DIGEST)) {
        ets_printf("Sig block %d invalid: Image digest does not match\n", number);
        return SB_FAILED;
    }
    ets_sha_enable();
    ets_sha_init(&sha, SHA2_256);
    ets_sha_update(&sha, &s->key, sizeof s->key, 0);
    ets_sha_finish(&sha, digest);
    ets_sha_disable();
    for (; key < KEYS; key++) {
        if (!keys->digest[key])
            continue;
        rom_memcpy(trusted, keys->digest[key], DIGEST); /* fuses are read by words */
        if (!rom_memcmp(trusted, digest, DIGEST))
            break;
    }
    if (key == KEYS) {
        ets_printf("Sig block %d signed with untrusted key\n", number);
        return SB_FAILED;
    }
    if (ets_rsa_pss_verify(&s->key, s->signature, image, verified))
        return SB_SUCCESS;
    ets_printf("Sig block %d signature verification failed\n", number);
    if (ets_efuse_secure_boot_aggressive_revoke_enabled() && keys->may_revoke) {
        ets_secure_boot_revoke_public_key_digest(key);
        ets_printf("Aggressive revoke enabled. Revoked key block for purpose ETS_EFUSE_KEY_PURPOSE_SECURE_BOOT_DIGEST%d\n", key);
    }
    return SB_FAILED;
}

static uint32_t ets_secure_boot_verify_signature(const struct signature *s, const uint8_t *image, const struct trusted *keys,
                                                 uint8_t *verified) {
    uint32_t result = SB_FAILED;
    if (s->magic != MAGIC) {
        ets_printf("No signature block magic byte found at signature sector (found 0x%x not 0x%x). Image not V2 signed?\n",
                   s->magic, MAGIC);
        return SB_FAILED;
    }
    if (!keys->digest[0] && !keys->digest[1] && !keys->digest[2]) {
        ets_printf("No trusted signatures\n");
        return SB_FAILED;
    }
    for (uint32_t n = 0; n < SIGNATURES && result != SB_SUCCESS; n++)
        result = verify_block(n, s + n, image, keys, verified);
    return result;
}
ENTRY(ets_secure_boot_verify_signature, 0x40002148);

/* The second stage at 0 in flash: its own hash, then its signature, which lies in the sector behind it. `stage` leaves a
 * copy in RAM, where nothing changes it between the check and its use. */
static uint32_t ets_secure_boot_verify_bootloader_with_keys(uint8_t *verified, const struct trusted *keys, uint8_t stage) {
    enum { HEADER = 24, MOST_SEGMENT = 0x100000, STAGED_BYTES = 0x10000, SECTOR_AT = 12, SIGNATURE_BYTES = 0x1000 };
    struct window window = {0, 0};
    struct sha sha, all;
    uint8_t simple[DIGEST], image[DIGEST], *copy = STAGED;
    uint32_t at = HEADER, segment[2];
    rom_memset(verified, 0xee, DIGEST);
    if (stage)
        rom_memset(copy, 0, STAGED_BYTES);
    const uint8_t *piece = look(&window, 0, HEADER);
    uint8_t segments = piece[1];
    ets_sha_enable();
    ets_sha_init(&sha, SHA2_256);
    ets_sha_update(&sha, piece, HEADER, 0);
    if (stage)
        rom_memcpy(copy, piece, HEADER);
    for (; segments; segments--) {
        rom_memcpy(segment, look(&window, at, sizeof segment), sizeof segment);
        if ((segment[0] | segment[1]) % 4 || segment[1] > MOST_SEGMENT) {
            ets_printf("Invalid image block, can't verify.\n");
            return SB_FAILED;
        }
        uint32_t whole = sizeof segment + segment[1];
        if (stage && at + segment[1] > STAGED_BYTES)
            software_reset();
        piece = look(&window, at, whole);
        if (stage)
            rom_memcpy(copy + at, piece, whole);
        ets_sha_update(&sha, piece, whole, 0);
        at += whole;
    }
    uint32_t end = 16 - at % 16;
    piece = look(&window, at, 16);
    ets_sha_update(&sha, piece, end, 1);
    if (stage)
        rom_memcpy(copy + at, piece, end);
    at += end;
    ets_sha_clone(&all, &sha);
    ets_sha_finish(&sha, simple);
    piece = look(&window, at, DIGEST);
    if (rom_memcmp(simple, piece, DIGEST)) {
        ets_printf("SHA-256 simple hash comparison failed.\n");
        return SB_FAILED;
    }
    if (stage)
        rom_memcpy(copy + at, piece, DIGEST);
    ets_sha_update(&all, piece, DIGEST, 0);
    at += DIGEST;
    /* Up to the next sector, as the flash's description has it. */
    uint32_t sector = (*(const uint32_t *const *)0x3fceffe4u)[SECTOR_AT / 4], rest = at % sector;
    if (rest) {
        rest = sector - rest;
        ets_sha_update(&all, look(&window, at, rest), rest, 0);
        at += rest;
    }
    piece = look(&window, at, SIGNATURE_BYTES);
    ets_sha_finish(&all, image);
    ets_sha_disable();
    uint32_t result = ets_secure_boot_verify_signature((const struct signature *)piece, image, keys, verified);
    /* Whoever gets it compares the image's simple hash with it. */
    if (result == SB_SUCCESS)
        for (uint32_t n = 0; n < DIGEST; n++)
            verified[n] ^= image[n] ^ simple[n];
    return result;
}
ENTRY(ets_secure_boot_verify_bootloader_with_keys, 0x4000213c);

uint32_t verify_second_stage(uint8_t *verified) {
    struct trusted keys;
    if (ets_secure_boot_read_key_digests(&keys))
        return SB_FAILED;
    keys.may_revoke = 1;
    ets_printf("Valid secure boot key blocks:");
    for (uint32_t n = 0; n < KEYS; n++)
        if (keys.digest[n])
            ets_printf(" %d", n);
    ets_printf("\n");
    return ets_secure_boot_verify_bootloader_with_keys(verified, &keys, 1);
}
