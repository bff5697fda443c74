/* GPIO bank 0: function select, overrides, pulls, interrupts, atomic aliases. Pins 8 and 9 are left open. */
#include "probe.h"

#define OUTOVER(n) ((uint32_t)(n) << 8)
#define OEOVER(n) ((uint32_t)(n) << 12)
#define INOVER(n) ((uint32_t)(n) << 16)
#define IRQOVER(n) ((uint32_t)(n) << 28)
#define INVERT 1u
#define LOW 2u
#define HIGH 3u
#define NIBBLE(pin) ((pin) % 8 * 4)
#define PIN 8u

static volatile uint32_t irqs, seen;
void isr_IO_IRQ_BANK0(void) {
    irqs++;
    seen = IO_BANK0->PROC0.INTS[PIN / 8] >> NIBBLE(PIN) & 15;
    IO_BANK0->INTR[PIN / 8] = 15u << NIBBLE(PIN);
    if (irqs > 20)
        irq_disable(IO_IRQ_BANK0);
}

static uint32_t pending(void) { return IO_BANK0->INTR[PIN / 8] >> NIBBLE(PIN) & 15; }
static void settle(void) { WAIT_UNTIL(0, 2); }

static void probes(void) {
    unreset(RESET_IO_BANK0);
    unreset(RESET_PADS_BANK0);
    probe(1, IO_BANK0->GPIO[PIN].CTRL);
    probe(2, PADS_BANK0->GPIO[PIN]);

    gpio_input(PIN, PAD_PUE);
    settle();
    probe(3, gpio_get(PIN));
    gpio_input(PIN, PAD_PDE);
    settle();
    probe(4, gpio_get(PIN));
    PADS_BANK0->GPIO[PIN] = PAD_PUE; /* no input enable */
    settle();
    probe(5, gpio_get(PIN));

    /* Overrides of what the pin reads, drives and lets out. */
    gpio_output(PIN, 0);
    IO_BANK0->GPIO[PIN].CTRL = FUNC_SIO | OUTOVER(INVERT);
    settle();
    probe(6, gpio_get(PIN));
    IO_BANK0->GPIO[PIN].CTRL = FUNC_SIO | OUTOVER(HIGH) | INOVER(INVERT);
    settle();
    probe(7, gpio_get(PIN));
    probe(8, IO_BANK0->GPIO[PIN].STATUS & (BIT(9) | BIT(13) | BIT(17) | BIT(19)));
    IO_BANK0->GPIO[PIN].CTRL = FUNC_SIO | OEOVER(LOW);
    PADS_BANK0->GPIO[PIN] = PAD_IE | PAD_PUE;
    settle();
    probe(9, gpio_get(PIN));
    PADS_BANK0->GPIO[PIN] = PAD_IE | PAD_PUE | PAD_OD;
    IO_BANK0->GPIO[PIN].CTRL = FUNC_SIO;
    settle();
    probe(10, gpio_get(PIN));

    /* Edges are kept until they are cleared, levels follow. */
    gpio_output(PIN, 0);
    settle();
    IO_BANK0->INTR[PIN / 8] = 15u << NIBBLE(PIN);
    probe(11, pending());
    gpio_put(PIN, 1);
    settle();
    probe(12, pending());
    gpio_put(PIN, 0);
    settle();
    probe(13, pending());
    IO_BANK0->INTR[PIN / 8] = 15u << NIBBLE(PIN);
    probe(14, pending());

    irq_enable(IO_IRQ_BANK0);
    IO_BANK0->PROC0.INTE[PIN / 8] = GPIO_EDGE_HIGH << NIBBLE(PIN);
    gpio_put(PIN, 1);
    settle();
    probe(15, irqs);
    probe(16, seen);
    gpio_put(PIN, 0);
    settle();
    probe(17, irqs);
    IO_BANK0->PROC0.INTE[PIN / 8] = 0;
    IO_BANK0->PROC1.INTE[PIN / 8] = GPIO_EDGE_HIGH << NIBBLE(PIN);
    gpio_put(PIN, 1);
    settle();
    probe(18, irqs);
    probe(19, IO_BANK0->PROC1.INTS[PIN / 8] >> NIBBLE(PIN));
    IO_BANK0->PROC1.INTE[PIN / 8] = 0;
    IO_BANK0->PROC0.INTF[PIN / 8] = GPIO_LEVEL_LOW << NIBBLE(PIN);
    probe(20, IO_BANK0->PROC0.INTS[PIN / 8] >> NIBBLE(PIN));
    IO_BANK0->PROC0.INTF[PIN / 8] = 0;
    irq_disable(IO_IRQ_BANK0);
    probe(21, irqs > 1);

    /* Atomic aliases, and the normal one: 2.1.2. */
    reg *pad = &PADS_BANK0->GPIO[9];
    *pad = 0x50;
    set_bits(pad, 0x0c);
    probe(22, *pad);
    clear_bits(pad, 0x44);
    probe(23, *pad);
    flip_bits(pad, 0x81);
    probe(24, *pad);
    probe(25, *(reg *)((uintptr_t)pad + ALIAS_SET));

    /* A reserved function drives nothing, though SIO would. */
    gpio_output(PIN, 1);
    PADS_BANK0->GPIO[PIN] = PAD_IE | PAD_PDE;
    probe(26, gpio_get(PIN));
    IO_BANK0->GPIO[PIN].CTRL = 10;
    settle();
    probe(27, gpio_get(PIN));
    probe(28, IO_BANK0->GPIO[PIN].STATUS & (BIT(8) | BIT(12) | BIT(13)));

    /* With both pulls the pad keeps the level that the output left. */
    for (uint32_t level = 0; level < 2; level++) {
        gpio_output(PIN, level);
        PADS_BANK0->GPIO[PIN] = PAD_IE | PAD_PUE | PAD_PDE;
        settle();
        IO_BANK0->GPIO[PIN].CTRL = FUNC_NULL;
        settle();
        probe(29 + level, gpio_get(PIN));
    }

    /* OD is in the pad, behind OETOPAD. */
    gpio_output(PIN, 1);
    PADS_BANK0->GPIO[PIN] = PAD_IE | PAD_PDE | PAD_OD;
    settle();
    probe(31, IO_BANK0->GPIO[PIN].STATUS & (BIT(12) | BIT(13) | BIT(17)));

    /* The last word holds six pins. */
    IO_BANK0->PROC1.INTE[3] = 0xffffffff;
    probe(32, IO_BANK0->PROC1.INTE[3]);

    /* Reset of the bank: functions, enables and edges are gone. */
    IO_BANK0->PROC0.INTE[PIN / 8] = GPIO_EDGE_LOW << NIBBLE(PIN);
    PADS_BANK0->GPIO[PIN] = PAD_IE | PAD_PDE;
    settle();
    reset_block(RESET_IO_BANK0);
    unreset(RESET_IO_BANK0);
    probe(33, IO_BANK0->GPIO[PIN].CTRL);
    probe(34, IO_BANK0->PROC0.INTE[PIN / 8] | IO_BANK0->PROC1.INTE[3]);
}
