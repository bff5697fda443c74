/* Where a task begins, where a core begins with tasks, and the FPU's registers. */
#include "frame.h"

    /* A new task: a2 its function, a3 its argument (set in its frame). */
    .section .iram.kernel, "ax"
    .literal_position
    .align 4
    .global task_thunk
task_thunk:
    mov a10, a3
    callx8 a2
    movi a10, 0
    call8 vTaskDelete
    ill

    /* Leaves the caller's frames behind for good, and goes on in the frame a2. */
    .align 4
    .global kernel_start
    .type kernel_start, @function
kernel_start:
    entry a1, 32
    rsil a3, 3
    rsr.windowbase a3
    ssl a3
    movi a4, 1
    sll a4, a4
    wsr.windowstart a4
    rsync
    mov a1, a2
    j frame_resume

    .align 4
    .global fpu_save
    .type fpu_save, @function
fpu_save:
    entry a1, 32
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    ssi f\n, a2, 4 * \n
    .endr
    rur.fcr a3
    s32i a3, a2, 64
    rur.fsr a3
    s32i a3, a2, 68
    retw

    .align 4
    .global fpu_load
    .type fpu_load, @function
fpu_load:
    entry a1, 32
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    lsi f\n, a2, 4 * \n
    .endr
    l32i a3, a2, 64
    wur.fcr a3
    l32i a3, a2, 68
    wur.fsr a3
    retw
