/* Keys in eFuse, for the probes of what uses them. A fuse stays burnt: these probes spend key blocks of a real chip. A block
 * that has its purpose already is left alone. ESP-IDF hal/esp32s3 efuse_ll.h, efuse_hal.c, soc/efuse_reg.h. */
#ifndef FUSES_H
#define FUSES_H

#include "reg/efuse.h"
#include "runtime.h"

#define EFUSE_WRITE 0x5a5au
#define EFUSE_READ 0x5aa5u
#define EFUSE_KEY0_BLOCK 4u
/* esp_efuse_purpose_t */
enum { PURPOSE_XTS_AES_256_1 = 2, PURPOSE_XTS_AES_256_2 = 3, PURPOSE_XTS_AES_128 = 4, PURPOSE_HMAC_DOWN_DS = 7, PURPOSE_HMAC_UP = 8 };

static inline void fuses_command(uint32_t code, uint32_t command) {
    EFUSE_CONF = code;
    EFUSE_CMD = command;
    while (EFUSE_CMD & (EFUSE_CMD_READ_CMD | EFUSE_CMD_PGM_CMD)) {
    }
}

static inline void fuses_burn(uint32_t block, const uint32_t *words) {
    for (uint32_t n = 0; n < 8; n++)
        (&EFUSE_PGM_DATA0)[n] = words[n];
    fuses_command(EFUSE_WRITE, EFUSE_CMD_PGM_CMD | field(EFUSE_CMD_BLK_NUM, block));
    fuses_command(EFUSE_READ, EFUSE_CMD_READ_CMD);
}

/* Key 0 to 5. The purposes are four bits each from bit 88 of block 0 on: bits 24 of its words 2 and following. */
static inline uint32_t fuses_purpose(uint32_t key) {
    uint32_t bit = 88 + 4 * key;
    return REG(0x6000702cu + 4 * (bit / 32)) >> bit % 32 & 15;
}

static inline void fuses_burn_key(uint32_t key, uint32_t purpose, const uint8_t *bytes) {
    uint32_t words[8] = {0}, bit = 88 + 4 * key;
    if (fuses_purpose(key) == purpose)
        return;
    memcpy(words, bytes, 32);
    fuses_burn(EFUSE_KEY0_BLOCK + key, words);
    memset(words, 0, sizeof words);
    words[bit / 32] = purpose << bit % 32;
    fuses_burn(0, words);
}

#endif
