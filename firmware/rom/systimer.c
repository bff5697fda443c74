/* The system timer in microseconds (ESP-IDF hal/systimer_hal.h of 4.4, soc/systimer_reg.h; ESP32-S3 TRM, chapter System
 * Timer): 16 ticks each. */
#include "rom.h"

#define REG(offset) (*(volatile uint32_t *)(0x60023000u + (offset)))
#define CONF REG(0)
#define UNIT_OP(n) REG(0x04 + 4 * (n))
#define UNIT_LOAD_HI REG(0x0c)
#define UNIT_LOAD_LO(n) REG(0x10 + 8 * (n))
#define TARGET_HI(n) REG(0x1c + 8 * (n))
#define TARGET_LO(n) REG(0x20 + 8 * (n))
#define TARGET_CONF(n) REG(0x34 + 4 * (n))
#define UNIT_VALUE_HI(n) REG(0x40 + 8 * (n))
#define UNIT_VALUE_LO(n) REG(0x44 + 8 * (n))
#define COMP_LOAD(n) REG(0x50 + 4 * (n))
#define UNIT_LOAD(n) REG(0x5c + 4 * (n))
#define INT_ENA REG(0x64)
#define PERIP_CLK_EN0 (*(volatile uint32_t *)0x600c0018u)
#define PERIP_RST_EN0 (*(volatile uint32_t *)0x600c0020u)
enum { HIGH = 0xfffff, UPDATE = 1 << 30, VALID = 1 << 29, PERIOD = 0x3ffffff, PERIOD_MODE = 1 << 30, SYSTIMER = 1 << 29 };
#define CLK_EN (1u << 31)

static uint64_t systimer_hal_get_counter_value(uint32_t unit) {
    uint32_t low, high;
    UNIT_OP(unit) |= UPDATE;
    while (!(UNIT_OP(unit) & VALID))
        ;
    do {
        low = UNIT_VALUE_LO(unit);
        high = UNIT_VALUE_HI(unit) & HIGH;
    } while (low != UNIT_VALUE_LO(unit));
    return (uint64_t)high << 32 | low;
}
ENTRY(systimer_hal_get_counter_value, 0x40000e40);

static uint64_t systimer_hal_get_time(uint32_t unit) { return systimer_hal_get_counter_value(unit) >> 4; }
ENTRY(systimer_hal_get_time, 0x40000e4c);

/* An alarm rests while it is set. */
static uint32_t rest(uint32_t alarm) {
    uint32_t work = 1u << (24 - alarm);
    CONF &= ~work;
    return work;
}

static void load(uint32_t alarm, uint32_t work) {
    COMP_LOAD(alarm) |= 1;
    CONF |= work;
}

static void systimer_hal_set_alarm_target(uint32_t alarm, uint64_t microseconds) {
    uint32_t work = rest(alarm);
    TARGET_LO(alarm) = (uint32_t)(microseconds << 4);
    TARGET_HI(alarm) = (uint32_t)(microseconds >> 28) & HIGH;
    load(alarm, work);
}
ENTRY(systimer_hal_set_alarm_target, 0x40000e58);

static void systimer_hal_set_alarm_period(uint32_t alarm, uint32_t microseconds) {
    uint32_t work = rest(alarm);
    TARGET_CONF(alarm) = (TARGET_CONF(alarm) & ~(uint32_t)PERIOD) | (microseconds << 4 & PERIOD);
    load(alarm, work);
}
ENTRY(systimer_hal_set_alarm_period, 0x40000e64);

static uint64_t systimer_hal_get_alarm_value(uint32_t alarm) {
    uint32_t high = TARGET_HI(alarm);
    return (uint64_t)high << 32 | TARGET_LO(alarm);
}
ENTRY(systimer_hal_get_alarm_value, 0x40000e70);

static void systimer_hal_enable_alarm_int(uint32_t alarm) { INT_ENA |= 1u << alarm; }
ENTRY(systimer_hal_enable_alarm_int, 0x40000e7c);

/* It counts the crystal. */
static void systimer_hal_on_apb_freq_update(uint32_t rate) { (void)rate; }
ENTRY(systimer_hal_on_apb_freq_update, 0x40000e88);

/* The upper half goes to the first counter whatever the argument says: so does the silicon's. */
static void systimer_hal_counter_value_advance(uint32_t unit, uint64_t microseconds) {
    uint64_t value = systimer_hal_get_counter_value(unit) + (microseconds << 4);
    UNIT_LOAD_LO(unit) = (uint32_t)value;
    UNIT_LOAD_HI = (uint32_t)(value >> 32) & HIGH;
    UNIT_LOAD(unit) |= 1;
}
ENTRY(systimer_hal_counter_value_advance, 0x40000e94);

static void systimer_hal_enable_counter(uint32_t unit) { CONF |= 1u << (30 - unit); }
ENTRY(systimer_hal_enable_counter, 0x40000ea0);

static void systimer_hal_init(void) {
    PERIP_CLK_EN0 |= SYSTIMER;
    PERIP_RST_EN0 &= ~(uint32_t)SYSTIMER;
    CONF |= CLK_EN;
}
ENTRY(systimer_hal_init, 0x40000eac);

static void systimer_hal_select_alarm_mode(uint32_t alarm, uint32_t mode) {
    enum { ONCE, PERIODIC };
    if (mode == ONCE)
        TARGET_CONF(alarm) &= ~(uint32_t)PERIOD_MODE;
    else if (mode == PERIODIC)
        TARGET_CONF(alarm) |= PERIOD_MODE;
}
ENTRY(systimer_hal_select_alarm_mode, 0x40000eb8);

/* The silicon's leaves all alarms at the counter that they are at. */
static void systimer_hal_connect_alarm_counter(uint32_t alarm, uint32_t unit) {
    (void)unit;
    TARGET_CONF(alarm) = TARGET_CONF(alarm);
}
ENTRY(systimer_hal_connect_alarm_counter, 0x40000ec4);
