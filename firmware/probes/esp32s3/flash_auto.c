/* Code and constants in flash are used while a sector is erased: SPI1 suspends the erase by itself, set up as ESP-IDF 5.3's
 * spi_flash_hal_setup_auto_suspend_mode does it (CONFIG_SPI_FLASH_AUTO_SUSPEND). This probe runs from flash. */
#include "drivers/drivers.h"
#include "reg/spi_mem.h"
#include "probe.h"

#define TYPE_DATA 1
#define SUBTYPE_UNDEFINED 6
#define WORD 0x600df1a5u
#define BOTH_ENDS (SPI_MEM_INT_PES_END | SPI_MEM_INT_PER_END)
#define LINE 32
#define LINES __attribute__((aligned(LINE), noinline))
#define CS_HOLD 7 /* times 256 clocks, at 80 MHz longer than tSUS, 20 us */

/* Each constant and each function begins a line of the caches that nobody has used before. */
static const uint32_t constants[4][LINE / 4] __attribute__((aligned(LINE))) = {{WORD}, {WORD + 1}, {WORD + 2}, {WORD + 3}};
static volatile uint32_t counter;
LINES static uint32_t first(void) { return counter += 1; }
LINES static uint32_t second(void) { return counter += 2; }
static uint32_t (*const functions[])(void) = {first, second};

IRAM static void order(uint32_t command) {
    SPI_MEM_CMD(1) = command;
    while (SPI_MEM_CMD(1) & command & ~(SPI_MEM_CMD_FLASH_SE | SPI_MEM_CMD_FLASH_PE)) {
    }
}

/* spimem_flash_ll_erase_sector, and a use of flash 100 us later from memory of the chip itself. */
IRAM static uint32_t during_an_erase(uint32_t at, uint32_t (*call)(void), const uint32_t *from, uint32_t *value) {
    order(SPI_MEM_CMD_FLASH_WREN);
    SPI_MEM_ADDR(1) = at;
    SPI_MEM_INT_CLR(1) = BOTH_ENDS;
    order(SPI_MEM_CMD_FLASH_SE | SPI_MEM_CMD_FLASH_PE);
    uint32_t then = cycles();
    while (cycles() - then < 100 * 240) {
    }
    then = cycles();
    *value = call ? call() : *(const volatile uint32_t *)from;
    return cycles() - then;
}

IRAM static uint32_t finish(uint32_t limit_us) {
    uint32_t then = cycles();
    while (SPI_MEM_CMD(1) && cycles() - then < 240 * limit_us) {
    }
    return (cycles() - then) / 240;
}

/* What is in flash would suspend the erase again. */
IRAM static uint32_t resume(void) {
    SPI_MEM_FLASH_SUS_CMD(1) |= SPI_MEM_FLASH_SUS_CMD_FLASH_PER;
    return finish(500000);
}

static void probes(void) {
    static uint32_t word, value;
    struct partition data;
    partition_find(TYPE_DATA, SUBTYPE_UNDEFINED, &data);
    flash_erase(data.offset, FLASH_SECTOR);
    word = WORD;
    flash_write(data.offset, &word, 4);

    SPI_MEM_FLASH_WAITI_CTRL(1) = field(SPI_MEM_FLASH_WAITI_CTRL_WAITI_CMD, 0x05) | SPI_MEM_FLASH_WAITI_CTRL_WAITI_EN;
    SPI_MEM_FLASH_SUS_CMD(1) = SPI_MEM_FLASH_SUS_CMD_FLASH_PES_WAIT_EN | SPI_MEM_FLASH_SUS_CMD_PES_PER_EN;
    SPI_MEM_FLASH_SUS_CTRL(1) = field(SPI_MEM_FLASH_SUS_CTRL_FLASH_PES_COMMAND, 0x75) |
                                field(SPI_MEM_FLASH_SUS_CTRL_FLASH_PER_COMMAND, 0x7a) | SPI_MEM_FLASH_SUS_CTRL_FLASH_PES_EN;
    field_set(&SPI_MEM_CTRL1(1), SPI_MEM_CTRL1_CS_HOLD_DLY_RES, CS_HOLD);
    SPI_MEM_SUS_STATUS(1) = SPI_MEM_SUS_STATUS_FLASH_PES_DLY_256 | SPI_MEM_SUS_STATUS_FLASH_PER_DLY_256;
    SPI_MEM_MISC(1) |= SPI_MEM_MISC_AUTO_PER;

    uint32_t taken = during_an_erase(data.offset, 0, constants[0], &value);
    probe(1, value);
    probe(2, taken / 240);
    probe(3, SPI_MEM_INT_RAW(1) & BOTH_ENDS);
    probe(4, (SPI_MEM_CMD(1) & SPI_MEM_CMD_FLASH_SE) != 0);
    probe(5, field_get(SPI_MEM_FSM(1), SPI_MEM_FSM_ST) != 0);
    probe(6, finish(500000));
    probe(7, SPI_MEM_SUS_STATUS(1) & SPI_MEM_SUS_STATUS_FLASH_SUS);
    probe(8, field_get(SPI_MEM_FSM(1), SPI_MEM_FSM_ST));
    flash_read(data.offset, &word, 4);
    probe(9, word);

    taken = during_an_erase(data.offset, functions[0], 0, &value);
    probe(10, value);
    probe(11, taken / 240);
    probe(12, SPI_MEM_INT_RAW(1) & BOTH_ENDS);
    finish(500000);

    /* Without the resumption the application says when. */
    SPI_MEM_MISC(1) &= ~SPI_MEM_MISC_AUTO_PER;
    SPI_MEM_FLASH_SUS_CMD(1) = SPI_MEM_FLASH_SUS_CMD_FLASH_PES_WAIT_EN;
    during_an_erase(data.offset, 0, constants[2], &value);
    probe(13, value);
    probe(14, SPI_MEM_SUS_STATUS(1) & SPI_MEM_SUS_STATUS_FLASH_SUS);
    probe(15, SPI_MEM_INT_RAW(1) & BOTH_ENDS);
    probe(16, finish(500000) >= 500000);
    probe(17, resume());
    probe(18, SPI_MEM_SUS_STATUS(1) & SPI_MEM_SUS_STATUS_FLASH_SUS);

    SPI_MEM_FLASH_SUS_CTRL(1) &= ~SPI_MEM_FLASH_SUS_CTRL_FLASH_PES_EN;
    SPI_MEM_FLASH_WAITI_CTRL(1) &= ~SPI_MEM_FLASH_WAITI_CTRL_WAITI_EN;
    flash_read(data.offset, &word, 4);
    probe(19, word);
    probe(20, functions[1]());
}
