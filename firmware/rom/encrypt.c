/* Encrypted writes to flash: XTS-AES makes the cipher text of a line, and SPI1 writes it in place of its own data (ESP32-S3
 * TRM, chapter "External Memory Encryption and Decryption"; ESP-IDF hal/spi_flash_encrypted_ll.h, rom/spi_flash.h). */
#include "rom.h"

#define REG(address) (*(volatile uint32_t *)(address))
#define XTS_PLAIN(n) REG(0x600cc000u + 4 * (n))
#define XTS_LINESIZE REG(0x600cc040u)
#define XTS_DESTINATION REG(0x600cc044u)
#define XTS_PHYSICAL_ADDRESS REG(0x600cc048u)
#define XTS_TRIGGER REG(0x600cc04cu)
#define XTS_RELEASE REG(0x600cc050u)
#define XTS_DESTROY REG(0x600cc054u)
#define XTS_STATE REG(0x600cc058u)
enum { BUSY = 1, AVAILABLE = 3, FLASH = 0, WINDOW = 64, LINE = 32, LEAST = 16 };

int esp_rom_spiflash_write(uint32_t to, const void *from, int count);
void esp_rom_spiflash_write_encrypted_enable(void);
void esp_rom_spiflash_write_encrypted_disable(void);

int esp_rom_spiflash_write_encrypted(uint32_t to, const uint8_t *from, uint32_t count);
int esp_rom_spiflash_write_encrypted(uint32_t to, const uint8_t *from, uint32_t count) {
    int error = 0;
    if (to % LEAST || count % LEAST)
        return 1;
    esp_rom_spiflash_write_encrypted_enable();
    while (count && !error) {
        uint32_t bytes = to % LINE || count < LINE ? LEAST : LINE; /* what SPI1 programs at once */
        XTS_DESTINATION = FLASH;
        XTS_LINESIZE = bytes >> 5;
        XTS_PHYSICAL_ADDRESS = to;
        for (uint32_t n = 0; n < bytes; n += 4) {
            uint32_t word;
            rom_memcpy(&word, from + n, 4);
            XTS_PLAIN((to % WINDOW + n) / 4) = word;
        }
        XTS_TRIGGER = 1;
        while (XTS_STATE == BUSY)
            ;
        XTS_RELEASE = 1;
        while (XTS_STATE != AVAILABLE)
            ;
        error = esp_rom_spiflash_write(to, from, bytes);
        XTS_DESTROY = 1;
        to += bytes;
        from += bytes;
        count -= bytes;
    }
    esp_rom_spiflash_write_encrypted_disable();
    return error;
}
ENTRY(esp_rom_spiflash_write_encrypted, 0x4000096c);
