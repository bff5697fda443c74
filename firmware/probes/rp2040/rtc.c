/* Real-time clock: one date goes past midnight at the end of February of a leap year, another of a common year. */
#include "probe.h"

#define CTRL_ENABLE BIT(0)
#define CTRL_ACTIVE BIT(1)
#define CTRL_LOAD BIT(4)
#define MATCH_ENA BIT(28)
#define MATCH_ACTIVE BIT(29)
#define SECONDS(n) ((n) * 1000000u)

static volatile uint32_t alarms;
void isr_RTC_IRQ(void) {
    alarms++;
    clear_bits(&RTC->IRQ_SETUP_0, MATCH_ENA);
}

static void set(uint32_t year, uint32_t month, uint32_t day, uint32_t weekday, uint32_t hour, uint32_t minute, uint32_t second) {
    RTC->CTRL = 0;
    WAIT_UNTIL(!(RTC->CTRL & CTRL_ACTIVE), 1000);
    RTC->SETUP_0 = year << 12 | month << 8 | day;
    RTC->SETUP_1 = weekday << 24 | hour << 16 | minute << 8 | second;
    RTC->CTRL = CTRL_LOAD;
    RTC->CTRL = CTRL_ENABLE;
    WAIT_UNTIL(RTC->CTRL & CTRL_ACTIVE, 1000);
}

/* RTC_0 first: reading it latches the date (4.8.4). */
static void read(uint32_t id) {
    probe(id, RTC->RTC_0);
    probe(id + 1, RTC->RTC_1);
}

static void probes(void) {
    unreset(RESET_RTC);
    RTC->CLKDIV_M1 = 46875 - 1;
    set(2024, 2, 28, 3, 23, 59, 58);
    sleep_us(SECONDS(1) / 2);
    read(1);
    sleep_us(SECONDS(2));
    read(3);
    set(2023, 2, 28, 2, 23, 59, 59);
    sleep_us(SECONDS(3) / 2);
    read(5);
    set(2023, 12, 31, 0, 23, 59, 59);
    sleep_us(SECONDS(3) / 2);
    read(7);
    /* 2100 is no leap year, but the hardware divides by four only: FORCE_NOTLEAPYEAR is there for software. */
    set(2100, 2, 28, 0, 23, 59, 59);
    sleep_us(SECONDS(3) / 2);
    read(9);

    set(2024, 6, 1, 6, 12, 0, 0);
    RTC->INTE = 1;
    irq_enable(RTC_IRQ);
    RTC->IRQ_SETUP_0 = 0;
    RTC->IRQ_SETUP_1 = BIT(28) | 2; /* second 2 of any minute */
    set_bits(&RTC->IRQ_SETUP_0, MATCH_ENA);
    WAIT_UNTIL(RTC->IRQ_SETUP_0 & MATCH_ACTIVE, 1000);
    sleep_us(SECONDS(3) / 2);
    probe(11, alarms);
    sleep_us(SECONDS(1));
    probe(12, alarms);
    probe(13, RTC->INTR & 1);
}
