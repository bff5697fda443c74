/* Functions attached to interrupts without an operating system (ESP-IDF rom/ets_sys.h, xtensa/xtruntime.h, and
 * xtensa/config/core-isa.h for which ones are of level 1). */
#include "rom.h"

typedef void handler(void *);
struct attached {
    handler *function;
    void *argument;
};
enum { INTERRUPTS = 32, LEVEL1 = 0x000637ff, LOCKED = 3 };

/* The memory that ets_rom_layout_t reserves for them, from data_start_interface_xtos on. */
#define ATTACHED ((struct attached *)0x3fcefa20u)

uint32_t _xtos_set_intlevel(uint32_t level);

void dispatch_interrupts(void);
void dispatch_interrupts(void) {
    for (;;) {
        uint32_t pending, enabled;
        __asm__ volatile("rsr.interrupt %0\n rsr.intenable %1" : "=r"(pending), "=r"(enabled));
        pending &= enabled & LEVEL1;
        if (!pending)
            return;
        uint32_t number = 0;
        while (!(pending >> number & 1))
            number++;
        struct attached *a = &ATTACHED[number];
        if (a->function)
            a->function(a->argument);
        else /* nobody would end it */
            __asm__ volatile("wsr.intenable %0\n rsync" ::"r"(enabled & ~(1u << number)));
    }
}

static handler *_xtos_set_interrupt_handler_arg(uint32_t number, handler *function, void *argument) {
    if (number >= INTERRUPTS)
        return 0;
    handler *old = ATTACHED[number].function;
    ATTACHED[number] = (struct attached){function, argument};
    return old;
}
ENTRY(_xtos_set_interrupt_handler_arg, 0x40001c2c);

static handler *_xtos_set_interrupt_handler(uint32_t number, handler *function) {
    return _xtos_set_interrupt_handler_arg(number, function, (void *)number);
}
ENTRY(_xtos_set_interrupt_handler, 0x40001c20);

static void ets_isr_attach(uint32_t number, handler *function, void *argument) {
    _xtos_set_interrupt_handler_arg(number, function, argument);
}
ENTRY(ets_isr_attach, 0x40001b78);

static void ets_intr_lock(void) { _xtos_set_intlevel(LOCKED); }
ENTRY(ets_intr_lock, 0x40001b60);

static void ets_intr_unlock(void) { _xtos_set_intlevel(0); }
ENTRY(ets_intr_unlock, 0x40001b6c);
