/* ESP32-S3 TRM, chapter "SPI Controller": GP-SPI2 and GP-SPI3 as controller, full duplex. */
#include "drivers/drivers.h"
#include "reg/spi.h"

#define CLOCK_HZ 80000000u
#define BUFFER_BYTES 64u

/* Signals of the GPIO matrix: ESP-IDF soc/gpio_sig_map.h. */
static const struct {
    uint8_t clock, q, d, select;
} signals[2] = {{101, 102, 103, 110}, {66, 67, 68, 71}};

static uint32_t clock_register(uint32_t hz) {
    if (hz >= CLOCK_HZ)
        return SPI_CLOCK_CLK_EQU_SYSCLK;
    uint32_t divisor = (CLOCK_HZ + hz - 1) / hz, pre = (divisor + 63) / 64, n = (divisor + pre - 1) / pre;
    return field(SPI_CLOCK_CLKDIV_PRE, pre - 1) | field(SPI_CLOCK_CLKCNT_N, n - 1) |
           field(SPI_CLOCK_CLKCNT_H, n / 2 - 1) | field(SPI_CLOCK_CLKCNT_L, n - 1);
}

void spi_init(const struct spi *spi) {
    uint32_t n = spi->port - 2;
    peripheral_on(n ? PERIP_SPI3 : PERIP_SPI2);
    SPI_CLK_GATE(n) = SPI_CLK_GATE_CLK_EN | SPI_CLK_GATE_MST_CLK_ACTIVE | SPI_CLK_GATE_MST_CLK_SEL;
    SPI_SLAVE(n) = 0;
    SPI_CTRL(n) = 0;
    SPI_CLOCK(n) = clock_register(spi->hz);
    /* Modes 1 and 2 change and sample at the other edge; modes 2 and 3 rest high. */
    SPI_USER(n) = SPI_USER_DOUTDIN | SPI_USER_USR_MOSI | SPI_USER_USR_MISO | SPI_USER_CS_SETUP | SPI_USER_CS_HOLD |
                  (spi->mode == 1 || spi->mode == 2 ? SPI_USER_CK_OUT_EDGE : 0);
    SPI_MISC(n) = SPI_MISC_CS1_DIS | SPI_MISC_CS2_DIS | SPI_MISC_CS3_DIS | SPI_MISC_CS4_DIS | SPI_MISC_CS5_DIS |
                  (spi->select == NO_PIN ? SPI_MISC_CS0_DIS : 0) | (spi->mode >= 2 ? SPI_MISC_CK_IDLE_EDGE : 0);
    SPI_DMA_CONF(n) = 0;
    gpio_out_signal(spi->clock, signals[n].clock);
    gpio_out_signal(spi->mosi, signals[n].d);
    gpio_out_signal(spi->select, signals[n].select);
    gpio_in_signal(signals[n].q, spi->miso);
}

uint32_t spi_busy(const struct spi *spi) { return SPI_CMD(spi->port - 2) & SPI_CMD_USR; }
void spi_wait(const struct spi *spi) {
    while (spi_busy(spi)) {
    }
}

static void start(uint32_t n, uint32_t bytes, uint32_t dma) {
    SPI_MS_DLEN(n) = 8 * bytes - 1;
    SPI_DMA_CONF(n) = dma | SPI_DMA_CONF_RX_AFIFO_RST | SPI_DMA_CONF_BUF_AFIFO_RST | SPI_DMA_CONF_DMA_AFIFO_RST;
    SPI_DMA_CONF(n) = dma;
    SPI_DMA_INT_CLR(n) = SPI_DMA_INT_TRANS_DONE;
    SPI_CMD(n) = SPI_CMD_UPDATE;
    while (SPI_CMD(n) & SPI_CMD_UPDATE) {
    }
    SPI_CMD(n) = SPI_CMD_USR;
}

void spi_exchange(const struct spi *spi, const void *send, void *receive, uint32_t bytes) {
    uint32_t n = spi->port - 2, word;
    const uint8_t *out = send;
    uint8_t *in = receive;
    volatile uint32_t *w = &SPI_W0(n);
    while (bytes) {
        uint32_t part = bytes < BUFFER_BYTES ? bytes : BUFFER_BYTES;
        for (uint32_t at = 0; at < part; at += 4) {
            memcpy(&word, out + at, part - at < 4 ? part - at : 4);
            w[at / 4] = word;
        }
        start(n, part, 0);
        spi_wait(spi);
        for (uint32_t at = 0; in && at < part; at += 4) {
            word = w[at / 4];
            memcpy(in + at, &word, part - at < 4 ? part - at : 4);
        }
        out += part;
        in = in ? in + part : 0;
        bytes -= part;
    }
}

#define DESCRIPTORS (SPI_TRANSFER_MAX / DMA_BLOCK + 1)
static struct dma_descriptor out_chain[2][DESCRIPTORS], in_chain[2][DESCRIPTORS];

void spi_send_start(const struct spi *spi, const void *data, uint32_t bytes) {
    uint32_t n = spi->port - 2;
    dma_describe(out_chain[n], DESCRIPTORS, data, bytes, 0);
    dma_out_start(spi->dma_channel, n ? DMA_SPI3 : DMA_SPI2, out_chain[n]);
    start(n, bytes, SPI_DMA_CONF_DMA_TX_ENA);
}

void spi_exchange_dma(const struct spi *spi, const void *send, void *receive, uint32_t bytes) {
    uint32_t n = spi->port - 2;
    dma_describe(out_chain[n], DESCRIPTORS, send, bytes, 0);
    dma_describe(in_chain[n], DESCRIPTORS, receive, bytes, 1);
    dma_in_start(spi->dma_channel, n ? DMA_SPI3 : DMA_SPI2, in_chain[n]);
    dma_out_start(spi->dma_channel, n ? DMA_SPI3 : DMA_SPI2, out_chain[n]);
    start(n, bytes, SPI_DMA_CONF_DMA_TX_ENA | SPI_DMA_CONF_DMA_RX_ENA);
    spi_wait(spi);
}
