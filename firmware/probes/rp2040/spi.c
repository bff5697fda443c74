/* SPI0 (PL022) in loopback: frames, FIFOs, the time of a byte, DMA. */
#include "probe.h"

#define SSPDMACR_BOTH 3u
#define RTRIS BIT(2)
#define RORRIS BIT(0)

static void set_up(uint32_t bits, uint32_t prescale, uint32_t scr) {
    SPI0->SSPCR1 = 0;
    SPI0->SSPCPSR = prescale;
    SPI0->SSPCR0 = scr << 8 | (bits - 1);
    SPI0->SSPCR1 = SSPCR1_LBM | SSPCR1_SSE;
}

static uint32_t receive(void) {
    WAIT_UNTIL(SPI0->SSPSR & SSPSR_RNE, 1000);
    return SPI0->SSPDR;
}

static void idle(void) { WAIT_UNTIL(!(SPI0->SSPSR & SSPSR_BSY), 10000); }

static void probes(void) {
    unreset(RESET_SPI0);
    probe(1, SPI0->SSPSR);
    probe(2, SPI0->SSPRIS);
    probe(3, *(reg *)((uintptr_t)SPI0 + 0xfe0));

    set_up(8, 2, 0);
    SPI0->SSPDR = 0x1a5;
    probe(4, receive());
    set_up(16, 2, 0);
    SPI0->SSPDR = 0xbeef;
    probe(5, receive());
    set_up(4, 2, 0);
    SPI0->SSPDR = 0xbeef;
    probe(6, receive());

    /* clk_peri / (250 x 2): 250 kHz, 4 us a bit, and eight bytes. */
    set_up(8, 250, 1);
    uint32_t since = time_us_32();
    for (uint32_t n = 0; n < 8; n++)
        SPI0->SSPDR = n;
    probe(7, SPI0->SSPSR & SSPSR_TNF);
    probe(8, SPI0->SSPSR & SSPSR_BSY);
    idle();
    probe(9, time_us_32() - since);
    probe(10, SPI0->SSPSR & (SSPSR_RFF | SSPSR_RNE));
    probe(11, SPI0->SSPRIS & RORRIS);
    SPI0->SSPDR = 9;
    idle();
    probe(12, SPI0->SSPRIS & RORRIS);
    SPI0->SSPICR = RORRIS;
    probe(13, SPI0->SSPRIS & RORRIS);
    uint32_t sum = 0, count = 0;
    for (; SPI0->SSPSR & SSPSR_RNE && count < 20; count++)
        sum += SPI0->SSPDR;
    probe(14, count << 8 | sum);

    /* 62.5 MHz, 64 bytes by two channels: as fast as it gets, and nothing lost. */
    static volatile uint8_t out[64], in[64];
    for (uint32_t n = 0; n < 64; n++)
        out[n] = (uint8_t)(n * 7);
    unreset(RESET_DMA);
    set_up(8, 2, 0);
    SPI0->SSPDMACR = SSPDMACR_BOTH;
    DMA->CH[1].READ_ADDR = (uintptr_t)&SPI0->SSPDR;
    DMA->CH[1].WRITE_ADDR = (uintptr_t)in;
    DMA->CH[1].TRANS_COUNT = 64;
    DMA->CH[1].AL1_CTRL = DMA_CTRL_EN | DMA_CTRL_INCR_WRITE | DMA_CTRL_TREQ_SEL(DREQ_SPI0_RX) | DMA_CTRL_CHAIN_TO(1);
    DMA->CH[0].READ_ADDR = (uintptr_t)out;
    DMA->CH[0].WRITE_ADDR = (uintptr_t)&SPI0->SSPDR;
    DMA->CH[0].TRANS_COUNT = 64;
    DMA->CH[0].AL1_CTRL = DMA_CTRL_EN | DMA_CTRL_INCR_READ | DMA_CTRL_TREQ_SEL(DREQ_SPI0_TX) | DMA_CTRL_CHAIN_TO(0);
    since = time_us_32();
    DMA->MULTI_CHAN_TRIGGER = 3;
    WAIT_UNTIL(!(DMA->CH[1].CTRL_TRIG & DMA_CTRL_BUSY), 1000);
    probe(15, time_us_32() - since);
    uint32_t wrong = 0;
    for (uint32_t n = 0; n < 64; n++)
        wrong += in[n] != out[n];
    probe(16, wrong);
}
