/* A board that waits: a 1 kHz alarm, and the core asleep between two of them. `idle_ticks` counts the alarms. */
#include "runtime.h"

#define PERIOD_US 1000u

volatile uint32_t idle_ticks;

void isr_TIMER_IRQ_0(void) {
    TIMER->INTR = BIT(0);
    TIMER->ALARM[0] += PERIOD_US;
    idle_ticks++;
}

int main(void) {
    clocks_init();
    time_init();
    log_init();
    log_printf("idle\n");
    set_bits(&TIMER->INTE, BIT(0));
    irq_enable(TIMER_IRQ_0);
    TIMER->ALARM[0] = time_us_32() + PERIOD_US;
    for (;;)
        wait_for_interrupt();
}
