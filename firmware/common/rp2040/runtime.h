/* What our firmware needs of a runtime: clocks, pins, time, a log, the second core. */
#ifndef RUNTIME_H
#define RUNTIME_H

#include "rp2040.h"

/* Code that must not wait for flash: copied to SRAM with the data. */
#define TIME_CRITICAL(name) __attribute__((noinline, section(".time_critical." #name)))

__attribute__((noreturn)) void reset(void);

/* clocks.c: XOSC 12 MHz, PLL_SYS as asked (125 MHz by clocks_init), PLL_USB 48 MHz for USB and ADC, 1 MHz tick. */
#define XOSC_HZ 12000000u
#define CLK_SYS_HZ 125000000u
void clocks_init(void);
void clk_sys_from_pll(uint32_t fbdiv, uint32_t postdiv1, uint32_t postdiv2);
void unreset(enum reset block);
void reset_block(enum reset block);

/* gpio.c */
void gpio_function(uint32_t pin, enum funcsel function);
void gpio_input(uint32_t pin, uint32_t pulls);
void gpio_output(uint32_t pin, uint32_t level);
static inline void gpio_put(uint32_t pin, uint32_t level) {
    if (level)
        SIO->GPIO_OUT_SET = BIT(pin);
    else
        SIO->GPIO_OUT_CLR = BIT(pin);
}
static inline uint32_t gpio_get(uint32_t pin) { return SIO->GPIO_IN >> pin & 1u; }

/* irq: 4 priorities, in the top two bits of a byte (2.4.5) */
static inline void irq_priority(enum irq irq, uint32_t priority) {
    reg *ipr = &NVIC->IPR[irq / 4];
    uint32_t shift = irq % 4 * 8;
    *ipr = (*ipr & ~(0xffu << shift)) | priority << shift;
}
static inline void irq_enable(enum irq irq) {
    NVIC->ICPR = BIT(irq);
    NVIC->ISER = BIT(irq);
}
static inline void irq_disable(enum irq irq) { NVIC->ICER = BIT(irq); }
static inline void interrupts_off(void) { __asm__ volatile("cpsid i" ::: "memory"); }
static inline void interrupts_on(void) { __asm__ volatile("cpsie i" ::: "memory"); }
static inline void wait_for_interrupt(void) { __asm__ volatile("dsb \n wfi" ::: "memory"); }
static inline void wait_for_event(void) { __asm__ volatile("wfe" ::: "memory"); }
static inline void send_event(void) { __asm__ volatile("dsb \n sev" ::: "memory"); }

/* time.c: ALARM3 belongs to sleep_us */
void time_init(void);
uint64_t time_us(void);
static inline uint32_t time_us_32(void) { return TIMER->TIMERAWL; }
void sleep_us(uint32_t us);

/* log.c: UART0 on GPIO0 and GPIO1, 115200 8N1; %c %s %d %u %x, a width and leading zeros */
void log_init(void);
void log_char(char c);
__attribute__((format(printf, 1, 2))) void log_printf(const char *format, ...);

/* multicore.c */
void core1_launch(void (*entry)(void));

#endif
