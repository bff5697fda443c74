/* GP-SPI on several lines: two and four lines and QPI between the two controllers, one of them as target; eight lines and both
 * edges of the clock to a part of the test; transactions that configure themselves; 3-wire, chip selects and their times. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/spi.h"

#define SELECT 10
#define SCK 12
/* Data lines of SPI2 from bit 0: D, Q, WP, HD, IO4 to IO7; the test wires the first four to SPI3's. */
static const uint8_t near[8] = {11, 13, 14, 9, 17, 18, 21, 38};
static const uint8_t far[4] = {4, 5, 6, 7};
#define FAR_SCK 15
#define FAR_SELECT 16
#define SECOND_SELECT 39
#define CONTROLLER 0 /* indices of the registers */
#define TARGET 1
/* ESP-IDF soc/gpio_sig_map.h. */
static const uint8_t near_signals[8] = {103, 102, 105, 104, 106, 107, 108, 109};
static const uint8_t far_signals[4] = {68, 67, 70, 69};
#define SIGNAL_FSPICS1 111
#define SIGNAL_SPI3_CLK 66
#define SIGNAL_SPI3_CS0 71
/* ESP-IDF hal/spi_ll.h, spi_ll_get_slave_hd_command. */
enum { WRITE_BUFFER = 1, READ_BUFFER = 2, EN_QPI = 6, EX_QPI = 0xdd };
enum { DUAL_DATA = 0x10, QUAD_DATA = 0x20, DUAL = 0x50, QUAD = 0xa0 };

static uint32_t go(uint32_t bits) {
    SPI_DMA_INT_CLR(CONTROLLER) = 0xffffffff;
    SPI_DMA_INT_CLR(TARGET) = 0xffffffff;
    SPI_MS_DLEN(CONTROLLER) = bits - 1;
    SPI_CMD(CONTROLLER) = SPI_CMD_UPDATE;
    while (SPI_CMD(CONTROLLER) & SPI_CMD_UPDATE) {
    }
    uint32_t then = cycles();
    SPI_CMD(CONTROLLER) = SPI_CMD_USR;
    while (SPI_CMD(CONTROLLER) & SPI_CMD_USR) {
    }
    uint32_t took = (cycles() - then) * 25 / 6;
    delay_us(1);
    return took;
}

/* A command with address 4, a dummy of eight clocks, and 16 bits of data. `lines`: of address and data, 0, 1, 2 for 1, 2, 4. */
static uint32_t transact(uint32_t command, uint32_t quad_command, uint32_t address_lines, uint32_t data_lines,
                         uint32_t writes, uint32_t word) {
    static const uint32_t of_address[] = {0, SPI_CTRL_FADDR_DUAL, SPI_CTRL_FADDR_QUAD};
    static const uint32_t of_read[] = {0, SPI_CTRL_FREAD_DUAL, SPI_CTRL_FREAD_QUAD};
    static const uint32_t of_write[] = {0, SPI_USER_FWRITE_DUAL, SPI_USER_FWRITE_QUAD};
    SPI_USER2(CONTROLLER) = field(SPI_USER2_USR_COMMAND_BITLEN, 7) | field(SPI_USER2_USR_COMMAND_VALUE, command);
    SPI_USER1(CONTROLLER) = field(SPI_USER1_USR_ADDR_BITLEN, 7) | field(SPI_USER1_USR_DUMMY_CYCLELEN, 7);
    SPI_ADDR(CONTROLLER) = 4u << 24;
    SPI_W0(CONTROLLER) = word;
    SPI_CTRL(CONTROLLER) = (quad_command ? SPI_CTRL_FCMD_QUAD : 0) | of_address[address_lines] | of_read[data_lines];
    SPI_USER(CONTROLLER) = SPI_USER_USR_COMMAND | SPI_USER_USR_ADDR | SPI_USER_USR_DUMMY | SPI_USER_CS_SETUP |
                           SPI_USER_CS_HOLD |
                           (writes ? SPI_USER_USR_MOSI | of_write[data_lines] : SPI_USER_USR_MISO);
    go(16);
    return SPI_W0(CONTROLLER) & 0xffff;
}

