/* WS2812B data sheet, "Data transfer time" and "Composition of 24 bit data"; the times suit its successors too:
 * 0 is 300 ns high and 900 ns low, 1 is 700 ns high and 500 ns low, a reset is 280 us of low or more.
 */
#include "matrix_ws2812.h"

#include "drivers/drivers.h"
#include "reg/rtc_cntl.h"

#define TICK_HZ 10000000u
#define CHANNEL 3u /* the one with DMA */
#define ZERO RMT_SYMBOL(1, 3, 0, 9)
#define ONE RMT_SYMBOL(1, 7, 0, 5)
#define LATCH RMT_SYMBOL(0, 1420, 0, 1420) /* 284 us */
#define END 0u
#define LED_SYMBOLS 24u
#define FRAME_SYMBOLS (MATRIX_LEDS * LED_SYMBOLS + 2)
#define SHOW_TIMEOUT_MS 50u

volatile uint32_t matrix_ws2812_timeouts;

#define NIBBLE(n) {(n)&8 ? ONE : ZERO, (n)&4 ? ONE : ZERO, (n)&2 ? ONE : ZERO, (n)&1 ? ONE : ZERO}
static const uint32_t nibbles[16][4] = {
    NIBBLE(0), NIBBLE(1), NIBBLE(2),  NIBBLE(3),  NIBBLE(4),  NIBBLE(5),  NIBBLE(6),  NIBBLE(7),
    NIBBLE(8), NIBBLE(9), NIBBLE(10), NIBBLE(11), NIBBLE(12), NIBBLE(13), NIBBLE(14), NIBBLE(15),
};

static uint32_t symbols[FRAME_SYMBOLS];
static SemaphoreHandle_t shown;

static void sent(void *unused) {
    (void)unused;
    rmt_sent_interrupt(CHANNEL, 0);
    xSemaphoreGiveFromISR(shown, 0);
}

static uint32_t *put_byte(uint32_t *to, uint32_t byte) {
    const uint32_t *high = nibbles[byte >> 4], *low = nibbles[byte & 15];
    for (uint32_t n = 0; n < 4; n++) {
        to[n] = high[n];
        to[n + 4] = low[n];
    }
    return to + 8;
}

/* Rows run from left to right and back in turn; a panel has an even number of them. */
void matrix_ws2812_draw(const fx_canvas_t *canvas, uint8_t brightness) {
    uint32_t *to = symbols, of_256 = brightness ? brightness + 1u : 0;
    for (uint32_t y = 0; y < CANVAS_HEIGHT; y++)
        for (uint32_t n = 0; n < CANVAS_WIDTH; n++) {
            color_t color = canvas->pixel[y][y % 2 ? CANVAS_WIDTH - 1 - n : n];
            to = put_byte(to, color.g * of_256 >> 8);
            to = put_byte(to, color.r * of_256 >> 8);
            to = put_byte(to, color.b * of_256 >> 8);
        }
}

esp_err_t matrix_ws2812_init(void) {
    shown = xSemaphoreCreateBinary();
    if (!shown)
        return ESP_ERR_NO_MEM;
    symbols[FRAME_SYMBOLS - 2] = LATCH;
    symbols[FRAME_SYMBOLS - 1] = END;
    rmt_init(TICK_HZ);
    interrupt_route(core_id(), SOURCE_RMT, LINE_RMT);
    interrupt_handler(LINE_RMT, sent, 0);
    interrupt_enable(LINE_RMT);
    return ESP_OK;
}

void matrix_ws2812_connect(void) { rmt_sender(CHANNEL, PIN_LED_DATA, 0); }

void matrix_ws2812_data_low(void) {
    gpio_output(PIN_LED_DATA, 0);
    clear_bits(&RTC_CNTL_PAD_HOLD, BIT(PIN_LED_DATA));
}

void matrix_ws2812_hold(void) { set_bits(&RTC_CNTL_PAD_HOLD, BIT(PIN_LED_DATA)); }

esp_err_t matrix_ws2812_show(void) {
    xSemaphoreTake(shown, 0);
    rmt_sent_interrupt(CHANNEL, 1);
    rmt_send_dma(DMA_LEDS, symbols, FRAME_SYMBOLS);
    if (xSemaphoreTake(shown, pdMS_TO_TICKS(SHOW_TIMEOUT_MS)))
        return ESP_OK;
    matrix_ws2812_timeouts++;
    return ESP_ERR_TIMEOUT;
}
