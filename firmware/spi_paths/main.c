/* One picture by three ways: SPI0 (RP2040 datasheet 4.4), PIO0 (3) or bits set by the processor (2.3.1.2).
 *
 * GPIO2 and GPIO3 choose the way: 0 SPI0, 1 PIO0, 2 the processor. An ST7789 (data sheet v1.3) is on the pins of SPI0.
 */
#include "runtime.h"

#define PIN_WAY 2u
#define PIN_RST 16u
#define PIN_CS 17u
#define PIN_SCK 18u
#define PIN_MOSI 19u
#define PIN_DC 20u

#define SLPOUT 0x11u
#define DISPON 0x29u
#define CASET 0x2au
#define RASET 0x2bu
#define RAMWR 0x2cu
#define COLMOD 0x3au
#define COLMOD_RGB565 0x55u

#define WIDTH 240u
#define HEIGHT 320u

enum way { BY_SPI, BY_PIO, BY_BITS };

static enum way way;

static void spi_start(void) {
    unreset(RESET_SPI0);
    SPI0->SSPCPSR = 10; /* 12.5 MHz: within the 66 ns that the panel asks for */
    SPI0->SSPCR0 = 7;   /* 8 bits, mode 0 */
    SPI0->SSPCR1 = SSPCR1_SSE;
    gpio_function(PIN_SCK, FUNC_SPI);
    gpio_function(PIN_MOSI, FUNC_SPI);
}

/* .side_set 1
 *     out pins, 1   side 0
 *     nop           side 1
 */
static void pio_start(void) {
    unreset(RESET_PIO0);
    PIO0->INSTR_MEM[0] = 0x6001;
    PIO0->INSTR_MEM[1] = 0xb042;
    struct pio_sm *sm = &PIO0->SM[0];
    sm->CLKDIV = PIO_CLKDIV(5, 0); /* 12.5 MHz */
    sm->EXECCTRL = PIO_EXECCTRL_WRAP(0, 1);
    sm->SHIFTCTRL = PIO_SHIFTCTRL_AUTOPULL | PIO_SHIFTCTRL_PULL_THRESH(8) | PIO_SHIFTCTRL_FJOIN_TX;
    sm->PINCTRL = PIO_PINCTRL_SET(PIN_SCK, 2);
    sm->INSTR = 0xe083; /* set pindirs, 3 */
    sm->PINCTRL = PIO_PINCTRL_OUT(PIN_MOSI, 1) | PIO_PINCTRL_SIDESET(PIN_SCK, 1);
    gpio_function(PIN_SCK, FUNC_PIO0);
    gpio_function(PIN_MOSI, FUNC_PIO0);
    PIO0->CTRL = PIO_CTRL_SM_ENABLE(0);
}

static void send(uint32_t byte) {
    switch (way) {
    case BY_SPI:
        while (!(SPI0->SSPSR & SSPSR_TNF)) {
        }
        SPI0->SSPDR = byte;
        break;
    case BY_PIO:
        while (PIO0->FSTAT & PIO_FSTAT_TXFULL(0)) {
        }
        *(volatile uint8_t *)&PIO0->TXF[0] = (uint8_t)byte;
        break;
    case BY_BITS:
        for (uint32_t bit = 0x80; bit; bit >>= 1) {
            gpio_put(PIN_MOSI, byte & bit);
            gpio_put(PIN_SCK, 1);
            gpio_put(PIN_SCK, 0);
        }
        break;
    }
}

static void wait_sent(void) {
    if (way == BY_SPI) {
        while (SPI0->SSPSR & SSPSR_BSY) {
        }
    } else if (way == BY_PIO) {
        PIO0->FDEBUG = PIO_FDEBUG_TXSTALL(0);
        while (!(PIO0->FDEBUG & PIO_FDEBUG_TXSTALL(0))) {
        }
    }
}

static void command(uint32_t byte) {
    wait_sent();
    gpio_put(PIN_DC, 0);
    send(byte);
    wait_sent();
    gpio_put(PIN_DC, 1);
}

static void range(uint32_t byte, uint32_t last) {
    command(byte);
    send(0);
    send(0);
    send(last >> 8);
    send(last & 0xff);
}

/* Every byte has its own value: a lost or a doubled bit is seen. */
static void draw(void) {
    range(CASET, WIDTH - 1);
    range(RASET, HEIGHT - 1);
    command(RAMWR);
    uint32_t state = 1;
    for (uint32_t n = 0; n < WIDTH * HEIGHT; n++) {
        state = state * 1664525u + 1013904223u;
        send(state >> 24);
        send(state >> 16 & 0xff);
    }
    wait_sent();
}

int main(void) {
    clocks_init();
    time_init();
    log_init();
    gpio_input(PIN_WAY, PAD_PDE);
    gpio_input(PIN_WAY + 1, PAD_PDE);
    sleep_us(10);
    way = (enum way)(SIO->GPIO_IN >> PIN_WAY & 3u);
    gpio_output(PIN_CS, 1);
    gpio_output(PIN_DC, 1);
    gpio_output(PIN_SCK, 0);
    gpio_output(PIN_MOSI, 0);
    gpio_output(PIN_RST, 0);
    sleep_us(100);
    gpio_put(PIN_RST, 1);
    sleep_us(120000);
    if (way == BY_SPI)
        spi_start();
    else if (way == BY_PIO)
        pio_start();
    gpio_put(PIN_CS, 0);
    command(SLPOUT);
    sleep_us(120000);
    command(COLMOD);
    send(COLMOD_RGB565);
    draw();
    command(DISPON);
    wait_sent();
    gpio_put(PIN_CS, 1);
    log_printf("drawn by way %d\n", way);
    for (;;)
        wait_for_interrupt();
}
