/* Both converters: one after the other by RTC, ADC2 granted by its arbiter or not; in turn and together under the digital
 * controller, so many conversions, one by software, a filter. (adc.c and adc_dma.c have ADC1.) */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/apb_saradc.h"
#include "reg/gdma.h"
#include "reg/sens.h"

#define APB_CLK 2
#define XPD_ON 3
#define SAMPLES 32u
#define ARBITER APB_SARADC_ARB_CTRL

static uint32_t samples[SAMPLES];
static struct dma_descriptor chain[1];

/* A conversion of ADC2 by RTC, channel 0 is GPIO11. */
static uint32_t adc2(void) {
    set_bits(&SENS_SAR_MEAS2_CTRL2, SENS_SAR_MEAS2_CTRL2_MEAS2_START_FORCE | SENS_SAR_MEAS2_CTRL2_SAR2_EN_PAD_FORCE);
    field_set(&SENS_SAR_MEAS2_CTRL2, SENS_SAR_MEAS2_CTRL2_SAR2_EN_PAD, 1);
    clear_bits(&SENS_SAR_MEAS2_CTRL2, SENS_SAR_MEAS2_CTRL2_MEAS2_START_SAR);
    set_bits(&SENS_SAR_MEAS2_CTRL2, SENS_SAR_MEAS2_CTRL2_MEAS2_START_SAR);
    WAIT_UNTIL(SENS_SAR_MEAS2_CTRL2 & SENS_SAR_MEAS2_CTRL2_MEAS2_DONE_SAR, 1000);
    return field_get(SENS_SAR_MEAS2_CTRL2, SENS_SAR_MEAS2_CTRL2_MEAS2_DATA_SAR);
}

static void timer(uint32_t on) {
    APB_SARADC_CTRL2 = APB_SARADC_CTRL2_SARADC_TIMER_SEL | field(APB_SARADC_CTRL2_SARADC_TIMER_TARGET, 50) |
                       (on ? APB_SARADC_CTRL2_SARADC_TIMER_EN : 0);
}

/* 32 samples by GDMA; bit 17 says which converter, bits 16:13 the channel. */
static void gather(uint32_t mode_bits) {
    timer(0);
    APB_SARADC_CTRL = field(APB_SARADC_CTRL_SARADC_SAR_CLK_DIV, 2) | APB_SARADC_CTRL_SARADC_SAR_CLK_GATED | mode_bits;
    APB_SARADC_DMA_CONF = APB_SARADC_DMA_CONF_APB_ADC_RESET_FSM;
    APB_SARADC_DMA_CONF = APB_SARADC_DMA_CONF_APB_ADC_TRANS | field(APB_SARADC_DMA_CONF_APB_ADC_EOF_NUM, SAMPLES);
    dma_describe(chain, 1, samples, sizeof samples, 1);
    dma_in_start(0, DMA_ADC, chain);
    timer(1);
    WAIT_UNTIL(GDMA_IN_INT_RAW_CH(0) & GDMA_IN_INT_CH_IN_SUC_EOF, 10000);
    timer(0);
}

static uint32_t of_unit(uint32_t unit) {
    uint32_t count = 0;
    for (uint32_t n = 0; n < SAMPLES; n++)
        count += (samples[n] >> 17 & 1) == unit;
    return count;
}

