/* GPIO_SD: the density of ones at a pin, sampled at uneven times. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/gpio_sd.h"

#define PIN 4
#define OTHER 5
#define SIGNAL_SD 93u /* ESP-IDF soc/gpio_sig_map.h */
#define SAMPLES 2000u

static uint32_t seed = 1;

static uint32_t per_mille(uint32_t pin, int density) {
    GPIO_SD_SIGMADELTA(pin - PIN) = field(GPIO_SD_SIGMADELTA_SD_IN, (uint32_t)density) | field(GPIO_SD_SIGMADELTA_SD_PRESCALE, 7);
    delay_us(2);
    uint32_t ones = 0;
    for (uint32_t n = 0; n < SAMPLES; n++) {
        seed = seed * 1664525u + 1013904223u;
        for (volatile uint32_t wait = seed >> 27; wait; wait--) {
        }
        ones += gpio_get(pin);
    }
    return ones * 1000 / SAMPLES;
}

static void probes(void) {
    probe(1, GPIO_SD_SIGMADELTA(0));
    GPIO_SD_SIGMADELTA_MISC = GPIO_SD_SIGMADELTA_MISC_FUNCTION_CLK_EN;
    GPIO_SD_SIGMADELTA_CG = GPIO_SD_SIGMADELTA_CG_CLK_EN;
    gpio_out_signal(PIN, SIGNAL_SD);
    gpio_out_signal(OTHER, SIGNAL_SD + 1);
    probe(2, per_mille(PIN, 0));
    probe(3, per_mille(PIN, 64));
    probe(4, per_mille(PIN, -64));
    probe(5, per_mille(PIN, 127));
    probe(6, per_mille(PIN, -128));
    probe(7, per_mille(OTHER, 32));

    /* The slower its clock, the fewer edges: at 80 MHz / 256 and a half, one is 3.2 us. */
    GPIO_SD_SIGMADELTA(0) = field(GPIO_SD_SIGMADELTA_SD_PRESCALE, 255);
    delay_us(10);
    uint32_t edges = 0, level = gpio_get(PIN);
    for (uint64_t since = time_us(); time_us() - since < 320;)
        if (gpio_get(PIN) != level) {
            level = !level;
            edges++;
        }
    probe(8, edges);
}
