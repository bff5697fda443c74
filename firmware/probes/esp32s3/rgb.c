/* LCD_CAM towards an RGB panel without memory: frames of 16 x 6 pixels with their porches and pulses, seen at the pins; one
 * frame, then frame after frame. Set up as by ESP-IDF's esp_lcd_panel_rgb.c and lcd_ll.h. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/lcd_cam.h"

#define DATA 4 /* to GPIO11 */
#define HSYNC 12
#define VSYNC 13
#define ENABLE 14
#define CLOCK 15
#define SIGNAL_DATA 133u /* ESP-IDF soc/gpio_sig_map.h */
#define SIGNAL_H_ENABLE 150u
#define SIGNAL_H_SYNC 151u
#define SIGNAL_V_SYNC 152u
#define SIGNAL_PCLK 154u
#define PLL_160M 3

/* Pixels: a pulse of 2, 3 until the first, 16, 3 behind them. Lines: 1, 2, 6, 1. A clock of 200 kHz: 24 x 10 x 5 us. */
#define WIDTH 16
#define HEIGHT 6
#define H_TOTAL (2 + 3 + WIDTH + 3)
#define V_TOTAL (1 + 2 + HEIGHT + 1)
#define PIXEL_US 5
#define FRAME_US (H_TOTAL * V_TOTAL * PIXEL_US)

static uint8_t frame[3 * WIDTH * HEIGHT] __attribute__((aligned(4)));
static struct dma_descriptor chain[1];

static void set_up(uint32_t again) {
    LCD_CAM_LCD_USER = LCD_CAM_LCD_USER_LCD_RESET;
    LCD_CAM_LCD_MISC = LCD_CAM_LCD_MISC_LCD_AFIFO_RESET;
    LCD_CAM_LCD_CLOCK = LCD_CAM_LCD_CLOCK_CLK_EN | field(LCD_CAM_LCD_CLOCK_LCD_CLK_SEL, PLL_160M) |
                        field(LCD_CAM_LCD_CLOCK_LCD_CLKM_DIV_NUM, 80) | field(LCD_CAM_LCD_CLOCK_LCD_CLKCNT_N, 9);
    LCD_CAM_LCD_CTRL = LCD_CAM_LCD_CTRL_LCD_RGB_MODE_EN | field(LCD_CAM_LCD_CTRL_LCD_VT_HEIGHT, V_TOTAL - 1) |
                       field(LCD_CAM_LCD_CTRL_LCD_VA_HEIGHT, HEIGHT - 1) | field(LCD_CAM_LCD_CTRL_LCD_HB_FRONT, 2 + 3 - 1);
    LCD_CAM_LCD_CTRL1 = field(LCD_CAM_LCD_CTRL1_LCD_HT_WIDTH, H_TOTAL - 1) |
                        field(LCD_CAM_LCD_CTRL1_LCD_HA_WIDTH, WIDTH - 1) | field(LCD_CAM_LCD_CTRL1_LCD_VB_FRONT, 1 + 2 - 1);
    LCD_CAM_LCD_CTRL2 = LCD_CAM_LCD_CTRL2_LCD_HSYNC_IDLE_POL | LCD_CAM_LCD_CTRL2_LCD_VSYNC_IDLE_POL |
                        field(LCD_CAM_LCD_CTRL2_LCD_HSYNC_WIDTH, 2 - 1) | field(LCD_CAM_LCD_CTRL2_LCD_VSYNC_WIDTH, 1 - 1) |
                        LCD_CAM_LCD_CTRL2_LCD_HS_BLANK_EN;
    LCD_CAM_LCD_MISC = LCD_CAM_LCD_MISC_LCD_BK_EN | (again ? LCD_CAM_LCD_MISC_LCD_NEXT_FRAME_EN : 0);
    LCD_CAM_LC_DMA_INT_CLR = LCD_CAM_LC_DMA_INT_LCD_TRANS_DONE | LCD_CAM_LC_DMA_INT_LCD_VSYNC;
}

