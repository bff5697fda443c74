/* DMA: sizes, rings, chains, pacing, the sniffer, errors. */
#include "probe.h"

static volatile uint8_t source[64] __attribute__((aligned(64)));
static volatile uint8_t target[64] __attribute__((aligned(64)));
static const char check[] = "123456789";

#define WORD DMA_CTRL_DATA_SIZE(2)
#define BYTE DMA_CTRL_DATA_SIZE(0)
#define BOTH (DMA_CTRL_INCR_READ | DMA_CTRL_INCR_WRITE)
#define NOW DMA_CTRL_TREQ_SEL(DMA_TREQ_PERMANENT)

static void finish(unsigned ch) { WAIT_UNTIL(!(DMA->CH[ch].CTRL_TRIG & DMA_CTRL_BUSY), 10000); }

static void run(unsigned ch, const volatile void *from, volatile void *to, uint32_t count, uint32_t ctrl) {
    DMA->CH[ch].READ_ADDR = (uintptr_t)from;
    DMA->CH[ch].WRITE_ADDR = (uintptr_t)to;
    DMA->CH[ch].TRANS_COUNT = count;
    DMA->CH[ch].CTRL_TRIG = ctrl | DMA_CTRL_EN | DMA_CTRL_CHAIN_TO(ch);
    finish(ch);
}

static uint32_t word(const volatile uint8_t *at) { return *(const volatile uint32_t __attribute__((may_alias)) *)at; }

static void copies(void) {
    for (unsigned i = 0; i < 64; i++)
        source[i] = (uint8_t)(i + 1);
    run(0, source, target, 4, WORD | BOTH | NOW);
    probe(1, word(target));
    probe(2, word(target + 12));
    probe(3, DMA->CH[0].READ_ADDR - (uintptr_t)source);
    probe(4, DMA->CH[0].TRANS_COUNT);
    probe(5, DMA->INTR & 1);
    DMA->INTR = 1;
    probe(6, DMA->INTR & 1);
    run(0, source, target, 1, WORD | BOTH | NOW | DMA_CTRL_BSWAP);
    probe(7, word(target));
    run(0, source, target, 2, DMA_CTRL_DATA_SIZE(1) | BOTH | NOW | DMA_CTRL_BSWAP);
    probe(8, word(target));
    run(0, source, target, 4, BYTE | DMA_CTRL_INCR_READ | NOW);
    probe(9, target[0]);

    /* A read ring of 8 bytes: the address goes round, and the first bytes come twice. */
    run(0, source, target, 3, WORD | BOTH | NOW | DMA_CTRL_RING_SIZE(3));
    probe(10, word(target + 8));
    DMA->INTR = 0xfff;
    run(0, source, target, 1, WORD | BOTH | NOW | DMA_CTRL_IRQ_QUIET);
    probe(11, DMA->INTR & 1);
}

/* Channel 1 takes up to three (count, address) control blocks and gives them to channel 2, which chains back; a null trigger ends it. */
static void chains(void) {
    static volatile uint32_t blocks[6];
    uint32_t list[] = {2, (uintptr_t)source, 1, (uintptr_t)(source + 32), 0, 0};
    for (unsigned i = 0; i < 6; i++)
        blocks[i] = list[i];
    DMA->INTR = 0xfff;
    DMA->CH[2].WRITE_ADDR = (uintptr_t)target;
    DMA->CH[2].AL1_CTRL = WORD | BOTH | NOW | DMA_CTRL_EN | DMA_CTRL_IRQ_QUIET | DMA_CTRL_CHAIN_TO(1);
    DMA->CH[1].READ_ADDR = (uintptr_t)blocks;
    DMA->CH[1].WRITE_ADDR = (uintptr_t)&DMA->CH[2].AL3_TRANS_COUNT;
    DMA->CH[1].TRANS_COUNT = 2;
    DMA->CH[1].CTRL_TRIG = WORD | BOTH | NOW | DMA_CTRL_EN | DMA_CTRL_IRQ_QUIET | DMA_CTRL_RING_SEL_WRITE | DMA_CTRL_RING_SIZE(3) |
                           DMA_CTRL_CHAIN_TO(1);
    WAIT_UNTIL(DMA->INTR & BIT(2), 1000);
    probe(20, word(target));
    probe(21, word(target + 8));
    probe(22, DMA->INTR & 0xfff);
}

