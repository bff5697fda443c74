/* I2S0 as TDM: eight slots of 16 bits in a frame of 128, led back over one pin; slots that are not in use. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/gdma.h"
#include "reg/i2s.h"

#define BCK 4
#define WS 5
#define DATA 6
#define HZ 16000
#define SLOTS 8
#define FRAMES 240
#define SAMPLES (FRAMES * SLOTS)
#define ALL 0xffu
#define SINGLE 0x7e57u

static uint16_t samples[SAMPLES], received[2 * SAMPLES];
static struct dma_descriptor out[1], in[2];
static const struct i2s i2s = {.port = 0, .hz = HZ, .bck = BCK, .ws = WS, .out = DATA, .in = DATA, .dma_channel = 1};

static uint32_t bits(uint32_t mask) {
    uint32_t count = 0;
    for (; mask; mask &= mask - 1)
        count++;
    return count;
}

/* ESP-IDF i2s_tdm.c, i2s_tdm_set_slot: 256 MCLKs a frame are two a bit. Returns how long the receiver takes, in us. */
static uint32_t run(uint32_t send, uint32_t receive, uint32_t ws_width, uint32_t skip) {
    uint32_t sent = (skip ? SLOTS : bits(send)) * FRAMES * 2, taken = bits(receive) * FRAMES * 2;
    dma_describe(out, 1, samples, sent, 0);
    out[0].next = out;
    dma_describe(in, 2, received, sizeof received, 1);
    memset(received, 0, sizeof received);
    i2s_init(&i2s);
    uint32_t conf1 = I2S_TX_CONF1_TX_MSB_SHIFT | field(I2S_TX_CONF1_TX_TDM_CHAN_BITS, 15) |
                     field(I2S_TX_CONF1_TX_HALF_SAMPLE_BITS, SLOTS * 16 / 2 - 1) | field(I2S_TX_CONF1_TX_BITS_MOD, 15) |
                     field(I2S_TX_CONF1_TX_BCK_DIV_NUM, 256 / (SLOTS * 16) - 1) |
                     field(I2S_TX_CONF1_TX_TDM_WS_WIDTH, ws_width - 1);
    I2S_TX_CONF1(0) = conf1 | I2S_TX_CONF1_TX_BCK_NO_DLY;
    I2S_RX_CONF1(0) = conf1;
    I2S_TX_TDM_CTRL(0) = field(I2S_TX_TDM_CTRL_TX_TDM_TOT_CHAN_NUM, SLOTS - 1) | send | (skip ? I2S_TX_TDM_CTRL_TX_TDM_SKIP_MSK_EN : 0);
    I2S_RX_TDM_CTRL(0) = field(I2S_RX_TDM_CTRL_RX_TDM_TOT_CHAN_NUM, SLOTS - 1) | receive;
    I2S_CONF_SIGLE_DATA(0) = SINGLE;
    uint64_t then = time_us();
    i2s_receive(&i2s, in, taken);
    i2s_send(&i2s, out);
    WAIT_UNTIL(GDMA_IN_INT_RAW_CH(1) & GDMA_IN_INT_CH_IN_SUC_EOF, 100000);
    uint32_t took = (uint32_t)(time_us() - then);
    i2s_stop(&i2s);
    return took;
}

/* Of the frames but the first four, in how many slots lies what should; `first`: the sample that the first slot in use has. */
static uint32_t right(uint32_t send, uint32_t receive, uint32_t skip) {
    uint32_t slots = bits(receive), in_a_frame = skip ? SLOTS : bits(send), good = 0;
    /* The first slot that is both sent and received says which frame came first. */
    for (uint32_t shift = 0; shift < FRAMES; shift++) {
        uint32_t count = 0;
        for (uint32_t frame = 4; frame < FRAMES; frame++) {
            uint32_t of_send = 0, of_receive = 0;
            for (uint32_t slot = 0; slot < SLOTS; slot++) {
                uint32_t is_sent = send >> slot & 1;
                if (receive >> slot & 1) {
                    uint32_t at = ((frame + shift) % FRAMES) * in_a_frame + (skip ? slot : of_send);
                    count += received[frame * slots + of_receive++] == (is_sent ? samples[at] : SINGLE);
                }
                of_send += is_sent;
            }
        }
        good = count > good ? count : good;
        if (good == (FRAMES - 4) * slots)
            break;
    }
    return good;
}

static void probes(void) {
    dma_init();
    for (uint32_t n = 0; n < SAMPLES; n++)
        samples[n] = (uint16_t)(0x1000 + n);
    gpio_output(DATA, 0);
    probe(1, run(ALL, ALL, 64, 0));
    probe(2, right(ALL, ALL, 0));
    probe(3, dma_received(in));
    /* A word select of one clock (PCM short) makes no difference to the data. */
    run(ALL, ALL, 1, 0);
    probe(4, right(ALL, ALL, 0));
    /* Two of eight slots are kept. */
    probe(5, run(ALL, 0x81, 64, 0));
    probe(6, right(ALL, 0x81, 0));
    probe(7, dma_received(in));
    /* Three are sent, from memory that holds three a frame; the others have the single data. */
    run(0x29, ALL, 64, 0);
    probe(8, right(0x29, ALL, 0));
    /* The same from memory that holds all eight. */
    run(0x29, ALL, 64, 1);
    probe(9, right(0x29, ALL, 1));
}
