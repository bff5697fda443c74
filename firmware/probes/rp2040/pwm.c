/* PWM: periods, phase-correct counting, counting of the B pin, levels, double buffering, phase, interrupts, DMA. */
#include "probe.h"

static volatile uint32_t wraps;
void isr_PWM_IRQ_WRAP(void) {
    PWM->INTR = BIT(0);
    wraps++;
}

static void restart(unsigned slice, uint32_t div16, uint32_t top, uint32_t csr) {
    PWM->CH[slice].CSR = 0;
    PWM->CH[slice].DIV = div16;
    PWM->CH[slice].TOP = top;
    PWM->CH[slice].CTR = 0;
    PWM->CH[slice].CSR = csr | PWM_CSR_EN;
}

static uint32_t wraps_in_ms(uint32_t div16, uint32_t top, uint32_t csr) {
    restart(0, div16, top, csr);
    wraps = 0;
    sleep_us(1000);
    PWM->CH[0].CSR = 0;
    return wraps;
}

/* How often of 1000 looks the A pin of slice 1 (GPIO2) is high. The period of 64 us is no multiple of the look. */
static uint32_t high_per_mille(void) {
    uint32_t high = 0;
    for (int look = 0; look < 1000; look++) {
        high += gpio_get(2);
        WAIT_UNTIL(0, 3);
    }
    return high;
}

#define CSR_PH_RET BIT(6)
#define CSR_PH_ADV BIT(7)
#define DREQ_PWM_WRAP0 24u

/* The level that slice 3 sees on its B pins, GPIO7 and GPIO23, by their override: 2 low, 3 high. */
static void b_pin(unsigned pin, uint32_t inover) {
    IO_BANK0->GPIO[pin].CTRL = inover << 16 | FUNC_PWM;
    WAIT_UNTIL(0, 2);
}

static void count_b(uint32_t mode, uint32_t div16) {
    PWM->CH[3].CSR = 0;
    PWM->CH[3].DIV = div16;
    PWM->CH[3].CTR = 0;
    PWM->CH[3].CSR = PWM_CSR_DIVMODE(mode) | PWM_CSR_EN;
}

/* Two slices that EN starts and stops at once; what is done between, the difference shows. */
static uint32_t lead_of_slice_4(unsigned advance, unsigned retard) {
    for (unsigned slice = 4; slice < 6; slice++) {
        PWM->CH[slice].DIV = 0xff0;
        PWM->CH[slice].TOP = 0xffff;
        PWM->CH[slice].CTR = 100;
    }
    PWM->EN = BIT(4) | BIT(5);
    while (advance--) {
        PWM->CH[4].CSR |= CSR_PH_ADV;
        WAIT_UNTIL(!(PWM->CH[4].CSR & CSR_PH_ADV), 10);
    }
    while (retard--) {
        PWM->CH[5].CSR |= CSR_PH_RET;
        WAIT_UNTIL(!(PWM->CH[5].CSR & CSR_PH_RET), 10);
    }
    sleep_us(20);
    PWM->EN = 0;
    return PWM->CH[4].CTR - PWM->CH[5].CTR;
}

