/* SysTick, in the private peripheral bus of each core. */
#include "probe.h"

static volatile uint32_t ticks;
void isr_SysTick(void) { ticks++; }

static void probes(void) {
    probe(1, SYST->CSR);
    probe(2, SYST->CALIB);
    SYST->RVR = 0xffffffff;
    probe(3, SYST->RVR);

    /* From the processor clock: 125 cycles a microsecond. */
    interrupts_off();
    SYST->RVR = 12499;
    SYST->CVR = 0;
    uint32_t start = time_us_32();
    SYST->CSR = SYST_CSR_ENABLE | SYST_CSR_CLKSOURCE;
    probe(4, SYST->CSR & SYST_CSR_COUNTFLAG);
    while (!(SYST->CSR & SYST_CSR_COUNTFLAG)) {
    }
    probe(5, time_us_32() - start);
    probe(6, SYST->CSR & SYST_CSR_COUNTFLAG);
    interrupts_on();

    /* From the reference: one microsecond, out of the watchdog's tick. */
    SYST->CSR = 0;
    SYST->RVR = 99;
    SYST->CVR = 0;
    SYST->CSR = SYST_CSR_ENABLE | SYST_CSR_TICKINT;
    sleep_us(1050);
    SYST->CSR = 0;
    probe(7, ticks);

    /* Any write clears the counter, and the flag with it. */
    SYST->RVR = 1000;
    SYST->CVR = 555;
    probe(8, SYST->CVR);

    SCB->ICSR = ICSR_PENDSTSET;
    __asm__ volatile("dsb \n isb");
    probe(9, ticks);
}
