/* PCNT: edges up and down, the control input, limits, thresholds, zero, the filter; pulses of software and of LEDC. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/pcnt.h"

#define A 4
#define B 5
#define LAMP 6
#define SOURCE_PCNT 41
#define LINE 0
#define SIGNAL_PULSE(unit, channel) (33 + 4 * (unit) + (channel)) /* ESP-IDF soc/gpio_sig_map.h */
#define SIGNAL_CONTROL(unit, channel) (35 + 4 * (unit) + (channel))

enum { HOLD, UP, DOWN };
enum { AS_IT_IS, INVERT, INHIBIT };

static uint32_t count(uint32_t unit) { return PCNT_U_CNT(unit) & 0xffff; }

static void restart(uint32_t unit) {
    set_bits(&PCNT_CTRL, PCNT_CTRL_CNT_RST_U0 << 2 * unit);
    clear_bits(&PCNT_CTRL, PCNT_CTRL_CNT_RST_U0 << 2 * unit);
    PCNT_INT_CLR = BIT(unit);
}

static void lead(uint32_t unit, uint32_t channel, uint32_t pulse, uint32_t control) {
    gpio_in_signal(SIGNAL_PULSE(unit, channel), pulse);
    gpio_in_signal(SIGNAL_CONTROL(unit, channel), control);
}

static void pulses(uint32_t pin, uint32_t number) {
    for (uint32_t n = 0; n < number; n++) {
        gpio_put(pin, 1);
        delay_us(1);
        gpio_put(pin, 0);
        delay_us(1);
    }
}

static volatile uint32_t irqs, status;
static void on_event(void *unused) {
    (void)unused;
    irqs++;
    status = PCNT_U_STATUS(1);
    PCNT_INT_CLR = BIT(1);
}

static void probes(void) {
    peripheral_on(PERIP_PCNT);
    PCNT_CTRL = PCNT_CTRL_CLK_EN | 0x55;
    gpio_output(A, 0);
    gpio_output(B, 0);

    /* Rising edges up; both edges; falling ones down. */
    lead(0, 0, A, SIGNAL_HIGH);
    PCNT_U_CONF0(0) = field(PCNT_U_CONF0_CH0_POS_MODE, UP);
    restart(0);
    pulses(A, 10);
    probe(1, count(0));
    PCNT_U_CONF0(0) = field(PCNT_U_CONF0_CH0_POS_MODE, UP) | field(PCNT_U_CONF0_CH0_NEG_MODE, UP);
    pulses(A, 10);
    probe(2, count(0));
    PCNT_U_CONF0(0) = field(PCNT_U_CONF0_CH0_NEG_MODE, DOWN);
    restart(0);
    pulses(A, 10);
    probe(3, count(0));
    set_bits(&PCNT_CTRL, PCNT_CTRL_CNT_PAUSE_U0);
    pulses(A, 5);
    clear_bits(&PCNT_CTRL, PCNT_CTRL_CNT_PAUSE_U0);
    probe(4, count(0));

    /* The control input turns the direction or holds. */
    lead(0, 0, A, B);
    PCNT_U_CONF0(0) = field(PCNT_U_CONF0_CH0_POS_MODE, UP) | field(PCNT_U_CONF0_CH0_LCTRL_MODE, INVERT) |
                      field(PCNT_U_CONF0_CH0_HCTRL_MODE, INHIBIT);
    restart(0);
    pulses(A, 3);
    gpio_put(B, 1);
    pulses(A, 7);
    probe(5, count(0));

    /* A quadrature encoder, four counts for a turn of its phases: both channels, each controlled by the other's pulse. */
    gpio_put(B, 0);
    lead(0, 0, A, B);
    lead(0, 1, B, A);
    PCNT_U_CONF0(0) = field(PCNT_U_CONF0_CH0_POS_MODE, DOWN) | field(PCNT_U_CONF0_CH0_NEG_MODE, UP) |
                      field(PCNT_U_CONF0_CH0_LCTRL_MODE, INVERT) | field(PCNT_U_CONF0_CH1_POS_MODE, UP) |
                      field(PCNT_U_CONF0_CH1_NEG_MODE, DOWN) | field(PCNT_U_CONF0_CH1_LCTRL_MODE, INVERT);
    restart(0);
    for (uint32_t n = 1; n <= 20; n++) {
        gpio_put(A, (n + 1) >> 1 & 1);
        gpio_put(B, n >> 1 & 1);
    }
    probe(6, count(0));
    for (uint32_t n = 19; n != 7; n--) {
        gpio_put(A, (n + 1) >> 1 & 1);
        gpio_put(B, n >> 1 & 1);
    }
    probe(7, count(0));
    gpio_put(A, 0);
    gpio_put(B, 0);

    /* Thresholds and the upper limit, where counting begins again at 0; each an event. */
    lead(1, 0, A, SIGNAL_HIGH);
    PCNT_U_CONF1(1) = field(PCNT_U_CONF1_CNT_THRES0, 4) | field(PCNT_U_CONF1_CNT_THRES1, 6);
    PCNT_U_CONF2(1) = field(PCNT_U_CONF2_CNT_H_LIM, 10) | field(PCNT_U_CONF2_CNT_L_LIM, (uint32_t)-10);
    PCNT_U_CONF0(1) = field(PCNT_U_CONF0_CH0_POS_MODE, UP) | PCNT_U_CONF0_THR_THRES0_EN | PCNT_U_CONF0_THR_THRES1_EN |
                      PCNT_U_CONF0_THR_H_LIM_EN | PCNT_U_CONF0_THR_L_LIM_EN | PCNT_U_CONF0_THR_ZERO_EN;
    restart(1);
    interrupt_route(0, SOURCE_PCNT, LINE);
    interrupt_handler(LINE, on_event, 0);
    interrupt_enable(LINE);
    PCNT_INT_ENA = BIT(1);
    pulses(A, 3);
    probe(8, irqs);
    pulses(A, 1);
    probe(9, irqs);
    probe(10, status & PCNT_U_STATUS_THRES0);
    pulses(A, 2);
    probe(11, status & PCNT_U_STATUS_THRES1);
    pulses(A, 4);
    probe(12, status & PCNT_U_STATUS_H_LIM);
    probe(13, count(1));
    pulses(A, 2);
    probe(14, count(1));
    /* Down through 0 to the lower limit. */
    field_set(&PCNT_U_CONF0(1), PCNT_U_CONF0_CH0_POS_MODE, DOWN);
    pulses(A, 2);
    probe(15, status & PCNT_U_STATUS_ZERO);
    pulses(A, 3);
    probe(16, count(1));
    pulses(A, 7);
    probe(17, status & PCNT_U_STATUS_L_LIM);
    probe(18, count(1));
    PCNT_INT_ENA = 0;

    /* LEDC's pulses for 10 ms; with a filter of 12.8 us those of 5 us are none. */
    ledc_timer(0, 10000, 10);
    ledc_channel(0, 0, LAMP, 512);
    lead(2, 0, LAMP, SIGNAL_HIGH);
    PCNT_U_CONF0(2) = field(PCNT_U_CONF0_CH0_POS_MODE, UP) | PCNT_U_CONF0_FILTER_EN | field(PCNT_U_CONF0_FILTER_THRES, 1023);
    restart(2);
    delay_us(10000);
    probe(19, count(2));
    ledc_duty(0, 51);
    delay_us(200);
    restart(2);
    delay_us(1000);
    probe(20, count(2));
    clear_bits(&PCNT_U_CONF0(2), PCNT_U_CONF0_FILTER_EN);
    restart(2);
    delay_us(1000);
    probe(21, count(2));
}
