/* PIO0. The instructions are written as words, with the assembler's text beside them (3.4). */
#include "probe.h"

#define JMP(condition, address) (uint16_t)(0x0000 | (condition) << 5 | (address))
#define ALWAYS 0
#define NOT_X 1
#define X_DEC 2
#define Y_DEC 4
#define PIN 6
#define NOT_OSRE 7
#define WAIT_IRQ(polarity, index) (uint16_t)(0x2040 | (polarity) << 7 | (index))
#define WAIT_GPIO(polarity, index) (uint16_t)(0x2000 | (polarity) << 7 | (index))
#define IN(source, count) (uint16_t)(0x4000 | (source) << 5 | ((count)&31))
#define OUT(destination, count) (uint16_t)(0x6000 | (destination) << 5 | ((count)&31))
#define PUSH_NOBLOCK 0x8000
#define PUSH 0x8020
#define PULL_NOBLOCK 0x8080
#define PULL 0x80a0
#define MOV(destination, operation, source) (uint16_t)(0xa000 | (destination) << 5 | (operation) << 3 | (source))
#define IRQ_SET(index) (uint16_t)(0xc000 | (index))
#define IRQ_WAIT(index) (uint16_t)(0xc020 | (index))
#define IRQ_CLEAR(index) (uint16_t)(0xc040 | (index))
#define REL 0x10
#define SET(destination, value) (uint16_t)(0xe000 | (destination) << 5 | (value))
#define PINS 0
#define X 1
#define Y 2
#define NULL_SOURCE 3
#define PINDIRS 4
#define PC 5
#define STATUS 5
#define ISR 6
#define OSR 7
#define INVERT 1
#define REVERSE 2

static struct pio_sm *const sm0 = &PIO0->SM[0];

static void load(const uint16_t *program, unsigned length) {
    PIO0->CTRL = 0;
    reset_block(RESET_PIO0);
    unreset(RESET_PIO0);
    for (unsigned i = 0; i < length; i++)
        PIO0->INSTR_MEM[i] = program[i];
    sm0->EXECCTRL = PIO_EXECCTRL_WRAP(0, length - 1);
    sm0->CLKDIV = PIO_CLKDIV(1, 0);
}
#define LOAD(...) load((const uint16_t[]){__VA_ARGS__}, sizeof((const uint16_t[]){__VA_ARGS__}) / 2)
static void start(void) { PIO0->CTRL = PIO_CTRL_SM_ENABLE(0); }
static uint32_t receive(void) {
    WAIT_UNTIL(!(PIO0->FSTAT & PIO_FSTAT_RXEMPTY(0)), 1000);
    return PIO0->RXF[0];
}

static void registers(void) {
    unreset(RESET_PIO0);
    probe(1, PIO0->DBG_CFGINFO);
    probe(2, PIO0->FSTAT);
    probe(3, sm0->SHIFTCTRL);
    probe(4, sm0->EXECCTRL);
    probe(5, sm0->PINCTRL);
}

static void shifting(void) {
    /* pull, mov isr ~osr, push */
    LOAD(PULL, MOV(ISR, INVERT, OSR), PUSH);
    start();
    PIO0->TXF[0] = 0x12345678;
    probe(10, receive());
    LOAD(PULL, MOV(ISR, REVERSE, OSR), PUSH);
    start();
    PIO0->TXF[0] = 0x12345678;
    probe(11, receive());

    /* Autopull and autopush, a byte at a time, out to the left and in from the left. */
    LOAD(OUT(X, 8), IN(X, 8));
    sm0->SHIFTCTRL = PIO_SHIFTCTRL_AUTOPULL | PIO_SHIFTCTRL_PULL_THRESH(32) | PIO_SHIFTCTRL_AUTOPUSH | PIO_SHIFTCTRL_PUSH_THRESH(32) |
                     PIO_SHIFTCTRL_IN_RIGHT;
    PIO0->TXF[0] = 0x12345678;
    start();
    probe(12, receive());
    WAIT_UNTIL(0, 10);
    probe(13, PIO0->FDEBUG & PIO_FDEBUG_TXSTALL(0));
    probe(14, PIO0->FSTAT & PIO_FSTAT_RXEMPTY(0));

    /* PULL_NOBLOCK on an empty FIFO copies X. */
    LOAD(SET(X, 21), PULL_NOBLOCK, MOV(ISR, 0, OSR), PUSH);
    start();
    probe(15, receive());

    /* IN NULL shifts zeros in; !OSRE looks at the threshold. */
    LOAD(PULL, OUT(X, 16), JMP(NOT_OSRE, 1), MOV(ISR, 0, X), IN(NULL_SOURCE, 4), PUSH);
    sm0->SHIFTCTRL = PIO_SHIFTCTRL_OUT_RIGHT;
    PIO0->TXF[0] = 0xabcd1234;
    start();
    probe(16, receive());
}

