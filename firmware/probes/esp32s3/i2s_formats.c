/* I2S0, data led back over one pin: the laws of G.711, 24 bits, the other standards, orders of bits and bytes, slots, what
 * ends a transmission, MCLK on its pin; then as a slave of I2S1. (i2s.c is about rates, i2s_tdm.c about slots.) */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/gdma.h"
#include "reg/i2s.h"
#include "reg/pcnt.h"

#define BCK 4
#define WS 5
#define DATA 6
#define MCLK 7
#define BACK 15 /* from the slave to the master */
#define NOWHERE 16
#define NOWHERE_TOO 17
#define BYTES 240u
/* ESP-IDF soc/gpio_sig_map.h. */
#define SIGNAL_MCLK 23
#define SIGNAL_TX_BCK 22
#define SIGNAL_TX_WS 24
#define SIGNAL_DATA 25
#define SIGNAL_RX_BCK 26
#define SIGNAL_RX_WS 27
#define SIGNAL_PULSE 33 /* PCNT unit 0, channel 0 */
#define SIGNAL_CONTROL 35

static uint8_t sent[BYTES] __attribute__((aligned(4))), received[2 * BYTES] __attribute__((aligned(4)));
static uint8_t answer[BYTES] __attribute__((aligned(4))), answered[2 * BYTES] __attribute__((aligned(4)));
static struct dma_descriptor out[2][1], in[2][2];
static struct i2s i2s = {.port = 0, .hz = 48000, .bck = BCK, .ws = WS, .out = DATA, .in = DATA, .dma_channel = 1};
static const struct i2s other = {.port = 1, .hz = 16000, .bck = BCK, .ws = WS, .out = DATA, .in = BACK, .dma_channel = 2};

/* How a direction differs from Philips' standard with 16 bits. */
struct way {
    uint32_t conf, law, bits, slot, msb;
};
enum { A_TO_LINEAR, LINEAR_TO_A, U_TO_LINEAR, LINEAR_TO_U, LINEAR }; /* ESP-IDF soc/i2s_struct.h, PCM_CONF */

static uint32_t conf1(const struct way *way) {
    return (way->msb ? 0 : I2S_TX_CONF1_TX_MSB_SHIFT) | field(I2S_TX_CONF1_TX_TDM_CHAN_BITS, way->slot - 1) |
           field(I2S_TX_CONF1_TX_HALF_SAMPLE_BITS, way->slot - 1) | field(I2S_TX_CONF1_TX_BITS_MOD, way->bits - 1) |
           field(I2S_TX_CONF1_TX_BCK_DIV_NUM, 256 / (2 * way->slot) - 1) | (way->slot - 1);
}

static void fill(uint8_t *memory, const void *pattern, uint32_t bytes) {
    for (uint32_t n = 0; n < BYTES; n++)
        memory[n] = ((const uint8_t *)pattern)[n % bytes];
}

static void rings(uint32_t n, uint8_t *from, uint8_t *to) {
    dma_describe(out[n], 1, from, BYTES, 0);
    out[n][0].next = out[n];
    dma_describe(in[n], 2, to, 2 * BYTES, 1);
    memset(to, 0, 2 * BYTES);
}

static void received_all(uint32_t channel) {
    WAIT_UNTIL(GDMA_IN_INT_RAW_CH(channel) & GDMA_IN_INT_CH_IN_SUC_EOF, 100000);
}

/* Is the pattern in what came, four times in a row? */
static uint32_t holds(const uint8_t *memory, const void *pattern, uint32_t bytes) {
    uint32_t row = 0;
    for (uint32_t at = 0; at + bytes <= BYTES && row < 4;) {
        uint32_t same = memcmp(memory + at, pattern, bytes) == 0;
        row = same ? row + 1 : 0;
        at += same ? bytes : 1;
    }
    return row == 4;
}