static uint32_t command(uint32_t code, uint32_t quad) {
    SPI_USER2(CONTROLLER) = field(SPI_USER2_USR_COMMAND_BITLEN, 7) | field(SPI_USER2_USR_COMMAND_VALUE, code);
    SPI_CTRL(CONTROLLER) = quad ? SPI_CTRL_FCMD_QUAD : 0;
    SPI_USER(CONTROLLER) = SPI_USER_USR_COMMAND | SPI_USER_CS_SETUP | SPI_USER_CS_HOLD;
    go(1);
    return SPI_DMA_INT_RAW(TARGET) & (SPI_DMA_INT_SLV_EN_QPI | SPI_DMA_INT_SLV_EX_QPI);
}

static void several_lines(void) {
    static const uint8_t modes[] = {0, DUAL_DATA, QUAD_DATA, DUAL, QUAD}, address[] = {0, 0, 0, 1, 2};
    static const uint8_t data[] = {0, 1, 2, 1, 2};
    for (uint32_t n = 0; n < 5; n++) {
        uint32_t word = 0xb0e7 + 0x101 * n;
        transact(modes[n] | WRITE_BUFFER, 0, address[n], data[n], 1, word);
        uint32_t stored = SPI_W1(TARGET) & 0xffff;
        uint32_t said = field_get(SPI_SLAVE1(TARGET), SPI_SLAVE1_SLV_LAST_COMMAND);
        uint32_t back = transact(modes[n] | READ_BUFFER, 0, address[n], data[n], 0, 0);
        probe(1 + n, (stored == word) << 9 | (back == word) << 8 | said);
    }
    probe(6, command(EN_QPI, 0));
    transact(QUAD | WRITE_BUFFER, 1, 2, 2, 1, 0xcafe);
    probe(7, SPI_W1(TARGET) & 0xffff);
    probe(8, transact(QUAD | READ_BUFFER, 1, 2, 2, 0, 0));
    probe(9, command(EX_QPI, 1));
    transact(WRITE_BUFFER, 0, 0, 0, 1, 0x1234);
    probe(10, SPI_W1(TARGET) & 0xffff);
}

static void out_alone(uint32_t user, uint32_t misc, uint32_t word, uint32_t id) {
    SPI_MISC(CONTROLLER) = (SPI_MISC(CONTROLLER) & 0x3f) | misc;
    SPI_USER(CONTROLLER) = SPI_USER_USR_MOSI | user;
    SPI_CTRL(CONTROLLER) = 0;
    SPI_W0(CONTROLLER) = word;
    probe(id, go(32));
}

static void segments(void) {
    /* ESP-IDF hal/spi_ll.h: the bitmap's upper four bits are the magic number; then a word for each bit: USER is 3, DLEN 6. */
    static struct dma_descriptor out[1];
    static uint32_t data[8];
    data[0] = 2u << 28 | BIT(3) | BIT(6);
    data[1] = SPI_USER_USR_MOSI | SPI_USER_USR_CONF_NXT;
    data[2] = 15;
    data[3] = 0x2211; /* two bytes of data, and the next bitmap right behind them */
    uint32_t next[] = {2u << 28 | BIT(3) | BIT(6), SPI_USER_USR_MOSI, 7, 0x33};
    memcpy((uint8_t *)data + 14, next, sizeof next);
    for (uint32_t magic = 2; magic < 4; magic++) {
        dma_describe(out, 1, data, 27, 0);
        SPI_DMA_CONF(CONTROLLER) = SPI_DMA_CONF_BUF_AFIFO_RST | SPI_DMA_CONF_DMA_AFIFO_RST;
        dma_out_start(0, DMA_SPI2, out);
        SPI_DMA_CONF(CONTROLLER) = SPI_DMA_CONF_DMA_TX_ENA;
        SPI_SLAVE(CONTROLLER) = SPI_SLAVE_USR_CONF | field(SPI_SLAVE_DMA_SEG_MAGIC_VALUE, magic);
        SPI_DMA_INT_CLR(CONTROLLER) = 0xffffffff;
        SPI_CMD(CONTROLLER) = SPI_CMD_UPDATE;
        while (SPI_CMD(CONTROLLER) & SPI_CMD_UPDATE) {
        }
        SPI_CMD(CONTROLLER) = SPI_CMD_USR;
        delay_us(20);
        probe(17 + magic - 2, SPI_DMA_INT_RAW(CONTROLLER) & (SPI_DMA_INT_DMA_SEG_TRANS_DONE | SPI_DMA_INT_SEG_MAGIC_ERR));
        SPI_SLAVE(CONTROLLER) = 0;
        SPI_DMA_CONF(CONTROLLER) = 0;
    }
}

