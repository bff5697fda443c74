/* ESP32-S3 TRM, chapter "I2S Controller"; the order of settings is that of ESP-IDF hal/i2s_ll.h. */
#include "drivers/drivers.h"
#include "reg/i2s.h"

#define PLL_F160M 2
#define SOURCE_HZ 160000000u
#define MCLK_MULTIPLE 256u

/* Signals of the GPIO matrix: ESP-IDF soc/gpio_sig_map.h. SD in and out have one number. */
static const struct {
    uint8_t bck, ws, sd;
} signals[2] = {{22, 24, 25}, {28, 29, 30}};

static uint32_t greatest_common_divisor(uint32_t a, uint32_t b) {
    while (b) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

void i2s_init(const struct i2s *i2s) {
    uint32_t slot = i2s->slot_bits ? i2s->slot_bits : 16;
    uint32_t n = i2s->port, mclk = i2s->hz * MCLK_MULTIPLE, whole = SOURCE_HZ / mclk, rest = SOURCE_HZ % mclk;
    uint32_t common = rest ? greatest_common_divisor(rest, mclk) : 1, top = rest / common, bottom = mclk / common;
    while (bottom > 511) { /* 9 bits */
        top /= 2;
        bottom /= 2;
    }
    /* whole + top/bottom as periods of whole and whole + 1, evenly: the TRM's X, Y, Z and YN1. */
    uint32_t more = 2 * top > bottom, z = more ? bottom - top : top, x = z ? bottom / z - 1 : 0, y = z ? bottom % z : 0;

    peripheral_on(n ? PERIP_I2S1 : PERIP_I2S0);
    I2S_TX_CLKM_DIV_CONF(n) = field(I2S_TX_CLKM_DIV_CONF_TX_CLKM_DIV_Z, z) | field(I2S_TX_CLKM_DIV_CONF_TX_CLKM_DIV_Y, y) |
                              field(I2S_TX_CLKM_DIV_CONF_TX_CLKM_DIV_X, x) | (more ? I2S_TX_CLKM_DIV_CONF_TX_CLKM_DIV_YN1 : 0);
    I2S_RX_CLKM_DIV_CONF(n) = I2S_TX_CLKM_DIV_CONF(n);
    I2S_TX_CLKM_CONF(n) = I2S_TX_CLKM_CONF_CLK_EN | I2S_TX_CLKM_CONF_TX_CLK_ACTIVE |
                          field(I2S_TX_CLKM_CONF_TX_CLK_SEL, PLL_F160M) | whole;
    I2S_RX_CLKM_CONF(n) = I2S_RX_CLKM_CONF_RX_CLK_ACTIVE | field(I2S_RX_CLKM_CONF_RX_CLK_SEL, PLL_F160M) | whole;

    uint32_t conf1 = I2S_TX_CONF1_TX_MSB_SHIFT | field(I2S_TX_CONF1_TX_TDM_CHAN_BITS, slot - 1) |
                     field(I2S_TX_CONF1_TX_HALF_SAMPLE_BITS, slot - 1) | field(I2S_TX_CONF1_TX_BITS_MOD, slot - 1) |
                     field(I2S_TX_CONF1_TX_BCK_DIV_NUM, MCLK_MULTIPLE / (2 * slot) - 1) | (slot - 1);
    I2S_TX_CONF1(n) = conf1 | I2S_TX_CONF1_TX_BCK_NO_DLY;
    I2S_RX_CONF1(n) = conf1; /* the fields lie alike */
    I2S_TX_TDM_CTRL(n) = field(I2S_TX_TDM_CTRL_TX_TDM_TOT_CHAN_NUM, 1) | 3;
    I2S_RX_TDM_CTRL(n) = field(I2S_RX_TDM_CTRL_RX_TDM_TOT_CHAN_NUM, 1) | 3;
    I2S_TX_CONF(n) = I2S_TX_CONF_TX_TDM_EN | I2S_TX_CONF_TX_LEFT_ALIGN | I2S_TX_CONF_TX_PCM_BYPASS |
                     I2S_TX_CONF_SIG_LOOPBACK; /* one clock for both */
    I2S_RX_CONF(n) = I2S_RX_CONF_RX_TDM_EN | I2S_RX_CONF_RX_LEFT_ALIGN | I2S_RX_CONF_RX_PCM_BYPASS |
                     field(I2S_RX_CONF_RX_PCM_CONF, 1);
    set_bits(&I2S_TX_CONF(n), I2S_TX_CONF_TX_RESET | I2S_TX_CONF_TX_FIFO_RESET);
    clear_bits(&I2S_TX_CONF(n), I2S_TX_CONF_TX_RESET | I2S_TX_CONF_TX_FIFO_RESET);
    set_bits(&I2S_RX_CONF(n), I2S_RX_CONF_RX_RESET | I2S_RX_CONF_RX_FIFO_RESET);
    clear_bits(&I2S_RX_CONF(n), I2S_RX_CONF_RX_RESET | I2S_RX_CONF_RX_FIFO_RESET);
    gpio_out_signal(i2s->bck, signals[n].bck);
    gpio_out_signal(i2s->ws, signals[n].ws);
    gpio_out_signal(i2s->out, signals[n].sd);
    /* The pin may have been an output until now: GPIO43 is the mask ROM's U0TXD. */
    if (i2s->in < SIGNAL_HIGH && i2s->in != i2s->out)
        gpio_input(i2s->in, PULL_NONE);
    gpio_in_signal(signals[n].sd, i2s->in);
}

void i2s_send(const struct i2s *i2s, struct dma_descriptor *chain) {
    uint32_t n = i2s->port;
    dma_out_start(i2s->dma_channel, n ? DMA_I2S1 : DMA_I2S0, chain);
    set_bits(&I2S_TX_CONF(n), I2S_TX_CONF_TX_UPDATE);
    set_bits(&I2S_TX_CONF(n), I2S_TX_CONF_TX_START);
}

void i2s_receive(const struct i2s *i2s, struct dma_descriptor *chain, uint32_t eof_bytes) {
    uint32_t n = i2s->port;
    I2S_RXEOF_NUM(n) = eof_bytes;
    dma_in_start(i2s->dma_channel, n ? DMA_I2S1 : DMA_I2S0, chain);
    set_bits(&I2S_RX_CONF(n), I2S_RX_CONF_RX_UPDATE);
    set_bits(&I2S_RX_CONF(n), I2S_RX_CONF_RX_START);
}

void i2s_stop(const struct i2s *i2s) {
    clear_bits(&I2S_TX_CONF(i2s->port), I2S_TX_CONF_TX_START);
    clear_bits(&I2S_RX_CONF(i2s->port), I2S_RX_CONF_RX_START);
    dma_stop(i2s->dma_channel);
}
