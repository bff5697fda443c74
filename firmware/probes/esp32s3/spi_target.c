/* GP-SPI3 as target of GP-SPI2: full duplex by the buffers, the half-duplex commands, by GDMA. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/spi.h"

#define SCK 12
#define MOSI 11
#define MISO 13
#define SELECT 10
/* ESP-IDF soc/gpio_sig_map.h. */
#define SIGNAL_SPI3_CLK 66
#define SIGNAL_SPI3_Q 67
#define SIGNAL_SPI3_D 68
#define SIGNAL_SPI3_CS0 71
#define CONTROLLER 0 /* indices of the registers */
#define TARGET 1
/* ESP-IDF hal/spi_ll.h, spi_ll_base_command_t. */
#define WRITE_BUFFER 1
#define READ_BUFFER 2

static void go(uint32_t bits) {
    SPI_DMA_INT_CLR(TARGET) = 0xffffffff;
    SPI_MS_DLEN(CONTROLLER) = bits - 1;
    SPI_CMD(CONTROLLER) = SPI_CMD_UPDATE;
    while (SPI_CMD(CONTROLLER) & SPI_CMD_UPDATE) {
    }
    SPI_CMD(CONTROLLER) = SPI_CMD_USR;
    WAIT_UNTIL(!(SPI_CMD(CONTROLLER) & SPI_CMD_USR), 1000);
    delay_us(1);
}

static void target(uint32_t user, uint32_t slave) {
    SPI_SLAVE(TARGET) = SPI_SLAVE_MODE | SPI_SLAVE_SOFT_RESET;
    SPI_SLAVE(TARGET) = SPI_SLAVE_MODE | slave;
    SPI_CLOCK(TARGET) = 0;
    SPI_CTRL(TARGET) = 0;
    SPI_USER(TARGET) = user;
    SPI_DMA_CONF(TARGET) = 0;
    SPI_CMD(TARGET) = SPI_CMD_UPDATE;
}

static uint32_t said(void) { return SPI_DMA_INT_RAW(TARGET); }