static uint32_t low_for(uint32_t pin) {
    SPI_CMD(CONTROLLER) = SPI_CMD_UPDATE;
    while (SPI_CMD(CONTROLLER) & SPI_CMD_UPDATE) {
    }
    SPI_CMD(CONTROLLER) = SPI_CMD_USR;
    WAIT_UNTIL(!gpio_get(pin), 100);
    uint32_t then = cycles();
    WAIT_UNTIL(gpio_get(pin), 1000);
    return (cycles() - then + 120) / 240;
}

static void selects(void) {
    /* 64 bits at 1 MHz; 32 clocks before the first one, 16 behind the last. */
    SPI_CLOCK(CONTROLLER) = field(SPI_CLOCK_CLKDIV_PRE, 1) | field(SPI_CLOCK_CLKCNT_N, 39) |
                            field(SPI_CLOCK_CLKCNT_H, 19) | field(SPI_CLOCK_CLKCNT_L, 39);
    SPI_MISC(CONTROLLER) &= 0x3f;
    SPI_MS_DLEN(CONTROLLER) = 63;
    SPI_USER(CONTROLLER) = SPI_USER_USR_MOSI;
    SPI_USER1(CONTROLLER) = field(SPI_USER1_CS_SETUP_TIME, 31) | field(SPI_USER1_CS_HOLD_TIME, 16);
    uint32_t bare = low_for(SELECT);
    SPI_USER(CONTROLLER) = SPI_USER_USR_MOSI | SPI_USER_CS_SETUP | SPI_USER_CS_HOLD;
    uint32_t both = low_for(SELECT);
    probe(19, bare);
    probe(20, both - bare);
    /* Another chip select, active high. */
    gpio_out_signal(SECOND_SELECT, SIGNAL_FSPICS1);
    SPI_MISC(CONTROLLER) = (0x3f & ~SPI_MISC_CS1_DIS) | field(SPI_MISC_MASTER_CS_POL, 2);
    SPI_CMD(CONTROLLER) = SPI_CMD_UPDATE;
    delay_us(1);
    uint32_t rest = gpio_get(SECOND_SELECT);
    SPI_CMD(CONTROLLER) = SPI_CMD_USR;
    delay_us(20);
    probe(21, rest << 2 | gpio_get(SECOND_SELECT) << 1 | gpio_get(SELECT));
    delay_us(200);
    SPI_MISC(CONTROLLER) = 0x3e;
}

