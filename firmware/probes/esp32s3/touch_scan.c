/* The touch sensor's scan: channels that take too long, the internal channel that noise is taken off by, touches that must
 * last. The test touches GPIO2 for 30 ms every 60 ms. (touch.c has the rest.) */
#include "probe.h"
#include "reg/rtc_cntl.h"
#include "reg/sens.h"

#define PAD 2 /* GPIO2 */

static uint32_t raw(void) { return RTC_CNTL_INT_RAW_RTC; }

static uint32_t timed;
static void scan(uint32_t on) {
    RTC_CNTL_TOUCH_CTRL2 = timed | (on ? RTC_CNTL_TOUCH_CTRL2_TOUCH_SLP_TIMER_EN : 0);
    RTC_CNTL_INT_CLR_RTC = 0xffffffff;
}

static void probes(void) {
    RTC_CNTL_TOUCH_CTRL1 = field(RTC_CNTL_TOUCH_CTRL1_TOUCH_MEAS_NUM, 500) |
                           field(RTC_CNTL_TOUCH_CTRL1_TOUCH_SLEEP_CYCLES, 15);
    field_set(&RTC_CNTL_TOUCH_SCAN_CTRL, RTC_CNTL_TOUCH_SCAN_CTRL_TOUCH_SCAN_PAD_MAP, BIT(PAD));
    RTC_CNTL_TOUCH_DAC = field(RTC_CNTL_TOUCH_DAC_TOUCH_PAD2_DAC, 7);
    RTC_CNTL_TOUCH_FILTER_CTRL = RTC_CNTL_TOUCH_FILTER_CTRL_TOUCH_FILTER_EN;
    field_set(&SENS_SAR_TOUCH_CONF, SENS_SAR_TOUCH_CONF_SAR_TOUCH_OUTEN, 0x7fff);
    (&SENS_SAR_TOUCH_THRES1)[PAD - 1] = 2000;
    timed = RTC_CNTL_TOUCH_CTRL2 & ~(RTC_CNTL_TOUCH_CTRL2_TOUCH_SLP_TIMER_EN | RTC_CNTL_TOUCH_CTRL2_TOUCH_START_EN |
                                     RTC_CNTL_TOUCH_CTRL2_TOUCH_START_FORCE);

    /* A limit that no channel keeps: the scan stands until software says that it is done. */
    RTC_CNTL_TOUCH_TIMEOUT_CTRL = RTC_CNTL_TOUCH_TIMEOUT_CTRL_TOUCH_TIMEOUT_EN | 100;
    scan(1);
    WAIT_UNTIL(raw() & RTC_CNTL_INT_TOUCH_TIMEOUT, 50000);
    probe(1, raw() & (RTC_CNTL_INT_TOUCH_TIMEOUT | RTC_CNTL_INT_TOUCH_SCAN_DONE));
    delay_us(20000);
    probe(2, raw() & RTC_CNTL_INT_TOUCH_SCAN_DONE);
    RTC_CNTL_TOUCH_TIMEOUT_CTRL = 0x3fffff;
    RTC_CNTL_INT_CLR_RTC = 0xffffffff;
    field_set(&RTC_CNTL_TOUCH_CTRL2, RTC_CNTL_TOUCH_CTRL2_TOUCH_TIMER_FORCE_DONE, 3);
    field_set(&RTC_CNTL_TOUCH_CTRL2, RTC_CNTL_TOUCH_CTRL2_TOUCH_TIMER_FORCE_DONE, 0);
    WAIT_UNTIL(raw() & RTC_CNTL_INT_TOUCH_SCAN_DONE, 50000);
    probe(3, raw() & (RTC_CNTL_INT_TOUCH_TIMEOUT | RTC_CNTL_INT_TOUCH_SCAN_DONE));

    /* A scan every 7.5 ms: a touch of 30 ms counts, but not where it must last for seven scans. */
    field_set(&RTC_CNTL_TOUCH_CTRL1, RTC_CNTL_TOUCH_CTRL1_TOUCH_SLEEP_CYCLES, 1000);
    for (uint32_t debounce = 0; debounce <= 7; debounce += 7) {
        scan(0);
        field_set(&RTC_CNTL_TOUCH_FILTER_CTRL, RTC_CNTL_TOUCH_FILTER_CTRL_TOUCH_DEBOUNCE, debounce);
        delay_us(20000);
        scan(1);
        WAIT_UNTIL(raw() & RTC_CNTL_INT_TOUCH_INACTIVE, 200000);
        probe(debounce ? 5 : 4, raw() & (RTC_CNTL_INT_TOUCH_ACTIVE | RTC_CNTL_INT_TOUCH_INACTIVE));
    }
    field_set(&RTC_CNTL_TOUCH_CTRL1, RTC_CNTL_TOUCH_CTRL1_TOUCH_SLEEP_CYCLES, 15);

    /* Noise: the channel T0 is read as well, and of each reading the low bits of that are taken off. */
    scan(0);
    scan(1);
    WAIT_UNTIL(raw() & RTC_CNTL_INT_TOUCH_SCAN_DONE, 50000);
    set_bits(&RTC_CNTL_TOUCH_SCAN_CTRL, RTC_CNTL_TOUCH_SCAN_CTRL_TOUCH_DENOISE_EN);
    RTC_CNTL_INT_CLR_RTC = 0xffffffff;
    WAIT_UNTIL(raw() & RTC_CNTL_INT_TOUCH_SCAN_DONE, 50000);
    RTC_CNTL_INT_CLR_RTC = 0xffffffff;
    WAIT_UNTIL(raw() & RTC_CNTL_INT_TOUCH_SCAN_DONE, 50000);
    probe(6, field_get(SENS_SAR_TOUCH_DENOISE, SENS_SAR_TOUCH_DENOISE_DATA) > 0);
    clear_bits(&RTC_CNTL_TOUCH_SCAN_CTRL, RTC_CNTL_TOUCH_SCAN_CTRL_TOUCH_DENOISE_EN);
    scan(0);
    delay_us(20000);
    RTC_CNTL_INT_CLR_RTC = 0xffffffff;
    delay_us(20000);
    probe(7, raw() & RTC_CNTL_INT_TOUCH_SCAN_DONE);
}
