/* Deep sleep that ends by touch, by the timer and by a pin of the RTC's GPIO. The test touches GPIO2
 * again and again and moves GPIO4. The probe starts four times. (wake.c has light sleep, EXT0 and EXT1.) */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/rtc_io.h"
#include "reg/sens.h"
#include "sleep.h"

#define WAVE 4 /* 20 ms low, 20 ms high: the test */
#define PAD 2  /* touched for 30 ms every 60 ms: the test */
#define LIMIT 16
enum { GPIO = BIT(2), TIMER = BIT(3), TOUCH = BIT(8) };
#define HIGH_LEVEL 5

RTC_NOINIT static struct {
    uint32_t step, count, slept_at, pair[LIMIT][2];
} kept;

static void note(uint32_t id, uint32_t value) {
    kept.pair[kept.count][0] = id;
    kept.pair[kept.count++][1] = value;
}

static __attribute__((noreturn)) void sleep(uint32_t sources, uint32_t ms) {
    log_flush();
    kept.slept_at = rtc_time();
    RTC_CNTL_SLP_TIMER0 = kept.slept_at + ms * TICKS_MS;
    RTC_CNTL_SLP_TIMER1 = RTC_CNTL_SLP_TIMER1_MAIN_TIMER_ALARM_EN;
    field_set(&RTC_CNTL_WAKEUP_STATE, RTC_CNTL_WAKEUP_STATE_WAKEUP_ENA, sources | TIMER);
    set_bits(&RTC_CNTL_DIG_PWC, RTC_CNTL_DIG_PWC_DG_WRAP_PD_EN);
    RTC_CNTL_INT_CLR_RTC = 0xffffffff;
    set_bits(&RTC_CNTL_STATE0, RTC_CNTL_STATE0_SLEEP_EN);
    for (;;) {
    }
}

static uint32_t slept_ms(void) { return (rtc_time() - kept.slept_at) / TICKS_MS; }

/* As wake.c has it for light sleep; for deep sleep the pad is TOUCH_SLP_PAD with a threshold of its own. */
static void touch(void) {
    RTC_CNTL_TOUCH_CTRL1 = field(RTC_CNTL_TOUCH_CTRL1_TOUCH_MEAS_NUM, 500) |
                           field(RTC_CNTL_TOUCH_CTRL1_TOUCH_SLEEP_CYCLES, 15);
    field_set(&RTC_CNTL_TOUCH_SCAN_CTRL, RTC_CNTL_TOUCH_SCAN_CTRL_TOUCH_SCAN_PAD_MAP, BIT(PAD));
    RTC_CNTL_TOUCH_DAC = field(RTC_CNTL_TOUCH_DAC_TOUCH_PAD2_DAC, 7);
    RTC_CNTL_TOUCH_FILTER_CTRL = RTC_CNTL_TOUCH_FILTER_CTRL_TOUCH_FILTER_EN;
    field_set(&SENS_SAR_TOUCH_CONF, SENS_SAR_TOUCH_CONF_SAR_TOUCH_OUTEN, BIT(PAD));
    (&SENS_SAR_TOUCH_THRES1)[PAD - 1] = 2000;
    field_set(&RTC_CNTL_TOUCH_SLP_THRES, RTC_CNTL_TOUCH_SLP_THRES_TOUCH_SLP_PAD, PAD);
    field_set(&RTC_CNTL_TOUCH_SLP_THRES, RTC_CNTL_TOUCH_SLP_THRES_TOUCH_SLP_TH, 2000);
    uint32_t active = BIT(PAD) & field_mask(SENS_SAR_TOUCH_CHN_ST_SAR_TOUCH_PAD_ACTIVE);
    set_bits(&RTC_CNTL_TOUCH_CTRL2, RTC_CNTL_TOUCH_CTRL2_TOUCH_SLP_TIMER_EN);
    WAIT_UNTIL(SENS_SAR_TOUCH_CHN_ST & active, 200000);
    WAIT_UNTIL(!(SENS_SAR_TOUCH_CHN_ST & active), 200000);
}

static void probes(void) {
    if (reason() == 1)
        kept.step = kept.count = 0;
    volatile uint32_t *pad = &RTC_IO_TOUCH_PAD4 - 4 + WAVE, *pin = &RTC_IO_PIN(WAVE);
    switch (kept.step++) {
    case 0:
        touch();
        sleep(TOUCH, 200);
    case 1:
        note(1, reason());
        note(2, cause());
        note(3, slept_ms());
        note(4, field_get(RTC_CNTL_TOUCH_SLP_THRES, RTC_CNTL_TOUCH_SLP_THRES_TOUCH_SLP_PAD));
        clear_bits(&RTC_CNTL_TOUCH_CTRL2, RTC_CNTL_TOUCH_CTRL2_TOUCH_SLP_TIMER_EN);
        sleep(0, 30);
    case 2:
        note(5, reason());
        note(6, cause());
        note(7, slept_ms());
        set_bits(pad, RTC_IO_TOUCH_PAD4_MUX_SEL | RTC_IO_TOUCH_PAD4_FUN_IE);
        *pin = RTC_IO_PIN_WAKEUP_ENABLE | field(RTC_IO_PIN_INT_TYPE, HIGH_LEVEL);
        WAIT_UNTIL(RTC_IO_RTC_GPIO_IN >> (10 + WAVE) & 1, 100000);
        WAIT_UNTIL(!(RTC_IO_RTC_GPIO_IN >> (10 + WAVE) & 1), 100000);
        sleep(GPIO, 200);
    default:
        note(8, reason());
        note(9, cause());
        note(10, slept_ms());
        *pin = 0;
    }
    for (uint32_t n = 0; n < kept.count; n++)
        probe(kept.pair[n][0], kept.pair[n][1]);
}
