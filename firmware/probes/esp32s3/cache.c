/* The caches: a page of flash on both buses, operations and their interrupts, and what they refuse: pages that are not
 * mapped, buses that are shut, stores to flash. This probe runs from internal memory. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/extmem.h"

#define PAGE 0x10000u
#define MMU_ENTRY(vaddr) REG(0x600c5000u + ((vaddr) & 0x1ffffffu) / PAGE * 4)
#define DATA 0x3c200000u
#define INSTRUCTIONS 0x42200000u /* the same entry of the MMU */
#define UNMAPPED 0x3c300000u
#define WORD(address) REG(address)
/* ESP-IDF soc/interrupts.h. */
#define SOURCE_CACHE_IA 56
#define SOURCE_DCACHE_PRELOAD0 61
#define SOURCE_ICACHE_SYNC0 64
#define SOURCE_CACHE_CORE0_ACS 94
enum { LINE_REFUSED = 0, LINE_PRELOAD = 1, LINE_SYNC = 2, LINE_ACCESS = 3 };

static volatile uint32_t refused, preloads, syncs, accesses;
static void on_refused(void *unused) {
    (void)unused;
    refused |= EXTMEM_CACHE_ILG_INT_ST;
    EXTMEM_CACHE_ILG_INT_CLR = 0x1ff;
}
static void on_preload(void *unused) {
    (void)unused;
    preloads++;
    set_bits(&EXTMEM_CACHE_PRELOAD_INT_CTRL, EXTMEM_CACHE_PRELOAD_INT_CTRL_DCACHE_PRELOAD_INT_CLR);
}
static void on_sync(void *unused) {
    (void)unused;
    syncs++;
    set_bits(&EXTMEM_CACHE_SYNC_INT_CTRL, EXTMEM_CACHE_SYNC_INT_CTRL_ICACHE_SYNC_INT_CLR);
}
static void on_access(void *unused) {
    (void)unused;
    accesses |= EXTMEM_CORE0_ACS_CACHE_INT_ST;
    EXTMEM_CORE0_ACS_CACHE_INT_CLR = 0x1f;
}

static uint32_t said(void) {
    delay_us(1);
    uint32_t all = accesses << 16 | refused;
    refused = accesses = 0;
    return all;
}

