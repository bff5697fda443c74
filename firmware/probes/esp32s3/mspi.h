/* One transaction of SPI1 with the flash chip (CS0) or the PSRAM chip (CS1): what ESP-IDF's hal/spimem_flash_ll.h and
 * hal/psram_ctrlr_ll.h set for it. The probes run from internal memory, and no cache is in use meanwhile. */
#ifndef MSPI_H
#define MSPI_H

#include "drivers/drivers.h"
#include "reg/spi_mem.h"

enum chip { FLASH, PSRAM };
/* Lines of instruction, address and data. */
enum lines { LINES_1_1_1, LINES_1_1_2, LINES_1_2_2, LINES_1_1_4, LINES_1_4_4, LINES_4_4_4, LINES_8_8_8_DTR };

struct transaction {
    enum chip chip;
    enum lines lines;
    uint32_t command, command_bits, address, address_bits, dummy;
    const void *out;
    uint32_t out_bytes;
    void *in;
    uint32_t in_bytes;
};

static void spi1_wait(void) { WAIT_UNTIL(!(SPI_MEM_CMD(1) & SPI_MEM_CMD_USR), 1000); }

static void spi1(const struct transaction *t) {
    static const uint32_t reads[] = {
        [LINES_1_1_1] = 0,
        [LINES_1_1_2] = SPI_MEM_CTRL_FASTRD_MODE | SPI_MEM_CTRL_FREAD_DUAL,
        [LINES_1_2_2] = SPI_MEM_CTRL_FASTRD_MODE | SPI_MEM_CTRL_FREAD_DIO,
        [LINES_1_1_4] = SPI_MEM_CTRL_FASTRD_MODE | SPI_MEM_CTRL_FREAD_QUAD,
        [LINES_1_4_4] = SPI_MEM_CTRL_FASTRD_MODE | SPI_MEM_CTRL_FREAD_QIO,
        [LINES_4_4_4] = SPI_MEM_CTRL_FASTRD_MODE | SPI_MEM_CTRL_FREAD_QIO | SPI_MEM_CTRL_FCMD_QUAD,
        [LINES_8_8_8_DTR] = SPI_MEM_CTRL_FCMD_OCT | SPI_MEM_CTRL_FADDR_OCT | SPI_MEM_CTRL_FDIN_OCT | SPI_MEM_CTRL_FDOUT_OCT,
    };
    static const uint32_t writes[] = {
        [LINES_1_1_2] = SPI_MEM_USER_FWRITE_DUAL, [LINES_1_2_2] = SPI_MEM_USER_FWRITE_DIO,
        [LINES_1_1_4] = SPI_MEM_USER_FWRITE_QUAD, [LINES_1_4_4] = SPI_MEM_USER_FWRITE_QIO,
        [LINES_4_4_4] = SPI_MEM_USER_FWRITE_QIO,  [LINES_8_8_8_DTR] = 0,
    };
    uint32_t words[16] = {0};
    uint32_t user = SPI_MEM_USER_USR_COMMAND | writes[t->lines];
    if (t->address_bits)
        user |= SPI_MEM_USER_USR_ADDR;
    if (t->dummy)
        user |= SPI_MEM_USER_USR_DUMMY;
    if (t->out_bytes)
        user |= SPI_MEM_USER_USR_MOSI;
    if (t->in_bytes)
        user |= SPI_MEM_USER_USR_MISO;
    memcpy(words, t->out, t->out_bytes);
    for (uint32_t n = 0; n < 16; n++)
        (&SPI_MEM_W0(1))[n] = words[n];
    SPI_MEM_MISC(1) = t->chip == FLASH ? SPI_MEM_MISC_CS1_DIS : SPI_MEM_MISC_CS0_DIS;
    SPI_MEM_CTRL(1) = SPI_MEM_CTRL_WP | SPI_MEM_CTRL_D_POL | SPI_MEM_CTRL_Q_POL | reads[t->lines];
    SPI_MEM_DDR(1) = t->lines == LINES_8_8_8_DTR ? SPI_MEM_DDR_SPI_FMEM_DDR_EN | SPI_MEM_DDR_SPI_FMEM_VAR_DUMMY : 0;
    SPI_MEM_USER(1) = user;
    SPI_MEM_USER1(1) = field(SPI_MEM_USER1_USR_ADDR_BITLEN, t->address_bits - 1) |
                       field(SPI_MEM_USER1_USR_DUMMY_CYCLELEN, t->dummy - 1);
    SPI_MEM_USER2(1) = field(SPI_MEM_USER2_USR_COMMAND_BITLEN, t->command_bits - 1) |
                       field(SPI_MEM_USER2_USR_COMMAND_VALUE, t->command);
    SPI_MEM_ADDR(1) = t->address;
    SPI_MEM_MOSI_DLEN(1) = 8 * t->out_bytes - 1;
    SPI_MEM_MISO_DLEN(1) = 8 * t->in_bytes - 1;
    SPI_MEM_CMD(1) = SPI_MEM_CMD_USR;
    spi1_wait();
    for (uint32_t n = 0; n < 16; n++)
        words[n] = (&SPI_MEM_W0(1))[n];
    memcpy(t->in, words, t->in_bytes);
}

/* An instruction alone, and one that answers with a byte. */
__attribute__((unused)) static void flash_order(uint32_t command) {
    spi1(&(struct transaction){.command = command, .command_bits = 8});
}
__attribute__((unused)) static uint32_t flash_byte(uint32_t command) {
    uint8_t byte;
    spi1(&(struct transaction){.command = command, .command_bits = 8, .in = &byte, .in_bytes = 1});
    return byte;
}

/* Winbond W25Q16JV data sheet, chapter 8, and its family. */
enum flash_command {
    FLASH_WRITE_ENABLE = 0x06, FLASH_READ_STATUS_1 = 0x05, FLASH_READ_STATUS_2 = 0x35, FLASH_WRITE_STATUS_2 = 0x31,
    FLASH_READ = 0x03, FLASH_FAST_READ = 0x0b, FLASH_READ_DUAL_OUT = 0x3b, FLASH_READ_QUAD_OUT = 0x6b,
    FLASH_READ_DUAL_IO = 0xbb, FLASH_READ_QUAD_IO = 0xeb, FLASH_PAGE_PROGRAM = 0x02, FLASH_SECTOR_ERASE = 0x20,
};
#define FLASH_BUSY BIT(0)
#define FLASH_QUAD_ENABLE BIT(1) /* in status 2 */
#define FLASH_SUSPENDED BIT(7)   /* in status 2 */

__attribute__((unused)) static void flash_ready(void) { WAIT_UNTIL(!(flash_byte(FLASH_READ_STATUS_1) & FLASH_BUSY), 1000000); }

#endif
