/* The ROM's copy of ESP-IDF's flash driver (esp_flash.h, esp_flash_internal.h): CONFIG_SPI_FLASH_ROM_IMPL. */
#include "spi_flash.h"

/* `esp_flash_api_funcs`: what surrounds each operation. An application may put its own there. */
struct frame {
    error (*start)(struct chip *);
    error (*end)(struct chip *, error);
    error (*check)(struct chip **);
};
#define AROUND (*(const struct frame **)0x3fceffd8u)

static error start(struct chip *chip) {
    if (chip->os && chip->os->start) {
        error e = chip->os->start(chip->os_data);
        if (e)
            return e;
    }
    chip->host->driver->dev_config(chip->host);
    return 0;
}
ALIAS(flash_start, start, 0x4004b03c);

static error end(struct chip *chip, error so_far) {
    if (!chip->os || !chip->os->end)
        return so_far;
    error e = chip->os->end(chip->os_data);
    return so_far ? so_far : e;
}
ALIAS(flash_end, end, 0x4004b064);

static error check(struct chip **chip) {
    if (!*chip)
        *chip = DEFAULT_CHIP;
    return *chip && (*chip)->driver ? 0 : NOT_INITIALISED;
}
ALIAS(flash_check, check, 0x4004b084);

static bool esp_flash_chip_driver_initialized(const struct chip *chip) { return chip->driver; }
ENTRY(esp_flash_chip_driver_initialized, 0x400010bc);

/* By the chip's driver, or before there is one by the host's. */
static error read_id(struct chip *chip, uint32_t *id, int twice) {
    uint32_t again;
    error e = AROUND->start(chip);
    if (e)
        return e;
    int own = chip->driver && chip->driver->read_id;
    error (*read)(void *, uint32_t *) = own ? chip->driver->read_id : chip->host->driver->read_id;
    void *whose = own ? (void *)chip : chip->host;
    e = read(whose, id);
    if (!e && twice) {
        e = read(whose, &again);
        if (!e && *id != again)
            e = NOT_INITIALISED;
    }
    return AROUND->end(chip, e);
}

static error esp_flash_read_id(struct chip *chip, uint32_t *id) {
    error e = AROUND->check(&chip);
    if (e && (e != NOT_INITIALISED || !chip))
        return e;
    return id ? read_id(chip, id, 0) : BAD_ARGUMENT;
}
ENTRY(esp_flash_read_id, 0x400010c8);

static error esp_flash_read_chip_id(struct chip *chip, uint32_t *id) { return read_id(chip, id, 1); }
ENTRY(esp_flash_read_chip_id, 0x400011b8);

/* The first of the drivers that wants the chip. */
static error detect_spi_flash_chip(struct chip *chip, const struct chip_driver **drivers) {
    uint32_t id = chip->id;
    for (; *drivers && !chip->driver; drivers++) {
        chip->driver = *drivers;
        error e = AROUND->start(chip);
        if (e)
            return e;
        if (chip->driver->probe(chip, id))
            chip->driver = 0;
        e = AROUND->end(chip, 0);
        if (e)
            return e;
    }
    return *drivers || chip->driver ? 0 : NOT_FOUND;
}
ENTRY(detect_spi_flash_chip, 0x400011c4);

static error esp_flash_get_size(struct chip *chip, uint32_t *size) {
    uint32_t detected;
    error e = AROUND->check(&chip);
    if (e)
        return e;
    if (!chip->driver->detect_size)
        return UNSUPPORTED_CHIP;
    if (!size)
        return BAD_ARGUMENT;
    if (chip->size) {
        *size = chip->size;
        return 0;
    }
    e = AROUND->start(chip);
    if (e)
        return e;
    e = chip->driver->detect_size(chip, &detected);
    if (!e)
        chip->size = detected; /* whoever asks first gets no answer */
    return AROUND->end(chip, e);
}
ENTRY(esp_flash_get_size, 0x400010d4);

static int is_protected(struct chip *chip, uint32_t from, uint32_t count) {
    return chip->os->region_protected && chip->os->region_protected(chip->os_data, from, count);
}
static error yield(struct chip *chip) { return chip->driver->yield ? chip->driver->yield(chip, 0) : 0; }
static int lies_outside(const struct chip *chip, uint32_t from, uint32_t count) {
    return chip->size < from || chip->size < from + count;
}

static error esp_flash_erase_chip(struct chip *chip) {
    error e = AROUND->check(&chip);
    if (e)
        return e;
    if (!chip->driver->erase_chip)
        return UNSUPPORTED_CHIP;
    if (is_protected(chip, 0, chip->size))
        return BAD_ARGUMENT;
    e = yield(chip);
    if (!e)
        e = AROUND->start(chip);
    if (e)
        return e;
    e = chip->driver->erase_chip(chip);
    if (chip->host->driver->flush_cache) { /* its answer is what counts */
        e = chip->host->driver->flush_cache(chip->host, 0, chip->size);
        if (e)
            return e;
    }
    return AROUND->end(chip, e);
}
ENTRY(esp_flash_erase_chip, 0x400010e0);

