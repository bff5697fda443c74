/* ESP32-S3 TRM, chapter "Remote Control Peripheral". */
#include "drivers/drivers.h"
#include "reg/rmt.h"

#define APB_HZ 80000000u
#define SCLK_APB 1
#define SIGNAL_RMT_0 81u /* outputs 0 to 3, inputs 4 to 7: ESP-IDF soc/gpio_sig_map.h */
#define DESCRIPTORS ((RMT_DMA_MAX * 4 + DMA_BLOCK - 1) / DMA_BLOCK)

static uint32_t divisor;

void rmt_init(uint32_t hz) {
    peripheral_on(PERIP_RMT);
    divisor = APB_HZ / hz;
    RMT_SYS_CONF = RMT_SYS_CONF_APB_FIFO_MASK | RMT_SYS_CONF_CLK_EN | RMT_SYS_CONF_SCLK_ACTIVE |
                   field(RMT_SYS_CONF_SCLK_SEL, SCLK_APB);
}

void rmt_sender(uint32_t channel, uint32_t pin, uint32_t idle_level) {
    RMT_CH_TX_CONF0(channel) = field(RMT_CH_TX_CONF0_DIV_CNT, divisor) | field(RMT_CH_TX_CONF0_MEM_SIZE, 1) |
                               RMT_CH_TX_CONF0_IDLE_OUT_EN | (idle_level ? RMT_CH_TX_CONF0_IDLE_OUT_LV : 0);
    set_bits(&RMT_CH_TX_CONF0(channel), RMT_CH_TX_CONF0_CONF_UPDATE);
    gpio_out_signal(pin, SIGNAL_RMT_0 + channel);
}

void rmt_receiver(uint32_t channel, uint32_t pin, uint32_t idle_ticks) {
    uint32_t n = channel - 4;
    RMT_CH_RX_CONF0(n) = field(RMT_CH_RX_CONF0_DIV_CNT, divisor) | field(RMT_CH_RX_CONF0_IDLE_THRES, idle_ticks) |
                         field(RMT_CH_RX_CONF0_MEM_SIZE, 1);
    RMT_CH_RX_CONF1(n) = RMT_CH_RX_CONF1_MEM_OWNER;
    set_bits(&RMT_CH_RX_CONF1(n), RMT_CH_RX_CONF1_CONF_UPDATE);
    gpio_in_signal(SIGNAL_RMT_0 + n, pin);
}

static void start(uint32_t channel) {
    RMT_INT_CLR = RMT_INT_CH_TX_END << channel;
    set_bits(&RMT_CH_TX_CONF0(channel), RMT_CH_TX_CONF0_MEM_RD_RST | RMT_CH_TX_CONF0_APB_MEM_RST);
    clear_bits(&RMT_CH_TX_CONF0(channel), RMT_CH_TX_CONF0_MEM_RD_RST | RMT_CH_TX_CONF0_APB_MEM_RST);
    set_bits(&RMT_CH_TX_CONF0(channel), RMT_CH_TX_CONF0_CONF_UPDATE);
    set_bits(&RMT_CH_TX_CONF0(channel), RMT_CH_TX_CONF0_TX_START);
}

void rmt_send(uint32_t channel, const uint32_t *symbols, uint32_t count) {
    for (uint32_t n = 0; n < count; n++)
        RMT_MEMORY(channel)[n] = symbols[n];
    RMT_MEMORY(channel)[count] = 0;
    start(channel);
}

void rmt_send_dma(uint32_t dma_channel, const uint32_t *symbols, uint32_t count) {
    static struct dma_descriptor chain[DESCRIPTORS];
    if (count > RMT_DMA_MAX)
        panic("rmt_send_dma: too many symbols", 0);
    dma_describe(chain, DESCRIPTORS, symbols, 4 * count, 0);
    RMT_CH_TX_CONF0(3) |= BIT(25); /* DMA access, in channel 3 alone: ESP-IDF soc/rmt_reg.h */
    RMT_INT_CLR = RMT_INT_CH_TX_END << 3;
    set_bits(&RMT_CH_TX_CONF0(3), RMT_CH_TX_CONF0_MEM_RD_RST | RMT_CH_TX_CONF0_APB_MEM_RST);
    clear_bits(&RMT_CH_TX_CONF0(3), RMT_CH_TX_CONF0_MEM_RD_RST | RMT_CH_TX_CONF0_APB_MEM_RST);
    dma_out_start(dma_channel, DMA_RMT, chain);
    set_bits(&RMT_CH_TX_CONF0(3), RMT_CH_TX_CONF0_CONF_UPDATE);
    set_bits(&RMT_CH_TX_CONF0(3), RMT_CH_TX_CONF0_TX_START);
}

void rmt_receive(uint32_t channel) {
    uint32_t n = channel - 4;
    RMT_CH_RX_CONF1(n) = RMT_CH_RX_CONF1_CONF_UPDATE; /* what it may be in the middle of ends */
    RMT_INT_CLR = RMT_INT_CH_RX_END << n;
    set_bits(&RMT_CH_RX_CONF1(n), RMT_CH_RX_CONF1_MEM_WR_RST | RMT_CH_RX_CONF1_APB_MEM_RST | RMT_CH_RX_CONF1_MEM_OWNER);
    clear_bits(&RMT_CH_RX_CONF1(n), RMT_CH_RX_CONF1_MEM_WR_RST | RMT_CH_RX_CONF1_APB_MEM_RST);
    set_bits(&RMT_CH_RX_CONF1(n), RMT_CH_RX_CONF1_RX_EN);
    set_bits(&RMT_CH_RX_CONF1(n), RMT_CH_RX_CONF1_CONF_UPDATE);
}

uint32_t rmt_sent(uint32_t channel) { return RMT_INT_RAW & RMT_INT_CH_TX_END << channel; }
uint32_t rmt_got(uint32_t channel) { return RMT_INT_RAW & RMT_INT_CH_RX_END << (channel - 4); }

void rmt_sent_interrupt(uint32_t channel, uint32_t on) {
    RMT_INT_CLR = RMT_INT_CH_TX_END << channel;
    if (on)
        set_bits(&RMT_INT_ENA, RMT_INT_CH_TX_END << channel);
    else
        clear_bits(&RMT_INT_ENA, RMT_INT_CH_TX_END << channel);
}
