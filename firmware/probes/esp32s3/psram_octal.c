/* An octal PSRAM of 8 MB, found and set up as ESP-IDF's esp_psram_impl_octal.c does it. */
#include "probe.h"
#include "psram.h"

#define MEGABYTES 8
#define REFERENCE 0x5a6b7c8du
enum { SYNC_READ = 0x0000, SYNC_WRITE = 0x8080, REG_READ = 0x4040, REG_WRITE = 0xc0c0 };
enum { REG_DUMMY = 8, READ_DUMMY = 18, WRITE_DUMMY = 8 };

static void exchange(uint32_t command, uint32_t address, uint32_t dummy, const void *out, uint32_t out_bytes, void *in,
                     uint32_t in_bytes) {
    spi1(&(struct transaction){.chip = PSRAM, .lines = LINES_8_8_8_DTR, .command = command, .command_bits = 16,
                               .address = address, .address_bits = 32, .dummy = dummy, .out = out, .out_bytes = out_bytes,
                               .in = in, .in_bytes = in_bytes});
}

/* Mode registers come in pairs. */
static uint32_t mode_registers(uint32_t first) {
    uint8_t pair[2];
    exchange(REG_READ, first, REG_DUMMY, 0, 0, pair, 2);
    return pair[0] | pair[1] << 8;
}

static void probes(void) {
    uint32_t mr0 = mode_registers(0);
    probe(1, mr0 >> 8 & 0x1f);
    /* Fixed latency, of read code 2, full drive strength. */
    uint16_t wanted = (mr0 & 0xc0) | BIT(5) | 2 << 2;
    exchange(REG_WRITE, 0, 0, &wanted, 2, 0, 0);
    probe(2, mode_registers(0) & 0x3f);
    uint32_t word = REFERENCE, back = 0;
    exchange(SYNC_WRITE, 0, WRITE_DUMMY, &word, 4, 0, 0);
    exchange(SYNC_READ, 0, READ_DUMMY, 0, 0, &back, 4);
    probe(3, back);
    uint32_t mr2 = mode_registers(2);
    probe(4, mr2 & 7);
    probe(5, mr2 >> 7 & 1);
    probe(6, mode_registers(8) & 3);
    /* On one line, as a quad chip is asked, it says nothing. */
    uint32_t id = 0;
    spi1(&(struct transaction){.chip = PSRAM, .command = 0x9f, .command_bits = 8, .address_bits = 24, .in = &id, .in_bytes = 3});
    probe(7, id);

    /* SPI0's phases, s_config_psram_spi_phases; then the cache reaches it. */
    set_bits(&CACHE_SCTRL, CACHE_SCTRL_CACHE_USR_SCMD_4BYTE | CACHE_SCTRL_USR_WR_SRAM_DUMMY | CACHE_SCTRL_USR_RD_SRAM_DUMMY |
                               CACHE_SCTRL_CACHE_SRAM_USR_RCMD | CACHE_SCTRL_CACHE_SRAM_USR_WCMD);
    field_set(&CACHE_SCTRL, CACHE_SCTRL_SRAM_ADDR_BITLEN, 32 - 1);
    field_set(&CACHE_SCTRL, CACHE_SCTRL_SRAM_RDUMMY_CYCLELEN, READ_DUMMY - 1);
    field_set(&CACHE_SCTRL, CACHE_SCTRL_SRAM_WDUMMY_CYCLELEN, WRITE_DUMMY - 1);
    SRAM_DRD_CMD = field(SRAM_CMD_BITLEN, 15) | SYNC_READ;
    SRAM_DWR_CMD = field(SRAM_CMD_BITLEN, 15) | SYNC_WRITE;
    probe(8, psram_wrong_words(MEGABYTES << 20));
    /* What the cache wrote is in the chip. */
    Cache_Disable_DCache();
    exchange(SYNC_READ, 32 * 1000, READ_DUMMY, 0, 0, &back, 4);
    probe(9, back ^ 0xaaaaaaaa);
}
