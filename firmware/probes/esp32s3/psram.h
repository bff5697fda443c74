/* What both kinds of PSRAM have in common: seen through the data cache, every page of it is another. */
#ifndef PSRAM_H
#define PSRAM_H

#include "mspi.h"
#include "reg/extmem.h"

#define WINDOW 0x3c000000u
#define PAGE 0x10000u
#define MMU_ENTRY(page) REG(0x600c5000u + 4 * (page))
#define MMU_PSRAM BIT(15)

/* How SPI0 reads and writes PSRAM for the cache: names of the SVD. */
#define CACHE_SCTRL REG(0x60003040u)
#define CACHE_SCTRL_CACHE_USR_SCMD_4BYTE BIT(0)
#define CACHE_SCTRL_USR_SRAM_QIO BIT(2)
#define CACHE_SCTRL_USR_WR_SRAM_DUMMY BIT(3)
#define CACHE_SCTRL_USR_RD_SRAM_DUMMY BIT(4)
#define CACHE_SCTRL_CACHE_SRAM_USR_RCMD BIT(5)
#define CACHE_SCTRL_SRAM_RDUMMY_CYCLELEN 6, 6
#define CACHE_SCTRL_SRAM_ADDR_BITLEN 14, 6
#define CACHE_SCTRL_CACHE_SRAM_USR_WCMD BIT(20)
#define CACHE_SCTRL_SRAM_WDUMMY_CYCLELEN 22, 6
#define SRAM_DRD_CMD REG(0x60003048u)
#define SRAM_DWR_CMD REG(0x6000304cu)
#define SRAM_CMD_BITLEN 28, 4

void Cache_Disable_DCache(void);
void Cache_Invalidate_DCache_All(void);
void Cache_Enable_DCache(uint32_t autoload);

/* As ESP-IDF's esp_psram_extram_test: fills all of it, 32 bytes apart, then reads; the answer is how many words are wrong. */
static uint32_t psram_wrong_words(uint32_t bytes) {
    Cache_Disable_DCache();
    for (uint32_t page = 0; page < bytes / PAGE; page++)
        MMU_ENTRY(page) = MMU_PSRAM | page;
    Cache_Invalidate_DCache_All();
    Cache_Enable_DCache(0);
    clear_bits(&EXTMEM_DCACHE_CTRL1, EXTMEM_DCACHE_CTRL1_DCACHE_SHUT_CORE0_BUS);
    volatile uint32_t *word = (volatile uint32_t *)(uintptr_t)WINDOW;
    uint32_t wrong = 0;
    for (uint32_t n = 0; n < bytes / 4; n += 8)
        word[n] = n ^ 0xaaaaaaaa;
    for (uint32_t n = 0; n < bytes / 4; n += 8)
        wrong += word[n] != (n ^ 0xaaaaaaaa);
    return wrong;
}

#endif
