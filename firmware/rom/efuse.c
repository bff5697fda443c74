/* Key blocks of the eFuses (ESP-IDF rom/efuse.h, soc/efuse_reg.h). */
#include "rom.h"

#define REG(address) (*(volatile uint32_t *)(address))
#define WR_DIS REG(0x6000702cu)
#define REPEAT(n) REG(0x60007030u + 4 * (n))
#define KEYS 0x6000709cu

enum { NO_PURPOSE = 12, KEY0 = 4, KEY_BLOCKS = 6, BLOCKS = 11, KEY_WORDS = 8, WR_DIS_KEY0 = 23 };

/* KEY_PURPOSE_0 is in bits 24 and on of the second word. */
static uint32_t ets_efuse_get_key_purpose(uint32_t block) {
    uint32_t at = 32 + 24 + 4 * (block - KEY0);
    return block - KEY0 < KEY_BLOCKS ? REPEAT(at / 32) >> at % 32 & 0xf : NO_PURPOSE;
}
ENTRY(ets_efuse_get_key_purpose, 0x40001ecc);

static int ets_efuse_key_block_unused(uint32_t block) {
    uint32_t key = block - KEY0;
    if (key >= KEY_BLOCKS || ets_efuse_get_key_purpose(block) || (WR_DIS >> (WR_DIS_KEY0 + key) & 1) || (REPEAT(0) >> key & 1))
        return 0;
    for (uint32_t word = 0; word < KEY_WORDS; word++)
        if (REG(KEYS + 4 * (KEY_WORDS * key + word)))
            return 0;
    return 1;
}
ENTRY(ets_efuse_key_block_unused, 0x40001ed8);

static uint32_t ets_efuse_find_unused_key_block(void) {
    for (uint32_t block = KEY0; block < KEY0 + KEY_BLOCKS; block++)
        if (ets_efuse_key_block_unused(block))
            return block;
    return BLOCKS;
}
ENTRY(ets_efuse_find_unused_key_block, 0x40001ee4);

static uint32_t ets_efuse_count_unused_key_blocks(void) {
    uint32_t count = 0;
    for (uint32_t block = KEY0; block < KEY0 + KEY_BLOCKS; block++)
        count += ets_efuse_key_block_unused(block);
    return count;
}
ENTRY(ets_efuse_count_unused_key_blocks, 0x40001efc);

static int ets_efuse_find_purpose(uint32_t purpose, uint32_t *found) {
    for (uint32_t block = KEY0; block < KEY0 + KEY_BLOCKS; block++)
        if (ets_efuse_get_key_purpose(block) == purpose) {
            if (found)
                *found = block;
            return 1;
        }
    return 0;
}
ENTRY(ets_efuse_find_purpose, 0x40001f38);
