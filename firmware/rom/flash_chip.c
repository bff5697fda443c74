/* Drivers of chips: any with the usual instructions, and GigaDevice's (ESP-IDF spi_flash_chip_generic.h,
 * spi_flash_chip_gd.h). */
#include "spi_flash.h"

#define QUAD_ENABLE_16 0x200u
#define QUAD_ENABLE_2 2u
enum { WIP = 1, WEL = 2 };

typedef error write_register(struct chip *, uint32_t);
typedef error read_register(struct chip *, uint32_t *);

static error command(struct chip *chip, struct transaction t) { return chip->host->driver->common_command(chip->host, &t); }

static error read_byte(struct chip *chip, uint32_t code, uint32_t *value) {
    uint32_t byte = 0;
    error e = command(chip, READ_INTO(code, &byte, 1));
    *value = byte;
    return e;
}

static error write_bytes(struct chip *chip, uint32_t code, uint32_t count, uint32_t value) {
    return command(chip, (struct transaction){.command = code, .out = &value, .out_bytes = count});
}

static error spi_flash_common_write_status_16b_wrsr(struct chip *chip, uint32_t value) { return write_bytes(chip, 0x01, 2, value); }
ENTRY(spi_flash_common_write_status_16b_wrsr, 0x40000f0c);
static error spi_flash_common_write_status_8b_wrsr(struct chip *chip, uint32_t value) { return write_bytes(chip, 0x01, 1, value); }
ENTRY(spi_flash_common_write_status_8b_wrsr, 0x40000fd8);
static error spi_flash_common_write_status_8b_wrsr2(struct chip *chip, uint32_t value) { return write_bytes(chip, 0x31, 1, value); }
ENTRY(spi_flash_common_write_status_8b_wrsr2, 0x40000fe4);
static error spi_flash_common_read_status_8b_rdsr(struct chip *chip, uint32_t *value) { return read_byte(chip, 0x05, value); }
ENTRY(spi_flash_common_read_status_8b_rdsr, 0x40000fcc);
static error spi_flash_common_read_status_8b_rdsr2(struct chip *chip, uint32_t *value) { return read_byte(chip, 0x35, value); }
ENTRY(spi_flash_common_read_status_8b_rdsr2, 0x40000fb4);

static error spi_flash_common_read_status_16b_rdsr_rdsr2(struct chip *chip, uint32_t *value) {
    uint32_t low, high;
    error e = read_byte(chip, 0x35, &high);
    if (!e)
        e = read_byte(chip, 0x05, &low);
    if (!e)
        *value = (high & 0xff) << 8 | (low & 0xff);
    return e;
}
ENTRY(spi_flash_common_read_status_16b_rdsr_rdsr2, 0x40000f60);

static error spi_flash_chip_generic_probe(struct chip *chip, uint32_t id) {
    (void)chip, (void)id;
    return 0;
}
ENTRY(spi_flash_chip_generic_probe, 0x40000ed0);

static error spi_flash_chip_generic_reset(struct chip *chip) {
    error e = command(chip, (struct transaction){.command = 0x66});
    if (!e)
        e = command(chip, (struct transaction){.command = 0x99});
    return e ? e : chip->driver->wait_idle(chip, chip->driver->timeout->idle);
}
ENTRY(spi_flash_chip_generic_reset, 0x40000f18);

static error spi_flash_chip_generic_detect_size(struct chip *chip, uint32_t *size) {
    uint32_t device = chip->id & 0xffff;
    *size = 0;
    if (device == 0 || device == 0xffff)
        return UNSUPPORTED_CHIP;
    *size = 1u << (chip->id & 31);
    return 0;
}
ENTRY(spi_flash_chip_generic_detect_size, 0x40000edc);

static error spi_flash_chip_generic_write(struct chip *chip, const uint8_t *from, uint32_t to, uint32_t count) {
    uint32_t page = chip->driver->page_size, start;
    for (error e = 0; count && !e;) {
        uint8_t bytes[64];
        rom_memset(bytes, 0xff, sizeof bytes);
        uint32_t whole = chip->host->driver->write_data_slicer(chip->host, to, count, &start, page);
        uint32_t end = to + count < start + whole ? to + count : start + whole;
        rom_memcpy(bytes + (to - start), from, end - to);
        e = chip->driver->set_write_protect(chip, false);
        if (!e) {
            e = chip->driver->program_page(chip, bytes, start, whole);
            from += end - to;
            count -= end - to;
            to = start + whole;
        }
        if (e)
            return e;
    }
    return 0;
}
ENTRY(spi_flash_chip_generic_write, 0x40000ee8);

static error spi_flash_chip_generic_write_encrypted(void) { return UNSUPPORTED_HOST; }
ENTRY(spi_flash_chip_generic_write_encrypted, 0x40000ef4);

/* A chip that takes no writes waits in vain too. */
static int is_ready(error e) { return e == 0 || e == NOT_SUPPORTED; }

