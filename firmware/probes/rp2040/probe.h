/* A probe exercises one block and leaves what it saw in SRAM, where a test reads it by symbol.
 *
 * `probe_results` holds pairs of a number and a value; `probe_done` becomes 1 when all are there. The table beside the
 * probe (the same name, .toml) says for each number what it is, what it must be, and who says so.
 * Included by the one source file of each probe.
 */
#ifndef PROBE_H
#define PROBE_H

#include "runtime.h"

#define PROBE_MAGIC 0x424f5250u /* "PROB" */

volatile struct {
    uint32_t magic, count;
    struct {
        uint32_t id, value;
    } pair[96];
} probe_results;
volatile uint32_t probe_done;

static void probe(uint32_t id, uint32_t value) {
    uint32_t n = probe_results.count;
    probe_results.pair[n].id = id;
    probe_results.pair[n].value = value;
    probe_results.count = n + 1;
}

/* What the probe does; clocks run at 125, 48 and 12 MHz, the timer at 1 MHz. */
static void probes(void);

/* CPU cycles, counted down by SysTick; a sequence that is to be measured runs from SRAM with interrupts off. */
static inline void cycles_start(void) {
    SYST->RVR = 0xffffff;
    SYST->CVR = 0;
    SYST->CSR = SYST_CSR_ENABLE | SYST_CSR_CLKSOURCE;
}

/* Waits with a limit, so that a block that never answers is a wrong value and not a probe that never ends. */
#define WAIT_UNTIL(condition, limit_us) \
    for (uint32_t since = time_us_32(); !(condition) && time_us_32() - since < (limit_us);) { \
    }

int main(void) {
    clocks_init();
    time_init();
    probe_results.magic = PROBE_MAGIC;
    probes();
    probe_done = 1;
    for (;;)
        wait_for_interrupt();
}

#endif
