/* From flash into RAM: the second stage, as the ROM's start-up loads, checks and enters it (ESP-IDF esp_app_format.h for the
 * image; the texts are those of public boot logs and of the silicon). */
#include "accelerators.h"
#include "boot.h"

#define REG(address) (*(volatile uint32_t *)(address))
#define CACHE_CONTROL REG(0x600c0048u) /* SYSTEM_CACHE_CONTROL */
#define MAC_SPI_SYS_2 REG(0x6000704cu)
#define MAC_SPI_SYS_3 REG(0x60007050u)
#define REPEAT_DATA3 REG(0x6000703cu)

enum { MAGIC = 0xe9, CHIP = 9, MOST_SEGMENTS = 16, SANE_SEGMENTS = 32, SLOWEST_MODE = 10, MOST_BYTES = 0x100000, HEADER = 24 };
enum { CHECKSUM_START = 0xef, LINE = 16, ROM_MEMORY_END = 0x3fcef770, STACK_LEFT = 0x400, STAGED_BYTES = 0x10000 };

struct header {
    uint8_t magic, segments, mode, size_speed;
    uint32_t entry;
    uint8_t wp, drives[3];
    uint16_t chip;
    uint8_t rest[10];
};

void ets_delay_us(uint32_t us);
uint32_t ets_efuse_get_flash_delay_us(void);
int ets_efuse_flash_octal_mode(void);
int ets_efuse_force_send_resume(void);
int ets_efuse_secure_boot_enabled(void);
uint32_t ets_efuse_get_spiconfig(void);
uint32_t ets_efuse_get_wp_pad(void);
void esp_rom_opiflash_mode_reset(int spi);
void esp_rom_spi_flash_send_resume(void);
void esp_rom_spi_flash_update_id(void);
void esp_rom_spiflash_select_qio_pins(uint32_t wp, uint32_t pads);
void SetSpiDrvs(uint32_t wp, uint32_t pads, const uint8_t *drives);
void esp_rom_spiflash_config_clk(uint32_t divider, int spi);
void spi_dummy_len_fix(int spi, uint32_t divider);
void esp_rom_spiflash_config_readmode(uint32_t mode, int legacy);
void SPIMasterReadModeCnfig(uint32_t mode);
uint32_t SPI_Common_Command(void *command);
void Cache_Enable_DCache(uint32_t autoload);
void Cache_UnMask_Dram0(void);
void spi_flash_boot_attach(uint32_t pads, uint8_t legacy, uint8_t wake);
void spi_common_set_dummy_output(uint32_t mode);
void SPI_WakeUp(void);
void Cache_MMU_Init(void);
void Cache_Owner_Init(void);
void Cache_Set_Default_Mode(void);
void Cache_Enable_Default_ICache_Mode(void);
int Cache_Ibus_MMU_Set(uint32_t what, uint32_t to, uint32_t from, uint32_t page_kb, uint32_t pages, uint32_t fixed);
void uart_tx_flush(uint32_t number);

void hang(const char *file, uint32_t line) {
    ets_printf("%s %u \n", file, line);
    for (;;)
        ;
}

const void *look(struct window *w, uint32_t at, uint32_t count) {
    enum { PAGE = 0x10000, PAGE_KB = 64, BUS = 0x3c800000 };
    if (at % 4)
        hang("ets_loader.c", 77);
    if (count % 4)
        hang("ets_loader.c", 78);
    if (count > MOST_BYTES)
        hang("ets_loader.c", 79);
    if (at < w->from || at + count > w->from + w->bytes) {
        w->from = at & -PAGE;
        w->bytes = (at + count + PAGE - 1 - w->from) & -PAGE;
        uint32_t autoload = rom_Cache_Suspend_DCache();
        Cache_Invalidate_DCache_All();
        if (Cache_Dbus_MMU_Set(0, BUS, w->from, PAGE_KB, w->bytes / PAGE, 0))
            hang("ets_loader.c", 98);
        Cache_Resume_DCache(autoload);
    }
    return (const void *)(BUS + at - w->from);
}

