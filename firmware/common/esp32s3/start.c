/* The two cores' first C functions. ESP32-S3 TRM, chapter "System Registers" for the second core's switches. */
#include "reg/system.h"
#include "runtime.h"

#define TRAP_STACK_BYTES 4096

extern void start(void);

static uint8_t trap_stacks[2][TRAP_STACK_BYTES] __attribute__((aligned(16)));
static struct frame panic_frames[2];
static struct core cores[2];
static void (*volatile second_core_entry)(void);

static void core_init(uint32_t id) {
    cores[id].trap_stack = trap_stacks[id] + TRAP_STACK_BYTES - 16;
    cores[id].panic_frame = &panic_frames[id];
    cores[id].id = id;
    WSR(misc0, &cores[id]);
    WSR(cpenable, 1);
    interrupts_on();
}

__attribute__((noreturn)) void start_first_core(void) {
    core_init(0);
    main();
    for (;;)
        wait_for_interrupt();
}

__attribute__((noreturn)) void start_second_core(void) {
    core_init(1);
    second_core_entry();
    for (;;)
        wait_for_interrupt();
}

/* The ROM's second core waits for CORE_1_CONTROL_1 to name an address (public boot code of ESP-IDF). */
void second_core_start(void (*entry)(void)) {
    second_core_entry = entry;
    SYSTEM_CORE_1_CONTROL_1 = (uintptr_t)start;
    set_bits(&SYSTEM_CORE_1_CONTROL_0, SYSTEM_CORE_1_CONTROL_0_CONTROL_CORE_1_CLKGATE_EN);
    clear_bits(&SYSTEM_CORE_1_CONTROL_0, SYSTEM_CORE_1_CONTROL_0_CONTROL_CORE_1_RUNSTALL);
    set_bits(&SYSTEM_CORE_1_CONTROL_0, SYSTEM_CORE_1_CONTROL_0_CONTROL_CORE_1_RESETING);
    clear_bits(&SYSTEM_CORE_1_CONTROL_0, SYSTEM_CORE_1_CONTROL_0_CONTROL_CORE_1_RESETING);
}
