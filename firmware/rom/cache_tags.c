/* The caches in detail: what they load ahead, where their memory lies, and an operation over addresses of both (ESP-IDF
 * rom/cache.h, soc/extmem_reg.h, soc/sensitive_reg.h). */
#include "rom.h"

#define REG(address) (*(volatile uint32_t *)(address))
#define TAG_ACCESS REG(0x600c1004u)   /* SENSITIVE_CACHE_TAG_ACCESS_1: which memory is whose */
#define SRAM_USAGE REG(0x600c1014u)   /* SENSITIVE_INTERNAL_SRAM_USAGE_1 */
enum { THROUGH_ICACHE = 2, THROUGH_DCACHE = 3, BUFFER_CLEAR = 1 << 9, ORDER = 1 << 4, SIZE = 0x7ffffff };

typedef uint32_t asks(uint32_t address);
#define INTERNAL_TABLE (*(asks **const *)0x3fceffc4u)

struct autoload_config {
    uint8_t enabled, order, trigger, size;
};
struct region_config {
    uint8_t region, enable;
    uint32_t address, size;
};
struct cache_mode {
    uint32_t size;
    uint16_t line;
    uint8_t ways, icache;
};

void Cache_Disable_ICache_Autoload(void);
void Cache_Disable_DCache_Autoload(void);

static void set(volatile uint32_t *reg, uint32_t mask, uint32_t bits) { *reg = (*reg & ~mask) | (bits & mask); }

static void autoload(volatile uint32_t *control, const struct autoload_config *c) {
    if (!c->enabled)
        return;
    set(control, ORDER, c->order == 1 ? ORDER : 0);
    set(control, 3u << 5, (uint32_t)c->trigger << 5);
    set(control, 3u << 7, (uint32_t)c->size << 7);
}

static void Cache_Config_ICache_Autoload(const struct autoload_config *c) {
    Cache_Disable_ICache_Autoload();
    autoload(&REG(0x600c40a0u), c);
}
static void Cache_Config_DCache_Autoload(const struct autoload_config *c) {
    Cache_Disable_DCache_Autoload();
    autoload(&REG(0x600c404cu), c);
}
ENTRY(Cache_Config_ICache_Autoload, 0x40001794);
ENTRY(Cache_Config_DCache_Autoload, 0x400017c4);

/* Behind the control register lie address and size of the two regions. */
static int region(volatile uint32_t *control, uint32_t through, const struct region_config *c) {
    uint32_t bit = 1u << c->region;
    if (c->region > 1 || !INTERNAL_TABLE[through](c->address) || !INTERNAL_TABLE[through](c->address + c->size - 1))
        return 1;
    if (*control & bit) {
        *control |= BUFFER_CLEAR;
        *control &= ~(uint32_t)BUFFER_CLEAR;
        *control &= ~bit;
    }
    if (c->enable) {
        control[1 + 2 * c->region] = c->address;
        set(&control[2 + 2 * c->region], SIZE, c->size);
        *control |= bit;
    }
    return 0;
}

static int Cache_Config_ICache_Region_Autoload(const struct region_config *c) { return region(&REG(0x600c40a0u), THROUGH_ICACHE, c); }
static int Cache_Config_DCache_Region_Autoload(const struct region_config *c) { return region(&REG(0x600c404cu), THROUGH_DCACHE, c); }
ENTRY(Cache_Config_ICache_Region_Autoload, 0x400017a0);
ENTRY(Cache_Config_DCache_Region_Autoload, 0x400017d0);

/* A walk over a tag memory: `told` of each group of lines that one place of all ways can hold, or of the one that
 * `address` belongs to. rom/cache.h: struct tag_group_info. */
enum { MOST_WAYS = 8 };
struct tag_group {
    struct cache_mode mode;
    uint32_t address, offset, tag[MOST_WAYS], memory[MOST_WAYS];
    uint8_t in_memory;
};
typedef void told_of(struct tag_group *group);

