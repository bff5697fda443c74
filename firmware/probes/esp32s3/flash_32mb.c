/* A flash chip of 32 MB on eight lines: addresses above 16 MB, by instructions with four bytes of address on one line and on
 * eight with two transfers a clock. (flash_octal.c has how such a chip is found.) */
#include "probe.h"
#include "mspi.h"

#define LOW 0x00f00000u
#define HIGH 0x01f00000u /* the same in its lower 24 bits */
#define SECTOR 4096u
#define EXCHANGED (SPI_MEM_DDR_SPI_FMEM_DDR_RDAT_SWP | SPI_MEM_DDR_SPI_FMEM_DDR_WDAT_SWP)
#define CMD16(code) ((code) | (~(code) & 0xffu) << 8)
enum { READ_ID = 0x9f, READ_4B = 0x13, FAST_READ_4B = 0x0c, PROGRAM_4B = 0x12, ERASE_4B = 0x21, ERASE_BLOCK_4B = 0xdc,
       WRITE_CONFIGURATION_2 = 0x72, READ_STATUS = 0x05, READ_8_DOUBLE = 0xee };

static uint32_t word_at(uint32_t command, uint32_t address, uint32_t address_bits, uint32_t dummy) {
    uint32_t word;
    spi1(&(struct transaction){.command = command, .command_bits = 8, .address = address, .address_bits = address_bits,
                               .dummy = dummy, .in = &word, .in_bytes = 4});
    return word;
}

static void order_at(uint32_t command, uint32_t address, const void *out, uint32_t out_bytes) {
    flash_order(FLASH_WRITE_ENABLE);
    spi1(&(struct transaction){.command = command, .command_bits = 8, .address = address, .address_bits = 32, .out = out,
                               .out_bytes = out_bytes});
    flash_ready();
}

static void octal(uint32_t code, uint32_t address, uint32_t address_bits, uint32_t dummy, const void *out, uint32_t out_bytes,
                  void *in, uint32_t in_bytes) {
    spi1(&(struct transaction){.lines = LINES_8_8_8_DTR, .command = CMD16(code), .command_bits = 16, .address = address,
                               .address_bits = address_bits, .dummy = dummy, .out = out, .out_bytes = out_bytes, .in = in,
                               .in_bytes = in_bytes, .ddr_bits = EXCHANGED});
}

static uint32_t octal_busy(void) {
    uint8_t bytes[2];
    octal(READ_STATUS, 0, 32, 8, 0, 0, bytes, 2);
    return bytes[0] & FLASH_BUSY;
}

static void probes(void) {
    static const uint32_t high = 0x32323232, low = 0x16161616, octets = 0x11223344;
    uint8_t id[3];
    spi1(&(struct transaction){.command = READ_ID, .command_bits = 8, .in = id, .in_bytes = 3});
    probe(1, (uint32_t)id[0] << 16 | (uint32_t)id[1] << 8 | id[2]);

    /* On one line: what has the same lower 24 bits is another place. */
    order_at(ERASE_4B, HIGH, 0, 0);
    order_at(ERASE_4B, LOW, 0, 0);
    order_at(PROGRAM_4B, HIGH, &high, 4);
    order_at(PROGRAM_4B, LOW, &low, 4);
    probe(2, word_at(READ_4B, HIGH, 32, 0));
    probe(3, word_at(READ_4B, LOW, 32, 0));
    probe(4, word_at(FAST_READ_4B, HIGH, 32, 8));
    probe(5, word_at(FLASH_READ, HIGH & 0xffffff, 24, 0));
    order_at(PROGRAM_4B, HIGH + 0x8000, &high, 4);
    order_at(ERASE_BLOCK_4B, HIGH, 0, 0);
    probe(6, word_at(READ_4B, HIGH, 32, 0) & word_at(READ_4B, HIGH + 0x8000, 32, 0));
    probe(7, word_at(READ_4B, LOW, 32, 0));

    /* On eight. */
    static const uint8_t with_double = 2, with_one[2] = {0, 0};
    flash_order(FLASH_WRITE_ENABLE);
    spi1(&(struct transaction){.command = WRITE_CONFIGURATION_2, .command_bits = 8, .address_bits = 32,
                               .out = &with_double, .out_bytes = 1});
    octal(FLASH_WRITE_ENABLE, 0, 0, 0, 0, 0, 0, 0);
    octal(PROGRAM_4B, HIGH + SECTOR, 32, 0, &octets, 4, 0, 0);
    WAIT_UNTIL(!octal_busy(), 10000);
    uint32_t word = 0;
    octal(READ_8_DOUBLE, HIGH + SECTOR, 32, 40, 0, 0, &word, 4);
    probe(8, word);
    octal(READ_8_DOUBLE, LOW, 32, 40, 0, 0, &word, 4);
    probe(9, word);
    octal(FLASH_WRITE_ENABLE, 0, 0, 0, 0, 0, 0, 0);
    octal(WRITE_CONFIGURATION_2, 0, 32, 0, with_one, 2, 0, 0);
    probe(10, word_at(READ_4B, HIGH + SECTOR, 32, 0));
}
