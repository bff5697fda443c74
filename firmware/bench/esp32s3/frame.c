/* Frames of 320 x 170 pixels, RGB565, over SPI2 by GDMA at 80 MHz, one after the other: 108800 bytes in four
 * transfers. `frames` counts them. Clock on GPIO12, data on GPIO11, select on GPIO10 (SPI2's own pins). */
#include "drivers/drivers.h"

#define FRAME_BYTES (320 * 170 * 2)

volatile uint32_t frames;
static uint8_t pixels[FRAME_BYTES] __attribute__((aligned(4)));

int main(void) {
    static const struct spi display = {.port = 2, .clock = 12, .mosi = 11, .miso = NO_PIN, .select = 10, .hz = 80000000};
    clocks_init();
    dma_init();
    spi_init(&display);
    for (uint32_t n = 0; n < FRAME_BYTES; n++)
        pixels[n] = (uint8_t)(n * 7 >> 3);
    for (;;) {
        for (uint32_t at = 0; at < FRAME_BYTES; at += SPI_TRANSFER_MAX) {
            uint32_t left = FRAME_BYTES - at;
            spi_send_start(&display, pixels + at, left < SPI_TRANSFER_MAX ? left : SPI_TRANSFER_MAX);
            spi_wait(&display);
        }
        frames++;
    }
}
