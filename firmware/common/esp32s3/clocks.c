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

/* The registers of the analog parts lie behind a bus of their own (ESP-IDF soc/regi2c_defs.h, soc/regi2c_bbpll.h). */
#define ANALOG_COMMAND REG(0x6000e004u)
#define ANALOG_BUSY BIT(25)
#define ANALOG_WRITE BIT(24)
#define ANALOG_CONF0 REG(0x6000e040u)
#define ANALOG_CONFIG REG(0x6000e044u)
#define PLL_OFF BIT(17)
#define PLL_STOP_FORCE_HIGH BIT(2)
#define PLL_STOP_FORCE_LOW BIT(3)
#define PLL_CALIBRATED BIT(24)
#define PLL 0x66u

static uint32_t pll_command(uint32_t command) {
    ANALOG_COMMAND = PLL | command;
    while (ANALOG_COMMAND & ANALOG_BUSY) {
    }
    return ANALOG_COMMAND >> 16 & 0xff;
}
static void pll_write(uint32_t reg, uint32_t value) { pll_command(ANALOG_WRITE | value << 16 | reg << 8); }
static void pll_change(uint32_t reg, uint32_t mask, uint32_t bits) { pll_write(reg, (pll_command(reg << 8) & ~mask) | bits); }

/* 480 MHz from a crystal of 40 MHz. */
static void pll_start(void) {
    clear_bits(&RTC_CNTL_OPTIONS0, RTC_CNTL_OPTIONS0_BB_I2C_FORCE_PD | RTC_CNTL_OPTIONS0_BBPLL_FORCE_PD |
                                       RTC_CNTL_OPTIONS0_BBPLL_I2C_FORCE_PD);
    set_bits(&SYSTEM_CPU_PER_CONF, SYSTEM_CPU_PER_CONF_PLL_FREQ_SEL);
    clear_bits(&ANALOG_CONFIG, PLL_OFF);
    clear_bits(&ANALOG_CONF0, PLL_STOP_FORCE_HIGH);
    set_bits(&ANALOG_CONF0, PLL_STOP_FORCE_LOW);
    pll_write(4, 0x6b);        /* MODE_HF and what goes with it */
    pll_write(2, 5 << 4 | 0);  /* OC_DCHGP, OC_REF_DIV */
    pll_write(3, 8);           /* OC_DIV_7_0 */
    pll_change(5, 0x77, 0);    /* OC_DR3, OC_DR1 */
    pll_write(6, 0x40 | 0x30 | 3); /* OC_DLREF_SEL, OC_DHREF_SEL, OC_DCUR */
    pll_change(9, 3, 3);       /* OC_VCO_DBIAS */
    while (!(ANALOG_CONF0 & PLL_CALIBRATED)) {
    }
    for (uint32_t then = cycles(); cycles() - then < 10 * XTAL_HZ / 1000000;) { /* 10 us */
    }
    clear_bits(&ANALOG_CONF0, PLL_STOP_FORCE_LOW);
    set_bits(&ANALOG_CONF0, PLL_STOP_FORCE_HIGH);
}

void cpu_mhz(uint32_t mhz) {
    if (mhz == 40) {
        field_set(&SYSTEM_SYSCLK_CONF, SYSTEM_SYSCLK_CONF_PRE_DIV_CNT, 0);
        field_set(&SYSTEM_SYSCLK_CONF, SYSTEM_SYSCLK_CONF_SOC_CLK_SEL, SOC_CLK_XTAL);
        return;
    }
    if (field_get(SYSTEM_SYSCLK_CONF, SYSTEM_SYSCLK_CONF_SOC_CLK_SEL) != SOC_CLK_PLL)
        pll_start();
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
