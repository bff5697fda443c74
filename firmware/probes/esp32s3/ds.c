/* The digital signature: a key of 1024 bits, encrypted here by AES and hashed by SHA as a factory would, signs a number; HMAC
 * derives the AES key from eFuse. The order of accesses is that of ESP-IDF's esp_ds.c, ds_hal.c and hmac_hal.c. */
#include "drivers/drivers.h"
#include "fuses.h"
#include "probe.h"
#include "reg/aes.h"
#include "reg/sha.h"

#define DS(offset) REG(0x6003d000u + (offset)) /* ESP-IDF soc/hwcrypto_reg.h */
#define DS_C(n) DS(4 * (n))
#define DS_IV(n) DS(0x630 + 4 * (n))
#define DS_X(n) DS(0x800 + 4 * (n))
#define DS_Z(n) DS(0xa00 + 4 * (n))
#define DS_SET_START DS(0xe00)
#define DS_SET_ME DS(0xe04)
#define DS_SET_FINISH DS(0xe08)
#define DS_QUERY_BUSY DS(0xe0c)
#define DS_QUERY_CHECK DS(0xe14)
#define HMAC(offset) REG(0x6003e000u + (offset))
#define HMAC_SET_START HMAC(0x40)
#define HMAC_SET_PARA_PURPOSE HMAC(0x44)
#define HMAC_SET_PARA_KEY HMAC(0x48)
#define HMAC_SET_PARA_FINISH HMAC(0x4c)
#define HMAC_SET_INVALIDATE_DS HMAC(0x64)
#define HMAC_QUERY_ERROR HMAC(0x68)
#define HMAC_QUERY_BUSY HMAC(0x6c)

#define FUSE_KEY 4
#define WORDS 32 /* of 1024 bits */
#define NUMBER 128 /* words of the longest key */
#define ENCRYPT_256 2
#define CBC 1
#define SHA256 2

/* Lowest words first; worked out with Python's integers. */
static const uint32_t modulus[WORDS] = { /* M */
    0x69d9dcb1, 0x7789e29a, 0x54d32666, 0xc9e078cf, 0x3eeb6524, 0x8a2763a7, 0x9ea1b594, 0x7dac927a,
    0xa9e5d5ff, 0x67738b97, 0xf2f1b06a, 0x64e39389, 0x0f31140b, 0xc494ba23, 0xa3530dcb, 0x916f83ef,
    0x24a86791, 0x777cb257, 0x8c5759ae, 0xa8c2991d, 0x0ccb2608, 0x6ee7d643, 0x9d212142, 0x6c85e7a0,
    0xb5aadf60, 0x2be947e5, 0x042e5223, 0xed31e5ca, 0x61450939, 0xe00a588f, 0xf2963929, 0xdeea09d1};
static const uint32_t exponent[WORDS] = { /* Y */
    0x43ff3f41, 0x0898e50e, 0xc95a028e, 0x4d24eec0, 0xa881e290, 0x7bea7b4c, 0x979d12fc, 0xf7b6c63c,
    0x4cdc3fa5, 0x9fe46f75, 0xbcdb4fcb, 0xf454fdb3, 0xf11fa4ec, 0x4deb6433, 0x1484ed8f, 0xfe2bc9d3,
    0x74b5502f, 0x1fbdda42, 0x08ccd796, 0xed662d1c, 0x199c6baa, 0xf97bb97d, 0x7fff8ee1, 0x891bc706,
    0xa0bfdc32, 0x58888ab1, 0x1725a22f, 0x6fa1571d, 0x2fbdbeea, 0x760ffbb7, 0x9998d19c, 0x6273b96c};
static const uint32_t r_inverse[WORDS] = { /* 2^2048 mod M */
    0x620eeab0, 0x1765712d, 0x86d4e5ce, 0x641a825d, 0xd630d353, 0x6445a7cb, 0x4674bcee, 0x73722131,
    0x1f25ab5c, 0xee6aba8f, 0x91bc053d, 0x913240ac, 0xe16612e4, 0x8f237c0b, 0x52d6054d, 0xb5165601,
    0xed8316b0, 0xd3feb056, 0x892ebd40, 0x08eb0db3, 0x1c19a109, 0x5e549338, 0xb85a8d20, 0xa5f8e70c,
    0x3f57ef0d, 0x1aaca104, 0x2964fa71, 0x1fa8aa70, 0x4bbdc314, 0x250be0d9, 0x4c87a8b5, 0x73f6271e};
