/* XIP: cache, counters, the four aliases, streaming. Runs from SRAM, so that no fetch is counted. */
#include "probe.h"

static const uint32_t text[8] __attribute__((aligned(8))) = {0x11111111, 0x22222222, 0x33333333, 0x44444444,
                                                            0x55555555, 0x66666666, 0x77777777, 0x88888888};
#define ALIAS(base) (*(const volatile uint32_t *)((uintptr_t)text - XIP_BASE + (base)))
#define XIP_STAT_FIFO_EMPTY BIT(1)

static uint32_t counts[8], values[4], streamed[4];

static inline void flush(void) {
    XIP_CTRL->FLUSH = 1;
    (void)XIP_CTRL->FLUSH; /* the read waits until the flush is over */
}
static inline void clear_counters(void) {
    XIP_CTRL->CTR_ACC = 0;
    XIP_CTRL->CTR_HIT = 0;
}
static inline uint32_t counters(void) { return XIP_CTRL->CTR_ACC << 8 | XIP_CTRL->CTR_HIT; }

TIME_CRITICAL(measure) static void measure(void) {
    const volatile uint32_t *cached = &ALIAS(XIP_BASE), *noalloc = &ALIAS(XIP_NOALLOC_BASE);
    const volatile uint32_t *nocache = &ALIAS(XIP_NOCACHE_BASE), *neither = &ALIAS(XIP_NOCACHE_NOALLOC_BASE);

    flush();
    clear_counters();
    values[0] = cached[0];
    counts[0] = counters();
    (void)cached[0];
    counts[1] = counters();
    (void)cached[1]; /* the other half of the line of 8 bytes */
    counts[2] = counters();
    (void)cached[2];
    counts[3] = counters();

    flush();
    clear_counters();
    values[1] = noalloc[0];
    (void)noalloc[0];
    counts[4] = counters();
    (void)cached[0];
    (void)noalloc[0];
    counts[5] = counters();

    clear_counters();
    values[2] = nocache[0];
    values[3] = neither[0];
    counts[6] = counters();

    XIP_CTRL->STREAM_ADDR = (uintptr_t)text;
    XIP_CTRL->STREAM_CTR = 4;
    for (int n = 0; n < 4; n++) {
        WAIT_UNTIL(!(XIP_CTRL->STAT & XIP_STAT_FIFO_EMPTY), 100);
        streamed[n] = XIP_CTRL->STREAM_FIFO;
    }
    counts[7] = XIP_CTRL->STREAM_CTR;
}

TIME_CRITICAL(cache_as_sram) static uint32_t cache_as_sram(void) {
    reg *xip_sram = (reg *)0x15000000;
    XIP_CTRL->CTRL = 0;
    xip_sram[0] = 0x600d0001;
    xip_sram[4095] = 0x600d0002;
    uint32_t sum = xip_sram[0] + xip_sram[4095];
    flush();
    XIP_CTRL->CTRL = 3;
    return sum;
}

static void probes(void) {
    interrupts_off();
    measure();
    interrupts_on();
    for (uint32_t n = 0; n < 7; n++)
        probe(1 + n, counts[n]);
    probe(10, values[0]);
    probe(11, values[1]);
    probe(12, values[2]);
    probe(13, values[3]);
    probe(14, streamed[0]);
    probe(15, streamed[3]);
    probe(16, counts[7]);
    interrupts_off();
    probe(17, cache_as_sram());
    interrupts_on();
    probe(18, XIP_CTRL->CTRL);
}
