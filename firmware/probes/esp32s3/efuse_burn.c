/* eFuse is burnt: what is not asked for rightly, what is burnt twice, what is protected against burning and against reading.
 * On a real chip these fuses stay burnt: blocks 3 and key 5. */
#include "fuses.h"
#include "probe.h"

#define USER_BLOCK 3u
#define KEY5_BLOCK 9u
#define NOT_READABLE 5u       /* RD_DIS of key 5: bit 37 of block 0 is bit 5 of its word 1 */
#define WR_DIS_USER_DATA 22u  /* esp_efuse_table.csv: bits of WR_DIS */
#define WR_DIS_RD_DIS 0u

static void burn_word(uint32_t block, uint32_t word, uint32_t bits) {
    uint32_t words[8] = {0};
    words[word] = bits;
    fuses_burn(block, words);
}

static void probes(void) {
    probe(1, EFUSE_RD_USR_DATA0 | EFUSE_RD_USR_DATA7);

    /* Without its code a command does nothing. */
    EFUSE_PGM_DATA0 = 0x55;
    EFUSE_CONF = EFUSE_READ;
    EFUSE_CMD = EFUSE_CMD_PGM_CMD | field(EFUSE_CMD_BLK_NUM, USER_BLOCK);
    delay_us(10);
    fuses_command(EFUSE_READ, EFUSE_CMD_READ_CMD);
    probe(2, EFUSE_RD_USR_DATA0);

    EFUSE_INT_CLR = EFUSE_INT_PGM_DONE;
    burn_word(USER_BLOCK, 0, 0x0f);
    probe(3, EFUSE_RD_USR_DATA0);
    probe(4, EFUSE_INT_RAW & EFUSE_INT_PGM_DONE);
    /* A fuse cannot be mended: ones stay, zeros burn nothing. */
    burn_word(USER_BLOCK, 0, 0xf0);
    burn_word(USER_BLOCK, 7, 0x80000001);
    probe(5, EFUSE_RD_USR_DATA0);
    probe(6, EFUSE_RD_USR_DATA7);
    /* What is burnt is seen when it is read again, not before. */
    EFUSE_PGM_DATA0 = 0x100;
    fuses_command(EFUSE_WRITE, EFUSE_CMD_PGM_CMD | field(EFUSE_CMD_BLK_NUM, USER_BLOCK));
    probe(7, EFUSE_RD_USR_DATA0);
    fuses_command(EFUSE_READ, EFUSE_CMD_READ_CMD);
    probe(8, EFUSE_RD_USR_DATA0 & 0xfff);

    /* Protected against burning. */
    burn_word(0, 0, BIT(WR_DIS_USER_DATA));
    probe(9, EFUSE_RD_WR_DIS & BIT(WR_DIS_USER_DATA));
    burn_word(USER_BLOCK, 1, 0xffffffff);
    probe(10, EFUSE_RD_USR_DATA1);

    /* Protected against reading: a key that is there is not seen; then nobody can protect another one. */
    burn_word(KEY5_BLOCK, 2, 0xcafe);
    probe(11, EFUSE_RD_KEY5_DATA2);
    burn_word(0, 1, BIT(NOT_READABLE));
    probe(12, EFUSE_RD_KEY5_DATA2);
    burn_word(0, 0, BIT(WR_DIS_RD_DIS));
    burn_word(0, 1, BIT(NOT_READABLE - 1));
    probe(13, field_get(EFUSE_RD_REPEAT_DATA0, EFUSE_RD_REPEAT_DATA0_RD_DIS));
}
