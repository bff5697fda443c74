/* LEDC on four timers at once: a pulse that does not begin with the period, fractions of a duty, other clocks, 14 bits,
 * channels that count overflows; the test measures the pins. (ledc.c has the rest.) */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/ledc.h"

#define FIRST 4 /* GPIO4 to GPIO8: channels 0 to 4 */
#define SECOND 5
#define THIRD 6
#define FOURTH 7
#define FIFTH 8
#define SOURCE_LEDC 35
#define LINE 0
enum { CLK_APB = 1, CLK_RC_FAST, CLK_XTAL };

static volatile uint32_t irqs;
static void on_count(void *unused) {
    (void)unused;
    irqs++;
    LEDC_INT_CLR = LEDC_INT_OVF_CNT_CH4;
}

static void probes(void) {
    /* 10 kHz with 8 bits; high from 64 to 128 of 256. */
    ledc_timer(0, 10000, 8);
    ledc_channel(0, 0, FIRST, 64);
    LEDC_CH_HPOINT(0) = 64;
    set_bits(&LEDC_CH_CONF0(0), LEDC_CH_CONF0_PARA_UP);
    /* 100 kHz with 4 bits; 5 and 4/16 of 16. */
    ledc_timer(1, 100000, 4);
    ledc_channel(1, 1, SECOND, 0);
    LEDC_CH_DUTY(1) = 5 << 4 | 4;
    LEDC_CH_CONF1(1) = LEDC_CH_CONF1_DUTY_INC | field(LEDC_CH_CONF1_DUTY_NUM, 1) | field(LEDC_CH_CONF1_DUTY_CYCLE, 1) |
                       LEDC_CH_CONF1_DUTY_START;
    set_bits(&LEDC_CH_CONF0(1), LEDC_CH_CONF0_PARA_UP);
    /* 1 kHz with 14 bits, which 80 MHz by 4.88 gives; a quarter. */
    ledc_timer(2, 1000, 14);
    ledc_channel(2, 2, THIRD, 4096);
    /* Two channels of one timer, one after the other. */
    ledc_timer(3, 20000, 8);
    ledc_channel(3, 3, FOURTH, 100);
    ledc_channel(4, 3, FIFTH, 50);
    LEDC_CH_HPOINT(4) = 100;
    set_bits(&LEDC_CH_CONF0(4), LEDC_CH_CONF0_PARA_UP);
    delay_us(10000);
    probe(1, LEDC_TIMER_VALUE(2) < 1 << 14);

    /* An interrupt every 20 periods of 50 us. */
    interrupt_route(0, SOURCE_LEDC, LINE);
    interrupt_handler(LINE, on_count, 0);
    interrupt_enable(LINE);
    field_set(&LEDC_CH_CONF0(4), LEDC_CH_CONF0_OVF_NUM, 19);
    set_bits(&LEDC_CH_CONF0(4), LEDC_CH_CONF0_OVF_CNT_EN | LEDC_CH_CONF0_OVF_CNT_RESET);
    set_bits(&LEDC_CH_CONF0(4), LEDC_CH_CONF0_PARA_UP);
    LEDC_INT_CLR = LEDC_INT_OVF_CNT_CH4;
    LEDC_INT_ENA = LEDC_INT_OVF_CNT_CH4;
    delay_us(5000);
    probe(2, irqs);
    LEDC_INT_ENA = 0;

    /* The crystal instead of APB_CLK: half the rate; RC_FAST: 17.5 of 80. The test finds both by the longer periods. */
    LEDC_CONF = field(LEDC_CONF_APB_CLK_SEL, CLK_XTAL) | LEDC_CONF_CLK_EN;
    delay_us(2000);
    LEDC_CONF = field(LEDC_CONF_APB_CLK_SEL, CLK_RC_FAST) | LEDC_CONF_CLK_EN;
    delay_us(2000);
    LEDC_CONF = field(LEDC_CONF_APB_CLK_SEL, CLK_APB) | LEDC_CONF_CLK_EN;
    probe(3, field_get(LEDC_CONF, LEDC_CONF_APB_CLK_SEL));
}