/* The pattern goes out one way and comes in the other: is `expected` what memory holds then? */
static uint32_t comes(const struct way *tx, const struct way *rx, const void *pattern, uint32_t bytes,
                      const void *expected, uint32_t come) {
    fill(sent, pattern, bytes);
    rings(0, sent, received);
    i2s_init(&i2s);
    I2S_TX_CONF1(0) = conf1(tx) | I2S_TX_CONF1_TX_BCK_NO_DLY;
    I2S_RX_CONF1(0) = conf1(rx);
    clear_bits(&I2S_TX_CONF(0), I2S_TX_CONF_TX_PCM_BYPASS);
    clear_bits(&I2S_RX_CONF(0), I2S_RX_CONF_RX_PCM_BYPASS);
    set_bits(&I2S_TX_CONF(0), tx->conf | (tx->law == LINEAR ? I2S_TX_CONF_TX_PCM_BYPASS : 0));
    set_bits(&I2S_RX_CONF(0), rx->conf | (rx->law == LINEAR ? I2S_RX_CONF_RX_PCM_BYPASS : 0));
    field_set(&I2S_TX_CONF(0), I2S_TX_CONF_TX_PCM_CONF, tx->law & 3);
    field_set(&I2S_RX_CONF(0), I2S_RX_CONF_RX_PCM_CONF, rx->law & 3);
    i2s_receive(&i2s, in[0], BYTES);
    i2s_send(&i2s, out[0]);
    received_all(1);
    i2s_stop(&i2s);
    return holds(received, expected, come);
}

static void laws(void) {
    const struct way plain = {0, LINEAR, 16, 16, 0};
    /* G.711: +1 and +4032 of 13 bits are the A-law's D5 and AA, +8031 and -8031 of 14 bits the u-law's 80 and 00. */
    static const uint16_t of_a[] = {8, 32256}, a_code[] = {0xd5, 0xaa};
    static const uint16_t of_u[] = {32124, (uint16_t)-32124}, u_code[] = {0x80, 0x00};
    static const uint8_t a_byte[] = {0xd5, 0xaa}, u_byte[] = {0x80, 0x00};
    probe(1, comes(&(struct way){0, LINEAR_TO_A, 16, 16, 0}, &plain, of_a, 4, a_code, 4));
    probe(2, comes(&(struct way){0, LINEAR_TO_U, 16, 16, 0}, &plain, of_u, 4, u_code, 4));
    probe(3, comes(&(struct way){0, A_TO_LINEAR, 8, 16, 0}, &plain, a_byte, 2, of_a, 4));
    probe(4, comes(&(struct way){0, U_TO_LINEAR, 8, 16, 0}, &plain, u_byte, 2, of_u, 4));
    probe(5, comes(&plain, &(struct way){0, LINEAR_TO_A, 8, 16, 0}, of_a, 4, a_byte, 2));
    probe(6, comes(&plain, &(struct way){0, LINEAR_TO_U, 8, 16, 0}, of_u, 4, u_byte, 2));
}

