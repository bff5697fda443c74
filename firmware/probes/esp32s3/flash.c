/* Flash and cache. This probe runs from flash: the second stage has mapped its code and its constants. */
#include "drivers/drivers.h"
#include "probe.h"

#define MMU_ENTRY(vaddr) REG(0x600c5000u + ((vaddr) & 0x1ffffffu) / 0x10000u * 4)
#define WINDOW 0x3c100000u
#define TYPE_DATA 1
#define SUBTYPE_UNDEFINED 6
#define TYPE_APP 0
#define SUBTYPE_FACTORY 0

static const uint32_t constants[] = {0x12345678, 0xcafe};


static void probes(void) {
    static uint32_t buffer[1024];
    struct partition app, data;
    probe(1, (uintptr_t)probes >> 24);
    probe(2, (uintptr_t)constants >> 24);
    probe(3, constants[1]);
    probe(4, partition_find(TYPE_APP, SUBTYPE_FACTORY, &app));
    probe(5, partition_find(TYPE_DATA, SUBTYPE_UNDEFINED, &data));
    probe(6, data.offset);
    /* The page of the code holds what the flash holds there. */
    uint32_t page = MMU_ENTRY((uintptr_t)probes);
    probe(7, page >= app.offset >> 16 && page < (app.offset + app.bytes) >> 16);
    flash_read(page << 16 | ((uintptr_t)probes & 0xfffc), buffer, 4);
    probe(8, buffer[0] == *(volatile uint32_t *)((uintptr_t)probes & ~3u));

    probe(10, flash_id() & 0xff);
    uint64_t then = time_us();
    flash_erase(data.offset, FLASH_SECTOR);
    probe(11, (uint32_t)(time_us() - then));
    flash_read(data.offset, buffer, sizeof buffer);
    uint32_t all = 0xffffffff;
    for (uint32_t n = 0; n < 1024; n++)
        all &= buffer[n];
    probe(12, all);
    for (uint32_t n = 0; n < 1024; n++)
        buffer[n] = n * 0x01010101u ^ 0x00ff00ff;
    flash_write(data.offset, buffer, sizeof buffer);
    memset(buffer, 0, sizeof buffer);
    flash_read(data.offset, buffer, sizeof buffer);
    uint32_t wrong = 0;
    for (uint32_t n = 0; n < 1024; n++)
        wrong += buffer[n] != (n * 0x01010101u ^ 0x00ff00ff);
    probe(13, wrong);
    /* Programming clears bits and sets none. */
    uint32_t word = 0x0f0f0f0f;
    flash_read(data.offset + 4, buffer, 4);
    flash_write(data.offset + 4, &word, 4);
    flash_read(data.offset + 4, buffer + 1, 4);
    probe(14, buffer[1] == (buffer[0] & word));

    /* The same through the cache, before and after an erase. */
    probe(15, flash_map(WINDOW, data.offset, 1));
    probe(16, *(volatile uint32_t *)(WINDOW + 8) == (2 * 0x01010101u ^ 0x00ff00ff));
    flash_erase(data.offset, FLASH_SECTOR);
    flash_map(WINDOW, data.offset, 1);
    probe(17, *(volatile uint32_t *)(WINDOW + 8));
}