static void probes(void) {
    struct spi spi = {2, SCK, near[0], near[1], SELECT, 10000000, 0, 0};
    dma_init();
    spi_init(&spi);
    peripheral_on(PERIP_SPI3);
    SPI_CLK_GATE(TARGET) = SPI_CLK_GATE_CLK_EN | SPI_CLK_GATE_MST_CLK_ACTIVE | SPI_CLK_GATE_MST_CLK_SEL;
    for (uint32_t n = 0; n < 4; n++) {
        gpio_out_signal(near[n], near_signals[n]);
        gpio_in_signal(near_signals[n], near[n]);
        gpio_out_signal(far[n], far_signals[n]);
        gpio_in_signal(far_signals[n], far[n]);
    }
    gpio_input(FAR_SCK, PULL_NONE);
    gpio_input(FAR_SELECT, PULL_NONE);
    gpio_in_signal(SIGNAL_SPI3_CLK, FAR_SCK);
    gpio_in_signal(SIGNAL_SPI3_CS0, FAR_SELECT);
    SPI_SLAVE(TARGET) = SPI_SLAVE_MODE | SPI_SLAVE_SOFT_RESET;
    SPI_SLAVE(TARGET) = SPI_SLAVE_MODE | SPI_SLAVE_SLV_RDDMA_BITLEN_EN | SPI_SLAVE_SLV_WRDMA_BITLEN_EN |
                        SPI_SLAVE_SLV_RDBUF_BITLEN_EN | SPI_SLAVE_SLV_WRBUF_BITLEN_EN;
    SPI_CLOCK(TARGET) = 0;
    SPI_CTRL(TARGET) = 0;
    SPI_USER(TARGET) = 0;
    SPI_CMD(TARGET) = SPI_CMD_UPDATE;
    several_lines();

    /* What a part of the test hears, of 32 bits each time: one line, on both edges, eight lines, eight on both edges. */
    peripheral_reset(PERIP_SPI3);
    for (uint32_t n = 0; n < 4; n++) {
        gpio_input(far[n], PULL_NONE);
        gpio_out_signal(near[4 + n], near_signals[4 + n]);
    }
    out_alone(0, 0, 0x04030201, 11);
    out_alone(0, SPI_MISC_CLK_DATA_DTR_EN | SPI_MISC_DATA_DTR_EN, 0x14131211, 12);
    out_alone(SPI_USER_FWRITE_QUAD, 0, 0x24232221, 13);
    out_alone(SPI_USER_FWRITE_QUAD, SPI_MISC_CLK_DATA_DTR_EN | SPI_MISC_DATA_DTR_EN, 0x34333231, 14);
    out_alone(SPI_USER_FWRITE_OCT, 0, 0x44434241, 15);
    out_alone(SPI_USER_FWRITE_OCT, SPI_MISC_CLK_DATA_DTR_EN | SPI_MISC_DATA_DTR_EN, 0x54535251, 16);
    SPI_MISC(CONTROLLER) &= 0x3f;
    segments();
    selects();

    /* One line in turn for both directions: what goes out on D comes back on D, half duplex. */
    SPI_MISC(CONTROLLER) = 0x3f;
    SPI_USER(CONTROLLER) = SPI_USER_SIO | SPI_USER_USR_MISO;
    SPI_W0(CONTROLLER) = 0;
    gpio_input(near[0], PULL_UP);
    gpio_out_signal(near[0], near_signals[0]);
    go(8);
    probe(22, SPI_W0(CONTROLLER) & 0xff);

    /* Four lines come in, D alone high; the inputs of D and Q exchanged. */
    for (uint32_t n = 0; n < 4; n++)
        gpio_input(near[n], n ? PULL_DOWN : PULL_UP);
    uint32_t nibbles = 0;
    for (uint32_t swap = 0; swap < 2; swap++) {
        SPI_MISC(CONTROLLER) = 0x3f | (swap ? SPI_MISC_QUAD_DIN_PIN_SWAP : 0);
        SPI_USER(CONTROLLER) = SPI_USER_USR_MISO;
        SPI_CTRL(CONTROLLER) = SPI_CTRL_FREAD_QUAD;
        go(8);
        nibbles = nibbles << 8 | (SPI_W0(CONTROLLER) & 0xff);
    }
    probe(23, nibbles);
}
