/* Sitronix ST7789V (data sheet v1.3): 4-line serial interface, commands of chapter 9.
 *
 * Serial clock and data come from PIO1: one bit in two instructions, so SCK = clk_sys / 1.25 / 2 = 50 MHz.
 */
#include "st7789.h"

#include "runtime.h"

#define PIN_SCK 16u
#define PIN_MOSI 17u
#define PIN_RST 18u
#define PIN_DC 19u
#define PIN_CS 20u
#define LCD_SM 0u

#define SLPOUT 0x11u
#define NORON 0x13u
#define INVON 0x21u
#define DISPON 0x29u
#define CASET 0x2au
#define RASET 0x2bu
#define RAMWR 0x2cu
#define MADCTL 0x36u
#define MADCTL_MV_MX 0x60u /* rows and columns exchanged, columns from the other end: landscape */
#define COLMOD 0x3au
#define COLMOD_RGB565 0x55u

#define PIXELS_PER_POLL 64

/* .side_set 1
 *     out pins, 1   side 0    ; the panel samples on the rising edge
 *     nop           side 1
 */
static const uint16_t program[] = {0x6001, 0xb042};
#define SET_PINDIRS_3 0xe083u

static void pio_start(void) {
    unreset(RESET_PIO1);
    for (unsigned i = 0; i < 2; i++)
        PIO1->INSTR_MEM[i] = program[i];
    struct pio_sm *sm = &PIO1->SM[LCD_SM];
    sm->CLKDIV = PIO_CLKDIV(1, 64);
    sm->EXECCTRL = PIO_EXECCTRL_WRAP(0, 1);
    sm->SHIFTCTRL = PIO_SHIFTCTRL_AUTOPULL | PIO_SHIFTCTRL_PULL_THRESH(8) | PIO_SHIFTCTRL_FJOIN_TX; /* left: MSB first */
    sm->PINCTRL = PIO_PINCTRL_SET(PIN_SCK, 2);
    sm->INSTR = SET_PINDIRS_3;
    sm->PINCTRL = PIO_PINCTRL_OUT(PIN_MOSI, 1) | PIO_PINCTRL_SIDESET(PIN_SCK, 1);
    gpio_function(PIN_SCK, FUNC_PIO1);
    gpio_function(PIN_MOSI, FUNC_PIO1);
    PIO1->CTRL = PIO_CTRL_SM_ENABLE(LCD_SM) | PIO_CTRL_SM_RESTART(LCD_SM) | PIO_CTRL_CLKDIV_RESTART(LCD_SM);
}

/* A byte written to the FIFO is repeated in all four lanes (2.1.4), so that it shifts out from the left as it should. */
static inline void send_byte(uint32_t byte) {
    while (PIO1->FSTAT & PIO_FSTAT_TXFULL(LCD_SM)) {
    }
    *(volatile uint8_t *)&PIO1->TXF[LCD_SM] = (uint8_t)byte;
}

/* CS and DC may change only after the last bit has gone: when the state machine has found its FIFO empty (TXSTALL). */
static void wait_sent(void) {
    PIO1->FDEBUG = PIO_FDEBUG_TXSTALL(LCD_SM);
    while (!(PIO1->FDEBUG & PIO_FDEBUG_TXSTALL(LCD_SM))) {
    }
}

static void begin(uint32_t command) {
    wait_sent();
    gpio_put(PIN_DC, 0);
    gpio_put(PIN_CS, 0);
    send_byte(command);
    wait_sent();
    gpio_put(PIN_DC, 1);
}

static void end(void) {
    wait_sent();
    gpio_put(PIN_CS, 1);
}

static void command(uint32_t byte) {
    begin(byte);
    end();
}

static void command_1(uint32_t byte, uint32_t parameter) {
    begin(byte);
    send_byte(parameter);
    end();
}

static void set_range(uint32_t byte, int first, int last) {
    begin(byte);
    send_byte((uint32_t)first >> 8);
    send_byte((uint32_t)first);
    send_byte((uint32_t)last >> 8);
    send_byte((uint32_t)last);
    end();
}

void st7789_init(void) {
    gpio_output(PIN_CS, 1);
    gpio_output(PIN_DC, 1);
    gpio_output(PIN_RST, 0);
    pio_start();
    sleep_us(1000); /* 7.4.5: a reset pulse of 10 us at least */
    gpio_put(PIN_RST, 1);
    sleep_us(120000); /* before SLPOUT, where the reset may have met a panel that was awake */
    command(SLPOUT);
    sleep_us(5000); /* 9.1.12 */
    command_1(COLMOD, COLMOD_RGB565);
    command_1(MADCTL, MADCTL_MV_MX);
    command(INVON); /* the glass is an IPS panel: its pixels are the complement */
    command(NORON);
}

void st7789_display_on(void) { command(DISPON); }

TIME_CRITICAL(send_pixels) static void send_pixels(const uint16_t *pixel, int count) {
    while (count--) {
        uint32_t value = *pixel++;
        send_byte(value >> 8);
        send_byte(value);
    }
}

void st7789_send(struct rect area, void (*poll)(void)) {
    set_range(CASET, area.x, area.x + area.width - 1);
    set_range(RASET, area.y, area.y + area.height - 1);
    begin(RAMWR);
    int until_poll = PIXELS_PER_POLL;
    for (int row = 0; row < area.height; row++)
        for (int column = 0; column < area.width;) {
            int count = area.width - column < until_poll ? area.width - column : until_poll;
            send_pixels(&canvas[area.y + row][area.x + column], count);
            column += count;
            until_poll -= count;
            if (until_poll == 0) {
                poll();
                until_poll = PIXELS_PER_POLL;
            }
        }
    end();
}
