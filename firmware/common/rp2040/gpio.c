/* RP2040 datasheet 2.19: function select, pads and the pins seen from SIO. */
#include "runtime.h"

static void gpio_power_up(void) {
    unreset(RESET_IO_BANK0);
    unreset(RESET_PADS_BANK0);
}

void gpio_function(uint32_t pin, enum funcsel function) {
    gpio_power_up();
    PADS_BANK0->GPIO[pin] = PAD_IE | PAD_DRIVE_4MA | PAD_SCHMITT;
    IO_BANK0->GPIO[pin].CTRL = function;
}

void gpio_input(uint32_t pin, uint32_t pulls) {
    gpio_function(pin, FUNC_SIO);
    SIO->GPIO_OE_CLR = BIT(pin);
    PADS_BANK0->GPIO[pin] = PAD_IE | PAD_DRIVE_4MA | PAD_SCHMITT | pulls;
}

void gpio_output(uint32_t pin, uint32_t level) {
    gpio_put(pin, level);
    SIO->GPIO_OE_SET = BIT(pin);
    gpio_function(pin, FUNC_SIO);
}
