/* Single-cycle I/O: identity, FIFOs, spinlocks, divider, interpolators, GPIO. */
#include "probe.h"

static void divide_unsigned(uint32_t id, uint32_t dividend, uint32_t divisor) {
    SIO->DIV_UDIVIDEND = dividend;
    SIO->DIV_UDIVISOR = divisor;
    __asm__ volatile("nop \n nop \n nop \n nop \n nop \n nop \n nop \n nop");
    probe(id, SIO->DIV_REMAINDER);
    probe(id + 1, SIO->DIV_QUOTIENT);
}

static void divide_signed(uint32_t id, int32_t dividend, int32_t divisor) {
    SIO->DIV_SDIVIDEND = (uint32_t)dividend;
    SIO->DIV_SDIVISOR = (uint32_t)divisor;
    __asm__ volatile("nop \n nop \n nop \n nop \n nop \n nop \n nop \n nop");
    probe(id, SIO->DIV_REMAINDER);
    probe(id + 1, SIO->DIV_QUOTIENT);
}

/* Reads DIV_CSR 6 and then 8 cycles after the divisor was written. */
TIME_CRITICAL(divider_ready) static uint32_t divider_ready(void) {
    uint32_t early, late;
    SIO->DIV_UDIVIDEND = 100;
    __asm__ volatile("str %2, [%3, #0x64] \n" /* DIV_UDIVISOR */
                     "nop \n nop \n nop \n nop \n nop \n"
                     "ldr %0, [%3, #0x78] \n" /* DIV_CSR */
                     "nop \n nop \n"
                     "ldr %1, [%3, #0x78] \n"
                     : "=&l"(early), "=&l"(late)
                     : "l"(7), "l"(SIO));
    return (early & SIO_DIV_CSR_READY) << 1 | (late & SIO_DIV_CSR_READY);
}

static void divider(void) {
    divide_unsigned(10, 1000000007u, 1009u);
    divide_unsigned(12, 1234u, 0);
    divide_signed(14, -17, 5);
    divide_signed(16, 17, -5);
    divide_signed(18, -1234, 0);
    divide_signed(20, 1234, 0);
    divide_signed(22, (int32_t)0x80000000, -1);
    probe(24, divider_ready());

    /* 2.3.1.5: writing an operand sets DIRTY, reading the quotient clears it. */
    SIO->DIV_UDIVIDEND = 9;
    probe(25, SIO->DIV_CSR & SIO_DIV_CSR_DIRTY);
    (void)SIO->DIV_QUOTIENT;
    probe(26, SIO->DIV_CSR & SIO_DIV_CSR_DIRTY);
    SIO->DIV_QUOTIENT = 77;
    SIO->DIV_REMAINDER = 88;
    probe(27, SIO->DIV_REMAINDER);
    probe(28, SIO->DIV_QUOTIENT);
}

#define SHIFT(n) ((uint32_t)(n))
#define MASK(lsb, msb) ((uint32_t)(lsb) << 5 | (uint32_t)(msb) << 10)
#define SIGNED BIT(15)
#define CROSS_INPUT BIT(16)
#define CROSS_RESULT BIT(17)
#define ADD_RAW BIT(18)
#define FORCE_MSB(n) ((uint32_t)(n) << 19)
#define BLEND BIT(21)
#define CLAMP BIT(22)

