/* The loop that emulators are measured with: 8 instructions, 11 cycles (Cortex-M0+ TRM r0p1, table 3-1), from SRAM.
 *
 * Code lies in SRAM4 and the counter in SRAM5, so that on silicon no fetch waits for a load. No interrupt, no
 * peripheral. `tight_loop_counter` grows by one each turn, 125 MHz / 11 = 11 363 636 times a second.
 */
#include "runtime.h"

__attribute__((section(".scratch_y.counter"))) volatile uint32_t tight_loop_counter = 0;

__attribute__((noinline, noreturn, section(".scratch_x.loop"))) void tight_loop(void) {
    register volatile uint32_t *counter __asm__("r0") = &tight_loop_counter;
    __asm__ volatile(".balign 4            \n"
                     "1: ldr  r1, [r0]     \n" /* 2 cycles */
                     "adds r1, r1, #1      \n" /* 1 */
                     "str  r1, [r0]        \n" /* 2 */
                     "lsls r2, r1, #3      \n" /* 1 */
                     "eors r3, r2          \n" /* 1 */
                     "adds r4, r4, r3      \n" /* 1 */
                     "subs r5, r5, #1      \n" /* 1 */
                     "bne  1b              \n" /* 2, taken */
                     "b    1b              \n" /* once in 2^32 turns */
                     :
                     : "r"(counter));
    __builtin_unreachable();
}

int main(void) {
    clocks_init();
    tight_loop();
}