static void start(uint32_t frames) {
    dma_describe(chain, 1, frame, frames * WIDTH * HEIGHT, 0);
    dma_out_start(0, DMA_LCD_CAM, chain);
    uint32_t user = LCD_CAM_LCD_USER_LCD_DOUT | LCD_CAM_LCD_USER_LCD_ALWAYS_OUT_EN;
    LCD_CAM_LCD_USER = user | LCD_CAM_LCD_USER_LCD_UPDATE;
    LCD_CAM_LCD_USER = user | LCD_CAM_LCD_USER_LCD_START;
}

static uint32_t raw(void) { return LCD_CAM_LC_DMA_INT_RAW; }

/* What RMT hears at a pin from its first edge on: lengths in us. */
static void listen(uint32_t channel, uint32_t pin) {
    rmt_receiver(channel, pin, 2 * FRAME_US);
    rmt_receive(channel);
}
static uint32_t level(uint32_t channel, uint32_t n) { return RMT_MEMORY(channel)[n] >> 15 & 1; }
static uint32_t first(uint32_t channel, uint32_t n) { return RMT_MEMORY(channel)[n] & 0x7fff; }
static uint32_t second(uint32_t channel, uint32_t n) { return RMT_MEMORY(channel)[n] >> 16 & 0x7fff; }
/* Symbols up to the one whose second part lasts for ever. */
static uint32_t symbols(uint32_t channel) {
    uint32_t n = 0;
    while (n < RMT_BLOCK && second(channel, n))
        n++;
    return n + 1;
}

static void probes(void) {
    peripheral_on(PERIP_LCD_CAM);
    dma_init();
    for (uint32_t n = 0; n < sizeof frame; n++)
        frame[n] = (uint8_t)(n + 1);
    for (uint32_t bit = 0; bit < 8; bit++)
        gpio_out_signal(DATA + bit, SIGNAL_DATA + bit);
    gpio_out_signal(HSYNC, SIGNAL_H_SYNC);
    gpio_out_signal(VSYNC, SIGNAL_V_SYNC);
    gpio_out_signal(ENABLE, SIGNAL_H_ENABLE);
    gpio_out_signal(CLOCK, SIGNAL_PCLK);

    /* One frame. */
    set_up(0);
    probe(1, gpio_get(VSYNC) << 2 | gpio_get(HSYNC) << 1 | gpio_get(ENABLE));
    start(1);
    uint64_t then = time_us();
    WAIT_UNTIL(raw() & LCD_CAM_LC_DMA_INT_LCD_VSYNC, 10000);
    probe(2, (uint32_t)(time_us() - then));
    WAIT_UNTIL(raw() & LCD_CAM_LC_DMA_INT_LCD_TRANS_DONE, 10000);
    probe(3, (uint32_t)(time_us() - then));
    probe(4, LCD_CAM_LCD_USER & LCD_CAM_LCD_USER_LCD_START);

    /* And what its pins show. */
    rmt_init(1000000);
    listen(4, HSYNC);
    listen(5, VSYNC);
    listen(6, ENABLE);
    set_up(0);
    start(1);
    delay_us(4 * FRAME_US);
    probe(5, symbols(5) << 16 | symbols(4) << 8 | symbols(6));
    probe(6, first(4, 0) + second(4, 0));
    probe(7, first(4, 9));
    probe(8, first(5, 0));
    probe(9, first(6, 5));
    probe(10, first(6, 0) + second(6, 0));
    probe(15, level(4, 0) << 2 | level(5, 0) << 1 | level(6, 0));

    /* Frame after frame, until NEXT_FRAME is taken away. */
    set_up(1);
    listen(5, VSYNC);
    start(3);
    delay_us(FRAME_US * 5 / 2);
    probe(13, raw() & LCD_CAM_LC_DMA_INT_LCD_TRANS_DONE);
    clear_bits(&LCD_CAM_LCD_MISC, LCD_CAM_LCD_MISC_LCD_NEXT_FRAME_EN);
    LCD_CAM_LCD_USER |= LCD_CAM_LCD_USER_LCD_UPDATE;
    then = time_us();
    WAIT_UNTIL(raw() & LCD_CAM_LC_DMA_INT_LCD_TRANS_DONE, 10000);
    probe(14, (uint32_t)(time_us() - then));
    delay_us(3 * FRAME_US);
    probe(11, symbols(5));
    probe(12, first(5, 1) + second(5, 1));
}
