/* Interrupts of level 1 while the ROM's vectors are in force: programs on the bare ROM, esptool's stub among them, attach
 * functions to them. The vector keeps nothing but a0, in EXCSAVE1; what is no interrupt goes on to a trap.
 *
 * The interrupted code's registers go to its own stack. Its caller may still live in another window, and when that is
 * needed it is written below the stack pointer found here: so the 16 bytes there are brought along and back, and the
 * call is one of four registers, which needs no more room.
 */
#define FRAME 128
#define A(n) (4 * (n))
#define PC 64
#define PS 68
#define SAR 72
#define LBEG 76
#define LEND 80
#define LCOUNT 84
#define EXCCAUSE_LEVEL1 4
#define PS_WOE_UM_LEVEL1 0x40021
#define PS_EXCM 0x10
#define NO_INTERRUPT 0x40017fe0 /* engine/esp32s3/src/rom/boot.rs: EXCEPTION */

    .macro copy from, to
    l32i a4, \from, 0
    l32i a5, \from, 4
    l32i a6, \from, 8
    l32i a7, \from, 12
    s32i a4, \to, 0
    s32i a5, \to, 4
    s32i a6, \to, 8
    s32i a7, \to, 12
    .endm
    .macro save name, at
    rsr.\name a4
    s32i a4, a1, \at
    .endm
    .macro load name, at
    l32i a4, a1, \at
    wsr.\name a4
    .endm

    .section .table, "a"
    .word 0x40000300, level1
    .word 0x40000340, level1

    .section .text.level1, "ax"
    .literal_position
    .align 4
level1:
    wsr.excsave1 a0
    rsr.exccause a0
    beqi a0, EXCCAUSE_LEVEL1, 1f
    rsr.excsave1 a0
    j NO_INTERRUPT
1:  addi a0, a1, -FRAME
    s32i a1, a0, A(1)
    mov a1, a0
    .irp n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    s32i a\n, a1, A(\n)
    .endr
    save excsave1, A(0)
    save epc1, PC
    save ps, PS
    save sar, SAR
    save lbeg, LBEG
    save lend, LEND
    save lcount, LCOUNT
    movi a4, 0
    wsr.lcount a4                   /* no loop end of the interrupted code may act here */
    l32i a2, a1, A(1)
    addi a2, a2, -16
    addi a3, a1, -16
    copy a2, a3
    movi a0, 0
    movi a4, PS_WOE_UM_LEVEL1
    wsr.ps a4
    rsync
    call4 dispatch_interrupts
    l32i a2, a1, A(1)
    addi a2, a2, -16
    addi a3, a1, -16
    copy a3, a2
    l32i a4, a1, PS                 /* as it was on entry, EXCM set: RFE clears that */
    movi a5, PS_EXCM
    or a4, a4, a5
    wsr.ps a4
    rsync
    load epc1, PC
    load sar, SAR
    load lbeg, LBEG
    load lend, LEND
    load lcount, LCOUNT
    .irp n, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    l32i a\n, a1, A(\n)
    .endr
    l32i a1, a1, A(1)
    isync
    rfe
