/* The touch sensor: two pads scanned by the timer, one of them touched and let go by the test; a scan by software. */
#include "probe.h"
#include "reg/rtc_cntl.h"
#include "reg/sens.h"

#define PAD 2   /* GPIO2 */
#define OTHER 5 /* GPIO5 */
#define READING(pad) ((&SENS_SAR_TOUCH_STATUS0)[pad] & 0x3fffff)
#define THRESHOLD(pad) (&SENS_SAR_TOUCH_THRES1)[(pad) - 1]
enum { RAW = 0, BENCHMARK = 2, SMOOTH = 3 };

static uint32_t data(uint32_t kind, uint32_t pad) {
    field_set(&SENS_SAR_TOUCH_CONF, SENS_SAR_TOUCH_CONF_SAR_TOUCH_DATA_SEL, kind);
    return READING(pad);
}

static uint32_t raw(void) { return RTC_CNTL_INT_RAW_RTC; }
static uint32_t active(void) { return SENS_SAR_TOUCH_CHN_ST & field_mask(SENS_SAR_TOUCH_CHN_ST_SAR_TOUCH_PAD_ACTIVE); }

static void probes(void) {
    RTC_CNTL_TOUCH_CTRL1 = field(RTC_CNTL_TOUCH_CTRL1_TOUCH_MEAS_NUM, 500) | field(RTC_CNTL_TOUCH_CTRL1_TOUCH_SLEEP_CYCLES, 15);
    field_set(&RTC_CNTL_TOUCH_SCAN_CTRL, RTC_CNTL_TOUCH_SCAN_CTRL_TOUCH_SCAN_PAD_MAP, BIT(PAD) | BIT(OTHER));
    RTC_CNTL_TOUCH_DAC = field(RTC_CNTL_TOUCH_DAC_TOUCH_PAD2_DAC, 7) | field(RTC_CNTL_TOUCH_DAC_TOUCH_PAD5_DAC, 7);
    RTC_CNTL_TOUCH_FILTER_CTRL = RTC_CNTL_TOUCH_FILTER_CTRL_TOUCH_FILTER_EN;
    field_set(&SENS_SAR_TOUCH_CONF, SENS_SAR_TOUCH_CONF_SAR_TOUCH_OUTEN, 0x7fff);
    THRESHOLD(PAD) = 2000;
    THRESHOLD(OTHER) = 2000;

    /* One scan that software starts. */
    uint32_t timed = RTC_CNTL_TOUCH_CTRL2 & ~(RTC_CNTL_TOUCH_CTRL2_TOUCH_SLP_TIMER_EN | RTC_CNTL_TOUCH_CTRL2_TOUCH_START_EN);
    RTC_CNTL_INT_CLR_RTC = 0xffffffff;
    RTC_CNTL_TOUCH_CTRL2 = timed | RTC_CNTL_TOUCH_CTRL2_TOUCH_START_FORCE;
    RTC_CNTL_TOUCH_CTRL2 = timed | RTC_CNTL_TOUCH_CTRL2_TOUCH_START_FORCE | RTC_CNTL_TOUCH_CTRL2_TOUCH_START_EN;
    RTC_CNTL_TOUCH_CTRL2 = timed | RTC_CNTL_TOUCH_CTRL2_TOUCH_START_FORCE;
    probe(1, raw() & RTC_CNTL_INT_TOUCH_SCAN_DONE);
    WAIT_UNTIL(raw() & RTC_CNTL_INT_TOUCH_SCAN_DONE, 20000);
    probe(2, raw() & (RTC_CNTL_INT_TOUCH_SCAN_DONE | RTC_CNTL_INT_TOUCH_DONE));
    probe(3, SENS_SAR_TOUCH_CHN_ST >> 31);
    uint32_t first = data(RAW, PAD), second = data(RAW, OTHER);
    probe(4, first > 0);
    probe(5, second * 1000 / first);
    delay_us(5000);
    RTC_CNTL_INT_CLR_RTC = 0xffffffff;
    delay_us(10000);
    probe(6, raw() & RTC_CNTL_INT_TOUCH_SCAN_DONE);

    /* Scans by the timer; the test touches GPIO2, then lets it go. */
    RTC_CNTL_TOUCH_CTRL2 = timed | RTC_CNTL_TOUCH_CTRL2_TOUCH_SLP_TIMER_EN;
    WAIT_UNTIL(raw() & RTC_CNTL_INT_TOUCH_SCAN_DONE, 20000);
    probe(7, raw() & RTC_CNTL_INT_TOUCH_SCAN_DONE);
    probe(8, active());
    uint32_t before = data(BENCHMARK, PAD);
    RTC_CNTL_INT_CLR_RTC = 0xffffffff;
    WAIT_UNTIL(raw() & RTC_CNTL_INT_TOUCH_ACTIVE, 200000);
    probe(9, raw() & RTC_CNTL_INT_TOUCH_ACTIVE);
    probe(10, active());
    probe(11, data(BENCHMARK, PAD) * 1000 / before);
    delay_us(10000);
    probe(12, data(SMOOTH, PAD) * 1000 / before);
    WAIT_UNTIL(raw() & RTC_CNTL_INT_TOUCH_INACTIVE, 200000);
    probe(13, raw() & RTC_CNTL_INT_TOUCH_INACTIVE);
    probe(14, active());

    /* GPIO5 as a proximity channel: three readings add up, where the benchmark stands elsewhere. */
    RTC_CNTL_TOUCH_CTRL2 = timed;
    field_set(&RTC_CNTL_TOUCH_APPROACH, RTC_CNTL_TOUCH_APPROACH_TOUCH_APPROACH_MEAS_TIME, 3);
    field_set(&SENS_SAR_TOUCH_CONF, SENS_SAR_TOUCH_CONF_SAR_TOUCH_APPROACH_PAD0, OTHER);
    RTC_CNTL_INT_CLR_RTC = 0xffffffff;
    RTC_CNTL_TOUCH_CTRL2 = timed | RTC_CNTL_TOUCH_CTRL2_TOUCH_SLP_TIMER_EN;
    WAIT_UNTIL(raw() & RTC_CNTL_INT_TOUCH_APPROACH_LOOP_DONE, 100000);
    probe(15, raw() & RTC_CNTL_INT_TOUCH_APPROACH_LOOP_DONE);
    probe(16, data(BENCHMARK, OTHER) * 1000 / data(RAW, OTHER));
    probe(17, SENS_SAR_TOUCH_STATUS16 >> 16 & 0xff);
}
