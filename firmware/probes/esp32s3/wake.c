/* What ends sleep: EXT0, EXT1, GPIO and UART by a pin that the test moves up and down, touch by a pad that the test touches
 * again and again; sleep that is refused; deep sleep ended by EXT1 and EXT0. Set up as by ESP-IDF's sleep_modes.c and rtc_cntl_ll.h.
 *
 * The probe starts three times; what it has seen waits in RTC memory.
 */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/gpio.h"
#include "reg/io_mux.h"
#include "reg/rtc_io.h"
#include "reg/sens.h"
#include "reg/uart.h"
#include "sleep.h"

#define WAVE 4  /* 20 ms low, 20 ms high: the test */
#define OTHER 6 /* nothing is there; pulled down */
#define DIGITAL 40
#define PAD 2   /* touched for 30 ms every 60 ms: the test */
#define LIMIT 44
enum { EXT0 = BIT(0), EXT1 = BIT(1), GPIO = BIT(2), TIMER = BIT(3), UART0 = BIT(6), TOUCH = BIT(8) };
enum { INT_LOW = 4, INT_HIGH = 5 };

RTC_NOINIT static struct {
    uint32_t step, count, pair[LIMIT][2];
} kept;

static void note(uint32_t id, uint32_t value) {
    kept.pair[kept.count][0] = id;
    kept.pair[kept.count++][1] = value;
}

static uint32_t ext1_status(void) { return field_get(RTC_CNTL_EXT_WAKEUP1_STATUS, RTC_CNTL_EXT_WAKEUP1_STATUS_EXT_WAKEUP1_STATUS); }

static void rtc_input(uint32_t pin, uint32_t pull_down) {
    volatile uint32_t *pad = &RTC_IO_TOUCH_PAD4 - 4 + pin;
    clear_bits(pad, RTC_IO_TOUCH_PAD4_RUE | RTC_IO_TOUCH_PAD4_RDE);
    set_bits(pad, RTC_IO_TOUCH_PAD4_MUX_SEL | RTC_IO_TOUCH_PAD4_FUN_IE | (pull_down ? RTC_IO_TOUCH_PAD4_RDE : 0));
}
static void rtc_let_go(uint32_t pin) { clear_bits(&RTC_IO_TOUCH_PAD4 - 4 + pin, RTC_IO_TOUCH_PAD4_MUX_SEL); }
static uint32_t wave(void) { return RTC_IO_RTC_GPIO_IN >> (10 + WAVE) & 1; }

/* Just after it has become low, or high. */
static void wait_for(uint32_t level) {
    WAIT_UNTIL(wave() != level, 100000);
    WAIT_UNTIL(wave() == level, 100000);
}

static void sleep(uint32_t sources, uint32_t deep) {
    uint32_t wake = rtc_time() + 200 * TICKS_MS; /* the timer is there in case that nothing else comes */
    RTC_CNTL_SLP_TIMER0 = wake;
    RTC_CNTL_SLP_TIMER1 = RTC_CNTL_SLP_TIMER1_MAIN_TIMER_ALARM_EN;
    field_set(&RTC_CNTL_WAKEUP_STATE, RTC_CNTL_WAKEUP_STATE_WAKEUP_ENA, sources | TIMER);
    if (deep)
        set_bits(&RTC_CNTL_DIG_PWC, RTC_CNTL_DIG_PWC_DG_WRAP_PD_EN);
    RTC_CNTL_INT_CLR_RTC = 0xffffffff;
    set_bits(&RTC_CNTL_STATE0, RTC_CNTL_STATE0_SLEEP_EN);
    for (volatile int n = 0; n < 100; n++) { /* it takes a moment to fall asleep */
    }
}

/* How long it slept, in ms rounded down. */
static uint32_t slept(uint32_t sources) {
    uint32_t then = rtc_time();
    sleep(sources, 0);
    return (rtc_time() - then) / TICKS_MS;
}