/* The data cache alone: its clock, a pulse of its reset, nothing mapped. */
static void ROM_Boot_Cache_Init(void) {
    enum { DCACHE_CLK_ON = 4, DCACHE_RESET = 8 };
    CACHE_CONTROL |= DCACHE_CLK_ON;
    CACHE_CONTROL |= DCACHE_RESET;
    CACHE_CONTROL &= ~(uint32_t)DCACHE_RESET;
    Cache_Owner_Init();
    Cache_MMU_Init();
    Cache_Set_Default_Mode();
    Cache_Enable_DCache(0);
    Cache_UnMask_Dram0();
}
ENTRY(ROM_Boot_Cache_Init, 0x40001668);

/* Of what is loaded: of the copy that was verified, where secure boot made one. */
static const void *piece(struct window *w, uint32_t at, uint32_t count) {
    if (!ets_efuse_secure_boot_enabled())
        return look(w, at, count);
    if (at + count > STAGED_BYTES || at >= STAGED_BYTES)
        hang("ets_loader.c", 83);
    return STAGED + at;
}

static int is_sane(const struct header *h) {
    uint32_t speed = h->size_speed & 0xf;
    return h->magic == MAGIC && h->segments <= SANE_SEGMENTS && h->mode <= SLOWEST_MODE && (speed < 3 || speed == 15);
}

/* 40, 26, 20 and 80 MHz. */
static uint32_t divider_of(uint32_t speed) { return speed < 3 ? speed + 2 : 1; }

static void set_clock(uint32_t divider) {
    for (int spi = 0; spi < 2; spi++)
        esp_rom_spiflash_config_clk(divider, spi);
    for (int spi = 0; spi < 2; spi++)
        spi_dummy_len_fix(spi, divider);
}

/* What the mode is said to be. */
static void fast_mode(uint32_t mode, uint32_t divider) {
    static const char names[] = "QIO\0    QOUT\0   DIO\0    DOUT\0   FAST_RD\0SLOW_RD\0OPI_STR\0OPI_DTR\0OOUT\0   OIO_STR\0OIO_DTR";
    ets_printf("mode:%s, clock div:%d\n", &names[8 * mode], divider);
    spi_common_set_dummy_output(mode);
}

/* The flash as the header asks for. */
static void configure(const struct header *h) {
    enum { NOT_SAID = 0xee, LAST_PAD = 46, FAST_RD = 4, SLOW_RD = 5, NO_PADS = 0x3fffffff };
    uint32_t pads = ets_efuse_get_spiconfig(), wp = h->wp, mode = h->mode, divider = divider_of(h->size_speed & 0xf);
    if (pads) {
        wp = (uint8_t)ets_efuse_get_wp_pad();
        ets_printf("configspi:0x%08x\n", pads);
    }
    ets_printf("SPIWP:0x%02x\n", wp);
    if (pads ? wp <= LAST_PAD : wp != NOT_SAID)
        esp_rom_spiflash_select_qio_pins(wp, pads);
    SetSpiDrvs(wp, pads, h->drives);
    if (ets_efuse_flash_octal_mode()) {
        uint32_t more = MAC_SPI_SYS_2 >> 20 | (MAC_SPI_SYS_3 & 0x3ffff) << 12;
        if (more && more != NO_PADS)
            ets_printf("configopi:0x%08x\n", more);
        ets_printf("Octal Flash Mode Enabled\n");
        if (mode != FAST_RD && mode != SLOW_RD) {
            ets_printf("For OPI Flash, Use Default Flash Boot Mode\n");
            mode = SLOW_RD;
        }
    }
    set_clock(divider);
    esp_rom_spiflash_config_readmode(mode, 0);
    fast_mode(mode, divider);
}

void give_up(const char *text) {
    ets_printf(text);
    uart_tx_flush(GetUartDevice()->number);
    ets_delay_us(200);
    software_reset();
}

