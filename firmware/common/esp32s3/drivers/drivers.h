/* Drivers for the ESP32-S3's blocks. They need the runtime, not the kernel: what takes long is started by one call and
 * waited for by another. */
#ifndef DRIVERS_H
#define DRIVERS_H

#include "runtime.h"

/* ---- pins: GPIO 0 to 48, the GPIO matrix ---- */
enum pull { PULL_NONE, PULL_UP, PULL_DOWN };
enum edge { EDGE_NONE, EDGE_RISING, EDGE_FALLING, EDGE_ANY, LEVEL_LOW, LEVEL_HIGH };
#define SIGNAL_GPIO_OUT 256u
#define SIGNAL_HIGH 0x38u /* as an input: always 1 */
#define SIGNAL_LOW 0x3cu  /* as an input: always 0 */
#define NO_PIN 0xffu
void gpio_input(uint32_t pin, enum pull pull);
void gpio_output(uint32_t pin, uint32_t level);
void gpio_open_drain(uint32_t pin, uint32_t level, enum pull pull);
void gpio_put(uint32_t pin, uint32_t level);
uint32_t gpio_get(uint32_t pin);
void gpio_out_signal(uint32_t pin, uint32_t signal); /* and its output enable; the input stays on */
void gpio_in_signal(uint32_t signal, uint32_t pin);
void gpio_interrupt(uint32_t pin, enum edge edge);
uint64_t gpio_interrupts_pending(void); /* and cleared */

/* ---- GDMA: 5 pairs of channels ---- */
enum dma_peripheral { DMA_SPI2 = 0, DMA_SPI3 = 1, DMA_UHCI0 = 2, DMA_I2S0 = 3, DMA_I2S1 = 4, DMA_LCD_CAM = 5,
                      DMA_AES = 6, DMA_SHA = 7, DMA_ADC = 8, DMA_RMT = 9 };
#define DMA_BLOCK 4092u
struct dma_descriptor {
    volatile uint32_t control; /* size 12, length 12, 4 reserved, error, reserved, EOF, owner */
    const void *buffer;
    struct dma_descriptor *next;
};
/* Describes `bytes` at `memory`, for a peripheral to read or to fill; the answer is how many descriptors it took. */
uint32_t dma_describe(struct dma_descriptor *chain, uint32_t available, const void *memory, uint32_t bytes,
                      uint32_t to_fill);
void dma_init(void);
void dma_out_start(uint32_t channel, enum dma_peripheral peripheral, struct dma_descriptor *chain);
void dma_in_start(uint32_t channel, enum dma_peripheral peripheral, struct dma_descriptor *chain);
void dma_stop(uint32_t channel);
void dma_copy(uint32_t channel, struct dma_descriptor *from, struct dma_descriptor *to); /* memory to memory */
uint32_t dma_received(const struct dma_descriptor *chain); /* bytes, up to the EOF */

/* ---- GP-SPI, as controller: 2 or 3 ---- */
struct spi {
    uint32_t port, clock, mosi, miso, select; /* pins; NO_PIN where there is none */
    uint32_t hz, mode, dma_channel;
};
#define SPI_TRANSFER_MAX 32768u
void spi_init(const struct spi *spi);
void spi_exchange(const struct spi *spi, const void *send, void *receive, uint32_t bytes); /* up to 64, by the CPU */
void spi_send_start(const struct spi *spi, const void *data, uint32_t bytes); /* by DMA, up to SPI_TRANSFER_MAX */
void spi_exchange_dma(const struct spi *spi, const void *send, void *receive, uint32_t bytes);
uint32_t spi_busy(const struct spi *spi);
void spi_wait(const struct spi *spi);

/* ---- UART 0 to 2: 8N1 from the crystal, by polling ---- */
void uart_init(uint32_t port, uint32_t baud, uint32_t tx, uint32_t rx);
uint32_t uart_received(uint32_t port); /* bytes that wait */
uint8_t uart_get(uint32_t port);
void uart_put(uint32_t port, uint8_t byte);
void uart_write(uint32_t port, const void *data, uint32_t bytes);
void uart_drain(uint32_t port); /* until the last bit is out */

/* ---- LEDC: 4 timers, 8 channels; fades in steps ---- */
void ledc_timer(uint32_t timer, uint32_t hz, uint32_t resolution_bits);
void ledc_channel(uint32_t channel, uint32_t timer, uint32_t pin, uint32_t duty);
void ledc_duty(uint32_t channel, uint32_t duty);
/* `steps` steps of `scale`, one every `periods` periods; rising or falling. */
void ledc_fade(uint32_t channel, uint32_t from, uint32_t rising, uint32_t steps, uint32_t periods, uint32_t scale);