static void ext1(uint32_t pins, uint32_t high) {
    set_bits(&RTC_CNTL_EXT_WAKEUP1, RTC_CNTL_EXT_WAKEUP1_EXT_WAKEUP1_STATUS_CLR);
    RTC_CNTL_EXT_WAKEUP1 = pins;
    if (high)
        set_bits(&RTC_CNTL_EXT_WAKEUP_CONF, RTC_CNTL_EXT_WAKEUP_CONF_EXT_WAKEUP1_LV);
    else
        clear_bits(&RTC_CNTL_EXT_WAKEUP_CONF, RTC_CNTL_EXT_WAKEUP_CONF_EXT_WAKEUP1_LV);
}

static void ext0(uint32_t high) {
    field_set(&RTC_IO_EXT_WAKEUP0, RTC_IO_EXT_WAKEUP0_SEL, WAVE);
    if (high)
        set_bits(&RTC_CNTL_EXT_WAKEUP_CONF, RTC_CNTL_EXT_WAKEUP_CONF_EXT_WAKEUP0_LV);
    else
        clear_bits(&RTC_CNTL_EXT_WAKEUP_CONF, RTC_CNTL_EXT_WAKEUP_CONF_EXT_WAKEUP0_LV);
}

static void pins(void) {
    /* EXT0: a level of one pin. */
    ext0(1);
    wait_for(0);
    note(1, slept(EXT0));
    note(2, cause());
    note(3, wave());
    ext0(0);
    note(4, slept(EXT0));
    note(5, cause());
    /* The level is there already. */
    note(6, slept(EXT0));

    /* EXT1: any of several pins. */
    ext1(BIT(WAVE) | BIT(OTHER), 1);
    wait_for(0);
    note(7, slept(EXT1));
    note(8, cause());
    note(9, ext1_status());
    set_bits(&RTC_CNTL_EXT_WAKEUP1, RTC_CNTL_EXT_WAKEUP1_EXT_WAKEUP1_STATUS_CLR);
    note(10, ext1_status());
    ext1(BIT(WAVE), 0);
    note(11, slept(EXT1));
    note(12, ext1_status());

    /* A pad with settings for sleep: low, and high as soon as the chip sleeps. */
    volatile uint32_t *pad = &RTC_IO_TOUCH_PAD4 - 4 + OTHER;
    RTC_IO_RTC_GPIO_OUT_W1TS = BIT(10 + OTHER);
    ext1(BIT(OTHER), 1);
    note(30, slept(EXT1) >= 190);
    set_bits(pad, RTC_IO_TOUCH_PAD4_SLP_SEL | RTC_IO_TOUCH_PAD4_SLP_OE | RTC_IO_TOUCH_PAD4_SLP_IE);
    note(31, RTC_IO_RTC_GPIO_IN >> (10 + OTHER) & 1);
    note(32, slept(EXT1));
    note(33, cause());
    clear_bits(pad, RTC_IO_TOUCH_PAD4_SLP_SEL | RTC_IO_TOUCH_PAD4_SLP_OE | RTC_IO_TOUCH_PAD4_SLP_IE);
    RTC_IO_RTC_GPIO_OUT_W1TC = BIT(10 + OTHER);

    /* A source that is not enabled wakes nobody. */
    ext1(BIT(WAVE), 1);
    wait_for(0);
    note(13, slept(0) >= 190);
    note(14, cause());

    /* What would wake the chip at once may refuse sleep instead. */
    ext1(BIT(OTHER), 1);
    ext0(1);
    wait_for(1);
    RTC_CNTL_SLP_REJECT_CONF = RTC_CNTL_SLP_REJECT_CONF_LIGHT_SLP_REJECT_EN | field(RTC_CNTL_SLP_REJECT_CONF_SLEEP_REJECT_ENA, EXT0);
    note(15, slept(EXT0));
    note(16, RTC_CNTL_INT_RAW_RTC & RTC_CNTL_INT_SLP_REJECT);
    note(17, field_get(RTC_CNTL_SLP_REJECT_CAUSE, RTC_CNTL_SLP_REJECT_CAUSE_REJECT_CAUSE));
    RTC_CNTL_SLP_REJECT_CONF = 0;
}

