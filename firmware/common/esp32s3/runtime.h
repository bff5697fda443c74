/* What our firmware for the ESP32-S3 needs of a runtime, with or without the kernel: start-up, traps, clocks, a log. */
#ifndef RUNTIME_H
#define RUNTIME_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "frame.h"
#include "reg/reg.h"
#include "xtensa.h"

/* Code that must stay in internal memory, because flash may be away or slow when it runs. */
#define IRAM __attribute__((noinline, section(".iram.text")))
/* What keeps its value over a reset; over deep sleep too. */
#define NOINIT __attribute__((section(".noinit")))
#define RTC_NOINIT __attribute__((section(".rtc_noinit")))

/* The application. The second core waits until it is given something to do. */
int main(void);
void second_core_start(void (*entry)(void));

/* clocks.c: both cores at 80, 160 or 240 MHz from the 480 MHz PLL; at 40 MHz, from the crystal, before that. */
#define XTAL_HZ 40000000u
void clocks_init(void);
void cpu_mhz(uint32_t mhz);
void watchdogs_off(void);
void delay_us(uint32_t us);
/* SYSTIMER, unit 0: 16 MHz. */
uint64_t systimer_ticks(void);
static inline uint64_t time_us(void) { return systimer_ticks() >> 4; }

/* A peripheral's clock on and its reset released; `bit` counts through PERIP_CLK_EN0 and on through PERIP_CLK_EN1. */
enum peripheral {
    PERIP_UART0 = 2, PERIP_I2S0 = 4, PERIP_UART1 = 5, PERIP_SPI2 = 6, PERIP_I2C0 = 7, PERIP_RMT = 9, PERIP_PCNT = 10,
    PERIP_LEDC = 11, PERIP_TIMG0 = 13, PERIP_TIMG1 = 15, PERIP_SPI3 = 16, PERIP_PWM0 = 17, PERIP_I2C1 = 18,
    PERIP_TWAI = 19, PERIP_PWM1 = 20, PERIP_I2S1 = 21, PERIP_USB = 23, PERIP_SARADC = 28, PERIP_SYSTIMER = 29,
    PERIP_AES = 32 + 1, PERIP_SHA = 32 + 2, PERIP_RSA = 32 + 3, PERIP_DS = 32 + 4, PERIP_HMAC = 32 + 5,
    PERIP_DMA = 32 + 6, PERIP_SDHOST = 32 + 7, PERIP_LCD_CAM = 32 + 8, PERIP_UART2 = 32 + 9,
};
void peripheral_on(enum peripheral bit);
void peripheral_reset(enum peripheral bit);

/* trap.c: interrupts. A source of the interrupt matrix is led to one of the core's 32 lines. Lines 6, 7, 11, 14, 15,
 * 16 and 29 are the core's own; levels 1 to 3 are served in C. (ESP-IDF xtensa/config/core-isa.h.) */
#define LINE_TIMER0 6
#define LINE_SOFTWARE1 7
#define LINE_TIMER1 15
#define LINE_SOFTWARE3 29
typedef void handler(void *argument);
void interrupt_route(uint32_t core, uint32_t source, uint32_t line);
void interrupt_handler(uint32_t line, handler *function, void *argument); /* of the core that calls */
void interrupt_enable(uint32_t line);
void interrupt_disable(uint32_t line);
/* An exception nobody handles ends here: registers on UART0, then nothing more. A hook may handle it and say 1. */
__attribute__((noreturn)) void panic(const char *why, struct frame *frame);
extern uint32_t (*trap_hook)(struct frame *frame);

/* log.c: UART0 as the ROM left its pins, 115200 8N1; %c %s %d %u %x %p, a width and leading zeros. */
void log_init(void);
void log_char(char c);
void log_flush(void); /* until the last bit is out */
__attribute__((format(printf, 1, 2))) void log_printf(const char *format, ...);
void log_format(void (*put)(char), const char *format, va_list arguments); /* the same to somewhere else */

/* memory.c */
void *memcpy(void *to, const void *from, size_t count);
void *memmove(void *to, const void *from, size_t count);
void *memset(void *to, int byte, size_t count);
int memcmp(const void *one, const void *other, size_t count);
size_t strlen(const char *text);

/* vectors.S */
extern uint32_t vectors[];

#endif
