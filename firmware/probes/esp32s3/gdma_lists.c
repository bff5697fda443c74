/* GDMA from memory to memory with lists that are wrong, that grow, that are stopped; its priorities and bursts. (gdma.c has
 * lists that are in order.) */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/gdma.h"

#define OWNER BIT(31)
#define SUC_EOF BIT(30)
#define IRAM_ADDRESS 0x40378000u /* SRAM, where instructions are fetched: no address of GDMA's */

static uint8_t from[256] __attribute__((aligned(4))), to[256] __attribute__((aligned(4)));
static struct dma_descriptor out[3], in[3];

static uint32_t in_raw(uint32_t channel) { return GDMA_IN_INT_RAW_CH(channel) & 0x1f; }
static uint32_t out_raw(uint32_t channel) { return GDMA_OUT_INT_RAW_CH(channel) & 0xf; }

static void lists(uint32_t bytes) {
    memset(to, 0, sizeof to);
    dma_describe(out, 1, from, bytes, 0);
    dma_describe(in, 1, to, sizeof to, 1);
}

static void copy(uint32_t channel) {
    GDMA_OUT_INT_CLR_CH(channel) = 0xffffffff;
    dma_copy(channel, out, in);
    delay_us(5);
}

static void probes(void) {
    dma_init();
    for (uint32_t n = 0; n < sizeof from; n++)
        from[n] = (uint8_t)(n + 1);

    /* Where nothing is: a buffer to read, one to fill, a descriptor. */
    lists(16);
    out[0].buffer = (const void *)(uintptr_t)IRAM_ADDRESS;
    copy(0);
    probe(1, out_raw(0) & GDMA_OUT_INT_CH_OUT_DSCR_ERR);
    lists(16);
    in[0].buffer = (const void *)(uintptr_t)IRAM_ADDRESS;
    copy(1);
    probe(2, in_raw(1) & GDMA_IN_INT_CH_IN_DSCR_ERR);
    GDMA_IN_INT_CLR_CH(1) = 0xffffffff;
    GDMA_IN_LINK_CH(1) = 0x10 | GDMA_IN_LINK_CH_INLINK_START;
    delay_us(2);
    probe(3, in_raw(1) & GDMA_IN_INT_CH_IN_DSCR_ERR);

    /* Two to read, the second the CPU's: the first goes, the second is an error where the owner is looked at. */
    lists(0);
    dma_describe(&out[0], 1, from, 8, 0);
    dma_describe(&out[1], 1, from + 8, 8, 0);
    out[0].control &= ~SUC_EOF;
    out[0].next = &out[1];
    out[1].control &= ~OWNER;
    GDMA_OUT_CONF1_CH(2) = GDMA_OUT_CONF1_CH_OUT_CHECK_OWNER;
    copy(2);
    probe(4, out_raw(2));
    probe(5, to[7] << 8 | to[8]);
    probe(6, in_raw(2) & GDMA_IN_INT_CH_IN_SUC_EOF);
    GDMA_OUT_CONF1_CH(2) = 0;

    /* A list that has come to its end is parked; it has grown, and goes on. */
    lists(8);
    out[0].control &= ~SUC_EOF;
    copy(3);
    probe(7, (GDMA_OUT_LINK_CH(3) & GDMA_OUT_LINK_CH_OUTLINK_PARK) != 0);
    probe(8, out_raw(3));
    probe(9, in_raw(3));
    dma_describe(&out[1], 1, from + 8, 8, 0);
    out[0].next = &out[1];
    memory_barrier(); /* the list is in memory before the channel looks */
    GDMA_OUT_LINK_CH(3) |= GDMA_OUT_LINK_CH_OUTLINK_RESTART;
    delay_us(5);
    probe(10, memcmp(from, to, 16) == 0);
    probe(11, in_raw(3) & GDMA_IN_INT_CH_IN_SUC_EOF);
    probe(12, dma_received(in));

    /* Stopped before it begins; and started anew. */
    lists(16);
    GDMA_OUT_INT_CLR_CH(4) = 0xffffffff;
    GDMA_IN_INT_CLR_CH(4) = 0xffffffff;
    GDMA_IN_CONF0_CH(4) = GDMA_IN_CONF0_CH_MEM_TRANS_EN;
    GDMA_OUT_LINK_CH(4) = field(GDMA_OUT_LINK_CH_OUTLINK_ADDR, (uintptr_t)out) | GDMA_OUT_LINK_CH_OUTLINK_START;
    dma_stop(4);
    GDMA_IN_LINK_CH(4) = field(GDMA_IN_LINK_CH_INLINK_ADDR, (uintptr_t)in) | GDMA_IN_LINK_CH_INLINK_START;
    delay_us(5);
    probe(13, in_raw(4) | out_raw(4) << 8);
    copy(4);
    probe(14, memcmp(from, to, 16) == 0);

    /* One buffer after the other: the first is full, the second has the end. */
    lists(40);
    in[0].control = OWNER | 16;
    in[0].next = &in[1];
    in[1] = (struct dma_descriptor){OWNER | 100, to + 100, 0};
    copy(0);
    probe(15, (in[0].control >> 12 & 0xfff) << 12 | (in[1].control >> 12 & 0xfff));
    probe(16, ((in[0].control & SUC_EOF) ? 2 : 0) | ((in[1].control & SUC_EOF) ? 1 : 0));
    probe(17, memcmp(from, to, 16) == 0 && memcmp(from + 16, to + 100, 24) == 0);
    /* Descriptors that were not there in time: IN_DSCR_EMPTY, and what came first stays. */
    lists(40);
    in[0].control = OWNER | 16;
    copy(1);
    probe(18, in_raw(1));
    probe(19, to[15] << 8 | to[16]);

    /* Numbers of the arbiter, and a burst, change no byte. */
    GDMA_IN_PRI_CH(2) = 5;
    GDMA_OUT_PRI_CH(2) = 9;
    probe(20, GDMA_IN_PRI_CH(2) << 4 | GDMA_OUT_PRI_CH(2));
    lists(200);
    GDMA_OUT_CONF0_CH(2) = GDMA_OUT_CONF0_CH_OUT_EOF_MODE | GDMA_OUT_CONF0_CH_OUTDSCR_BURST_EN |
                           GDMA_OUT_CONF0_CH_OUT_DATA_BURST_EN;
    GDMA_IN_CONF0_CH(2) = GDMA_IN_CONF0_CH_MEM_TRANS_EN | GDMA_IN_CONF0_CH_INDSCR_BURST_EN |
                          GDMA_IN_CONF0_CH_IN_DATA_BURST_EN;
    GDMA_IN_LINK_CH(2) = field(GDMA_IN_LINK_CH_INLINK_ADDR, (uintptr_t)in) | GDMA_IN_LINK_CH_INLINK_START;
    GDMA_OUT_LINK_CH(2) = field(GDMA_OUT_LINK_CH_OUTLINK_ADDR, (uintptr_t)out) | GDMA_OUT_LINK_CH_OUTLINK_START;
    delay_us(5);
    probe(21, memcmp(from, to, 200) == 0);
}
