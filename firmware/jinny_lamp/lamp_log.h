/* The log goes to the USB serial port: UART0's pins belong to I2S. Nobody waits for a host that does not read. */
#ifndef LAMP_LOG_H
#define LAMP_LOG_H

#include "lamp.h"

/* %c %s %d %u %x, a width and leading zeros. From tasks only. */
__attribute__((format(printf, 2, 3))) void lamp_log(const char *module, const char *format, ...);
extern volatile uint32_t lamp_log_dropped; /* characters */

#endif
