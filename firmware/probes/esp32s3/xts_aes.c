/* Manual encryption for flash: IEEE 1619's fourth vector, written by SPI1 to the end of the flash and read back raw. The
 * order of accesses is that of ESP-IDF's spi_flash_encryption_hal.c and spi_flash_encrypted_ll.h. */
#include "drivers/drivers.h"
#include "fuses.h"
#include "probe.h"
#include "reg/spi_mem.h"
#include "reg/system.h"

#define XTS_PLAIN(n) REG(0x600cc000u + 4 * (n)) /* ESP-IDF soc/hwcrypto_reg.h */
#define XTS_LINESIZE REG(0x600cc040u)
#define XTS_DESTINATION REG(0x600cc044u)
#define XTS_PHYSICAL_ADDRESS REG(0x600cc048u)
#define XTS_TRIGGER REG(0x600cc04cu)
#define XTS_RELEASE REG(0x600cc050u)
#define XTS_DESTROY REG(0x600cc054u)
#define XTS_STATE REG(0x600cc058u)
enum { IDLE, BUSY, DONE, AVAILABLE };

#define KEY 4
#define SCRATCH 0x7f0000u /* flash that nobody uses */
#define UNIT 128u
#define LINE 64u

/* The keys of IEEE 1619-2007, annex B, vector 4, and its text, which counts up. A data unit has its address for a number. */
static const uint8_t key[32] = {0x27, 0x18, 0x28, 0x18, 0x28, 0x45, 0x90, 0x45, 0x23, 0x53, 0x60, 0x28, 0x74, 0x71, 0x35, 0x26,
                                0x31, 0x41, 0x59, 0x26, 0x53, 0x58, 0x97, 0x93, 0x23, 0x84, 0x62, 0x64, 0x33, 0x83, 0x27, 0x95};
/* And of vector 10, 256 bits each. */
static const uint8_t key_1[32] = {0x27, 0x18, 0x28, 0x18, 0x28, 0x45, 0x90, 0x45, 0x23, 0x53, 0x60, 0x28, 0x74, 0x71, 0x35, 0x26,
                                  0x62, 0x49, 0x77, 0x57, 0x24, 0x70, 0x93, 0x69, 0x99, 0x59, 0x57, 0x49, 0x66, 0x96, 0x76, 0x27};
static const uint8_t key_2[32] = {0x31, 0x41, 0x59, 0x26, 0x53, 0x58, 0x97, 0x93, 0x23, 0x84, 0x62, 0x64, 0x33, 0x83, 0x27, 0x95,
                                  0x02, 0x88, 0x41, 0x97, 0x16, 0x93, 0x99, 0x37, 0x51, 0x05, 0x82, 0x09, 0x74, 0x94, 0x45, 0x92};
static uint8_t plain[UNIT], cipher[UNIT], turned[32], unit[UNIT] __attribute__((aligned(4)));

static void reverse(uint8_t *to, const uint8_t *from, uint32_t count) {
    for (uint32_t n = 0; n < count; n++)
        to[n] = from[count - 1 - n];
}

static void prepare(uint32_t address, const uint8_t *text, uint32_t bytes) {
    set_bits(&SYSTEM_EXTERNAL_DEVICE_ENCRYPT_DECRYPT_CONTROL,
             SYSTEM_EXTERNAL_DEVICE_ENCRYPT_DECRYPT_CONTROL_ENABLE_DOWNLOAD_MANUAL_ENCRYPT |
                 SYSTEM_EXTERNAL_DEVICE_ENCRYPT_DECRYPT_CONTROL_ENABLE_SPI_MANUAL_ENCRYPT);
    XTS_DESTINATION = 0;
    XTS_LINESIZE = bytes >> 5;
    XTS_PHYSICAL_ADDRESS = address;
    for (uint32_t n = 0; n < bytes; n += 4) {
        uint32_t word;
        memcpy(&word, text + n, 4);
        XTS_PLAIN((address % LINE + n) / 4) = word;
    }
    XTS_TRIGGER = 1;
}

