/* Lines of the caches that stay, by addresses (ESP-IDF rom/cache.h, soc/extmem_reg.h): whole lines; 1 for what is in no
 * cache, and where less than a line is occupied. */
#include "rom.h"

#define DCACHE_CTRL (*(volatile uint32_t *)0x600c4000u)
#define ICACHE_CTRL (*(volatile uint32_t *)0x600c4060u)

typedef void operation(uint32_t address, uint32_t lines);
operation Cache_Lock_ICache_Items, Cache_Lock_DCache_Items, Cache_Unlock_ICache_Items, Cache_Unlock_DCache_Items,
    Cache_Occupy_Items;

/* ICACHE_BLOCKSIZE_MODE and DCACHE_BLOCKSIZE_MODE, from 16 bytes on. */
static uint32_t icache_line(void) { return 16u << (ICACHE_CTRL >> 3 & 1); }
static uint32_t dcache_line(void) { return 16u << (DCACHE_CTRL >> 3 & 3); }

static int lies_in(uint32_t bus, uint32_t address, uint32_t size) {
    return address - bus < 0x2000000 && address + size - 1 - bus < 0x2000000;
}

static int by_lines(operation *of, uint32_t line, uint32_t address, uint32_t size) {
    uint32_t first = address & -line, lines = ((address + size - 1) / line + 1) - first / line;
    if (lines)
        of(first, lines);
    return 0;
}

static int on_both(operation *instructions, operation *data, uint32_t address, uint32_t size) {
    if (lies_in(0x42000000, address, size))
        return by_lines(instructions, icache_line(), address, size);
    if (lies_in(0x3c000000, address, size))
        return by_lines(data, dcache_line(), address, size);
    return 1;
}

static int Cache_Lock_Addr(uint32_t address, uint32_t size) {
    return on_both(Cache_Lock_ICache_Items, Cache_Lock_DCache_Items, address, size);
}
ENTRY(Cache_Lock_Addr, 0x40001854);

static int Cache_Unlock_Addr(uint32_t address, uint32_t size) {
    return on_both(Cache_Unlock_ICache_Items, Cache_Unlock_DCache_Items, address, size);
}
ENTRY(Cache_Unlock_Addr, 0x40001860);

static int Cache_Occupy_Addr(uint32_t address, uint32_t size) {
    return lies_in(0x3c000000, address, size) && size >= dcache_line() ? by_lines(Cache_Occupy_Items, dcache_line(), address, size) : 1;
}
ENTRY(Cache_Occupy_Addr, 0x400018d8);
