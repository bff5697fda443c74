/* What both probes of octal PSRAM have: its commands, its mode registers, and how the cache reaches it. */
#ifndef PSRAM_OCTAL_H
#define PSRAM_OCTAL_H

#include "psram.h"

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

/* SPI0's phases, s_config_psram_spi_phases of ESP-IDF's esp_psram_impl_octal.c. */
static void set_phases(void) {
    set_bits(&CACHE_SCTRL, CACHE_SCTRL_CACHE_USR_SCMD_4BYTE | CACHE_SCTRL_USR_WR_SRAM_DUMMY | CACHE_SCTRL_USR_RD_SRAM_DUMMY |
                               CACHE_SCTRL_CACHE_SRAM_USR_RCMD | CACHE_SCTRL_CACHE_SRAM_USR_WCMD);
    field_set(&CACHE_SCTRL, CACHE_SCTRL_SRAM_ADDR_BITLEN, 32 - 1);
    field_set(&CACHE_SCTRL, CACHE_SCTRL_SRAM_RDUMMY_CYCLELEN, READ_DUMMY - 1);
    field_set(&CACHE_SCTRL, CACHE_SCTRL_SRAM_WDUMMY_CYCLELEN, WRITE_DUMMY - 1);
    SRAM_DRD_CMD = field(SRAM_CMD_BITLEN, 15) | SYNC_READ;
    SRAM_DWR_CMD = field(SRAM_CMD_BITLEN, 15) | SYNC_WRITE;
}

#endif
