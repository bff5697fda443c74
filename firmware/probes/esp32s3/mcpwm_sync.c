/* MCPWM1: counting down, timers that wait for each other and for a pin, a fault for a cycle, the carrier, a capture of every
 * fourth pulse, turned over, and by software. (mcpwm.c has the rest, on MCPWM0.) */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/mcpwm.h"
#include "reg/pcnt.h"

#define UNIT 1
#define OUT 4
#define SECOND 5
#define FAULT_PIN 6
#define SYNC_PIN 7
/* ESP-IDF soc/gpio_sig_map.h. */
#define SIGNAL_OUT0A 166
#define SIGNAL_OUT1A 168
#define SIGNAL_SYNC0 169
#define SIGNAL_F0 172
#define SIGNAL_CAP0 175
#define SIGNAL_CAP1 176
#define SIGNAL_PULSE 33 /* PCNT unit 0, channel 0 */
#define SIGNAL_CONTROL 35
#define SOURCE_PWM1 32
#define LINE 0

enum { RUN = 2 };
enum { HALTED, UP, DOWN, UP_DOWN };
enum { NOTHING, LOW, HIGH, TOGGLE };
enum { FALLING = 1, RISING = 2 };
/* ESP-IDF hal/mcpwm_ll.h: what starts a timer anew. */
enum { SYNC_OF_TIMER0 = 1, SYNC_OF_PIN0 = 4 };
enum { SYNC_OUT_AT_ZERO = 1 };

static uint32_t captured(uint32_t n) {
    MCPWM_INT_CLR(UNIT) = MCPWM_INT_CAP0 << n;
    WAIT_UNTIL(MCPWM_INT_RAW(UNIT) & MCPWM_INT_CAP0 << n, 1000);
    return n ? MCPWM_CAP_CH1(UNIT) : MCPWM_CAP_CH0(UNIT);
}

static uint32_t period(void) {
    uint32_t first = captured(0);
    return captured(0) - first;
}

static uint32_t counter(uint32_t timer) { return (timer ? MCPWM_TIMER2_STATUS(UNIT) : MCPWM_TIMER0_STATUS(UNIT)) & 0xffff; }

static volatile uint32_t irqs;
static void on_fault_over(void *unused) {
    (void)unused;
    irqs++;
    MCPWM_INT_CLR(UNIT) = MCPWM_INT_FAULT0_CLR;
}

static uint32_t pulses(uint32_t us) {
    set_bits(&PCNT_CTRL, PCNT_CTRL_CNT_RST_U0);
    clear_bits(&PCNT_CTRL, PCNT_CTRL_CNT_RST_U0);
    delay_us(us);
    return PCNT_U_CNT(0) & 0xffff;
}