static void interpolators(void) {
    struct interp *interp = &SIO->INTERP[0];

    /* Two lanes that count by their bases: 123, 456 by 1 and 10. */
    interp->CTRL_LANE0 = MASK(0, 31);
    interp->CTRL_LANE1 = MASK(0, 31);
    interp->ACCUM0 = 123;
    interp->ACCUM1 = 456;
    interp->BASE0 = 1;
    interp->BASE1 = 10;
    interp->BASE2 = 1000;
    probe(40, interp->PEEK_LANE0);
    probe(41, interp->PEEK_FULL);
    probe(42, interp->POP_LANE0);
    probe(43, interp->ACCUM0);
    probe(44, interp->ACCUM1);
    interp->ACCUM0_ADD = 6;
    probe(45, interp->ACCUM0);

    /* Shift, mask and sign. */
    interp->CTRL_LANE0 = SHIFT(8) | MASK(4, 11) | SIGNED;
    interp->ACCUM0 = 0x000f1234;
    interp->BASE0 = 0;
    probe(46, interp->PEEK_LANE0);
    interp->ACCUM0 = 0x00081234;
    probe(47, interp->PEEK_LANE0);
    interp->CTRL_LANE0 = SHIFT(8) | MASK(4, 11) | ADD_RAW | FORCE_MSB(2);
    interp->BASE0 = 1;
    probe(48, interp->PEEK_LANE0);

    /* A result that crosses to the other lane, twice over. */
    interp->CTRL_LANE0 = MASK(0, 31) | CROSS_RESULT;
    interp->CTRL_LANE1 = MASK(0, 31) | CROSS_RESULT;
    interp->ACCUM0 = 123;
    interp->ACCUM1 = 456;
    interp->BASE0 = 1;
    interp->BASE1 = 0;
    interp->BASE2 = 0;
    probe(49, interp->POP_LANE0);
    probe(50, interp->POP_LANE0);

    /* Two bases in one write, the halves extended by their lanes' SIGNED. */
    interp->CTRL_LANE0 = MASK(0, 31) | SIGNED;
    interp->CTRL_LANE1 = MASK(0, 31);
    interp->BASE_1AND0 = 0xfffe8001;
    probe(51, interp->BASE0);
    probe(52, interp->BASE1);

    /* 2.3.1.6.2 Blend: 500 to 1000 by 128/256, and by 255/256. */
    interp->CTRL_LANE0 = BLEND | MASK(0, 31);
    interp->CTRL_LANE1 = MASK(0, 31);
    interp->BASE0 = 500;
    interp->BASE1 = 1000;
    interp->ACCUM1 = 128;
    probe(53, interp->PEEK_LANE1);
    interp->ACCUM1 = 255;
    probe(54, interp->PEEK_LANE1);
    interp->CTRL_LANE1 = MASK(0, 31) | SIGNED;
    interp->BASE0 = (uint32_t)-1000;
    interp->BASE1 = 1000;
    interp->ACCUM1 = 64;
    probe(55, interp->PEEK_LANE1);

    /* 2.3.1.6.3 Clamp, interpolator 1: a value in 22.10 between 0 and 255. */
    interp = &SIO->INTERP[1];
    interp->CTRL_LANE0 = CLAMP | SHIFT(2) | MASK(0, 29) | SIGNED;
    interp->BASE0 = 0;
    interp->BASE1 = 255;
    interp->ACCUM0 = (uint32_t)-1024;
    probe(56, interp->PEEK_LANE0);
    interp->ACCUM0 = 1023;
    probe(57, interp->PEEK_LANE0);
    interp->ACCUM0 = 1024;
    probe(58, interp->PEEK_LANE0);

    /* OVERF: bits of the shifted value above the mask's top. */
    interp->CTRL_LANE0 = MASK(0, 7);
    interp->CTRL_LANE1 = MASK(0, 7);
    interp->ACCUM0 = 0x100;
    interp->ACCUM1 = 0xff;
    probe(59, interp->CTRL_LANE0 >> 23 & 7);
}

static void spinlocks(void) {
    probe(70, SIO->SPINLOCK[5]);
    probe(71, SIO->SPINLOCK[5]);
    probe(72, SIO->SPINLOCK_ST);
    SIO->SPINLOCK[5] = 0;
    probe(73, SIO->SPINLOCK_ST);
    probe(74, SIO->SPINLOCK[31]);
    SIO->SPINLOCK[31] = 1;
}

static void fifo(void) {
    /* Core 1 has said that it waits in the boot ROM: a zero (2.8.2). */
    while (SIO->FIFO_ST & SIO_FIFO_ST_VLD)
        (void)SIO->FIFO_RD;
    probe(80, SIO->FIFO_ST);
    (void)SIO->FIFO_RD;
    probe(81, SIO->FIFO_ST);
    SIO->FIFO_ST = 0xff;
    probe(82, SIO->FIFO_ST);
    /* Core 1 takes what we send while it waits in the boot ROM: keep it in reset while the FIFO fills. */
    set_bits(&PSM->FRCE_OFF, PSM_PROC1);
    uint32_t room = 0;
    while (SIO->FIFO_ST & SIO_FIFO_ST_RDY && room < 20) {
        SIO->FIFO_WR = room;
        room++;
    }
    probe(83, room);
    probe(84, SIO->FIFO_ST & SIO_FIFO_ST_WOF);
    SIO->FIFO_WR = 1;
    probe(85, SIO->FIFO_ST & SIO_FIFO_ST_WOF);
}

static void gpio(void) {
    gpio_output(2, 0);
    SIO->GPIO_OUT_SET = BIT(2);
    probe(90, gpio_get(2));
    SIO->GPIO_OUT_XOR = BIT(2);
    probe(91, gpio_get(2));
    SIO->GPIO_OUT = 0;
    SIO->GPIO_OUT_SET = 0x05;
    SIO->GPIO_OUT_CLR = 0x01;
    SIO->GPIO_OUT_XOR = 0x12;
    probe(92, SIO->GPIO_OUT);
    SIO->GPIO_OUT = 0xffffffff;
    probe(93, SIO->GPIO_OUT);
}

static void probes(void) {
    probe(1, SIO->CPUID);
    divider();
    interpolators();
    spinlocks();
    gpio();
    fifo();
}