/* What has changed leaves the caches; `open` where an operation still has to be ended. */
static error close(struct chip *chip, uint32_t from, uint32_t count, error e, int open) {
    if (chip->host->driver->flush_cache) {
        error flushed = chip->host->driver->flush_cache(chip->host, from, count);
        e = e ? e : flushed;
    }
    return open ? AROUND->end(chip, e) : e;
}

/* Does a protected region lie there? */
static error check_regions(struct chip *chip, uint32_t from, uint32_t count) {
    uint64_t protected = 0;
    error e = AROUND->start(chip);
    if (e)
        return e;
    e = chip->driver->get_protected(chip, &protected);
    if (!e && protected)
        for (uint32_t n = 0; !e && n < chip->driver->regions; n++) {
            const struct region *r = &chip->driver->region[n];
            if (protected >> n & 1 && from < r->offset + r->size && r->offset < from + count)
                e = PROTECTED;
        }
    return AROUND->end(chip, e);
}

static error rom_esp_flash_erase_region(struct chip *chip, uint32_t from, uint32_t count) {
    error e = AROUND->check(&chip);
    if (e)
        return e;
    if (!chip->driver->erase_sector || !chip->driver->erase_block)
        return UNSUPPORTED_CHIP;
    if (is_protected(chip, from, count))
        return BAD_ARGUMENT;
    uint32_t sector = chip->driver->sector_size, block = chip->driver->block_size;
    if (!sector || block % sector)
        return NOT_INITIALISED;
    if (lies_outside(chip, from, count) || from % sector || count % sector)
        return BAD_ARGUMENT;
    if (chip->driver->get_protected && chip->driver->regions) {
        e = check_regions(chip, from, count);
        if (e)
            return e;
    }
    uint32_t at = from, left = count;
    for (;;) {
        e = yield(chip);
        if (e)
            return e;
        e = AROUND->start(chip);
        if (e)
            return close(chip, from, count, e, 0);
        bool whole = block && left >= block && at % block == 0;
        uint32_t bytes = whole ? block : sector;
        e = whole ? chip->driver->erase_block(chip, at) : chip->driver->erase_sector(chip, at);
        at += bytes;
        left -= bytes;
        if (e || !left)
            return close(chip, from, count, e, 1);
        AROUND->end(chip, 0);
    }
}
ENTRY(rom_esp_flash_erase_region, 0x400010ec);

static error esp_flash_get_chip_write_protect(struct chip *chip, bool *on) {
    error e = AROUND->check(&chip);
    if (e)
        return e;
    if (!chip->driver->get_write_protect)
        return UNSUPPORTED_CHIP;
    if (!on)
        return BAD_ARGUMENT;
    e = AROUND->start(chip);
    return e ? e : AROUND->end(chip, chip->driver->get_write_protect(chip, on));
}
ENTRY(esp_flash_get_chip_write_protect, 0x400010f8);

static error esp_flash_set_chip_write_protect(struct chip *chip, bool on) {
    error e = AROUND->check(&chip);
    if (e)
        return e;
    if (!chip->driver->set_write_protect)
        return UNSUPPORTED_CHIP;
    e = AROUND->start(chip);
    return e ? e : AROUND->end(chip, chip->driver->set_write_protect(chip, on));
}
ENTRY(esp_flash_set_chip_write_protect, 0x40001104);

static error esp_flash_get_protectable_regions(struct chip *chip, const struct region **regions, uint32_t *count) {
    if (count)
        *count = 0;
    error e = AROUND->check(&chip);
    if (e)
        return e;
    if (!chip->driver->get_protected)
        return UNSUPPORTED_CHIP;
    if (!regions || !count)
        return BAD_ARGUMENT;
    *count = chip->driver->regions;
    *regions = chip->driver->region;
    return 0;
}
ENTRY(esp_flash_get_protectable_regions, 0x40001110);

static error find_region(const struct chip_driver *driver, const struct region *region, uint8_t *number) {
    if (!region)
        return BAD_ARGUMENT;
    for (*number = 0; *number < driver->regions; ++*number)
        if (!rom_memcmp(&driver->region[*number], region, sizeof *region))
            return 0;
    return NOT_FOUND;
}

static error esp_flash_get_protected_region(struct chip *chip, const struct region *region, bool *on) {
    uint8_t number;
    uint64_t protected = 0;
    error e = AROUND->check(&chip);
    if (e)
        return e;
    if (!chip->driver->get_protected)
        return UNSUPPORTED_CHIP;
    if (!on)
        return BAD_ARGUMENT;
    e = find_region(chip->driver, region, &number);
    if (!e)
        e = AROUND->start(chip);
    if (e)
        return e;
    e = chip->driver->get_protected(chip, &protected);
    if (!e)
        *on = protected >> number & 1;
    return AROUND->end(chip, e);
}
ENTRY(esp_flash_get_protected_region, 0x4000111c);

