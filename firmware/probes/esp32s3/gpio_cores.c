/* GPIO beyond gpio.c: interrupts of pins above 31, of the second core and as NMI; straps; what the matrix turns over; the
 * pads as the RTC has them. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/gpio.h"
#include "reg/rtc_io.h"

#define LOW_PIN 6
#define HIGH_PIN 40
#define OTHER 7
#define GPIO_STRAP REG(0x60004038u) /* ESP-IDF soc/gpio_reg.h */
/* ESP-IDF soc/interrupts.h. */
#define SOURCE_GPIO 16
#define SOURCE_GPIO_NMI 17
#define LINE 0
#define LINE_NMI 1 /* of the processor an ordinary one */

static volatile uint32_t irqs, nmis, of_app;
static volatile uint64_t which;
static void on_gpio(void *unused) {
    (void)unused;
    irqs++;
    which = gpio_interrupts_pending();
}
static void on_nmi(void *unused) {
    (void)unused;
    nmis++;
    gpio_interrupts_pending();
}
static void on_app(void *unused) {
    (void)unused;
    of_app += core_id();
    gpio_interrupts_pending();
}

static volatile uint32_t app_ready;
static void second(void) {
    interrupt_route(1, SOURCE_GPIO, LINE);
    interrupt_handler(LINE, on_app, 0);
    interrupt_enable(LINE);
    app_ready = 1;
    for (;;)
        wait_for_interrupt();
}

static void edge(uint32_t pin, uint32_t enable) {
    gpio_output(pin, 0);
    GPIO_PIN(pin) = field(GPIO_PIN_INT_TYPE, EDGE_RISING) | field(GPIO_PIN_INT_ENA, enable);
    gpio_put(pin, 1);
    delay_us(2);
    GPIO_PIN(pin) = 0;
    gpio_put(pin, 0);
}

static void probes(void) {
    probe(1, GPIO_STRAP & 0xf);
    interrupt_route(0, SOURCE_GPIO, LINE);
    interrupt_route(0, SOURCE_GPIO_NMI, LINE_NMI);
    interrupt_handler(LINE, on_gpio, 0);
    interrupt_handler(LINE_NMI, on_nmi, 0);
    interrupt_enable(LINE);
    interrupt_enable(LINE_NMI);
    edge(HIGH_PIN, 1);
    probe(2, irqs);
    probe(3, (uint32_t)(which >> 32));
    /* The source that firmware may make the NMI. */
    edge(LOW_PIN, 2);
    probe(4, nmis << 4 | irqs);

    /* ESP-IDF's gpio_intr_enable_on_core: one enable for both cores; the matrix says who takes it. */
    interrupt_disable(LINE);
    second_core_start(second);
    WAIT_UNTIL(app_ready, 1000);
    edge(LOW_PIN, 1);
    probe(5, of_app);
    probe(6, irqs);

    /* Many signals on one pin, one after the other: GPIO_OUT turned over in the matrix, the enable turned over. */
    gpio_output(LOW_PIN, 1);
    GPIO_FUNC_OUT_SEL_CFG(LOW_PIN) = field(GPIO_FUNC_OUT_SEL_CFG_OUT_SEL, SIGNAL_GPIO_OUT) |
                                     GPIO_FUNC_OUT_SEL_CFG_INV_SEL;
    probe(7, gpio_get(LOW_PIN));
    gpio_input(LOW_PIN, PULL_UP);
    GPIO_ENABLE_W1TS = BIT(LOW_PIN);
    gpio_put(LOW_PIN, 0);
    GPIO_FUNC_OUT_SEL_CFG(LOW_PIN) = field(GPIO_FUNC_OUT_SEL_CFG_OUT_SEL, SIGNAL_GPIO_OUT) |
                                     GPIO_FUNC_OUT_SEL_CFG_OEN_SEL;
    uint32_t driven = gpio_get(LOW_PIN);
    GPIO_FUNC_OUT_SEL_CFG(LOW_PIN) |= GPIO_FUNC_OUT_SEL_CFG_OEN_INV_SEL;
    delay_us(1);
    probe(8, driven << 1 | gpio_get(LOW_PIN));
    gpio_input(LOW_PIN, PULL_NONE);

    /* RTC_IO: output, open drain, pulls, an interrupt's status; the digital side is not seen meanwhile. */
    volatile uint32_t *pad = &RTC_IO_TOUCH_PAD0 + OTHER;
    gpio_output(OTHER, 1);
    *pad |= RTC_IO_TOUCH_PAD0_MUX_SEL | RTC_IO_TOUCH_PAD0_FUN_IE;
    RTC_IO_RTC_GPIO_OUT_W1TC = BIT(10 + OTHER);
    RTC_IO_RTC_GPIO_ENABLE_W1TS = BIT(10 + OTHER);
    probe(9, (RTC_IO_RTC_GPIO_IN >> (10 + OTHER) & 1) << 1 | gpio_get(OTHER));
    RTC_IO_PIN(OTHER) = field(RTC_IO_PIN_INT_TYPE, EDGE_RISING);
    RTC_IO_RTC_GPIO_OUT_W1TS = BIT(10 + OTHER);
    probe(10, RTC_IO_RTC_GPIO_IN >> (10 + OTHER) & 1);
    probe(11, RTC_IO_RTC_GPIO_STATUS >> (10 + OTHER) & 1);
    RTC_IO_RTC_GPIO_STATUS_W1TC = BIT(10 + OTHER);
    probe(12, RTC_IO_RTC_GPIO_STATUS >> (10 + OTHER) & 1);
    RTC_IO_PIN(OTHER) = RTC_IO_PIN_PAD_DRIVER;
    *pad = (*pad & ~RTC_IO_TOUCH_PAD0_RUE) | RTC_IO_TOUCH_PAD0_RDE;
    delay_us(1);
    probe(13, RTC_IO_RTC_GPIO_IN >> (10 + OTHER) & 1);
    *pad = (*pad & ~RTC_IO_TOUCH_PAD0_RDE) | RTC_IO_TOUCH_PAD0_RUE;
    delay_us(1);
    probe(14, RTC_IO_RTC_GPIO_IN >> (10 + OTHER) & 1);
    RTC_IO_ENABLE_W1TC = BIT(10 + OTHER);
    *pad &= ~(RTC_IO_TOUCH_PAD0_MUX_SEL | RTC_IO_TOUCH_PAD0_RUE);
    delay_us(1);
    probe(15, gpio_get(OTHER));
}
