/* The kernel with nothing to do: both cores wait, the tick comes a thousand times a second. `idle_seconds` is counted
 * by a task that wakes once a second. */
#include "kernel/kernel.h"

volatile uint32_t idle_seconds;

void app_main(void) {
    for (;;) {
        vTaskDelay(pdMS_TO_TICKS(1000));
        idle_seconds++;
    }
}