static uint32_t sniff(uint32_t seed, uint32_t ctrl) {
    DMA->SNIFF_DATA = seed;
    DMA->SNIFF_CTRL = ctrl | 3u << 1 | 1; /* channel 3, enabled */
    run(3, check, target, 9, BYTE | DMA_CTRL_INCR_READ | NOW | DMA_CTRL_SNIFF_EN);
    return DMA->SNIFF_DATA;
}
#define CALC(n) ((uint32_t)(n) << 5)
#define OUT_REV BIT(10)
#define OUT_INV BIT(11)

static void sniffer(void) {
    probe(30, sniff(0xffffffff, CALC(0)));
    probe(31, sniff(0xffffffff, CALC(1) | OUT_REV | OUT_INV));
    probe(32, sniff(0xffff, CALC(2)) & 0xffff);
    probe(33, sniff(0, CALC(2)) & 0xffff);
    probe(34, sniff(0xffff, CALC(3) | OUT_REV) >> 16);
    probe(35, sniff(0, CALC(15)));
    probe(36, sniff(0, CALC(14)));
}

static volatile uint32_t irqs_0, irqs_1;
void isr_DMA_IRQ_0(void) {
    irqs_0 |= DMA->INTS0;
    DMA->INTS0 = DMA->INTS0;
}
void isr_DMA_IRQ_1(void) {
    irqs_1 |= DMA->INTS1;
    DMA->INTS1 = DMA->INTS1;
}

static void pacing_and_interrupts(void) {
    /* Timer 0: X/Y = 1/1250 of 125 MHz, 100 kHz; 50 transfers take 500 us. */
    DMA->TIMERn[0] = 1u << 16 | 1250;
    uint32_t since = time_us_32();
    run(4, source, target, 50, BYTE | DMA_CTRL_TREQ_SEL(DMA_TREQ_TIMER0));
    probe(40, time_us_32() - since);

    DMA->INTR = 0xfff;
    DMA->INTE0 = BIT(5);
    DMA->INTE1 = BIT(6);
    irq_enable(DMA_IRQ_0);
    irq_enable(DMA_IRQ_1);
    run(5, source, target, 1, WORD | NOW);
    run(6, source, target, 1, WORD | NOW);
    run(7, source, target, 1, WORD | NOW);
    __asm__ volatile("dsb \n isb");
    probe(41, irqs_0);
    probe(42, irqs_1);
    probe(43, DMA->INTR & 0xfff);

    /* Abort a channel that waits for a request that will not come: 1/65535 of clk_sys. */
    DMA->TIMERn[0] = 1u << 16 | 65535;
    DMA->CH[8].READ_ADDR = (uintptr_t)source;
    DMA->CH[8].WRITE_ADDR = (uintptr_t)target;
    DMA->CH[8].TRANS_COUNT = 1000;
    DMA->CH[8].CTRL_TRIG = BYTE | DMA_CTRL_TREQ_SEL(DMA_TREQ_TIMER0) | DMA_CTRL_EN | DMA_CTRL_CHAIN_TO(8);
    probe(44, DMA->CH[8].CTRL_TRIG & DMA_CTRL_BUSY);
    DMA->CHAN_ABORT = BIT(8);
    WAIT_UNTIL(!(DMA->CHAN_ABORT & BIT(8)), 1000);
    probe(45, DMA->CH[8].CTRL_TRIG & DMA_CTRL_BUSY);
}

static void errors(void) {
    run(9, (void *)0x30000000, target, 1, WORD | NOW);
    probe(50, DMA->CH[9].CTRL_TRIG & (DMA_CTRL_AHB_ERROR | DMA_CTRL_READ_ERROR | DMA_CTRL_WRITE_ERROR));
    DMA->CH[9].CTRL_TRIG = DMA_CTRL_READ_ERROR;
    probe(51, DMA->CH[9].CTRL_TRIG & (DMA_CTRL_AHB_ERROR | DMA_CTRL_READ_ERROR | DMA_CTRL_WRITE_ERROR));
}

static void probes(void) {
    unreset(RESET_DMA);
    probe(60, DMA->N_CHANNELS);
    copies();
    chains();
    sniffer();
    pacing_and_interrupts();
    errors();
}
