/* ADC: single conversions, the temperature sensor, round robin, FIFO, interrupt, DMA request, pace.
 * Outside the chip the test puts 1.65 V on GPIO26 (ADC0) and 0.825 V on GPIO27 (ADC1). */
#include "probe.h"

#define FCS_EN BIT(0)
#define FCS_SHIFT BIT(1)
#define FCS_DREQ_EN BIT(3)
#define FCS_EMPTY BIT(8)
#define FCS_FULL BIT(9)
#define FCS_UNDER BIT(10)
#define FCS_OVER BIT(11)
#define FCS_LEVEL(fcs) ((fcs) >> 16 & 15)
#define FCS_THRESH(n) ((uint32_t)(n) << 24)
#define CS_RROBIN(mask) ((uint32_t)(mask) << 16)

static volatile uint32_t irqs;
void isr_ADC_IRQ_FIFO(void) {
    irqs++;
    ADC->INTE = 0;
}

static uint32_t convert(uint32_t input) {
    ADC->CS = ADC_CS_EN | ADC_CS_TS_EN | ADC_CS_AINSEL(input);
    set_bits(&ADC->CS, ADC_CS_START_ONCE);
    WAIT_UNTIL(ADC->CS & ADC_CS_READY, 100);
    return ADC->RESULT;
}

static void drain(void) {
    while (!(ADC->FCS & FCS_EMPTY))
        (void)ADC->FIFO;
}

static void probes(void) {
    unreset(RESET_ADC);
    for (uint32_t pin = 26; pin < 30; pin++) {
        gpio_function(pin, FUNC_NULL);
        PADS_BANK0->GPIO[pin] = PAD_OD;
    }
    ADC->CS = ADC_CS_EN | ADC_CS_TS_EN;
    WAIT_UNTIL(ADC->CS & ADC_CS_READY, 100);
    probe(1, ADC->CS & ADC_CS_READY);
    probe(2, convert(0));
    probe(3, convert(1));
    probe(4, convert(4));

    /* 96 cycles of clk_adc each: 2 us, 500 000 a second. */
    ADC->FCS = FCS_EN | FCS_THRESH(1);
    ADC->DIV = 0;
    ADC->CS = ADC_CS_EN | ADC_CS_TS_EN | CS_RROBIN(0x13);
    set_bits(&ADC->CS, ADC_CS_START_MANY);
    WAIT_UNTIL(FCS_LEVEL(ADC->FCS) >= 4, 100);
    clear_bits(&ADC->CS, ADC_CS_START_MANY);
    uint32_t first = ADC->FIFO, second = ADC->FIFO, third = ADC->FIFO, fourth = ADC->FIFO;
    probe(5, first);
    probe(6, second);
    probe(7, third);
    probe(8, fourth);
    WAIT_UNTIL(0, 5);
    drain();

    /* Four samples deep; the fifth is lost, and FCS says so. */
    ADC->FCS = FCS_EN;
    set_bits(&ADC->CS, ADC_CS_START_MANY);
    WAIT_UNTIL(ADC->FCS & FCS_OVER, 100);
    clear_bits(&ADC->CS, ADC_CS_START_MANY);
    probe(9, FCS_LEVEL(ADC->FCS));
    probe(10, ADC->FCS & (FCS_OVER | FCS_FULL));
    WAIT_UNTIL(0, 5);
    drain();
    set_bits(&ADC->FCS, FCS_OVER);
    probe(11, ADC->FCS & FCS_OVER);

    /* Shifted to 8 bits, with an interrupt at three. */
    ADC->CS = ADC_CS_EN | ADC_CS_TS_EN;
    ADC->FCS = FCS_EN | FCS_SHIFT | FCS_THRESH(3);
    ADC->INTE = 1;
    irq_enable(ADC_IRQ_FIFO);
    for (int n = 0; n < 2; n++)
        (void)convert(0);
    probe(12, irqs);
    (void)convert(0);
    probe(13, irqs);
    probe(14, ADC->FIFO);
    drain();

    /* Paced by DIV: one in 480 cycles is 100 kHz; DMA takes 40 of them. */
    static volatile uint8_t samples[40];
    unreset(RESET_DMA);
    ADC->FCS = FCS_EN | FCS_SHIFT | FCS_DREQ_EN | FCS_THRESH(1);
    ADC->DIV = 479u << 8;
    DMA->CH[0].READ_ADDR = (uintptr_t)&ADC->FIFO;
    DMA->CH[0].WRITE_ADDR = (uintptr_t)samples;
    DMA->CH[0].TRANS_COUNT = 40;
    DMA->CH[0].CTRL_TRIG = DMA_CTRL_EN | DMA_CTRL_INCR_WRITE | DMA_CTRL_TREQ_SEL(DREQ_ADC);
    uint32_t since = time_us_32();
    set_bits(&ADC->CS, ADC_CS_START_MANY);
    WAIT_UNTIL(!(DMA->CH[0].CTRL_TRIG & DMA_CTRL_BUSY), 2000);
    probe(15, time_us_32() - since);
    probe(16, samples[39]);

    /* Back to back: two microseconds each. */
    clear_bits(&ADC->CS, ADC_CS_START_MANY);
    WAIT_UNTIL(ADC->CS & ADC_CS_READY, 100);
    drain();
    ADC->DIV = 0;
    DMA->CH[0].WRITE_ADDR = (uintptr_t)samples;
    DMA->CH[0].TRANS_COUNT = 40;
    DMA->CH[0].CTRL_TRIG = DMA_CTRL_EN | DMA_CTRL_INCR_WRITE | DMA_CTRL_TREQ_SEL(DREQ_ADC);
    since = time_us_32();
    set_bits(&ADC->CS, ADC_CS_START_MANY);
    WAIT_UNTIL(!(DMA->CH[0].CTRL_TRIG & DMA_CTRL_BUSY), 2000);
    probe(17, time_us_32() - since);
    clear_bits(&ADC->CS, ADC_CS_START_MANY);
    WAIT_UNTIL(ADC->CS & ADC_CS_READY, 100);

    /* START_ONCE clears itself; AINSEL has gone on when the conversion is over. */
    drain();
    ADC->FCS = FCS_EN | FCS_THRESH(1);
    ADC->CS = ADC_CS_EN | ADC_CS_TS_EN | CS_RROBIN(0x12) | ADC_CS_AINSEL(1);
    set_bits(&ADC->CS, ADC_CS_START_ONCE);
    WAIT_UNTIL(ADC->CS & ADC_CS_READY, 100);
    probe(18, ADC->CS & (ADC_CS_START_ONCE | ADC_CS_AINSEL(7)));
    probe(19, FCS_LEVEL(ADC->FCS));

    /* One load too many. */
    drain();
    probe(20, ADC->FCS & FCS_UNDER);
    (void)ADC->FIFO;
    probe(21, ADC->FCS & FCS_UNDER);
    set_bits(&ADC->FCS, FCS_UNDER);
    probe(22, ADC->FCS & FCS_UNDER);

    irq_disable(ADC_IRQ_FIFO);
    ADC->INTE = 0;
    ADC->INTF = 1;
    probe(23, ADC->INTS);
    ADC->INTF = 0;
}