static void fifos(void) {
    LOAD(JMP(ALWAYS, 0));
    uint32_t room = 0;
    for (; !(PIO0->FSTAT & PIO_FSTAT_TXFULL(0)) && room < 20; room++)
        PIO0->TXF[0] = room;
    probe(20, room);
    PIO0->TXF[0] = 99;
    probe(21, PIO0->FDEBUG & PIO_FDEBUG_TXOVER(0));
    probe(22, PIO0->FLEVEL & 0xff);
    sm0->SHIFTCTRL = PIO_SHIFTCTRL_FJOIN_TX;
    probe(23, PIO0->FLEVEL & 0xff);
    for (room = 0; !(PIO0->FSTAT & PIO_FSTAT_TXFULL(0)) && room < 20; room++)
        PIO0->TXF[0] = room;
    probe(24, room);
    sm0->SHIFTCTRL = PIO_SHIFTCTRL_FJOIN_RX;
    probe(25, PIO0->FSTAT & PIO_FSTAT_TXFULL(0));
    (void)PIO0->RXF[0];
    probe(26, PIO0->FDEBUG & PIO_FDEBUG_RXUNDER(0));
    PIO0->FDEBUG = PIO_FDEBUG_RXUNDER(0);
    probe(27, PIO0->FDEBUG & PIO_FDEBUG_RXUNDER(0));

    /* set x 7; in x 32, push until it blocks: eight words joined, and RXSTALL. */
    LOAD(SET(X, 7), IN(X, 32), PUSH);
    sm0->SHIFTCTRL = PIO_SHIFTCTRL_FJOIN_RX;
    start();
    WAIT_UNTIL(0, 10);
    probe(28, PIO0->FLEVEL >> 4 & 15);
    probe(29, PIO0->FDEBUG & PIO_FDEBUG_RXSTALL(0));

    /* A byte written to the FIFO is in all four lanes. */
    LOAD(PULL, MOV(ISR, 0, OSR), PUSH);
    start();
    *(volatile uint8_t *)&PIO0->TXF[0] = 0x5a;
    probe(30, receive());

    /* STATUS: all ones while the TX FIFO holds less than N. */
    LOAD(MOV(X, 0, STATUS), MOV(ISR, 0, X), PUSH);
    sm0->EXECCTRL |= 2;
    PIO0->TXF[0] = 1;
    start();
    probe(31, receive());
    LOAD(MOV(X, 0, STATUS), MOV(ISR, 0, X), PUSH);
    sm0->EXECCTRL |= 1;
    PIO0->TXF[0] = 1;
    start();
    probe(32, receive());
}

static void execution(void) {
    /* Executed from the CPU, with the machine stopped. */
    LOAD(JMP(ALWAYS, 0));
    sm0->INSTR = SET(X, 9);
    sm0->INSTR = MOV(ISR, 0, X);
    sm0->INSTR = PUSH_NOBLOCK;
    probe(40, receive());
    sm0->INSTR = JMP(ALWAYS, 17);
    probe(41, sm0->ADDR);
    sm0->INSTR = PULL;
    probe(42, sm0->EXECCTRL & PIO_EXECCTRL_EXEC_STALLED);
    PIO0->CTRL = PIO_CTRL_SM_RESTART(0);
    probe(43, sm0->EXECCTRL & PIO_EXECCTRL_EXEC_STALLED);

    /* OUT EXEC: the instruction comes out of the FIFO. */
    LOAD(PULL, OUT(7, 16), MOV(ISR, 0, Y), PUSH);
    sm0->SHIFTCTRL = PIO_SHIFTCTRL_OUT_RIGHT;
    PIO0->TXF[0] = SET(Y, 27);
    start();
    probe(44, receive());

    /* OUT PC; x-- loops leave X at all ones. */
    LOAD(PULL, OUT(PC, 5), SET(X, 1), SET(X, 6), JMP(X_DEC, 4), MOV(ISR, 0, X), PUSH);
    sm0->SHIFTCTRL = PIO_SHIFTCTRL_OUT_RIGHT;
    PIO0->TXF[0] = 3;
    start();
    probe(45, receive());

    /* Program wraps from WRAP_TOP to WRAP_BOTTOM without a cycle lost. */
    LOAD(SET(X, 0), MOV(ISR, 0, X), PUSH, SET(X, 31));
    sm0->EXECCTRL = PIO_EXECCTRL_WRAP(1, 3);
    start();
    (void)receive();
    probe(46, receive());
}