static void formats(void) {
    const struct way plain = {0, LINEAR, 16, 16, 0}, bits_24 = {0, LINEAR, 24, 24, 0};
    static const uint8_t six[] = {1, 2, 3, 4, 5, 6}, eight[] = {1, 2, 3, 4, 5, 6, 7, 8};
    static const uint8_t upper[] = {2, 3, 4, 6, 7, 8}, filled[] = {0, 2, 3, 4, 0, 6, 7, 8};
    probe(7, comes(&bits_24, &bits_24, six, 6, six, 6));
    probe(8, comes(&(struct way){I2S_TX_CONF_TX_24_FILL_EN, LINEAR, 24, 24, 0}, &bits_24, eight, 8, upper, 6));
    probe(9, comes(&(struct way){I2S_TX_CONF_TX_24_FILL_EN, LINEAR, 24, 24, 0},
                   &(struct way){I2S_RX_CONF_RX_24_FILL_EN, LINEAR, 24, 24, 0}, eight, 8, filled, 8));
    static const uint32_t wide[] = {0x12345678, 0x9abcdef0};
    probe(10, comes(&(struct way){0, LINEAR, 32, 32, 0}, &(struct way){0, LINEAR, 32, 32, 0}, wide, 8, wide, 8));

    /* The first bit with the edge of WS, and who listens as if it were a clock later is a bit late. */
    static const uint16_t pair[] = {0x1234, 0x5678}, late[] = {0x2468, 0xacf0};
    const struct way msb = {0, LINEAR, 16, 16, 1};
    probe(11, comes(&msb, &msb, pair, 4, pair, 4));
    probe(12, comes(&msb, &plain, pair, 4, late, 4));
    /* WS the other way around: left is right. */
    static const uint16_t one[] = {0x1111, 0x2222}, turned[] = {0x2222, 0x1111};
    const struct way inverted = {I2S_TX_CONF_TX_WS_IDLE_POL, LINEAR, 16, 16, 0};
    uint32_t straight = comes(&plain, &plain, one, 4, one, 4);
    probe(13, straight << 1 | comes(&inverted, &plain, one, 4, turned, 4));
    static const uint16_t bytes_turned[] = {0x3412, 0x7856}, bits_turned[] = {0x2c48, 0x1e6a};
    probe(14, comes(&(struct way){I2S_TX_CONF_TX_BIG_ENDIAN, LINEAR, 16, 16, 0}, &plain, pair, 4, bytes_turned, 4));
    probe(15, comes(&plain, &(struct way){I2S_RX_CONF_RX_BIG_ENDIAN, LINEAR, 16, 16, 0}, pair, 4, bytes_turned, 4));
    probe(16, comes(&(struct way){I2S_TX_CONF_TX_BIT_ORDER, LINEAR, 16, 16, 0}, &plain, pair, 4, bits_turned, 4));
    probe(17, comes(&plain, &(struct way){I2S_RX_CONF_RX_BIT_ORDER, LINEAR, 16, 16, 0}, pair, 4, bits_turned, 4));
}

/* One sample for both slots, one for the left slot alone: ESP-IDF's programming guide, "STD TX Mode". */
static void slots(void) {
    static const uint16_t three[] = {0x1111, 0x2222, 0x3333}, twice[] = {0x1111, 0x1111, 0x2222, 0x2222, 0x3333, 0x3333},
                          left[] = {0x1111, 0, 0x2222, 0, 0x3333, 0};
    const uint32_t mono = I2S_TX_CONF_TX_MONO | I2S_TX_CONF_TX_CHAN_EQUAL;
    for (uint32_t both = 0; both < 2; both++) {
        fill(sent, three, 6);
        rings(0, sent, received);
        i2s_init(&i2s);
        I2S_TX_TDM_CTRL(0) = field(I2S_TX_TDM_CTRL_TX_TDM_TOT_CHAN_NUM, 1) | I2S_TX_TDM_CTRL_TX_TDM_CHAN0_EN;
        I2S_CONF_SIGLE_DATA(0) = 0;
        set_bits(&I2S_TX_CONF(0), both ? mono : 0);
        i2s_receive(&i2s, in[0], BYTES);
        i2s_send(&i2s, out[0]);
        received_all(1);
        i2s_stop(&i2s);
        probe(25 - both, holds(received, both ? twice : left, 12));
    }
}

/* The end of data stops the transmitter, the end of a packet the receiver, and both say so; later TX says that it hangs. */
static void ends(void) {
    fill(sent, "data", 4);
    rings(0, sent, received);
    out[0][0].next = 0;
    memory_barrier();
    i2s_init(&i2s);
    I2S_INT_CLR(0) = 0xf;
    I2S_LC_HUNG_CONF(0) = I2S_LC_HUNG_CONF_LC_FIFO_TIMEOUT_ENA | field(I2S_LC_HUNG_CONF_LC_FIFO_TIMEOUT, 4);
    set_bits(&I2S_TX_CONF(0), I2S_TX_CONF_TX_STOP_EN);
    field_set(&I2S_RX_CONF(0), I2S_RX_CONF_RX_STOP_MODE, 1);
    i2s_receive(&i2s, in[0], BYTES / 2);
    i2s_send(&i2s, out[0]);
    uint32_t before = I2S_STATE(0) & I2S_STATE_TX_IDLE;
    WAIT_UNTIL(I2S_INT_RAW(0) & I2S_INT_TX_DONE, 10000);
    probe(26, before << 8 | (I2S_STATE(0) & I2S_STATE_TX_IDLE) << 4 | (I2S_INT_RAW(0) & 0xf));
    probe(27, (I2S_RX_CONF(0) & I2S_RX_CONF_RX_START) | (I2S_TX_CONF(0) & I2S_TX_CONF_TX_START));
    uint64_t then = time_us();
    WAIT_UNTIL(I2S_INT_RAW(0) & I2S_INT_TX_HUNG, 20000);
    probe(28, (uint32_t)((time_us() - then) / 100));
    I2S_LC_HUNG_CONF(0) = 0;
    i2s_stop(&i2s);
}

