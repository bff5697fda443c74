/* An octal PSRAM of 8 MB, found and set up as ESP-IDF's esp_psram_impl_octal.c does it. */
#include "probe.h"
#include "psram_octal.h"

#define MEGABYTES 8
#define REFERENCE 0x5a6b7c8du

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

    set_phases();
    probe(8, psram_wrong_words(MEGABYTES << 20));
    /* What the cache wrote is in the chip. */
    Cache_Disable_DCache();
    exchange(SYNC_READ, 32 * 1000, READ_DUMMY, 0, 0, &back, 4);
    probe(9, back ^ 0xaaaaaaaa);
}
