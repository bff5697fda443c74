/* Timer groups: general-purpose timers up and down, alarms, reload; the watchdog; calibration of a slow clock. */
#include "probe.h"
#include "reg/timg.h"

#define SOURCE_TG0_T0 50
#define SOURCE_TG0_WDT 52
#define LINE_TIMER 0
#define LINE_WATCHDOG 1
#define KEY 0x50d83aa1u
#define STAGE_INTERRUPT 1
#define CALI_RC_SLOW 0

static volatile uint32_t alarms, barks;
static void on_alarm(void *unused) {
    (void)unused;
    alarms++;
    TIMG_INT_CLR_TIMERS(0) = TIMG_INT_T0;
    set_bits(&TIMG_TCONFIG(0, 0), TIMG_TCONFIG_ALARM_EN);
}
static void on_bark(void *unused) {
    (void)unused;
    barks++;
    TIMG_INT_CLR_TIMERS(0) = TIMG_INT_WDT;
}

static uint32_t value(uint32_t timer) {
    TIMG_TUPDATE(0, timer) = TIMG_TUPDATE_UPDATE;
    WAIT_UNTIL(!(TIMG_TUPDATE(0, timer) & TIMG_TUPDATE_UPDATE), 10);
    return TIMG_TLO(0, timer);
}

static void load(uint32_t timer, uint32_t low) {
    TIMG_TLOADLO(0, timer) = low;
    TIMG_TLOADHI(0, timer) = 0;
    TIMG_TLOAD(0, timer) = 1;
}

static void watchdog(uint32_t config) {
    TIMG_WDTWPROTECT(0) = KEY;
    TIMG_WDTCONFIG1(0) = field(TIMG_WDTCONFIG1_WDT_CLK_PRESCALE, 8000); /* 10 kHz of 80 MHz */
    TIMG_WDTCONFIG2(0) = 10;                                           /* stage 0: 1 ms */
    TIMG_WDTCONFIG3(0) = 100000;
    TIMG_WDTCONFIG0(0) = config;
    TIMG_WDTFEED(0) = 1;
    TIMG_WDTWPROTECT(0) = 0;
}

static void probes(void) {
    peripheral_on(PERIP_TIMG0);
    probe(1, TIMG_TCONFIG(0, 0));

    /* APB by 80: a microsecond a step. */
    TIMG_TCONFIG(0, 0) = field(TIMG_TCONFIG_DIVIDER, 80) | TIMG_TCONFIG_INCREASE;
    load(0, 1000);
    probe(2, value(0));
    set_bits(&TIMG_TCONFIG(0, 0), TIMG_TCONFIG_EN);
    delay_us(100);
    probe(3, value(0));
    clear_bits(&TIMG_TCONFIG(0, 0), TIMG_TCONFIG_EN);
    uint32_t stopped = value(0);
    delay_us(20);
    probe(4, value(0) - stopped);

    /* Down, from the crystal by 40, through zero. */
    TIMG_TCONFIG(0, 1) = field(TIMG_TCONFIG_DIVIDER, 40) | TIMG_TCONFIG_USE_XTAL;
    load(1, 50);
    set_bits(&TIMG_TCONFIG(0, 1), TIMG_TCONFIG_EN);
    delay_us(100);
    probe(5, 0u - value(1));
    value(1);
    probe(6, TIMG_THI(0, 1));
    TIMG_TCONFIG(0, 1) = 0;

    /* Alarms every 50 us by reloading. */
    interrupt_route(0, SOURCE_TG0_T0, LINE_TIMER);
    interrupt_handler(LINE_TIMER, on_alarm, 0);
    load(0, 0);
    TIMG_TALARMLO(0, 0) = 50;
    TIMG_TALARMHI(0, 0) = 0;
    TIMG_INT_ENA_TIMERS(0) = TIMG_INT_T0;
    interrupt_enable(LINE_TIMER);
    TIMG_TCONFIG(0, 0) = field(TIMG_TCONFIG_DIVIDER, 80) | TIMG_TCONFIG_INCREASE | TIMG_TCONFIG_AUTORELOAD |
                         TIMG_TCONFIG_ALARM_EN | TIMG_TCONFIG_EN;
    delay_us(1020);
    probe(7, alarms);
    /* Without software the alarm switches itself off. */
    interrupt_disable(LINE_TIMER);
    delay_us(60);
    probe(8, TIMG_TCONFIG(0, 0) & TIMG_TCONFIG_ALARM_EN);
    probe(9, TIMG_INT_RAW_TIMERS(0) & TIMG_INT_T0);
    TIMG_TCONFIG(0, 0) = 0;

    /* The watchdog: writes need the key; fed it keeps still; stage 0 here only interrupts. */
    interrupt_route(0, SOURCE_TG0_WDT, LINE_WATCHDOG);
    interrupt_handler(LINE_WATCHDOG, on_bark, 0);
    TIMG_INT_ENA_TIMERS(0) = TIMG_INT_WDT;
    interrupt_enable(LINE_WATCHDOG);
    TIMG_WDTCONFIG2(0) = 77;
    probe(10, TIMG_WDTCONFIG2(0) == 77);
    watchdog(TIMG_WDTCONFIG0_WDT_EN | field(TIMG_WDTCONFIG0_WDT_STG0, STAGE_INTERRUPT));
    for (int n = 0; n < 5; n++) {
        delay_us(800);
        TIMG_WDTWPROTECT(0) = KEY;
        TIMG_WDTFEED(0) = 1;
        TIMG_WDTWPROTECT(0) = 0;
    }
    probe(11, barks);
    delay_us(1300);
    probe(12, barks);
    watchdog(0);

    /* 100 cycles of RC_SLOW measured in cycles of the crystal. */
    TIMG_RTCCALICFG(0) = field(TIMG_RTCCALICFG_RTC_CALI_CLK_SEL, CALI_RC_SLOW) | field(TIMG_RTCCALICFG_RTC_CALI_MAX, 100);
    set_bits(&TIMG_RTCCALICFG(0), TIMG_RTCCALICFG_RTC_CALI_START);
    WAIT_UNTIL(TIMG_RTCCALICFG(0) & TIMG_RTCCALICFG_RTC_CALI_RDY, 5000);
    probe(13, field_get(TIMG_RTCCALICFG1(0), TIMG_RTCCALICFG1_RTC_CALI_VALUE));
}
