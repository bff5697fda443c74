/* From the loader to C, on either core. The loader is the mask ROM, the second stage, or whatever jumps to the ELF's
 * entry: nothing is taken over from it but the memory it filled. Xtensa ISA RM, "Windowed Register Option". */
#define PS_WOE_UM_LEVEL3 0x40023

    .section .start, "ax"
    .literal_position
    .global start
    .type start, @function
    .align 4
start:
    movi a0, 0
    wsr.intenable a0
    movi a0, 3                      /* windows off while they are laid out afresh */
    wsr.ps a0
    rsync
    movi a0, 1
    wsr.windowstart a0
    movi a0, 0
    wsr.windowbase a0
    rsync
    movi a0, 0                      /* a return address of 0 ends every backtrace */
    wsr.lcount a0
    wsr.cpenable a0
    movi a2, vectors
    wsr.vecbase a2
    rsr.prid a3
    extui a3, a3, 13, 1
    movi a1, __stack_top_0
    movi a4, __stack_top_1
    movnez a1, a4, a3
    addi a1, a1, -16                /* the base save area of the first frame */
    movi a2, PS_WOE_UM_LEVEL3
    wsr.ps a2
    rsync
    beqz a3, 1f
    movi a4, start_second_core
    callx4 a4
    ill
1:  movi a2, __bss_start            /* only the first core clears */
    movi a3, __bss_end
    movi a4, 0
    j 3f
2:  s32i a4, a2, 0
    addi a2, a2, 4
3:  bltu a2, a3, 2b
    movi a4, start_first_core
    callx4 a4
    ill