static void probes(void) {
    interrupt_route(0, SOURCE_CACHE_IA, LINE_REFUSED);
    interrupt_route(0, SOURCE_DCACHE_PRELOAD0, LINE_PRELOAD);
    interrupt_route(0, SOURCE_ICACHE_SYNC0, LINE_SYNC);
    interrupt_route(0, SOURCE_CACHE_CORE0_ACS, LINE_ACCESS);
    interrupt_handler(LINE_REFUSED, on_refused, 0);
    interrupt_handler(LINE_PRELOAD, on_preload, 0);
    interrupt_handler(LINE_SYNC, on_sync, 0);
    interrupt_handler(LINE_ACCESS, on_access, 0);
    for (uint32_t line = 0; line < 4; line++)
        interrupt_enable(line);
    EXTMEM_CACHE_ILG_INT_ENA = EXTMEM_CACHE_ILG_INT_MMU_ENTRY_FAULT_INT_ENA |
                               EXTMEM_CACHE_ILG_INT_DCACHE_WRITE_FLASH_INT_ENA;
    EXTMEM_CORE0_ACS_CACHE_INT_ENA = 0x1f;
    set_bits(&EXTMEM_DCACHE_CTRL, EXTMEM_DCACHE_CTRL_DCACHE_ENABLE);
    set_bits(&EXTMEM_ICACHE_CTRL, EXTMEM_ICACHE_CTRL_ICACHE_ENABLE);
    EXTMEM_DCACHE_CTRL1 = EXTMEM_ICACHE_CTRL1 = 0;

    /* The first page of flash, which begins with this image. */
    uint32_t first;
    flash_read(0, &first, 4);
    probe(1, flash_map(DATA, 0, 1));
    probe(2, WORD(DATA) == first);
    probe(3, WORD(INSTRUCTIONS) == first);
    probe(4, MMU_ENTRY(INSTRUCTIONS));
    probe(5, said());

    /* Operations, and two of their interrupts. */
    uint32_t done = 0;
    EXTMEM_DCACHE_SYNC_ADDR = DATA;
    EXTMEM_DCACHE_SYNC_SIZE = PAGE;
    EXTMEM_DCACHE_SYNC_CTRL = EXTMEM_DCACHE_SYNC_CTRL_DCACHE_INVALIDATE_ENA;
    WAIT_UNTIL(EXTMEM_DCACHE_SYNC_CTRL & EXTMEM_DCACHE_SYNC_CTRL_DCACHE_SYNC_DONE, 1000);
    done += (EXTMEM_DCACHE_SYNC_CTRL & EXTMEM_DCACHE_SYNC_CTRL_DCACHE_SYNC_DONE) != 0;
    EXTMEM_DCACHE_LOCK_ADDR = DATA;
    EXTMEM_DCACHE_LOCK_SIZE = 64;
    EXTMEM_DCACHE_LOCK_CTRL = EXTMEM_DCACHE_LOCK_CTRL_DCACHE_LOCK_ENA;
    WAIT_UNTIL(EXTMEM_DCACHE_LOCK_CTRL & EXTMEM_DCACHE_LOCK_CTRL_DCACHE_LOCK_DONE, 1000);
    done += (EXTMEM_DCACHE_LOCK_CTRL & EXTMEM_DCACHE_LOCK_CTRL_DCACHE_LOCK_DONE) != 0;
    EXTMEM_DCACHE_LOCK_CTRL = EXTMEM_DCACHE_LOCK_CTRL_DCACHE_UNLOCK_ENA;
    WAIT_UNTIL(EXTMEM_DCACHE_LOCK_CTRL & EXTMEM_DCACHE_LOCK_CTRL_DCACHE_LOCK_DONE, 1000);
    done += (EXTMEM_DCACHE_LOCK_CTRL & EXTMEM_DCACHE_LOCK_CTRL_DCACHE_LOCK_DONE) != 0;
    EXTMEM_DCACHE_FREEZE = EXTMEM_DCACHE_FREEZE_ENA;
    WAIT_UNTIL(EXTMEM_DCACHE_FREEZE & EXTMEM_DCACHE_FREEZE_DONE, 1000);
    done += (EXTMEM_DCACHE_FREEZE & EXTMEM_DCACHE_FREEZE_DONE) != 0;
    EXTMEM_DCACHE_FREEZE = 0;
    probe(6, done);
    EXTMEM_CACHE_PRELOAD_INT_CTRL = EXTMEM_CACHE_PRELOAD_INT_CTRL_DCACHE_PRELOAD_INT_ENA;
    EXTMEM_DCACHE_PRELOAD_ADDR = DATA;
    EXTMEM_DCACHE_PRELOAD_SIZE = 256;
    EXTMEM_DCACHE_PRELOAD_CTRL = EXTMEM_DCACHE_PRELOAD_CTRL_DCACHE_PRELOAD_ENA;
    WAIT_UNTIL(preloads, 100);
    probe(7, preloads);
    EXTMEM_CACHE_SYNC_INT_CTRL = EXTMEM_CACHE_SYNC_INT_CTRL_ICACHE_SYNC_INT_ENA;
    EXTMEM_ICACHE_SYNC_ADDR = INSTRUCTIONS;
    EXTMEM_ICACHE_SYNC_SIZE = PAGE;
    EXTMEM_ICACHE_SYNC_CTRL = EXTMEM_ICACHE_SYNC_CTRL_ICACHE_INVALIDATE_ENA;
    WAIT_UNTIL(syncs, 100);
    probe(8, syncs);
    probe(9, said());

    /* A page that is not there. */
    (void)WORD(UNMAPPED + 0x123c);
    probe(10, said());
    probe(11, EXTMEM_CACHE_MMU_FAULT_VADDR);
    probe(12, MMU_ENTRY(UNMAPPED) >> 14);

    /* Buses that are shut, a cache that is off. */
    EXTMEM_DCACHE_CTRL1 = EXTMEM_DCACHE_CTRL1_DCACHE_SHUT_CORE0_BUS;
    (void)WORD(DATA);
    EXTMEM_DCACHE_CTRL1 = 0;
    probe(13, said());
    EXTMEM_ICACHE_CTRL1 = EXTMEM_ICACHE_CTRL1_ICACHE_SHUT_CORE0_BUS;
    (void)WORD(INSTRUCTIONS);
    EXTMEM_ICACHE_CTRL1 = 0;
    probe(14, said());
    clear_bits(&EXTMEM_DCACHE_CTRL, EXTMEM_DCACHE_CTRL_DCACHE_ENABLE);
    (void)WORD(DATA);
    set_bits(&EXTMEM_DCACHE_CTRL, EXTMEM_DCACHE_CTRL_DCACHE_ENABLE);
    probe(15, said());
    probe(16, WORD(DATA) == first);

    /* Stores to flash do not reach it. */
    WORD(DATA) = ~first;
    EXTMEM_DCACHE_SYNC_ADDR = DATA;
    EXTMEM_DCACHE_SYNC_SIZE = PAGE;
    EXTMEM_DCACHE_SYNC_CTRL = EXTMEM_DCACHE_SYNC_CTRL_DCACHE_WRITEBACK_ENA;
    WAIT_UNTIL(EXTMEM_DCACHE_SYNC_CTRL & EXTMEM_DCACHE_SYNC_CTRL_DCACHE_SYNC_DONE, 1000);
    probe(17, said() & EXTMEM_CACHE_ILG_INT_DCACHE_WRITE_FLASH_ST);
    uint32_t still;
    flash_read(0, &still, 4);
    probe(18, still == first);
    WORD(INSTRUCTIONS) = 0;
    probe(19, said() >> 16);
}
