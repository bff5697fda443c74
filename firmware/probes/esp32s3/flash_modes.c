/* Reads of the flash chip on one, two and four lines, with and without quad enable. */
#include "probe.h"
#include "mspi.h"

static uint32_t plain[8];

static void quad_enable(uint32_t on) {
    uint8_t status = on ? FLASH_QUAD_ENABLE : 0;
    flash_order(FLASH_WRITE_ENABLE);
    spi1(&(struct transaction){.command = FLASH_WRITE_STATUS_2, .command_bits = 8, .out = &status, .out_bytes = 1});
    flash_ready();
}

/* How many words of flash 0 come as they come on one line. */
static uint32_t same(enum lines lines, uint32_t command, uint32_t address_bits, uint32_t address, uint32_t dummy) {
    uint32_t words[8], right = 0;
    spi1(&(struct transaction){.lines = lines, .command = command, .command_bits = 8, .address = address,
                               .address_bits = address_bits, .dummy = dummy, .in = words, .in_bytes = sizeof words});
    for (uint32_t n = 0; n < 8; n++)
        right += words[n] == plain[n];
    return right;
}

static void probes(void) {
    spi1(&(struct transaction){.command = FLASH_READ, .command_bits = 8, .address_bits = 24, .in = plain, .in_bytes = sizeof plain});
    probe(1, plain[0] & 0xff);
    probe(2, same(LINES_1_1_1, FLASH_FAST_READ, 24, 0, 8));
    probe(3, same(LINES_1_1_2, FLASH_READ_DUAL_OUT, 24, 0, 8));
    /* The last 8 bits of the address are the mode: Fxh, the read does not continue. */
    probe(4, same(LINES_1_2_2, FLASH_READ_DUAL_IO, 32, 0xf0, 0));
    quad_enable(0);
    probe(5, flash_byte(FLASH_READ_STATUS_2) & FLASH_QUAD_ENABLE);
    probe(6, same(LINES_1_1_4, FLASH_READ_QUAD_OUT, 24, 0, 8));
    quad_enable(1);
    probe(7, flash_byte(FLASH_READ_STATUS_2) & FLASH_QUAD_ENABLE);
    probe(8, same(LINES_1_1_4, FLASH_READ_QUAD_OUT, 24, 0, 8));
    probe(9, same(LINES_1_4_4, FLASH_READ_QUAD_IO, 32, 0xf0, 4));
    /* Too few dummy clocks: the data comes shifted. */
    probe(10, same(LINES_1_4_4, FLASH_READ_QUAD_IO, 32, 0xf0, 3) < 8);
    /* Mode Axh: the next read begins with its address, until FFh comes on all lines. */
    probe(11, same(LINES_1_4_4, FLASH_READ_QUAD_IO, 32, 0xa0, 4));
    uint32_t nothing;
    spi1(&(struct transaction){.lines = LINES_4_4_4, .command = 0xffff, .command_bits = 16, .address = 0xffffffff,
                               .address_bits = 32, .in = &nothing, .in_bytes = 4});
    probe(12, flash_byte(FLASH_READ_STATUS_2) & FLASH_QUAD_ENABLE);
    /* Without that an instruction is taken for address and mode, and what follows are the four dummy clocks. */
    probe(13, same(LINES_1_4_4, FLASH_READ_QUAD_IO, 32, 0xa0, 4));
    probe(14, flash_byte(FLASH_READ_STATUS_2) >> 4);
}
