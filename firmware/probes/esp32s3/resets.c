/* What else resets the chip: each watchdog and its stages, the super watchdog, and the brown-out detector, whose supply the
 * test lets drop. The probe starts many times; what it has seen waits in RTC memory. Watchdogs are set up as by ESP-IDF's
 * mwdt_ll.h, rwdt_ll.h; the detector as by brownout_ll.h. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/rtc_cntl.h"
#include "reg/timg.h"

#define WDT_KEY 0x50d83aa1u
#define SWD_KEY 0x8f1d312au
enum { NOTHING, INTERRUPT, RESET_CPU, RESET_CORE, RESET_SYSTEM };
#define LIMIT 32
#define TICKS_MS 136 /* RC_SLOW */
#define SUPPLY 4     /* high: the test lets the supply drop */

enum step { FIRST, AFTER_MWDT0_CPU, AFTER_MWDT1_CPU, AFTER_MWDT1, AFTER_RTC_CPU, AFTER_RTC_SYSTEM, AFTER_SUPER, AFTER_BROWN_OUT };

RTC_NOINIT static struct {
    uint32_t step, count, pair[LIMIT][2];
} kept;

static void note(uint32_t id, uint32_t value) {
    kept.pair[kept.count][0] = id;
    kept.pair[kept.count++][1] = value;
}

static uint32_t reason(void) { return field_get(RTC_CNTL_RESET_STATE, RTC_CNTL_RESET_STATE_RESET_CAUSE_PROCPU); }
static uint32_t raised(uint32_t bit) { return (RTC_CNTL_INT_RAW_RTC & bit) != 0; }

static void wait_for_reset(void) {
    for (;;) {
    }
}

/* 10 ms of half a millisecond each for the first stage. */
static void group(uint32_t n, uint32_t action) {
    TIMG_WDTWPROTECT(n) = WDT_KEY;
    TIMG_WDTCONFIG1(n) = field(TIMG_WDTCONFIG1_WDT_CLK_PRESCALE, 40000);
    TIMG_WDTCONFIG2(n) = 20;
    TIMG_WDTCONFIG0(n) = TIMG_WDTCONFIG0_WDT_EN | field(TIMG_WDTCONFIG0_WDT_STG0, action) |
                         TIMG_WDTCONFIG0_WDT_PROCPU_RESET_EN | field(TIMG_WDTCONFIG0_WDT_SYS_RESET_LENGTH, 7) |
                         field(TIMG_WDTCONFIG0_WDT_CPU_RESET_LENGTH, 7);
}

/* The first stage interrupts after 10 ms; the second, 5 ms later, does this. */
static void rtc(uint32_t action) {
    RTC_CNTL_WDTWPROTECT = WDT_KEY;
    RTC_CNTL_INT_CLR_RTC = RTC_CNTL_INT_WDT;
    RTC_CNTL_WDTCONFIG1 = 10 * TICKS_MS / 2; /* the fuse WDT_DELAY_SEL doubles it at least */
    RTC_CNTL_WDTCONFIG2 = 5 * TICKS_MS;
    RTC_CNTL_WDTCONFIG0 = RTC_CNTL_WDTCONFIG0_WDT_EN | field(RTC_CNTL_WDTCONFIG0_WDT_STG0, INTERRUPT) |
                          field(RTC_CNTL_WDTCONFIG0_WDT_STG1, action) | RTC_CNTL_WDTCONFIG0_WDT_PROCPU_RESET_EN |
                          field(RTC_CNTL_WDTCONFIG0_WDT_SYS_RESET_LENGTH, 7) |
                          field(RTC_CNTL_WDTCONFIG0_WDT_CPU_RESET_LENGTH, 7);
}

static void brown_out(uint32_t reset) {
    RTC_CNTL_INT_CLR_RTC = RTC_CNTL_INT_BROWN_OUT;
    RTC_CNTL_BROWN_OUT = RTC_CNTL_BROWN_OUT_BROWN_OUT_ENA | field(RTC_CNTL_BROWN_OUT_BROWN_OUT_INT_WAIT, 2) |
                         field(RTC_CNTL_BROWN_OUT_BROWN_OUT_RST_WAIT, 0x3ff) | (reset ? RTC_CNTL_BROWN_OUT_BROWN_OUT_RST_ENA : 0);
    gpio_output(SUPPLY, 1);
    delay_us(5000);
    gpio_output(SUPPLY, 0);
    delay_us(5000);
}

static void probes(void) {
    log_flush(); /* what the ROM has said: a reset of the processor would cut it off somewhere */
    if (reason() == 1)
        kept.step = kept.count = 0;
    switch ((enum step)kept.step++) {
    case FIRST:
        note(1, reason());
        group(0, RESET_CPU);
        wait_for_reset();
        break;
    case AFTER_MWDT0_CPU:
        note(2, reason());
        group(1, RESET_CPU);
        wait_for_reset();
        break;
    case AFTER_MWDT1_CPU:
        note(3, reason());
        group(1, RESET_CORE);
        wait_for_reset();
        break;
    case AFTER_MWDT1: {
        note(4, reason());
        uint64_t then = time_us();
        rtc(RESET_CPU);
        WAIT_UNTIL(raised(RTC_CNTL_INT_WDT), 100000);
        note(5, (uint32_t)(time_us() - then));
        wait_for_reset();
        break;
    }
    case AFTER_RTC_CPU:
        note(6, reason());
        RTC_CNTL_STORE0 = 0xfeed;
        rtc(RESET_SYSTEM);
        wait_for_reset();
        break;
    case AFTER_RTC_SYSTEM:
        note(7, reason());
        note(8, RTC_CNTL_STORE0);
        /* Nobody feeds the super watchdog: it asks, then it resets. */
        RTC_CNTL_INT_CLR_RTC = RTC_CNTL_INT_SWD;
        clear_bits(&RTC_CNTL_SWD_CONF, RTC_CNTL_SWD_CONF_SWD_AUTO_FEED_EN);
        note(9, (RTC_CNTL_SWD_CONF & RTC_CNTL_SWD_CONF_SWD_AUTO_FEED_EN) != 0);
        RTC_CNTL_SWD_WPROTECT = SWD_KEY;
        clear_bits(&RTC_CNTL_SWD_CONF, RTC_CNTL_SWD_CONF_SWD_AUTO_FEED_EN);
        note(10, (RTC_CNTL_SWD_CONF & RTC_CNTL_SWD_CONF_SWD_AUTO_FEED_EN) != 0);
        WAIT_UNTIL(raised(RTC_CNTL_INT_SWD), 2000000);
        note(11, raised(RTC_CNTL_INT_SWD));
        set_bits(&RTC_CNTL_SWD_CONF, RTC_CNTL_SWD_CONF_SWD_FEED);
        RTC_CNTL_INT_CLR_RTC = RTC_CNTL_INT_SWD;
        note(12, raised(RTC_CNTL_INT_SWD));
        wait_for_reset();
        break;
    case AFTER_SUPER:
        note(13, reason());
        gpio_output(SUPPLY, 0);
        delay_us(5000);
        RTC_CNTL_BROWN_OUT = 0;
        note(14, raised(RTC_CNTL_INT_BROWN_OUT));
        brown_out(0);
        note(15, raised(RTC_CNTL_INT_BROWN_OUT));
        brown_out(1);
        wait_for_reset();
        break;
    case AFTER_BROWN_OUT:
        note(16, reason());
        break;
    }
    for (uint32_t n = 0; n < kept.count; n++)
        probe(kept.pair[n][0], kept.pair[n][1]);
}
