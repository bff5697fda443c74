/* The clock tree: rates of the CPU and of APB_CLK against the crystal's SYSTIMER for each source and divisor, slow clocks
 * measured by timer group 0, and clocks and resets of a peripheral. ESP-IDF hal/clk_tree_ll.h, hal/clk_gate_ll.h. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/rtc_cntl.h"
#include "reg/system.h"
#include "reg/timg.h"
#include "reg/uart.h"

enum { XTAL, PLL, RC_FAST };
enum { CALI_RC_SLOW, CALI_RC_FAST_DIV, CALI_XTAL32K };

static void source(uint32_t which, uint32_t divisor) {
    field_set(&SYSTEM_SYSCLK_CONF, SYSTEM_SYSCLK_CONF_PRE_DIV_CNT, divisor - 1);
    field_set(&SYSTEM_SYSCLK_CONF, SYSTEM_SYSCLK_CONF_SOC_CLK_SEL, which);
}

/* Rates in kHz: cycles and steps of APB_CLK by 2 in 2 ms. */
static uint32_t apb_khz;
static uint32_t cpu_khz(void) {
    TIMG_TCONFIG(0, 0) = field(TIMG_TCONFIG_DIVIDER, 2) | TIMG_TCONFIG_INCREASE | TIMG_TCONFIG_EN;
    uint64_t began = systimer_ticks();
    TIMG_TUPDATE(0, 0) = TIMG_TUPDATE_UPDATE;
    uint32_t cycle = cycles(), step = TIMG_TLO(0, 0);
    delay_us(2000);
    uint64_t ended = systimer_ticks();
    TIMG_TUPDATE(0, 0) = TIMG_TUPDATE_UPDATE;
    cycle = cycles() - cycle;
    step = TIMG_TLO(0, 0) - step;
    uint32_t ticks = (uint32_t)(ended - began);
    apb_khz = step * 64 / (ticks / 500);
    return cycle / 2 * 64 / (ticks / 500);
}

static uint32_t measure(uint32_t which, uint32_t periods) {
    TIMG_RTCCALICFG(0) = field(TIMG_RTCCALICFG_RTC_CALI_CLK_SEL, which) | field(TIMG_RTCCALICFG_RTC_CALI_MAX, periods);
    field_set(&TIMG_RTCCALICFG2(0), TIMG_RTCCALICFG2_RTC_CALI_TIMEOUT_THRES, 200000);
    set_bits(&TIMG_RTCCALICFG(0), TIMG_RTCCALICFG_RTC_CALI_START);
    WAIT_UNTIL((TIMG_RTCCALICFG(0) & TIMG_RTCCALICFG_RTC_CALI_RDY) || (TIMG_RTCCALICFG2(0) & TIMG_RTCCALICFG2_RTC_CALI_TIMEOUT),
               20000);
    return TIMG_RTCCALICFG2(0) & TIMG_RTCCALICFG2_RTC_CALI_TIMEOUT ? 0
                                                                  : field_get(TIMG_RTCCALICFG1(0), TIMG_RTCCALICFG1_RTC_CALI_VALUE);
}

static void probes(void) {
    peripheral_on(PERIP_TIMG0);
    probe(1, cpu_khz());
    probe(2, apb_khz);
    cpu_mhz(160);
    probe(3, cpu_khz());
    cpu_mhz(80);
    probe(4, cpu_khz());
    probe(5, apb_khz);
    source(XTAL, 1);
    probe(6, cpu_khz());
    probe(7, apb_khz);
    source(XTAL, 2);
    probe(8, cpu_khz());
    probe(9, apb_khz);
    source(XTAL, 4);
    probe(10, cpu_khz());
    set_bits(&RTC_CNTL_CLK_CONF, RTC_CNTL_CLK_CONF_CK8M_FORCE_PU);
    source(RC_FAST, 1);
    probe(11, cpu_khz());
    probe(12, apb_khz);
    cpu_mhz(240);
    probe(13, cpu_khz());

    /* Slow clocks in cycles of the crystal. */
    set_bits(&RTC_CNTL_CLK_CONF, RTC_CNTL_CLK_CONF_DIG_CLK8M_D256_EN);
    probe(14, measure(CALI_RC_SLOW, 100));
    probe(15, measure(CALI_RC_FAST_DIV, 100));
    probe(16, measure(CALI_XTAL32K, 100)); /* the board has no such crystal */

    /* A reset takes a peripheral back to the beginning; without its clock it is not reset. */
    peripheral_on(PERIP_UART1);
    uint32_t fresh = UART_CONF0(1);
    UART_CONF0(1) = fresh ^ UART_CONF0_PARITY_EN;
    clear_bits(&SYSTEM_PERIP_CLK_EN0, BIT(PERIP_UART1));
    set_bits(&SYSTEM_PERIP_CLK_EN0, BIT(PERIP_UART1));
    probe(17, UART_CONF0(1) ^ fresh);
    peripheral_reset(PERIP_UART1);
    probe(18, UART_CONF0(1) ^ fresh);

    /* The watchdog of the crystal of 32 kHz finds that it is dead, after 200 cycles of RC_SLOW; set up as by
     * ESP-IDF's xt_wdt_hal.c. */
    field_set(&RTC_CNTL_XTAL32K_CONF, RTC_CNTL_XTAL32K_CONF_XTAL32K_WDT_TIMEOUT, 200);
    RTC_CNTL_INT_CLR_RTC = RTC_CNTL_INT_XTAL32K_DEAD;
    probe(19, RTC_CNTL_INT_RAW_RTC & RTC_CNTL_INT_XTAL32K_DEAD);
    uint64_t then = time_us();
    set_bits(&RTC_CNTL_EXT_XTL_CONF, RTC_CNTL_EXT_XTL_CONF_XTAL32K_WDT_EN);
    WAIT_UNTIL(RTC_CNTL_INT_RAW_RTC & RTC_CNTL_INT_XTAL32K_DEAD, 10000);
    probe(20, (uint32_t)(time_us() - then));
}
