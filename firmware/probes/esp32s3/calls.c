/* Twelve functions deep by CALL8, which is more than the registers hold: the outer ones wait on the stack. Each adds what it
 * kept in a register over its call. GPIO4 high: panic at the bottom; GPIO5 high: a call of a place in the ROM where no
 * function begins. The test looks at the backtrace then. */
#include "drivers/drivers.h"
#include "probe.h"

#define PANIC 4
#define NOWHERE 5
#define NO_FUNCTION 0x4000100cu /* in the middle of an entry of the ROM's table */

static uint32_t depth_reached, windows_at_bottom;

__attribute__((noipa)) static uint32_t level_12(uint32_t n) {
    depth_reached = n;
    windows_at_bottom = RSR(windowstart);
    if (gpio_get(PANIC))
        panic("asked for", 0);
    if (gpio_get(NOWHERE))
        ((void (*)(void))(uintptr_t)NO_FUNCTION)();
    return n;
}

#define LEVEL(number, next) \
    __attribute__((noipa)) static uint32_t level_##number(uint32_t n) { \
        uint32_t kept = n * n + number; \
        __asm__ volatile("" : "+r"(kept)); \
        return level_##next(n + 1) + kept; \
    }
LEVEL(11, 12)
LEVEL(10, 11)
LEVEL(9, 10)
LEVEL(8, 9)
LEVEL(7, 8)
LEVEL(6, 7)
LEVEL(5, 6)
LEVEL(4, 5)
LEVEL(3, 4)
LEVEL(2, 3)
LEVEL(1, 2)

static void probes(void) {
    gpio_input(PANIC, PULL_DOWN);
    gpio_input(NOWHERE, PULL_DOWN);
    probe(1, level_1(1));
    probe(2, depth_reached);
    uint32_t live = 0;
    for (uint32_t n = 0; n < 16; n++)
        live += windows_at_bottom >> n & 1;
    probe(3, live);
}
