/* What a trap saves of the interrupted code, for assembly and C. */
#ifndef FRAME_H
#define FRAME_H

#define FRAME_PC 0
#define FRAME_PS 4
#define FRAME_A(n) (8 + 4 * (n))
#define FRAME_SAR 72
#define FRAME_LBEG 76
#define FRAME_LEND 80
#define FRAME_LCOUNT 84
#define FRAME_CAUSE 88
#define FRAME_ADDRESS 92
#define FRAME_SCOMPARE1 96
#define FRAME_BR 100
#define FRAME_ACCLO 104
#define FRAME_ACCHI 108
#define FRAME_M(n) (112 + 4 * (n))
#define FRAME_SIZE 256

/* Per core, found through MISC0. */
#define CORE_TRAP_STACK 0 /* its top; 0 while a trap is being served on it */
#define CORE_PANIC_FRAME 4

/* Causes beyond those of EXCCAUSE: what has a vector of its own. */
#define CAUSE_LEVEL4 0x44
#define CAUSE_LEVEL5 0x45
#define CAUSE_DEBUG 0x46
#define CAUSE_NMI 0x47
#define CAUSE_DOUBLE 0x48

#ifndef __ASSEMBLER__
#include <stdint.h>

struct frame {
    uint32_t pc, ps, a[16], sar, lbeg, lend, lcount, cause, address, scompare1, br, acclo, acchi, m[4];
};

struct core {
    void *trap_stack;
    struct frame *panic_frame;
    uint32_t id;
};
#endif
#endif
