/* What the ROM's flash drivers work on. Structures of ESP-IDF 4.4: hal/spi_flash_types.h, hal/spi_flash_hal.h, esp_flash.h,
 * spi_flash_chip_driver.h, rom/spi_flash.h. Registers: soc/spi_mem_reg.h. */
#ifndef SPI_FLASH_H
#define SPI_FLASH_H

#include <stdbool.h>

#include "rom.h"

#define REG(address) (*(volatile uint32_t *)(address))

/* esp_err.h, esp_flash_err.h */
enum {
    NO_MEMORY = 0x101,
    BAD_ARGUMENT = 0x102,
    BAD_SIZE = 0x104,
    NOT_FOUND = 0x105,
    NOT_SUPPORTED = 0x106,
    TIMEOUT = 0x107,
    BAD_RESPONSE = 0x108,
    FLASH_FAIL = 0x6001,
    FLASH_TIMEOUT = 0x6002,
    NOT_INITIALISED = 0x6003,
    UNSUPPORTED_HOST = 0x6004,
    UNSUPPORTED_CHIP = 0x6005,
    PROTECTED = 0x6006,
};
typedef int32_t error;

/* The controllers. */
#define SPI0 0x60003000u
#define SPI1 0x60002000u
#define SPI_OF(n) (SPI1 + 0x1000 - 0x1000 * (n)) /* SPI0 lies above SPI1 */
enum {
    CMD = 0x00, ADDR = 0x04, CTRL = 0x08, CTRL2 = 0x10, CLOCK = 0x14, USER = 0x18, USER1 = 0x1c, USER2 = 0x20,
    MOSI_DLEN = 0x24, MISO_DLEN = 0x28, MISC = 0x34, CACHE_FCTRL = 0x3c, FSM = 0x54, W0 = 0x58, WAITI_CTRL = 0x98,
    SUS_CMD = 0x9c, SUS_CTRL = 0xa0, SUS_STATUS = 0xa4, SMEM_AC = 0xdc, DDR = 0xe0,
};
/* CMD */
#define FLASH_WREN (1u << 30)
#define FLASH_WRDI (1u << 29)
#define FLASH_PP (1u << 25)
#define FLASH_SE (1u << 24)
#define FLASH_BE (1u << 23)
#define FLASH_CE (1u << 22)
#define FLASH_RES (1u << 20)
#define USR (1u << 18)
#define FLASH_PE (1u << 17)
/* USER */
#define USR_COMMAND (1u << 31)
#define USR_ADDR (1u << 30)
#define USR_DUMMY (1u << 29)
#define USR_MISO (1u << 28)
#define USR_MOSI (1u << 27)
#define CS_TIMES (3u << 6)
#define CS_SETUP (1u << 6)
/* CTRL */
#define WRSR_2B (1u << 22)
#define WP 0x200000u
#define LINES_HIGH 0xc0000u /* D_POL, Q_POL */
#define FDUMMY_OUT 8u
#define COMMAND8 (7u << 28) /* USER2 */
#define SLICE 1023u         /* a length in bits */

static inline void set(uint32_t reg, uint32_t mask, uint32_t value) { REG(reg) = (REG(reg) & ~mask) | value; }
static inline uint32_t bits_of(uint32_t bytes) { return bytes ? (8 * bytes - 1) & SLICE : 0; }

/* A transaction of a driver. */
struct transaction {
    uint8_t reserved, out_bytes, in_bytes, address_bits;
    uint32_t address;
    const void *out;
    void *in;
    uint32_t flags;
    uint16_t command;
    uint8_t dummy_bits;
    uint32_t mode;
};
#define READ_INTO(code, to, count) ((struct transaction){.command = code, .in = to, .in_bytes = count})

/* A controller with its driver. */
struct host {
    const struct host_driver *driver;
    uint32_t spi;
    int32_t select;
    uint8_t extra_dummy, select_setup, select_hold, reserved;
    uint32_t clock, mode, flags;
};
struct host_driver {
    error (*dev_config)(struct host *);
    error (*common_command)(struct host *, struct transaction *);
    error (*read_id)(void *, uint32_t *);
    void (*erase_chip)(struct host *);
    void (*erase_sector)(struct host *, uint32_t);
    void (*erase_block)(struct host *, uint32_t);
    error (*read_status)(struct host *, uint8_t *);
    error (*set_write_protect)(struct host *, bool);
    void (*program_page)(struct host *, const void *, uint32_t, uint32_t);
    bool (*supports_direct_write)(struct host *, const void *);
    uint32_t (*write_data_slicer)(struct host *, uint32_t, uint32_t, uint32_t *, uint32_t);
    error (*read)(struct host *, void *, uint32_t, uint32_t);
    bool (*supports_direct_read)(struct host *, const void *);
    uint32_t (*read_data_slicer)(struct host *, uint32_t, uint32_t, uint32_t *, uint32_t);
    uint32_t (*host_status)(struct host *);
    error (*configure_host_io_mode)(struct host *, uint32_t, uint32_t, uint32_t, uint32_t);
    void (*poll_cmd_done)(struct host *, bool);
    error (*flush_cache)(struct host *, uint32_t, uint32_t);
    void (*check_suspend)(struct host *);
};

