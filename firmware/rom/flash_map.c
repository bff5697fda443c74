/* Flash in the address space: pages of the caches' MMU that somebody has asked for, and the caches while SPI1 has the chip
 * (ESP-IDF 4.4 esp_spi_flash.h spi_flash_mmap, cache_utils.h; soc/ext_mem_defs.h, soc/extmem_reg.h). */
#include "spi_flash.h"

#define MMU ((volatile uint32_t *)0x600c5000u)
enum { INVALID = 0x4000, PAGE = 0x10000, DATA = 0, INSTRUCTIONS = 1 };
#define INSTRUCTION_BUS 0x42000000u
#define DATA_BUS 0x3c000000u
#define DCACHE_CTRL 0x600c4000u
#define ICACHE_CTRL 0x600c4060u
#define CACHE_WRAP_AROUND_CTRL 0x600c4128u

uint32_t rom_Cache_Suspend_ICache(void), rom_Cache_Suspend_DCache(void);
void Cache_Resume_ICache(uint32_t autoload), Cache_Resume_DCache(uint32_t autoload);
uint32_t flash_instr_rodata_start_page(uint32_t bus), flash_instr_rodata_end_page(uint32_t bus);
int32_t flash2spiram_instruction_offset(void), flash2spiram_rodata_offset(void);
/* Where constants lie that were copied to PSRAM: `Cache_Set_IDROM_MMU_Info`. */
#define RODATA ((const int32_t *)0x3fcef6a0u)

static uint32_t instruction_pages(void) { return Cache_Get_IROM_MMU_End() / 4; }
static uint32_t all_pages(void) { return Cache_Get_DROM_MMU_End() / 4; }
/* Entries of the MMU for constants begin behind those for instructions, and so does their bus. */
static uint32_t data_base(void) { return DATA_BUS + instruction_pages() * PAGE; }

/* What the start-up code has mapped is in use for ever; what else is there is not in use. */
static void begin(void) {
    if (OWN->used[instruction_pages()])
        return;
    for (uint32_t n = 0; n < OWN->pages; n++) {
        uint32_t entry = MMU[n];
        if (!(entry & INVALID) && (entry || n == 0 || n == instruction_pages()))
            OWN->used[n] = 1;
        else
            MMU[n] = INVALID;
    }
}

struct area {
    uint32_t first, count, base;
};
static struct area area_of(uint32_t memory) {
    if (memory == DATA)
        return (struct area){instruction_pages(), all_pages() - instruction_pages(), data_base()};
    return (struct area){0, instruction_pages(), INSTRUCTION_BUS};
}

static void spi_flash_mmap_os_func_set(void *(*allocate)(uint32_t), void (*release)(void *)) {
    OWN->allocate = allocate;
    OWN->release = release;
}
ENTRY(spi_flash_mmap_os_func_set, 0x40000b94);

static error spi_flash_mmap_page_num_init(uint32_t pages) {
    OWN->used = OWN->allocate(pages);
    if (!OWN->used)
        return NO_MEMORY;
    rom_memset(OWN->used, 0, pages);
    OWN->pages = pages;
    return 0;
}
ENTRY(spi_flash_mmap_page_num_init, 0x40000ba0);

static void check_allocator(int line, const char *function) {
    if (!OWN->allocate || !OWN->release)
        assertion("spi_flash_mmap.c", line, function, "flash_mmap_malloc_internal_cb != NULL && flash_mmap_free_internal_cb != NULL");
}

/* The first entry of a run that is free, or has these pages already. */
static uint32_t find_run(const struct area *area, const uint32_t *pages, uint32_t count) {
    uint32_t end = area->first + area->count - count + 1, at;
    for (at = area->first; at < end; at++) {
        uint32_t n = 0;
        while (n < count && (!OWN->used[at + n] || MMU[at + n] == pages[n]))
            n++;
        if (n == count)
            break;
    }
    return at;
}

static void take(const struct area *area, uint32_t at, const uint32_t *pages, uint32_t count) {
    for (uint32_t n = at; n < at + count; n++, pages++) {
        if (!OWN->used[n] && MMU[n] != *pages) {
            MMU[n] = *pages;
            Cache_Invalidate_Addr(area->base + (n - area->first) * PAGE, PAGE);
        }
        OWN->used[n]++;
    }
}