static void probes(void) {
    struct spi spi = {2, SCK, MOSI, MISO, SELECT, 1000000, 0, 0};
    dma_init();
    spi_init(&spi);
    peripheral_on(PERIP_SPI3);
    SPI_CLK_GATE(TARGET) = SPI_CLK_GATE_CLK_EN | SPI_CLK_GATE_MST_CLK_ACTIVE | SPI_CLK_GATE_MST_CLK_SEL;
    gpio_in_signal(SIGNAL_SPI3_CLK, SCK);
    gpio_in_signal(SIGNAL_SPI3_D, MOSI);
    gpio_in_signal(SIGNAL_SPI3_CS0, SELECT);
    gpio_out_signal(MISO, SIGNAL_SPI3_Q);

    /* 20 bits each way at once. */
    target(SPI_USER_DOUTDIN | SPI_USER_USR_MOSI | SPI_USER_USR_MISO, 0);
    SPI_W0(TARGET) = 0x00341296;
    SPI_W0(CONTROLLER) = 0x00f15ac3;
    go(20);
    probe(1, SPI_W0(CONTROLLER) & 0xf0ffff);
    probe(2, SPI_W0(TARGET) & 0xf0ffff);
    probe(3, field_get(SPI_SLAVE1(TARGET), SPI_SLAVE1_SLV_DATA_BITLEN));
    probe(4, said() & SPI_DMA_INT_TRANS_DONE);

    /* Half duplex: command, address, eight clocks of nothing, data to and from the target's buffer. */
    target(0, SPI_SLAVE_SLV_RDBUF_BITLEN_EN | SPI_SLAVE_SLV_WRBUF_BITLEN_EN);
    SPI_USER1(CONTROLLER) = field(SPI_USER1_USR_ADDR_BITLEN, 7) | field(SPI_USER1_USR_DUMMY_CYCLELEN, 7);
    SPI_USER2(CONTROLLER) = field(SPI_USER2_USR_COMMAND_BITLEN, 7) | field(SPI_USER2_USR_COMMAND_VALUE, WRITE_BUFFER);
    SPI_ADDR(CONTROLLER) = 4u << 24;
    uint32_t preamble = SPI_USER_USR_COMMAND | SPI_USER_USR_ADDR | SPI_USER_USR_DUMMY | SPI_USER_CS_SETUP |
                        SPI_USER_CS_HOLD;
    SPI_USER(CONTROLLER) = preamble | SPI_USER_USR_MOSI;
    SPI_W0(CONTROLLER) = 0xbeef;
    go(16);
    probe(5, SPI_W1(TARGET) & 0xffff);
    probe(6, said() & (SPI_DMA_INT_SLV_WR_BUF_DONE | SPI_DMA_INT_SLV_RD_BUF_DONE));
    probe(7, field_get(SPI_SLAVE1(TARGET), SPI_SLAVE1_SLV_LAST_COMMAND));
    probe(8, field_get(SPI_SLAVE1(TARGET), SPI_SLAVE1_SLV_LAST_ADDR));
    SPI_USER2(CONTROLLER) = field(SPI_USER2_USR_COMMAND_BITLEN, 7) | field(SPI_USER2_USR_COMMAND_VALUE, READ_BUFFER);
    SPI_USER(CONTROLLER) = preamble | SPI_USER_USR_MISO;
    SPI_W0(CONTROLLER) = 0;
    go(16);
    probe(9, SPI_W0(CONTROLLER) & 0xffff);
    probe(10, said() & (SPI_DMA_INT_SLV_WR_BUF_DONE | SPI_DMA_INT_SLV_RD_BUF_DONE));
    SPI_USER2(CONTROLLER) = field(SPI_USER2_USR_COMMAND_BITLEN, 7) | field(SPI_USER2_USR_COMMAND_VALUE, 8);
    SPI_USER(CONTROLLER) = SPI_USER_USR_COMMAND | SPI_USER_CS_SETUP | SPI_USER_CS_HOLD;
    go(8);
    probe(11, said() & (SPI_DMA_INT_SLV_CMD7 | SPI_DMA_INT_SLV_CMD8 | SPI_DMA_INT_SLV_CMD9 | SPI_DMA_INT_SLV_CMDA));
    SPI_USER2(CONTROLLER) = field(SPI_USER2_USR_COMMAND_BITLEN, 7) | field(SPI_USER2_USR_COMMAND_VALUE, 15);
    go(8);
    probe(12, said() & SPI_DMA_INT_SLV_CMD_ERR);

    /* By GDMA: the controller's bytes land in memory, the target's come from there. */
    static uint8_t give[100] __attribute__((aligned(4))), take[100] __attribute__((aligned(4)));
    static uint8_t sent[100] __attribute__((aligned(4))), got[100] __attribute__((aligned(4)));
    static struct dma_descriptor out[1], in[1];
    for (uint32_t n = 0; n < 100; n++) {
        give[n] = (uint8_t)(3 * n);
        sent[n] = (uint8_t)(200 - n);
    }
    target(SPI_USER_DOUTDIN | SPI_USER_USR_MOSI | SPI_USER_USR_MISO, 0);
    dma_describe(out, 1, give, 100, 0);
    dma_describe(in, 1, take, 100, 1);
    dma_in_start(1, DMA_SPI3, in);
    dma_out_start(1, DMA_SPI3, out);
    SPI_DMA_CONF(TARGET) = SPI_DMA_CONF_DMA_TX_ENA | SPI_DMA_CONF_DMA_RX_ENA;
    SPI_CMD(TARGET) = SPI_CMD_UPDATE;
    delay_us(2);
    spi_init(&spi);
    gpio_out_signal(MISO, SIGNAL_SPI3_Q);
    spi_exchange_dma(&spi, sent, got, 60);
    delay_us(2);
    probe(13, memcmp(give, got, 60) == 0);
    probe(14, memcmp(sent, take, 60) == 0 && take[60] == 0);
    probe(15, dma_received(in));

    /* Full duplex in modes 1 to 3: ESP-IDF's spi_ll_slave_set_mode. */
    uint32_t right = 0;
    for (uint32_t mode = 1; mode < 4; mode++) {
        uint32_t other_edge = mode == 1 || mode == 2;
        spi.mode = mode;
        spi_init(&spi);
        gpio_out_signal(MISO, SIGNAL_SPI3_Q);
        target(SPI_USER_DOUTDIN | (other_edge ? SPI_USER_TSCK_I_EDGE | SPI_USER_RSCK_I_EDGE : 0),
               mode & 1 ? SPI_SLAVE_CLK_MODE_13 : 0);
        SPI_W0(TARGET) = 0x00341296;
        SPI_W0(CONTROLLER) = 0x00f15ac3;
        go(20);
        right = right << 2 | ((SPI_W0(CONTROLLER) & 0xf0ffff) == 0x301296) << 1 |
                ((SPI_W0(TARGET) & 0xf0ffff) == 0xf05ac3);
    }
    probe(16, right);

    /* Half a clock earlier, for a fast controller; and a controller whose clock stays where it is. */
    spi.mode = 0;
    spi_init(&spi);
    gpio_out_signal(MISO, SIGNAL_SPI3_Q);
    target(SPI_USER_DOUTDIN, SPI_SLAVE_RSCK_DATA_OUT);
    SPI_W0(TARGET) = 0x5533;
    go(16);
    probe(17, SPI_W0(CONTROLLER) & 0xffff);
    target(SPI_USER_DOUTDIN, 0);
    SPI_W0(TARGET) = 0x5533;
    SPI_MISC(CONTROLLER) |= SPI_MISC_CK_DIS;
    go(16);
    probe(18, field_get(SPI_SLAVE1(TARGET), SPI_SLAVE1_SLV_DATA_BITLEN));
    SPI_MISC(CONTROLLER) &= ~SPI_MISC_CK_DIS;
}