/* A chip, what it runs on, and its driver. */
struct os_functions {
    error (*start)(void *), (*end)(void *);
    error (*region_protected)(void *, uint32_t, uint32_t);
    error (*delay_us)(void *, uint32_t);
    void *(*get_temp_buffer)(void *, uint32_t, uint32_t *);
    void (*release_temp_buffer)(void *, void *);
    error (*check_yield)(void *, uint32_t, uint32_t *);
    error (*yield)(void *, uint32_t *);
};
struct chip {
    struct host *host;
    const struct chip_driver *driver;
    const struct os_functions *os;
    void *os_data;
    uint32_t mode, size, id, busy;
};
struct timeouts {
    uint32_t idle, erase_chip, erase_block, erase_sector, program;
};
struct region {
    uint32_t offset, size;
};
struct chip_driver {
    const char *name;
    const struct timeouts *timeout;
    error (*probe)(struct chip *, uint32_t);
    error (*reset)(struct chip *);
    error (*detect_size)(struct chip *, uint32_t *);
    error (*erase_chip)(struct chip *);
    error (*erase_sector)(struct chip *, uint32_t), (*erase_block)(struct chip *, uint32_t);
    uint32_t sector_size, block_size;
    error (*get_write_protect)(struct chip *, bool *), (*set_write_protect)(struct chip *, bool);
    uint8_t regions;
    const struct region *region;
    error (*get_protected)(struct chip *, uint64_t *), (*set_protected)(struct chip *, uint64_t);
    error (*read)(struct chip *, void *, uint32_t, uint32_t), (*write)(struct chip *, const void *, uint32_t, uint32_t);
    error (*program_page)(struct chip *, const void *, uint32_t, uint32_t);
    uint32_t page_size;
    void *write_encrypted;
    error (*wait_idle)(struct chip *, uint32_t);
    error (*set_io_mode)(struct chip *), (*get_io_mode)(struct chip *, uint32_t *);
    error (*read_id)(void *, uint32_t *);
    error (*read_reg)(struct chip *, uint32_t, uint32_t *);
    error (*yield)(struct chip *, uint32_t);
};
_Static_assert(offsetof(struct chip_driver, yield) == 104 && offsetof(struct host, clock) == 16, "ESP-IDF");
enum { REGISTER_STATUS = 1 };
enum { SLOWRD, FASTRD, DOUT, DIO, QOUT, QIO };
#define CONF_BITS 0x80000000u

/* `spi_flash_chip_generic_config_data`: dummy clocks of the reads, microseconds between questions. */
struct generic_config {
    uint8_t dio, qio, qout, dout, fastrd, slowrd, interval;
};
#define GENERIC_CONFIG (*(const struct generic_config **)0x3fceffe0u)
#define DEFAULT_CHIP (*(struct chip **)0x3fceffdcu)

/* The old driver's: `rom_spiflash_legacy_data`, `rom_spiflash_legacy_funcs`, `g_flash_guard_ops`, `rom_opiflash_cmd_def`. */
struct old_chip {
    uint32_t id, size, block, sector, page, status_mask;
    uint8_t dummies[3], by_matrix;
};
#define CHIP (*(struct old_chip **)0x3fceffe4u)
struct old_functions {
    uint8_t address_bits[4];
    uint32_t read_slice, write_slice;
    void *unlock, *erase_sector, *erase_block, *read, *write, *write_encrypted;
    void (*check_suspend)(void);
};
#define OLD (*(const struct old_functions **)0x3fceffe8u)
struct guard {
    void (*start)(void), (*end)(void);
};
#define GUARD (*(const struct guard **)0x3fceffecu)
#define OCTAL_COMMANDS (*(const uint8_t **)0x3fcefff4u)

/* Variables of these functions, where the ROM has its own: engine/esp32s3/src/rom/vars.rs. */
struct mapping {
    uint32_t handle, page, count;
    struct mapping *next, **before;
};
struct flash_variables {
    uint8_t longest_read, unlocked, counting, reserved;
    uint8_t write_config[4];
    uint32_t started, caches, handles, pages;
    uint8_t *used;
    struct mapping *mappings;
    void (*release)(void *);
    void *(*allocate)(uint32_t);
    bool (*may_write)(uint32_t, uint32_t);
};
#define OWN ((struct flash_variables *)0x3fcef77cu)
struct counter {
    uint32_t count, time, bytes;
};
enum { READS, WRITES, ERASES };
#define COUNTERS ((struct counter *)0x3fcef7f8u)

/* Other functions of the ROM. */
void *rom_memmove(void *to, const void *from, size_t count);
int rom_memcmp(const void *one, const void *other, size_t count);
int ets_printf(const char *format, ...);
uint32_t ets_get_cpu_frequency(void);
uint32_t Cache_Get_IROM_MMU_End(void), Cache_Get_DROM_MMU_End(void);
int Cache_Invalidate_Addr(uint32_t address, uint32_t size);
void assertion(const char *file, int line, const char *function, const char *what) __attribute__((noreturn));

/* One another. */
uint32_t spi_flash_get_chip_size(void);
uint32_t spi_flash_check_and_flush_cache(uint32_t from, uint32_t count);
uint32_t spi_flash_phys2cache(uint32_t address, uint32_t memory);
error rom_spi_flash_mmap(uint32_t from, uint32_t count, uint32_t memory, const void **at, uint32_t *handle);
void rom_spi_flash_munmap(uint32_t handle);
error spi_flash_write_encrypted(uint32_t to, const uint8_t *from, uint32_t count);
error spi_flash_read_encrypted(uint32_t from, void *to, uint32_t count);
int Wait_SPI_Idle(struct old_chip *chip);
int SPI_write_enable(struct old_chip *chip);
int esp_rom_spiflash_unlock(void);
int esp_rom_spiflash_wait_idle(void);
void esp_rom_spiflash_write_encrypted_enable(void);
void esp_rom_spiflash_write_encrypted_disable(void);

static inline void guard_start(void) {
    if (GUARD && GUARD->start)
        GUARD->start();
}
static inline void guard_end(void) {
    if (GUARD && GUARD->end)
        GUARD->end();
}

#endif