/* Code that stays in flash, without a second stage: it says so at 400h (ESP-IDF documentation of its ROM, "direct boot"). */
static void direct_boot(void) {
    enum { IBUS = 0x42000000, DBUS = 0x3c000000, PAGES = 512, ENTRY_AT = 0x408 };
    Cache_Owner_Init();
    Cache_MMU_Init();
    Cache_Set_Default_Mode();
    Cache_Enable_Default_ICache_Mode();
    if (Cache_Ibus_MMU_Set(0, IBUS, 0, 64, PAGES, 0))
        hang("ets_loader.c", 258);
    if (Cache_Dbus_MMU_Set(0, DBUS, 0, 64, PAGES, 0))
        hang("ets_loader.c", 260);
    REG(0x600c4004u) &= ~3u; /* EXTMEM_DCACHE_CTRL1 and ICACHE_CTRL1: both buses of both cores */
    REG(0x600c4064u) &= ~3u;
    ((void (*)(void))(IBUS + ENTRY_AT))();
    give_up("Direct boot returned");
}

/* One of them, while the cache leaves the flash alone. */
static uint32_t command(const uint8_t *from) {
    uint8_t one[8];
    rom_memcpy(one, from, sizeof one);
    uint32_t autoload = rom_Cache_Suspend_DCache(), result = SPI_Common_Command(one);
    Cache_Resume_DCache(autoload);
    return result;
}

/* A segment of commands to the flash chip, of 8 bytes each. Each says how many behind it are left out, where it has an
 * answer; without, it was the last. The segment's address has how many there are, then mode and speed. */
static void commands(struct window *w, uint32_t at, const uint32_t *segment) {
    const uint8_t *c = piece(w, at, segment[1]);
    uint32_t count = segment[0] >> 16 & 0xff, left_out = 0, mode = segment[0] & 0xff, divider = divider_of(segment[0] >> 8 & 0xf);
    if ((segment[1] + 8) % LINE) {
        ets_printf("cmd len %d\n", segment[1] + 8);
        hang("ets_loader.c", 212);
    }
    for (const uint8_t *end = c + (segment[1] & -(uint32_t)LINE); c != end; c += 8) {
        if (!count)
            continue;
        count--;
        if (!left_out) {
            left_out = command(c);
            if (!left_out)
                count = 0;
        }
        left_out = (uint16_t)(left_out - 1);
    }
    if (count)
        command(c);
    set_clock(divider);
    mode = mode < SLOWEST_MODE ? mode : SLOWEST_MODE;
    SPIMasterReadModeCnfig(mode);
    fast_mode(mode, divider);
}

static void digest_line(const char *what, const uint8_t *digest) {
    ets_printf("%s: ", what);
    for (uint32_t n = 0; n < DIGEST; n++)
        ets_printf("%02x", digest[n]);
    ets_printf("\n");
}

