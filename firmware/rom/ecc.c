/* Error correction of flash and PSRAM: regions, pages, byte by byte (ESP-IDF soc/apb_ctrl_reg.h, soc/spi_mem_reg.h). */
#include "rom.h"

#define REG(address) (*(volatile uint32_t *)(address))
#define FLASH_ATTR(region) REG(0x60026028u + 4 * (region))
#define FLASH_ADDR(region) REG(0x60026038u + 4 * (region))
#define FLASH_SIZE(region) REG(0x60026048u + 4 * (region))
#define SRAM_ATTR(region) REG(0x60026058u + 4 * (region))
#define SRAM_ADDR(region) REG(0x60026068u + 4 * (region))
#define SRAM_SIZE(region) REG(0x60026078u + 4 * (region))
#define ECC_CTRL REG(0x600260a0u)
#define FLASH_BYTES REG(0x60003010u)
#define SRAM_BYTES REG(0x600030dcu)
enum { REGIONS = 4, ON = 1 << 8, FLASH_PAGE_AT = 18, SRAM_PAGE_AT = 20, FLASH_BYTE_MODE = 1 << 14, SRAM_BYTE_MODE = 1 << 16, SRAM_ECC = 1 << 15 };

/* ets_ecc_table_ptr: each function at its place among these. */
typedef void by_region(uint32_t region);
#define TABLE (*(by_region ***)0x3fceffc0u)
enum { FLASH_ENABLE = 0, FLASH_DISABLE = 2, SRAM_ENABLE = 10, SRAM_DISABLE = 11 };

static void all(uint32_t what) {
    for (uint32_t region = 0; region < REGIONS; region++)
        TABLE[what](region);
}

static void ets_ecc_flash_enable(uint32_t region) { FLASH_ATTR(region) |= ON; }
static void ets_ecc_flash_disable(uint32_t region) { FLASH_ATTR(region) &= ~(uint32_t)ON; }
static void ets_ecc_flash_enable_all(void) { all(FLASH_ENABLE); }
static void ets_ecc_flash_disable_all(void) { all(FLASH_DISABLE); }
ENTRY(ets_ecc_flash_enable, 0x40002034);
ENTRY(ets_ecc_flash_enable_all, 0x40002040);
ENTRY(ets_ecc_flash_disable, 0x4000204c);
ENTRY(ets_ecc_flash_disable_all, 0x40002058);

static uint32_t ets_ecc_get_flash_page_size(void) { return 256u << (ECC_CTRL >> FLASH_PAGE_AT & 3); }
ENTRY(ets_ecc_get_flash_page_size, 0x40002064);

static void set_page(uint32_t at, uint32_t code) { ECC_CTRL = (ECC_CTRL & ~(3u << at)) | code << at; }

/* In whole 256 bytes; what is no power of two of them is 256. */
static void ets_ecc_set_flash_page_size(int bytes) {
    int pages = bytes / 256;
    set_page(FLASH_PAGE_AT, pages == 2 ? 1 : pages == 4 ? 2 : pages == 8 ? 3 : 0);
}
ENTRY(ets_ecc_set_flash_page_size, 0x40002070);

static void set_mode(volatile uint32_t *reg, uint32_t bit, uint32_t mode) {
    if (mode == 0)
        *reg &= ~bit;
    else if (mode == 1)
        *reg |= bit;
}

static void ets_ecc_set_flash_byte_mode(uint32_t mode) { set_mode(&FLASH_BYTES, FLASH_BYTE_MODE, mode); }
static uint32_t ets_ecc_get_flash_byte_mode(void) { return !!(FLASH_BYTES & FLASH_BYTE_MODE); }
ENTRY(ets_ecc_set_flash_byte_mode, 0x4000207c);
ENTRY(ets_ecc_get_flash_byte_mode, 0x40002088);

static void ets_ecc_set_flash_range(uint32_t region, uint32_t address, uint32_t size) {
    FLASH_ADDR(region) = address;
    FLASH_SIZE(region) = (FLASH_SIZE(region) & 0xffff0000u) | (size & 0xffff);
}
static void ets_ecc_get_flash_range(uint32_t region, uint32_t *address, uint32_t *size) {
    *address = FLASH_ADDR(region);
    *size = FLASH_SIZE(region) & 0xffff;
}
ENTRY(ets_ecc_set_flash_range, 0x40002094);
ENTRY(ets_ecc_get_flash_range, 0x400020a0);

static void ets_ecc_sram_enable(uint32_t region) { SRAM_ATTR(region) |= ON; }
static void ets_ecc_sram_disable(uint32_t region) { SRAM_ATTR(region) &= ~(uint32_t)ON; }
static void ets_ecc_sram_enable_all(void) { all(SRAM_ENABLE); }
static void ets_ecc_sram_disable_all(void) { all(SRAM_DISABLE); }
ENTRY(ets_ecc_sram_enable, 0x400020ac);
ENTRY(ets_ecc_sram_disable, 0x400020b8);
ENTRY(ets_ecc_sram_enable_all, 0x400020c4);
ENTRY(ets_ecc_sram_disable_all, 0x400020d0);

static uint32_t ets_ecc_get_sram_page_size(void) { return 256u << (ECC_CTRL >> SRAM_PAGE_AT & 3); }
ENTRY(ets_ecc_get_sram_page_size, 0x400020dc);

/* Without any bytes it is off. */
static void ets_ecc_set_sram_page_size(int bytes) {
    set_page(SRAM_PAGE_AT, bytes == 256 ? 0 : bytes == 512 ? 1 : bytes == 2048 ? 3 : 2);
    set_mode(&SRAM_BYTES, SRAM_ECC, bytes > 0);
}
ENTRY(ets_ecc_set_sram_page_size, 0x400020e8);

static uint32_t ets_ecc_get_sram_byte_mode(void) { return !!(SRAM_BYTES & SRAM_BYTE_MODE); }
static void ets_ecc_set_sram_byte_mode(uint32_t mode) { set_mode(&SRAM_BYTES, SRAM_BYTE_MODE, mode); }
ENTRY(ets_ecc_get_sram_byte_mode, 0x400020f4);
ENTRY(ets_ecc_set_sram_byte_mode, 0x40002100);

static void ets_ecc_set_sram_range(uint32_t region, uint32_t address, uint32_t size) {
    SRAM_ADDR(region) = address;
    SRAM_SIZE(region) = (SRAM_SIZE(region) & 0xffff0000u) | (size & 0xffff);
}
static void ets_ecc_get_sram_range(uint32_t region, uint32_t *address, uint32_t *size) {
    *address = SRAM_ADDR(region);
    *size = SRAM_SIZE(region) & 0xffff;
}
ENTRY(ets_ecc_set_sram_range, 0x4000210c);
ENTRY(ets_ecc_get_sram_range, 0x40002118);
