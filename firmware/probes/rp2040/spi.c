/* SPI0 (PL022) in loopback: frames, FIFOs, the time of a byte, DMA. Then SPI0 as controller and SPI1 as target: the test joins
   GPIO19 with GPIO8 (data there), GPIO11 with GPIO16 (data back), GPIO18 with GPIO10 (clock) and GPIO17 with GPIO9 (select). */
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

#define SSPCR1_MS BIT(2)
#define SSPCR1_SOD BIT(3)
#define SSPCR0_SPH BIT(7)
#define OETOPAD BIT(13)
#define SELECT 17u

/* 976 kHz: slow enough for a target at clk_peri / 12. */
static void set_up_pair(uint32_t cr0, uint32_t target) {
    unreset(RESET_SPI0);
    unreset(RESET_SPI1);
    SPI1->SSPCR1 = 0;
    SPI0->SSPCPSR = SPI1->SSPCPSR = 128;
    SPI0->SSPCR0 = SPI1->SSPCR0 = cr0;
    SPI1->SSPCR1 = SSPCR1_MS | target;
    SPI1->SSPCR1 = SSPCR1_MS | SSPCR1_SSE | target;
    SPI0->SSPCR1 = SSPCR1_SSE;
}

static void drain(struct spi *from) {
    while (from->SSPSR & SSPSR_RNE)
        (void)from->SSPDR;
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

    for (uint32_t pin = 8; pin < 20; pin++)
        if (pin < 12 || pin > 15) {
            gpio_function(pin, FUNC_SPI);
            PADS_BANK0->GPIO[pin] = PAD_IE | PAD_SCHMITT | PAD_DRIVE_4MA;
        }
    SPI0->SSPDMACR = 0;

    /* Modes 1 and 0 with the select of the controller, eight answers ahead. */
    for (uint32_t sph = 0; sph < 2; sph++) {
        set_up_pair(7 | (sph ? SSPCR0_SPH : 0), 0);
        drain(SPI0);
        for (uint32_t n = 0; n < 8; n++)
            SPI1->SSPDR = 0xc3 ^ n * 0x25;
        for (uint32_t n = 0; n < 8; n++)
            SPI0->SSPDR = 0x5a ^ n * 0x13;
        idle();
        uint32_t there = 0, back = 0;
        for (uint32_t n = 0; n < 8; n++) {
            there += SPI1->SSPDR == ((0x5a ^ n * 0x13) & 0xff);
            back += SPI0->SSPDR == ((0xc3 ^ n * 0x25) & 0xff);
        }
        probe(17 + 2 * sph, there);
        probe(18 + 2 * sph, back);
    }
    probe(21, IO_BANK0->GPIO[11].STATUS & OETOPAD);
    probe(22, IO_BANK0->GPIO[10].STATUS & OETOPAD);
    probe(23, IO_BANK0->INTR[1] >> 8 & (GPIO_EDGE_LOW | GPIO_EDGE_HIGH));

    /* One select for four frames. */
    SIO->GPIO_OUT_SET = BIT(SELECT);
    SIO->GPIO_OE_SET = BIT(SELECT);
    gpio_function(SELECT, FUNC_SIO);
    for (uint32_t sph = 0; sph < 2; sph++) {
        set_up_pair(7 | (sph ? SSPCR0_SPH : 0), 0);
        drain(SPI1);
        SIO->GPIO_OUT_CLR = BIT(SELECT);
        for (uint32_t n = 0; n < 4; n++)
            SPI0->SSPDR = n;
        idle();
        SIO->GPIO_OUT_SET = BIT(SELECT);
        uint32_t heard = 0;
        for (; SPI1->SSPSR & SSPSR_RNE; heard++)
            (void)SPI1->SSPDR;
        probe(24 + sph, heard);
    }

    /* SOD, and a target that nobody reads. */
    set_up_pair(7 | SSPCR0_SPH, SSPCR1_SOD);
    drain(SPI0);
    for (uint32_t n = 0; n < 8; n++)
        SPI1->SSPDR = 0x80 + 5 * n;
    SIO->GPIO_OUT_CLR = BIT(SELECT);
    for (uint32_t n = 0; n < 8; n++)
        SPI0->SSPDR = n;
    idle();
    probe(26, SPI1->SSPSR & (SSPSR_TNF | SSPSR_RFF));
    probe(27, SPI1->SSPRIS & RORRIS);
    SPI0->SSPDR = 8;
    idle();
    probe(28, SPI1->SSPRIS & RORRIS);
    SIO->GPIO_OUT_SET = BIT(SELECT);
}