static error wait_idle(struct chip *chip, uint32_t microseconds) { return chip->driver->wait_idle(chip, microseconds); }

static error spi_flash_chip_generic_set_write_protect(struct chip *chip, bool on) {
    bool is_on;
    if (is_ready(wait_idle(chip, chip->driver->timeout->idle)))
        chip->host->driver->set_write_protect(chip->host, on);
    error e = chip->driver->get_write_protect(chip, &is_on);
    return e || *(uint8_t *)&is_on == on ? e : NOT_FOUND;
}
ENTRY(spi_flash_chip_generic_set_write_protect, 0x40000f00);

static error spi_flash_chip_generic_get_write_protect(struct chip *chip, uint8_t *on) {
    uint32_t status;
    if (!on)
        assertion("spi_flash_chip_generic.c", 256, "spi_flash_chip_generic_get_write_protect", "out_write_protect != NULL");
    error e = chip->driver->read_reg(chip, REGISTER_STATUS, &status);
    if (!e)
        *on = !(status & WEL);
    return e;
}
ENTRY(spi_flash_chip_generic_get_write_protect, 0x40000f54);

/* After an erase or a program: a write that the chip has not taken leaves it enabled. */
static error finish(struct chip *chip, uint32_t microseconds) {
    chip->busy |= 1;
    error e = wait_idle(chip, microseconds);
    return e == NOT_SUPPORTED ? chip->driver->set_write_protect(chip, true) : e;
}

/* Enabled and idle. */
static error prepare(struct chip *chip) {
    error e = chip->driver->set_write_protect(chip, false);
    return e ? e : wait_idle(chip, chip->driver->timeout->idle);
}

static error spi_flash_chip_generic_erase_chip(struct chip *chip) {
    error e = prepare(chip);
    if (!is_ready(e))
        return e;
    chip->host->driver->erase_chip(chip->host);
    return finish(chip, chip->driver->timeout->erase_chip);
}
ENTRY(spi_flash_chip_generic_erase_chip, 0x40000f24);

static error spi_flash_chip_generic_erase_sector(struct chip *chip, uint32_t at) {
    error e = prepare(chip);
    if (!is_ready(e))
        return e;
    chip->host->driver->erase_sector(chip->host, at);
    return finish(chip, chip->driver->timeout->erase_sector);
}
ENTRY(spi_flash_chip_generic_erase_sector, 0x40000f30);

static error spi_flash_chip_generic_erase_block(struct chip *chip, uint32_t at) {
    error e = prepare(chip);
    if (!is_ready(e))
        return e;
    chip->host->driver->erase_block(chip->host, at);
    return finish(chip, chip->driver->timeout->erase_block);
}
ENTRY(spi_flash_chip_generic_erase_block, 0x40000f3c);

static error spi_flash_chip_generic_page_program(struct chip *chip, const void *from, uint32_t to, uint32_t count) {
    error e = wait_idle(chip, chip->driver->timeout->idle);
    if (!is_ready(e))
        return e;
    chip->host->driver->program_page(chip->host, from, to, count);
    return finish(chip, chip->driver->timeout->program);
}
ENTRY(spi_flash_chip_generic_page_program, 0x40000f48);

static error spi_flash_chip_generic_read_reg(struct chip *chip, uint32_t which, uint32_t *value) {
    (void)which;
    return chip->host->driver->read_status(chip->host, (uint8_t *)value);
}
ENTRY(spi_flash_chip_generic_read_reg, 0x40000f6c);

static error spi_flash_chip_generic_yield(struct chip *chip, uint32_t busy) {
    uint32_t wanted, status;
    if (!chip->os->check_yield || chip->os->check_yield(chip->os_data, busy, &wanted) || !(wanted & 1) || !chip->os->yield)
        return 0;
    return chip->os->yield(chip->os_data, &status);
}
ENTRY(spi_flash_chip_generic_yield, 0x40000f78);

static void pause(struct chip *chip, uint32_t *left) {
    uint32_t interval = GENERIC_CONFIG->interval ? GENERIC_CONFIG->interval : 1;
    uint32_t time = *left < interval ? *left : interval;
    chip->os->delay_us(chip->os_data, time);
    *left -= time;
}

static error spi_flash_generic_wait_host_idle(struct chip *chip, uint32_t *left) {
    while (!chip->host->driver->host_status(chip->host) && *left) {
        if (*left < 2)
            return TIMEOUT;
        pause(chip, left);
    }
    return 0;
}
ENTRY(spi_flash_generic_wait_host_idle, 0x40000f84);

static error spi_flash_chip_generic_wait_idle(struct chip *chip, uint32_t microseconds) {
    uint32_t left = microseconds + 1;
    while (left) {
        uint32_t status;
        error e = spi_flash_generic_wait_host_idle(chip, &left);
        if (!e)
            e = chip->driver->read_reg(chip, REGISTER_STATUS, &status);
        if (e)
            return e;
        if (!(status & WIP)) {
            int was_busy = chip->busy & 1;
            chip->busy &= ~1u;
            if (was_busy && status & WEL)
                return NOT_SUPPORTED;
            break;
        }
        if (left)
            pause(chip, &left);
    }
    return left ? 0 : TIMEOUT;
}
ENTRY(spi_flash_chip_generic_wait_idle, 0x40000f90);

