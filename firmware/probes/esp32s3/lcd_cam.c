/* LCD_CAM towards an 8080 display: a command and 1000 bytes by GDMA, on eight lines and on sixteen. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/lcd_cam.h"

#define STROBE 4
#define DC 5
#define SELECT 6
#define DATA0 7
#define SIGNAL_CS 132
#define SIGNAL_DATA0 133
#define SIGNAL_DC 153
#define SIGNAL_PCLK 154
#define PLL_F160M 3
#define BYTES 1000

static struct dma_descriptor chain[1];
static uint8_t data[BYTES];

static uint32_t send(uint32_t flags) {
    LCD_CAM_LC_DMA_INT_CLR = LCD_CAM_LC_DMA_INT_LCD_TRANS_DONE;
    LCD_CAM_LCD_USER = LCD_CAM_LCD_USER_LCD_RESET;
    dma_describe(chain, 1, data, BYTES, 0);
    dma_out_start(0, DMA_LCD_CAM, chain);
    LCD_CAM_LCD_USER = flags | LCD_CAM_LCD_USER_LCD_ALWAYS_OUT_EN | LCD_CAM_LCD_USER_LCD_UPDATE;
    uint64_t then = time_us();
    LCD_CAM_LCD_USER = flags | LCD_CAM_LCD_USER_LCD_ALWAYS_OUT_EN | LCD_CAM_LCD_USER_LCD_START;
    WAIT_UNTIL(LCD_CAM_LC_DMA_INT_RAW & LCD_CAM_LC_DMA_INT_LCD_TRANS_DONE, 1000);
    return (uint32_t)(time_us() - then);
}

static void probes(void) {
    dma_init();
    peripheral_on(PERIP_LCD_CAM);
    gpio_out_signal(STROBE, SIGNAL_PCLK);
    gpio_out_signal(DC, SIGNAL_DC);
    gpio_out_signal(SELECT, SIGNAL_CS);
    gpio_out_signal(DATA0, SIGNAL_DATA0);
    /* 160 MHz by 2 and by 8: 10 MHz, high at rest. */
    LCD_CAM_LCD_CLOCK = LCD_CAM_LCD_CLOCK_CLK_EN | field(LCD_CAM_LCD_CLOCK_LCD_CLK_SEL, PLL_F160M) |
                        field(LCD_CAM_LCD_CLOCK_LCD_CLKM_DIV_NUM, 2) | LCD_CAM_LCD_CLOCK_LCD_CK_IDLE_EDGE |
                        field(LCD_CAM_LCD_CLOCK_LCD_CLKCNT_N, 7);
    LCD_CAM_LCD_MISC = LCD_CAM_LCD_MISC_LCD_CD_IDLE_EDGE | LCD_CAM_LCD_MISC_LCD_CD_CMD_SET | LCD_CAM_LCD_MISC_LCD_BK_EN;
    LCD_CAM_LCD_CMD_VAL = 0x2c;
    probe(1, send(LCD_CAM_LCD_USER_LCD_CMD | LCD_CAM_LCD_USER_LCD_DOUT));
    probe(3, LCD_CAM_LCD_USER & LCD_CAM_LCD_USER_LCD_START);
    probe(4, gpio_get(DC));
    probe(5, gpio_get(SELECT));
    /* On sixteen lines two bytes go at once. */
    probe(6, send(LCD_CAM_LCD_USER_LCD_DOUT | LCD_CAM_LCD_USER_LCD_2BYTE_EN));
}