static error esp_flash_set_protected_region(struct chip *chip, const struct region *region, bool on) {
    uint8_t number;
    uint64_t protected = 0;
    error e = AROUND->check(&chip);
    if (e)
        return e;
    if (!chip->driver->set_protected)
        return UNSUPPORTED_CHIP;
    e = find_region(chip->driver, region, &number);
    if (!e)
        e = AROUND->start(chip);
    if (e)
        return e;
    e = chip->driver->get_protected(chip, &protected);
    if (!e) {
        uint64_t bit = 1ull << number;
        e = chip->driver->set_protected(chip, on ? protected | bit : protected & ~bit);
    }
    return AROUND->end(chip, e);
}
ENTRY(esp_flash_set_protected_region, 0x40001128);

static error esp_flash_read(struct chip *chip, uint8_t *to, uint32_t from, uint32_t count) {
    if (!count)
        return 0;
    error e = AROUND->check(&chip);
    if (e)
        return e;
    if (!chip->driver->read)
        return UNSUPPORTED_CHIP;
    if (!to || lies_outside(chip, from, count))
        return BAD_ARGUMENT;
    uint32_t most = count < 0x4000 ? count : 0x4000;
    uint8_t *buffer = 0;
    if (!chip->host->driver->supports_direct_read(chip->host, to)) {
        uint32_t got = 0;
        buffer = chip->os->get_temp_buffer(chip->os_data, most, &got);
        most = got;
        if (!buffer)
            return NO_MEMORY;
    }
    do {
        uint32_t bytes = count < most ? count : most;
        e = AROUND->start(chip);
        if (e)
            break;
        e = chip->driver->read(chip, buffer ? buffer : to, from, bytes);
        if (e) {
            AROUND->end(chip, e);
            break;
        }
        e = AROUND->end(chip, 0);
        if (buffer)
            rom_memcpy(to, buffer, bytes);
        from += bytes;
        to += bytes;
        count -= bytes;
    } while (!e && count);
    chip->os->release_temp_buffer(chip->os_data, buffer);
    return e;
}
ENTRY(esp_flash_read, 0x40001134);

static error rom_esp_flash_write(struct chip *chip, const uint8_t *from, uint32_t to, uint32_t count) {
    if (!count)
        return 0;
    error e = AROUND->check(&chip);
    if (e)
        return e;
    if (!chip->driver->write)
        return UNSUPPORTED_CHIP;
    if (is_protected(chip, to, count) || !from || lies_outside(chip, to, count))
        return BAD_ARGUMENT;
    bool direct = chip->host->driver->supports_direct_write(chip->host, from);
    uint32_t at = to, left = count;
    for (;;) {
        uint8_t buffer[32];
        uint32_t most = direct ? 0x2000 : sizeof buffer, bytes = left < most ? left : most;
        if (!direct)
            rom_memcpy(buffer, from, bytes);
        e = yield(chip);
        if (!e)
            e = AROUND->start(chip);
        if (e)
            return close(chip, to, count, e, 0);
        e = chip->driver->write(chip, direct ? from : buffer, at, bytes);
        left -= bytes;
        if (e || !left)
            return close(chip, to, count, e, 1);
        e = AROUND->end(chip, 0);
        if (e)
            return close(chip, to, count, e, 0);
        from += bytes;
        at += bytes;
    }
}
ENTRY(rom_esp_flash_write, 0x40001140);

/* Encryption is between the main flash and the caches: by the old driver. */
static error rom_esp_flash_write_encrypted(struct chip *chip, uint32_t to, const void *from, uint32_t count) {
    if (chip && chip != DEFAULT_CHIP)
        return NOT_SUPPORTED;
    if (!from || lies_outside(DEFAULT_CHIP, to, count))
        return BAD_ARGUMENT;
    return spi_flash_write_encrypted(to, from, count);
}
ENTRY(rom_esp_flash_write_encrypted, 0x4000114c);

static error esp_flash_read_encrypted(struct chip *chip, uint32_t from, void *to, uint32_t count) {
    if (chip && chip != DEFAULT_CHIP)
        return NOT_SUPPORTED;
    return spi_flash_read_encrypted(from, to, count);
}
ENTRY(esp_flash_read_encrypted, 0x40001158);

static error esp_flash_get_io_mode(struct chip *chip, bool *quad) {
    uint32_t mode;
    error e = AROUND->check(&chip);
    if (e)
        return e;
    if (!chip->driver->get_io_mode)
        return UNSUPPORTED_CHIP;
    e = AROUND->start(chip);
    if (e)
        return e;
    e = AROUND->end(chip, chip->driver->get_io_mode(chip, &mode));
    if (!e)
        *quad = mode == QOUT;
    return e;
}
ENTRY(esp_flash_get_io_mode, 0x40001164);

static error esp_flash_set_io_mode(struct chip *chip, bool quad) {
    error e = AROUND->check(&chip);
    if (e)
        return e;
    if (!chip->driver->set_io_mode)
        return UNSUPPORTED_CHIP;
    chip->mode = quad ? QOUT : SLOWRD;
    e = AROUND->start(chip);
    return e ? e : AROUND->end(chip, chip->driver->set_io_mode(chip));
}
ENTRY(esp_flash_set_io_mode, 0x40001170);
