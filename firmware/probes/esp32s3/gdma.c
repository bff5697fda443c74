/* GDMA from memory to memory: lists of descriptors, owner bits and their write-back, the interrupts and what they say of
 * a list that is not in order. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/gdma.h"

#define BYTES 10000u
#define OWNER BIT(31)
#define SUC_EOF BIT(30)
#define SOURCE_DMA_IN_CH0 66
#define LINE 0

static uint8_t from[BYTES], to[BYTES];
static struct dma_descriptor out[4], in[4];

static volatile uint32_t irqs;
static void on_end(void *unused) {
    (void)unused;
    irqs++;
    GDMA_IN_INT_CLR_CH(0) = GDMA_IN_INT_CH_IN_SUC_EOF;
}

static uint32_t in_raw(uint32_t channel) { return GDMA_IN_INT_RAW_CH(channel); }
static uint32_t ended(uint32_t channel) { return in_raw(channel) & GDMA_IN_INT_CH_IN_SUC_EOF; }
static uint32_t place(uint32_t address, const struct dma_descriptor *list) {
    return (address - (uint32_t)(uintptr_t)list) / sizeof *list;
}

static void probes(void) {
    dma_init();
    for (uint32_t n = 0; n < BYTES; n++)
        from[n] = (uint8_t)(n * 7 + (n >> 8));

    /* Three descriptors to read, three to fill. */
    uint32_t count = dma_describe(out, 4, from, BYTES, 0);
    dma_describe(in, 4, to, BYTES, 1);
    probe(1, count);
    GDMA_OUT_INT_CLR_CH(0) = 0xffffffff;
    dma_copy(0, out, in);
    WAIT_UNTIL(ended(0), 1000);
    probe(2, memcmp(from, to, BYTES) == 0);
    probe(3, dma_received(in));
    probe(4, in_raw(0) & 0x1f);
    probe(5, GDMA_OUT_INT_RAW_CH(0) & 0xf);
    probe(6, place(GDMA_IN_SUC_EOF_DES_ADDR_CH(0), in));
    probe(7, place(GDMA_OUT_EOF_DES_ADDR_CH(0), out));
    probe(8, (in[0].control | in[1].control | in[2].control) & OWNER);
    probe(9, in[2].control & SUC_EOF);
    probe(10, (in[0].control | in[1].control) & SUC_EOF);
    probe(11, out[0].control & OWNER);
    GDMA_IN_INT_CLR_CH(0) = GDMA_IN_INT_CH_IN_DONE;
    probe(12, in_raw(0) & 3);

    /* OUT_AUTO_WRBACK hands the descriptors that were read back to the CPU. */
    dma_describe(out, 4, from, 100, 0);
    dma_describe(in, 4, to, 100, 1);
    GDMA_OUT_CONF0_CH(1) = GDMA_OUT_CONF0_CH_OUT_AUTO_WRBACK | GDMA_OUT_CONF0_CH_OUT_EOF_MODE;
    GDMA_IN_CONF0_CH(1) = GDMA_IN_CONF0_CH_MEM_TRANS_EN;
    GDMA_IN_LINK_CH(1) = field(GDMA_IN_LINK_CH_INLINK_ADDR, (uintptr_t)in) | GDMA_IN_LINK_CH_INLINK_START;
    GDMA_OUT_LINK_CH(1) = field(GDMA_OUT_LINK_CH_OUTLINK_ADDR, (uintptr_t)out) | GDMA_OUT_LINK_CH_OUTLINK_START;
    WAIT_UNTIL(ended(1), 100);
    probe(13, out[0].control & OWNER);
    probe(14, in[0].control >> 12 & 0xfff);

    /* A descriptor may be half full; bytes need no alignment. */
    memset(to, 0, 64);
    dma_describe(out, 4, from + 1, 13, 0);
    dma_describe(in, 4, to + 3, 32, 1);
    dma_copy(2, out, in);
    WAIT_UNTIL(ended(2), 100);
    probe(15, memcmp(from + 1, to + 3, 13) == 0 && to[2] == 0 && to[16] == 0);
    probe(16, dma_received(in));

    /* A descriptor of the CPU's is an error where the owner is looked at, and only there. */
    dma_describe(out, 4, from, 8, 0);
    dma_describe(in, 4, to, 8, 1);
    in[0].control &= ~OWNER;
    GDMA_IN_CONF1_CH(3) = GDMA_IN_CONF1_CH_IN_CHECK_OWNER;
    dma_copy(3, out, in);
    delay_us(10);
    probe(17, in_raw(3) & (GDMA_IN_INT_CH_IN_DSCR_ERR | GDMA_IN_INT_CH_IN_SUC_EOF));
    GDMA_IN_CONF1_CH(3) = 0;
    dma_copy(3, out, in);
    WAIT_UNTIL(ended(3), 100);
    probe(18, in_raw(3) & (GDMA_IN_INT_CH_IN_DSCR_ERR | GDMA_IN_INT_CH_IN_SUC_EOF));

    /* Fewer bytes of room than are sent. */
    dma_describe(out, 4, from, 40, 0);
    dma_describe(in, 4, to, 16, 1);
    dma_copy(4, out, in);
    delay_us(10);
    probe(19, in_raw(4) & (GDMA_IN_INT_CH_IN_DSCR_EMPTY | GDMA_IN_INT_CH_IN_SUC_EOF));

    /* Two pairs at once, and an interrupt. */
    static struct dma_descriptor out2[4], in2[4];
    memset(to, 0, BYTES);
    dma_describe(out, 4, from, 5000, 0);
    dma_describe(in, 4, to, 5000, 1);
    dma_describe(out2, 4, from + 5000, 5000, 0);
    dma_describe(in2, 4, to + 5000, 5000, 1);
    interrupt_route(0, SOURCE_DMA_IN_CH0, LINE);
    interrupt_handler(LINE, on_end, 0);
    interrupt_enable(LINE);
    GDMA_IN_INT_CLR_CH(0) = GDMA_IN_INT_CH_IN_SUC_EOF;
    GDMA_IN_INT_ENA_CH(0) = GDMA_IN_INT_CH_IN_SUC_EOF;
    dma_copy(0, out, in);
    dma_copy(1, out2, in2);
    probe(20, irqs);
    WAIT_UNTIL(irqs && ended(1), 1000);
    probe(21, irqs);
    probe(22, memcmp(from, to, BYTES) == 0);
}
