/* The second core: started, interrupted, stalled, held in reset and started again; S32C1I between the two. */
#include "probe.h"
#include "reg/rtc_cntl.h"
#include "reg/system.h"

#define SOURCE_FROM_CPU_1 80
#define LINE 0
#define EACH 3000
#define STALL_C0 2
#define STALL_C1 0x21

static volatile uint32_t started, prid, locked_count, plain_count, interrupted, turns, mine;
static volatile uint32_t lock, go, done;

static void add_locked(void) {
    for (uint32_t n = 0; n < EACH; n++) {
        while (compare_and_set(&lock, 0, 1) != 0) {
        }
        locked_count = locked_count + 1;
        memory_barrier();
        lock = 0;
    }
}

static void on_interrupt(void *unused) {
    (void)unused;
    interrupted = core_id() + 1;
    SYSTEM_CPU_INTR_FROM_CPU_1 = 0;
}

static void second(void) {
    prid = RSR(prid);
    interrupt_route(1, SOURCE_FROM_CPU_1, LINE);
    interrupt_handler(LINE, on_interrupt, 0);
    interrupt_enable(LINE);
    started++;
    while (!go) {
    }
    if (!done) {
        add_locked();
        done = 1;
    }
    for (;;)
        turns++;
}

static uint32_t runs(void) {
    uint32_t before = turns;
    delay_us(20);
    return turns != before;
}

static void probes(void) {
    probe(1, SYSTEM_CORE_1_CONTROL_0);
    probe(2, started);
    second_core_start(second);
    WAIT_UNTIL(started, 1000);
    probe(3, started);
    probe(4, prid & 0xffff);

    SYSTEM_CPU_INTR_FROM_CPU_1 = 1;
    WAIT_UNTIL(interrupted, 100);
    probe(5, interrupted);
    SYSTEM_CPU_INTR_FROM_CPU_0 = 0;

    go = 1;
    add_locked();
    WAIT_UNTIL(done, 10000);
    probe(6, locked_count);

    probe(7, runs());
    set_bits(&SYSTEM_CORE_1_CONTROL_0, SYSTEM_CORE_1_CONTROL_0_CONTROL_CORE_1_RUNSTALL);
    probe(8, runs());
    clear_bits(&SYSTEM_CORE_1_CONTROL_0, SYSTEM_CORE_1_CONTROL_0_CONTROL_CORE_1_RUNSTALL);
    probe(9, runs());

    /* The stall of RTC_CNTL takes both of its fields. */
    field_set(&RTC_CNTL_OPTIONS0, RTC_CNTL_OPTIONS0_SW_STALL_APPCPU_C0, STALL_C0);
    probe(10, runs());
    field_set(&RTC_CNTL_SW_CPU_STALL, RTC_CNTL_SW_CPU_STALL_SW_STALL_APPCPU_C1, STALL_C1);
    probe(11, runs());
    field_set(&RTC_CNTL_OPTIONS0, RTC_CNTL_OPTIONS0_SW_STALL_APPCPU_C0, 0);
    field_set(&RTC_CNTL_SW_CPU_STALL, RTC_CNTL_SW_CPU_STALL_SW_STALL_APPCPU_C1, 0);
    probe(12, runs());

    clear_bits(&SYSTEM_CORE_1_CONTROL_0, SYSTEM_CORE_1_CONTROL_0_CONTROL_CORE_1_CLKGATE_EN);
    probe(13, runs());
    set_bits(&SYSTEM_CORE_1_CONTROL_0, SYSTEM_CORE_1_CONTROL_0_CONTROL_CORE_1_CLKGATE_EN);
    probe(14, runs());

    set_bits(&SYSTEM_CORE_1_CONTROL_0, SYSTEM_CORE_1_CONTROL_0_CONTROL_CORE_1_RESETING);
    probe(15, runs());
    clear_bits(&SYSTEM_CORE_1_CONTROL_0, SYSTEM_CORE_1_CONTROL_0_CONTROL_CORE_1_RESETING);
    WAIT_UNTIL(started == 2, 1000);
    probe(16, started); /* the address of CORE_1_CONTROL_1 is still there */
    probe(17, core_id());
}
