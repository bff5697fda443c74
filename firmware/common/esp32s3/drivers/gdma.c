/* ESP32-S3 TRM, chapter "GDMA Controller". */
#include "drivers/drivers.h"
#include "reg/gdma.h"

#define OWNER_DMA BIT(31)
#define SUC_EOF BIT(30)
#define LENGTH_SHIFT 12

uint32_t dma_describe(struct dma_descriptor *chain, uint32_t available, const void *memory, uint32_t bytes,
                      uint32_t to_fill) {
    uint32_t count = 0;
    const uint8_t *at = memory;
    while (bytes && count < available) {
        uint32_t part = bytes < DMA_BLOCK ? bytes : DMA_BLOCK;
        bytes -= part;
        struct dma_descriptor *d = &chain[count++];
        d->control = OWNER_DMA | part | (to_fill ? 0 : part << LENGTH_SHIFT | (bytes ? 0 : SUC_EOF));
        d->buffer = at;
        d->next = bytes ? d + 1 : 0;
        at += part;
    }
    return count;
}

uint32_t dma_received(const struct dma_descriptor *chain) {
    uint32_t bytes = 0;
    for (; chain && !(chain->control & OWNER_DMA); chain = chain->next) {
        bytes += chain->control >> LENGTH_SHIFT & 0xfff;
        if (chain->control & SUC_EOF)
            break;
    }
    return bytes;
}

void dma_init(void) {
    peripheral_on(PERIP_DMA);
    set_bits(&GDMA_MISC_CONF, GDMA_MISC_CONF_CLK_EN);
}

void dma_out_start(uint32_t channel, enum dma_peripheral peripheral, struct dma_descriptor *chain) {
    GDMA_OUT_CONF0_CH(channel) = GDMA_OUT_CONF0_CH_OUT_RST;
    GDMA_OUT_CONF0_CH(channel) = GDMA_OUT_CONF0_CH_OUT_EOF_MODE | GDMA_OUT_CONF0_CH_OUTDSCR_BURST_EN;
    GDMA_OUT_PERI_SEL_CH(channel) = peripheral;
    GDMA_OUT_INT_CLR_CH(channel) = 0xffffffff;
    GDMA_OUT_LINK_CH(channel) = field(GDMA_OUT_LINK_CH_OUTLINK_ADDR, (uintptr_t)chain) | GDMA_OUT_LINK_CH_OUTLINK_START;
}

void dma_in_start(uint32_t channel, enum dma_peripheral peripheral, struct dma_descriptor *chain) {
    GDMA_IN_CONF0_CH(channel) = GDMA_IN_CONF0_CH_IN_RST;
    GDMA_IN_CONF0_CH(channel) = GDMA_IN_CONF0_CH_INDSCR_BURST_EN;
    GDMA_IN_PERI_SEL_CH(channel) = peripheral;
    GDMA_IN_INT_CLR_CH(channel) = 0xffffffff;
    GDMA_IN_LINK_CH(channel) = field(GDMA_IN_LINK_CH_INLINK_ADDR, (uintptr_t)chain) | GDMA_IN_LINK_CH_INLINK_START;
}

void dma_stop(uint32_t channel) {
    GDMA_OUT_LINK_CH(channel) = GDMA_OUT_LINK_CH_OUTLINK_STOP;
    GDMA_IN_LINK_CH(channel) = GDMA_IN_LINK_CH_INLINK_STOP;
}

void dma_copy(uint32_t channel, struct dma_descriptor *from, struct dma_descriptor *to) {
    GDMA_OUT_CONF0_CH(channel) = GDMA_OUT_CONF0_CH_OUT_RST;
    GDMA_OUT_CONF0_CH(channel) = GDMA_OUT_CONF0_CH_OUT_EOF_MODE;
    GDMA_IN_CONF0_CH(channel) = GDMA_IN_CONF0_CH_IN_RST;
    GDMA_IN_CONF0_CH(channel) = GDMA_IN_CONF0_CH_MEM_TRANS_EN;
    GDMA_IN_INT_CLR_CH(channel) = 0xffffffff;
    GDMA_IN_LINK_CH(channel) = field(GDMA_IN_LINK_CH_INLINK_ADDR, (uintptr_t)to) | GDMA_IN_LINK_CH_INLINK_START;
    GDMA_OUT_LINK_CH(channel) = field(GDMA_OUT_LINK_CH_OUTLINK_ADDR, (uintptr_t)from) | GDMA_OUT_LINK_CH_OUTLINK_START;
}
