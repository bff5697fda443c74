/* GPIO, IO MUX and GPIO matrix: levels, pulls, open drain, inversion, constants, every edge as an interrupt. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/gpio.h"
#include "reg/io_mux.h"

#define A 6
#define B 7
#define HIGH_PIN 38
#define SOURCE_GPIO 16
#define LINE 0

static volatile uint32_t irqs, last;
static void on_gpio(void *unused) {
    (void)unused;
    irqs++;
    last = (uint32_t)gpio_interrupts_pending();
    if (irqs == 3) /* a level that nobody takes away would leave time for nothing else */
        gpio_interrupt(A, EDGE_NONE);
}

static uint32_t count(enum edge edge) {
    irqs = 0;
    gpio_put(A, 0);
    gpio_interrupt(A, edge);
    gpio_put(A, 1);
    delay_us(1);
    gpio_put(A, 0);
    delay_us(1);
    gpio_interrupt(A, EDGE_NONE);
    return irqs;
}

static void probes(void) {
    gpio_output(A, 1);
    probe(1, gpio_get(A));
    gpio_put(A, 0);
    probe(2, gpio_get(A));
    gpio_output(HIGH_PIN, 1);
    probe(3, gpio_get(HIGH_PIN));
    probe(4, GPIO_ENABLE1 >> (HIGH_PIN - 32) & 1);

    gpio_input(B, PULL_UP);
    delay_us(1);
    probe(5, gpio_get(B));
    gpio_input(B, PULL_DOWN);
    delay_us(1);
    probe(6, gpio_get(B));

    gpio_open_drain(B, 1, PULL_UP);
    delay_us(1);
    probe(7, gpio_get(B));
    gpio_put(B, 0);
    delay_us(1);
    probe(8, gpio_get(B));

    /* Inverted on its way out, and the enable inverted too. */
    gpio_output(A, 1);
    set_bits(&GPIO_FUNC_OUT_SEL_CFG(A), GPIO_FUNC_OUT_SEL_CFG_INV_SEL);
    probe(9, gpio_get(A));
    clear_bits(&GPIO_FUNC_OUT_SEL_CFG(A), GPIO_FUNC_OUT_SEL_CFG_INV_SEL);

    /* Without its input buffer a pin reads 0. */
    gpio_put(A, 1);
    clear_bits(&IO_MUX_GPIO(A), IO_MUX_GPIO_FUN_IE);
    probe(10, gpio_get(A));
    set_bits(&IO_MUX_GPIO(A), IO_MUX_GPIO_FUN_IE);
    probe(11, gpio_get(A));

    /* Interrupts. */
    interrupt_route(0, SOURCE_GPIO, LINE);
    interrupt_handler(LINE, on_gpio, 0);
    interrupt_enable(LINE);
    probe(12, count(EDGE_RISING));
    probe(13, last);
    probe(14, count(EDGE_FALLING));
    probe(15, count(EDGE_ANY));
    /* A level asserts again as long as it is there. */
    irqs = 0;
    gpio_put(A, 1);
    gpio_interrupt(A, LEVEL_HIGH);
    delay_us(5);
    gpio_interrupt(A, EDGE_NONE);
    gpio_interrupts_pending();
    probe(16, irqs);
    /* Software may set a bit itself. */
    irqs = 0;
    gpio_interrupt(A, EDGE_RISING);
    GPIO_STATUS_W1TS = BIT(A);
    delay_us(1);
    probe(17, irqs);
    gpio_interrupt(A, EDGE_NONE);

    /* OUT as a whole, by setting and clearing. */
    uint32_t out = GPIO_OUT;
    GPIO_OUT_W1TS = 0x30;
    GPIO_OUT_W1TC = 0x20;
    probe(18, GPIO_OUT ^ out);
}
