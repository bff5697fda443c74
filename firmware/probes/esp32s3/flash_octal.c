/* A flash chip of eight lines, found and set up as ESP-IDF's spi_flash_oct_flash_init.c does it; then used with two transfers
 * a clock and with one, by the instructions of opi_flash_cmd_format_mxic.h. */
#include "probe.h"
#include "mspi.h"
#include "reg/efuse.h"

#define SECTOR 0x700000u
#define CMD16(code) ((code) | (~(code) & 0xffu) << 8)
enum { READ_ID = 0x9f, READ_SFDP = 0x5a, WRITE_CONFIGURATION_2 = 0x72, READ_STATUS = 0x05, WRITE_ENABLE = 0x06,
       READ_8_SINGLE = 0xec, READ_8_DOUBLE = 0xee, PROGRAM_4B = 0x12, ERASE_4B = 0x21 };
enum mode { SPI, SINGLE, DOUBLE };
enum { NO_SWAP, SWAP };

static enum mode mode;

/* DDR_RDAT_SWP and DDR_WDAT_SWP: esp_rom_spi_set_dtr_swap_mode. */
static uint32_t swap_bits;

static void octal(uint32_t code, uint32_t address, uint32_t address_bits, uint32_t dummy, const void *out,
                  uint32_t out_bytes, void *in, uint32_t in_bytes) {
    spi1(&(struct transaction){.lines = mode == DOUBLE ? LINES_8_8_8_DTR : LINES_8_8_8, .command = CMD16(code),
                               .command_bits = 16, .address = address, .address_bits = address_bits, .dummy = dummy,
                               .out = out, .out_bytes = out_bytes, .in = in, .in_bytes = in_bytes, .ddr_bits = swap_bits});
}

static uint32_t status(void) {
    uint8_t bytes[2];
    octal(READ_STATUS, 0, 32, mode == DOUBLE ? 8 : 4, 0, 0, bytes, 2);
    return bytes[0];
}

/* s_set_flash_dtr_str_opi_mode. */
static void set_mode(enum mode next) {
    uint8_t value[2] = {(uint8_t)next, (uint8_t)next};
    if (mode == SPI) {
        flash_order(FLASH_WRITE_ENABLE);
        spi1(&(struct transaction){.command = WRITE_CONFIGURATION_2, .command_bits = 8, .address_bits = 32, .out = value,
                                   .out_bytes = 1});
    } else {
        octal(WRITE_ENABLE, 0, 0, 0, 0, 0, 0, 0);
        octal(WRITE_CONFIGURATION_2, 0, 32, 0, value, mode == DOUBLE ? 2 : 1, 0, 0);
    }
    mode = next;
}

static uint32_t sfdp(uint32_t address) {
    uint8_t byte;
    spi1(&(struct transaction){.command = READ_SFDP, .command_bits = 8, .address = address, .address_bits = 24, .dummy = 8,
                               .in = &byte, .in_bytes = 1});
    return byte;
}

static void read(uint32_t address, void *to, uint32_t bytes) {
    octal(mode == DOUBLE ? READ_8_DOUBLE : READ_8_SINGLE, address, 32, mode == DOUBLE ? 40 : 20, 0, 0, to, bytes);
}

static uint32_t word_at(uint32_t address) {
    uint32_t word = 0;
    read(address, &word, 4);
    return word;
}

static void program(uint32_t address, uint32_t word) {
    octal(WRITE_ENABLE, 0, 0, 0, 0, 0, 0, 0);
    octal(PROGRAM_4B, address, 32, 0, &word, 4, 0, 0);
    WAIT_UNTIL(!(status() & FLASH_BUSY), 10000);
}

static uint32_t erase(uint32_t address) {
    octal(WRITE_ENABLE, 0, 0, 0, 0, 0, 0, 0);
    octal(ERASE_4B, address, 32, 0, 0, 0, 0, 0);
    uint32_t busy = status() & FLASH_BUSY;
    WAIT_UNTIL(!(status() & FLASH_BUSY), 1000000);
    return busy;
}

static void probes(void) {
    uint8_t id[3];
    uint32_t plain[8], words[8];
    probe(1, EFUSE_RD_REPEAT_DATA3 >> 9 & 1);
    spi1(&(struct transaction){.command = READ_ID, .command_bits = 8, .in = id, .in_bytes = 3});
    probe(2, id[0]);
    probe(3, id[1]);
    probe(4, id[2]);
    spi1(&(struct transaction){.command = FLASH_READ, .command_bits = 8, .address_bits = 24, .in = plain, .in_bytes = sizeof plain});
    uint32_t swaps = sfdp(sfdp(0x0c) + 0x47) >> 7;
    probe(5, swaps);

    set_mode(DOUBLE);
    swap_bits = swaps ? SPI_MEM_DDR_SPI_FMEM_DDR_RDAT_SWP | SPI_MEM_DDR_SPI_FMEM_DDR_WDAT_SWP : 0;
    probe(6, status() & FLASH_BUSY);
    read(0, words, sizeof words);
    probe(7, memcmp(words, plain, sizeof plain) == 0);
    /* On one line it hears nothing now. */
    spi1(&(struct transaction){.command = READ_ID, .command_bits = 8, .in = id, .in_bytes = 3});
    probe(8, id[0] << 16 | id[1] << 8 | id[2]);
    probe(9, erase(SECTOR));
    probe(10, word_at(SECTOR));
    program(SECTOR, 0x11223344);
    probe(11, word_at(SECTOR));
    /* Without the controller's exchange of the bytes of a clock they come the other way round. */
    swap_bits = 0;
    probe(12, word_at(SECTOR));

    set_mode(SPI);
    set_mode(SINGLE);
    probe(13, word_at(SECTOR));
    program(SECTOR + 4, 0x55667788);
    probe(14, word_at(SECTOR + 4));
    set_mode(SPI);
    probe(15, flash_byte(FLASH_READ_STATUS_1) & FLASH_BUSY);
    uint32_t word;
    spi1(&(struct transaction){.command = FLASH_READ, .command_bits = 8, .address = SECTOR + 4, .address_bits = 24,
                               .in = &word, .in_bytes = 4});
    probe(16, word);
}
