/* Core 1: launch through the boot ROM, the FIFOs, what each core has for itself, what they share. */
#include "probe.h"

#define LOCK SIO->SPINLOCK[9]

extern uint32_t __core1_stack_top[];
static volatile uint32_t rounds, shared;

static uint32_t pop(void) {
    WAIT_UNTIL(SIO->FIFO_ST & SIO_FIFO_ST_VLD, 10000);
    return SIO->FIFO_RD;
}

static void count_under_lock(void) {
    for (int n = 0; n < 1000; n++) {
        while (!LOCK) {
        }
        shared++;
        LOCK = 0;
    }
}

static void core1_main(void) {
    uint32_t stack;
    __asm__ volatile("mrs %0, msp" : "=r"(stack));
    SIO->FIFO_WR = SIO->CPUID;
    SIO->FIFO_WR = SCB->VTOR;
    SIO->FIFO_WR = (uintptr_t)__core1_stack_top - stack < 256;
    SIO->FIFO_WR = NVIC->ISER;

    /* Its own divider. */
    SIO->DIV_UDIVIDEND = 100;
    SIO->DIV_UDIVISOR = 7;
    while (!(SIO->FIFO_ST & SIO_FIFO_ST_VLD))
        wait_for_event();
    SIO->FIFO_WR = SIO->FIFO_RD + SIO->DIV_QUOTIENT;
    count_under_lock();
    SIO->FIFO_WR = 0xd0e;
    for (;;)
        rounds++;
}

static volatile uint32_t fifo_irqs;
void isr_SIO_IRQ_PROC0(void) {
    fifo_irqs++;
    irq_disable(SIO_IRQ_PROC0);
}

static void probes(void) {
    core1_launch(core1_main);
    probe(1, pop());
    probe(2, pop() == SCB->VTOR);
    probe(3, pop());
    probe(4, pop());

    SIO->DIV_UDIVIDEND = 5;
    SIO->DIV_UDIVISOR = 5;
    SIO->FIFO_WR = 1000;
    send_event();
    probe(5, pop());
    count_under_lock();
    irq_enable(SIO_IRQ_PROC0);
    probe(6, pop());
    probe(7, shared);
    probe(8, fifo_irqs);

    /* Both run: core 1 goes round while core 0 looks. */
    uint32_t before = rounds;
    WAIT_UNTIL(0, 100);
    probe(9, rounds - before);

    /* Held in reset it stands still; let go, it waits in the boot ROM again. */
    set_bits(&PSM->FRCE_OFF, PSM_PROC1);
    WAIT_UNTIL(!(PSM->DONE & PSM_PROC1), 100);
    before = rounds;
    WAIT_UNTIL(0, 100);
    probe(10, rounds - before);
    probe(11, PSM->DONE & PSM_PROC1);
    clear_bits(&PSM->FRCE_OFF, PSM_PROC1);
    WAIT_UNTIL(SIO->FIFO_ST & SIO_FIFO_ST_VLD, 1000);
    shared = 0;
    core1_launch(core1_main);
    probe(12, pop());
}
