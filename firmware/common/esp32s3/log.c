/* UART0 as a log (ESP32-S3 TRM, chapter "UART Controller"), and the little of printf that a log needs. */
#include "reg/uart.h"
#include "runtime.h"

#define BAUD 115200u
#define FIFO_BYTES 128u
#define SCLK_XTAL 3

void log_init(void) {
    peripheral_on(PERIP_UART0);
    UART_CLK_CONF(0) = field(UART_CLK_CONF_SCLK_SEL, SCLK_XTAL) | UART_CLK_CONF_SCLK_EN | UART_CLK_CONF_TX_SCLK_EN |
                       UART_CLK_CONF_RX_SCLK_EN;
    /* Divisor with sixteenths. */
    uint32_t sixteenths = (XTAL_HZ * 16u + BAUD / 2) / BAUD;
    UART_CLKDIV(0) = field(UART_CLKDIV_CLKDIV, sixteenths / 16) | field(UART_CLKDIV_FRAG, sixteenths % 16);
    UART_CONF0(0) = field(UART_CONF0_BIT_NUM, 3) | field(UART_CONF0_STOP_BIT_NUM, 1) | UART_CONF0_MEM_CLK_EN;
    set_bits(&UART_ID(0), UART_ID_REG_UPDATE);
}

void log_char(char c) {
    if (c == '\n')
        log_char('\r');
    while (field_get(UART_STATUS(0), UART_STATUS_TXFIFO_CNT) >= FIFO_BYTES - 1) {
    }
    UART_FIFO(0) = (uint8_t)c;
}

void log_flush(void) {
    while (field_get(UART_STATUS(0), UART_STATUS_TXFIFO_CNT) || field_get(UART_FSM_STATUS(0), UART_FSM_STATUS_ST_UTX_OUT)) {
    }
}

static int digits_of(uint32_t value, uint32_t base, char *digits) {
    char reversed[10];
    int length = 0;
    do {
        reversed[length++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    for (int i = 0; i < length; i++)
        digits[i] = reversed[length - 1 - i];
    return length;
}

void log_format(void (*put)(char), const char *format, va_list arguments) {
    for (; *format; format++) {
        if (*format != '%') {
            put(*format);
            continue;
        }
        char pad = *++format == '0' ? '0' : ' ';
        int width = 0;
        for (; *format >= '0' && *format <= '9'; format++)
            width = width * 10 + (*format - '0');
        char digits[12];
        const char *text = digits;
        int length = 0;
        switch (*format) {
        case 'c':
            digits[length++] = (char)va_arg(arguments, int);
            break;
        case 's':
            text = va_arg(arguments, const char *);
            length = (int)strlen(text);
            break;
        case 'd': {
            int value = va_arg(arguments, int);
            if (value < 0)
                digits[length++] = '-';
            length += digits_of(value < 0 ? -(uint32_t)value : (uint32_t)value, 10, digits + length);
            break;
        }
        case 'u':
            length = digits_of(va_arg(arguments, uint32_t), 10, digits);
            break;
        case 'x':
        case 'p':
            length = digits_of(va_arg(arguments, uint32_t), 16, digits);
            break;
        default:
            digits[length++] = *format;
        }
        for (; width > length; width--)
            put(pad);
        while (length--)
            put(*text++);
    }
}

void log_printf(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    log_format(log_char, format, arguments);
    va_end(arguments);
}