static error rom_spi_flash_mmap_pages(const int32_t *pages, uint32_t count, uint32_t memory, const void **where, uint32_t *handle) {
    if (!count)
        return BAD_ARGUMENT;
    for (uint32_t n = 0; n < count; n++)
        if (pages[n] < 0 || (uint32_t)pages[n] * PAGE >= spi_flash_get_chip_size())
            return BAD_ARGUMENT;
    check_allocator(112, "spi_flash_mmap_pages");
    struct mapping *m = OWN->allocate(sizeof *m);
    if (!m)
        return NO_MEMORY;
    guard_start();
    begin();
    struct area area = area_of(memory);
    if (area.count < count) {
        guard_end();
        return NO_MEMORY;
    }
    uint32_t at = find_run(&area, (const uint32_t *)pages, count);
    error e = NO_MEMORY;
    if (at == area.first + area.count - count + 1) {
        *handle = 0;
        *where = 0;
    } else {
        take(&area, at, (const uint32_t *)pages, count);
        *m = (struct mapping){++OWN->handles, at, count, OWN->mappings, &OWN->mappings};
        if (m->next)
            m->next->before = &m->next;
        OWN->mappings = m;
        *handle = m->handle;
        *where = (const void *)(area.base + (at - area.first) * PAGE);
        e = 0;
    }
    guard_end();
    if (!*where)
        OWN->release(m);
    return e;
}
ENTRY(rom_spi_flash_mmap_pages, 0x40000bb8);

error rom_spi_flash_mmap(uint32_t from, uint32_t count, uint32_t memory, const void **where, uint32_t *handle) {
    if (from % PAGE || spi_flash_get_chip_size() < from + count)
        return BAD_ARGUMENT;
    uint32_t needed = (count + PAGE - 1) / PAGE;
    check_allocator(200, "spi_flash_mmap");
    int32_t *pages = OWN->allocate(4 * needed);
    if (!pages)
        return NO_MEMORY;
    for (uint32_t n = 0; n < needed; n++)
        pages[n] = from / PAGE + n;
    error e = rom_spi_flash_mmap_pages(pages, needed, memory, where, handle);
    OWN->release(pages);
    return e;
}
ENTRY(rom_spi_flash_mmap, 0x40000bac);

void rom_spi_flash_munmap(uint32_t handle) {
    guard_start();
    struct mapping *m = OWN->mappings;
    while (m && m->handle != handle)
        m = m->next;
    if (m) {
        for (uint32_t n = m->page; n < m->page + m->count; n++) {
            if (!OWN->used[n])
                assertion("spi_flash_mmap.c", 225, "spi_flash_munmap", "s_mmap_page_refcnt[i] > 0");
            if (!--OWN->used[n])
                MMU[n] = INVALID;
        }
        if (m->next)
            m->next->before = m->before;
        *m->before = m->next;
    }
    guard_end();
    if (!m)
        assertion("spi_flash_mmap.c", 236, "spi_flash_munmap", "0 && \"invalid handle, or handle already unmapped\"");
    OWN->release(m);
}
ENTRY(rom_spi_flash_munmap, 0x40000bc4);

static void spi_flash_mmap_dump(void) {
    begin();
    for (struct mapping *m = OWN->mappings; m; m = m->next)
        ets_printf("handle=%d page=%d count=%d\n", m->handle, m->page, m->count);
    for (uint32_t n = 0; n < OWN->pages; n++)
        if (OWN->used[n])
            ets_printf("page %d: refcnt=%d paddr=%d\n", n, OWN->used[n], MMU[n]);
}
ENTRY(spi_flash_mmap_dump, 0x40000bd0);

static uint32_t spi_flash_mmap_get_free_pages(uint32_t memory) {
    begin();
    struct area area = area_of(memory);
    uint32_t free = 0;
    for (uint32_t n = area.first; n < area.first + area.count; n++)
        free += !OWN->used[n] && MMU[n] == INVALID;
    return free;
}
ENTRY(spi_flash_mmap_get_free_pages, 0x40000be8);

