/* The USB serial port: the log out, commands in. One line each, answered with "ok" or "error":
 * effect N | brightness N | speed N | volume N | offset N | inverted 0/1 | pause 0/1 | power 0/1 | sleep | state |
 * effects | ota BYTES | ota-invalid
 */
#ifndef CONSOLE_H
#define CONSOLE_H

#include "lamp.h"

esp_err_t console_start(void);

#endif
