/* SYSTEM and APB_CTRL: a block that is held in reset, the CRC of RTC memory, clocks of the crystal, timer group 1 and its
 * crystal clock, the main timer of the RTC, what is stored for sleep. */
#include "probe.h"
#include "reg/rtc_cntl.h"
#include "reg/system.h"
#include "reg/timg.h"

#define RTC_FAST 0x600fe000u
#define CRC_WORDS 16u
/* ESP-IDF soc/apb_ctrl_reg.h (SYSCON): SYSCLK_CONF, its PRE_DIV_CNT, and the date. */
#define APB_CTRL_SYSCLK_CONF REG(0x60026000u)
#define APB_CTRL_DATE REG(0x600263fcu)
#define APB_CTRL_FRONT_END_MEM_PD REG(0x6002609cu)
#define SOURCE_RTC_CORE 39
#define LINE 0

static volatile uint32_t irqs;
static void on_rtc(void *unused) {
    (void)unused;
    irqs++;
    RTC_CNTL_INT_CLR_RTC = RTC_CNTL_INT_MAIN_TIMER;
}

static void probes(void) {
    /* LEDC, as an example: held in reset it keeps nothing. */
    volatile uint32_t *ledc = &REG(0x60019008u);
    peripheral_on(PERIP_LEDC);
    *ledc = 0x123;
    uint32_t kept = *ledc;
    set_bits(&SYSTEM_PERIP_RST_EN0, BIT(PERIP_LEDC));
    uint32_t held = *ledc;
    *ledc = 0x456;
    clear_bits(&SYSTEM_PERIP_RST_EN0, BIT(PERIP_LEDC));
    probe(1, kept << 16 | held << 8 | *ledc);

    /* CRC-32 of "123456789" and more is the same as a program has it. */
    uint32_t crc = 0xffffffff;
    for (uint32_t n = 0; n < CRC_WORDS; n++) {
        uint32_t word = n * 0x9e3779b9u;
        REG(RTC_FAST + 4 * n) = word;
        for (uint32_t bit = 0; bit < 32; bit++, word >>= 1)
            crc = crc >> 1 ^ ((crc ^ word) & 1 ? 0xedb88320 : 0);
    }
    SYSTEM_RTC_FASTMEM_CONFIG = field(SYSTEM_RTC_FASTMEM_CONFIG_RTC_MEM_CRC_LEN, CRC_WORDS - 1);
    SYSTEM_RTC_FASTMEM_CONFIG |= SYSTEM_RTC_FASTMEM_CONFIG_RTC_MEM_CRC_START;
    WAIT_UNTIL(SYSTEM_RTC_FASTMEM_CONFIG & SYSTEM_RTC_FASTMEM_CONFIG_RTC_MEM_CRC_FINISH, 1000);
    probe(2, SYSTEM_RTC_FASTMEM_CRC == ~crc);

    /* Timer group 1, timer 1, from the crystal by 2: 20 MHz, down with an alarm at 0. */
    peripheral_on(PERIP_TIMG1);
    TIMG_TLOADLO(1, 1) = 2000;
    TIMG_TLOADHI(1, 1) = 0;
    TIMG_TLOAD(1, 1) = 1;
    TIMG_TALARMLO(1, 1) = TIMG_TALARMHI(1, 1) = 0;
    TIMG_INT_CLR_TIMERS(1) = TIMG_INT_T1;
    TIMG_TCONFIG(1, 1) = field(TIMG_TCONFIG_DIVIDER, 2) | TIMG_TCONFIG_USE_XTAL | TIMG_TCONFIG_ALARM_EN | TIMG_TCONFIG_EN;
    uint64_t then = time_us();
    WAIT_UNTIL(TIMG_INT_RAW_TIMERS(1) & TIMG_INT_T1, 1000);
    probe(3, (uint32_t)(time_us() - then));
    TIMG_TCONFIG(1, 1) = 0;

    /* The main timer of the RTC interrupts, without sleep: 20 cycles of 136 kHz. */
    interrupt_route(0, SOURCE_RTC_CORE, LINE);
    interrupt_handler(LINE, on_rtc, 0);
    interrupt_enable(LINE);
    set_bits(&RTC_CNTL_TIME_UPDATE, RTC_CNTL_TIME_UPDATE_TIME_UPDATE);
    delay_us(20);
    RTC_CNTL_INT_CLR_RTC = RTC_CNTL_INT_MAIN_TIMER;
    set_bits(&RTC_CNTL_INT_ENA_RTC, RTC_CNTL_INT_MAIN_TIMER);
    RTC_CNTL_SLP_TIMER0 = RTC_CNTL_TIME_LOW0 + 20;
    RTC_CNTL_SLP_TIMER1 = RTC_CNTL_SLP_TIMER1_MAIN_TIMER_ALARM_EN | RTC_CNTL_TIME_HIGH0;
    then = time_us();
    WAIT_UNTIL(irqs, 1000);
    probe(4, irqs);
    probe(5, (uint32_t)(time_us() - then));

    probe(6, field_get(APB_CTRL_SYSCLK_CONF, 0, 10));
    probe(7, APB_CTRL_DATE);
    uint32_t before = APB_CTRL_FRONT_END_MEM_PD;
    APB_CTRL_FRONT_END_MEM_PD = before ^ 0x3f;
    probe(8, APB_CTRL_FRONT_END_MEM_PD ^ before);
    APB_CTRL_FRONT_END_MEM_PD = before;
}
