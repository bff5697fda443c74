/* The LX7 as C sees it: special registers by name, interrupt levels, the barriers. */
#ifndef XTENSA_H
#define XTENSA_H

#include <stdint.h>

#define RSR(name) \
    ({ \
        uint32_t value_; \
        __asm__ volatile("rsr." #name " %0" : "=a"(value_)); \
        value_; \
    })
#define WSR(name, value) __asm__ volatile("wsr." #name " %0 \n rsync" ::"a"((uint32_t)(value)) : "memory")

/* Bits of PS (Xtensa ISA RM, "Processor Status"). */
#define PS_INTLEVEL_MASK 15u
#define PS_EXCM (1u << 4)
#define PS_UM (1u << 5)
#define PS_WOE (1u << 18)

/* EXCCAUSE. */
#define CAUSE_ILLEGAL 0u
#define CAUSE_SYSCALL 1u
#define CAUSE_FETCH_ERROR 2u
#define CAUSE_LOAD_STORE_ERROR 3u
#define CAUSE_LEVEL1_INTERRUPT 4u
#define CAUSE_ALLOCA 5u
#define CAUSE_DIVIDE_BY_ZERO 6u
#define CAUSE_PRIVILEGED 8u
#define CAUSE_UNALIGNED 9u
#define CAUSE_FETCH_PROHIBITED 20u
#define CAUSE_LOAD_PROHIBITED 28u
#define CAUSE_STORE_PROHIBITED 29u
#define CAUSE_COPROCESSOR0 32u

/* Raises the level of interrupts that are held off; the answer is the old PS for `interrupts_restore`. */
static inline uint32_t interrupts_off(void) {
    uint32_t ps;
    __asm__ volatile("rsil %0, 3" : "=a"(ps)::"memory");
    return ps;
}
static inline void interrupts_restore(uint32_t ps) { __asm__ volatile("wsr.ps %0 \n rsync" ::"a"(ps) : "memory"); }
static inline void interrupts_on(void) {
    uint32_t ps;
    __asm__ volatile("rsil %0, 0" : "=a"(ps)::"memory");
}
static inline void wait_for_interrupt(void) { __asm__ volatile("waiti 0" ::: "memory"); }

/* 0 for the PRO CPU, 1 for the APP CPU: PRID is 0xcdcd and 0xabab (ESP-IDF soc/soc.h), which bit 13 tells apart. */
static inline uint32_t core_id(void) { return RSR(prid) >> 13 & 1u; }

static inline uint32_t cycles(void) { return RSR(ccount); }

/* If *at is `expected`, it becomes `desired`, in one step for both cores; the answer is what was there. */
static inline uint32_t compare_and_set(volatile uint32_t *at, uint32_t expected, uint32_t desired) {
    __asm__ volatile("wsr.scompare1 %2 \n s32c1i %0, %1, 0" : "+a"(desired) : "a"(at), "a"(expected) : "memory");
    return desired;
}

static inline void memory_barrier(void) { __asm__ volatile("memw" ::: "memory"); }

#endif
