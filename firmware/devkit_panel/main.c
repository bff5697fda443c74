/* A panel on an ESP32-S3 development kit: an ST7789 of 320 x 170 pixels shows a value from 0 to 100 as a bar. The knob,
 * which the pulse counter follows, turns the value; BOOT and the knob's key take the next of three colours; the lamp is on
 * while the value is above 50. Each change is a line on UART0. */
#include "drivers/drivers.h"
#include "reg/pcnt.h"

#define WIDTH 320u
#define HEIGHT 170u
#define BAR_TOP 70u
#define BAR_BOTTOM 100u
#define BAR_LEFT 10u
#define PIXELS_A_STEP 3u
#define STEPS 100

#define DC 9
#define RESET 14
#define LAMP 21
#define BOOT 0
#define KNOB_A 4
#define KNOB_B 5
#define KNOB_KEY 6

#define COUNTS_A_DETENT 4
#define LOOK_US 5000
#define STEADY 4 /* looks, that is 20 ms */

/* ESP-IDF soc/gpio_sig_map.h: unit 0's PCNT_SIG_CH0, CH1, CTRL_CH0, CTRL_CH1. */
enum { SIGNAL_PULSE0 = 33, SIGNAL_PULSE1, SIGNAL_CONTROL0, SIGNAL_CONTROL1 };
enum { HOLD, UP, DOWN };
enum { AS_IT_IS, INVERT };

struct key {
    uint32_t pin, down, looks;
};

static const struct spi display = {.port = 2, .clock = 12, .mosi = 11, .miso = NO_PIN, .select = 10, .hz = 40000000};
static uint16_t pixels[WIDTH * HEIGHT] __attribute__((aligned(4)));

static void command(uint8_t code, const uint8_t *parameters, uint32_t count) {
    gpio_put(DC, 0);
    spi_exchange(&display, &code, 0, 1);
    gpio_put(DC, 1);
    if (count)
        spi_exchange(&display, parameters, 0, count);
}

/* ST7789V 9.1: 16 bits a pixel, rows and columns exchanged, the panel's 170 rows from 35, inverted as the glass is. */
static void display_init(void) {
    spi_init(&display);
    gpio_output(DC, 0);
    gpio_output(RESET, 0);
    delay_us(20);
    gpio_put(RESET, 1);
    delay_us(120000);
    command(0x11, 0, 0);
    delay_us(5000);
    command(0x3A, (const uint8_t[]){0x55}, 1);
    command(0x36, (const uint8_t[]){0x60}, 1);
    command(0x21, 0, 0);
    command(0x2A, (const uint8_t[]){0, 0, (WIDTH - 1) >> 8, (WIDTH - 1) & 255}, 4);
    command(0x2B, (const uint8_t[]){0, 35, 0, 35 + HEIGHT - 1}, 4);
    command(0x29, 0, 0);
}

static void show(uint32_t value, uint32_t colour) {
    static const uint16_t colours[] = {0xF800, 0x07E0, 0x001F};
    for (uint32_t y = 0; y < HEIGHT; y++)
        for (uint32_t x = 0; x < WIDTH; x++) {
            uint32_t in_bar = y >= BAR_TOP && y < BAR_BOTTOM && x >= BAR_LEFT && x < BAR_LEFT + PIXELS_A_STEP * STEPS;
            uint16_t pixel = !in_bar ? 0 : x < BAR_LEFT + PIXELS_A_STEP * value ? colours[colour] : 0x4208;
            pixels[y * WIDTH + x] = (uint16_t)(pixel << 8 | pixel >> 8);
        }
    command(0x2C, 0, 0);
    for (uint32_t at = 0; at < sizeof pixels; at += SPI_TRANSFER_MAX) {
        uint32_t left = sizeof pixels - at;
        spi_send_start(&display, (const uint8_t *)pixels + at, left < SPI_TRANSFER_MAX ? left : SPI_TRANSFER_MAX);
        spi_wait(&display);
    }
}

/* Each channel counts one phase's edges, and the other phase says which way: four counts for a detent. A bounce goes
 * forth and back. */
static void knob_init(void) {
    gpio_input(KNOB_A, PULL_UP);
    gpio_input(KNOB_B, PULL_UP);
    gpio_in_signal(SIGNAL_PULSE0, KNOB_A);
    gpio_in_signal(SIGNAL_CONTROL0, KNOB_B);
    gpio_in_signal(SIGNAL_PULSE1, KNOB_B);
    gpio_in_signal(SIGNAL_CONTROL1, KNOB_A);
    peripheral_on(PERIP_PCNT);
    PCNT_CTRL = PCNT_CTRL_CLK_EN | PCNT_CTRL_CNT_RST_U0;
    PCNT_U_CONF0(0) = field(PCNT_U_CONF0_CH0_NEG_MODE, UP) | field(PCNT_U_CONF0_CH0_POS_MODE, DOWN) |
                      field(PCNT_U_CONF0_CH0_LCTRL_MODE, INVERT) | field(PCNT_U_CONF0_CH1_NEG_MODE, DOWN) |
                      field(PCNT_U_CONF0_CH1_POS_MODE, UP) | field(PCNT_U_CONF0_CH1_LCTRL_MODE, INVERT) |
                      PCNT_U_CONF0_FILTER_EN | field(PCNT_U_CONF0_FILTER_THRES, 1023);
    PCNT_CTRL = PCNT_CTRL_CLK_EN;
}

/* Detents since the start; a rest lies in the middle of its four counts. */
static int32_t knob_detents(void) { return ((int16_t)PCNT_U_CNT(0) + COUNTS_A_DETENT / 2) >> 2; }

/* 1 once for each time that a key goes down and stays. */
static uint32_t pressed(struct key *key) {
    uint32_t down = !gpio_get(key->pin);
    key->looks = down == key->down ? 0 : key->looks + 1;
    if (key->looks < STEADY)
        return 0;
    key->looks = 0;
    key->down = down;
    return down;
}

int main(void) {
    struct key keys[] = {{BOOT, 0, 0}, {KNOB_KEY, 0, 0}};
    int32_t value = 40, detents = 0;
    uint32_t colour = 0;
    clocks_init();
    log_init();
    dma_init();
    gpio_output(LAMP, 0);
    gpio_input(BOOT, PULL_UP);
    gpio_input(KNOB_KEY, PULL_UP);
    knob_init();
    display_init();
    show((uint32_t)value, colour);
    log_printf("panel: ready\n");
    for (;;) {
        delay_us(LOOK_US);
        uint32_t changed = 0;
        int32_t now = knob_detents();
        if (now != detents) {
            value += now - detents;
            value = value < 0 ? 0 : value > STEPS ? STEPS : value;
            detents = now;
            log_printf("panel: value %d\n", value);
            changed = 1;
        }
        for (uint32_t n = 0; n < 2; n++)
            if (pressed(&keys[n])) {
                colour = (colour + 1) % 3;
                log_printf("panel: colour %u\n", colour);
                changed = 1;
            }
        if (changed) {
            gpio_put(LAMP, value > STEPS / 2);
            show((uint32_t)value, colour);
        }
    }
}
