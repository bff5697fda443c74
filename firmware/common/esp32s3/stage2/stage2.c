/* The bare second stage: the mask ROM loads it from flash 0x0; it reads the partition table, picks an application,
 * copies that one's memory segments to where they belong, maps the others through the cache, and goes there.
 *
 * Formats: ESP-IDF esp_app_format.h, esp_flash_partitions.h, and its bootloader's documentation for which application
 * is chosen. Cache and MMU: ESP32-S3 TRM, chapter "System and Memory"; ESP-IDF soc/ext_mem_defs.h for the entries.
 */
#include "drivers/drivers.h"
#include "otadata.h"
#include "reg/extmem.h"
#include "runtime.h"

#define TABLE_AT 0x8000u
#define TABLE_LINES 95
#define MAGIC_LINE 0x50aa
#define MAGIC_IMAGE 0xe9
#define CHIP_ID 9
#define TYPE_APP 0
#define TYPE_DATA 1
#define SUBTYPE_FACTORY 0x00
#define SUBTYPE_OTA_0 0x10
#define SUBTYPE_OTADATA 0x00
#define OTA_APPS 16
#define CHECKSUM_SEED 0xefu
#define LONGEST 0x1000000u /* longer than any segment: what is there is none */

#define PAGE 0x10000u
#define MMU_ENTRY(vaddr) REG(0x600c5000u + ((vaddr) & 0x1ffffffu) / PAGE * 4)

int esp_rom_spiflash_read(uint32_t from, uint32_t *to, int32_t bytes);
void Cache_Disable_ICache(void);
void Cache_Disable_DCache(void);
void Cache_Invalidate_ICache_All(void);
void Cache_Invalidate_DCache_All(void);
void Cache_Enable_ICache(uint32_t autoload);
void Cache_Enable_DCache(uint32_t autoload);
void Cache_MMU_Init(void);

struct line {
    uint16_t magic;
    uint8_t type, subtype;
    uint32_t offset, bytes;
    char label[16];
    uint32_t flags;
};

struct header {
    uint8_t magic, segments, mode, size_and_speed;
    uint32_t entry;
    uint8_t wp_pin, drive[3];
    uint16_t chip;
    uint8_t rest[10];
};

struct segment {
    uint32_t address, bytes;
};

static uint32_t buffer[1024];

static void read(uint32_t from, void *to, uint32_t bytes) {
    if (esp_rom_spiflash_read(from, to, (int32_t)bytes) != 0)
        panic("flash read failed", 0);
}

/* Where applications may be: the chosen one first, then the others. */
static uint32_t candidates(uint32_t at[OTA_APPS + 1]) {
    struct line line;
    uint32_t factory = 0, ota[OTA_APPS] = {0}, otas = 0, otadata = 0, count = 0, use_factory = 1, chosen = 0;
    for (uint32_t n = 0; n < TABLE_LINES; n++) {
        read(TABLE_AT + n * sizeof line, &line, sizeof line);
        if (line.magic != MAGIC_LINE)
            break;
        log_printf("%16s type %u.%02x at %06x, %u KB\n", line.label, line.type, line.subtype, line.offset, line.bytes / 1024);
        if (line.type == TYPE_APP && line.subtype == SUBTYPE_FACTORY)
            factory = line.offset;
        else if (line.type == TYPE_APP && line.subtype >= SUBTYPE_OTA_0 && line.subtype < SUBTYPE_OTA_0 + OTA_APPS) {
            ota[line.subtype - SUBTYPE_OTA_0] = line.offset;
            otas++;
        } else if (line.type == TYPE_DATA && line.subtype == SUBTYPE_OTADATA)
            otadata = line.offset;
    }
    if (otas && otadata)
        chosen = otadata_choose(otadata, otas, factory, &use_factory);
    if (factory && use_factory)
        at[count++] = factory;
    for (uint32_t n = 0; n < otas; n++)
        at[count++] = ota[(chosen + n) % otas];
    if (factory && !use_factory)
        at[count++] = factory;
    return count;
}

static uint32_t is_mapped(uint32_t address) {
    return (address >= 0x3c000000u && address < 0x3e000000u) || (address >= 0x42000000u && address < 0x44000000u);
}