static void probes(void) {
    peripheral_on(PERIP_SARADC);
    dma_init();
    adc_init();
    field_set(&SENS_SAR_POWER_XPD_SAR, SENS_SAR_POWER_XPD_SAR_FORCE_XPD_SAR, XPD_ON);
    /* 0.85 V at GPIO1 and 0.425 V at GPIO11, without attenuation. */
    probe(1, adc_read(0, ATTENUATION_0_DB));
    /* Turned around: the other end of the scale. */
    uint32_t straight = adc_read(0, ATTENUATION_0_DB);
    SENS_SAR_READER1_CTRL ^= SENS_SAR_READER1_CTRL_SAR_SAR1_DATA_INV;
    probe(10, straight + adc_read(0, ATTENUATION_0_DB));
    SENS_SAR_READER1_CTRL ^= SENS_SAR_READER1_CTRL_SAR_SAR1_DATA_INV;
    clear_bits(&SENS_SAR_MEAS2_MUX, SENS_SAR_MEAS2_MUX_SAR2_RTC_FORCE);
    ARBITER = APB_SARADC_ARB_CTRL_ADC_ARB_GRANT_FORCE | APB_SARADC_ARB_CTRL_ADC_ARB_RTC_FORCE;
    SENS_SAR_ATTEN2 = 0;
    probe(2, adc2());

    APB_SARADC_CLKM_CONF = field(APB_SARADC_CLKM_CONF_CLK_SEL, APB_CLK) | field(APB_SARADC_CLKM_CONF_CLKM_DIV_NUM, 15);
    set_bits(&SENS_SAR_MEAS1_MUX, SENS_SAR_MEAS1_MUX_SAR1_DIG_FORCE);
    APB_SARADC_SAR1_PATT_TAB1 = 0;
    APB_SARADC_SAR2_PATT_TAB1 = 0;
    ARBITER = APB_SARADC_ARB_CTRL_ADC_ARB_GRANT_FORCE | APB_SARADC_ARB_CTRL_ADC_ARB_APB_FORCE;
    gather(field(APB_SARADC_CTRL_SARADC_WORK_MODE, 2));
    probe(3, of_unit(0) << 8 | of_unit(1));
    uint32_t in_turn = 0;
    for (uint32_t n = 0; n < SAMPLES; n++)
        in_turn += (samples[n] >> 17 & 1) == (n & 1);
    probe(4, in_turn);
    probe(5, samples[1] & 0xfff);
    /* Both at the same moment. */
    gather(field(APB_SARADC_CTRL_SARADC_WORK_MODE, 1));
    probe(6, of_unit(0) << 8 | of_unit(1));
    /* The arbiter grants ADC2 to RTC: its data is marked with a channel that it does not have. */
    ARBITER = APB_SARADC_ARB_CTRL_ADC_ARB_GRANT_FORCE | APB_SARADC_ARB_CTRL_ADC_ARB_RTC_FORCE;
    gather(field(APB_SARADC_CTRL_SARADC_WORK_MODE, 2));
    probe(7, (samples[1] >> 13 & 15) > 9);
    ARBITER = APB_SARADC_ARB_CTRL_ADC_ARB_GRANT_FORCE | APB_SARADC_ARB_CTRL_ADC_ARB_APB_FORCE;

    /* No more than three conversions; one by software. */
    timer(0);
    APB_SARADC_CTRL = field(APB_SARADC_CTRL_SARADC_SAR_CLK_DIV, 2) | APB_SARADC_CTRL_SARADC_SAR_CLK_GATED;
    APB_SARADC_DMA_CONF = 0;
    uint32_t done = 0;
    APB_SARADC_INT_CLR = 0xffffffff;
    APB_SARADC_CTRL2 = APB_SARADC_CTRL2_SARADC_TIMER_SEL | field(APB_SARADC_CTRL2_SARADC_TIMER_TARGET, 50) |
                       APB_SARADC_CTRL2_SARADC_TIMER_EN | APB_SARADC_CTRL2_SARADC_MEAS_NUM_LIMIT |
                           field(APB_SARADC_CTRL2_SARADC_MAX_MEAS_NUM, 3);
    for (uint64_t since = time_us(); time_us() - since < 200;)
        if (APB_SARADC_INT_RAW & APB_SARADC_INT_APB_SARADC1_DONE) {
            APB_SARADC_INT_CLR = APB_SARADC_INT_APB_SARADC1_DONE;
            done++;
        }
    probe(8, done);
    APB_SARADC_CTRL2 = 0;
    APB_SARADC_CTRL |= APB_SARADC_CTRL_SARADC_START_FORCE;
    APB_SARADC_CTRL |= APB_SARADC_CTRL_SARADC_START;
    delay_us(20);
    probe(9, (APB_SARADC_INT_RAW & APB_SARADC_INT_APB_SARADC1_DONE) != 0);

    /* A filter of four on channel 0: the same voltage with 12 dB for a while, then without. */
    APB_SARADC_CTRL = 0;
    APB_SARADC_FILTER_CTRL0 = APB_SARADC_FILTER_CTRL0_FILTER_RESET;
    APB_SARADC_FILTER_CTRL0 = field(APB_SARADC_FILTER_CTRL0_FILTER_CHANNEL0, 8) |
                              field(APB_SARADC_FILTER_CTRL0_FILTER_CHANNEL1, 0xf);
    APB_SARADC_FILTER_CTRL1 = field(APB_SARADC_FILTER_CTRL1_FILTER_FACTOR0, 2);
    APB_SARADC_SAR1_PATT_TAB1 = 3u << 18;
    gather(0);
    probe(11, samples[SAMPLES - 1] & 0xfff);
    APB_SARADC_SAR1_PATT_TAB1 = 0;
    gather(0);
    probe(12, samples[0] & 0xfff);
    probe(13, samples[1] & 0xfff);
    probe(14, samples[SAMPLES - 1] & 0xfff);
}
