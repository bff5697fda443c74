/* Sigma-delta modulators: the share of time that the output is high follows the register. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/gpio_sd.h"

#define PIN 4
#define SIGNAL_SD0 93

static uint32_t percent(int32_t duty) {
    uint32_t high = 0;
    GPIO_SD_SIGMADELTA(0) = field(GPIO_SD_SIGMADELTA_SD_PRESCALE, 79) | ((uint32_t)duty & 0xff);
    delay_us(300);
    /* Many looks in each step of 1 us, over 40 rounds of 256 steps. */
    uint32_t looks = 0;
    for (uint32_t then = cycles(); cycles() - then < 40 * 256 * 240; looks++)
        high += gpio_get(PIN);
    return (high * 100 + looks / 2) / looks;
}

static void probes(void) {
    GPIO_SD_SIGMADELTA_CG = GPIO_SD_SIGMADELTA_CG_CLK_EN;
    set_bits(&GPIO_SD_SIGMADELTA_MISC, GPIO_SD_SIGMADELTA_MISC_FUNCTION_CLK_EN);
    gpio_out_signal(PIN, SIGNAL_SD0);
    probe(1, percent(0));
    probe(2, percent(64));
    probe(3, percent(-64));
    probe(4, percent(-128));
}
