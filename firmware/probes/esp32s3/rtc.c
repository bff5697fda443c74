/* RTC_CNTL: reset reasons, what each reset keeps, deep sleep and light sleep by the timer, store registers, RTC timer.
 *
 * The probe starts many times; what it has seen waits in RTC memory, which all of these resets keep.
 */
#include "probe.h"
#include "reg/rtc_cntl.h"
#include "reg/timg.h"

#define KEY 0x50d83aa1u
#define STAGE_SYSTEM_RESET 3
#define STAGE_RTC_SYSTEM_RESET 3 /* of the RTC watchdog; 4 resets the RTC domain too */
#define WAKE_TIMER BIT(3)
#define SLEEP_TICKS 6800 /* 50 ms of 136 kHz */
#define LIMIT 32

enum step { FIRST, AFTER_SYSTEM, AFTER_CPU, AFTER_TIMG, AFTER_RTC_WATCHDOG, AFTER_DEEP_SLEEP };

RTC_NOINIT static struct {
    uint32_t step, count, pair[LIMIT][2], slept_from;
} kept;
NOINIT static volatile uint32_t in_sram;

static void note(uint32_t id, uint32_t value) {
    kept.pair[kept.count][0] = id;
    kept.pair[kept.count++][1] = value;
}

static uint32_t reason(void) { return field_get(RTC_CNTL_RESET_STATE, RTC_CNTL_RESET_STATE_RESET_CAUSE_PROCPU); }

static uint64_t rtc_time(void) {
    set_bits(&RTC_CNTL_TIME_UPDATE, RTC_CNTL_TIME_UPDATE_TIME_UPDATE);
    delay_us(20);
    return (uint64_t)RTC_CNTL_TIME_HIGH0 << 32 | RTC_CNTL_TIME_LOW0;
}

static void sleep(uint32_t deep) {
    uint64_t wake = rtc_time() + SLEEP_TICKS;
    RTC_CNTL_SLP_TIMER0 = (uint32_t)wake;
    RTC_CNTL_SLP_TIMER1 = (uint32_t)(wake >> 32) | RTC_CNTL_SLP_TIMER1_MAIN_TIMER_ALARM_EN;
    field_set(&RTC_CNTL_WAKEUP_STATE, RTC_CNTL_WAKEUP_STATE_WAKEUP_ENA, WAKE_TIMER);
    if (deep)
        set_bits(&RTC_CNTL_DIG_PWC, RTC_CNTL_DIG_PWC_DG_WRAP_PD_EN);
    set_bits(&RTC_CNTL_STATE0, RTC_CNTL_STATE0_SLEEP_EN);
    for (volatile int n = 0; n < 100; n++) { /* it takes a moment to fall asleep */
    }
}

static void wait_for_reset(void) {
    for (;;) {
    }
}

static void probes(void) {
    if (reason() == 1)
        kept.step = kept.count = 0;
    switch ((enum step)kept.step++) {
    case FIRST: {
        note(1, reason());
        in_sram = 0x1234;
        RTC_CNTL_STORE0 = 0xfeed;
        uint64_t then = time_us(), ticks = rtc_time();
        delay_us(10000);
        note(2, (uint32_t)(rtc_time() - ticks));
        note(3, (uint32_t)(time_us() - then) > 10000);
        /* Light sleep: everything goes on where it stopped. */
        ticks = rtc_time();
        sleep(0);
        note(4, (uint32_t)(rtc_time() - ticks));
        note(5, field_get(RTC_CNTL_SLP_WAKEUP_CAUSE, RTC_CNTL_SLP_WAKEUP_CAUSE_WAKEUP_CAUSE));
        note(6, in_sram);
        set_bits(&RTC_CNTL_OPTIONS0, RTC_CNTL_OPTIONS0_SW_SYS_RST);
        wait_for_reset();
        break;
    }
    case AFTER_SYSTEM:
        note(7, reason());
        note(8, RTC_CNTL_STORE0);
        set_bits(&RTC_CNTL_OPTIONS0, RTC_CNTL_OPTIONS0_SW_PROCPU_RST);
        wait_for_reset();
        break;
    case AFTER_CPU:
        note(9, reason());
        TIMG_WDTWPROTECT(0) = KEY;
        TIMG_WDTCONFIG1(0) = field(TIMG_WDTCONFIG1_WDT_CLK_PRESCALE, 8000);
        TIMG_WDTCONFIG2(0) = 10;
        TIMG_WDTCONFIG0(0) = TIMG_WDTCONFIG0_WDT_EN | field(TIMG_WDTCONFIG0_WDT_STG0, STAGE_SYSTEM_RESET) |
                             field(TIMG_WDTCONFIG0_WDT_SYS_RESET_LENGTH, 7) | field(TIMG_WDTCONFIG0_WDT_CPU_RESET_LENGTH, 7);
        wait_for_reset();
        break;
    case AFTER_TIMG:
        note(10, reason());
        RTC_CNTL_WDTWPROTECT = KEY;
        RTC_CNTL_WDTCONFIG1 = 1360;
        RTC_CNTL_WDTCONFIG0 = RTC_CNTL_WDTCONFIG0_WDT_EN | field(RTC_CNTL_WDTCONFIG0_WDT_STG0, STAGE_RTC_SYSTEM_RESET) |
                              field(RTC_CNTL_WDTCONFIG0_WDT_SYS_RESET_LENGTH, 7) |
                              field(RTC_CNTL_WDTCONFIG0_WDT_CPU_RESET_LENGTH, 7);
        wait_for_reset();
        break;
    case AFTER_RTC_WATCHDOG: {
        note(11, reason());
        uint64_t ticks = rtc_time();
        kept.slept_from = (uint32_t)ticks;
        in_sram = 0x5678;
        sleep(1);
        wait_for_reset();
        break;
    }
    case AFTER_DEEP_SLEEP: {
        note(12, reason());
        note(13, field_get(RTC_CNTL_SLP_WAKEUP_CAUSE, RTC_CNTL_SLP_WAKEUP_CAUSE_WAKEUP_CAUSE));
        note(14, (uint32_t)rtc_time() - kept.slept_from);
        note(15, RTC_CNTL_STORE0);
        note(16, in_sram == 0x5678);
        break;
    }
    }
    for (uint32_t n = 0; n < kept.count; n++)
        probe(kept.pair[n][0], kept.pair[n][1]);
}
