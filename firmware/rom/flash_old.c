/* The ROM's copy of ESP-IDF's old flash driver (ESP-IDF 4.4 esp_spi_flash.h, esp_spi_flash_counters.h): guarded calls of
 * `esp_rom_spiflash_*`, by way of the stack where memory is not what SPI1's driver can reach without the caches. */
#include "spi_flash.h"

int esp_rom_spiflash_erase_sector(uint32_t number), esp_rom_spiflash_erase_block(uint32_t number);
int esp_rom_spiflash_read(uint32_t from, void *to, int count), esp_rom_spiflash_write(uint32_t to, const void *from, int count);
int esp_rom_spiflash_write_encrypted(uint32_t to, const void *from, uint32_t count);
int esp_rom_spiflash_write_disable(void);

enum { RESULT_TIMEOUT = 2, BY_THE_STACK = 32, WRITE_AT_ONCE = 0x2000, READ_AT_ONCE = 0x4000 };

uint32_t spi_flash_get_chip_size(void) { return CHIP->size; }
ENTRY(spi_flash_get_chip_size, 0x40000af8);
static void spi_flash_guard_set(const struct guard *guard) { GUARD = guard; }
ENTRY(spi_flash_guard_set, 0x40000b04);
static const struct guard *spi_flash_guard_get(void) { return GUARD; }
ENTRY(spi_flash_guard_get, 0x40000b10);
static void spi_flash_write_config_set(const uint8_t *config) { rom_memcpy(OWN->write_config, config, 3); }
ENTRY(spi_flash_write_config_set, 0x40000b1c);
static const uint8_t *spi_flash_write_config_get(void) { return OWN->write_config; }
ENTRY(spi_flash_write_config_get, 0x40000b28);
static void spi_flash_safe_write_address_func_set(bool (*may_write)(uint32_t, uint32_t)) { OWN->may_write = may_write; }
ENTRY(spi_flash_safe_write_address_func_set, 0x40000b34);

/* Counters. */
static void spi_flash_op_counters_config(bool on) { OWN->counting = on; }
ENTRY(spi_flash_op_counters_config, 0x400011a0);
static const struct counter *spi_flash_get_counters(void) { return COUNTERS; }
ENTRY(spi_flash_get_counters, 0x40001194);
static void spi_flash_reset_counters(void) { rom_memset(COUNTERS, 0, 3 * sizeof *COUNTERS); }
ENTRY(spi_flash_reset_counters, 0x400011ac);
static void spi_flash_dump_counters(void) {
    static const char *const what[] = {"read ", "write", "erase"};
    for (uint32_t n = 0; OWN->counting && n < 3; n++)
        ets_printf("%s  count=%8d  time=%8dus  bytes=%8d\n", what[n], COUNTERS[n].count, COUNTERS[n].time, COUNTERS[n].bytes);
}
ENTRY(spi_flash_dump_counters, 0x40001188);

static uint32_t cycles(void) {
    uint32_t now;
    __asm__ volatile("rsr.ccount %0" : "=r"(now));
    return now;
}
static void started(void) {
    if (OWN->counting)
        OWN->started = cycles();
}
static void counted(uint32_t what, uint32_t bytes) {
    if (OWN->counting)
        COUNTERS[what].bytes += bytes;
}
static void stopped(uint32_t what) {
    if (OWN->counting) {
        COUNTERS[what].count++;
        COUNTERS[what].time += (cycles() - OWN->started) / ets_get_cpu_frequency();
    }
}

static error as_error(int result) { return !result ? 0 : result == RESULT_TIMEOUT ? FLASH_TIMEOUT : FLASH_FAIL; }
static int may_write(uint32_t to, uint32_t count) { return !OWN->may_write || OWN->may_write(to, count); }
/* Memory that is there while the caches are not: soc/soc.h. */
static int is_in_dram(const void *at) { return (uint32_t)at - 0x3fc88000 < 0x78000; }
static int is_in_rtc_slow(const void *at) { return (uint32_t)at - 0x50000000 < 0x2000; }

static int spi_flash_unlock(void) {
    if (OWN->unlocked)
        return 0;
    guard_start();
    int result = esp_rom_spiflash_unlock();
    guard_end();
    if (!result)
        OWN->unlocked = 1;
    return result;
}
ENTRY(spi_flash_unlock, 0x40000b40);