static const uint32_t message[WORDS] = { /* X */
    0x0101eb4d, 0x2c702980, 0x3adf4edf, 0x2cae5c49, 0x43dfccb5, 0xe68e9089, 0xb60a9eff, 0xc9093a1f,
    0xfcb9a83c, 0x3c8259eb, 0x04f1fb33, 0x06210e6f, 0x1d3e06ea, 0x151cf2b4, 0xef4277fb, 0x16a753f5,
    0xf84f541c, 0x32c668af, 0x260bb71d, 0x78496fe4, 0x55d9f3ec, 0x12c6fc95, 0x85b71280, 0x5953d3cf,
    0x51f5f570, 0x4ab16734, 0x6ad9dba3, 0xbf5d9904, 0x7a95693a, 0xdff05617, 0x422e27fd, 0x2aa03b5d};
static const uint32_t expected[WORDS] = { /* X ^ Y mod M */
    0x29f5fbe8, 0xf261d7fd, 0x3241dbff, 0xcb4c5b2f, 0xfb3cea91, 0xc9acddde, 0x8297cca0, 0x1fcf2f66,
    0x4799108c, 0xc15c6f8d, 0x07326642, 0x5fc2e09d, 0xd88b2f12, 0x95a2cfd2, 0xb7ce4efa, 0x78f44b4d,
    0x84f0344c, 0x9636b1b1, 0xf5fba7c7, 0xc62ab0ba, 0xedd9772d, 0x4b47fa67, 0xe8a2103a, 0x132bffd3,
    0xd25d1cf0, 0x40459fc0, 0xc060e5eb, 0x65179f6d, 0x8778007f, 0xc6b9de5c, 0x4d3aff1c, 0x720303e5};
/* HMAC-SHA-256 of 32 bytes of ones with the key in eFuse. */
static const uint32_t m_prime = 0x5c0113af; /* -M^-1 mod 2^32 */
static const uint8_t aes_key[32] = {
    0xaa, 0x53, 0x90, 0x39, 0xd4, 0x9f, 0x50, 0x4e, 0x4a, 0xb2, 0x25, 0x54, 0xea, 0x4a, 0x18, 0x37,
    0x41, 0xe0, 0x6f, 0x86, 0x94, 0x9f, 0x65, 0xcc, 0x61, 0x93, 0x07, 0x8f, 0xb0, 0x38, 0x30, 0xd7};

/* What C_MEM holds before it is encrypted: Y, M, r, digest, M', length, padding. */
static struct {
    uint32_t y[NUMBER], m[NUMBER], r[NUMBER];
    uint8_t digest[32];
    uint32_t m_prime, length;
    uint8_t padding[8];
} parameters __attribute__((aligned(4)));
static uint8_t vector[16] __attribute__((aligned(4)));
static uint32_t encrypted[sizeof parameters / 4], hashed[4 * 16 * 25];

/* SHA-256 of everything but digest and padding, and of the vector. */
static void digest(void) {
    uint8_t *text = (uint8_t *)hashed;
    uint32_t bytes = 12 * NUMBER, total;
    memcpy(text, &parameters, bytes);
    memcpy(text + bytes, &parameters.m_prime, 8);
    memcpy(text + bytes + 8, vector, 16);
    bytes += 24;
    total = (bytes + 9 + 63) / 64 * 64;
    memset(text + bytes, 0, total - bytes);
    text[bytes] = 0x80;
    text[total - 2] = (uint8_t)(8 * bytes >> 8);
    text[total - 1] = (uint8_t)(8 * bytes);
    SHA_MODE = SHA256;
    for (uint32_t at = 0; at < total / 4; at += 16) {
        for (uint32_t n = 0; n < 16; n++)
            SHA_M_MEM(n) = hashed[at + n];
        if (at)
            SHA_CONTINUE = 1;
        else
            SHA_START = 1;
        WAIT_UNTIL(!(SHA_BUSY & SHA_BUSY_STATE), 100);
    }
    for (uint32_t n = 0; n < 8; n++) {
        uint32_t word = SHA_H_MEM(n);
        memcpy(parameters.digest + 4 * n, &word, 4);
    }
}

