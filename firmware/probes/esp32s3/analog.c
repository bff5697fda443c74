/* What start-up code touches of the analog side: the registers behind the analog I2C master, the PLL's calibration, power
 * switches of front end and baseband, and ASSIST_DEBUG's record. ESP-IDF soc/regi2c_defs.h, soc/regi2c_bbpll.h,
 * soc/fe_reg.h, soc/bb_reg.h, soc/nrx_reg.h, soc/assist_debug_reg.h. */
#include "probe.h"
#include "reg/rtc_cntl.h"
#include "reg/system.h"
#include "reg/timg.h"

#define COMMAND REG(0x6000e004u)
#define COMMAND_BUSY BIT(25)
#define COMMAND_WRITE BIT(24)
#define ANA_CONF0 REG(0x6000e040u)
#define ANA_CONF0_CAL_DONE BIT(24)
#define ANA_CONF0_STOP_FORCE_HIGH BIT(2)
#define ANA_CONF0_STOP_FORCE_LOW BIT(3)
#define BBPLL 0x66u
#define ULP 0x61u
#define OC_DIV_7_0 3
#define OR_CAL 8
#define FE_GEN_CTRL REG(0x60006090u)
#define FE2_TX_INTERP_CTRL REG(0x600050f0u)
#define BBPD_CTRL REG(0x6001d054u)
#define NRXPD_CTRL REG(0x6001ccd4u)
#define RECORDING_POSSIBLE REG(0x600ce048u) /* of core 0: RCD_PDEBUGENABLE */
#define RECORDING REG(0x600ce04cu)
#define RECORDED_PC REG(0x600ce05cu)

static uint32_t part_read(uint32_t part, uint32_t reg) {
    COMMAND = part | reg << 8;
    WAIT_UNTIL(!(COMMAND & COMMAND_BUSY), 100);
    return COMMAND >> 16 & 0xff;
}
static void part_write(uint32_t part, uint32_t reg, uint32_t value) {
    COMMAND = COMMAND_WRITE | part | reg << 8 | value << 16;
    WAIT_UNTIL(!(COMMAND & COMMAND_BUSY), 100);
}

static uint32_t keeps(volatile uint32_t *reg, uint32_t bits) {
    uint32_t before = *reg;
    *reg = before | bits;
    uint32_t set = *reg & bits;
    *reg = before & ~bits;
    uint32_t cleared = *reg & bits;
    *reg = before;
    return set == bits && cleared == 0;
}

__attribute__((noipa)) static void stands_here(void) {
    for (;;) {
    }
}

static void probes(void) {
    if (field_get(RTC_CNTL_RESET_STATE, RTC_CNTL_RESET_STATE_RESET_CAUSE_PROCPU) == 1) {
        /* A watchdog finds it in a loop; the record of where survives the reset. */
        set_bits(&SYSTEM_CPU_PERI_CLK_EN, SYSTEM_CPU_PERI_CLK_EN_CLK_EN_ASSIST_DEBUG);
        clear_bits(&SYSTEM_CPU_PERI_RST_EN, SYSTEM_CPU_PERI_RST_EN_RST_EN_ASSIST_DEBUG);
        RECORDING_POSSIBLE = 1;
    RECORDING = 1;
        TIMG_WDTWPROTECT(0) = 0x50d83aa1u;
        TIMG_WDTCONFIG1(0) = field(TIMG_WDTCONFIG1_WDT_CLK_PRESCALE, 8000);
        TIMG_WDTCONFIG2(0) = 10;
        TIMG_WDTCONFIG0(0) = TIMG_WDTCONFIG0_WDT_EN | field(TIMG_WDTCONFIG0_WDT_STG0, 3) |
                             field(TIMG_WDTCONFIG0_WDT_SYS_RESET_LENGTH, 7) | field(TIMG_WDTCONFIG0_WDT_CPU_RESET_LENGTH, 7);
        stands_here();
    }
    set_bits(&SYSTEM_CPU_PERI_CLK_EN, SYSTEM_CPU_PERI_CLK_EN_CLK_EN_ASSIST_DEBUG);
    probe(1, field_get(RTC_CNTL_RESET_STATE, RTC_CNTL_RESET_STATE_RESET_CAUSE_PROCPU));
    uint32_t place = RECORDED_PC - (uint32_t)(uintptr_t)stands_here;
    probe(2, place < 32);

    part_write(BBPLL, OC_DIV_7_0, 0x5a);
    part_write(ULP, 5, 0x11);
    probe(3, part_read(BBPLL, OC_DIV_7_0));
    probe(4, part_read(ULP, 5));
    part_write(BBPLL, OC_DIV_7_0, 8);
    probe(5, part_read(BBPLL, OC_DIV_7_0));
    /* The PLL calibrates itself while it is not told to stop. */
    clear_bits(&ANA_CONF0, ANA_CONF0_STOP_FORCE_HIGH);
    set_bits(&ANA_CONF0, ANA_CONF0_STOP_FORCE_LOW);
    WAIT_UNTIL(ANA_CONF0 & ANA_CONF0_CAL_DONE, 1000);
    probe(6, (ANA_CONF0 & ANA_CONF0_CAL_DONE) != 0);
    clear_bits(&ANA_CONF0, ANA_CONF0_STOP_FORCE_LOW);
    set_bits(&ANA_CONF0, ANA_CONF0_STOP_FORCE_HIGH);
    probe(7, part_read(BBPLL, OR_CAL) >> 6);

    /* Power switches: FE_IQ_EST_FORCE_PU, FE2_TX_INF_FORCE_PU, BB_FFT_FORCE_PU, NRX_CHAN_EST_FORCE_PU and those beside them. */
    probe(8, keeps(&FE_GEN_CTRL, BIT(5) | BIT(4)));
    probe(9, keeps(&FE2_TX_INTERP_CTRL, BIT(10) | BIT(9)));
    probe(10, keeps(&BBPD_CTRL, BIT(3) | BIT(2)));
    probe(11, keeps(&NRXPD_CTRL, BIT(7) | BIT(6)));
}
