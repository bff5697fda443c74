/* A probe exercises one block and leaves what it saw in memory, where a test reads it by symbol.
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

/* What the probe does; both cores run at 240 MHz, APB at 80 MHz, SYSTIMER at 16 MHz. */
static void probes(void);

/* Waits with a limit, so that a block that never answers is a wrong value and not a probe that never ends. */
#define WAIT_UNTIL(condition, limit_us) \
    for (uint64_t since = time_us(); !(condition) && time_us() - since < (limit_us);) { \
    }

#ifdef KERNEL_H
void app_main(void) {
#else
int main(void) {
    clocks_init();
#endif
    probe_results.magic = PROBE_MAGIC;
    probes();
    probe_done = 1;
    for (;;)
        wait_for_interrupt();
}

#endif
