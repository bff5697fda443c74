/* RP2040 datasheet 2.14 (resets), 2.15 (clocks), 2.16 (XOSC), 2.18 (PLL), 4.7 (watchdog tick). */
#include "runtime.h"

#define XOSC_CTRL_FREQ_RANGE_1_15MHZ 0xaa0u
#define XOSC_CTRL_ENABLE (0xfabu << 12)
#define XOSC_STATUS_STABLE BIT(31)
#define XOSC_STARTUP_1MS ((XOSC_HZ / 1000 + 255) / 256) /* 2.16.3: in units of 256 cycles */

#define PLL_CS_LOCK BIT(31)
#define PLL_PWR_PD BIT(0)
#define PLL_PWR_POSTDIVPD BIT(3)
#define PLL_PWR_VCOPD BIT(5)

void reset_block(enum reset block) { set_bits(&RESETS->RESET, BIT(block)); }

void unreset(enum reset block) {
    clear_bits(&RESETS->RESET, BIT(block));
    while (!(RESETS->RESET_DONE & BIT(block))) {
    }
}

/* 2.18.3: VCO = 12 MHz x FBDIV must lie in 750..1600 MHz. */
static void pll_start(struct pll *pll, enum reset block, uint32_t fbdiv, uint32_t postdiv1, uint32_t postdiv2) {
    reset_block(block);
    unreset(block);
    pll->CS = 1;
    pll->FBDIV_INT = fbdiv;
    clear_bits(&pll->PWR, PLL_PWR_PD | PLL_PWR_VCOPD);
    while (!(pll->CS & PLL_CS_LOCK)) {
    }
    pll->PRIM = postdiv1 << 16 | postdiv2 << 12;
    clear_bits(&pll->PWR, PLL_PWR_POSTDIVPD);
}

/* The glitchless multiplexers of clk_ref and clk_sys show their position one-hot in SELECTED (2.15.3.2). */
static void select(struct clock *clock, uint32_t source, uint32_t source_mask) {
    clock->CTRL = (clock->CTRL & ~source_mask) | source;
    while (clock->SELECTED != BIT(source)) {
    }
}

void clk_sys_from_pll(uint32_t fbdiv, uint32_t postdiv1, uint32_t postdiv2) {
    select(&CLOCKS->CLK_SYS, 0, 1);
    pll_start(PLL_SYS, RESET_PLL_SYS, fbdiv, postdiv1, postdiv2);
    CLOCKS->CLK_SYS.CTRL = CLK_CTRL_AUXSRC(0);
    select(&CLOCKS->CLK_SYS, CLK_SYS_CTRL_SRC_AUX, 1);
}

void clocks_init(void) {
    CLOCKS->CLK_SYS_RESUS_CTRL = 0;
    XOSC->CTRL = XOSC_CTRL_FREQ_RANGE_1_15MHZ;
    XOSC->STARTUP = XOSC_STARTUP_1MS;
    set_bits(&XOSC->CTRL, XOSC_CTRL_ENABLE);
    while (!(XOSC->STATUS & XOSC_STATUS_STABLE)) {
    }
    select(&CLOCKS->CLK_SYS, 0, 1);
    select(&CLOCKS->CLK_REF, CLK_REF_CTRL_SRC_XOSC, 3);
    clk_sys_from_pll(125, 6, 2);
    pll_start(PLL_USB, RESET_PLL_USB, 100, 5, 5);

    CLOCKS->CLK_PERI.CTRL = CLK_CTRL_ENABLE; /* AUXSRC 0: clk_sys */
    CLOCKS->CLK_USB.CTRL = CLK_CTRL_ENABLE;  /* AUXSRC 0: PLL_USB, for clk_adc and clk_rtc as well */
    CLOCKS->CLK_ADC.CTRL = CLK_CTRL_ENABLE;
    CLOCKS->CLK_RTC.DIV = 1024u << 8; /* 46875 Hz */
    CLOCKS->CLK_RTC.CTRL = CLK_CTRL_ENABLE;

    /* The watchdog's tick is also the timer's (4.7.2): one each microsecond. */
    WATCHDOG->TICK = XOSC_HZ / 1000000u | WATCHDOG_TICK_ENABLE;
}
