/* Clock generators, PLLs and the frequency counter. */
#include "probe.h"

enum { FC0_PLL_SYS = 1, FC0_PLL_USB = 2, FC0_XOSC = 5, FC0_CLK_REF = 8, FC0_CLK_SYS, FC0_CLK_PERI, FC0_CLK_USB, FC0_CLK_ADC, FC0_CLK_RTC };

/* FC0_INTERVAL 10 counts for 0.98 us x 2^10, about 1 ms (2.15.4). */
static uint32_t frequency_khz(uint32_t source) {
    CLOCKS->FC0_SRC = 0;
    CLOCKS->FC0_REF_KHZ = XOSC_HZ / 1000;
    CLOCKS->FC0_INTERVAL = 10;
    CLOCKS->FC0_MIN_KHZ = 0;
    CLOCKS->FC0_MAX_KHZ = 0xffffffff;
    CLOCKS->FC0_SRC = source;
    WAIT_UNTIL(CLOCKS->FC0_STATUS & FC0_STATUS_DONE, 20000);
    return CLOCKS->FC0_RESULT >> 5;
}

/* clk_sys as the timer sees it: cycles of SysTick in 100 us. */
static uint32_t cycles_in_100_us(void) {
    cycles_start();
    uint32_t now = time_us_32();
    while (time_us_32() == now) {
    }
    uint32_t start = SYST->CVR;
    while (time_us_32() - now < 101) {
    }
    return (start - SYST->CVR) & 0xffffff;
}

static void probes(void) {
    probe(1, frequency_khz(FC0_CLK_REF));
    probe(2, frequency_khz(FC0_CLK_SYS));
    probe(3, frequency_khz(FC0_CLK_PERI));
    probe(4, frequency_khz(FC0_CLK_USB));
    probe(5, frequency_khz(FC0_CLK_ADC));
    probe(6, frequency_khz(FC0_CLK_RTC));
    probe(7, frequency_khz(FC0_PLL_SYS));
    probe(8, frequency_khz(FC0_PLL_USB));
    probe(9, CLOCKS->CLK_SYS.SELECTED);
    probe(10, CLOCKS->CLK_REF.SELECTED);
    probe(11, cycles_in_100_us());

    clk_sys_from_pll(133, 6, 2);
    probe(12, frequency_khz(FC0_CLK_SYS));
    probe(13, cycles_in_100_us());
    clk_sys_from_pll(125, 3, 2);
    probe(14, frequency_khz(FC0_CLK_SYS));
    probe(15, cycles_in_100_us());
    clk_sys_from_pll(100, 5, 5);
    probe(16, frequency_khz(FC0_CLK_SYS));
    probe(17, cycles_in_100_us());
    probe(18, time_us_32() > 0);

    /* A fractional divider of clk_sys: 48 MHz / 1.5. */
    CLOCKS->CLK_SYS.DIV = 0x180;
    probe(19, frequency_khz(FC0_CLK_SYS));
    CLOCKS->CLK_SYS.DIV = 0x100;
    /* clk_peri stops, and says so. */
    clear_bits(&CLOCKS->CLK_PERI.CTRL, CLK_CTRL_ENABLE);
    WAIT_UNTIL(0, 10);
    probe(20, frequency_khz(FC0_CLK_PERI));
    probe(21, PLL_SYS->CS);
    probe(22, XOSC->STATUS & 0x80001000u);
    probe(23, ROSC->STATUS & 0x80001000u);
}
