/* Exceptions of level 1 while the ROM's vectors are in force: programs on the bare ROM, esptool's stub among them, attach
 * functions to interrupts, and to exceptions. The vector keeps nothing but a0, in EXCSAVE1, and a2, in DEPC, which only a
 * double exception needs; what nobody is attached to goes on to a trap.
 *
 * The interrupted code's registers go to its own stack. Its caller may still live in another window, and when that is
 * needed it is written below the stack pointer found here: so the 16 bytes there are brought along and back, and the
 * call is one of four registers, which needs no more room.
 */
#define FRAME 160
/* Where a function attached to an exception finds them, and may change them (xtensa/xtruntime-frames.h, UserFrame). */
#define PC 0
#define PS 4
#define SAR 8
#define EXCCAUSE 32
#define LCOUNT 36
#define LBEG 40
#define LEND 44
#define ACCLO 48
#define ACCHI 52
#define EXCVADDR 128
#define EXCCAUSE_LEVEL1 4
#define PS_WOE_UM_LEVEL1 0x40021
#define PS_EXCM 0x10
#define UNATTACHED 0x40017fe0 /* engine/esp32s3/src/rom/boot.rs: EXCEPTION */
#define HANDLERS 0x3fcee068
#define NOBODY 0x400559a4
#define OWN 0x40050d50 /* what silicon's start-up attaches, and none of ours */

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
    /* a0 and a1 lie at 80, a2 to a5 at 16, the rest at 88. */
    .macro each op
    .irp n, 2, 3, 4, 5
    \op a\n, a1, 4 * \n + 8
    .endr
    .irp n, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    \op a\n, a1, 4 * \n + 64
    .endr
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
    wsr.depc a2
    rsr.exccause a0
    beqi a0, EXCCAUSE_LEVEL1, 1f
    movi a2, HANDLERS
    addx4 a0, a0, a2
    l32i a0, a0, 0
    movi a2, NOBODY
    beq a0, a2, 2f
    movi a2, OWN
    bne a0, a2, 1f
2:  rsr.depc a2
    rsr.excsave1 a0
    j UNATTACHED
1:  addi a0, a1, -128
    addi a0, a0, 128 - FRAME
    rsr.depc a2
    s32i a1, a0, 84
    mov a1, a0
    each s32i
    save excsave1, 80
    save epc1, PC
    save ps, PS
    save sar, SAR
    save exccause, EXCCAUSE
    save excvaddr, EXCVADDR
    save lbeg, LBEG
    save lend, LEND
    save lcount, LCOUNT
    save acclo, ACCLO
    save acchi, ACCHI
    movi a4, 0
    wsr.lcount a4                   /* no loop end of the interrupted code may act here */
    l32i a2, a1, 84
    addi a2, a2, -16
    addi a3, a1, -16
    copy a2, a3
    mov a6, a1
    movi a0, 0
    movi a4, PS_WOE_UM_LEVEL1
    wsr.ps a4
    rsync
    call4 dispatch_exception
    l32i a2, a1, 84
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
    load acclo, ACCLO
    load acchi, ACCHI
    l32i a0, a1, 80
    each l32i
    l32i a1, a1, 84
    isync
    rfe
