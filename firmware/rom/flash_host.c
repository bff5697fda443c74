/* The host layer of the ROM's flash driver: `spi_flash_hal_*`, which drives a controller, and `memspi_*`, which says what a
 * serial NOR chip is told (ESP-IDF hal/spi_flash_hal.h, hal/spimem_flash_ll.h, memspi_host_driver.h). */
#include "spi_flash.h"

#define BLOCKING24 (23u << 26)

static void put_data(uint32_t spi, const uint8_t *from, uint32_t count) {
    for (uint32_t at = 0; at < count; at += 4) {
        uint32_t word = 0;
        rom_memcpy(&word, from + at, count - at < 4 ? count - at : 4);
        REG(spi + W0 + at) = word;
    }
}

static void get_data(uint32_t spi, uint8_t *to, uint32_t count) {
    for (uint32_t at = 0; at < count; at += 4) {
        uint32_t word = REG(spi + W0 + at);
        rom_memcpy(to + at, &word, count - at < 4 ? count - at : 4);
    }
}

static void data_phase(uint32_t spi, uint32_t enable, uint32_t length, uint32_t bytes) {
    set(spi + USER, enable, bytes ? enable : 0);
    set(spi + length, SLICE, bits_of(bytes));
}

static void dummy_phase(uint32_t spi, uint32_t clocks) {
    set(spi + USER, USR_DUMMY, clocks ? USR_DUMMY : 0);
    set(spi + USER1, 63, (clocks - 1) & 63);
}

static void spi_flash_hal_poll_cmd_done(struct host *host, bool may_suspend) {
    while (REG(host->spi + CMD))
        if (may_suspend && host->driver->check_suspend)
            host->driver->check_suspend(host);
}
ENTRY(spi_flash_hal_poll_cmd_done, 0x40000d38);

static error spi_flash_hal_device_config(struct host *host) {
    uint32_t spi = host->spi;
    REG(spi + USER) = 0;
    REG(spi + CTRL) = 0;
    set(spi + MISC, 1, host->select != 0);
    set(spi + MISC, 2, (host->select != 1) << 1);
    REG(spi + CLOCK) = host->clock;
    set(spi + CTRL2, 0x3e0, ((host->select_hold - 1) & 31) << 5);
    set(spi + USER, CS_SETUP, host->select_hold ? CS_SETUP : 0);
    return 0;
}
ENTRY(spi_flash_hal_device_config, 0x40000d44);

static error spi_flash_hal_configure_host_io_mode(struct host *host, uint32_t command, uint32_t address_bits, uint32_t dummies,
                                                  uint32_t mode) {
    uint32_t spi = host->spi;
    if (mode & 0xfffe && spi != SPI1)
        return NOT_SUPPORTED;
    set(spi + CTRL, FDUMMY_OUT, mode & CONF_BITS ? FDUMMY_OUT : 0);
    set(spi + CTRL, 0, LINES_HIGH);
    set(spi + USER, 0, USR_COMMAND);
    REG(spi + USER2) = command > 0xff ? (command & 0xff) | 15u << 28 : command | COMMAND8;
    set(spi + USER1, 63u << 26, (address_bits - 1) << 26);
    set(spi + USER, USR_ADDR, address_bits ? USR_ADDR : 0);
    dummy_phase(spi, dummies + host->extra_dummy);
    data_phase(spi, USR_MISO, MISO_DLEN, 0);
    data_phase(spi, USR_MOSI, MOSI_DLEN, 0);
    /* FREAD_QIO, FREAD_DIO, FREAD_QUAD, FREAD_DUAL, FASTRD_MODE */
    static const uint32_t lines[] = {0, 0x2000, 0x6000, 0x802000, 0x102000, 0x1002000};
    if ((mode & 0xffff) <= QIO)
        set(spi + CTRL, 0x1906000, lines[mode & 0xffff]);
    else {
        void (**system_calls)(void) = *(void (***)(void))0x3fceffd4u; /* rom/libc_stubs.h: abort */
        system_calls[5]();
    }
    return 0;
}
ENTRY(spi_flash_hal_configure_host_io_mode, 0x40000d50);

