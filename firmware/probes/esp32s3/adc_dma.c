/* ADC1 under its digital controller: a pattern of two channels, samples by GDMA at the rate of the controller's timer. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/apb_saradc.h"
#include "reg/gdma.h"
#include "reg/sens.h"

#define SAMPLES 64u
#define APB_CLK 2
#define DIG_FORCE SENS_SAR_MEAS1_MUX_SAR1_DIG_FORCE
#define XPD_ON 3

static uint32_t samples[SAMPLES];
static struct dma_descriptor chain[1];

static uint32_t channel(uint32_t sample) { return sample >> 13 & 15; }
static uint32_t unit(uint32_t sample) { return sample >> 17 & 1; }
static uint32_t code(uint32_t sample) { return sample & 0xfff; }

static void probes(void) {
    peripheral_on(PERIP_SARADC);
    dma_init();
    field_set(&SENS_SAR_POWER_XPD_SAR, SENS_SAR_POWER_XPD_SAR_FORCE_XPD_SAR, XPD_ON);
    set_bits(&SENS_SAR_MEAS1_MUX, DIG_FORCE);

    /* 80 MHz by 16, by 2, by 50: 50 kHz. Channels 0 and 1 in turn, without attenuation. */
    APB_SARADC_CLKM_CONF = field(APB_SARADC_CLKM_CONF_CLK_SEL, APB_CLK) | field(APB_SARADC_CLKM_CONF_CLKM_DIV_NUM, 15);
    APB_SARADC_CTRL = field(APB_SARADC_CTRL_SARADC_SAR_CLK_DIV, 2) | APB_SARADC_CTRL_SARADC_SAR_CLK_GATED |
                      field(APB_SARADC_CTRL_SARADC_SAR1_PATT_LEN, 1);
    APB_SARADC_SAR1_PATT_TAB1 = 0u << 20 | 1u << 14;
    APB_SARADC_DMA_CONF = APB_SARADC_DMA_CONF_APB_ADC_RESET_FSM;
    APB_SARADC_DMA_CONF = APB_SARADC_DMA_CONF_APB_ADC_TRANS | field(APB_SARADC_DMA_CONF_APB_ADC_EOF_NUM, SAMPLES);
    dma_describe(chain, 1, samples, sizeof samples, 1);
    dma_in_start(0, DMA_ADC, chain);
    uint64_t then = time_us();
    APB_SARADC_CTRL2 = APB_SARADC_CTRL2_SARADC_TIMER_SEL | field(APB_SARADC_CTRL2_SARADC_TIMER_TARGET, 50) |
                       APB_SARADC_CTRL2_SARADC_TIMER_EN;
    WAIT_UNTIL(GDMA_IN_INT_RAW_CH(0) & GDMA_IN_INT_CH_IN_SUC_EOF, 10000);
    probe(1, (uint32_t)(time_us() - then));
    probe(2, dma_received(chain));
    uint32_t in_turn = 0, of_adc1 = 0;
    for (uint32_t n = 0; n < SAMPLES; n++) {
        in_turn += channel(samples[n]) == (n & 1);
        of_adc1 += unit(samples[n]) == 0;
    }
    probe(3, in_turn);
    probe(4, of_adc1);
    probe(5, code(samples[SAMPLES - 2]));
    probe(6, code(samples[SAMPLES - 1]));
    probe(7, (APB_SARADC_INT_RAW & APB_SARADC_INT_APB_SARADC1_DONE) != 0);

    /* A threshold: channel 1 is below it. */
    APB_SARADC_INT_CLR = 0xffffffff;
    APB_SARADC_THRES0_CTRL = field(APB_SARADC_THRES0_CTRL_THRES0_CHANNEL, 1) | field(APB_SARADC_THRES0_CTRL_THRES0_HIGH, 4095) |
                             field(APB_SARADC_THRES0_CTRL_THRES0_LOW, 2500);
    set_bits(&APB_SARADC_THRES_CTRL, APB_SARADC_THRES_CTRL_THRES0_EN);
    delay_us(100);
    probe(8, APB_SARADC_INT_RAW & (APB_SARADC_INT_THRES0_LOW | APB_SARADC_INT_THRES0_HIGH));

    /* Another channel is watched, and then all. */
    field_set(&APB_SARADC_THRES0_CTRL, APB_SARADC_THRES0_CTRL_THRES0_CHANNEL, 9);
    APB_SARADC_INT_CLR = 0xffffffff;
    delay_us(100);
    probe(10, APB_SARADC_INT_RAW & APB_SARADC_INT_THRES0_LOW);
    set_bits(&APB_SARADC_THRES_CTRL, APB_SARADC_THRES_CTRL_THRES_ALL_EN);
    delay_us(100);
    probe(11, APB_SARADC_INT_RAW & APB_SARADC_INT_THRES0_LOW);

    /* Stopped. */
    APB_SARADC_CTRL2 = 0;
    delay_us(50);
    APB_SARADC_INT_CLR = 0xffffffff;
    delay_us(100);
    probe(9, (APB_SARADC_INT_RAW & APB_SARADC_INT_APB_SARADC1_DONE) != 0);
}
