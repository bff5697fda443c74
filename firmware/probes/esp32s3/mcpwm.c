/* MCPWM: a timer that counts up, a comparator and a generator on a pin, up-and-down counting, force, dead time. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/mcpwm.h"

#define PIN 4
#define SIGNAL_OUT0A 160
#define SIGNAL_OUT0B 161
#define PIN_B 5
#define UP 1
#define UP_DOWN 3
#define RUN 2
#define LOW 1
#define HIGH 2

static uint32_t period, high;
static void measure(uint32_t pin) {
    uint32_t limit = cycles();
    while (gpio_get(pin) && cycles() - limit < 480000) {
    }
    while (!gpio_get(pin) && cycles() - limit < 480000) {
    }
    uint32_t rise = cycles();
    while (gpio_get(pin) && cycles() - limit < 480000) {
    }
    high = cycles() - rise;
    while (!gpio_get(pin) && cycles() - limit < 480000) {
    }
    period = cycles() - rise;
}

static void probes(void) {
    peripheral_on(PERIP_PWM0);
    set_bits(&MCPWM_CLK(0), MCPWM_CLK_EN);
    MCPWM_CLK_CFG(0) = 15; /* 160 MHz by 16 */
    MCPWM_TIMER0_CFG0(0) = field(MCPWM_TIMER0_CFG0_TIMER0_PERIOD, 999);
    MCPWM_OPERATOR_TIMERSEL(0) = 0;
    MCPWM_CMPR0_VALUE0(0) = 250;
    MCPWM_GEN0_A(0) = field(MCPWM_GEN0_A_UTEZ, HIGH) | field(MCPWM_GEN0_A_UTEA, LOW);
    gpio_out_signal(PIN, SIGNAL_OUT0A);
    gpio_out_signal(PIN_B, SIGNAL_OUT0B);
    MCPWM_TIMER0_CFG1(0) = field(MCPWM_TIMER0_CFG1_TIMER0_MOD, UP) | field(MCPWM_TIMER0_CFG1_TIMER0_START, RUN);
    delay_us(200);
    measure(PIN);
    probe(1, period);
    probe(2, high);
    MCPWM_CMPR0_VALUE0(0) = 600;
    delay_us(200);
    measure(PIN);
    probe(3, high);

    /* Software holds the output. */
    field_set(&MCPWM_GEN0_FORCE(0), MCPWM_GEN0_FORCE_GEN0_CNTUFORCE_UPMETHOD, 0);
    field_set(&MCPWM_GEN0_FORCE(0), MCPWM_GEN0_FORCE_GEN0_A_CNTUFORCE_MODE, HIGH);
    delay_us(150);
    measure(PIN);
    probe(4, gpio_get(PIN));
    field_set(&MCPWM_GEN0_FORCE(0), MCPWM_GEN0_FORCE_GEN0_A_CNTUFORCE_MODE, LOW);
    delay_us(10);
    probe(5, gpio_get(PIN));
    field_set(&MCPWM_GEN0_FORCE(0), MCPWM_GEN0_FORCE_GEN0_A_CNTUFORCE_MODE, 0);

    /* Up and down: twice the period, high around the middle. */
    MCPWM_GEN0_A(0) = field(MCPWM_GEN0_A_UTEA, HIGH) | field(MCPWM_GEN0_A_DTEA, LOW);
    MCPWM_TIMER0_CFG0(0) = field(MCPWM_TIMER0_CFG0_TIMER0_PERIOD, 1000);
    MCPWM_TIMER0_CFG1(0) = field(MCPWM_TIMER0_CFG1_TIMER0_MOD, UP_DOWN) | field(MCPWM_TIMER0_CFG1_TIMER0_START, RUN);
    delay_us(500);
    measure(PIN);
    probe(6, period);
    probe(7, high);

    /* Dead time: B is A upside down, each edge that switches on 50 steps later. */
    MCPWM_DB0_RED_CFG(0) = 49;
    MCPWM_DB0_FED_CFG(0) = 49;
    MCPWM_DB0_CFG(0) = MCPWM_DB0_CFG_DB0_FED_OUTINVERT;
    delay_us(500);
    measure(PIN);
    probe(8, high);
    measure(PIN_B);
    probe(9, high);
    uint32_t both = 0;
    for (int n = 0; n < 2000; n++)
        both += gpio_get(PIN) && gpio_get(PIN_B);
    probe(10, both);
}
