/* Functions attached to interrupts and exceptions without an operating system (ESP-IDF rom/ets_sys.h, xtensa/xtruntime.h,
 * xtensa/xtruntime-frames.h, and xtensa/config/core-isa.h for which interrupts are of level 1). */
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

/* Exceptions by EXCCAUSE (engine/esp32s3/src/rom/vars.rs: EXCEPTIONS, for what they begin with). */
typedef void exception_handler(uint32_t *frame);
enum { EXCEPTIONS = 64, NOBODY = 0x400559a4 };
#define EXCEPTION_HANDLERS ((exception_handler **)0x3fcee068u)

static exception_handler *_xtos_set_exception_handler(int32_t cause, exception_handler *function) {
    if (cause >= EXCEPTIONS)
        return 0;
    exception_handler *old = EXCEPTION_HANDLERS[cause];
    EXCEPTION_HANDLERS[cause] = function ? function : (exception_handler *)NOBODY;
    return old == (exception_handler *)NOBODY ? 0 : old;
}
ENTRY(_xtos_set_exception_handler, 0x40001c14);

void dispatch_exception(uint32_t *frame);
void dispatch_exception(uint32_t *frame) {
    enum { CAUSE = 8, LEVEL1_INTERRUPT = 4 };
    exception_handler *handler = EXCEPTION_HANDLERS[frame[CAUSE]];
    if (frame[CAUSE] == LEVEL1_INTERRUPT)
        dispatch_interrupts();
    else
        handler(frame);
}

/* Which interrupts are wanted, and which of them the running priority lets through. */
struct priorities {
    uint32_t enabled, let_through;
};
#define PRIORITIES ((volatile struct priorities *)0x3fcee168u)

static uint32_t _xtos_set_vpri(uint32_t mask) {
    uint32_t level, old;
    __asm__ volatile("rsil %0, 6" : "=r"(level)::"memory");
    old = PRIORITIES->let_through;
    PRIORITIES->let_through = mask;
    __asm__ volatile("wsr.intenable %0\n wsr.ps %1\n rsync" ::"r"(PRIORITIES->enabled & mask), "r"(level) : "memory");
    return old;
}
ENTRY(_xtos_set_vpri, 0x40001c44);

static void ets_intr_lock(void) { _xtos_set_intlevel(LOCKED); }
ENTRY(ets_intr_lock, 0x40001b60);

static void ets_intr_unlock(void) { _xtos_set_intlevel(0); }
ENTRY(ets_intr_unlock, 0x40001b6c);