static void probes(void) {
    peripheral_on(PERIP_PWM1);
    peripheral_on(PERIP_PCNT);
    PCNT_CTRL = PCNT_CTRL_CLK_EN;
    /* 160 MHz by 2, by 8: ticks of 100 ns. */
    MCPWM_CLK(UNIT) = MCPWM_CLK_EN;
    field_set(&MCPWM_CLK_CFG(UNIT), MCPWM_CLK_CFG_CLK_PRESCALE, 1);
    MCPWM_OPERATOR_TIMERSEL(UNIT) = field(MCPWM_OPERATOR_TIMERSEL_OPERATOR1_TIMERSEL, 1);
    gpio_out_signal(OUT, SIGNAL_OUT0A);
    gpio_out_signal(SECOND, SIGNAL_OUT1A);
    gpio_in_signal(SIGNAL_CAP0, OUT);
    gpio_in_signal(SIGNAL_CAP1, SECOND);
    MCPWM_CAP_TIMER_CFG(UNIT) = MCPWM_CAP_TIMER_CFG_CAP_TIMER_EN;
    MCPWM_CAP_CH0_CFG(UNIT) = MCPWM_CAP_CH0_CFG_CAP0_EN | field(MCPWM_CAP_CH0_CFG_CAP0_MODE, RISING);
    MCPWM_CAP_CH1_CFG(UNIT) = MCPWM_CAP_CH1_CFG_CAP1_EN | field(MCPWM_CAP_CH1_CFG_CAP1_MODE, RISING);

    /* Down from 999: high from the period to 700. */
    MCPWM_TIMER0_CFG0(UNIT) = field(MCPWM_TIMER0_CFG0_TIMER0_PRESCALE, 7) | field(MCPWM_TIMER0_CFG0_TIMER0_PERIOD, 999);
    MCPWM_CMPR0_VALUE0(UNIT) = 700;
    MCPWM_GEN0_A(UNIT) = field(MCPWM_GEN0_A_DTEP, HIGH) | field(MCPWM_GEN0_A_DTEA, LOW);
    MCPWM_TIMER0_CFG1(UNIT) = field(MCPWM_TIMER0_CFG1_TIMER0_START, RUN) | field(MCPWM_TIMER0_CFG1_TIMER0_MOD, DOWN);
    delay_us(300);
    probe(1, period());
    uint32_t rise = captured(0);
    MCPWM_CAP_CH0_CFG(UNIT) = MCPWM_CAP_CH0_CFG_CAP0_EN | field(MCPWM_CAP_CH0_CFG_CAP0_MODE, FALLING);
    probe(2, captured(0) - rise);
    uint32_t high = counter(0);
    delay_us(2);
    probe(3, high - counter(0) >= 15 && high - counter(0) <= 60);

    /* The input turned over: what falls rises. */
    MCPWM_CAP_CH0_CFG(UNIT) = MCPWM_CAP_CH0_CFG_CAP0_EN | field(MCPWM_CAP_CH0_CFG_CAP0_MODE, RISING);
    rise = captured(0);
    MCPWM_CAP_CH0_CFG(UNIT) |= MCPWM_CAP_CH0_CFG_CAP0_IN_INVERT;
    probe(4, captured(0) - rise);
    /* Every fourth pulse. */
    MCPWM_CAP_CH0_CFG(UNIT) = MCPWM_CAP_CH0_CFG_CAP0_EN | field(MCPWM_CAP_CH0_CFG_CAP0_MODE, RISING) |
                              field(MCPWM_CAP_CH0_CFG_CAP0_PRESCALE, 3);
    captured(0);
    probe(5, period());
    MCPWM_CAP_CH0_CFG(UNIT) = MCPWM_CAP_CH0_CFG_CAP0_EN | field(MCPWM_CAP_CH0_CFG_CAP0_MODE, RISING);
    /* By software, at any time. */
    MCPWM_CAP_CH1_CFG(UNIT) |= MCPWM_CAP_CH1_CFG_CAP1_SW;
    uint32_t then = MCPWM_CAP_CH1(UNIT);
    delay_us(50);
    MCPWM_CAP_CH1_CFG(UNIT) |= MCPWM_CAP_CH1_CFG_CAP1_SW;
    probe(6, (MCPWM_CAP_CH1(UNIT) - then) / 80);

    /* Timer 1 begins at 250 whenever timer 0 comes to zero: its own zero is 75 us later. */
    MCPWM_TIMER0_CFG1(UNIT) = field(MCPWM_TIMER0_CFG1_TIMER0_START, RUN) | field(MCPWM_TIMER0_CFG1_TIMER0_MOD, UP);
    MCPWM_GEN0_A(UNIT) = field(MCPWM_GEN0_A_UTEZ, HIGH) | field(MCPWM_GEN0_A_UTEA, LOW);
    MCPWM_TIMER1_CFG0(UNIT) = MCPWM_TIMER0_CFG0(UNIT);
    MCPWM_CMPR1_VALUE0(UNIT) = 500;
    MCPWM_GEN1_A(UNIT) = MCPWM_GEN0_A(UNIT);
    MCPWM_TIMER0_SYNC(UNIT) = field(MCPWM_TIMER0_SYNC_TIMER0_SYNCO_SEL, SYNC_OUT_AT_ZERO);
    field_set(&MCPWM_TIMER_SYNCI_CFG(UNIT), MCPWM_TIMER_SYNCI_CFG_TIMER1_SYNCISEL, SYNC_OF_TIMER0);
    MCPWM_TIMER1_SYNC(UNIT) = MCPWM_TIMER1_SYNC_TIMER1_SYNCI_EN | field(MCPWM_TIMER0_SYNC_TIMER0_PHASE, 250);
    MCPWM_TIMER1_CFG1(UNIT) = MCPWM_TIMER0_CFG1(UNIT);
    delay_us(310);
    rise = captured(0);
    probe(7, captured(1) - rise);

    /* Timer 2 stands; a rising edge at a pin gives it 123, a falling one where the input is turned over. */
    gpio_output(SYNC_PIN, 0);
    gpio_in_signal(SIGNAL_SYNC0, SYNC_PIN);
    field_set(&MCPWM_TIMER_SYNCI_CFG(UNIT), MCPWM_TIMER_SYNCI_CFG_TIMER2_SYNCISEL, SYNC_OF_PIN0);
    MCPWM_TIMER2_CFG0(UNIT) = MCPWM_TIMER0_CFG0(UNIT);
    MCPWM_TIMER2_SYNC(UNIT) = MCPWM_TIMER2_SYNC_TIMER2_SYNCI_EN | field(MCPWM_TIMER0_SYNC_TIMER0_PHASE, 123);
    probe(8, counter(2));
    gpio_put(SYNC_PIN, 1);
    delay_us(1);
    probe(9, counter(2));
    MCPWM_TIMER2_SYNC(UNIT) = MCPWM_TIMER2_SYNC_TIMER2_SYNCI_EN | field(MCPWM_TIMER0_SYNC_TIMER0_PHASE, 456);
    set_bits(&MCPWM_TIMER_SYNCI_CFG(UNIT), MCPWM_TIMER_SYNCI_CFG_EXTERNAL_SYNCI0_INVERT);
    gpio_put(SYNC_PIN, 0);
    delay_us(1);
    probe(10, counter(2));

    /* A fault takes the output away for the rest of the cycle, as long as the pin says so. */
    gpio_output(FAULT_PIN, 0);
    gpio_in_signal(SIGNAL_F0, FAULT_PIN);
    MCPWM_FAULT_DETECT(UNIT) = MCPWM_FAULT_DETECT_F0_EN | MCPWM_FAULT_DETECT_F0_POLE;
    MCPWM_TZ0_CFG0(UNIT) = MCPWM_TZ0_CFG0_TZ0_F0_CBC | field(MCPWM_TZ0_CFG0_TZ0_A_CBC_U, LOW) |
                           field(MCPWM_TZ0_CFG0_TZ0_A_CBC_D, LOW);
    MCPWM_TZ0_CFG1(UNIT) = field(MCPWM_TZ0_CFG1_TZ0_CBCPULSE, 1); /* until the timer is at zero */
    interrupt_route(0, SOURCE_PWM1, LINE);
    interrupt_handler(LINE, on_fault_over, 0);
    interrupt_enable(LINE);
    MCPWM_INT_CLR(UNIT) = 0xffffffff;
    MCPWM_INT_ENA(UNIT) = MCPWM_INT_FAULT0_CLR;
    captured(0);
    delay_us(5);
    gpio_put(FAULT_PIN, 1);
    delay_us(1);
    probe(11, gpio_get(OUT) << 4 | (MCPWM_TZ0_STATUS(UNIT) & 3));
    probe(12, irqs);
    gpio_put(FAULT_PIN, 0);
    delay_us(1);
    probe(13, irqs);
    probe(14, gpio_get(OUT));
    delay_us(100);
    probe(15, (MCPWM_TZ0_STATUS(UNIT) & 3) | (MCPWM_INT_RAW(UNIT) & MCPWM_INT_TZ0_CBC ? 4 : 0));
    captured(0);
    delay_us(2);
    probe(16, gpio_get(OUT));
    MCPWM_TZ0_CFG0(UNIT) = 0;
    MCPWM_INT_ENA(UNIT) = 0;

    /* PWM_clk of 80 MHz by 8, by 5: a carrier of 2 MHz while the output is high, 70 us of every 100; half of it high. */
    gpio_in_signal(SIGNAL_PULSE, OUT);
    gpio_in_signal(SIGNAL_CONTROL, SIGNAL_HIGH);
    PCNT_U_CONF0(0) = field(PCNT_U_CONF0_CH0_POS_MODE, 1);
    probe(17, pulses(1000));
    MCPWM_CHOPPER0_CFG(UNIT) = MCPWM_CHOPPER0_CFG_CHOPPER0_EN | field(MCPWM_CHOPPER0_CFG_CHOPPER0_PRESCALE, 4) |
                               field(MCPWM_CHOPPER0_CFG_CHOPPER0_DUTY, 4);
    probe(18, pulses(1000));
    MCPWM_CHOPPER0_CFG(UNIT) = 0;
}
