/* The eFuses: key blocks, programming, single bits (ESP-IDF rom/efuse.h, soc/efuse_reg.h; ESP32-S3 TRM, chapter eFuse
 * Controller). */
#include "rom.h"

#define REG(address) (*(volatile uint32_t *)(address))
#define PGM_DATA(n) REG(0x60007000u + 4 * (n))
#define PGM_CHECK 0x60007020u
#define CONF REG(0x600071ccu)
#define CMD REG(0x600071d4u)
#define WR_TIM_CONF2 REG(0x600071f8u)
#define WR_DIS REG(0x6000702cu)
#define REPEAT(n) REG(0x60007030u + 4 * (n))
#define KEYS 0x6000709cu

enum {
    NO_PURPOSE = 12, KEY0 = 4, KEY_BLOCKS = 6, BLOCKS = 11, KEY_WORDS = 8, WR_DIS_PURPOSE0 = 8, WR_DIS_KEY0 = 23,
    OP_PROGRAM = 0x5a5a, OP_READ = 0x5aa5, READ_CMD = 1, PGM_CMD = 2, PWR_OFF_NUM = 0x40, XTAL = 20000000
};

void ets_efuse_clear_program_registers(void);
void ets_efuse_rs_calculate(const void *data, void *check);

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

/* Which clock it is makes no difference: the timing counts the crystal. */
static int ets_efuse_set_timing(uint32_t clock) {
    (void)clock;
    WR_TIM_CONF2 = (WR_TIM_CONF2 & 0xffff0000u) | PWR_OFF_NUM;
    return 0;
}
ENTRY(ets_efuse_set_timing, 0x40001fc8);

/* The fuses into the registers that show them. */
static int ets_efuse_read(void) {
    if (ets_efuse_set_timing(XTAL))
        return 1;
    CONF = OP_READ;
    CMD = READ_CMD;
    while (CMD & READ_CMD)
        ;
    return 0;
}
ENTRY(ets_efuse_read, 0x40001e90);

/* What lies in the program registers into a block. */
static int ets_efuse_program(uint32_t block) {
    if (block >= BLOCKS || ets_efuse_set_timing(XTAL))
        return 1;
    CONF = OP_PROGRAM;
    CMD = block << 2 | PGM_CMD;
    while (CMD & PGM_CMD)
        ;
    ets_efuse_clear_program_registers();
    return ets_efuse_read() != 0;
}
ENTRY(ets_efuse_program, 0x40001e9c);

/* First the purpose, then the key, then what protects both from being written again. */
static int ets_efuse_write_key(uint32_t block, uint32_t purpose, const void *data, uint32_t count) {
    struct {
        uint32_t key[KEY_WORDS], check[3];
    } image;
    uint32_t number = block - KEY0, at = 32 + 24 + 4 * number;
    rom_memset(image.key, 0, sizeof image.key);
    if (count > sizeof image.key || !ets_efuse_key_block_unused(block))
        return 1;
    ets_efuse_clear_program_registers();
    /* In the word after RD_DIS's: EFUSE_PGM_DATA2 and 3. */
    PGM_DATA(1 + at / 32) |= (purpose & 0xf) << at % 32;
    if (ets_efuse_program(0))
        return 1;
    rom_memcpy(image.key, data, count);
    ets_efuse_rs_calculate(image.key, image.check);
    rom_memcpy((void *)&PGM_DATA(0), image.key, sizeof image.key);
    rom_memcpy((void *)PGM_CHECK, image.check, sizeof image.check);
    ets_efuse_program(block);
    ets_efuse_clear_program_registers();
    PGM_DATA(0) |= 1u << (WR_DIS_KEY0 + number);
    PGM_DATA(0) |= 1u << (WR_DIS_PURPOSE0 + number);
    return ets_efuse_program(0) != 0;
}
ENTRY(ets_efuse_write_key, 0x40001eb4);

/* Single fields of block 0. */
static uint32_t fuse(uint32_t word, uint32_t bit, uint32_t width) { return REPEAT(word) >> bit & ((1u << width) - 1); }
static uint32_t ets_efuse_usb_module_disabled(void) { return fuse(0, 13, 1); }
static uint32_t ets_efuse_usb_device_disabled(void) { return fuse(2, 23, 1); }
ENTRY(ets_efuse_usb_module_disabled, 0x40001fec);
ENTRY(ets_efuse_usb_device_disabled, 0x40001ff8);

/* Whether an odd number of a counter's three bits is burnt. */
static uint32_t odd(uint32_t count) { return (count ^ count >> 1 ^ count >> 2) & 1; }

static uint32_t ets_efuse_cache_encryption_enabled(void) { return odd(fuse(1, 18, 3)); }
ENTRY(ets_efuse_cache_encryption_enabled, 0x40001f20);

/* FLASH_TPUW, where 15 stands for 30 ms. */
static uint32_t ets_efuse_get_flash_delay_us(void) {
    uint32_t ms = fuse(2, 28, 4);
    return 1000 * (ms == 15 ? 30 : ms);
}
ENTRY(ets_efuse_get_flash_delay_us, 0x40001f5c);

/* Without either of the two controllers nothing is disabled, as there is nothing that would print. */
static uint32_t ets_efuse_usb_print_is_disabled(void) {
    return ets_efuse_usb_device_disabled() && ets_efuse_usb_module_disabled() ? 0 : fuse(3, 2, 1);
}
ENTRY(ets_efuse_usb_print_is_disabled, 0x40001f80);

/* This chip has no such fuse. */
static uint32_t ets_efuse_usb_serial_jtag_print_is_disabled(void) { return 0; }
ENTRY(ets_efuse_usb_serial_jtag_print_is_disabled, 0x40001f8c);

/* For good, or until an HMAC says otherwise. */
static uint32_t ets_efuse_jtag_disabled(void) { return (fuse(0, 19, 1) && fuse(2, 22, 1)) || odd(fuse(0, 16, 3)); }
ENTRY(ets_efuse_jtag_disabled, 0x40001fd4);

/* By the USB Serial/JTAG (4) or USB OTG (3). */
static uint32_t ets_efuse_usb_download_mode_disabled(uint32_t line) {
    enum { OTG = 3, SERIAL_JTAG = 4 };
    uint32_t off = 1;
    if (line == SERIAL_JTAG)
        off = ets_efuse_usb_device_disabled() || fuse(3, 4, 1);
    else if (line == OTG)
        off = ets_efuse_usb_module_disabled() || fuse(3, 31, 1) || fuse(3, 5, 1);
    return off | fuse(3, 0, 1);
}
ENTRY(ets_efuse_usb_download_mode_disabled, 0x40001fe0);
