/* LCD_CAM: the camera side, with frames that software makes on its lines; levels, time and interrupt of the display side's
 * 8080 bus. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/lcd_cam.h"

#define DATA 4 /* to GPIO11 */
#define CLOCK 12
#define COMMAND 13
#define SELECT 14
#define VSYNC 15
#define MASTER_CLOCK 16
#define SIGNAL_DATA 133u /* out and in; ESP-IDF soc/gpio_sig_map.h */
#define SIGNAL_LCD_CS 132u
#define SIGNAL_LCD_DC 153u
#define SIGNAL_LCD_PCLK 154u
#define SIGNAL_CAM_PCLK 149u
#define SIGNAL_CAM_CLK 149u
#define SIGNAL_CAM_DE 150u
#define SIGNAL_CAM_VSYNC 152u
#define SOURCE_LCD_CAM 24
#define LINE 0
#define PLL_160M 3
#define XTAL 1
#define BYTES 64u

static uint8_t sent[BYTES] __attribute__((aligned(4))), got[BYTES] __attribute__((aligned(4)));
static struct dma_descriptor out[1], in[1];

static volatile uint32_t irqs;
static void on_done(void *unused) {
    (void)unused;
    irqs++;
    LCD_CAM_LC_DMA_INT_CLR = LCD_CAM_LC_DMA_INT_LCD_TRANS_DONE;
}

static void display(uint32_t phases, uint32_t bytes) {
    LCD_CAM_LCD_USER = LCD_CAM_LCD_USER_LCD_RESET;
    LCD_CAM_LCD_MISC |= LCD_CAM_LCD_MISC_LCD_AFIFO_RESET;
    LCD_CAM_LC_DMA_INT_CLR = LCD_CAM_LC_DMA_INT_LCD_TRANS_DONE;
    if (bytes) {
        dma_describe(out, 1, sent, bytes, 0);
        dma_out_start(0, DMA_LCD_CAM, out);
    }
    LCD_CAM_LCD_USER = phases | LCD_CAM_LCD_USER_LCD_UPDATE;
    LCD_CAM_LCD_USER = phases | LCD_CAM_LCD_USER_LCD_START;
}

static void camera(uint32_t control, uint32_t packet) {
    LCD_CAM_CAM_CTRL1 = LCD_CAM_CAM_CTRL1_CAM_RESET | LCD_CAM_CAM_CTRL1_CAM_AFIFO_RESET;
    memset(got, 0, BYTES);
    dma_describe(in, 1, got, BYTES, 1);
    dma_in_start(1, DMA_LCD_CAM, in);
    LCD_CAM_CAM_CTRL = field(LCD_CAM_CAM_CTRL_CAM_CLK_SEL, PLL_160M) | field(LCD_CAM_CAM_CTRL_CAM_CLKM_DIV_NUM, 4) | control;
    LCD_CAM_CAM_CTRL = LCD_CAM_CAM_CTRL | LCD_CAM_CAM_CTRL_CAM_UPDATE;
    LCD_CAM_LC_DMA_INT_CLR = LCD_CAM_LC_DMA_INT_CAM_VSYNC | LCD_CAM_LC_DMA_INT_CAM_HS;
    LCD_CAM_CAM_CTRL1 = field(LCD_CAM_CAM_CTRL1_CAM_REC_DATA_BYTELEN, packet - 1) | LCD_CAM_CAM_CTRL1_CAM_START;
}

static uint32_t done(void) { return LCD_CAM_LC_DMA_INT_RAW & LCD_CAM_LC_DMA_INT_LCD_TRANS_DONE; }

static uint32_t nanoseconds(uint32_t phases, uint32_t bytes) {
    display(phases, bytes);
    uint32_t then = cycles();
    while (!done()) {
    }
    return (cycles() - then) * 25 / 6;
}

static void line(uint32_t from, uint32_t count) {
    gpio_put(COMMAND, 1);
    for (uint32_t n = from; n < from + count; n++) {
        for (uint32_t bit = 0; bit < 8; bit++)
            gpio_put(DATA + bit, sent[n] >> bit & 1);
        gpio_put(CLOCK, 1);
        gpio_put(CLOCK, 0);
    }
    gpio_put(COMMAND, 0);
}

