/* The flash chip itself, asked by SPI1: what names it, write enable, pages that wrap, erasing of 32 and 64 KB, four lines to
 * program, status that is protected, power-down, reset. (flash_modes.c has the reads, flash_suspend.c suspension.) */
#include "probe.h"
#include "mspi.h"

#define BLOCK 0x610000u
enum { MANUFACTURER_ID = 0x90, RELEASE = 0xab, UNIQUE_ID = 0x4b, READ_SFDP = 0x5a, WRITE_DISABLE = 0x04, VOLATILE_ENABLE = 0x50,
       QUAD_PAGE_PROGRAM = 0x32, ERASE_32K = 0x52, ERASE_64K = 0xd8, ENABLE_RESET = 0x66, RESET = 0x99, POWER_DOWN = 0xb9 };
#define FLASH_WRITE_ENABLED BIT(1)

static void at(uint32_t command, uint32_t address, uint32_t dummy, void *in, uint32_t bytes) {
    spi1(&(struct transaction){.command = command, .command_bits = 8, .address = address, .address_bits = 24, .dummy = dummy,
                               .in = in, .in_bytes = bytes});
}

static uint32_t word_at(uint32_t address) {
    uint32_t word;
    at(FLASH_READ, address, 0, &word, 4);
    return word;
}

static void program(enum lines lines, uint32_t command, uint32_t address, const void *bytes, uint32_t count) {
    flash_order(FLASH_WRITE_ENABLE);
    spi1(&(struct transaction){.lines = lines, .command = command, .command_bits = 8, .address = address, .address_bits = 24,
                               .out = bytes, .out_bytes = count});
    flash_ready();
}

/* How long it takes, in ms. */
static uint32_t erase(uint32_t command, uint32_t address) {
    flash_order(FLASH_WRITE_ENABLE);
    uint64_t then = time_us();
    at(command, address, 0, 0, 0);
    flash_ready();
    return (uint32_t)((time_us() - then) / 1000);
}

static void probes(void) {
    uint8_t bytes[16];
    at(MANUFACTURER_ID, 0, 0, bytes, 2);
    probe(1, bytes[0] << 8 | bytes[1]);
    at(RELEASE, 0, 0, bytes, 1);
    probe(2, bytes[0]);
    uint32_t id[2], again[2];
    spi1(&(struct transaction){.command = UNIQUE_ID, .command_bits = 8, .dummy = 32, .in = id, .in_bytes = 8});
    spi1(&(struct transaction){.command = UNIQUE_ID, .command_bits = 8, .dummy = 32, .in = again, .in_bytes = 8});
    probe(3, id[0] == again[0] && id[1] == again[1]);
    uint32_t signature;
    at(READ_SFDP, 0, 8, &signature, 4);
    probe(4, signature);

    /* Nothing is written without write enable, which each instruction takes back. */
    flash_order(FLASH_WRITE_ENABLE);
    uint32_t enabled = flash_byte(FLASH_READ_STATUS_1) & FLASH_WRITE_ENABLED;
    flash_order(WRITE_DISABLE);
    probe(5, enabled << 4 | (flash_byte(FLASH_READ_STATUS_1) & FLASH_WRITE_ENABLED));
    probe(6, erase(ERASE_64K, BLOCK));
    probe(7, word_at(BLOCK) & word_at(BLOCK + 0xfffc));
    static const uint32_t word = 0x11223344;
    spi1(&(struct transaction){.command = FLASH_PAGE_PROGRAM, .command_bits = 8, .address = BLOCK, .address_bits = 24,
                               .out = &word, .out_bytes = 4});
    flash_ready();
    probe(8, word_at(BLOCK));
    program(LINES_1_1_1, FLASH_PAGE_PROGRAM, BLOCK, &word, 4);
    probe(9, word_at(BLOCK));
    probe(10, flash_byte(FLASH_READ_STATUS_1) & FLASH_WRITE_ENABLED);

    /* A page of 256 bytes goes round. */
    static const uint8_t round[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    program(LINES_1_1_1, FLASH_PAGE_PROGRAM, BLOCK + 0x1fc, round, 8);
    probe(11, word_at(BLOCK + 0x1fc));
    probe(12, word_at(BLOCK + 0x100));
    probe(13, word_at(BLOCK + 0x200));

    /* Four lines, where they are enabled. */
    uint8_t status2 = (uint8_t)(flash_byte(FLASH_READ_STATUS_2) | FLASH_QUAD_ENABLE);
    flash_order(FLASH_WRITE_ENABLE);
    spi1(&(struct transaction){.command = FLASH_WRITE_STATUS_2, .command_bits = 8, .out = &status2, .out_bytes = 1});
    flash_ready();
    program(LINES_1_1_4, QUAD_PAGE_PROGRAM, BLOCK + 0x8000, &word, 4);
    probe(14, word_at(BLOCK + 0x8000));
    probe(15, erase(ERASE_32K, BLOCK + 0x8000));
    probe(16, word_at(BLOCK + 0x8000));
    probe(17, word_at(BLOCK));

    /* A status bit that is written for a while only: gone after a reset. */
    uint8_t without = (uint8_t)(status2 & ~FLASH_QUAD_ENABLE);
    flash_order(VOLATILE_ENABLE);
    spi1(&(struct transaction){.command = FLASH_WRITE_STATUS_2, .command_bits = 8, .out = &without, .out_bytes = 1});
    uint32_t now = flash_byte(FLASH_READ_STATUS_2) & FLASH_QUAD_ENABLE;
    flash_order(ENABLE_RESET);
    flash_order(RESET);
    delay_us(50);
    probe(18, now << 4 | (flash_byte(FLASH_READ_STATUS_2) & FLASH_QUAD_ENABLE));

    /* Asleep it answers nothing but the instruction that wakes it. */
    flash_order(POWER_DOWN);
    delay_us(5);
    at(MANUFACTURER_ID, 0, 0, bytes, 2);
    probe(19, bytes[0] << 8 | bytes[1]);
    flash_order(RELEASE);
    delay_us(5);
    at(MANUFACTURER_ID, 0, 0, bytes, 2);
    probe(20, bytes[0] << 8 | bytes[1]);
}
