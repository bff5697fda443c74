/* MCPWM0: a timer, an operator and its output, measured by the unit's own capture; dead time, force, fault, sync. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/mcpwm.h"

#define OUT 4
#define OTHER 5
#define FAULT_PIN 6
#define SIGNAL_OUT0A 160 /* ESP-IDF soc/gpio_sig_map.h */
#define SIGNAL_OUT0B 161
#define SIGNAL_F0 163
#define SIGNAL_CAP0 166
#define SIGNAL_CAP1 167
#define SOURCE_PWM0 31
#define LINE 0

enum { STOP_AT_ZERO, STOP_AT_PERIOD, RUN };
enum { HALTED, UP, DOWN, UP_DOWN };
enum { NOTHING, LOW, HIGH, TOGGLE };
#define BOTH_EDGES 3

static uint32_t rises, falls, last_rise, last_fall;

/* The next edge on capture channel `n`: the timer's value is taken over when it comes. */
static uint32_t edge(uint32_t n, uint32_t falling) {
    for (uint64_t since = time_us(); time_us() - since < 1000;) {
        MCPWM_INT_CLR(0) = MCPWM_INT_CAP0 << n;
        WAIT_UNTIL(MCPWM_INT_RAW(0) & MCPWM_INT_CAP0 << n, 500);
        if ((MCPWM_CAP_STATUS(0) >> n & 1) == falling)
            break;
    }
    return n ? MCPWM_CAP_CH1(0) : MCPWM_CAP_CH0(0);
}

static void measure(uint32_t n) {
    uint32_t first = edge(n, 0);
    last_fall = edge(n, 1);
    last_rise = edge(n, 0);
    rises = last_rise - first;
    falls = last_fall - first;
}

static volatile uint32_t irqs;
static void on_zero(void *unused) {
    (void)unused;
    irqs++;
    MCPWM_INT_CLR(0) = MCPWM_INT_TIMER0_TEZ;
}

static uint32_t edges_in_300_us(void) {
    uint32_t seen = 0;
    for (uint64_t since = time_us(); time_us() - since < 300;) {
        seen += (MCPWM_INT_RAW(0) & MCPWM_INT_CAP0) != 0;
        MCPWM_INT_CLR(0) = MCPWM_INT_CAP0;
    }
    return seen;
}