void Cache_Get_Mode(struct cache_mode *mode);
uint32_t rom_Cache_Suspend_ICache(void);
uint32_t rom_Cache_Suspend_DCache(void);
void Cache_Resume_ICache(uint32_t autoload);
void Cache_Resume_DCache(uint32_t autoload);
#define TAG_OBJECT REG(0x600c4180u)  /* EXTMEM_CACHE_TAG_OBJECT_CTRL */
#define TAG_WAY REG(0x600c4184u)     /* EXTMEM_CACHE_TAG_WAY_OBJECT */
#define TAG_ADDRESS REG(0x600c4188u) /* EXTMEM_CACHE_VADDR */
#define TAG_CONTENT REG(0x600c418cu) /* EXTMEM_CACHE_TAG_CONTENT */

/* The places to go through: groups of a bank, and banks, of which a cache has two where it is not of the usual size. */
struct walk {
    uint32_t bank_bytes, groups, banks, group, group_end, bank, bank_end;
};

static struct walk plan(struct cache_mode *mode, uint32_t address) {
    if (INTERNAL_TABLE[THROUGH_DCACHE](address))
        mode->icache = 0;
    else if (INTERNAL_TABLE[THROUGH_ICACHE](address))
        mode->icache = 1;
    Cache_Get_Mode(mode);
    struct walk w = {.bank_bytes = mode->icache ? 0x4000 : 0x8000};
    w.groups = w.bank_bytes / mode->ways / mode->line;
    w.banks = mode->size == w.bank_bytes ? 1 : 2;
    w.group_end = w.groups;
    w.bank_end = w.banks;
    if (address) {
        w.group = address % (mode->size / mode->ways) / (mode->line * w.banks);
        w.bank = address / mode->line % w.banks;
        w.group_end = w.group + 1;
        w.bank_end = w.bank + 1;
    }
    return w;
}

/* Where a way's line lies in the cache's memory: the instruction cache has its four ways in two halves. */
static uint32_t line_of(const struct cache_mode *mode, const struct walk *w, uint32_t group, uint32_t way) {
    uint32_t at = group + way * w->groups, half = w->groups / 2;
    if (mode->ways == 4 && mode->icache)
        at = group < half ? (way * w->groups >> 1) + group : ((4 + way) * w->groups >> 1) + group - half;
    return at * mode->line;
}

static void travel(const struct cache_mode *mode, struct walk *w, struct tag_group *info, told_of *told) {
    const uint32_t first = w->group;
    for (; w->bank != w->bank_end; w->bank++)
        for (w->group = first; w->group < w->group_end; w->group++) {
            for (uint32_t way = 0; way < mode->ways; way++) {
                info->memory[way] = line_of(mode, w, w->group, way) + w->bank * w->bank_bytes;
                if (!info->in_memory) {
                    TAG_WAY = way;
                    info->tag[way] = TAG_CONTENT;
                }
            }
            uint32_t bytes = w->banks * mode->line;
            info->offset = bytes * w->group + info->address % bytes;
            told(info);
        }
}

/* A walk by the addresses of tags. They are those of the last tag at each call, as on silicon. */
static void Cache_Travel_Tag_Memory(struct cache_mode *mode, uint32_t address, told_of *told) {
    struct walk w = plan(mode, address);
    uint32_t tags = mode->icache ? 0x600c6000 : 0x600c8000, autoload;
    struct tag_group info = {.mode = *mode, .address = address, .in_memory = 1};
    autoload = mode->icache ? rom_Cache_Suspend_ICache() : rom_Cache_Suspend_DCache();
    uint32_t each = mode->size / mode->ways / mode->line;
    uint32_t last = address ? address % (mode->size / mode->ways) / mode->line : each - 1;
    for (uint32_t way = 0; way < mode->ways; way++)
        info.tag[way] = tags + 4 * (last + way * each);
    travel(mode, &w, &info, told);
    (mode->icache ? Cache_Resume_ICache : Cache_Resume_DCache)(autoload);
}
ENTRY(Cache_Travel_Tag_Memory, 0x400019d4);

