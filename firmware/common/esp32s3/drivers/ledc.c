/* ESP32-S3 TRM, chapter "LED PWM Controller". */
#include "drivers/drivers.h"
#include "reg/ledc.h"

#define APB_HZ 80000000u
#define CLK_APB 1
#define SIGNAL_LEDC_0 73u /* ESP-IDF soc/gpio_sig_map.h */

void ledc_timer(uint32_t timer, uint32_t hz, uint32_t resolution_bits) {
    peripheral_on(PERIP_LEDC);
    LEDC_CONF = field(LEDC_CONF_APB_CLK_SEL, CLK_APB) | LEDC_CONF_CLK_EN;
    /* The divisor has 8 fractional bits. */
    uint32_t divisor = (uint32_t)(((uint64_t)APB_HZ << 8 >> resolution_bits) / hz);
    LEDC_TIMER_CONF(timer) = field(LEDC_TIMER_CONF_DUTY_RES, resolution_bits) | field(LEDC_TIMER_CONF_CLK_DIV, divisor) |
                             LEDC_TIMER_CONF_RST;
    clear_bits(&LEDC_TIMER_CONF(timer), LEDC_TIMER_CONF_RST);
    set_bits(&LEDC_TIMER_CONF(timer), LEDC_TIMER_CONF_PARA_UP);
}

static void begin(uint32_t channel, uint32_t conf1) {
    LEDC_CH_CONF1(channel) = conf1 | LEDC_CH_CONF1_DUTY_START;
    set_bits(&LEDC_CH_CONF0(channel), LEDC_CH_CONF0_PARA_UP);
}

/* The duty has 4 fractional bits. */
void ledc_duty(uint32_t channel, uint32_t duty) {
    LEDC_CH_DUTY(channel) = duty << 4;
    begin(channel, LEDC_CH_CONF1_DUTY_INC | field(LEDC_CH_CONF1_DUTY_NUM, 1) | field(LEDC_CH_CONF1_DUTY_CYCLE, 1));
}

void ledc_channel(uint32_t channel, uint32_t timer, uint32_t pin, uint32_t duty) {
    LEDC_CH_CONF0(channel) = field(LEDC_CH_CONF0_TIMER_SEL, timer) | LEDC_CH_CONF0_SIG_OUT_EN;
    LEDC_CH_HPOINT(channel) = 0;
    ledc_duty(channel, duty);
    gpio_out_signal(pin, SIGNAL_LEDC_0 + channel);
}

void ledc_fade(uint32_t channel, uint32_t from, uint32_t rising, uint32_t steps, uint32_t periods, uint32_t scale) {
    LEDC_CH_DUTY(channel) = from << 4;
    begin(channel, (rising ? LEDC_CH_CONF1_DUTY_INC : 0) | field(LEDC_CH_CONF1_DUTY_NUM, steps) |
                       field(LEDC_CH_CONF1_DUTY_CYCLE, periods) | field(LEDC_CH_CONF1_DUTY_SCALE, scale));
}
