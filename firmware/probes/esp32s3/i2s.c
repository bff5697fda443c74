/* I2S0 and I2S1, data led back over one pin: sample rates, samples as they were sent, EOF. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/gdma.h"

#define BCK 4
#define WS 5
#define DATA 6
#define FRAMES 480
#define BYTES (FRAMES * 4)

static uint32_t samples[FRAMES], received[2 * FRAMES];
static struct dma_descriptor out[1], in[2];

/* A ring of one descriptor, sent for ever; the answer is how long the receiver takes for 480 frames. */
static uint32_t run(const struct i2s *i2s) {
    dma_describe(out, 1, samples, BYTES, 0);
    out[0].next = out;
    dma_describe(in, 2, received, 2 * BYTES, 1);
    memset(received, 0, sizeof received);
    i2s_init(i2s);
    uint32_t channel = i2s->dma_channel;
    uint64_t then = time_us();
    i2s_receive(i2s, in, BYTES);
    i2s_send(i2s, out);
    WAIT_UNTIL(GDMA_IN_INT_RAW_CH(channel) & GDMA_IN_INT_CH_IN_SUC_EOF, 100000);
    uint32_t took = (uint32_t)(time_us() - then);
    i2s_stop(i2s);
    return took;
}

/* How many frames of the sequence follow each other, wherever it begins. */
static uint32_t in_sequence(void) {
    uint32_t longest = 0, length = 0;
    for (uint32_t n = 1; n < FRAMES; n++) {
        uint32_t at = received[n - 1] & 0xffff;
        length = received[n - 1] == samples[at % FRAMES] && received[n] == samples[(at + 1) % FRAMES] ? length + 1 : 0;
        longest = length > longest ? length : longest;
    }
    return longest;
}

static void probes(void) {
    dma_init();
    for (uint32_t n = 0; n < FRAMES; n++)
        samples[n] = n | (0xc000 + n * 7) << 16;
    struct i2s i2s = {.port = 0, .hz = 48000, .bck = BCK, .ws = WS, .out = DATA, .in = DATA, .dma_channel = 1};
    gpio_output(DATA, 0);
    probe(1, run(&i2s));
    probe(2, in_sequence() >= FRAMES - 4);
    i2s.hz = 16000;
    probe(3, run(&i2s));
    probe(4, in_sequence() >= FRAMES - 4);
    i2s.hz = 44100;
    probe(5, run(&i2s));
    i2s.port = 1;
    i2s.hz = 96000;
    probe(6, run(&i2s));
    probe(7, in_sequence() >= FRAMES - 4);
    probe(8, dma_received(in));
    probe(9, GDMA_OUT_INT_RAW_CH(1) & GDMA_OUT_INT_CH_OUT_EOF);
}
