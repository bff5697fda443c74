/* Interrupt matrix: sources to lines, levels, edges, masks, status, the NMI; the sources are the four registers with
 * which software interrupts a core. */
#include "probe.h"
#include "reg/system.h"

#define FROM_CPU(n) (&SYSTEM_CPU_INTR_FROM_CPU_0)[n]
#define SOURCE_FROM_CPU(n) (79u + (n))
#define STATUS(core, n) REG(0x600c218cu + 0x800u * (core) + 4u * (n)) /* INTR_STATUS_0 to 3 */
#define MAP(source) REG(0x600c2000u + 4u * (source))
#define NOWHERE 16u

#define LINE_LEVEL1 0
#define LINE_LEVEL1_OTHER 5
#define SOURCES 99
#define LINE_EDGE 10
#define LINE_LEVEL2 19
#define LINE_LEVEL3 23
#define LINE_LEVEL4 24
#define LINE_LEVEL5 26
#define LINE_NMI 14

static volatile uint32_t served, order, cleared;

static void serve(void *n) {
    served++;
    order = order * 10 + (uint32_t)(uintptr_t)n + 1;
    FROM_CPU((uintptr_t)n) = 0;
}
static void serve_edge(void *n) {
    served++;
    WSR(intclear, BIT(LINE_EDGE));
    (void)n;
}

static volatile uint32_t trap_cause;
static uint32_t high_level(struct frame *frame) {
    trap_cause = frame->cause;
    FROM_CPU(3) = 0;
    return 1;
}

/* Long enough for a change to travel from the register to the core and back. */
static void settle(void) { delay_us(1); }

static void lead(uint32_t n, uint32_t line, handler *function) {
    interrupt_route(0, SOURCE_FROM_CPU(n), line);
    interrupt_handler(line, function, (void *)(uintptr_t)n);
    interrupt_enable(line);
}

static void probes(void) {
    trap_hook = high_level;
    probe(1, MAP(0));

    lead(2, LINE_LEVEL1, serve);
    FROM_CPU(2) = 1;
    settle();
    probe(2, served);
    probe(3, STATUS(0, 2));

    /* Masked in the core: seen in INTERRUPT and in the matrix, not taken. */
    interrupt_disable(LINE_LEVEL1);
    FROM_CPU(2) = 1;
    settle();
    probe(4, served);
    probe(5, RSR(interrupt) & BIT(LINE_LEVEL1));
    probe(6, STATUS(0, 2) >> (SOURCE_FROM_CPU(2) - 64) & 1);
    probe(7, STATUS(1, 2) >> (SOURCE_FROM_CPU(2) - 64) & 1); /* the other core's matrix sees the source too */
    interrupt_route(0, SOURCE_FROM_CPU(2), NOWHERE);
    settle();
    probe(8, RSR(interrupt) & BIT(LINE_LEVEL1)); /* a level line falls when its source is led elsewhere */
    interrupt_route(0, SOURCE_FROM_CPU(2), LINE_LEVEL1);
    interrupt_enable(LINE_LEVEL1);
    settle();
    probe(9, served);

    /* Two sources on one line: the line stays until both are quiet. */
    interrupt_disable(LINE_LEVEL1);
    interrupt_route(0, SOURCE_FROM_CPU(1), LINE_LEVEL1);
    FROM_CPU(1) = 1;
    FROM_CPU(2) = 1;
    settle();
    FROM_CPU(2) = 0;
    settle();
    probe(10, RSR(interrupt) & BIT(LINE_LEVEL1));
    FROM_CPU(1) = 0;
    settle();
    probe(11, RSR(interrupt) & BIT(LINE_LEVEL1));
    interrupt_route(0, SOURCE_FROM_CPU(1), NOWHERE);

    /* Levels: all raised while the level is up; the highest comes first. */
    interrupt_enable(LINE_LEVEL1);
    lead(0, LINE_LEVEL3, serve);
    lead(1, LINE_LEVEL2, serve);
    uint32_t old = interrupts_off();
    FROM_CPU(2) = 1;
    FROM_CPU(1) = 1;
    FROM_CPU(0) = 1;
    settle();
    order = 0;
    interrupts_restore(old);
    settle();
    probe(12, order);

    /* An edge line remembers. */
    interrupt_route(0, SOURCE_FROM_CPU(1), NOWHERE);
    interrupt_handler(LINE_EDGE, serve_edge, 0);
    interrupt_route(0, SOURCE_FROM_CPU(1), LINE_EDGE);
    FROM_CPU(1) = 1;
    settle();
    FROM_CPU(1) = 0;
    settle();
    served = 0;
    probe(13, RSR(interrupt) & BIT(LINE_EDGE));
    interrupt_enable(LINE_EDGE);
    settle();
    probe(14, served);
    probe(15, RSR(interrupt) & BIT(LINE_EDGE));

    /* Levels 4 and 5 and the NMI have vectors of their own; the NMI cannot be masked. */
    static const uint8_t lines[] = {LINE_LEVEL4, LINE_LEVEL5, LINE_NMI};
    for (uint32_t n = 0; n < 3; n++) {
        interrupt_route(0, SOURCE_FROM_CPU(3), lines[n]);
        if (lines[n] != LINE_NMI)
            interrupt_enable(lines[n]);
        old = interrupts_off();
        FROM_CPU(3) = 1;
        settle();
        probe(16 + n, trap_cause);
        interrupts_restore(old);
        trap_cause = 0;
        interrupt_route(0, SOURCE_FROM_CPU(3), NOWHERE);
    }
    __asm__ volatile("rsil %0, 5" : "=a"(old));
    interrupt_route(0, SOURCE_FROM_CPU(3), LINE_LEVEL5);
    FROM_CPU(3) = 1;
    settle();
    probe(19, trap_cause);
    interrupts_restore(old);
    settle();
    probe(20, trap_cause);

    /* All 99 sources have a line of five bits, for each of the cores its own; what is not used keeps still meanwhile. */
    uint32_t kept = 0;
    old = interrupts_off();
    for (uint32_t core = 0; core < 2; core++)
        for (uint32_t source = 0; source < SOURCES; source++) {
            volatile uint32_t *map = &REG(0x600c2000u + 0x800u * core + 4 * source);
            uint32_t before = *map;
            *map = 0xffffffe6; /* line 6, a timer of the core: nothing comes of it */
            kept += *map == 6;
            *map = before;
        }
    interrupts_restore(old);
    probe(21, kept);
}
