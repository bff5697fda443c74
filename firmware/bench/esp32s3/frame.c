/* Frames of 320 x 170 pixels, RGB565, over SPI2 by GDMA at 80 MHz to an ST7789, one after the other: RAMWR, then
 * 108800 bytes in four transfers. `frames` counts them. Clock on GPIO12, data on GPIO11, select on GPIO10 (SPI2's own
 * pins), D/CX on GPIO9. */
#include "drivers/drivers.h"

#define FRAME_BYTES (320 * 170 * 2)
#define DC 9

volatile uint32_t frames;
static uint8_t pixels[FRAME_BYTES] __attribute__((aligned(4)));

static void command(const struct spi *display, uint8_t code, const uint8_t *parameters, uint32_t count) {
    gpio_put(DC, 0);
    spi_exchange(display, &code, 0, 1);
    gpio_put(DC, 1);
    if (count)
        spi_exchange(display, parameters, 0, count);
}

int main(void) {
    static const struct spi display = {.port = 2, .clock = 12, .mosi = 11, .miso = NO_PIN, .select = 10, .hz = 80000000};
    clocks_init();
    dma_init();
    spi_init(&display);
    gpio_output(DC, 0);
    /* ST7789V 9.1: awake, 16 bits a pixel, rows and columns exchanged, columns 0 to 319, rows 35 to 204, on. */
    command(&display, 0x11, 0, 0);
    command(&display, 0x3A, (const uint8_t[]){0x55}, 1);
    command(&display, 0x36, (const uint8_t[]){0x60}, 1);
    command(&display, 0x2A, (const uint8_t[]){0, 0, 319 >> 8, 319 & 255}, 4);
    command(&display, 0x2B, (const uint8_t[]){0, 35, 0, 204}, 4);
    command(&display, 0x29, 0, 0);
    for (uint32_t n = 0; n < FRAME_BYTES; n++)
        pixels[n] = (uint8_t)(n * 7 >> 3);
    for (;;) {
        command(&display, 0x2C, 0, 0);
        for (uint32_t at = 0; at < FRAME_BYTES; at += SPI_TRANSFER_MAX) {
            uint32_t left = FRAME_BYTES - at;
            spi_send_start(&display, pixels + at, left < SPI_TRANSFER_MAX ? left : SPI_TRANSFER_MAX);
            spi_wait(&display);
        }
        frames++;
    }
}
