/* From a vector to C and back. A trap of a level above 3 can be gone back from only if it did not come in the middle of
 * another one's entry; the runtime uses them for nothing but reports, and the probes.
 *
 * The interrupted code's registers go to a frame on its own stack; C then runs on the core's trap stack, at interrupt
 * level 3, in the same register window. Callers of the interrupted code may still live in other windows. The nearest
 * of them, when its window is needed, is written below *our* stack pointer, because that is the register it finds as
 * its callee's; so the 16 bytes there are brought along, and brought back (the same is what MOVSP is for).
 */
#include "frame.h"

#define PS_WOE_UM_LEVEL3 0x40023
#define PS_EXCM 0x10

    /* a0 is in EXCSAVEn already. Leaves: a1 frame, a0 the interrupted stack pointer, a2 PC, a3 PS, a4 cause. */
    .macro enter excsave, epc, eps
    mov a0, a1
    addmi a1, a1, -FRAME_SIZE
    s32i a0, a1, FRAME_A(1)
    s32i a2, a1, FRAME_A(2)
    s32i a3, a1, FRAME_A(3)
    s32i a4, a1, FRAME_A(4)
    rsr.\excsave a2
    s32i a2, a1, FRAME_A(0)
    rsr.\epc a2
    rsr.\eps a3
    .endm

    /* The same with the frame of the core's own, for what may come at any moment. */
    .macro enter_panic excsave, epc, eps, cause
    rsr.misc0 a0
    l32i a0, a0, CORE_PANIC_FRAME
    s32i a1, a0, FRAME_A(1)
    s32i a2, a0, FRAME_A(2)
    s32i a3, a0, FRAME_A(3)
    s32i a4, a0, FRAME_A(4)
    rsr.\excsave a2
    s32i a2, a0, FRAME_A(0)
    mov a2, a1
    mov a1, a0
    mov a0, a2
    rsr.\epc a2
    rsr.\eps a3
    movi a4, \cause
    j common
    .endm

    .macro save_special name, at
    rsr.\name a4
    s32i a4, a1, \at
    .endm
    .macro load_special name, at
    l32i a4, a1, \at
    wsr.\name a4
    .endm

    .section .iram.trap, "ax"
    .literal_position
    .align 4
    .global level1_entry, level2_entry, level3_entry, level4_entry, level5_entry, debug_entry, nmi_entry, double_entry
level1_entry:
    rsr.exccause a0
    beqi a0, 5, alloca              /* EXCCAUSE_ALLOCA: MOVSP found the caller's window spilled */
    enter excsave1, epc1, ps
    movi a4, PS_EXCM                /* entering set it */
    or a3, a3, a4
    xor a3, a3, a4
    rsr.exccause a4
    j common
level2_entry:
    enter excsave2, epc2, eps2
    movi a4, 4
    j common
level3_entry:
    enter excsave3, epc3, eps3
    movi a4, 4
    j common
level4_entry:
    enter_panic excsave4, epc4, eps4, CAUSE_LEVEL4
level5_entry:
    enter_panic excsave5, epc5, eps5, CAUSE_LEVEL5
debug_entry:
    enter_panic excsave6, epc6, eps6, CAUSE_DEBUG
nmi_entry:
    enter_panic excsave7, epc7, eps7, CAUSE_NMI
double_entry:
    enter_panic excsave1, depc, ps, CAUSE_DOUBLE

    /* MOVSP moves the stack pointer, and with it the place where the caller's first registers would be written: so
     * it insists that the caller is in registers. Make it so with the handler of the underflow that would bring the
     * caller back, which then retries MOVSP: it wants OWB to be the window we are in. */
    .align 4
alloca:
    addmi a0, a1, -FRAME_SIZE
    s32i a2, a0, 0
    s32i a3, a0, 4
    rsr.ps a2
    rsr.windowbase a3
    extui a0, a2, 8, 4
    xor a3, a3, a0
    slli a3, a3, 8
    xor a2, a2, a3
    wsr.ps a2
    addmi a0, a1, -FRAME_SIZE
    l32i a2, a0, 0
    l32i a3, a0, 4
    rsr.excsave1 a0
    rsync
    bbci a0, 31, 1f                 /* the return address says by how many registers we were called */
    bbci a0, 30, 2f
    rotw -3
    j window_underflow_12
2:  rotw -2
    j window_underflow_8
1:  rotw -1
    j window_underflow_4

    .align 4
