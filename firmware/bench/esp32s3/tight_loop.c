/* The tight loop on one core, from internal memory: no interrupt, no peripheral but the clock switch before it.
 * `tight_loop_counter` grows by one each turn. */
#include "loop.h"

volatile uint32_t tight_loop_counter;

int main(void) {
    clocks_init();
    tight_loop(&tight_loop_counter);
}
