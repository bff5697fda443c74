/* The other core waits in internal memory while this one does what flash cannot be read during (the driver of the
 * flash asks for it). A source of interrupts of its own: the waiting has to begin in a trap. */
#include "kernel/internal.h"
#include "reg/system.h"

#define LINE_PARK 3
#define SOURCE_PARK(core) (81u + (core)) /* FROM_CPU_INTR2 and 3 */
#define PARK(core) (&SYSTEM_CPU_INTR_FROM_CPU_2)[core]

static SemaphoreHandle_t one_at_a_time;
static volatile uint32_t wanted, parked, can_park[2];

IRAM static void park(void *unused) {
    (void)unused;
    PARK(core_id()) = 0;
    parked = 1;
    memory_barrier();
    while (wanted) {
    }
    parked = 0;
    memory_barrier();
}

/* On each core, when its scheduler starts. */
void park_init(void) {
    uint32_t core = core_id();
    interrupt_route(core, SOURCE_PARK(core), LINE_PARK);
    interrupt_handler(LINE_PARK, park, 0);
    interrupt_enable(LINE_PARK);
    can_park[core] = 1;
}

void park_create(void) { one_at_a_time = xSemaphoreCreateMutex(); }

/* Until flash_together, this core has the flash alone; tasks only. */
uint32_t flash_alone(void) {
    if (!can_park[core_id()])
        return interrupts_off();
    xSemaphoreTake(one_at_a_time, portMAX_DELAY);
    uint32_t level = interrupts_off(), other = 1 - core_id();
    if (can_park[other]) {
        wanted = 1;
        memory_barrier();
        PARK(other) = 1;
        while (!parked) {
        }
    }
    return level;
}

void flash_together(uint32_t level) {
    uint32_t held = can_park[core_id()];
    wanted = 0;
    memory_barrier();
    while (parked) {
    }
    interrupts_restore(level);
    if (held)
        xSemaphoreGive(one_at_a_time);
}
