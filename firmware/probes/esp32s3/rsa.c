/* RSA: multiplication, modular multiplication and exponentiation of numbers whose results need no other calculator: the
 * modulus is the Mersenne prime 2^127 - 1, for which R^2 is 4 and M' is 1. */
#include "probe.h"
#include "reg/rsa.h"
#include "reg/system.h"

#define WORDS 4u
#define SOURCE_RSA 76
#define LINE 0

static volatile uint32_t irqs;
static void on_end(void *unused) {
    (void)unused;
    irqs++;
    RSA_CLEAR_INTERRUPT = 1;
}

static void put(volatile uint32_t *memory, uint32_t w0, uint32_t w1, uint32_t w2, uint32_t w3) {
    memory[0] = w0, memory[1] = w1, memory[2] = w2, memory[3] = w3;
}

static uint32_t holds(volatile uint32_t *memory, uint32_t w0, uint32_t w1, uint32_t w2, uint32_t w3) {
    return memory[0] == w0 && memory[1] == w1 && memory[2] == w2 && memory[3] == w3;
}

static uint32_t run(volatile uint32_t *start) {
    uint32_t then = cycles();
    *start = 1;
    WAIT_UNTIL(RSA_IDLE, 10000);
    return cycles() - then;
}

static void mersenne(void) {
    RSA_MODE = WORDS - 1;
    RSA_M_PRIME = 1;
    put(&RSA_M_MEM(0), 0xffffffff, 0xffffffff, 0xffffffff, 0x7fffffff);
    put(&RSA_Z_MEM(0), 4, 0, 0, 0);
}

static void probes(void) {
    peripheral_on(PERIP_RSA);
    clear_bits(&SYSTEM_RSA_PD_CTRL, SYSTEM_RSA_PD_CTRL_RSA_MEM_PD);
    WAIT_UNTIL(RSA_CLEAN, 100);
    probe(1, RSA_CLEAN);
    probe(2, RSA_X_MEM(127));

    /* (2^128 - 1)^2 = 2^256 - 2^129 + 1. */
    RSA_MODE = 2 * WORDS - 1;
    put(&RSA_X_MEM(0), 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff);
    put(&RSA_X_MEM(WORDS), 0, 0, 0, 0);
    put(&RSA_Z_MEM(0), 0, 0, 0, 0);
    put(&RSA_Z_MEM(WORDS), 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff);
    run(&RSA_MULT_START);
    probe(3, holds(&RSA_Z_MEM(0), 1, 0, 0, 0));
    probe(4, holds(&RSA_Z_MEM(WORDS), 0xfffffffe, 0xffffffff, 0xffffffff, 0xffffffff));

    /* 2^126 times 4 is 2^128, which is 2. */
    mersenne();
    put(&RSA_X_MEM(0), 0, 0, 0, 0x40000000);
    put(&RSA_Y_MEM(0), 4, 0, 0, 0);
    run(&RSA_MODMULT_START);
    probe(5, holds(&RSA_Z_MEM(0), 2, 0, 0, 0));

    /* 3 to the power of the modulus less one is 1; 2^130 is 8. */
    mersenne();
    put(&RSA_X_MEM(0), 3, 0, 0, 0);
    put(&RSA_Y_MEM(0), 0xfffffffe, 0xffffffff, 0xffffffff, 0x7fffffff);
    run(&RSA_MODEXP_START);
    probe(6, holds(&RSA_Z_MEM(0), 1, 0, 0, 0));
    mersenne();
    put(&RSA_X_MEM(0), 2, 0, 0, 0);
    put(&RSA_Y_MEM(0), 130, 0, 0, 0);
    uint32_t constant = run(&RSA_MODEXP_START);
    probe(7, holds(&RSA_Z_MEM(0), 8, 0, 0, 0));

    /* The same, faster: only as many bits of Y as there are. */
    RSA_CONSTANT_TIME = 0;
    RSA_SEARCH_ENABLE = 1;
    RSA_SEARCH_POS = 7;
    mersenne();
    put(&RSA_X_MEM(0), 2, 0, 0, 0);
    uint32_t quick = run(&RSA_MODEXP_START);
    probe(8, holds(&RSA_Z_MEM(0), 8, 0, 0, 0));
    probe(9, quick < constant);
    RSA_CONSTANT_TIME = 1;
    RSA_SEARCH_ENABLE = 0;

    RSA_CLEAR_INTERRUPT = 1;
    interrupt_route(0, SOURCE_RSA, LINE);
    interrupt_handler(LINE, on_end, 0);
    interrupt_enable(LINE);
    RSA_INTERRUPT_ENA = 1;
    delay_us(1);
    probe(10, irqs);
    mersenne();
    run(&RSA_MODEXP_START);
    delay_us(1);
    probe(11, irqs);
}
