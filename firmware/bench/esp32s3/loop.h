/* The loop that emulators are measured with: the 8 instructions of firmware/tight_loop, on `counter`. */
#ifndef LOOP_H
#define LOOP_H

#include "runtime.h"

__attribute__((noreturn)) static inline void tight_loop(volatile uint32_t *counter) {
    __asm__ volatile("movi a6, 0          \n"
                     "movi a7, 0          \n"
                     "movi a8, 0          \n"
                     "j 1f                \n"
                     ".align 4            \n"
                     "1: l32i.n a3, %0, 0 \n"
                     "addi.n a3, a3, 1    \n"
                     "s32i.n a3, %0, 0    \n"
                     "slli a4, a3, 3      \n"
                     "xor a6, a6, a4      \n"
                     "add.n a7, a7, a6    \n"
                     "addi.n a8, a8, -1   \n"
                     "bnez a8, 1b         \n"
                     "j 1b                \n" /* once in 2^32 turns */
                     :
                     : "a"(counter)
                     : "a3", "a4", "a6", "a7", "a8");
    __builtin_unreachable();
}

#endif
