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

#endif
