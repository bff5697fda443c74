/* UART0 (PL011) in loopback: data, FIFOs, interrupts, the time of a character. */
#include "probe.h"

static volatile uint32_t irqs;
void isr_UART0_IRQ(void) {
    irqs |= UART0->UARTMIS;
    UART0->UARTIMSC = 0;
}

static void send(uint32_t byte) { UART0->UARTDR = byte; }
static void idle(void) { WAIT_UNTIL(!(UART0->UARTFR & UARTFR_BUSY), 10000); }
static void drain(void) {
    while (!(UART0->UARTFR & UARTFR_RXFE))
        (void)UART0->UARTDR;
    UART0->UARTICR = 0x7ff;
}

static void probes(void) {
    unreset(RESET_UART0);
    probe(1, UART0->UARTFR & 0xf8);
    probe(2, UART0->UARTCR);
    probe(3, UART0->UARTIFLS);
    probe(4, *(reg *)((uintptr_t)UART0 + 0xfe0));

    /* 1 Mbaud: 125 MHz / 16 / (7 + 52/64). */
    UART0->UARTIBRD = 7;
    UART0->UARTFBRD = 52;
    UART0->UARTLCR_H = UARTLCR_H_WLEN_8 | UARTLCR_H_FEN;
    UART0->UARTCR = UARTCR_UARTEN | UARTCR_TXE | UARTCR_RXE | UARTCR_LBE;

    send(0x5a);
    probe(5, UART0->UARTFR & UARTFR_BUSY);
    WAIT_UNTIL(!(UART0->UARTFR & UARTFR_RXFE), 100);
    probe(6, UART0->UARTDR);
    idle();

    /* Twenty characters of ten bits. */
    uint32_t since = time_us_32();
    for (uint32_t n = 0; n < 20; n++)
        send(n);
    idle();
    probe(7, time_us_32() - since);
    uint32_t sum = 0;
    for (uint32_t n = 0; n < 20 && !(UART0->UARTFR & UARTFR_RXFE); n++)
        sum += UART0->UARTDR;
    probe(8, sum);

    /* 32 fit; the 33rd is lost, and the overrun is marked on the next one read and in RIS. */
    drain();
    for (uint32_t n = 0; n < 33; n++) {
        WAIT_UNTIL(!(UART0->UARTFR & UARTFR_TXFF), 100);
        send(n);
    }
    idle();
    probe(9, UART0->UARTFR & UARTFR_RXFF);
    probe(10, UART0->UARTRIS & UARTINT_OE);
    uint32_t count = 0;
    for (; !(UART0->UARTFR & UARTFR_RXFE) && count < 40; count++)
        (void)UART0->UARTDR;
    probe(11, count);

    /* Receive interrupt at a half (16 of 32), not before; and the timeout for what lies below. */
    drain();
    UART0->UARTIFLS = 2u << 3 | 2u;
    for (uint32_t n = 0; n < 15; n++)
        send(n);
    idle();
    probe(12, UART0->UARTRIS & UARTINT_RX);
    WAIT_UNTIL(0, 50); /* 32 bit times of 1 us */
    probe(13, UART0->UARTRIS & UARTINT_RT);
    UART0->UARTIMSC = UARTINT_RX;
    irq_enable(UART0_IRQ);
    probe(14, irqs);
    send(15);
    WAIT_UNTIL(irqs, 100);
    probe(15, irqs);
    irq_disable(UART0_IRQ);

    /* Seven bits, odd parity, two stop bits: eleven bits on the wire. */
    drain();
    UART0->UARTCR = 0;
    UART0->UARTLCR_H = 2u << 5 | UARTLCR_H_FEN | BIT(1) | BIT(3);
    UART0->UARTCR = UARTCR_UARTEN | UARTCR_TXE | UARTCR_RXE | UARTCR_LBE;
    since = time_us_32();
    for (uint32_t n = 0; n < 20; n++)
        send(0xff);
    idle();
    probe(16, time_us_32() - since);
    probe(17, UART0->UARTDR);

    /* A break is a character of zeros without a stop bit. */
    drain();
    UART0->UARTLCR_H |= BIT(0);
    WAIT_UNTIL(0, 40);
    UART0->UARTLCR_H &= ~BIT(0);
    WAIT_UNTIL(!(UART0->UARTFR & UARTFR_RXFE), 100);
    probe(18, UART0->UARTDR & 0x4ff);
}