/* After what has changed the chip. */
static error changed(uint32_t from, uint32_t count, int result) {
    guard_start();
    esp_rom_spiflash_write_disable();
    spi_flash_check_and_flush_cache(from, count);
    guard_end();
    return as_error(result);
}

static error spi_flash_erase_range(uint32_t from, uint32_t count) {
    const struct old_chip *chip = CHIP;
    uint32_t sector = chip->sector;
    if (!may_write(from, count) || from % sector)
        return BAD_ARGUMENT;
    if (count % sector || CHIP->size < from + count)
        return BAD_SIZE;
    started();
    uint32_t each = chip->block / sector, at = from / sector, end = at + count / sector;
    int result = spi_flash_unlock();
    while (at != end && !result) {
        guard_start();
        uint32_t sectors = at % each == 0 && end - at > each ? each : 1;
        result = at % each == 0 && end - at > each ? esp_rom_spiflash_erase_block(at / each) : esp_rom_spiflash_erase_sector(at);
        at += sectors;
        counted(ERASES, sectors * sector);
        guard_end();
    }
    stopped(ERASES);
    return changed(from, count, result);
}
ENTRY(spi_flash_erase_range, 0x40000b4c);

static error spi_flash_erase_sector(uint32_t number) { return spi_flash_erase_range(number * CHIP->sector, CHIP->sector); }
ENTRY(spi_flash_erase_sector, 0x40000b58);

/* Part of a word, the rest of which stays as it is. */
static int write_part(uint32_t to, const uint8_t *from, uint32_t count) {
    uint32_t word = ~0u;
    rom_memcpy((uint8_t *)&word + to % 4, from, count);
    guard_start();
    int result = esp_rom_spiflash_write(to & ~3u, &word, 4);
    guard_end();
    if (!result)
        counted(WRITES, 4);
    return result;
}

static int write_words(uint32_t to, const uint8_t *from, uint32_t count, int direct) {
    int result = 0;
    while (count && !result) {
        uint32_t buffer[BY_THE_STACK / 4], most = direct ? WRITE_AT_ONCE : BY_THE_STACK, bytes = count < most ? count : most;
        if (!direct)
            rom_memcpy(buffer, from, bytes);
        guard_start();
        result = esp_rom_spiflash_write(to, direct ? (const void *)from : buffer, bytes);
        guard_end();
        counted(WRITES, bytes);
        to += bytes;
        from += bytes;
        count -= bytes;
    }
    return result;
}

static error spi_flash_write(uint32_t to, const uint8_t *from, uint32_t count) {
    if (!may_write(to, count))
        return BAD_ARGUMENT;
    if (CHIP->size < to + count)
        return BAD_SIZE;
    if (!count)
        return 0;
    started();
    int result = spi_flash_unlock();
    if (!result) {
        uint32_t first = -to & 3;
        first = first < count ? first : count;
        uint32_t words = (count - first) & ~3u, last = count - first - words;
        if (first)
            result = write_part(to, from, first);
        if (!result)
            result = write_words(to + first, from + first, words, is_in_dram(from) && (uint32_t)(from + first) % 4 == 0);
        if (!result && last)
            result = write_part(to + first + words, from + first + words, last);
    }
    stopped(WRITES);
    return changed(to, count, result);
}
ENTRY(spi_flash_write, 0x40000b64);

/* Read into the stack, and copied with the guard off where the target may not be there with it on. */
static int read_part(uint32_t from, uint8_t *to, uint32_t skip, uint32_t count, uint32_t bytes, int direct) {
    uint32_t buffer[BY_THE_STACK / 4];
    int result = esp_rom_spiflash_read(from, buffer, bytes);
    if (result)
        return result;
    counted(READS, bytes);
    if (!direct)
        guard_end();
    rom_memcpy(to, (uint8_t *)buffer + skip, count);
    if (!direct)
        guard_start();
    return 0;
}

