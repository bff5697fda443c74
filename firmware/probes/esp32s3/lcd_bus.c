/* LCD_CAM towards an 8080 display: commands of two cycles, orders of bytes and bits on eight lines and on sixteen, a fixed
 * count of cycles, a dummy cycle alone. The test looks at the bus. (lcd_cam.c and camera.c have the rest.) */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/lcd_cam.h"

#define STROBE 4
#define DC 5
#define SELECT 6
#define LINES 16u
static const uint8_t lines[LINES] = {7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 21, 38, 39, 40};
/* ESP-IDF soc/gpio_sig_map.h. */
#define SIGNAL_CS 132
#define SIGNAL_DATA0 133
#define SIGNAL_DC 153
#define SIGNAL_PCLK 154
#define PLL_F160M 3
#define SOURCE_LCD_CAM 24
#define LINE 0

static struct dma_descriptor chain[1];
static uint8_t data[4] __attribute__((aligned(4)));

static volatile uint32_t irqs;
static void on_done(void *unused) {
    (void)unused;
    irqs++;
    LCD_CAM_LC_DMA_INT_CLR = LCD_CAM_LC_DMA_INT_LCD_TRANS_DONE;
}

/* How many transactions say that they are done. */
static uint32_t send(uint32_t flags) {
    uint32_t before = irqs;
    LCD_CAM_LCD_USER = LCD_CAM_LCD_USER_LCD_RESET;
    if (flags & LCD_CAM_LCD_USER_LCD_DOUT) {
        dma_describe(chain, 1, data, sizeof data, 0);
        dma_out_start(0, DMA_LCD_CAM, chain);
    }
    LCD_CAM_LCD_USER = flags | LCD_CAM_LCD_USER_LCD_UPDATE;
    LCD_CAM_LCD_USER = flags | LCD_CAM_LCD_USER_LCD_START;
    delay_us(10);
    return irqs - before;
}

static void probes(void) {
    dma_init();
    peripheral_on(PERIP_LCD_CAM);
    gpio_out_signal(STROBE, SIGNAL_PCLK);
    gpio_out_signal(DC, SIGNAL_DC);
    gpio_out_signal(SELECT, SIGNAL_CS);
    for (uint32_t n = 0; n < LINES; n++)
        gpio_out_signal(lines[n], SIGNAL_DATA0 + n);
    interrupt_route(0, SOURCE_LCD_CAM, LINE);
    interrupt_handler(LINE, on_done, 0);
    interrupt_enable(LINE);
    LCD_CAM_LC_DMA_INT_ENA = LCD_CAM_LC_DMA_INT_LCD_TRANS_DONE;
    /* 160 MHz by 2 and by 8: 10 MHz, high at rest. */
    LCD_CAM_LCD_CLOCK = LCD_CAM_LCD_CLOCK_CLK_EN | field(LCD_CAM_LCD_CLOCK_LCD_CLK_SEL, PLL_F160M) |
                        field(LCD_CAM_LCD_CLOCK_LCD_CLKM_DIV_NUM, 2) | LCD_CAM_LCD_CLOCK_LCD_CK_IDLE_EDGE |
                        field(LCD_CAM_LCD_CLOCK_LCD_CLKCNT_N, 7);
    LCD_CAM_LCD_MISC = LCD_CAM_LCD_MISC_LCD_CD_IDLE_EDGE | LCD_CAM_LCD_MISC_LCD_CD_CMD_SET | LCD_CAM_LCD_MISC_LCD_BK_EN;
    for (uint32_t n = 0; n < sizeof data; n++)
        data[n] = (uint8_t)(n + 1);
    uint32_t always = LCD_CAM_LCD_USER_LCD_DOUT | LCD_CAM_LCD_USER_LCD_ALWAYS_OUT_EN;
    uint32_t wide = always | LCD_CAM_LCD_USER_LCD_2BYTE_EN;
    LCD_CAM_LCD_CMD_VAL = 0xabcd1234;
    uint32_t done = send(always | LCD_CAM_LCD_USER_LCD_CMD);
    done += send(wide | LCD_CAM_LCD_USER_LCD_CMD | LCD_CAM_LCD_USER_LCD_CMD_2_CYCLE_EN);
    done += send(wide | LCD_CAM_LCD_USER_LCD_BYTE_ORDER);
    done += send(wide | LCD_CAM_LCD_USER_LCD_BIT_ORDER);
    done += send(always | LCD_CAM_LCD_USER_LCD_8BITS_ORDER);
    done += send(always | LCD_CAM_LCD_USER_LCD_BIT_ORDER);
    done += send(LCD_CAM_LCD_USER_LCD_DOUT | field(LCD_CAM_LCD_USER_LCD_DOUT_CYCLELEN, 2));
    probe(1, done);
    /* The driver's fake trigger. */
    probe(2, send(LCD_CAM_LCD_USER_LCD_DUMMY));
    probe(3, LCD_CAM_LCD_USER & LCD_CAM_LCD_USER_LCD_START);
}
