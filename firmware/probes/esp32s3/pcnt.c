/* PCNT: both edges, the control input, limits, thresholds, zero, pause, and the filter. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/pcnt.h"

#define PULSES 4
#define CONTROL 5
#define SIGNAL_CH0_UNIT0 33
#define CONTROL_CH0_UNIT0 35
#define KEEP 0
#define UP 1
#define DOWN 2
#define INVERT 1

static void pulses(uint32_t count) {
    while (count--) {
        gpio_put(PULSES, 1);
        delay_us(2);
        gpio_put(PULSES, 0);
        delay_us(2);
    }
}
static uint32_t counted(void) { return field_get(PCNT_U_CNT(0), PCNT_U_CNT_CNT); }
static void clear(void) {
    set_bits(&PCNT_CTRL, PCNT_CTRL_CNT_RST_U0);
    clear_bits(&PCNT_CTRL, PCNT_CTRL_CNT_RST_U0 | PCNT_CTRL_CNT_PAUSE_U0);
}

static void probes(void) {
    peripheral_on(PERIP_PCNT);
    gpio_output(PULSES, 0);
    gpio_output(CONTROL, 1);
    gpio_in_signal(SIGNAL_CH0_UNIT0, PULSES);
    gpio_in_signal(CONTROL_CH0_UNIT0, CONTROL);
    /* A low control turns the direction round. */
    uint32_t common = field(PCNT_U_CONF0_CH0_POS_MODE, UP) | field(PCNT_U_CONF0_CH0_LCTRL_MODE, INVERT);
    PCNT_U_CONF0(0) = common;
    PCNT_U_CONF2(0) = field(PCNT_U_CONF2_CNT_H_LIM, 1000) | field(PCNT_U_CONF2_CNT_L_LIM, (uint16_t)-1000);
    clear();
    pulses(10);
    probe(1, counted());
    gpio_put(CONTROL, 0);
    pulses(4);
    probe(2, counted());
    gpio_put(CONTROL, 1);

    PCNT_U_CONF0(0) = common | field(PCNT_U_CONF0_CH0_NEG_MODE, UP);
    clear();
    pulses(10);
    probe(3, counted());
    set_bits(&PCNT_CTRL, PCNT_CTRL_CNT_PAUSE_U0);
    pulses(3);
    probe(4, counted());

    /* The upper limit sets it back to 0 and says so; so does a threshold on its way. */
    PCNT_U_CONF0(0) = common | PCNT_U_CONF0_THR_H_LIM_EN | PCNT_U_CONF0_THR_THRES0_EN;
    PCNT_U_CONF1(0) = field(PCNT_U_CONF1_CNT_THRES0, 5);
    PCNT_U_CONF2(0) = field(PCNT_U_CONF2_CNT_H_LIM, 8) | field(PCNT_U_CONF2_CNT_L_LIM, (uint16_t)-8);
    PCNT_INT_CLR = PCNT_INT_CNT_THR_EVENT_U0;
    clear();
    pulses(4);
    probe(5, PCNT_INT_RAW & PCNT_INT_CNT_THR_EVENT_U0);
    pulses(1);
    probe(6, PCNT_INT_RAW & PCNT_INT_CNT_THR_EVENT_U0);
    probe(7, PCNT_U_STATUS(0) & (PCNT_U_STATUS_THRES0 | PCNT_U_STATUS_H_LIM));
    PCNT_INT_CLR = PCNT_INT_CNT_THR_EVENT_U0;
    pulses(3);
    probe(8, counted());
    probe(9, PCNT_U_STATUS(0) & PCNT_U_STATUS_H_LIM);

    /* Pulses shorter than the filter's 1000 cycles of 80 MHz are not seen, longer ones are. */
    PCNT_U_CONF0(0) = common | PCNT_U_CONF0_FILTER_EN | field(PCNT_U_CONF0_FILTER_THRES, 1000);
    clear();
    pulses(5);
    probe(10, counted());
    gpio_put(PULSES, 1);
    delay_us(20);
    gpio_put(PULSES, 0);
    delay_us(20);
    probe(11, counted());
}