/* Of what has changed, the first page that somebody sees. */
uint32_t spi_flash_check_and_flush_cache(uint32_t from, uint32_t count) {
    uint32_t first = from & -PAGE, end = first + ((count + PAGE - 1 + from - first) & -PAGE);
    for (uint32_t at = first; at < end && at / PAGE < 256; at += PAGE) {
        uint32_t seen = spi_flash_phys2cache(at, DATA);
        if (seen) {
            Cache_Invalidate_Addr(seen, PAGE);
            return 1;
        }
    }
    return 0;
}
ENTRY(spi_flash_check_and_flush_cache, 0x40000bdc);

static uint32_t spi_flash_cache2phys(uint32_t address) {
    int32_t offset = 0;
    uint32_t page;
    if (address - 0x40370000 < 0x01c90000)
        return ~0u;
    if ((int32_t)address >= (int32_t)INSTRUCTION_BUS) {
        page = (int32_t)(address - INSTRUCTION_BUS) >> 16;
        offset = flash2spiram_instruction_offset();
    } else {
        page = (address - data_base()) / PAGE + instruction_pages();
        if ((int32_t)address >= RODATA[0] && (int32_t)address <= RODATA[1])
            offset = flash2spiram_rodata_offset();
    }
    uint32_t end = all_pages() > instruction_pages() ? all_pages() : instruction_pages();
    uint32_t entry = page < end ? MMU[page] : INVALID;
    return entry == INVALID ? ~0u : ((entry & 0x3fff) + offset) * PAGE | (address & (PAGE - 1));
}
ENTRY(spi_flash_cache2phys, 0x40000bf4);

static int lies_in(uint32_t page, uint32_t bus) {
    return page >= flash_instr_rodata_start_page(bus) && page <= flash_instr_rodata_end_page(bus);
}

/* What the start-up code has mapped for one bus is not looked for on the other. */
uint32_t spi_flash_phys2cache(uint32_t address, uint32_t memory) {
    uint32_t page = address / PAGE;
    if (lies_in(page, 0)) {
        page -= flash2spiram_instruction_offset();
        if (memory == DATA)
            return 0;
    } else if (lies_in(page, 1)) {
        page -= flash2spiram_rodata_offset();
        if (memory == INSTRUCTIONS)
            return 0;
    }
    struct area area = area_of(memory);
    for (uint32_t n = 0; (int32_t)(n + area.first) < (int32_t)(area.first + area.count); n++)
        if ((MMU[area.first + n] & 0x3fff) == page)
            return (area.base + n * PAGE) | (address & (PAGE - 1));
    return 0;
}
ENTRY(spi_flash_phys2cache, 0x40000c00);

/* The caches. */
static void rom_spi_flash_disable_cache(uint32_t core, uint32_t *state) {
    (void)core;
    uint32_t instructions = rom_Cache_Suspend_ICache();
    OWN->caches = instructions << 16 | rom_Cache_Suspend_DCache();
    *state = OWN->caches;
}
ENTRY(rom_spi_flash_disable_cache, 0x40000c0c);

static void rom_spi_flash_restore_cache(uint32_t core, uint32_t state) {
    (void)core;
    Cache_Resume_DCache(state & 0xffff);
    Cache_Resume_ICache(state >> 16);
}
ENTRY(rom_spi_flash_restore_cache, 0x40000c18);

static uint32_t spi_flash_cache_enabled(void) { return REG(ICACHE_CTRL) & REG(DCACHE_CTRL) & 1; }
ENTRY(spi_flash_cache_enabled, 0x40000c24);
static void spi_flash_enable_cache(uint32_t core) { rom_spi_flash_restore_cache(core, OWN->caches); }
ENTRY(spi_flash_enable_cache, 0x40000c30);

static void esp_enable_cache_flash_wrap(bool instructions, bool data) {
    uint32_t icache = instructions ? rom_Cache_Suspend_ICache() : 0, dcache = data ? rom_Cache_Suspend_DCache() : 0;
    REG(CACHE_WRAP_AROUND_CTRL) |= 1;
    if (instructions)
        Cache_Resume_ICache(icache);
    if (data)
        Cache_Resume_DCache(dcache);
}
ENTRY(esp_enable_cache_flash_wrap, 0x40000c6c);