static void probes(void) {
    peripheral_on(PERIP_PWM0);
    /* 160 MHz by 2, by 8: a tick of 100 ns, a period of 1000, high for 300 of them; B high for 500. */
    MCPWM_CLK(0) = MCPWM_CLK_EN;
    field_set(&MCPWM_CLK_CFG(0), MCPWM_CLK_CFG_CLK_PRESCALE, 1);
    MCPWM_TIMER0_CFG0(0) = field(MCPWM_TIMER0_CFG0_TIMER0_PRESCALE, 7) | field(MCPWM_TIMER0_CFG0_TIMER0_PERIOD, 999);
    MCPWM_OPERATOR_TIMERSEL(0) = 0;
    MCPWM_CMPR0_CFG(0) = field(MCPWM_CMPR0_CFG_CMPR0_A_UPMETHOD, 1) | field(MCPWM_CMPR0_CFG_CMPR0_B_UPMETHOD, 1);
    MCPWM_CMPR0_VALUE0(0) = 300;
    MCPWM_CMPR0_VALUE1(0) = 500;
    MCPWM_GEN0_A(0) = field(MCPWM_GEN0_A_UTEZ, HIGH) | field(MCPWM_GEN0_A_UTEA, LOW);
    MCPWM_GEN0_B(0) = field(MCPWM_GEN0_B_UTEZ, HIGH) | field(MCPWM_GEN0_B_UTEB, LOW);
    gpio_out_signal(OUT, SIGNAL_OUT0A);
    gpio_out_signal(OTHER, SIGNAL_OUT0B);
    gpio_in_signal(SIGNAL_CAP0, OUT);
    gpio_in_signal(SIGNAL_CAP1, OTHER);
    MCPWM_CAP_TIMER_CFG(0) = MCPWM_CAP_TIMER_CFG_CAP_TIMER_EN;
    MCPWM_CAP_CH0_CFG(0) = MCPWM_CAP_CH0_CFG_CAP0_EN | field(MCPWM_CAP_CH0_CFG_CAP0_MODE, BOTH_EDGES);
    MCPWM_CAP_CH1_CFG(0) = MCPWM_CAP_CH1_CFG_CAP1_EN | field(MCPWM_CAP_CH1_CFG_CAP1_MODE, BOTH_EDGES);
    MCPWM_TIMER0_CFG1(0) = field(MCPWM_TIMER0_CFG1_TIMER0_START, RUN) | field(MCPWM_TIMER0_CFG1_TIMER0_MOD, UP);
    delay_us(210); /* the comparators' shadows come into force at zero */
    measure(0);
    probe(1, rises);
    probe(2, falls);
    measure(1);
    probe(3, falls);

    /* A new duty counts from the next zero on: what runs is not cut short. */
    edge(0, 0);
    MCPWM_CMPR0_VALUE0(0) = 10;
    probe(4, edge(0, 1) - MCPWM_CAP_CH0(0) == 0 && field_get(MCPWM_TIMER0_STATUS(0), MCPWM_TIMER0_STATUS_TIMER0_VALUE) >= 300);
    measure(0);
    probe(5, falls);
    MCPWM_CMPR0_VALUE0(0) = 300;
    delay_us(110);

    /* Dead time: rising edges of A come 80 cycles of PWM_clk later; B is A turned over, its fall 160 later. */
    MCPWM_DB0_RED_CFG(0) = 80 - 1;
    MCPWM_DB0_FED_CFG(0) = 160 - 1;
    MCPWM_DB0_CFG(0) = MCPWM_DB0_CFG_DB0_FED_OUTINVERT;
    delay_us(210);
    measure(0);
    probe(6, falls);
    probe(7, rises);
    uint32_t a_falls = edge(0, 1);
    uint32_t b_rises = edge(1, 0);
    probe(8, b_rises - a_falls);
    MCPWM_DB0_CFG(0) = MCPWM_DB0_CFG_DB0_A_OUTBYPASS | MCPWM_DB0_CFG_DB0_B_OUTBYPASS;

    /* Forced by software. */
    MCPWM_GEN0_FORCE(0) = field(MCPWM_GEN0_FORCE_GEN0_A_CNTUFORCE_MODE, HIGH);
    delay_us(5);
    probe(9, gpio_get(OUT));
    MCPWM_GEN0_FORCE(0) = field(MCPWM_GEN0_FORCE_GEN0_A_CNTUFORCE_MODE, LOW);
    delay_us(5);
    probe(10, gpio_get(OUT));
    MCPWM_INT_CLR(0) = MCPWM_INT_CAP0;
    probe(11, edges_in_300_us());
    MCPWM_GEN0_FORCE(0) = 0;

    /* A fault takes the output away until software clears it and the pin is quiet. */
    gpio_output(FAULT_PIN, 0);
    gpio_in_signal(SIGNAL_F0, FAULT_PIN);
    MCPWM_FAULT_DETECT(0) = MCPWM_FAULT_DETECT_F0_EN | MCPWM_FAULT_DETECT_F0_POLE;
    MCPWM_TZ0_CFG0(0) = MCPWM_TZ0_CFG0_TZ0_F0_OST | field(MCPWM_TZ0_CFG0_TZ0_A_OST_U, LOW) | field(MCPWM_TZ0_CFG0_TZ0_A_OST_D, LOW);
    MCPWM_INT_CLR(0) = MCPWM_INT_FAULT0 | MCPWM_INT_TZ0_OST;
    edge(0, 0);
    gpio_put(FAULT_PIN, 1);
    delay_us(2);
    probe(12, gpio_get(OUT));
    probe(13, MCPWM_TZ0_STATUS(0) & MCPWM_TZ0_STATUS_TZ0_OST_ON);
    probe(14, (MCPWM_INT_RAW(0) & (MCPWM_INT_FAULT0 | MCPWM_INT_TZ0_OST)) == (MCPWM_INT_FAULT0 | MCPWM_INT_TZ0_OST));
    gpio_put(FAULT_PIN, 0);
    MCPWM_INT_CLR(0) = MCPWM_INT_CAP0;
    probe(15, edges_in_300_us() <= 1);
    MCPWM_TZ0_CFG1(0) = 0;
    MCPWM_TZ0_CFG1(0) = MCPWM_TZ0_CFG1_TZ0_CLR_OST;
    probe(16, edges_in_300_us() >= 5);
    probe(17, MCPWM_TZ0_STATUS(0) & MCPWM_TZ0_STATUS_TZ0_OST_ON);

    /* Up and down: every period twice as long, and the pulse on both sides of zero. */
    MCPWM_GEN0_A(0) = field(MCPWM_GEN0_A_UTEA, LOW) | field(MCPWM_GEN0_A_DTEA, HIGH);
    MCPWM_TIMER0_CFG1(0) = field(MCPWM_TIMER0_CFG1_TIMER0_START, RUN) | field(MCPWM_TIMER0_CFG1_TIMER0_MOD, UP_DOWN);
    delay_us(410);
    measure(0);
    probe(18, rises);
    probe(19, falls);

    /* Sync by software puts the phase into the counter. */
    MCPWM_TIMER0_CFG1(0) = field(MCPWM_TIMER0_CFG1_TIMER0_START, RUN) | field(MCPWM_TIMER0_CFG1_TIMER0_MOD, UP);
    delay_us(210);
    MCPWM_TIMER0_SYNC(0) = MCPWM_TIMER0_SYNC_TIMER0_SYNCI_EN | field(MCPWM_TIMER0_SYNC_TIMER0_PHASE, 600);
    edge(0, 1);
    MCPWM_TIMER0_SYNC(0) ^= MCPWM_TIMER0_SYNC_SW;
    probe(20, field_get(MCPWM_TIMER0_STATUS(0), MCPWM_TIMER0_STATUS_TIMER0_VALUE));

    /* An interrupt for every zero; stop at the next one. */
    MCPWM_INT_CLR(0) = MCPWM_INT_TIMER0_TEZ;
    interrupt_route(0, SOURCE_PWM0, LINE);
    interrupt_handler(LINE, on_zero, 0);
    interrupt_enable(LINE);
    MCPWM_INT_ENA(0) = MCPWM_INT_TIMER0_TEZ;
    delay_us(1000);
    probe(21, irqs);
    MCPWM_INT_ENA(0) = 0;
    field_set(&MCPWM_TIMER0_CFG1(0), MCPWM_TIMER0_CFG1_TIMER0_START, STOP_AT_ZERO);
    delay_us(110);
    probe(22, field_get(MCPWM_TIMER0_STATUS(0), MCPWM_TIMER0_STATUS_TIMER0_VALUE));
}
