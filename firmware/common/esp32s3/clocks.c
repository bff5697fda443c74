/* Clocks, resets, watchdogs and time. ESP32-S3 TRM, chapters "Reset and Clock", "System Registers", "Low-power
 * Management", "Watchdog Timers", "System Timer"; what the PLL needs is in ESP-IDF hal/esp32s3 clk_tree_ll.h. */
#include "reg/rtc_cntl.h"
#include "reg/system.h"
#include "reg/systimer.h"
#include "reg/timg.h"
#include "runtime.h"

#define WDT_KEY 0x50d83aa1u
#define SWD_KEY 0x8f1d312au
#define SOC_CLK_XTAL 0
#define SOC_CLK_PLL 1

void watchdogs_off(void) {
    RTC_CNTL_WDTWPROTECT = WDT_KEY;
    RTC_CNTL_WDTCONFIG0 = 0;
    RTC_CNTL_WDTWPROTECT = 0;
    RTC_CNTL_SWD_WPROTECT = SWD_KEY;
    set_bits(&RTC_CNTL_SWD_CONF, RTC_CNTL_SWD_CONF_SWD_AUTO_FEED_EN);
    RTC_CNTL_SWD_WPROTECT = 0;
    for (uint32_t n = 0; n < 2; n++) {
        TIMG_WDTWPROTECT(n) = WDT_KEY;
        TIMG_WDTCONFIG0(n) = 0;
        TIMG_WDTWPROTECT(n) = 0;
    }
}

void cpu_mhz(uint32_t mhz) {
    if (mhz == 40) {
        field_set(&SYSTEM_SYSCLK_CONF, SYSTEM_SYSCLK_CONF_PRE_DIV_CNT, 0);
        field_set(&SYSTEM_SYSCLK_CONF, SYSTEM_SYSCLK_CONF_SOC_CLK_SEL, SOC_CLK_XTAL);
        return;
    }
    clear_bits(&RTC_CNTL_OPTIONS0, RTC_CNTL_OPTIONS0_BB_I2C_FORCE_PD | RTC_CNTL_OPTIONS0_BBPLL_FORCE_PD |
                                       RTC_CNTL_OPTIONS0_BBPLL_I2C_FORCE_PD);
    set_bits(&SYSTEM_CPU_PER_CONF, SYSTEM_CPU_PER_CONF_PLL_FREQ_SEL); /* 480 MHz */
    field_set(&SYSTEM_CPU_PER_CONF, SYSTEM_CPU_PER_CONF_CPUPERIOD_SEL, mhz / 80 - 1);
    field_set(&SYSTEM_SYSCLK_CONF, SYSTEM_SYSCLK_CONF_PRE_DIV_CNT, 0);
    field_set(&SYSTEM_SYSCLK_CONF, SYSTEM_SYSCLK_CONF_SOC_CLK_SEL, SOC_CLK_PLL);
}

void clocks_init(void) {
    watchdogs_off();
    cpu_mhz(240);
    peripheral_on(PERIP_SYSTIMER);
}

static volatile uint32_t *in_bank(volatile uint32_t *bank, enum peripheral bit) { return bank + bit / 32; }

void peripheral_reset(enum peripheral bit) {
    set_bits(in_bank(&SYSTEM_PERIP_RST_EN0, bit), BIT(bit % 32));
    clear_bits(in_bank(&SYSTEM_PERIP_RST_EN0, bit), BIT(bit % 32));
}

void peripheral_on(enum peripheral bit) {
    set_bits(in_bank(&SYSTEM_PERIP_CLK_EN0, bit), BIT(bit % 32));
    clear_bits(in_bank(&SYSTEM_PERIP_RST_EN0, bit), BIT(bit % 32));
}

uint64_t systimer_ticks(void) {
    SYSTIMER_UNIT0_OP = SYSTIMER_UNIT0_OP_TIMER_UNIT0_UPDATE;
    while (!(SYSTIMER_UNIT0_OP & SYSTIMER_UNIT0_OP_TIMER_UNIT0_VALUE_VALID)) {
    }
    uint32_t low = SYSTIMER_UNIT0_VALUE_LO, high, again;
    for (;; low = again) { /* the other core may latch another value in between */
        high = SYSTIMER_UNIT0_VALUE_HI;
        again = SYSTIMER_UNIT0_VALUE_LO;
        if (again == low)
            return (uint64_t)high << 32 | low;
    }
}

void delay_us(uint32_t us) {
    for (uint64_t end = systimer_ticks() + (uint64_t)us * 16; systimer_ticks() < end;) {
    }
}
