/* An octal PSRAM of 32 MB, all that the MMU's 512 pages reach. (psram_octal.c has how such a chip is found.) */
#include "probe.h"
#include "psram.h"

enum { REG_READ = 0x4040, REG_DUMMY = 8, SYNC_READ = 0x0000, SYNC_WRITE = 0x8080, READ_DUMMY = 18, WRITE_DUMMY = 8 };
#define LAST_PAGE 511u

static uint32_t mode_registers(uint32_t first) {
    uint8_t pair[2];
    spi1(&(struct transaction){.chip = PSRAM, .lines = LINES_8_8_8_DTR, .command = REG_READ, .command_bits = 16,
                               .address = first, .address_bits = 32, .dummy = REG_DUMMY, .in = pair, .in_bytes = 2});
    return pair[0] | pair[1] << 8;
}

static void probes(void) {
    probe(1, mode_registers(2) & 7);
    set_bits(&CACHE_SCTRL, CACHE_SCTRL_CACHE_USR_SCMD_4BYTE | CACHE_SCTRL_USR_WR_SRAM_DUMMY | CACHE_SCTRL_USR_RD_SRAM_DUMMY |
                               CACHE_SCTRL_CACHE_SRAM_USR_RCMD | CACHE_SCTRL_CACHE_SRAM_USR_WCMD);
    field_set(&CACHE_SCTRL, CACHE_SCTRL_SRAM_ADDR_BITLEN, 32 - 1);
    field_set(&CACHE_SCTRL, CACHE_SCTRL_SRAM_RDUMMY_CYCLELEN, READ_DUMMY - 1);
    field_set(&CACHE_SCTRL, CACHE_SCTRL_SRAM_WDUMMY_CYCLELEN, WRITE_DUMMY - 1);
    SRAM_DRD_CMD = field(SRAM_CMD_BITLEN, 15) | SYNC_READ;
    SRAM_DWR_CMD = field(SRAM_CMD_BITLEN, 15) | SYNC_WRITE;
    psram_wrong_words(PAGE); /* which lets the cache at it */
    /* Each page gets its number, at its begin and at its end; the first page is not the one in the middle, and so on. */
    for (uint32_t page = 0; page <= LAST_PAGE; page++)
        MMU_ENTRY(page) = MMU_PSRAM | page;
    volatile uint32_t *words = (volatile uint32_t *)(uintptr_t)WINDOW;
    for (uint32_t page = 0; page <= LAST_PAGE; page++) {
        words[page * PAGE / 4] = page;
        words[(page + 1) * PAGE / 4 - 1] = ~page;
    }
    uint32_t wrong = 0;
    for (uint32_t page = 0; page <= LAST_PAGE; page++)
        wrong += words[page * PAGE / 4] != page || words[(page + 1) * PAGE / 4 - 1] != ~page;
    probe(2, wrong);
    /* Pages in another order, and one twice. */
    MMU_ENTRY(0) = MMU_PSRAM | LAST_PAGE;
    MMU_ENTRY(1) = MMU_PSRAM | 300;
    Cache_Invalidate_DCache_All();
    probe(3, words[0]);
    probe(4, words[PAGE / 4]);
    words[PAGE / 4] = 0x77;
    probe(5, words[300 * PAGE / 4]);
}
