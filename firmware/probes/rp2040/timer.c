/* The microsecond timer. */
#include "probe.h"

static volatile uint32_t fired, fired_at;
void isr_TIMER_IRQ_0(void) {
    TIMER->INTR = BIT(0);
    fired_at = TIMER->TIMERAWL;
    fired++;
}
void isr_TIMER_IRQ_2(void) { fired += 16; TIMER->INTF = 0; }

static void probes(void) {
    /* 125000 cycles of SysTick are a millisecond of the timer. */
    interrupts_off();
    SYST->RVR = 124999;
    SYST->CVR = 0;
    SYST->CSR = SYST_CSR_ENABLE | SYST_CSR_CLKSOURCE;
    uint32_t since = time_us_32();
    while (!(SYST->CSR & SYST_CSR_COUNTFLAG)) {
    }
    probe(1, time_us_32() - since);
    interrupts_on();

    /* TIMELR latches TIMEHR: the pair of reads is one moment, whatever happens between them. */
    TIMER->PAUSE = 1;
    TIMER->TIMELW = 0xfffffff0;
    TIMER->TIMEHW = 5;
    probe(2, TIMER->TIMERAWL);
    probe(3, TIMER->TIMERAWH);
    TIMER->PAUSE = 0;
    uint32_t low = TIMER->TIMELR;
    WAIT_UNTIL(0, 100);
    probe(4, low >> 4);
    probe(5, TIMER->TIMEHR);
    probe(6, TIMER->TIMERAWH);

    /* An alarm fires when the low word is equal, and disarms itself. */
    set_bits(&TIMER->INTE, BIT(0));
    irq_enable(TIMER_IRQ_0);
    uint32_t at = time_us_32() + 200;
    TIMER->ALARM[0] = at;
    probe(7, TIMER->ARMED);
    WAIT_UNTIL(fired, 1000);
    probe(8, fired_at - at);
    probe(9, TIMER->ARMED);
    probe(10, TIMER->INTR);

    /* Disarmed by writing 1 to ARMED: it does not fire. */
    TIMER->ALARM[0] = time_us_32() + 50;
    TIMER->ARMED = BIT(0);
    WAIT_UNTIL(0, 100);
    probe(11, fired);

    /* INTF raises the interrupt without an alarm. */
    irq_enable(TIMER_IRQ_2);
    TIMER->INTF = BIT(2);
    __asm__ volatile("dsb \n isb");
    probe(12, fired);
}