static void digital(void) {
    rtc_let_go(WAVE);
    gpio_input(WAVE, PULL_NONE);
    WAIT_UNTIL(gpio_get(WAVE), 100000);
    WAIT_UNTIL(!gpio_get(WAVE), 100000);
    GPIO_PIN(WAVE) = GPIO_PIN_WAKEUP_ENABLE | field(GPIO_PIN_INT_TYPE, INT_HIGH);
    note(18, slept(GPIO));
    note(19, cause());
    GPIO_PIN(WAVE) = 0;
    /* A digital pad with settings for sleep: pulled down, and up as soon as the chip sleeps. */
    gpio_input(DIGITAL, PULL_DOWN);
    GPIO_PIN(DIGITAL) = GPIO_PIN_WAKEUP_ENABLE | field(GPIO_PIN_INT_TYPE, INT_HIGH);
    note(34, slept(GPIO) >= 190);
    set_bits(&IO_MUX_GPIO(DIGITAL), IO_MUX_GPIO_SLP_SEL | IO_MUX_GPIO_MCU_IE | IO_MUX_GPIO_MCU_WPU);
    note(35, gpio_get(DIGITAL));
    note(36, slept(GPIO));
    note(37, cause());
    GPIO_PIN(DIGITAL) = 0;
    clear_bits(&IO_MUX_GPIO(DIGITAL), IO_MUX_GPIO_SLP_SEL);
    /* Three edges at the input of UART0. */
    gpio_in_signal(12, WAVE);
    field_set(&UART_SLEEP_CONF(0), UART_SLEEP_CONF_ACTIVE_THRESHOLD, 0);
    set_bits(&UART_ID(0), UART_ID_REG_UPDATE);
    note(20, slept(UART0));
    note(21, cause());
}

static void touch(void) {
    RTC_CNTL_TOUCH_CTRL1 = field(RTC_CNTL_TOUCH_CTRL1_TOUCH_MEAS_NUM, 500) | field(RTC_CNTL_TOUCH_CTRL1_TOUCH_SLEEP_CYCLES, 15);
    field_set(&RTC_CNTL_TOUCH_SCAN_CTRL, RTC_CNTL_TOUCH_SCAN_CTRL_TOUCH_SCAN_PAD_MAP, BIT(PAD));
    RTC_CNTL_TOUCH_DAC = field(RTC_CNTL_TOUCH_DAC_TOUCH_PAD2_DAC, 7);
    RTC_CNTL_TOUCH_FILTER_CTRL = RTC_CNTL_TOUCH_FILTER_CTRL_TOUCH_FILTER_EN;
    field_set(&SENS_SAR_TOUCH_CONF, SENS_SAR_TOUCH_CONF_SAR_TOUCH_OUTEN, BIT(PAD));
    (&SENS_SAR_TOUCH_THRES1)[PAD - 1] = 2000;
    uint32_t active = BIT(PAD) & field_mask(SENS_SAR_TOUCH_CHN_ST_SAR_TOUCH_PAD_ACTIVE);
    set_bits(&RTC_CNTL_TOUCH_CTRL2, RTC_CNTL_TOUCH_CTRL2_TOUCH_SLP_TIMER_EN);
    WAIT_UNTIL(SENS_SAR_TOUCH_CHN_ST & active, 200000);
    WAIT_UNTIL(!(SENS_SAR_TOUCH_CHN_ST & active), 200000);
    note(22, slept(TOUCH));
    note(23, cause());
    note(24, SENS_SAR_TOUCH_CHN_ST & active);
    clear_bits(&RTC_CNTL_TOUCH_CTRL2, RTC_CNTL_TOUCH_CTRL2_TOUCH_SLP_TIMER_EN);
}

static void probes(void) {
    if (reason() == 1)
        kept.step = kept.count = 0;
    rtc_input(WAVE, 0);
    rtc_input(OTHER, 1);
    switch (kept.step++) {
    case 0:
        pins();
        digital();
        touch();
        rtc_input(WAVE, 0);
        ext1(BIT(WAVE), 1);
        wait_for(0);
        sleep(EXT1, 1);
        for (;;) {
        }
    case 1:
        note(25, reason());
        note(26, cause());
        note(27, ext1_status());
        wait_for(1);
        ext0(0);
        sleep(EXT0, 1);
        for (;;) {
        }
    default:
        note(28, reason());
        note(29, cause());
    }
    for (uint32_t n = 0; n < kept.count; n++)
        probe(kept.pair[n][0], kept.pair[n][1]);
}
