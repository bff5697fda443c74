/* RP2040 datasheet 4.9 (ADC). Pico W datasheet 2.1: VSYS / 3 is on ADC3, and GPIO25 (the radio's chip select) must be
 * high while it is measured, because GPIO29 is also the radio's clock. */
#include "battery.h"

#include "runtime.h"

#define PIN_VSYS 29u
#define PIN_RADIO_CS 25u
#define ADC_CHANNEL 3u
#define BATTERY_ALARM 2u
#define PERIOD_US 10000000u
#define EMPTY_MV 3300
#define FULL_MV 4200
#define LEAST_MV 1800 /* the board does not run on less: nothing is connected to the pin */

static volatile int due;

void isr_TIMER_IRQ_2(void) {
    TIMER->INTR = BIT(BATTERY_ALARM);
    TIMER->ALARM[BATTERY_ALARM] += PERIOD_US;
    due = 1;
}

void battery_init(void) {
    gpio_output(PIN_RADIO_CS, 1);
    unreset(RESET_ADC);
    gpio_function(PIN_VSYS, FUNC_NULL);
    PADS_BANK0->GPIO[PIN_VSYS] = PAD_OD; /* 4.9.1: digital input off, no pulls */
    ADC->CS = ADC_CS_EN | ADC_CS_AINSEL(ADC_CHANNEL);
    while (!(ADC->CS & ADC_CS_READY)) {
    }
    set_bits(&TIMER->INTE, BIT(BATTERY_ALARM));
    irq_enable(TIMER_IRQ_2);
    TIMER->ALARM[BATTERY_ALARM] = time_us_32() + PERIOD_US;
}

int battery_percent(void) {
    set_bits(&ADC->CS, ADC_CS_START_ONCE);
    while (!(ADC->CS & ADC_CS_READY)) {
    }
    int millivolts = (int)(ADC->RESULT * (3u * 3300u) >> 12);
    if (millivolts < LEAST_MV)
        return BATTERY_UNKNOWN;
    if (millivolts >= FULL_MV)
        return 100;
    /* The range is 900 mV: a hundredth of it is 9 mV, and 7282 / 65536 is a ninth. */
    return millivolts <= EMPTY_MV ? 0 : (millivolts - EMPTY_MV) * 7282 >> 16;
}

int battery_waiting(void) { return due; }

int battery_due(void) {
    int was = due;
    due = 0;
    return was;
}