common:
    s32i a2, a1, FRAME_PC
    s32i a3, a1, FRAME_PS
    s32i a4, a1, FRAME_CAUSE
    s32i a5, a1, FRAME_A(5)
    s32i a6, a1, FRAME_A(6)
    s32i a7, a1, FRAME_A(7)
    s32i a8, a1, FRAME_A(8)
    s32i a9, a1, FRAME_A(9)
    s32i a10, a1, FRAME_A(10)
    s32i a11, a1, FRAME_A(11)
    s32i a12, a1, FRAME_A(12)
    s32i a13, a1, FRAME_A(13)
    s32i a14, a1, FRAME_A(14)
    s32i a15, a1, FRAME_A(15)
    save_special sar, FRAME_SAR
    save_special lbeg, FRAME_LBEG
    save_special lend, FRAME_LEND
    save_special lcount, FRAME_LCOUNT
    save_special scompare1, FRAME_SCOMPARE1
    save_special br, FRAME_BR
    save_special acclo, FRAME_ACCLO
    save_special acchi, FRAME_ACCHI
    save_special m0, FRAME_M(0)
    save_special m1, FRAME_M(1)
    save_special m2, FRAME_M(2)
    save_special m3, FRAME_M(3)
    rsr.excvaddr a4
    s32i a4, a1, FRAME_ADDRESS
    movi a4, 0
    wsr.lcount a4                   /* no loop end of the interrupted code may act here */

    mov a2, a1                      /* the frame */
    rsr.misc0 a3
    l32i a5, a3, CORE_TRAP_STACK
    movnez a1, a5, a5               /* a trap within a trap stays on the stack it has */
    s32i a4, a3, CORE_TRAP_STACK
    addi a4, a0, -16                /* bring the caller's save area along */
    addi a6, a1, -16
    l32i a7, a4, 0
    l32i a8, a4, 4
    l32i a9, a4, 8
    l32i a10, a4, 12
    s32i a7, a6, 0
    s32i a8, a6, 4
    s32i a9, a6, 8
    s32i a10, a6, 12
    mov a3, a5                      /* the trap stack to give back, or 0 */
    movi a0, 0
    movi a4, PS_WOE_UM_LEVEL3
    l32i a5, a2, FRAME_CAUSE
    bbci a5, 6, 1f                  /* levels above 3 hold everything off */
    addi a4, a4, 12
1:  wsr.ps a4
    rsync
    mov a6, a2
    call4 trap_dispatch             /* 1: another task is to run */
    beqz a6, 1f

    /* Spill every other window: each access below needs windows that older frames still hold. */
    and a12, a12, a12
    rotw 3
    and a12, a12, a12
    rotw 3
    and a12, a12, a12
    rotw 3
    and a12, a12, a12
    rotw 3
    and a12, a12, a12
    rotw 4
    movi a5, 1
    j 2f
1:  movi a5, 0
2:  l32i a4, a2, FRAME_A(1)
    addi a4, a4, -16
    addi a6, a1, -16
    l32i a7, a6, 0
    l32i a8, a6, 4
    l32i a9, a6, 8
    l32i a10, a6, 12
    s32i a7, a4, 0
    s32i a8, a4, 4
    s32i a9, a4, 8
    s32i a10, a4, 12
    beqz a5, 3f
    mov a6, a2
    call4 kernel_switch             /* the frame of the task that is to run */
    mov a2, a6
3:  rsil a4, 3
    rsr.misc0 a4
    s32i a3, a4, CORE_TRAP_STACK
    mov a1, a2

    .global frame_resume
frame_resume:                       /* a1: a frame; every other window is free, or belongs to its callers */
    l32i a2, a1, FRAME_PS
    movi a3, PS_EXCM
    or a2, a2, a3
    wsr.ps a2
    rsync
    l32i a2, a1, FRAME_PC
    wsr.epc1 a2
    load_special sar, FRAME_SAR
    load_special lbeg, FRAME_LBEG
    load_special lend, FRAME_LEND
    load_special lcount, FRAME_LCOUNT
    load_special scompare1, FRAME_SCOMPARE1
    load_special br, FRAME_BR
    load_special acclo, FRAME_ACCLO
    load_special acchi, FRAME_ACCHI
    load_special m0, FRAME_M(0)
    load_special m1, FRAME_M(1)
    load_special m2, FRAME_M(2)
    load_special m3, FRAME_M(3)
    l32i a0, a1, FRAME_A(0)
    l32i a2, a1, FRAME_A(2)
    l32i a3, a1, FRAME_A(3)
    l32i a4, a1, FRAME_A(4)
    l32i a5, a1, FRAME_A(5)
    l32i a6, a1, FRAME_A(6)
    l32i a7, a1, FRAME_A(7)
    l32i a8, a1, FRAME_A(8)
    l32i a9, a1, FRAME_A(9)
    l32i a10, a1, FRAME_A(10)
    l32i a11, a1, FRAME_A(11)
    l32i a12, a1, FRAME_A(12)
    l32i a13, a1, FRAME_A(13)
    l32i a14, a1, FRAME_A(14)
    l32i a15, a1, FRAME_A(15)
    l32i a1, a1, FRAME_A(1)
    isync
    rfe