static void command(uint32_t bit) {
    SPI_MEM_CMD(1) = bit;
    WAIT_UNTIL(!SPI_MEM_CMD(1), 1000);
}

/* What SPI1 is given are zeros: it writes the released result in their place. */
static void program(uint32_t at, uint32_t bytes) {
    command(SPI_MEM_CMD_FLASH_WREN);
    SPI_MEM_ADDR(1) = at | bytes << 24;
    for (uint32_t n = 0; n < bytes / 4; n++)
        (&SPI_MEM_W0(1))[n] = 0;
    command(SPI_MEM_CMD_FLASH_PP);
    delay_us(5000);
}

static void line(uint32_t unit_at, uint32_t at, uint32_t bytes) {
    prepare(SCRATCH + unit_at + at, plain + at, bytes);
    WAIT_UNTIL(XTS_STATE != BUSY, 1000);
    XTS_RELEASE = 1;
    WAIT_UNTIL(XTS_STATE == AVAILABLE, 1000);
    program(SCRATCH + unit_at + at, bytes);
    XTS_DESTROY = 1;
}

static uint32_t word(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void read_back(uint32_t at) {
    flash_read(SCRATCH + at, unit, UNIT);
    reverse(cipher, unit, UNIT);
}

static void probes(void) {
    uint8_t text[UNIT];
    reverse(turned, key, 32); /* the hardware takes key and data unit from their last byte on */
    fuses_burn_key(KEY, PURPOSE_XTS_AES_128, turned);
    for (uint32_t n = 0; n < UNIT; n++)
        text[n] = (uint8_t)n;
    reverse(plain, text, UNIT);
    flash_erase(SCRATCH, FLASH_SECTOR);
    probe(1, XTS_STATE);

    prepare(SCRATCH, plain, LINE);
    probe(2, XTS_STATE);
    WAIT_UNTIL(XTS_STATE != BUSY, 1000);
    probe(3, XTS_STATE);
    XTS_RELEASE = 1;
    WAIT_UNTIL(XTS_STATE == AVAILABLE, 1000);
    probe(4, XTS_STATE);
    program(SCRATCH, LINE);
    XTS_DESTROY = 1;
    probe(5, XTS_STATE);
    line(0, LINE, LINE);
    read_back(0);
    probe(6, word(cipher));
    probe(7, word(cipher + 60));
    probe(8, word(cipher + 64));
    probe(9, word(cipher + 124));
    /* Without a result SPI1 writes what it is given. */
    program(SCRATCH + 0x200, 16);
    flash_read(SCRATCH + 0x200, unit, 16);
    probe(10, word(unit) | word(unit + 12));

    /* Lines of 32 and 16 make the same; another unit is another text. */
    memset(unit, 0, sizeof unit);
    flash_erase(SCRATCH, FLASH_SECTOR);
    line(0, 0, 32);
    line(0, 32, 16);
    line(0, 48, 16);
    line(0, 64, 64);
    read_back(0);
    probe(11, word(cipher));
    probe(12, word(cipher + 124));
    line(UNIT, 0, 64);
    line(UNIT, 64, 64);
    flash_read(SCRATCH + UNIT, unit, UNIT);
    probe(13, word(unit) != word(cipher + 124) && word(unit + 124) != word(cipher));

    /* XTS-AES-256: two blocks of keys. */
    reverse(turned, key_1, 32);
    fuses_burn_key(KEY - 2, PURPOSE_XTS_AES_256_1, turned);
    reverse(turned, key_2, 32);
    fuses_burn_key(KEY - 1, PURPOSE_XTS_AES_256_2, turned);
    flash_erase(SCRATCH, FLASH_SECTOR);
    line(0, 0, 64);
    line(0, 64, 64);
    read_back(0);
    probe(14, word(cipher));
    probe(15, word(cipher + 60));
    probe(16, word(cipher + 124));
}
