/* ESP32-S3 TRM, chapter "On-Chip Sensors and Analog Signal Processing": ADC1 under the RTC controller. */
#include "drivers/drivers.h"
#include "reg/sens.h"

#define XPD_ON 3

void adc_init(void) {
    peripheral_on(PERIP_SARADC);
    field_set(&SENS_SAR_POWER_XPD_SAR, SENS_SAR_POWER_XPD_SAR_FORCE_XPD_SAR, XPD_ON);
    clear_bits(&SENS_SAR_MEAS1_MUX, SENS_SAR_MEAS1_MUX_SAR1_DIG_FORCE);
}

uint32_t adc_read(uint32_t channel, enum attenuation attenuation) {
    field_set(&SENS_SAR_ATTEN1, 2 * channel, 2, attenuation);
    uint32_t setup = SENS_SAR_MEAS1_CTRL2_SAR1_EN_PAD_FORCE | SENS_SAR_MEAS1_CTRL2_MEAS1_START_FORCE |
                     field(SENS_SAR_MEAS1_CTRL2_SAR1_EN_PAD, BIT(channel));
    SENS_SAR_MEAS1_CTRL2 = setup;
    SENS_SAR_MEAS1_CTRL2 = setup | SENS_SAR_MEAS1_CTRL2_MEAS1_START_SAR;
    while (!(SENS_SAR_MEAS1_CTRL2 & SENS_SAR_MEAS1_CTRL2_MEAS1_DONE_SAR)) {
    }
    return field_get(SENS_SAR_MEAS1_CTRL2, SENS_SAR_MEAS1_CTRL2_MEAS1_DATA_SAR);
}
