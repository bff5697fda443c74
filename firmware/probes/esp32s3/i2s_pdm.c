/* I2S0 as PDM: samples go out as bits, whose share of ones PCNT measures, and come back as samples. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/gdma.h"
#include "reg/i2s.h"
#include "reg/pcnt.h"

#define BCK 7
#define CLOCK 5
#define DATA 6
#define FRAMES 240
#define CLOCK_HZ 2048000u /* 128 a sample */
#define EDGES_US 2500u
#define SIGNAL_PULSE 33   /* ESP-IDF soc/gpio_sig_map.h: PCNT unit 0, channel 0 */
#define SIGNAL_CONTROL 35
enum { HOLD, UP };
enum { AS_IT_IS, INVERT, INHIBIT };

static uint32_t samples[FRAMES];
static int16_t received[2 * FRAMES];
static struct dma_descriptor out[1], in[2];
/* 64 kHz of two slots of 16 bits: MCLK 16.384 MHz, bit clock 2.048 MHz, as i2s_pdm.c has them for 16 kHz. */
static const struct i2s i2s = {.port = 0, .hz = 64000, .bck = BCK, .ws = CLOCK, .out = DATA, .in = DATA, .dma_channel = 1};

static void start(int16_t level, uint32_t oversampling_16) {
    for (uint32_t n = 0; n < FRAMES; n++)
        samples[n] = (uint16_t)level * 0x10001u;
    dma_describe(out, 1, samples, sizeof samples, 0);
    out[0].next = out;
    dma_describe(in, 2, received, sizeof received, 1);
    memset(received, 0, sizeof received);
    i2s_init(&i2s);
    /* i2s_ll_tx_enable_pdm, i2s_ll_tx_pdm_line_mode (one line as a DAC), i2s_ll_tx_set_pdm_fpfs; no filter, no scaling. */
    clear_bits(&I2S_TX_CONF(0), I2S_TX_CONF_TX_TDM_EN | I2S_TX_CONF_SIG_LOOPBACK);
    set_bits(&I2S_TX_CONF(0), I2S_TX_CONF_TX_PDM_EN);
    I2S_TX_PCM2PDM_CONF(0) = I2S_TX_PCM2PDM_CONF_TX_PDM_HP_BYPASS | field(I2S_TX_PCM2PDM_CONF_TX_PDM_SINC_OSR2, 2) |
                             field(I2S_TX_PCM2PDM_CONF_TX_PDM_HP_IN_SHIFT, 1) |
                             field(I2S_TX_PCM2PDM_CONF_TX_PDM_LP_IN_SHIFT, 1) |
                             field(I2S_TX_PCM2PDM_CONF_TX_PDM_SINC_IN_SHIFT, 1) |
                             field(I2S_TX_PCM2PDM_CONF_TX_PDM_SIGMADELTA_IN_SHIFT, 1) |
                             I2S_TX_PCM2PDM_CONF_TX_PDM_DAC_MODE_EN | I2S_TX_PCM2PDM_CONF_PCM2PDM_CONV_EN;
    I2S_TX_PCM2PDM_CONF1(0) = field(I2S_TX_PCM2PDM_CONF1_TX_PDM_FP, 960) | field(I2S_TX_PCM2PDM_CONF1_TX_PDM_FS, 480);
    /* i2s_ll_rx_enable_pdm, i2s_ll_rx_set_pdm_dsr; the first channel. */
    clear_bits(&I2S_RX_CONF(0), I2S_RX_CONF_RX_TDM_EN);
    set_bits(&I2S_RX_CONF(0), I2S_RX_CONF_RX_PDM_EN | I2S_RX_CONF_RX_PDM2PCM_EN |
                                  (oversampling_16 ? I2S_RX_CONF_RX_PDM_SINC_DSR_16_EN : 0));
    I2S_RX_TDM_CTRL(0) = I2S_RX_TDM_CTRL_RX_TDM_PDM_CHAN0_EN;
    i2s_receive(&i2s, in, FRAMES * 2);
    i2s_send(&i2s, out);
}

/* Rising edges of the clock for a while, or those at which the data is high. */
static uint32_t edges(uint32_t control) {
    gpio_in_signal(SIGNAL_PULSE, CLOCK);
    gpio_in_signal(SIGNAL_CONTROL, control);
    PCNT_U_CONF0(0) = field(PCNT_U_CONF0_CH0_POS_MODE, UP) | field(PCNT_U_CONF0_CH0_LCTRL_MODE, INHIBIT);
    set_bits(&PCNT_CTRL, PCNT_CTRL_CNT_RST_U0);
    clear_bits(&PCNT_CTRL, PCNT_CTRL_CNT_RST_U0);
    delay_us(EDGES_US);
    set_bits(&PCNT_CTRL, PCNT_CTRL_CNT_PAUSE_U0);
    uint32_t count = PCNT_U_CNT(0) & 0xffff;
    clear_bits(&PCNT_CTRL, PCNT_CTRL_CNT_PAUSE_U0);
    return count;
}

/* With the high-pass filter, whose cut-off at 16 kHz lies at 62 Hz, a level fades. */
static uint32_t filtered(int16_t level) {
    start(level, 1);
    clear_bits(&I2S_TX_PCM2PDM_CONF(0), I2S_TX_PCM2PDM_CONF_TX_PDM_HP_BYPASS);
    delay_us(15000);
    uint32_t share = edges(DATA) * 1000 / (CLOCK_HZ / 1000 * EDGES_US / 1000);
    i2s_stop(&i2s);
    return share;
}

/* The share of ones on the line, in thousandths. */
static uint32_t ones(int16_t level) {
    start(level, 1);
    delay_us(2000);
    uint32_t share = edges(DATA) * 1000 / (CLOCK_HZ / 1000 * EDGES_US / 1000);
    i2s_stop(&i2s);
    return share;
}

/* The mean of what comes back, past the first samples. */
static int32_t mean(int16_t level) {
    start(level, 1);
    WAIT_UNTIL(GDMA_IN_INT_RAW_CH(1) & GDMA_IN_INT_CH_IN_SUC_EOF, 100000);
    i2s_stop(&i2s);
    int32_t sum = 0;
    for (uint32_t n = 80; n < FRAMES; n++)
        sum += received[n];
    return sum / (FRAMES - 80);
}

static uint32_t frames_take(uint32_t oversampling_16) {
    uint64_t then = time_us();
    start(0, oversampling_16);
    WAIT_UNTIL(GDMA_IN_INT_RAW_CH(1) & GDMA_IN_INT_CH_IN_SUC_EOF, 100000);
    uint32_t took = (uint32_t)(time_us() - then);
    i2s_stop(&i2s);
    return took;
}

static void probes(void) {
    dma_init();
    peripheral_on(PERIP_PCNT);
    PCNT_CTRL = PCNT_CTRL_CLK_EN;
    gpio_output(DATA, 0);
    start(0, 1);
    probe(1, edges(SIGNAL_HIGH));
    i2s_stop(&i2s);
    probe(2, ones(0));
    probe(3, ones(0x4000));
    probe(4, ones(-0x4000));
    probe(5, ones(0x7fff) >= 950);
    probe(6, frames_take(1));
    probe(7, frames_take(0));
    int32_t none = mean(0), up = mean(0x4000), down = mean(-0x4000);
    probe(8, none > -400 && none < 400);
    probe(9, up > 4000);
    probe(10, down < -4000);
    probe(11, up + down > -800 && up + down < 800);
    probe(12, filtered(0x4000));
}