static error spi_flash_hal_common_command(struct host *host, struct transaction *t) {
    uint32_t spi = host->spi;
    host->driver->configure_host_io_mode(host, t->command, t->address_bits, t->dummy_bits, host->mode);
    REG(spi + ADDR) = t->address;
    if (!t->in_bytes)
        dummy_phase(spi, t->dummy_bits);
    data_phase(spi, USR_MOSI, MOSI_DLEN, t->out_bytes);
    put_data(spi, t->out, t->out_bytes);
    data_phase(spi, USR_MISO, MISO_DLEN, t->in_bytes);
    REG(spi + CMD) |= USR;
    host->driver->poll_cmd_done(host, false);
    get_data(spi, t->in, t->in_bytes);
    return 0;
}
ENTRY(spi_flash_hal_common_command, 0x40000d5c);

static error spi_flash_hal_read(struct host *host, void *to, uint32_t from, uint32_t count) {
    REG(host->spi + ADDR) = from;
    data_phase(host->spi, USR_MISO, MISO_DLEN, count);
    REG(host->spi + CMD) |= USR;
    host->driver->poll_cmd_done(host, false);
    get_data(host->spi, to, count);
    return 0;
}
ENTRY(spi_flash_hal_read, 0x40000d68);

static void spi_flash_hal_erase_chip(struct host *host) {
    REG(host->spi + CMD) |= FLASH_CE;
    host->driver->poll_cmd_done(host, true);
}
ENTRY(spi_flash_hal_erase_chip, 0x40000d74);

static void address_phase(uint32_t spi) {
    set(spi + USER1, 63u << 26, BLOCKING24);
    set(spi + USER, 0, USR_ADDR);
}

static void spi_flash_hal_erase_sector(struct host *host, uint32_t at) {
    address_phase(host->spi);
    REG(host->spi + ADDR) = at & 0xffffff;
    REG(host->spi + CTRL) = 0;
    REG(host->spi + CMD) = FLASH_SE | FLASH_PE;
    host->driver->poll_cmd_done(host, true);
}
ENTRY(spi_flash_hal_erase_sector, 0x40000d80);

static void spi_flash_hal_erase_block(struct host *host, uint32_t at) {
    address_phase(host->spi);
    REG(host->spi + ADDR) = at & 0xffffff;
    REG(host->spi + CMD) = FLASH_BE | FLASH_PE;
    host->driver->poll_cmd_done(host, true);
}
ENTRY(spi_flash_hal_erase_block, 0x40000d8c);

static void spi_flash_hal_program_page(struct host *host, const void *from, uint32_t to, uint32_t count) {
    address_phase(host->spi);
    REG(host->spi + ADDR) = (to & 0xffffff) | count << 24;
    set(host->spi + USER, USR_DUMMY, 0);
    put_data(host->spi, from, count);
    REG(host->spi + CMD) |= FLASH_PP;
    host->driver->poll_cmd_done(host, true);
}
ENTRY(spi_flash_hal_program_page, 0x40000d98);

static error spi_flash_hal_set_write_protect(struct host *host, bool on) {
    REG(host->spi + CMD) |= on ? FLASH_WRDI : FLASH_WREN;
    host->driver->poll_cmd_done(host, false);
    return 0;
}
ENTRY(spi_flash_hal_set_write_protect, 0x40000da4);

static bool spi_flash_hal_host_idle(struct host *host) {
    uint32_t state = REG(host->spi + FSM) & 7;
    if (host->spi == SPI1) /* the caches' controller has the same lines */
        state |= REG(SPI0 + FSM) & 7;
    return !state;
}
ENTRY(spi_flash_hal_host_idle, 0x40000db0);