static int read_words(uint32_t from, uint8_t *to, uint32_t count, int direct) {
    while (count) {
        uint32_t buffer[BY_THE_STACK / 4], most = direct ? READ_AT_ONCE : BY_THE_STACK, bytes = count < most ? count : most;
        int result = esp_rom_spiflash_read(from, direct ? (void *)to : buffer, bytes);
        if (result)
            return result;
        from += bytes;
        count -= bytes;
        if (count || !direct) { /* others get their turn */
            guard_end();
            if (!direct)
                rom_memcpy(to, buffer, bytes);
            guard_start();
        }
        to += bytes;
    }
    return 0;
}

/* Whole words into the target where they lie aligned in it, then to where they belong; then what is before and behind. */
static int read_long(uint32_t from, uint8_t *to, uint32_t count) {
    uint32_t first = -from & 3, aligned = -(uint32_t)to & 3, words = (count - (first > aligned ? first : aligned)) & ~3u;
    int direct = is_in_dram(to) && (uint32_t)(to + aligned) % 4 == 0;
    int result = read_words(from + first, to + aligned, words, direct);
    if (result)
        return result;
    counted(READS, words);
    if (first != aligned) {
        if (!direct)
            guard_end();
        rom_memmove(to + first, to + aligned, words);
        if (!direct)
            guard_start();
    }
    if (first)
        result = read_part(from & ~3u, to, 4 - first, first, 4, direct);
    uint32_t done = first + words, last = count - done;
    if (!result && last)
        result = read_part(from + done, to + done, 0, last, last < 5 ? 4 : 8, direct);
    return result;
}

static error spi_flash_read(uint32_t from, uint8_t *to, uint32_t count) {
    if (CHIP->size < from + count)
        return BAD_SIZE;
    if (!count)
        return 0;
    started();
    guard_start();
    uint32_t skip = from % 4;
    int result = count < 16 ? read_part(from - skip, to, skip, count, (skip + count + 3) & ~3u, 1) : read_long(from, to, count);
    guard_end();
    stopped(READS);
    return as_error(result);
}
ENTRY(spi_flash_read, 0x40000b70);

static int write_encrypted(uint32_t to, const uint8_t *from, uint32_t count) {
    int result = spi_flash_unlock();
    if (result)
        return result;
    guard_start();
    result = esp_rom_spiflash_write_encrypted(to, from, count);
    guard_end();
    return result;
}

static int write_encrypted_by_the_stack(uint32_t to, const uint8_t *from, uint32_t count) {
    int result = 0;
    while (count && !result) {
        uint8_t buffer[128];
        uint32_t bytes = count < sizeof buffer ? count : sizeof buffer;
        rom_memcpy(buffer, from, bytes);
        result = write_encrypted(to, buffer, bytes);
        to += bytes;
        from += bytes;
        count -= bytes;
    }
    return result;
}

error spi_flash_write_encrypted(uint32_t to, const uint8_t *from, uint32_t count) {
    if (!may_write(to, count) || to % 16)
        return BAD_ARGUMENT;
    if (count % 16)
        return BAD_SIZE;
    started();
    int reachable = is_in_dram(from) || is_in_rtc_slow(from);
    int result = reachable ? write_encrypted(to, from, count) : write_encrypted_by_the_stack(to, from, count);
    counted(WRITES, count);
    stopped(WRITES);
    return changed(to, count, result);
}
ENTRY(spi_flash_write_encrypted, 0x40000b7c);

error spi_flash_read_encrypted(uint32_t from, void *to, uint32_t count) {
    const void *at;
    uint32_t handle, page = from & 0xffff0000;
    if (CHIP->size < from + count)
        return BAD_SIZE;
    if (!count)
        return 0;
    error e = rom_spi_flash_mmap(page, from - page + count, 0, &at, &handle);
    if (e)
        return e;
    rom_memcpy(to, (const uint8_t *)at + (from - page), count);
    rom_spi_flash_munmap(handle);
    return 0;
}
ENTRY(spi_flash_read_encrypted, 0x40000b88);

/* newlib's, by `syscall_stub_table` of rom/libc_stubs.h. */
void assertion(const char *file, int line, const char *function, const char *what) {
    typedef void handler(const char *, int, const char *, const char *);
    handler **calls = *(handler ***)0x3fceffd4u;
    if (calls && calls[36])
        calls[36](file, line, function, what);
    ets_printf("assertion \"%s\" failed: file \"%s\", line %d%s%s\n", what, file, line, function ? ", function: " : "", function ? function : "");
    for (;;)
        ;
}
