/* RP2040 datasheet 4.6: the 64-bit microsecond timer; ALARM3 wakes sleep_us. */
#include "runtime.h"

#define ALARM3 BIT(3)

static volatile int woken;

void isr_TIMER_IRQ_3(void) {
    TIMER->INTR = ALARM3;
    woken = 1;
}

void time_init(void) {
    unreset(RESET_TIMER);
    set_bits(&TIMER->INTE, ALARM3);
    irq_enable(TIMER_IRQ_3);
}

/* The raw registers do not latch (4.6.2), so that both cores and interrupts may read: read until the high half stands. */
uint64_t time_us(void) {
    uint32_t high = TIMER->TIMERAWH;
    for (;;) {
        uint32_t low = TIMER->TIMERAWL;
        uint32_t again = TIMER->TIMERAWH;
        if (again == high)
            return (uint64_t)high << 32 | low;
        high = again;
    }
}

void sleep_us(uint32_t us) {
    uint32_t until = time_us_32() + us;
    woken = 0;
    TIMER->ALARM[3] = until;
    /* An alarm matches on equality only: a time that has passed while it was being set must not be waited for. */
    while (!woken && (int32_t)(until - time_us_32()) > 0) {
        interrupts_off();
        if (!woken)
            wait_for_interrupt();
        interrupts_on();
    }
    TIMER->ARMED = ALARM3;
}