static error command(struct host *host, struct transaction t) { return host->driver->common_command(host, &t); }

static error memspi_host_read_id_hs(struct host *host, uint32_t *id) {
    uint32_t bytes = 0;
    command(host, READ_INTO(0x9f, &bytes, 3));
    if (bytes == 0 || bytes == 0xffffff)
        return BAD_RESPONSE;
    *id = (bytes & 0xff) << 16 | (bytes & 0xff00) | (bytes >> 16 & 0xffff);
    return 0;
}
ENTRY(memspi_host_read_id_hs, 0x4000102c);

static error memspi_host_read_status_hs(struct host *host, uint8_t *status) {
    uint32_t byte = 0;
    error e = command(host, READ_INTO(0x05, &byte, 1));
    if (!e)
        *status = byte;
    return e;
}
ENTRY(memspi_host_read_status_hs, 0x40001038);

static error memspi_host_flush_cache(struct host *host, uint32_t from, uint32_t count) {
    if (host->spi == SPI1)
        spi_flash_check_and_flush_cache(from, count);
    return 0;
}
ENTRY(memspi_host_flush_cache, 0x40001044);

static void memspi_host_erase_chip(struct host *host) { command(host, (struct transaction){.command = 0xc7}); }
ENTRY(memspi_host_erase_chip, 0x40001050);

static void erase(struct host *host, uint32_t code, uint32_t at) {
    command(host, (struct transaction){.command = code, .address = at, .address_bits = 24});
}
static void memspi_host_erase_sector(struct host *host, uint32_t at) { erase(host, 0x20, at); }
ENTRY(memspi_host_erase_sector, 0x4000105c);
static void memspi_host_erase_block(struct host *host, uint32_t at) { erase(host, 0xd8, at); }
ENTRY(memspi_host_erase_block, 0x40001068);

static void memspi_host_program_page(struct host *host, const void *from, uint32_t to, uint32_t count) {
    command(host, (struct transaction){.command = 0x02, .address = to, .address_bits = 24, .out = from, .out_bytes = count});
}
ENTRY(memspi_host_program_page, 0x40001074);

static error memspi_host_read(struct host *host, void *to, uint32_t from, uint32_t count) {
    command(host, (struct transaction){.command = 0x03, .address = from, .address_bits = 24, .in = to, .in_bytes = count});
    return 0;
}
ENTRY(memspi_host_read, 0x40001080);

static error memspi_host_set_write_protect(struct host *host, bool on) {
    command(host, (struct transaction){.command = on ? 0x04 : 0x06});
    return 0;
}
ENTRY(memspi_host_set_write_protect, 0x4000108c);

static void memspi_host_set_max_read_len(uint32_t bytes) { OWN->longest_read = bytes; }
ENTRY(memspi_host_set_max_read_len, 0x40001098);

/* Slices of 16 bytes, whole in a page. */
static uint32_t slice(uint32_t from, uint32_t count, uint32_t *start, uint32_t page, uint32_t most) {
    enum { UNIT = 16 };
    uint32_t first = from & -UNIT, whole = (from + count + UNIT - 1 - first) & -UNIT, room = (first / page + 1) * page - first;
    *start = first;
    whole = whole < most ? whole : most;
    return whole < room ? whole : room;
}

static uint32_t memspi_host_read_data_slicer(struct host *host, uint32_t from, uint32_t count, uint32_t *start, uint32_t page) {
    (void)host;
    return slice(from, count, start, page, OWN->longest_read);
}
ENTRY(memspi_host_read_data_slicer, 0x400010a4);

static uint32_t memspi_host_write_data_slicer(struct host *host, uint32_t to, uint32_t count, uint32_t *start, uint32_t page) {
    (void)host;
    return slice(to, count, start, page, 64);
}
ENTRY(memspi_host_write_data_slicer, 0x400010b0);
