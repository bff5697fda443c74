/* Vectors of exceptions and interrupts, at the offsets from VECBASE that the LX7 of the ESP32-S3 has (ESP-IDF
 * xtensa/config/core-isa.h, XCHAL_*_VECOFS).
 *
 * The six window vectors are those of the Xtensa ISA RM, "Windowed Register Option": a frame of a call of n registers
 * keeps its first four registers 16 bytes below the callee's stack pointer, the others below its own caller's.
 */
    .section .vectors, "ax"
    .global vectors
    .align 1024
vectors:

    .org vectors + 0x000            /* overflow, call4 */
    s32e a0, a5, -16
    s32e a1, a5, -12
    s32e a2, a5, -8
    s32e a3, a5, -4
    rfwo

    .org vectors + 0x040            /* underflow, call4 */
    .global window_underflow_4
window_underflow_4:
    l32e a0, a5, -16
    l32e a1, a5, -12
    l32e a2, a5, -8
    l32e a3, a5, -4
    rfwu

    .org vectors + 0x080            /* overflow, call8 */
    s32e a0, a9, -16
    l32e a0, a1, -12
    s32e a1, a9, -12
    s32e a2, a9, -8
    s32e a3, a9, -4
    s32e a4, a0, -32
    s32e a5, a0, -28
    s32e a6, a0, -24
    s32e a7, a0, -20
    rfwo

    .org vectors + 0x0c0            /* underflow, call8 */
    .global window_underflow_8
window_underflow_8:
    l32e a0, a9, -16
    l32e a1, a9, -12
    l32e a2, a9, -8
    l32e a7, a1, -12
    l32e a3, a9, -4
    l32e a4, a7, -32
    l32e a5, a7, -28
    l32e a6, a7, -24
    l32e a7, a7, -20
    rfwu

    .org vectors + 0x100            /* overflow, call12 */
    s32e a0, a13, -16
    l32e a0, a1, -12
    s32e a1, a13, -12
    s32e a2, a13, -8
    s32e a3, a13, -4
    s32e a4, a0, -48
    s32e a5, a0, -44
    s32e a6, a0, -40
    s32e a7, a0, -36
    s32e a8, a0, -32
    s32e a9, a0, -28
    s32e a10, a0, -24
    s32e a11, a0, -20
    rfwo

    .org vectors + 0x140            /* underflow, call12 */
    .global window_underflow_12
window_underflow_12:
    l32e a0, a13, -16
    l32e a1, a13, -12
    l32e a2, a13, -8
    l32e a11, a1, -12
    l32e a3, a13, -4
    l32e a4, a11, -48
    l32e a5, a11, -44
    l32e a6, a11, -40
    l32e a7, a11, -36
    l32e a8, a11, -32
    l32e a9, a11, -28
    l32e a10, a11, -24
    l32e a11, a11, -20
    rfwu

    /* The others keep a0 in the EXCSAVE of their level and go on in enter.S. */
    .org vectors + 0x180
    wsr.excsave2 a0
    j level2_entry

    .org vectors + 0x1c0
    wsr.excsave3 a0
    j level3_entry

    .org vectors + 0x200
    wsr.excsave4 a0
    j level4_entry

    .org vectors + 0x240
    wsr.excsave5 a0
    j level5_entry

    .org vectors + 0x280
    wsr.excsave6 a0
    j debug_entry

    .org vectors + 0x2c0
    wsr.excsave7 a0
    j nmi_entry

    .org vectors + 0x300            /* exception while PS.UM is 0 */
    wsr.excsave1 a0
    j level1_entry

    .org vectors + 0x340            /* exception while PS.UM is 1 */
    wsr.excsave1 a0
    j level1_entry

    .org vectors + 0x3c0            /* exception while PS.EXCM is 1 */
    wsr.excsave1 a0
    j double_entry
    .org vectors + 0x400
