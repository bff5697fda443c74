/* RP2040 datasheet 4.2: UART0 as a log, and the little of printf that a log needs (no division on a Cortex-M0+). */
#include <stdarg.h>

#include "runtime.h"

#define BAUD 115200u
#define BAUD_DIVISOR_64 ((CLK_SYS_HZ * 4u + BAUD / 2) / BAUD) /* 4.2.7.1: clk_peri / (16 x baud) in 1/64 */

void log_init(void) {
    unreset(RESET_UART0);
    UART0->UARTIBRD = BAUD_DIVISOR_64 >> 6;
    UART0->UARTFBRD = BAUD_DIVISOR_64 & 63u;
    UART0->UARTLCR_H = UARTLCR_H_WLEN_8 | UARTLCR_H_FEN;
    UART0->UARTCR = UARTCR_UARTEN | UARTCR_TXE | UARTCR_RXE;
    gpio_function(0, FUNC_UART);
    gpio_function(1, FUNC_UART);
}

void log_char(char c) {
    if (c == '\n')
        log_char('\r');
    while (UART0->UARTFR & UARTFR_TXFF) {
    }
    UART0->UARTDR = (uint8_t)c;
}

static int decimal(uint32_t value, char *digits) {
    static const uint32_t power[] = {1000000000, 100000000, 10000000, 1000000, 100000, 10000, 1000, 100, 10, 1};
    int length = 0;
    for (int i = 0; i < 10; i++) {
        char digit = '0';
        while (value >= power[i]) {
            value -= power[i];
            digit++;
        }
        if (length || digit != '0' || i == 9)
            digits[length++] = digit;
    }
    return length;
}

static int hexadecimal(uint32_t value, char *digits) {
    int length = 0;
    for (int shift = 28; shift >= 0; shift -= 4) {
        uint32_t digit = value >> shift & 15u;
        if (length || digit || shift == 0)
            digits[length++] = "0123456789abcdef"[digit];
    }
    return length;
}

void log_printf(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    for (; *format; format++) {
        if (*format != '%') {
            log_char(*format);
            continue;
        }
        char pad = *++format == '0' ? '0' : ' ';
        int width = 0;
        for (; *format >= '0' && *format <= '9'; format++)
            width = width * 10 + (*format - '0');

        char digits[10];
        const char *text = digits;
        int length = 0;
        switch (*format) {
        case 'c':
            digits[length++] = (char)va_arg(arguments, int);
            break;
        case 's':
            text = va_arg(arguments, const char *);
            while (text[length])
                length++;
            break;
        case 'd': {
            int value = va_arg(arguments, int);
            if (value < 0) {
                log_char('-');
                value = -value;
            }
            length = decimal((uint32_t)value, digits);
            break;
        }
        case 'u':
            length = decimal(va_arg(arguments, uint32_t), digits);
            break;
        case 'x':
            length = hexadecimal(va_arg(arguments, uint32_t), digits);
            break;
        default:
            digits[length++] = *format;
        }
        for (; width > length; width--)
            log_char(pad);
        while (length--)
            log_char(*text++);
    }
    va_end(arguments);
}