static uint32_t clocks_in_a_ms(void) {
    set_bits(&PCNT_CTRL, PCNT_CTRL_CNT_RST_U0);
    clear_bits(&PCNT_CTRL, PCNT_CTRL_CNT_RST_U0);
    delay_us(1000);
    return PCNT_U_CNT(0) & 0xffff;
}

static void master_clock(void) {
    peripheral_on(PERIP_PCNT);
    PCNT_CTRL = PCNT_CTRL_CLK_EN;
    PCNT_U_CONF0(0) = field(PCNT_U_CONF0_CH0_POS_MODE, 1);
    gpio_in_signal(SIGNAL_PULSE, MCLK);
    gpio_in_signal(SIGNAL_CONTROL, SIGNAL_HIGH);
    gpio_out_signal(MCLK, SIGNAL_MCLK);
    i2s_init(&i2s);
    probe(18, clocks_in_a_ms());
    I2S_RX_CLKM_DIV_CONF(0) = 0;
    I2S_RX_CLKM_CONF(0) = I2S_RX_CLKM_CONF_RX_CLK_ACTIVE | I2S_RX_CLKM_CONF_MCLK_SEL |
                          field(I2S_RX_CLKM_CONF_RX_CLK_SEL, 2) | 40;
    probe(19, clocks_in_a_ms());
    gpio_in_signal(SIGNAL_PULSE, SIGNAL_LOW);
    gpio_out_signal(MCLK, SIGNAL_GPIO_OUT);
}

/* I2S1 gives BCK and WS at 16 kHz; I2S0, set up for 48 kHz, sends and receives by them. */
static void slave(void) {
    static const uint16_t there[] = {0x0102, 0x0304, 0x0506, 0x0708}, back[] = {0xa1b1, 0xa2b2, 0xa3b3, 0xa4b4};
    fill(sent, back, 8);
    fill(answer, there, 8);
    rings(0, sent, received);
    rings(1, answer, answered);
    i2s.bck = NOWHERE;
    i2s.ws = NOWHERE_TOO;
    i2s.out = BACK;
    i2s_init(&i2s);
    gpio_output(DATA, 0);
    i2s_init(&other);
    gpio_out_signal(BACK, SIGNAL_DATA); /* again: to the other it is but an input */
    gpio_in_signal(SIGNAL_TX_BCK, BCK);
    gpio_in_signal(SIGNAL_TX_WS, WS);
    gpio_in_signal(SIGNAL_RX_BCK, BCK);
    gpio_in_signal(SIGNAL_RX_WS, WS);
    clear_bits(&I2S_TX_CONF(0), I2S_TX_CONF_SIG_LOOPBACK);
    set_bits(&I2S_TX_CONF(0), I2S_TX_CONF_TX_SLAVE_MOD);
    set_bits(&I2S_RX_CONF(0), I2S_RX_CONF_RX_SLAVE_MOD);
    i2s_receive(&i2s, in[0], BYTES);
    i2s_send(&i2s, out[0]);
    delay_us(1000);
    probe(20, GDMA_IN_INT_RAW_CH(1) & GDMA_IN_INT_CH_IN_SUC_EOF);
    uint64_t then = time_us();
    i2s_receive(&other, in[1], BYTES);
    i2s_send(&other, out[1]);
    received_all(1);
    probe(21, (uint32_t)(time_us() - then));
    received_all(2);
    probe(22, holds(received, there, 8));
    probe(23, holds(answered, back, 8));
    i2s_stop(&other);
    i2s_stop(&i2s);
}

static void probes(void) {
    dma_init();
    gpio_output(DATA, 0);
    laws();
    formats();
    slots();
    ends();
    master_clock();
    slave();
}
