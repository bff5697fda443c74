/* Both cores busy with the tight loop, each on a counter of its own: `dual_busy_counter_0` and `dual_busy_counter_1`. */
#include "loop.h"

volatile uint32_t dual_busy_counter_0, dual_busy_counter_1 __attribute__((aligned(64)));

static void second_core(void) { tight_loop(&dual_busy_counter_1); }

int main(void) {
    clocks_init();
    second_core_start(second_core);
    tight_loop(&dual_busy_counter_0);
}