static void irqs(void) {
    /* Machine 0 sets flag 0 + REL and waits until it is cleared; machine 1 waits for flag 1. */
    LOAD(IRQ_SET(1), IRQ_WAIT(0 | REL), SET(X, 3), MOV(ISR, 0, X), PUSH, JMP(ALWAYS, 5));
    PIO0->INT[0].INTE = 0xf00;
    start();
    WAIT_UNTIL(0, 5);
    probe(50, PIO0->IRQ);
    probe(51, PIO0->INT[0].INTS);
    probe(52, sm0->ADDR);
    PIO0->IRQ = 1;
    probe(53, receive());
    PIO0->IRQ_FORCE = 0x80;
    probe(54, PIO0->IRQ);
    probe(55, PIO0->INTR >> 8);

    /* WAIT 1 IRQ clears the flag it waited for; REL adds the machine's number modulo 4. */
    LOAD(WAIT_IRQ(1, 6), IRQ_SET(3 | REL), JMP(ALWAYS, 2));
    PIO0->IRQ_FORCE = 0x40;
    PIO0->SM[2].EXECCTRL = PIO_EXECCTRL_WRAP(0, 31);
    PIO0->CTRL = PIO_CTRL_SM_ENABLE(2);
    WAIT_UNTIL(0, 5);
    probe(56, PIO0->IRQ);
}

static void pins(void) {
    /* Pin 3 by SET, pin 4 by side-set with its enable bit; both read back through the pads. */
    gpio_function(3, FUNC_PIO0);
    gpio_function(4, FUNC_PIO0);
    LOAD(0xf801 /* set pins 1 side 1 */, JMP(ALWAYS, 1));
    sm0->EXECCTRL |= PIO_EXECCTRL_SIDE_EN;
    sm0->PINCTRL = PIO_PINCTRL_SET(3, 2);
    sm0->INSTR = SET(PINDIRS, 3);
    sm0->PINCTRL = PIO_PINCTRL_SET(3, 1) | PIO_PINCTRL_SIDESET(4, 2);
    probe(60, PIO0->DBG_PADOE >> 3 & 3);
    start();
    WAIT_UNTIL(0, 5);
    probe(61, PIO0->DBG_PADOUT >> 3 & 3);
    probe(62, SIO->GPIO_IN >> 3 & 3);

    /* JMP PIN and WAIT GPIO see what SIO drives on pin 5. */
    gpio_output(5, 0);
    LOAD(WAIT_GPIO(1, 5), JMP(PIN, 3), SET(X, 1), SET(X, 2), MOV(ISR, 0, X), PUSH, JMP(ALWAYS, 6));
    sm0->EXECCTRL |= PIO_EXECCTRL_JMP_PIN(5);
    start();
    WAIT_UNTIL(0, 5);
    probe(63, sm0->ADDR);
    gpio_put(5, 1);
    probe(64, receive());

    /* IN PINS starts at IN_BASE and goes round after pin 31. */
    LOAD(IN(PINS, 8), PUSH);
    sm0->PINCTRL = PIO_PINCTRL_IN(5);
    sm0->SHIFTCTRL = 0;
    start();
    probe(65, receive() & 1);
}

/* X counts down once in three cycles of the divided clock; 1000 counts are timed. */
static uint32_t loop_time_us(uint32_t clkdiv) {
    LOAD(PULL, MOV(X, 0, OSR), 0x0242 /* jmp x-- 2 [2] */, PUSH_NOBLOCK, JMP(ALWAYS, 4));
    sm0->CLKDIV = clkdiv;
    PIO0->TXF[0] = 999;
    uint32_t since = time_us_32();
    start();
    (void)receive();
    WAIT_UNTIL(!(PIO0->FSTAT & PIO_FSTAT_RXEMPTY(0)) || sm0->ADDR == 4, 100000);
    return time_us_32() - since;
}

static void clock_divider(void) {
    probe(70, loop_time_us(PIO_CLKDIV(5, 0)));
    probe(71, loop_time_us(PIO_CLKDIV(2, 128)));
    probe(72, loop_time_us(PIO_CLKDIV(12, 128)));
}

static void probes(void) {
    registers();
    shifting();
    fifos();
    execution();
    irqs();
    pins();
    clock_divider();
}