static error spi_flash_chip_generic_config_host_io_mode(struct chip *chip, bool bits32) {
    const struct generic_config *dummies = GENERIC_CONFIG;
    uint32_t mode = chip->mode, which = mode & 0xffff;
    static const uint8_t code[] = {0x03, 0x0b, 0x3b, 0xbb, 0x6b, 0xeb};
    const uint8_t clocks[] = {dummies->slowrd, dummies->fastrd, dummies->dout, dummies->dio, dummies->qout, dummies->qio};
    if (which > QIO)
        return NOT_INITIALISED;
    if (which == DIO || which == QIO)
        mode |= CONF_BITS;
    /* An address of four bytes has an instruction of its own. */
    uint32_t instruction = !bits32 ? code[which] : which == SLOWRD ? 0x13 : code[which] + 1;
    return chip->host->driver->configure_host_io_mode(chip->host, instruction, bits32 ? 32 : 24, clocks[which], mode);
}
ENTRY(spi_flash_chip_generic_config_host_io_mode, 0x40000f9c);

static error spi_flash_chip_generic_read(struct chip *chip, uint8_t *to, uint32_t from, uint32_t count) {
    uint32_t page = chip->driver->page_size, start;
    error e = spi_flash_chip_generic_config_host_io_mode(chip, false);
    if (e == NOT_SUPPORTED)
        return e;
    while (!e && count) {
        uint8_t bytes[64];
        rom_memset(bytes, 0xff, sizeof bytes);
        uint32_t whole = chip->host->driver->read_data_slicer(chip->host, from, count, &start, page);
        uint32_t end = from + count < start + whole ? from + count : start + whole;
        e = chip->host->driver->read(chip->host, bytes, start, whole);
        rom_memcpy(to, bytes + (from - start), end - from);
        to += end - from;
        count -= end - from;
        from = start + whole;
    }
    return e;
}
ENTRY(spi_flash_chip_generic_read, 0x40000fa8);

static error spi_flash_chip_generic_get_io_mode(struct chip *chip, uint32_t *mode) {
    uint32_t status;
    error e = read_byte(chip, 0x35, &status);
    if (!e)
        *mode = status & QUAD_ENABLE_2 ? QOUT : SLOWRD;
    return e;
}
ENTRY(spi_flash_chip_generic_get_io_mode, 0x40000fc0);
ALIAS(spi_flash_chip_gd_get_io_mode, spi_flash_chip_generic_get_io_mode, 0x40001008);

static error spi_flash_common_set_io_mode(struct chip *chip, write_register *write, read_register *read, uint32_t enable) {
    uint32_t status;
    if (chip->mode != QOUT && chip->mode != QIO)
        return 0;
    error e = read(chip, &status);
    uint32_t wanted = status | enable;
    if (e || wanted == status)
        return e;
    chip->driver->set_write_protect(chip, false);
    e = write(chip, wanted);
    if (e) {
        chip->driver->set_write_protect(chip, true);
        return e;
    }
    e = wait_idle(chip, chip->driver->timeout->idle);
    if (e == NOT_SUPPORTED)
        chip->driver->set_write_protect(chip, true);
    else if (e)
        return e;
    e = read(chip, &status);
    return e || status == wanted ? e : BAD_RESPONSE;
}
ENTRY(spi_flash_common_set_io_mode, 0x40000ff0);

static error spi_flash_chip_generic_set_io_mode(struct chip *chip) {
    return spi_flash_common_set_io_mode(chip, spi_flash_common_write_status_16b_wrsr, spi_flash_common_read_status_16b_rdsr_rdsr2,
                                        QUAD_ENABLE_16);
}
ENTRY(spi_flash_chip_generic_set_io_mode, 0x40000ffc);

static error spi_flash_chip_gd_probe(struct chip *chip, uint32_t id) {
    (void)chip;
    return id >> 16 == 0xc8 && (id & 0xdf00) == 0x4000 ? 0 : NOT_FOUND;
}
ENTRY(spi_flash_chip_gd_probe, 0x40001014);

/* Those up to 16 Mbit, and GD25LQ, take both status registers at once only. */
static error spi_flash_chip_gd_set_io_mode(struct chip *chip) {
    if ((chip->id & 0xff00) == 0x6000 || (chip->id & 0xff) <= 21)
        return spi_flash_chip_generic_set_io_mode(chip);
    return spi_flash_common_set_io_mode(chip, spi_flash_common_write_status_8b_wrsr2, spi_flash_common_read_status_8b_rdsr2,
                                        QUAD_ENABLE_2);
}
ENTRY(spi_flash_chip_gd_set_io_mode, 0x40001020);
