/* Cortex-M0+: flags, exceptions, and the cycles of each class of instruction. */
#include "probe.h"

/* The four flags after `code`, with r0 and r1 as operands. */
#define FLAGS(code, a, b) \
    ({ \
        register uint32_t r0 __asm__("r0") = (a), r1 __asm__("r1") = (b); \
        __asm__ volatile(code "\n mrs r0, apsr" : "+r"(r0), "+r"(r1) : : "r2", "cc"); \
        r0 >> 28; \
    })
#define VALUE(code, a, b) \
    ({ \
        register uint32_t r0 __asm__("r0") = (a), r1 __asm__("r1") = (b); \
        __asm__ volatile(code : "+r"(r0), "+r"(r1) : : "r2", "cc"); \
        r0; \
    })

static void flags(void) {
    probe(1, FLAGS("adds r0, r0, r1", 0x7fffffff, 1));
    probe(2, FLAGS("adds r0, r0, r1", 0xffffffff, 1));
    probe(3, FLAGS("subs r0, r0, r1", 0, 1));
    probe(4, FLAGS("subs r0, r0, r1", 0x80000000, 1));
    probe(5, FLAGS("cmp r0, r1", 5, 5));
    probe(6, FLAGS("lsls r0, r0, #1", 0x80000000, 0));
    probe(7, FLAGS("lsrs r0, r0, r1", 0x80000000, 32));
    probe(8, FLAGS("lsrs r0, r0, r1", 0x80000000, 33));
    probe(9, FLAGS("asrs r0, r0, r1", 0x80000000, 200));
    probe(10, FLAGS("rors r0, r0, r1", 0x80000000, 32));
    probe(11, FLAGS("cmp r0, r0 \n muls r0, r1, r0", 0x80000000, 1));
    probe(12, VALUE("cmp r0, r0 \n adcs r0, r0, r1", 5, 6));
    probe(13, VALUE("cmn r0, r1 \n sbcs r0, r0, r1", 5, 6));
    probe(14, VALUE("rsbs r0, r0, #0", 0x80000000, 0));
    probe(15, VALUE("revsh r0, r0", 0x1234a5f0, 0));
    probe(16, VALUE("sxtb r0, r0", 0x12345680, 0));
    probe(17, VALUE("muls r0, r1, r0", 0x12345678, 0x9abcdef1));
}

/* Cycles of `code` between two readings of SysTick, less those of two readings that follow each other.
 * r4 points at SRAM5, r5 at SIO, r6 at SysTick. */
#define CYCLES(name, code) \
    TIME_CRITICAL(name) static uint32_t name(void) { \
        register uint32_t r4 __asm__("r4") = SRAM5_BASE, r5 __asm__("r5") = (uintptr_t)SIO, r6 __asm__("r6") = (uintptr_t)SYST; \
        register uint32_t start __asm__("r0"), end __asm__("r1"); \
        __asm__ volatile(".balign 4       \n" \
                         "ldr r0, [r6, #8] \n" code "\n" \
                         "ldr r1, [r6, #8] \n" \
                         : "=&r"(start), "=&r"(end), "+r"(r4), "+r"(r5), "+r"(r6) \
                         : \
                         : "r2", "r3", "lr", "cc", "memory"); \
        return (start - end) & 0xffffffu; \
    }
#define EIGHT(code) ".rept 8 \n" code "\n .endr"

CYCLES(nothing, "")
CYCLES(alu, EIGHT("adds r2, r2, #1"))
CYCLES(multiply, EIGHT("muls r2, r3, r2"))
CYCLES(load, EIGHT("ldr r2, [r4]"))
CYCLES(store, EIGHT("str r2, [r4]"))
CYCLES(load_sio, EIGHT("ldr r2, [r5]"))
CYCLES(store_sio, EIGHT("str r2, [r5, #0x1c]"))
CYCLES(load_multiple, EIGHT("ldmia r4!, {r2, r3}"))
CYCLES(push_pop, EIGHT("push {r0-r3} \n pop {r0-r3}"))
CYCLES(branch_taken, EIGHT("b 1f \n 1:"))
CYCLES(branch_not_taken, "cmp r4, r4 \n" EIGHT("bne 1f \n 1:"))
CYCLES(branch_link, EIGHT("bl 1f \n 1:"))
CYCLES(call_and_return, "b 2f \n .balign 4 \n 1: push {r4, lr} \n pop {r4, pc} \n 2: bl 1b")
CYCLES(branch_exchange, "b 2f \n .balign 4 \n 1: bx lr \n 2: bl 1b")
CYCLES(status, EIGHT("mrs r2, apsr"))
CYCLES(barrier, EIGHT("dmb"))
CYCLES(no_operation, EIGHT("nop"))

