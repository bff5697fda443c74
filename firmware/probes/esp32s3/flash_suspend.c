/* An erase is suspended and resumed by SPI1's commands, as ESP-IDF's spimem_flash_ll_suspend and _resume do. */
#include "probe.h"
#include "mspi.h"

#define KEPT 0x700000u
#define ERASED 0x701000u
#define WORD 0xcafe1234u

static uint32_t word_at(uint32_t address) {
    uint32_t word;
    spi1(&(struct transaction){.command = FLASH_READ, .command_bits = 8, .address = address, .address_bits = 24,
                               .in = &word, .in_bytes = 4});
    return word;
}

static void program(uint32_t address, uint32_t word) {
    flash_order(FLASH_WRITE_ENABLE);
    spi1(&(struct transaction){.command = FLASH_PAGE_PROGRAM, .command_bits = 8, .address = address, .address_bits = 24,
                               .out = &word, .out_bytes = 4});
    flash_ready();
}

static void erase(uint32_t address) {
    flash_order(FLASH_WRITE_ENABLE);
    spi1(&(struct transaction){.command = FLASH_SECTOR_ERASE, .command_bits = 8, .address = address, .address_bits = 24});
}

static uint32_t sus_cmd(uint32_t bit) {
    SPI_MEM_INT_CLR(1) = SPI_MEM_INT_PES_END | SPI_MEM_INT_PER_END;
    set_bits(&SPI_MEM_FLASH_SUS_CMD(1), bit);
    WAIT_UNTIL(!(SPI_MEM_FLASH_SUS_CMD(1) & bit), 1000);
    return SPI_MEM_INT_RAW(1) & (SPI_MEM_INT_PES_END | SPI_MEM_INT_PER_END);
}

static void probes(void) {
    erase(KEPT);
    flash_ready();
    program(KEPT, WORD);
    program(ERASED, WORD);
    probe(1, word_at(KEPT));
    probe(2, field_get(SPI_MEM_FLASH_SUS_CTRL(1), SPI_MEM_FLASH_SUS_CTRL_FLASH_PES_COMMAND));
    probe(3, field_get(SPI_MEM_FLASH_SUS_CTRL(1), SPI_MEM_FLASH_SUS_CTRL_FLASH_PER_COMMAND));

    uint64_t then = time_us();
    erase(ERASED);
    probe(4, flash_byte(FLASH_READ_STATUS_1) & FLASH_BUSY);
    probe(5, word_at(KEPT));
    delay_us(2000);
    probe(6, sus_cmd(SPI_MEM_FLASH_SUS_CMD_FLASH_PES));
    probe(7, SPI_MEM_SUS_STATUS(1) & SPI_MEM_SUS_STATUS_FLASH_SUS);
    delay_us(20); /* tSUS */
    probe(8, flash_byte(FLASH_READ_STATUS_2) & FLASH_SUSPENDED);
    probe(9, flash_byte(FLASH_READ_STATUS_1) & FLASH_BUSY);
    probe(10, word_at(KEPT));
    delay_us(500000); /* longer than any erase takes: it does not go on */
    probe(11, flash_byte(FLASH_READ_STATUS_2) & FLASH_SUSPENDED);

    uint64_t resumed = time_us();
    probe(12, sus_cmd(SPI_MEM_FLASH_SUS_CMD_FLASH_PER));
    probe(13, SPI_MEM_SUS_STATUS(1) & SPI_MEM_SUS_STATUS_FLASH_SUS);
    probe(14, flash_byte(FLASH_READ_STATUS_1) & FLASH_BUSY);
    probe(15, flash_byte(FLASH_READ_STATUS_2) & FLASH_SUSPENDED);
    flash_ready();
    uint64_t end = time_us();
    probe(16, (uint32_t)(end - resumed));
    probe(17, end - then > 530000);
    probe(18, word_at(ERASED));
    probe(19, word_at(KEPT));

    /* With a wait after the suspension, 256 clocks of SPI1 by CS_HOLD_DLY_RES. */
    erase(ERASED);
    delay_us(1000);
    field_set(&SPI_MEM_CTRL1(1), SPI_MEM_CTRL1_CS_HOLD_DLY_RES, 20);
    set_bits(&SPI_MEM_SUS_STATUS(1), SPI_MEM_SUS_STATUS_FLASH_PES_DLY_256);
    set_bits(&SPI_MEM_FLASH_SUS_CMD(1), SPI_MEM_FLASH_SUS_CMD_FLASH_PES_WAIT_EN);
    SPI_MEM_CLOCK(1) = field(SPI_MEM_CLOCK_CLKCNT_N, 3) | field(SPI_MEM_CLOCK_CLKCNT_H, 1) | field(SPI_MEM_CLOCK_CLKCNT_L, 3);
    then = time_us();
    sus_cmd(SPI_MEM_FLASH_SUS_CMD_FLASH_PES);
    probe(20, (uint32_t)(time_us() - then));
    probe(21, flash_byte(FLASH_READ_STATUS_1) & FLASH_BUSY);
    sus_cmd(SPI_MEM_FLASH_SUS_CMD_FLASH_PER);
    flash_ready();
}
