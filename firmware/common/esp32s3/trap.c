/* Traps in C: interrupts to their handlers, everything else to a hook or to a register dump. */
#include "runtime.h"

#define LINES 32
#define LEVEL_3_AND_BELOW 0x28febfffu /* not 14 (NMI), nor those of levels 4 and 5 (16, 24, 25, 26, 28, 30, 31) */

/* INTERRUPT_CORE0 and INTERRUPT_CORE1: a word per source. */
#define INTERRUPT_MAP(core, source) REG(0x600c2000u + 0x800u * (core) + 4u * (source))

static struct {
    handler *function;
    void *argument;
} handlers[2][LINES];

uint32_t (*trap_hook)(struct frame *frame);

void interrupt_route(uint32_t core, uint32_t source, uint32_t line) { INTERRUPT_MAP(core, source) = line; }

void interrupt_handler(uint32_t line, handler *function, void *argument) {
    handlers[core_id()][line].argument = argument;
    handlers[core_id()][line].function = function;
}

void interrupt_enable(uint32_t line) {
    uint32_t ps = interrupts_off();
    WSR(intenable, RSR(intenable) | BIT(line));
    interrupts_restore(ps);
}

void interrupt_disable(uint32_t line) {
    uint32_t ps = interrupts_off();
    WSR(intenable, RSR(intenable) & ~BIT(line));
    interrupts_restore(ps);
}

/* The kernel's, when there is one. */
__attribute__((weak)) uint32_t kernel_wants_switch(void) { return 0; }
__attribute__((weak)) uint32_t kernel_trap(struct frame *frame) {
    (void)frame;
    return 0;
}
__attribute__((weak)) struct frame *kernel_switch(struct frame *frame) { return frame; }
__attribute__((weak)) const char *kernel_task_name(void) { return "no task"; }

static void serve(uint32_t line) {
    uint32_t core = core_id();
    if (line == LINE_SOFTWARE1 || line == LINE_SOFTWARE3)
        WSR(intclear, BIT(line));
    if (handlers[core][line].function)
        handlers[core][line].function(handlers[core][line].argument);
    else
        panic("interrupt without a handler", 0);
}

IRAM uint32_t trap_dispatch(struct frame *frame) {
    if (frame->cause == CAUSE_LEVEL1_INTERRUPT) {
        for (uint32_t pending; (pending = RSR(interrupt) & RSR(intenable) & LEVEL_3_AND_BELOW) != 0;)
            serve(31 - __builtin_clz(pending));
        return kernel_wants_switch();
    }
    if (kernel_trap(frame) || (trap_hook && trap_hook(frame)))
        return kernel_wants_switch();
    panic("exception", frame);
}

static const char *cause_name(uint32_t cause) {
    switch (cause) {
    case CAUSE_ILLEGAL: return "illegal instruction";
    case CAUSE_SYSCALL: return "syscall";
    case CAUSE_FETCH_ERROR: return "fetch error";
    case CAUSE_LOAD_STORE_ERROR: return "load or store error";
    case CAUSE_DIVIDE_BY_ZERO: return "division by zero";
    case CAUSE_PRIVILEGED: return "privileged instruction";
    case CAUSE_UNALIGNED: return "unaligned load or store";
    case CAUSE_FETCH_PROHIBITED: return "fetch prohibited";
    case CAUSE_LOAD_PROHIBITED: return "load prohibited";
    case CAUSE_STORE_PROHIBITED: return "store prohibited";
    case CAUSE_COPROCESSOR0: return "FPU disabled";
    case CAUSE_LEVEL4: return "interrupt of level 4";
    case CAUSE_LEVEL5: return "interrupt of level 5";
    case CAUSE_DEBUG: return "debug";
    case CAUSE_NMI: return "NMI";
    case CAUSE_DOUBLE: return "double exception";
    default: return "cause";
    }
}

void panic(const char *why, struct frame *frame) {
    (void)interrupts_off();
    log_printf("\npanic on core %u in %s: %s", core_id(), kernel_task_name(), why);
    if (frame) {
        log_printf(": %s (%u) at %08x, address %08x, PS %08x, SAR %u\n", cause_name(frame->cause), frame->cause,
                   frame->pc, frame->address, frame->ps, frame->sar);
        for (uint32_t n = 0; n < 16; n++)
            log_printf("a%u=%08x%c", n, frame->a[n], n % 8 == 7 ? '\n' : ' ');
        log_printf("loop %08x to %08x, %u left\n", frame->lbeg, frame->lend, frame->lcount);
    } else {
        log_char('\n');
    }
    for (;;)
        __asm__ volatile("waiti 15");
}
