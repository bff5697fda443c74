/* MCPWM0's dead time in all its topologies, one after the other for five periods each; the test looks at the outputs GPIO4 and
 * GPIO5. GPIO6 rises where the timer is at zero, GPIO7 changes with the topology. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/mcpwm.h"

#define A 4
#define B 5
#define ZERO 6
#define MARK 7
/* ESP-IDF soc/gpio_sig_map.h. */
#define SIGNAL_OUT0A 160
#define SIGNAL_OUT0B 161
#define SIGNAL_OUT1A 162
enum { RUN = 2, UP = 1 };
enum { LOW = 1, HIGH };

static const uint32_t topologies[] = {
    MCPWM_DB0_CFG_DB0_FED_OUTINVERT, /* active high complementary */
    MCPWM_DB0_CFG_DB0_RED_OUTINVERT, /* active low complementary */
    0,                               /* active high */
    MCPWM_DB0_CFG_DB0_RED_OUTINVERT | MCPWM_DB0_CFG_DB0_FED_OUTINVERT, /* active low */
    MCPWM_DB0_CFG_DB0_A_OUTBYPASS, /* the falling edge alone */
    MCPWM_DB0_CFG_DB0_B_OUTBYPASS, /* the rising edge alone */
    MCPWM_DB0_CFG_DB0_A_OUTBYPASS | MCPWM_DB0_CFG_DB0_DEB_MODE | MCPWM_DB0_CFG_DB0_RED_INSEL, /* both edges of B */
    MCPWM_DB0_CFG_DB0_A_OUTBYPASS | MCPWM_DB0_CFG_DB0_B_OUTBYPASS,                            /* none */
    MCPWM_DB0_CFG_DB0_A_OUTBYPASS | MCPWM_DB0_CFG_DB0_B_OUTBYPASS | MCPWM_DB0_CFG_DB0_A_OUTSWAP |
        MCPWM_DB0_CFG_DB0_B_OUTSWAP, /* A and B exchanged */
};
#define TOPOLOGIES (sizeof topologies / sizeof *topologies)

static void probes(void) {
    peripheral_on(PERIP_PWM0);
    /* 160 MHz by 2, by 8: ticks of 100 ns, 1000 of them. A is high for 300, B for 500. */
    MCPWM_CLK(0) = MCPWM_CLK_EN;
    field_set(&MCPWM_CLK_CFG(0), MCPWM_CLK_CFG_CLK_PRESCALE, 1);
    MCPWM_TIMER0_CFG0(0) = field(MCPWM_TIMER0_CFG0_TIMER0_PRESCALE, 7) | field(MCPWM_TIMER0_CFG0_TIMER0_PERIOD, 999);
    MCPWM_OPERATOR_TIMERSEL(0) = 0;
    MCPWM_CMPR0_VALUE0(0) = 300;
    MCPWM_CMPR0_VALUE1(0) = 500;
    MCPWM_CMPR1_VALUE0(0) = 10;
    MCPWM_GEN0_A(0) = field(MCPWM_GEN0_A_UTEZ, HIGH) | field(MCPWM_GEN0_A_UTEA, LOW);
    MCPWM_GEN0_B(0) = field(MCPWM_GEN0_B_UTEZ, HIGH) | field(MCPWM_GEN0_B_UTEB, LOW);
    MCPWM_GEN1_A(0) = MCPWM_GEN0_A(0);
    gpio_out_signal(A, SIGNAL_OUT0A);
    gpio_out_signal(B, SIGNAL_OUT0B);
    gpio_out_signal(ZERO, SIGNAL_OUT1A);
    gpio_output(MARK, 0);
    /* 5 us and 10 us of PWM_clk, 80 MHz. */
    MCPWM_DB0_RED_CFG(0) = 400 - 1;
    MCPWM_DB0_FED_CFG(0) = 800 - 1;
    MCPWM_TIMER0_CFG1(0) = field(MCPWM_TIMER0_CFG1_TIMER0_START, RUN) | field(MCPWM_TIMER0_CFG1_TIMER0_MOD, UP);
    uint32_t done = 0;
    for (uint32_t n = 0; n < TOPOLOGIES; n++, done++) {
        gpio_put(MARK, !(n & 1));
        MCPWM_DB0_CFG(0) = topologies[n];
        delay_us(500);
    }
    gpio_put(MARK, 0);
    MCPWM_DB0_CFG(0) = MCPWM_DB0_CFG_DB0_A_OUTBYPASS | MCPWM_DB0_CFG_DB0_B_OUTBYPASS;
    delay_us(100);
    probe(1, done);
}