static void map(uint32_t address, uint32_t from, uint32_t bytes) {
    uint32_t page = address & ~(PAGE - 1);
    from &= ~(PAGE - 1);
    for (; page < address + bytes; page += PAGE, from += PAGE)
        MMU_ENTRY(page) = from / PAGE;
}

/* Word by word: the first 16 KB behind the cache are on the instruction bus alone, which stores nothing smaller. */
static void load(uint32_t address, uint32_t bytes) {
    for (uint32_t n = 0; n < bytes / 4; n++)
        ((volatile uint32_t *)(uintptr_t)address)[n] = buffer[n];
}

/* Whether there is an image for this chip with the right checksum, before anything of it is taken. */
static uint32_t is_whole(uint32_t at) {
    struct header header;
    read(at, &header, sizeof header);
    if (header.magic != MAGIC_IMAGE || header.chip != CHIP_ID)
        return 0;
    uint32_t place = at + sizeof header, checksum = CHECKSUM_SEED;
    for (uint32_t n = 0; n < header.segments; n++) {
        struct segment segment;
        read(place, &segment, sizeof segment);
        place += sizeof segment;
        if (segment.bytes > LONGEST)
            return 0;
        for (uint32_t done = 0; done < segment.bytes; done += sizeof buffer) {
            uint32_t part = segment.bytes - done < sizeof buffer ? segment.bytes - done : sizeof buffer;
            read(place + done, buffer, part);
            for (uint32_t word = 0; word < part / 4; word++)
                checksum ^= buffer[word] ^ buffer[word] >> 8 ^ buffer[word] >> 16 ^ buffer[word] >> 24;
        }
        place += segment.bytes;
    }
    read((place & ~15u) + 12, buffer, 4);
    return buffer[0] >> 24 == (checksum & 0xff);
}

static void take(uint32_t at, const struct header *header) {
    uint32_t place = at + sizeof *header;
    for (uint32_t n = 0; n < header->segments; n++) {
        struct segment segment;
        read(place, &segment, sizeof segment);
        place += sizeof segment;
        if (segment.address) /* 0: padding */
            log_printf("%s %08x, %u bytes\n", is_mapped(segment.address) ? "map " : "load", segment.address, segment.bytes);
        if (is_mapped(segment.address))
            map(segment.address, place, segment.bytes);
        for (uint32_t done = 0; segment.address && !is_mapped(segment.address) && done < segment.bytes; done += sizeof buffer) {
            uint32_t part = segment.bytes - done < sizeof buffer ? segment.bytes - done : sizeof buffer;
            read(place + done, buffer, part);
            load(segment.address + done, part);
        }
        place += segment.bytes;
    }
}

int main(void) {
    watchdogs_off();
    log_init();
    log_printf("\nboardtwins second stage\n");
    flash_tell_size();
    uint32_t places[OTA_APPS + 1], count = candidates(places), n = 0;
    while (n < count && !is_whole(places[n]))
        log_printf("no application at %06x\n", places[n++]);
    if (n == count)
        panic("no application in flash", 0);
    struct header header;
    read(places[n], &header, sizeof header);

    Cache_Disable_ICache();
    Cache_Disable_DCache();
    Cache_MMU_Init();
    take(places[n], &header);

    clear_bits(&EXTMEM_ICACHE_CTRL1, EXTMEM_ICACHE_CTRL1_ICACHE_SHUT_CORE0_BUS | EXTMEM_ICACHE_CTRL1_ICACHE_SHUT_CORE1_BUS);
    clear_bits(&EXTMEM_DCACHE_CTRL1, EXTMEM_DCACHE_CTRL1_DCACHE_SHUT_CORE0_BUS | EXTMEM_DCACHE_CTRL1_DCACHE_SHUT_CORE1_BUS);
    Cache_Invalidate_ICache_All();
    Cache_Invalidate_DCache_All();
    Cache_Enable_ICache(0);
    Cache_Enable_DCache(0);
    log_printf("entry %08x\n", header.entry);
    log_flush();
    ((void (*)(void))(uintptr_t)header.entry)();
    return 0;
}
