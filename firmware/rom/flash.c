/* Flash: what leaves an octal chip's modes, and the switch of manual encryption (ESP-IDF rom/opi_flash.h,
 * rom/spi_flash.h, soc/system_reg.h). */
#include "rom.h"

#define REG(address) (*(volatile uint32_t *)(address))

/* esp_rom_spiflash_read_mode_t */
enum { MODE_SLOW = 4, MODE_OPI_STR = 6, MODE_OPI_DTR = 7 };

void esp_rom_opiflash_exec_cmd(int spi, int mode, uint32_t command, int command_bits, uint32_t address, int address_bits,
                               int dummy_bits, const void *out, int out_bits, void *in, int in_bits, uint32_t selects,
                               uint32_t writes);
void esp_rom_opiflash_soft_reset(int spi, int mode);
void esp_rom_spi_set_op_mode(int spi, int mode);
void ets_delay_us(uint32_t us);

/* The mode bits of a read that says it is the last of its kind. */
static void esp_rom_opiflash_exit_continuous_read_mode(int spi) {
    uint32_t zero = 0;
    esp_rom_spi_set_op_mode(spi, MODE_OPI_STR);
    esp_rom_opiflash_exec_cmd(spi, MODE_OPI_STR, 0, 16, 0, 24, 0, &zero, 24, 0, 0, 1, 0);
}
ENTRY(esp_rom_opiflash_exit_continuous_read_mode, 0x40000948);

/* For MX25UM25645G: a reset in whatever mode it is in. */
static void mode_reset(int spi) {
    esp_rom_opiflash_exit_continuous_read_mode(spi);
    esp_rom_opiflash_soft_reset(spi, MODE_OPI_STR);
    esp_rom_opiflash_soft_reset(spi, MODE_OPI_DTR);
    esp_rom_opiflash_soft_reset(spi, MODE_SLOW);
    esp_rom_opiflash_exec_cmd(spi, MODE_OPI_DTR, 0x0606, 16, 0, 0, 0, 0, 0, 0, 0, 1, 0);
    ets_delay_us(10);
    esp_rom_opiflash_exec_cmd(spi, MODE_OPI_DTR, 0xffff, 16, 0, 0, 0, 0, 0, 0, 0, 1, 0);
    ets_delay_us(40);
}
ALIAS(mode_reset, mode_reset, 0x400008ac);

#define ENCRYPT_CONTROL REG(0x600c004cu) /* SYSTEM_EXTERNAL_DEVICE_ENCRYPT_DECRYPT_CONTROL */
#define SPI_MANUAL_ENCRYPT 1u
#define DOWNLOAD_MANUAL_ENCRYPT 8u
void esp_rom_spiflash_write_encrypted_enable(void);
void esp_rom_spiflash_write_encrypted_enable(void) { ENCRYPT_CONTROL |= SPI_MANUAL_ENCRYPT | DOWNLOAD_MANUAL_ENCRYPT; }
ENTRY(esp_rom_spiflash_write_encrypted_enable, 0x40000984);

void esp_rom_spiflash_write_encrypted_disable(void);
void esp_rom_spiflash_write_encrypted_disable(void) { ENCRYPT_CONTROL &= ~SPI_MANUAL_ENCRYPT; }
ENTRY(esp_rom_spiflash_write_encrypted_disable, 0x40000990);
