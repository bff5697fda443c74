/* A quad PSRAM of 8 MB, found and set up as ESP-IDF's esp_psram_impl_ap_quad.c does it. */
#include "probe.h"
#include "psram.h"

#define MEGABYTES 8
#define REFERENCE 0x5a6b7c8du
enum { READ = 0x03, FAST_READ_QUAD = 0xeb, WRITE = 0x02, QUAD_WRITE = 0x38, ENTER_QUAD = 0x35, EXIT_QUAD = 0xf5,
       RESET_ENABLE = 0x66, RESET = 0x99, READ_ID = 0x9f };

static void order(enum lines lines, uint32_t command) {
    spi1(&(struct transaction){.chip = PSRAM, .lines = lines, .command = command, .command_bits = 8});
}

static void exchange(enum lines lines, uint32_t command, uint32_t address, uint32_t dummy, const void *out,
                     uint32_t out_bytes, void *in, uint32_t in_bytes) {
    spi1(&(struct transaction){.chip = PSRAM, .lines = lines, .command = command, .command_bits = 8, .address = address,
                               .address_bits = 24, .dummy = dummy, .out = out, .out_bytes = out_bytes, .in = in,
                               .in_bytes = in_bytes});
}

static void probes(void) {
    uint8_t id[8] = {0};
    uint32_t word = REFERENCE, back = 0;
    order(LINES_4_4_4, EXIT_QUAD);
    exchange(LINES_1_1_1, WRITE, 0, 0, &word, 4, 0, 0);
    exchange(LINES_1_1_1, READ, 0, 0, 0, 0, &back, 4);
    probe(1, back);
    exchange(LINES_1_1_1, READ_ID, 0, 0, 0, 0, id, 8);
    probe(2, id[0]);
    probe(3, id[1]);
    probe(4, id[2] >> 5);
    probe(5, id[2] >> 1 & 1);
    order(LINES_1_1_1, RESET_ENABLE);
    order(LINES_1_1_1, RESET);
    order(LINES_1_1_1, ENTER_QUAD);
    /* In quad mode it hears nothing on one line. */
    back = 0;
    exchange(LINES_1_1_1, READ, 0, 0, 0, 0, &back, 4);
    probe(6, back);
    exchange(LINES_4_4_4, FAST_READ_QUAD, 0, 6, 0, 0, &back, 4);
    probe(7, back);
    word = ~REFERENCE;
    exchange(LINES_4_4_4, QUAD_WRITE, 64, 0, &word, 4, 0, 0);
    exchange(LINES_4_4_4, FAST_READ_QUAD, 64, 6, 0, 0, &back, 4);
    probe(8, back);

    /* SPI0's phases, config_psram_spi_phases; then the cache reaches it. */
    set_bits(&CACHE_SCTRL, CACHE_SCTRL_USR_SRAM_QIO | CACHE_SCTRL_USR_RD_SRAM_DUMMY | CACHE_SCTRL_CACHE_SRAM_USR_RCMD |
                               CACHE_SCTRL_CACHE_SRAM_USR_WCMD);
    field_set(&CACHE_SCTRL, CACHE_SCTRL_SRAM_ADDR_BITLEN, 24 - 1);
    field_set(&CACHE_SCTRL, CACHE_SCTRL_SRAM_RDUMMY_CYCLELEN, 6 - 1);
    SRAM_DRD_CMD = field(SRAM_CMD_BITLEN, 7) | FAST_READ_QUAD;
    SRAM_DWR_CMD = field(SRAM_CMD_BITLEN, 7) | QUAD_WRITE;
    probe(9, psram_wrong_words(MEGABYTES << 20));
    Cache_Disable_DCache();
    exchange(LINES_4_4_4, FAST_READ_QUAD, 32 * 1000, 6, 0, 0, &back, 4);
    probe(10, back ^ 0xaaaaaaaa);
}
