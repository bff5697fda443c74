/* HMAC upstream: RFC 4231's cases with keys in eFuse, messages of several blocks, keys and their purposes. The order of
 * accesses is that of ESP-IDF's hmac_hal.c and esp_hmac.c. */
#include "fuses.h"
#include "probe.h"

#define HMAC(offset) REG(0x6003e000u + (offset)) /* ESP-IDF soc/hwcrypto_reg.h */
#define HMAC_SET_START HMAC(0x40)
#define HMAC_SET_PARA_PURPOSE HMAC(0x44)
#define HMAC_SET_PARA_KEY HMAC(0x48)
#define HMAC_SET_PARA_FINISH HMAC(0x4c)
#define HMAC_SET_MESSAGE_ONE HMAC(0x50)
#define HMAC_SET_MESSAGE_ING HMAC(0x54)
#define HMAC_SET_MESSAGE_END HMAC(0x58)
#define HMAC_SET_RESULT_FINISH HMAC(0x5c)
#define HMAC_QUERY_ERROR HMAC(0x68)
#define HMAC_QUERY_BUSY HMAC(0x6c)
#define HMAC_WR_MESSAGE(n) HMAC(0x80 + 4 * (n))
#define HMAC_RD_RESULT(n) HMAC(0xc0 + 4 * (n))
#define HMAC_SET_MESSAGE_PAD HMAC(0xf0)
#define HMAC_ONE_BLOCK HMAC(0xf4)

#define BLOCK 64u

static uint8_t text[4 * BLOCK] __attribute__((aligned(4)));
static uint32_t result[8];

static void idle(void) { WAIT_UNTIL(!HMAC_QUERY_BUSY, 1000); }

/* 1: the key does not have this purpose. */
static uint32_t configure(uint32_t purpose, uint32_t key) {
    idle();
    HMAC_SET_START = 1;
    HMAC_SET_PARA_PURPOSE = purpose;
    HMAC_SET_PARA_KEY = key;
    HMAC_SET_PARA_FINISH = 1;
    idle();
    return HMAC_QUERY_ERROR != 0;
}

static void give(const uint8_t *block) {
    idle();
    for (uint32_t n = 0; n < BLOCK / 4; n++) {
        uint32_t word;
        memcpy(&word, block + 4 * n, 4);
        HMAC_WR_MESSAGE(n) = word;
    }
    HMAC_SET_MESSAGE_ONE = 1;
    idle();
}

static void finish(void) {
    idle();
    for (uint32_t n = 0; n < 8; n++)
        result[n] = __builtin_bswap32(HMAC_RD_RESULT(n));
    HMAC_SET_RESULT_FINISH = 2;
}

/* SHA-256's padding is software's; its length counts the block of the key too. */
static void calculate(uint32_t key, const void *message, uint32_t bytes) {
    uint32_t total = (bytes + 9 + BLOCK - 1) / BLOCK * BLOCK, bits = 8 * (bytes + BLOCK);
    memset(text, 0, sizeof text);
    memcpy(text, message, bytes);
    text[bytes] = 0x80;
    for (uint32_t n = 0; n < 4; n++)
        text[total - 1 - n] = (uint8_t)(bits >> 8 * n);
    configure(PURPOSE_HMAC_UP, key);
    if (total == BLOCK) {
        give(text);
        HMAC_ONE_BLOCK = 1;
    } else {
        for (uint32_t at = 0; at + BLOCK < total; at += BLOCK) {
            if (at)
                HMAC_SET_MESSAGE_ING = 1;
            give(text + at);
        }
        HMAC_SET_MESSAGE_PAD = 1;
        give(text + total - BLOCK);
    }
    finish();
}

static void probes(void) {
    uint8_t key[32], message[200];
    peripheral_on(PERIP_SHA);
    peripheral_on(PERIP_HMAC);
    for (uint32_t n = 0; n < sizeof message; n++)
        message[n] = (uint8_t)n;

    /* RFC 2104 fills a short key up with zeros, as the fuses that are not burnt do. */
    memset(key, 0, sizeof key);
    memset(key, 0x0b, 20);
    fuses_burn_key(0, PURPOSE_HMAC_UP, key);
    memset(key, 0, sizeof key);
    memcpy(key, "Jefe", 4);
    fuses_burn_key(1, PURPOSE_HMAC_UP, key);
    for (uint32_t n = 0; n < 25; n++)
        key[n] = (uint8_t)(n + 1);
    fuses_burn_key(2, PURPOSE_HMAC_UP, key);
    for (uint32_t n = 0; n < 32; n++)
        key[n] = (uint8_t)n;
    fuses_burn_key(3, PURPOSE_HMAC_UP, key);
    probe(1, fuses_purpose(3));

    calculate(0, "Hi There", 8);
    probe(2, result[0]);
    probe(3, result[7]);
    probe(4, HMAC_RD_RESULT(0));
    calculate(1, "what do ya want for nothing?", 28);
    probe(5, result[0]);
    probe(6, result[7]);
    uint8_t many[50];
    memset(many, 0xcd, sizeof many);
    calculate(2, many, sizeof many);
    probe(7, result[0]);
    probe(8, result[7]);

    /* The padding needs a block more; four blocks. */
    calculate(3, message, 60);
    probe(9, result[0]);
    calculate(3, message, 200);
    probe(10, result[0]);
    probe(11, result[7]);
    /* Whole blocks: the hardware pads. */
    configure(PURPOSE_HMAC_UP, 3);
    give(message);
    HMAC_SET_MESSAGE_ING = 1;
    give(message + BLOCK);
    HMAC_SET_MESSAGE_END = 1;
    finish();
    probe(12, result[0]);
    probe(13, result[7]);

    probe(14, configure(PURPOSE_HMAC_DOWN_DS, 3));
    probe(15, configure(PURPOSE_HMAC_UP, 5));
    probe(16, configure(PURPOSE_HMAC_UP, 3));
}