static void probes(void) {
    peripheral_on(PERIP_LCD_CAM);
    dma_init();
    for (uint32_t n = 0; n < BYTES; n++)
        sent[n] = (uint8_t)(n * 37 + 11);
    for (uint32_t bit = 0; bit < 8; bit++) {
        gpio_out_signal(DATA + bit, SIGNAL_DATA + bit);
        gpio_in_signal(SIGNAL_DATA + bit, DATA + bit);
    }
    gpio_out_signal(CLOCK, SIGNAL_LCD_PCLK);
    gpio_out_signal(COMMAND, SIGNAL_LCD_DC);
    gpio_out_signal(SELECT, SIGNAL_LCD_CS);

    /* 160 MHz by 4, by 10: 4 MHz. DC is low for a command and high for data; one clock of setup, one of hold. */
    LCD_CAM_LCD_CLOCK = LCD_CAM_LCD_CLOCK_CLK_EN | field(LCD_CAM_LCD_CLOCK_LCD_CLK_SEL, PLL_160M) |
                        field(LCD_CAM_LCD_CLOCK_LCD_CLKM_DIV_NUM, 4) | field(LCD_CAM_LCD_CLOCK_LCD_CLKCNT_N, 9);
    LCD_CAM_LCD_MISC = LCD_CAM_LCD_MISC_LCD_CD_IDLE_EDGE | LCD_CAM_LCD_MISC_LCD_CD_CMD_SET | LCD_CAM_LCD_MISC_LCD_BK_EN;
    LCD_CAM_LCD_CMD_VAL = 0x2c;
    uint32_t data = LCD_CAM_LCD_USER_LCD_DOUT | LCD_CAM_LCD_USER_LCD_ALWAYS_OUT_EN;
    probe(1, gpio_get(SELECT) << 1 | gpio_get(COMMAND));

    display(data, BYTES);
    delay_us(4);
    probe(2, gpio_get(SELECT) << 1 | gpio_get(COMMAND));
    probe(3, done());
    WAIT_UNTIL(done(), 100);
    probe(4, gpio_get(SELECT) << 1 | gpio_get(COMMAND));
    probe(5, LCD_CAM_LCD_USER & LCD_CAM_LCD_USER_LCD_START);
    display(LCD_CAM_LCD_USER_LCD_CMD, 0);
    delay_us(1);
    probe(6, gpio_get(SELECT) << 1 | gpio_get(COMMAND));

    /* How long it takes, and an interrupt. */
    probe(7, nanoseconds(data, 40));
    probe(8, nanoseconds(data | LCD_CAM_LCD_USER_LCD_CMD, 40));
    LCD_CAM_LC_DMA_INT_CLR = LCD_CAM_LC_DMA_INT_LCD_TRANS_DONE;
    interrupt_route(0, SOURCE_LCD_CAM, LINE);
    interrupt_handler(LINE, on_done, 0);
    interrupt_enable(LINE);
    LCD_CAM_LC_DMA_INT_ENA = LCD_CAM_LC_DMA_INT_LCD_TRANS_DONE;
    display(data, 40);
    probe(9, irqs);
    delay_us(20);
    probe(10, irqs);

    /* The count of clocks may be fixed: LCD_DOUT_CYCLELEN is one less. */
    LCD_CAM_LC_DMA_INT_ENA = 0;
    probe(11, nanoseconds(LCD_CAM_LCD_USER_LCD_DOUT | field(LCD_CAM_LCD_USER_LCD_DOUT_CYCLELEN, 19), 40));

    /* A frame of two lines of four, by software: data counts while VSYNC and DE are high, the fall of VSYNC ends it. */
    for (uint32_t pin = DATA; pin <= VSYNC; pin++)
        gpio_output(pin, 0);
    gpio_in_signal(SIGNAL_CAM_PCLK, CLOCK);
    gpio_in_signal(SIGNAL_CAM_DE, COMMAND);
    gpio_in_signal(SIGNAL_CAM_VSYNC, VSYNC);
    gpio_put(VSYNC, 1);
    camera(LCD_CAM_CAM_CTRL_CAM_VS_EOF_EN | LCD_CAM_CAM_CTRL_CAM_LINE_INT_EN, BYTES);
    LCD_CAM_CAM_CTRL1 |= field(LCD_CAM_CAM_CTRL1_CAM_LINE_INT_NUM, 1);
    line(0, 4);
    probe(12, LCD_CAM_LC_DMA_INT_RAW & LCD_CAM_LC_DMA_INT_CAM_HS);
    gpio_put(CLOCK, 1);
    gpio_put(CLOCK, 0);
    line(4, 4);
    probe(13, LCD_CAM_LC_DMA_INT_RAW & LCD_CAM_LC_DMA_INT_CAM_HS);
    probe(14, LCD_CAM_LC_DMA_INT_RAW & LCD_CAM_LC_DMA_INT_CAM_VSYNC);
    gpio_put(VSYNC, 0);
    line(8, 1);
    delay_us(1);
    probe(15, LCD_CAM_LC_DMA_INT_RAW & LCD_CAM_LC_DMA_INT_CAM_VSYNC);
    probe(16, memcmp(sent, got, 8) == 0);
    probe(17, dma_received(in));

    /* A packet that ends by its length; the bits of each byte turned around; DE counts when it is low. */
    gpio_put(VSYNC, 1);
    camera(LCD_CAM_CAM_CTRL_CAM_BIT_ORDER, 5);
    line(0, 6);
    delay_us(1);
    probe(18, dma_received(in));
    probe(19, (uint32_t)sent[0] << 8 | got[0]);
    camera(0, 5);
    LCD_CAM_CAM_CTRL1 |= LCD_CAM_CAM_CTRL1_CAM_DE_INV;
    line(0, 6);
    delay_us(1);
    probe(20, got[0]);

    /* What comes as U Y V Y is stored as RGB565, by BT.601: red and blue, two pixels each. */
    static const uint8_t colours[8] = {90, 81, 240, 81, 240, 41, 110, 41};
    memcpy(sent, colours, 8);
    LCD_CAM_CAM_RGB_YUV = LCD_CAM_CAM_RGB_YUV_CAM_CONV_BYPASS | field(LCD_CAM_CAM_RGB_YUV_CAM_CONV_YUV2YUV_MODE, 3) |
                          LCD_CAM_CAM_RGB_YUV_CAM_CONV_DATA_OUT_MODE;
    camera(LCD_CAM_CAM_CTRL_CAM_VS_EOF_EN, BYTES);
    line(0, 8);
    gpio_put(VSYNC, 0);
    delay_us(1);
    probe(21, (uint32_t)got[3] << 24 | (uint32_t)got[2] << 16 | (uint32_t)got[5] << 8 | got[4]);
    probe(22, dma_received(in));
    /* And as U Y Y in the first line and V Y Y in the second, YUV420. */
    gpio_put(VSYNC, 1);
    LCD_CAM_CAM_RGB_YUV = LCD_CAM_CAM_RGB_YUV_CAM_CONV_BYPASS | LCD_CAM_CAM_RGB_YUV_CAM_CONV_TRANS_MODE |
                          field(LCD_CAM_CAM_RGB_YUV_CAM_CONV_YUV2YUV_MODE, 1);
    camera(LCD_CAM_CAM_CTRL_CAM_VS_EOF_EN, BYTES);
    line(0, 4);
    line(4, 4);
    gpio_put(VSYNC, 0);
    delay_us(1);
    probe(23, dma_received(in));
    probe(24, (uint32_t)got[0] << 24 | (uint32_t)got[2] << 16 | (uint32_t)got[3] << 8 | got[5]);
    LCD_CAM_CAM_RGB_YUV = 0;

    /* CAM_CLK: the crystal's 40 MHz by 200. */
    gpio_out_signal(MASTER_CLOCK, SIGNAL_CAM_CLK);
    rmt_init(10000000);
    rmt_receiver(4, MASTER_CLOCK, 1000);
    LCD_CAM_CAM_CTRL = field(LCD_CAM_CAM_CTRL_CAM_CLK_SEL, XTAL) | field(LCD_CAM_CAM_CTRL_CAM_CLKM_DIV_NUM, 200);
    rmt_receive(4);
    delay_us(50);
    LCD_CAM_CAM_CTRL = 0;
    delay_us(200);
    uint32_t symbol = RMT_MEMORY(4)[1];
    probe(25, (symbol & 0x7fff) + (symbol >> 16 & 0x7fff));
    probe(26, symbol & 0x7fff);
}
