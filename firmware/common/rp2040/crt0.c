/* Vector table and the way from reset to main().
 *
 * RP2040 datasheet 2.3.2 (interrupts), 2.8.1.3 (what boot2 hands over). The same entry serves a debugger or a loader
 * that jumps to the ELF's entry point without boot2: it sets its own stack and VTOR.
 */
#include "runtime.h"

extern uint32_t __stack_top[], __data_start[], __data_end[], __data_load[], __bss_start[], __bss_end[];
extern uint32_t __scratch_x_start[], __scratch_x_end[], __scratch_x_load[];
extern uint32_t __scratch_y_start[], __scratch_y_end[], __scratch_y_load[];

int main(void);

/* An exception nobody asked for: stay where a debugger, or an emulator's lock-up report, finds it. */
__attribute__((naked)) void unhandled_exception(void) { __asm__ volatile("1: bkpt #0 \n b 1b"); }

#define WEAK_HANDLER __attribute__((weak, alias("unhandled_exception")))
#define IRQS(X) \
    X(TIMER_IRQ_0) X(TIMER_IRQ_1) X(TIMER_IRQ_2) X(TIMER_IRQ_3) X(PWM_IRQ_WRAP) X(USBCTRL_IRQ) X(XIP_IRQ) \
    X(PIO0_IRQ_0) X(PIO0_IRQ_1) X(PIO1_IRQ_0) X(PIO1_IRQ_1) X(DMA_IRQ_0) X(DMA_IRQ_1) X(IO_IRQ_BANK0) X(IO_IRQ_QSPI) \
    X(SIO_IRQ_PROC0) X(SIO_IRQ_PROC1) X(CLOCKS_IRQ) X(SPI0_IRQ) X(SPI1_IRQ) X(UART0_IRQ) X(UART1_IRQ) \
    X(ADC_IRQ_FIFO) X(I2C0_IRQ) X(I2C1_IRQ) X(RTC_IRQ) X(SPARE_IRQ_26) X(SPARE_IRQ_27) X(SPARE_IRQ_28) \
    X(SPARE_IRQ_29) X(SPARE_IRQ_30) X(SPARE_IRQ_31)
#define DECLARE(name) void isr_##name(void) WEAK_HANDLER;
#define ENTRY(name) isr_##name,

DECLARE(NMI)
DECLARE(HardFault)
DECLARE(SVCall)
DECLARE(PendSV)
DECLARE(SysTick)
IRQS(DECLARE)

__attribute__((section(".vectors"), used)) void (*const vectors[48])(void) = {
    (void (*)(void))__stack_top, reset, isr_NMI, isr_HardFault, 0, 0, 0, 0, 0, 0, 0, isr_SVCall, 0, 0, isr_PendSV, isr_SysTick,
    IRQS(ENTRY)
};

static void copy(uint32_t *to, const uint32_t *end, const uint32_t *from) {
    while (to < end)
        *to++ = *from++;
}

static __attribute__((used, noreturn)) void start(void) {
    SCB->VTOR = (uintptr_t)vectors;
    copy(__data_start, __data_end, __data_load); /* onto itself in an image that was loaded into SRAM */
    copy(__scratch_x_start, __scratch_x_end, __scratch_x_load);
    copy(__scratch_y_start, __scratch_y_end, __scratch_y_load);
    for (uint32_t *word = __bss_start; word < __bss_end; word++)
        *word = 0;
    main();
    for (;;)
        __asm__ volatile("wfi");
}

__attribute__((naked, section(".entry"))) void reset(void) {
    __asm__ volatile("ldr r0, =__stack_top \n"
                     "msr msp, r0          \n"
                     "bl  start            \n"
                     ".ltorg               \n");
}
