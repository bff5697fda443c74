/* An octal PSRAM of 32 MB, all that the MMU's 512 pages reach. (psram_octal.c has how such a chip is found.) */
#include "probe.h"
#include "psram_octal.h"

#define LAST_PAGE 511u

static void probes(void) {
    probe(1, mode_registers(2) & 7);
    set_phases();
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
