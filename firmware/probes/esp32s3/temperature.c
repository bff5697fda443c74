/* The temperature sensor in three of its ranges, the die at what the test says; its interrupt. */
#include "probe.h"
#include "reg/rtc_cntl.h"
#include "reg/sens.h"

/* The analog registers' bus, ESP-IDF soc/i2c_ana_mst_reg.h: data, register and block; the converters are block 0x69. */
#define ANALOG REG(0x6000e004u)
#define ANALOG_WRITE BIT(24)
#define ANALOG_BUSY BIT(25)
#define SAR_ADC 0x69u
#define TSENS_DAC 6u

static void range(uint32_t dac) {
    ANALOG = ANALOG_WRITE | dac << 16 | TSENS_DAC << 8 | SAR_ADC;
    WAIT_UNTIL(!(ANALOG & ANALOG_BUSY), 100);
}

static uint32_t convert(void) {
    clear_bits(&SENS_SAR_TSENS_CTRL, SENS_SAR_TSENS_CTRL_SAR_TSENS_DUMP_OUT);
    set_bits(&SENS_SAR_TSENS_CTRL, SENS_SAR_TSENS_CTRL_SAR_TSENS_DUMP_OUT);
    WAIT_UNTIL(SENS_SAR_TSENS_CTRL & SENS_SAR_TSENS_CTRL_SAR_TSENS_READY, 1000);
    clear_bits(&SENS_SAR_TSENS_CTRL, SENS_SAR_TSENS_CTRL_SAR_TSENS_DUMP_OUT);
    return field_get(SENS_SAR_TSENS_CTRL, SENS_SAR_TSENS_CTRL_SAR_TSENS_OUT);
}

static void probes(void) {
    set_bits(&SENS_SAR_PERI_CLK_GATE_CONF, SENS_SAR_PERI_CLK_GATE_CONF_TSENS_CLK_EN);
    field_set(&SENS_SAR_TSENS_CTRL, SENS_SAR_TSENS_CTRL_SAR_TSENS_CLK_DIV, 6);
    set_bits(&SENS_SAR_TSENS_CTRL, SENS_SAR_TSENS_CTRL_SAR_TSENS_POWER_UP_FORCE | SENS_SAR_TSENS_CTRL_SAR_TSENS_POWER_UP);
    delay_us(300);
    range(15);
    probe(1, SENS_SAR_TSENS_CTRL & SENS_SAR_TSENS_CTRL_SAR_TSENS_READY);
    probe(2, convert());
    range(7);
    probe(3, convert());
    range(11);
    probe(4, convert());
    range(15);
    RTC_CNTL_INT_CLR_RTC = RTC_CNTL_INT_TSENS;
    set_bits(&SENS_SAR_TSENS_CTRL, SENS_SAR_TSENS_CTRL_SAR_TSENS_INT_EN);
    convert();
    probe(5, (RTC_CNTL_INT_RAW_RTC & RTC_CNTL_INT_TSENS) != 0);
}
