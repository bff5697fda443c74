/* ADC1, single conversions. Outside the chip the test puts 850 mV on GPIO1 and 425 mV on GPIO2. */
#include "drivers/drivers.h"
#include "probe.h"

static void probes(void) {
    adc_init();
    for (uint32_t attenuation = 0; attenuation < 4; attenuation++)
        probe(1 + attenuation, adc_read(0, (enum attenuation)attenuation));
    probe(5, adc_read(1, ATTENUATION_0_DB));
    probe(6, adc_read(2, ATTENUATION_0_DB));
    uint64_t then = time_us();
    for (int n = 0; n < 10; n++)
        adc_read(0, ATTENUATION_0_DB);
    probe(7, (uint32_t)(time_us() - then));
}
