/* ESP32-S3 TRM, chapter "IO MUX and GPIO Matrix". */
#include "drivers/drivers.h"
#include "reg/gpio.h"
#include "reg/io_mux.h"
#include "reg/rtc_io.h"

#define FUNCTION_GPIO 1
#define DRIVE_20_MA 2
#define INT_ENA_PRO_CPU 1
#define RTC_PADS 22u /* GPIO0 to GPIO21, a register each */

/* Chapter "Low-power Management": what the RTC domain took for a wake-up it keeps over deep sleep, until it is told. */
static void rtc_lets_go(uint32_t pin) {
    if (pin < RTC_PADS)
        clear_bits(&RTC_IO_TOUCH_PAD0 + pin, RTC_IO_TOUCH_PAD0_MUX_SEL);
}

static void pad(uint32_t pin, enum pull pull) {
    rtc_lets_go(pin);
    uint32_t bits = field(IO_MUX_GPIO_MCU_SEL, FUNCTION_GPIO) | field(IO_MUX_GPIO_FUN_DRV, DRIVE_20_MA) | IO_MUX_GPIO_FUN_IE;
    if (pull == PULL_UP)
        bits |= IO_MUX_GPIO_FUN_WPU;
    if (pull == PULL_DOWN)
        bits |= IO_MUX_GPIO_FUN_WPD;
    IO_MUX_GPIO(pin) = bits;
}

static void enable(uint32_t pin, uint32_t on) {
    if (pin < 32)
        *(on ? &GPIO_ENABLE_W1TS : &GPIO_ENABLE_W1TC) = BIT(pin);
    else
        *(on ? &GPIO_ENABLE1_W1TS : &GPIO_ENABLE1_W1TC) = BIT(pin - 32);
}

void gpio_put(uint32_t pin, uint32_t level) {
    if (pin < 32)
        *(level ? &GPIO_OUT_W1TS : &GPIO_OUT_W1TC) = BIT(pin);
    else
        *(level ? &GPIO_OUT1_W1TS : &GPIO_OUT1_W1TC) = BIT(pin - 32);
}

uint32_t gpio_get(uint32_t pin) { return (pin < 32 ? GPIO_IN >> pin : GPIO_IN1 >> (pin - 32)) & 1; }

void gpio_input(uint32_t pin, enum pull pull) {
    enable(pin, 0);
    GPIO_FUNC_OUT_SEL_CFG(pin) = SIGNAL_GPIO_OUT;
    pad(pin, pull);
}

void gpio_output(uint32_t pin, uint32_t level) {
    gpio_put(pin, level);
    clear_bits(&GPIO_PIN(pin), GPIO_PIN_PAD_DRIVER);
    GPIO_FUNC_OUT_SEL_CFG(pin) = SIGNAL_GPIO_OUT;
    pad(pin, PULL_NONE);
    enable(pin, 1);
}

void gpio_open_drain(uint32_t pin, uint32_t level, enum pull pull) {
    gpio_put(pin, level);
    set_bits(&GPIO_PIN(pin), GPIO_PIN_PAD_DRIVER);
    GPIO_FUNC_OUT_SEL_CFG(pin) = SIGNAL_GPIO_OUT;
    pad(pin, pull);
    enable(pin, 1);
}

void gpio_out_signal(uint32_t pin, uint32_t signal) {
    if (pin == NO_PIN)
        return;
    GPIO_FUNC_OUT_SEL_CFG(pin) = field(GPIO_FUNC_OUT_SEL_CFG_OUT_SEL, signal);
    set_bits(&IO_MUX_GPIO(pin), IO_MUX_GPIO_FUN_IE);
    field_set(&IO_MUX_GPIO(pin), IO_MUX_GPIO_MCU_SEL, FUNCTION_GPIO);
    enable(pin, 1);
}

void gpio_in_signal(uint32_t signal, uint32_t pin) {
    if (pin == NO_PIN)
        return;
    GPIO_FUNC_IN_SEL_CFG(signal) = field(GPIO_FUNC_IN_SEL_CFG_IN_SEL, pin) | GPIO_FUNC_IN_SEL_CFG_SEL;
    if (pin < SIGNAL_HIGH)
        set_bits(&IO_MUX_GPIO(pin), IO_MUX_GPIO_FUN_IE);
}

void gpio_interrupt(uint32_t pin, enum edge edge) {
    uint32_t bits = GPIO_PIN(pin) & ~(field_mask(GPIO_PIN_INT_TYPE) | field_mask(GPIO_PIN_INT_ENA));
    GPIO_PIN(pin) = bits | field(GPIO_PIN_INT_TYPE, edge) | (edge ? field(GPIO_PIN_INT_ENA, INT_ENA_PRO_CPU) : 0);
}

uint64_t gpio_interrupts_pending(void) {
    uint32_t low = GPIO_STATUS, high = GPIO_STATUS1;
    GPIO_STATUS_W1TC = low;
    GPIO_STATUS1_W1TC = high;
    return (uint64_t)high << 32 | low;
}