/* A walk by what the cache controller says tags hold. */
static void Cache_Travel_Tag_Memory2(struct cache_mode *mode, uint32_t address, told_of *told) {
    struct walk w = plan(mode, address);
    struct tag_group info = {.mode = *mode, .address = address};
    uint32_t autoload = mode->icache ? rom_Cache_Suspend_ICache() : rom_Cache_Suspend_DCache();
    TAG_OBJECT = 1u << (1 - mode->icache);
    TAG_ADDRESS = address;
    travel(mode, &w, &info, told);
    (mode->icache ? Cache_Resume_ICache : Cache_Resume_DCache)(autoload);
}
ENTRY(Cache_Travel_Tag_Memory2, 0x400019e0);

/* Where a line of a tag memory belongs in the address space. */
static uint32_t Cache_Get_Virtual_Addr(const struct cache_mode *mode, uint32_t tag, uint32_t offset) {
    uint32_t bus = mode->icache ? 0x42000000 : 0x3c000000;
    return (mode->size / mode->ways * tag & 0x1ffffff) + offset + bus;
}
ENTRY(Cache_Get_Virtual_Addr, 0x400019ec);

/* The first or second memory of a cache that is a tag memory's of this number, and not the processors'. */
static uint32_t base(uint32_t taken, uint32_t free, uint32_t number, uint32_t first, uint32_t second) {
    uint32_t is = taken >> (2 * number & 31);
    if ((is & 1) && !(free & 1))
        return first;
    return (is & 2) && !(free & 2) ? second : 0;
}

static uint32_t Cache_Get_Memory_BaseAddr(uint32_t icache, uint32_t number) {
    uint32_t taken = TAG_ACCESS, free = SRAM_USAGE;
    return icache ? base(taken & 0xf, free, number, 0x40370000, 0x40374000)
                  : base(taken >> 4 & 0xf, free >> 2, number, 0x3fcf0000, 0x3fcf8000);
}
ENTRY(Cache_Get_Memory_BaseAddr, 0x400019f8);

static uint32_t Cache_Get_Memory_Addr(const struct cache_mode *mode, uint32_t at, uint32_t address) {
    uint32_t bits = mode->icache ? 14 : 15;
    return address % mode->line + (at & ((1u << bits) - 1)) + Cache_Get_Memory_BaseAddr(mode->icache, at >> bits);
}
ENTRY(Cache_Get_Memory_Addr, 0x40001a04);

/* A word of a cache's memory, which is the processors' for as long as it takes. */
static uint32_t Cache_Get_Memory_value(uint32_t address) {
    uint32_t icache = address > 0x4036ffff, at = icache ? 0 : 2;
    uint32_t bit = 1u << (icache ? (address - 0x40370000) >> 14 : (address - 0x3fcf0000) >> 15);
    uint32_t free = (SRAM_USAGE >> at & 3) | bit;
    set(&SRAM_USAGE, 3u << at, free << at);
    uint32_t value = *(volatile uint32_t *)(icache ? address & ~3u : address);
    set(&SRAM_USAGE, 3u << at, (free & ~bit) << at);
    return value;
}
ENTRY(Cache_Get_Memory_value, 0x40001a10);

/* Lines of addresses in pieces of `most` lines, for the instruction or the data cache; whom rom_cache_op_cb names is told
 * before and after. */
static int Cache_Op_Addr(uint32_t buses, uint32_t address, uint32_t size, uint32_t line, uint32_t most,
                         void (*instructions)(uint32_t address, uint32_t lines), void (*data)(uint32_t address, uint32_t lines)) {
    struct callbacks {
        void (*start)(void);
        void (*end)(void);
    } *tell = (struct callbacks *)0x3fceffc8u;
    uint32_t head = address & (line - 1), left = (size + head + line - 1) & -line, step = most * line;
    address -= head;
    if (tell->start)
        tell->start();
    while (left) {
        uint32_t some = ((address + step) & -step) - address;
        some = some < left ? some : left;
        void (*of)(uint32_t, uint32_t) = buses != 1 || INTERNAL_TABLE[THROUGH_DCACHE](address) ? data : instructions;
        if (of)
            of(address, some / line);
        address += some;
        left -= some;
    }
    if (tell->end)
        tell->end();
    return 0;
}
ENTRY(Cache_Op_Addr, 0x400016a4);
