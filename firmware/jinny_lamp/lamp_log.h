/* The log goes to the USB serial port: UART0's pins belong to I2S. Nobody waits for a host that does not read. */
#ifndef LAMP_LOG_H
#define LAMP_LOG_H

#include "lamp.h"

/* %c %s %d %u %x, a width and leading zeros. From tasks only. */
__attribute__((format(printf, 2, 3))) void lamp_log(const char *module, const char *format, ...);
extern volatile uint32_t lamp_log_dropped; /* characters */

/* For the console's task: what waits, and how much of it has gone. */
uint32_t lamp_log_take(char *to, uint32_t most);
void lamp_log_taken(uint32_t count);

#endif
