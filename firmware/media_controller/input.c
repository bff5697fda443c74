/* The knob by interrupt. RP2040 datasheet 2.19.3 (GPIO interrupts), 2.3.2 (priorities), 4.6.3 (alarms). */
#include "input.h"

#include "runtime.h"

#define PIN_A 10u
#define PIN_B 11u
#define PIN_KEY 12u
#define BANK 1u /* INTR1, INTE1 and INTS1 hold GPIO8 to GPIO15 */
#define EDGES(pin, edges) ((uint32_t)(edges) << (pin) % 8 * 4)

/* Above the 0x40 that the radio's driver takes on the same line: the knob is never late. Of the eight bits of a
 * priority only the top two exist, so that this reads back as 0. */
#define KNOB_PRIORITY 0x30u
#define KNOB_QUIET_US 2000u
#define KEY_QUIET_US 50000u
#define KEY_ALARM 1u

static volatile int steps, presses;
static uint32_t last_edge_of_a;
static int key_down;

/* A step counts when A falls after it has been still for 2 ms: what follows is the contact's bounce. B then tells the
 * direction. A rising edge restarts the time, because a contact bounces when it opens as well. */
static void knob_edge(uint32_t edges) {
    uint32_t now = time_us_32(), quiet = now - last_edge_of_a;
    last_edge_of_a = now;
    if (edges & GPIO_EDGE_LOW && quiet >= KNOB_QUIET_US)
        steps += gpio_get(PIN_B) ? 1 : -1;
}

void isr_IO_IRQ_BANK0(void) {
    uint32_t pending = IO_BANK0->PROC0.INTS[BANK];
    IO_BANK0->INTR[BANK] = pending;
    uint32_t a = pending >> PIN_A % 8 * 4 & (GPIO_EDGE_LOW | GPIO_EDGE_HIGH);
    if (a)
        knob_edge(a);
    if (pending & EDGES(PIN_KEY, GPIO_EDGE_LOW | GPIO_EDGE_HIGH))
        TIMER->ALARM[KEY_ALARM] = time_us_32() + KEY_QUIET_US;
}

/* The key has been still for 50 ms: what it says now is true. */
void isr_TIMER_IRQ_1(void) {
    TIMER->INTR = BIT(KEY_ALARM);
    int down = !gpio_get(PIN_KEY);
    if (down && !key_down)
        presses++;
    key_down = down;
}

void input_init(void) {
    gpio_input(PIN_A, PAD_PUE);
    gpio_input(PIN_B, PAD_PUE);
    gpio_input(PIN_KEY, PAD_PUE);
    set_bits(&TIMER->INTE, BIT(KEY_ALARM));
    irq_enable(TIMER_IRQ_1);
    irq_priority(TIMER_IRQ_1, KNOB_PRIORITY);
    uint32_t edges = EDGES(PIN_A, GPIO_EDGE_LOW | GPIO_EDGE_HIGH) | EDGES(PIN_KEY, GPIO_EDGE_LOW | GPIO_EDGE_HIGH);
    IO_BANK0->INTR[BANK] = edges;
    set_bits(&IO_BANK0->PROC0.INTE[BANK], edges);
    irq_priority(IO_IRQ_BANK0, KNOB_PRIORITY);
    irq_enable(IO_IRQ_BANK0);
}

int input_waiting(void) { return steps || presses; }

static int take(volatile int *counter) {
    interrupts_off();
    int taken = *counter;
    *counter = 0;
    interrupts_on();
    return taken;
}

int input_take_steps(void) { return take(&steps); }
int input_take_presses(void) { return take(&presses); }
