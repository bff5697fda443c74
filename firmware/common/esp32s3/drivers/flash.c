/* The flash chip through the ROM's functions, with the caches halted, and its partitions. ESP-IDF's documentation of
 * the SPI flash interface. The other core must not be in flash meanwhile: the kernel parks it; without the kernel an
 * application sees to it. */
#include "drivers/drivers.h"
#include "reg/spi_mem.h"

#define TABLE_AT 0x8000u
#define TABLE_LINES 95
#define MAGIC_LINE 0x50aa
#define PAGE 0x10000u
#define MMU_ENTRY(vaddr) REG(0x600c5000u + ((vaddr) & 0x1ffffffu) / PAGE * 4)
#define MMU_INVALID BIT(14)
#define READ_ID 0x9f
#define BLOCK 0x10000u
#define PROGRAM_PAGE 256u
#define STATUS_MASK 0xffffu

int esp_rom_spiflash_read(uint32_t from, uint32_t *to, int32_t bytes);
int esp_rom_spiflash_write(uint32_t to, const uint32_t *from, int32_t bytes);
int esp_rom_spiflash_erase_sector(uint32_t sector);
int esp_rom_spiflash_unlock(void);
int esp_rom_spiflash_config_param(uint32_t id, uint32_t bytes, uint32_t block, uint32_t sector, uint32_t page, uint32_t status_mask);
uint32_t rom_Cache_Suspend_ICache(void);
uint32_t rom_Cache_Suspend_DCache(void);
void Cache_Resume_ICache(uint32_t autoload);
void Cache_Resume_DCache(uint32_t autoload);
int Cache_Invalidate_Addr(uint32_t address, uint32_t bytes);

enum what { READ, WRITE, ERASE };

__attribute__((weak)) uint32_t flash_alone(void) { return interrupts_off(); }
__attribute__((weak)) void flash_together(uint32_t level) { interrupts_restore(level); }

/* The ROM takes each chip for one of 2 MB and goes no further until it is told, as ESP-IDF's bootloader does. The last
 * byte of the JEDEC ID is the size's logarithm. */
IRAM void flash_tell_size(void) {
    static uint32_t told;
    if (told)
        return;
    uint32_t id = flash_id();
    esp_rom_spiflash_config_param(id, 1u << (id & 0xff), BLOCK, FLASH_SECTOR, PROGRAM_PAGE, STATUS_MASK);
    told = 1;
}

/* From internal memory alone: while the chip is busy nothing can be fetched from it. */
IRAM static void act(enum what what, uint32_t at, void *memory, uint32_t bytes) {
    flash_tell_size();
    uint32_t level = flash_alone(), instructions = rom_Cache_Suspend_ICache(), data = rom_Cache_Suspend_DCache();
    if (what == READ) {
        esp_rom_spiflash_read(at, memory, (int32_t)bytes);
    } else {
        esp_rom_spiflash_unlock();
        if (what == WRITE)
            esp_rom_spiflash_write(at, memory, (int32_t)bytes);
        else
            for (uint32_t end = at + bytes; at < end; at += FLASH_SECTOR)
                esp_rom_spiflash_erase_sector(at / FLASH_SECTOR);
    }
    Cache_Resume_DCache(data);
    Cache_Resume_ICache(instructions);
    flash_together(level);
}

void flash_read(uint32_t from, void *to, uint32_t bytes) { act(READ, from, to, bytes); }
void flash_write(uint32_t to, const void *from, uint32_t bytes) { act(WRITE, to, (void *)(uintptr_t)from, bytes); }
void flash_erase(uint32_t at, uint32_t bytes) { act(ERASE, at, 0, bytes); }

IRAM uint32_t flash_id(void) {
    uint32_t level = flash_alone(), instructions = rom_Cache_Suspend_ICache(), data = rom_Cache_Suspend_DCache();
    uint32_t ctrl = SPI_MEM_CTRL(1), user = SPI_MEM_USER(1), user2 = SPI_MEM_USER2(1);
    SPI_MEM_CTRL(1) = ctrl & ~(SPI_MEM_CTRL_FREAD_DUAL | SPI_MEM_CTRL_FREAD_QUAD | SPI_MEM_CTRL_FREAD_DIO | SPI_MEM_CTRL_FREAD_QIO);
    SPI_MEM_USER(1) = SPI_MEM_USER_USR_COMMAND | SPI_MEM_USER_USR_MISO;
    SPI_MEM_USER2(1) = field(SPI_MEM_USER2_USR_COMMAND_BITLEN, 7) | field(SPI_MEM_USER2_USR_COMMAND_VALUE, READ_ID);
    SPI_MEM_MISO_DLEN(1) = 24 - 1;
    SPI_MEM_CMD(1) = SPI_MEM_CMD_USR;
    while (SPI_MEM_CMD(1) & SPI_MEM_CMD_USR) {
    }
    uint32_t id = SPI_MEM_W0(1) & 0xffffff;
    SPI_MEM_CTRL(1) = ctrl;
    SPI_MEM_USER(1) = user;
    SPI_MEM_USER2(1) = user2;
    Cache_Resume_DCache(data);
    Cache_Resume_ICache(instructions);
    flash_together(level);
    return (id & 0xff) << 16 | (id & 0xff00) | id >> 16;
}

uint32_t flash_map(uint32_t address, uint32_t from, uint32_t pages) {
    for (uint32_t n = 0; n < pages; n++)
        if (MMU_ENTRY(address + n * PAGE) != MMU_INVALID && MMU_ENTRY(address + n * PAGE) != from / PAGE + n)
            return 0;
    for (uint32_t n = 0; n < pages; n++)
        MMU_ENTRY(address + n * PAGE) = from / PAGE + n;
    Cache_Invalidate_Addr(address, pages * PAGE);
    return 1;
}

uint32_t partition_find(uint32_t type, uint32_t subtype, struct partition *found) {
    struct {
        uint16_t magic;
        uint8_t type, subtype;
        uint32_t offset, bytes, rest[5];
    } line;
    for (uint32_t n = 0; n < TABLE_LINES; n++) {
        flash_read(TABLE_AT + n * sizeof line, &line, sizeof line);
        if (line.magic != MAGIC_LINE)
            return 0;
        if (line.type == type && line.subtype == subtype) {
            *found = (struct partition){type, subtype, line.offset, line.bytes};
            return 1;
        }
    }
    return 0;
}