static void encrypt(void) {
    static struct dma_descriptor to_aes[1], from_aes[1];
    uint32_t word;
    AES_MODE = ENCRYPT_256;
    for (uint32_t n = 0; n < 8; n++) {
        memcpy(&word, aes_key + 4 * n, 4);
        AES_KEY(n) = word;
    }
    for (uint32_t n = 0; n < 4; n++) {
        memcpy(&word, vector + 4 * n, 4);
        AES_IV_MEM(n) = word;
    }
    AES_DMA_ENABLE = 1;
    AES_BLOCK_MODE = CBC;
    AES_BLOCK_NUM = sizeof parameters / 16;
    dma_describe(to_aes, 1, &parameters, sizeof parameters, 0);
    dma_describe(from_aes, 1, encrypted, sizeof encrypted, 1);
    dma_in_start(0, DMA_AES, from_aes);
    dma_out_start(0, DMA_AES, to_aes);
    AES_TRIGGER = 1;
    WAIT_UNTIL(AES_STATE == 2, 1000);
    AES_DMA_EXIT = 1;
    AES_DMA_ENABLE = 0;
}

/* 1: HMAC has no such key. */
static uint32_t derive(uint32_t key) {
    HMAC_SET_START = 1;
    HMAC_SET_PARA_PURPOSE = PURPOSE_HMAC_DOWN_DS;
    HMAC_SET_PARA_KEY = key;
    HMAC_SET_PARA_FINISH = 1;
    WAIT_UNTIL(!HMAC_QUERY_BUSY, 1000);
    return HMAC_QUERY_ERROR != 0;
}

static void start(void) {
    DS_SET_START = 1;
    WAIT_UNTIL(!DS_QUERY_BUSY, 1000);
}

static uint32_t signature[WORDS];

static uint32_t sign(void) {
    uint32_t word;
    for (uint32_t n = 0; n < sizeof encrypted / 4; n++)
        DS_C(n) = encrypted[n];
    for (uint32_t n = 0; n < 4; n++) {
        memcpy(&word, vector + 4 * n, 4);
        DS_IV(n) = word;
    }
    for (uint32_t n = 0; n < WORDS; n++)
        DS_X(n) = message[n];
    DS_SET_ME = 1;
    WAIT_UNTIL(!DS_QUERY_BUSY, 1000000);
    for (uint32_t n = 0; n < WORDS; n++)
        signature[n] = DS_Z(n);
    return DS_QUERY_CHECK;
}

static void probes(void) {
    uint8_t key[32];
    for (uint32_t n = 0; n < 32; n++)
        key[n] = (uint8_t)(0x20 + n);
    for (uint32_t n = 0; n < 16; n++)
        vector[n] = (uint8_t)(0x10 + n);
    fuses_burn_key(FUSE_KEY, PURPOSE_HMAC_DOWN_DS, key);
    dma_init();
    peripheral_on(PERIP_AES);
    peripheral_on(PERIP_SHA);
    peripheral_on(PERIP_RSA);
    peripheral_on(PERIP_HMAC);
    peripheral_on(PERIP_DS);

    memcpy(parameters.y, exponent, sizeof exponent);
    memcpy(parameters.m, modulus, sizeof modulus);
    memcpy(parameters.r, r_inverse, sizeof r_inverse);
    parameters.m_prime = m_prime;
    parameters.length = WORDS - 1;
    memset(parameters.padding, 8, 8);
    digest();
    encrypt();

    probe(1, derive(FUSE_KEY));
    start();
    probe(2, DS_QUERY_BUSY);
    probe(3, sign());
    probe(4, signature[0]);
    probe(5, signature[WORDS - 1]);
    probe(6, memcmp(signature, expected, sizeof signature) == 0);
    DS_SET_FINISH = 1;
    probe(7, DS_Z(0) | DS_Z(WORDS - 1));

    /* Parameters that are not what was encrypted. */
    derive(FUSE_KEY);
    start();
    encrypted[5] ^= 1;
    probe(8, sign());
    encrypted[5] ^= 1;
    probe(9, signature[0] | signature[WORDS - 1]);
    DS_SET_FINISH = 1;
    /* Wrong padding alone: it is said, and signed. */
    memset(parameters.padding, 7, 8);
    encrypt();
    derive(FUSE_KEY);
    start();
    probe(10, sign());
    probe(11, memcmp(signature, expected, sizeof signature) == 0);
    DS_SET_FINISH = 1;

    /* No key: it stays busy. */
    HMAC_SET_INVALIDATE_DS = 1;
    start();
    probe(12, DS_QUERY_BUSY);
    DS_SET_FINISH = 1;
    probe(13, derive(3));
}