static void cycle_counts(void) {
    interrupts_off();
    cycles_start();
    uint32_t base = nothing();
    SIO->GPIO_OUT = 0;
    probe(30, alu() - base);
    probe(31, multiply() - base);
    probe(32, load() - base);
    probe(33, store() - base);
    probe(34, load_sio() - base);
    probe(35, store_sio() - base);
    probe(36, load_multiple() - base);
    probe(37, push_pop() - base);
    probe(38, branch_taken() - base);
    probe(39, branch_not_taken() - base);
    probe(40, branch_link() - base);
    probe(41, call_and_return() - base);
    probe(42, branch_exchange() - base);
    probe(43, status() - base);
    probe(44, barrier() - base);
    probe(45, no_operation() - base);
    interrupts_on();
}

/* Each handler adds its digit to the sequence: the order in which they ran. */
static volatile uint32_t sequence, exception_number, exception_return, faults;

static void note(uint32_t digit) { sequence = sequence << 4 | digit; }
static uint32_t taken_sequence(void) {
    uint32_t ran = sequence;
    sequence = 0;
    return ran;
}

void isr_SVCall(void) {
    uint32_t number;
    __asm__ volatile("mrs %0, ipsr" : "=r"(number));
    exception_number = number;
    exception_return = (uintptr_t)__builtin_extract_return_addr(__builtin_return_address(0));
    note(0xb);
}
void isr_PendSV(void) { note(0xe); }
void isr_SPARE_IRQ_26(void) { note(6); }
void isr_SPARE_IRQ_27(void) { note(7); }
void isr_SPARE_IRQ_28(void) { note(8); }
void isr_SPARE_IRQ_29(void) {
    note(9);
    NVIC->ISPR = BIT(27);
    __asm__ volatile("dsb \n isb");
    note(0xa);
}

/* Steps over the two bytes that faulted. */
__attribute__((used)) static void skip_fault(uint32_t *frame) {
    faults++;
    frame[6] += 2;
}
__attribute__((naked)) void isr_HardFault(void) {
    __asm__ volatile("mov r0, sp \n push {r4, lr} \n bl skip_fault \n pop {r4, pc}");
}

static void exceptions(void) {
    __asm__ volatile("svc #5" ::: "memory");
    probe(50, exception_number);
    probe(51, exception_return);
    taken_sequence();

    const enum irq A = 26, B = 27, C = 28, D = 29;
    irq_priority(A, 0x80);
    irq_priority(B, 0x40);
    irq_priority(C, 0x40);
    irq_priority(D, 0x80);
    SCB->SHPR3 = 0xc0u << 16;
    probe(52, NVIC->IPR[6] >> 16);
    irq_priority(A, 0xbf);
    probe(53, NVIC->IPR[6] >> 16 & 0xff);
    NVIC->ISER = BIT(A) | BIT(B) | BIT(C) | BIT(D);

    interrupts_off();
    SCB->ICSR = ICSR_PENDSVSET;
    NVIC->ISPR = BIT(A) | BIT(B) | BIT(C);
    __asm__ volatile("dsb \n isb");
    probe(54, taken_sequence());
    interrupts_on();
    __asm__ volatile("isb");
    probe(55, taken_sequence());

    NVIC->ISPR = BIT(D);
    __asm__ volatile("dsb \n isb");
    probe(56, taken_sequence());

    interrupts_off();
    NVIC->ISPR = BIT(B);
    __asm__ volatile("wfi");
    probe(57, taken_sequence());
    NVIC->ICPR = BIT(B);
    interrupts_on();
    __asm__ volatile("isb");
    probe(58, taken_sequence());
}

static void hard_faults(void) {
    __asm__ volatile("udf #0");
    probe(60, faults);
    __asm__ volatile("ldr r0, [%0]" : : "r"(SRAM_BASE + 2) : "r0");
    probe(61, faults);
    __asm__ volatile("ldr r0, [%0]" : : "r"(0x30000000) : "r0");
    probe(62, faults);
    __asm__ volatile("str r0, [%0]" : : "r"(0x20042000) : "r0");
    probe(63, faults);
    probe(64, SCB->CPUID);
}

static void probes(void) {
    flags();
    cycle_counts();
    exceptions();
    hard_faults();
}
