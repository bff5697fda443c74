/* Watchdog: it resets the chip twice, by hand and by time; the scratch registers carry the probe across.
 * SCRATCH4 to 7 are left alone, because the boot ROM looks at them (2.8.1.1). */
#include "probe.h"

#define STEP WATCHDOG->SCRATCH[0]
#define FIRST_REASON WATCHDOG->SCRATCH[1]
#define TIME_TO_RESET WATCHDOG->SCRATCH[2]
#define STEP_FORCED 0x57440001u
#define STEP_TIMED 0x57440002u
#define WATCHDOG_CTRL_TIME 0xffffffu
#define PSM_EVERYTHING 0x1ffffu
#define PSM_ROSC_XOSC 3u

static void probes(void) {
    if (STEP != STEP_FORCED && STEP != STEP_TIMED) {
        STEP = STEP_FORCED;
        FIRST_REASON = WATCHDOG->REASON;
        PSM->WDSEL = PSM_EVERYTHING & ~PSM_ROSC_XOSC;
        WATCHDOG->CTRL |= WATCHDOG_CTRL_TRIGGER;
        for (;;) {
        }
    }
    if (STEP == STEP_FORCED) {
        /* The reason of the forced reset is kept beside the reason before it, for the last step. */
        FIRST_REASON |= WATCHDOG->REASON << 8;
        STEP = STEP_TIMED;
        PSM->WDSEL = PSM_EVERYTHING & ~PSM_ROSC_XOSC;
        /* RP2040-E1: the counter goes down by two a tick, so that 2000 are one millisecond. */
        WATCHDOG->LOAD = 2000;
        set_bits(&WATCHDOG->CTRL, WATCHDOG_CTRL_ENABLE);
        for (uint32_t since = time_us_32();;)
            TIME_TO_RESET = time_us_32() - since;
    }
    STEP = 0;
    clear_bits(&WATCHDOG->CTRL, WATCHDOG_CTRL_ENABLE);
    probe(1, FIRST_REASON & 0xff);
    probe(2, FIRST_REASON >> 8);
    probe(3, WATCHDOG->REASON);
    probe(4, TIME_TO_RESET);
    WATCHDOG->SCRATCH[3] = 0xa5a55a5a;
    probe(6, WATCHDOG->SCRATCH[3]);

    WATCHDOG->LOAD = 1000000;
    set_bits(&WATCHDOG->CTRL, WATCHDOG_CTRL_ENABLE);
    uint32_t before = WATCHDOG->CTRL & WATCHDOG_CTRL_TIME;
    WAIT_UNTIL(0, 100);
    probe(7, before - (WATCHDOG->CTRL & WATCHDOG_CTRL_TIME));
    clear_bits(&WATCHDOG->CTRL, WATCHDOG_CTRL_ENABLE);
    probe(8, WATCHDOG->TICK & 0x7ff);
}
