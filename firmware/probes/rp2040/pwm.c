/* PWM: periods, phase-correct counting, counting of the B pin, levels, interrupts. */
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
}
