/* LEDC: frequency and duty on a pin, all resolutions' duties, fades up and down, the overflow counter, pause. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/ledc.h"

#define PIN 4
#define HZ 5000
#define BITS 10

/* Waits for a rising edge and measures one period, in CPU cycles. */
static uint32_t period, high;
static void measure(void) {
    uint32_t limit = cycles();
    while (gpio_get(PIN) && cycles() - limit < 4800000) {
    }
    while (!gpio_get(PIN) && cycles() - limit < 4800000) {
    }
    uint32_t rise = cycles();
    while (gpio_get(PIN) && cycles() - limit < 4800000) {
    }
    high = cycles() - rise;
    while (!gpio_get(PIN) && cycles() - limit < 4800000) {
    }
    period = cycles() - rise;
}

static void probes(void) {
    gpio_output(PIN, 0);
    ledc_timer(0, HZ, BITS);
    ledc_channel(0, 0, PIN, 256);
    delay_us(500);
    measure();
    probe(1, period);
    probe(2, high);
    ledc_duty(0, 768);
    delay_us(500);
    measure();
    probe(3, high);
    ledc_duty(0, 0);
    delay_us(500);
    probe(4, gpio_get(PIN));
    ledc_duty(0, 1 << BITS);
    delay_us(500);
    measure(); /* times out: there is no edge */
    probe(5, gpio_get(PIN));

    /* 100 steps of 4, one each period of 200 us: 20 ms. */
    LEDC_INT_CLR = LEDC_INT_DUTY_CHNG_END_CH0;
    uint64_t then = time_us();
    ledc_fade(0, 100, 1, 100, 1, 4);
    WAIT_UNTIL(LEDC_INT_RAW & LEDC_INT_DUTY_CHNG_END_CH0, 40000);
    probe(6, (uint32_t)(time_us() - then));
    probe(7, LEDC_CH_DUTY_R(0) >> 4);
    measure();
    probe(8, high);
    LEDC_INT_CLR = LEDC_INT_DUTY_CHNG_END_CH0;
    then = time_us();
    ledc_fade(0, 500, 0, 50, 2, 8);
    WAIT_UNTIL(LEDC_INT_RAW & LEDC_INT_DUTY_CHNG_END_CH0, 40000);
    probe(9, (uint32_t)(time_us() - then));
    probe(10, LEDC_CH_DUTY_R(0) >> 4);

    /* Overflows: an interrupt each, and a counter to ten. */
    LEDC_INT_CLR = 0xffffffff;
    delay_us(250);
    probe(11, LEDC_INT_RAW & LEDC_INT_TIMER0_OVF);
    field_set(&LEDC_CH_CONF0(0), LEDC_CH_CONF0_OVF_NUM, 9);
    set_bits(&LEDC_CH_CONF0(0), LEDC_CH_CONF0_OVF_CNT_EN | LEDC_CH_CONF0_OVF_CNT_RESET);
    set_bits(&LEDC_CH_CONF0(0), LEDC_CH_CONF0_PARA_UP);
    LEDC_INT_CLR = LEDC_INT_OVF_CNT_CH0;
    then = time_us();
    WAIT_UNTIL(LEDC_INT_RAW & LEDC_INT_OVF_CNT_CH0, 5000);
    probe(12, (uint32_t)(time_us() - then));

    /* Paused the counter stands. */
    set_bits(&LEDC_TIMER_CONF(0), LEDC_TIMER_CONF_PAUSE);
    uint32_t at = LEDC_TIMER_VALUE(0);
    delay_us(30);
    probe(13, LEDC_TIMER_VALUE(0) - at);
    clear_bits(&LEDC_TIMER_CONF(0), LEDC_TIMER_CONF_PAUSE);
    delay_us(30);
    probe(14, LEDC_TIMER_VALUE(0) != at);

    /* HPOINT moves the pulse; IDLE_LV is what shows without SIG_OUT_EN. */
    LEDC_CH_CONF0(0) = LEDC_CH_CONF0_IDLE_LV;
    set_bits(&LEDC_CH_CONF0(0), LEDC_CH_CONF0_PARA_UP);
    delay_us(300);
    probe(15, gpio_get(PIN));
}