/* Returns 0 when the second stage has come back, else what is no image that can be run. */
static uint32_t boot_from_flash(void) {
    struct window window;
    struct header h;
    struct sha sha;
    uint8_t digest[DIGEST], verified[DIGEST];
    const struct header *found;
    spi_flash_boot_attach(ets_efuse_get_spiconfig(), 0, 0);
    ROM_Boot_Cache_Init();
    ets_delay_us(ets_efuse_get_flash_delay_us());
    for (;;) {
        if (ets_efuse_flash_octal_mode()) {
            esp_rom_opiflash_mode_reset(1);
        } else {
            SPI_WakeUp();
        }
        if (ets_efuse_force_send_resume())
            esp_rom_spi_flash_send_resume();
        window = (struct window){0, 0};
        found = look(&window, 0, HEADER);
        rom_memcpy(&h, found, 8);
        if (is_sane(&h))
            break;
        const uint32_t *words = (const void *)found;
        if (!ets_efuse_secure_boot_enabled() && !(REPEAT_DATA3 >> 1 & 1) && words[0x100] == 0xaedb041d && words[0x101] == 0xaedb041d)
            direct_boot();
        ets_printf("invalid header: 0x%02x%02x%02x%02x\n", h.size_speed, h.mode, h.segments, h.magic);
    }
    if (h.segments > MOST_SEGMENTS) {
        ets_printf("Invalid image block count: %d (max %d)\n", h.segments, MOST_SEGMENTS);
        return 1;
    }
    esp_rom_spi_flash_update_id();
    rom_memcpy(&h.wp, &found->wp, HEADER - 8);
    if (h.chip != CHIP) {
        ets_printf("Invalid chip id. Expected %u read %u. Bootloader for wrong chip?\n", CHIP, h.chip);
        return 1;
    }
    configure(&h);
    ets_sha_enable();
    ets_sha_init(&sha, SHA2_256);
    ets_sha_update(&sha, found, HEADER, 1);
    if (ets_efuse_secure_boot_enabled()) {
        uint32_t result = verify_second_stage(verified);
        if (result != SB_SUCCESS) {
            ets_printf("secure boot verification failed\n");
            return result;
        }
        ets_printf("secure boot verification succeeded\n");
        ets_sha_enable(); /* the check has turned it off */
        rom_Cache_Suspend_ICache();
    }
    uint32_t at = HEADER, sum = CHECKSUM_START, segment[2];
    for (uint32_t left = h.segments; left; left--) {
        rom_memcpy(segment, piece(&window, at, sizeof segment), sizeof segment);
        at += sizeof segment;
        ets_sha_update(&sha, segment, sizeof segment, 0);
        uint32_t end = segment[0] + segment[1];
        if (segment[0] >> 31) {
            commands(&window, at, segment);
            ets_sha_update(&sha, piece(&window, at, segment[1]), segment[1], 0);
            at += segment[1];
            continue;
        }
        ets_printf("load:0x%08x,len:0x%x\n", segment[0], segment[1]);
        if ((segment[0] | segment[1]) % 4 || segment[1] > MOST_BYTES) {
            ets_printf("Invalid image block, can't boot.\n");
            return 1;
        }
        uint32_t stack = (uint32_t)&window - STACK_LEFT;
        if (end > stack && segment[0] < ROM_MEMORY_END) {
            ets_printf("region 0x%08x-0x%08x overlaps 0x%08x-%p, can't load\n", segment[0], end, stack, (void *)ROM_MEMORY_END);
            return 1;
        }
        const uint32_t *from = piece(&window, at, segment[1]);
        volatile uint32_t *to = (volatile uint32_t *)segment[0];
        for (uint32_t n = 0; n < segment[1] / 4; n++) {
            uint32_t word = from[n];
            to[n] = word;
            sum ^= word;
        }
        ets_sha_update(&sha, (const void *)segment[0], segment[1], 0);
        at += segment[1];
    }
    uint32_t end = LINE - at % LINE;
    const uint8_t *last = piece(&window, at, LINE);
    sum = (sum ^ sum >> 8 ^ sum >> 16 ^ sum >> 24) & 0xff;
    if (last[end - 1] != sum) {
        ets_printf("Checksum failure. Calculated 0x%02x stored 0x%02x\n", sum, last[end - 1]);
        return 1;
    }
    ets_sha_update(&sha, last, end, 0);
    ets_sha_finish(&sha, digest);
    const uint8_t *expected = piece(&window, at + end, DIGEST);
    if (rom_memcmp(digest, expected, DIGEST)) {
        ets_printf("SHA-256 comparison failed:\n");
        digest_line("Calculated", digest);
        digest_line("Expected", expected);
        if (ets_efuse_secure_boot_enabled())
            give_up("Aborting\n");
        ets_printf("Attempting to boot anyway...\n");
    }
    /* What is run must be what was verified. */
    if (ets_efuse_secure_boot_enabled() && rom_memcmp(digest, verified, DIGEST))
        software_reset();
    uint32_t autoload = rom_Cache_Suspend_DCache();
    Cache_Invalidate_DCache_All();
    Cache_Resume_DCache(autoload);
    Cache_MMU_Init();
    ets_printf("entry 0x%08x\n", h.entry);
    ((void (*)(void))h.entry)();
    return 0;
}
/* For the ROM's start-up, in none of ESP-IDF's lists. */
ENTRY(boot_from_flash, 0x40017fd0);
