/* SYSTIMER: rate, latching, loading, stopping, alarms of both kinds, interrupts. */
#include "probe.h"
#include "reg/systimer.h"

#define SOURCE_TARGET1 58
#define LINE 0

static volatile uint32_t alarms;
static void on_alarm(void *unused) {
    (void)unused;
    alarms++;
    SYSTIMER_INT_CLR = SYSTIMER_INT_TARGET1;
}

static uint32_t unit1(void) {
    SYSTIMER_UNIT1_OP = SYSTIMER_UNIT1_OP_TIMER_UNIT1_UPDATE;
    WAIT_UNTIL(SYSTIMER_UNIT1_OP & SYSTIMER_UNIT1_OP_TIMER_UNIT1_VALUE_VALID, 10);
    return SYSTIMER_UNIT1_VALUE_LO;
}

static void probes(void) {
    uint32_t before = cycles();
    uint64_t then = systimer_ticks();
    while (systimer_ticks() - then < 16000) {
    }
    probe(1, cycles() - before);

    /* A value stays as it was latched. */
    SYSTIMER_UNIT0_OP = SYSTIMER_UNIT0_OP_TIMER_UNIT0_UPDATE;
    while (!(SYSTIMER_UNIT0_OP & SYSTIMER_UNIT0_OP_TIMER_UNIT0_VALUE_VALID)) {
    }
    uint32_t latched = SYSTIMER_UNIT0_VALUE_LO;
    for (volatile int n = 0; n < 1000; n++) {
    }
    probe(2, SYSTIMER_UNIT0_VALUE_LO - latched);

    probe(3, SYSTIMER_CONF >> 29 & 3); /* unit 0 works from reset, unit 1 does not */
    uint32_t stopped = unit1();
    delay_us(5);
    probe(4, unit1() - stopped);
    SYSTIMER_UNIT1_LOAD_HI = 1;
    SYSTIMER_UNIT1_LOAD_LO = 0xfffffff0;
    SYSTIMER_UNIT1_LOAD = SYSTIMER_UNIT1_LOAD_TIMER_UNIT1_LOAD;
    probe(5, unit1());
    set_bits(&SYSTIMER_CONF, SYSTIMER_CONF_TIMER_UNIT1_WORK_EN);
    delay_us(10);
    uint32_t low = unit1();
    probe(6, SYSTIMER_UNIT1_VALUE_HI);
    probe(7, low);

    /* One alarm, of unit 1. */
    interrupt_route(0, SOURCE_TARGET1, LINE);
    interrupt_handler(LINE, on_alarm, 0);
    uint32_t target = unit1() + 1600;
    SYSTIMER_TARGET1_HI = 2;
    SYSTIMER_TARGET1_LO = target;
    SYSTIMER_TARGET1_CONF = SYSTIMER_TARGET1_CONF_TARGET1_TIMER_UNIT_SEL;
    SYSTIMER_COMP1_LOAD = SYSTIMER_COMP1_LOAD_TIMER_COMP1_LOAD;
    set_bits(&SYSTIMER_CONF, SYSTIMER_CONF_TARGET1_WORK_EN);
    delay_us(50);
    probe(8, SYSTIMER_INT_RAW & SYSTIMER_INT_TARGET1);
    delay_us(60);
    probe(9, SYSTIMER_INT_RAW & SYSTIMER_INT_TARGET1);
    probe(10, SYSTIMER_INT_ST & SYSTIMER_INT_TARGET1);
    probe(11, alarms);
    interrupt_enable(LINE);
    set_bits(&SYSTIMER_INT_ENA, SYSTIMER_INT_TARGET1);
    delay_us(2);
    probe(12, alarms);
    probe(13, SYSTIMER_INT_RAW & SYSTIMER_INT_TARGET1);

    /* A period of 20 us on unit 0. */
    clear_bits(&SYSTIMER_CONF, SYSTIMER_CONF_TARGET1_WORK_EN);
    SYSTIMER_TARGET1_CONF = field(SYSTIMER_TARGET1_CONF_TARGET1_PERIOD, 320);
    SYSTIMER_COMP1_LOAD = SYSTIMER_COMP1_LOAD_TIMER_COMP1_LOAD;
    SYSTIMER_TARGET1_CONF = field(SYSTIMER_TARGET1_CONF_TARGET1_PERIOD, 320) | SYSTIMER_TARGET1_CONF_TARGET1_PERIOD_MODE;
    alarms = 0;
    set_bits(&SYSTIMER_CONF, SYSTIMER_CONF_TARGET1_WORK_EN);
    delay_us(1010);
    clear_bits(&SYSTIMER_CONF, SYSTIMER_CONF_TARGET1_WORK_EN);
    probe(14, alarms);
    delay_us(100);
    probe(15, alarms <= 51);

    /* The other two targets: one alarm of unit 0, periods of unit 1. */
    SYSTIMER_INT_CLR = 7;
    uint64_t soon = systimer_ticks() + 800;
    SYSTIMER_TARGET0_HI = (uint32_t)(soon >> 32);
    SYSTIMER_TARGET0_LO = (uint32_t)soon;
    SYSTIMER_TARGET0_CONF = 0;
    SYSTIMER_COMP0_LOAD = SYSTIMER_COMP0_LOAD_TIMER_COMP0_LOAD;
    SYSTIMER_TARGET2_CONF = field(SYSTIMER_TARGET2_CONF_TARGET2_PERIOD, 1600) | SYSTIMER_TARGET2_CONF_TARGET2_TIMER_UNIT_SEL;
    SYSTIMER_COMP2_LOAD = SYSTIMER_COMP2_LOAD_TIMER_COMP2_LOAD;
    SYSTIMER_TARGET2_CONF |= SYSTIMER_TARGET2_CONF_TARGET2_PERIOD_MODE;
    set_bits(&SYSTIMER_CONF, SYSTIMER_CONF_TARGET0_WORK_EN | SYSTIMER_CONF_TARGET2_WORK_EN);
    delay_us(70);
    probe(16, SYSTIMER_INT_RAW);
    uint32_t periods = 0;
    for (uint64_t since = time_us(); time_us() - since < 1000;)
        if (SYSTIMER_INT_RAW & SYSTIMER_INT_TARGET2) {
            SYSTIMER_INT_CLR = SYSTIMER_INT_TARGET2;
            periods++;
        }
    probe(17, periods);
    clear_bits(&SYSTIMER_CONF, SYSTIMER_CONF_TARGET0_WORK_EN | SYSTIMER_CONF_TARGET2_WORK_EN);
}