/* ---- RMT: channels 0 to 3 send, 4 to 7 receive; a symbol is two levels with their lengths ---- */
#define RMT_SYMBOL(level0, ticks0, level1, ticks1) \
    ((uint32_t)(level0) << 15 | (ticks0) | (uint32_t)(level1) << 31 | (uint32_t)(ticks1) << 16)
#define RMT_BLOCK 48u
#define RMT_MEMORY(channel) (&REG(0x60016800u + 192u * (channel)))
void rmt_init(uint32_t hz); /* of the ticks: 80 MHz by a whole number up to 256 */
void rmt_sender(uint32_t channel, uint32_t pin, uint32_t idle_level);
void rmt_receiver(uint32_t channel, uint32_t pin, uint32_t idle_ticks);
void rmt_send(uint32_t channel, const uint32_t *symbols, uint32_t count); /* up to 47 */
#define RMT_DMA_MAX 20000u
void rmt_send_dma(uint32_t dma_channel, const uint32_t *symbols, uint32_t count); /* channel 3; an end mark included */
void rmt_receive(uint32_t channel);
uint32_t rmt_sent(uint32_t channel);
uint32_t rmt_got(uint32_t channel);
void rmt_sent_interrupt(uint32_t channel, uint32_t on); /* what is pending is cleared by either */
#define SOURCE_RMT 40u

/* ---- ADC, one conversion at a time: ADC1 channels 0 to 9 are GPIO1 to GPIO10 ---- */
enum attenuation { ATTENUATION_0_DB, ATTENUATION_2_5_DB, ATTENUATION_6_DB, ATTENUATION_12_DB };
void adc_init(void);
uint32_t adc_read(uint32_t channel, enum attenuation attenuation);

/* ---- flash and partitions ---- */
#define FLASH_SECTOR 4096u
struct partition {
    uint32_t type, subtype, offset, bytes;
};
uint32_t flash_id(void); /* JEDEC: manufacturer, type, size */
void flash_tell_size(void); /* to the ROM; what follows does so by itself */
void flash_read(uint32_t from, void *to, uint32_t bytes); /* places and sizes of 4 */
void flash_write(uint32_t to, const void *from, uint32_t bytes);
void flash_erase(uint32_t at, uint32_t bytes); /* of whole sectors */
uint32_t flash_map(uint32_t address, uint32_t from, uint32_t pages); /* 64 KB pages at 0x3c000000 and up; 1: done */
uint32_t partition_find(uint32_t type, uint32_t subtype, struct partition *found);

/* ---- I2C 0 and 1: controller with the command list, or target ---- */
void i2c_init(uint32_t port, uint32_t hz, uint32_t sda, uint32_t scl);
/* Writes, then reads after a repeated start; either may be of no bytes. 1: everybody acknowledged. */
uint32_t i2c_transfer(uint32_t port, uint32_t address, const void *out, uint32_t out_bytes, void *in, uint32_t in_bytes);
/* How the end of a transfer is waited for, unless at the registers: until the port's interrupt, or so long. Its handler
 * says i2c_interrupted. */
typedef void i2c_wait(uint32_t us);
void i2c_waits(uint32_t port, i2c_wait *wait);
void i2c_interrupted(uint32_t port);
enum i2c_failure { I2C_NO_ANSWER, I2C_NOT_ACKNOWLEDGED, I2C_LINE_HELD };
enum i2c_failure i2c_failure(uint32_t port); /* why the last transfer failed */
void i2c_target(uint32_t port, uint32_t address, uint32_t sda, uint32_t scl);
uint32_t i2c_target_received(uint32_t port, void *bytes, uint32_t most);
void i2c_target_answer(uint32_t port, const void *bytes, uint32_t count); /* up to 32, for the next reading */

/* ---- I2S 0 and 1: Philips standard, stereo, both directions on one clock ---- */
struct i2s {
    uint32_t port, hz, bck, ws, out, in, dma_channel;
    uint32_t slot_bits; /* 16 or 32; 0 means 16 */
};
void i2s_init(const struct i2s *i2s);
void i2s_send(const struct i2s *i2s, struct dma_descriptor *chain); /* a ring goes on for ever */
void i2s_receive(const struct i2s *i2s, struct dma_descriptor *chain, uint32_t eof_bytes);
void i2s_stop(const struct i2s *i2s);

/* ---- USB serial JTAG: its two buffers of 64 bytes ---- */
uint32_t usb_serial_write(const void *data, uint32_t bytes); /* how many the host made room for */
uint32_t usb_serial_read(void *data, uint32_t most);

#endif