static void probes(void) {
    unreset(RESET_PWM);
    probe(1, PWM->CH[0].DIV);
    probe(2, PWM->CH[0].TOP);
    PWM->INTE = BIT(0);
    irq_enable(PWM_IRQ_WRAP);
    probe(3, wraps_in_ms(16, 1249, 0));
    probe(4, wraps_in_ms(16, 624, PWM_CSR_PH_CORRECT));
    probe(5, wraps_in_ms(40, 1249, 0));

    /* A compare level of a quarter, of none, of more than TOP. */
    gpio_function(2, FUNC_PWM);
    PWM->CH[1].CC = 2000;
    restart(1, 16, 7999, 0);
    probe(6, high_per_mille());
    PWM->CH[1].CC = 0;
    sleep_us(200);
    probe(7, high_per_mille());
    PWM->CH[1].CC = 8000;
    sleep_us(200);
    probe(8, high_per_mille());
    PWM->CH[1].CSR |= BIT(2); /* A_INV */
    probe(9, high_per_mille());

    /* Rising edges of the B pin: GPIO7, slice 3; SIO toggles it through its own override. */
    gpio_function(7, FUNC_PWM);
    PWM->CH[3].CSR = 0;
    PWM->CH[3].CTR = 0;
    PWM->CH[3].CSR = PWM_CSR_DIVMODE(2) | PWM_CSR_EN;
    for (int edge = 0; edge < 5; edge++) {
        IO_BANK0->GPIO[7].CTRL = 2u << 16 | FUNC_PWM; /* INOVER low */
        WAIT_UNTIL(0, 2);
        IO_BANK0->GPIO[7].CTRL = 3u << 16 | FUNC_PWM; /* INOVER high */
        WAIT_UNTIL(0, 2);
    }
    probe(10, PWM->CH[3].CTR);

    /* EN starts and stops all slices at once. */
    PWM->CH[4].DIV = 0xff0;
    PWM->CH[4].CTR = 100;
    PWM->EN = BIT(4);
    probe(11, PWM->CH[4].CSR & PWM_CSR_EN);
    PWM->EN = 0;
    irq_disable(PWM_IRQ_WRAP);
    PWM->INTR = 0xff;
    PWM->INTF = BIT(5);
    probe(12, PWM->INTS);
    PWM->INTF = 0;

    /* The B pin once more: falling edges, the OR of two pins, the level. */
    b_pin(7, 2);
    gpio_function(23, FUNC_PWM);
    b_pin(23, 2);
    count_b(3, 0x10);
    for (int edge = 0; edge < 5; edge++) {
        b_pin(7, 3);
        b_pin(7, 2);
    }
    probe(13, PWM->CH[3].CTR);
    count_b(2, 0x10);
    b_pin(7, 3);
    b_pin(23, 3);
    b_pin(7, 2);
    b_pin(23, 2);
    b_pin(23, 3);
    probe(14, PWM->CH[3].CTR);
    b_pin(23, 2);
    count_b(1, 125u << 4);
    sleep_us(100);
    probe(15, PWM->CH[3].CTR);
    IO_BANK0->GPIO[7].CTRL = 3u << 16 | FUNC_PWM;
    sleep_us(200);
    IO_BANK0->GPIO[7].CTRL = 2u << 16 | FUNC_PWM;
    sleep_us(100);
    probe(16, PWM->CH[3].CTR);
    PWM->CH[3].CSR = 0;

    /* TOP waits for the wrap: the counter passes the new value. 2.04 us a count. */
    restart(6, 0xff0, 1000, 0);
    PWM->CH[6].TOP = 10;
    sleep_us(60);
    uint32_t counter = PWM->CH[6].CTR;
    probe(17, counter);
    probe(18, PWM->CH[6].TOP);
    PWM->CH[6].CSR = 0;

    probe(19, lead_of_slice_4(0, 0));
    probe(20, lead_of_slice_4(3, 0));
    probe(21, lead_of_slice_4(0, 2));

    /* Both pins of a channel: GPIO2 and GPIO18 are PWM1 A. */
    gpio_function(18, FUNC_PWM);
    PWM->CH[1].CSR = 0;
    PWM->CH[1].CTR = 0;
    PWM->CH[1].TOP = 99;
    PWM->CH[1].CC = 100;
    probe(22, gpio_get(2) << 1 | gpio_get(18));
    PWM->CH[1].CC = 0;
    probe(23, gpio_get(2) << 1 | gpio_get(18));

    /* A flag of INTR stays until it is cleared. */
    restart(0, 16, 9, 0);
    WAIT_UNTIL(0, 2);
    PWM->CH[0].CSR = 0;
    probe(24, PWM->INTR & BIT(0));
    PWM->INTR = BIT(0);
    probe(25, PWM->INTR & BIT(0));

    /* Each wrap lets DMA make one transfer. */
    static volatile uint32_t from, to;
    unreset(RESET_DMA);
    restart(0, 16, 12499, 0);
    DMA->CH[0].READ_ADDR = (uintptr_t)&from;
    DMA->CH[0].WRITE_ADDR = (uintptr_t)&to;
    DMA->CH[0].TRANS_COUNT = 10;
    uint32_t start = time_us_32();
    DMA->CH[0].CTRL_TRIG = DMA_CTRL_EN | DMA_CTRL_TREQ_SEL(DREQ_PWM_WRAP0);
    WAIT_UNTIL(!(DMA->CH[0].CTRL_TRIG & DMA_CTRL_BUSY), 2000);
    probe(26, time_us_32() - start);
}
