#include "lamp_log.h"

#define RING_BYTES 4096u

volatile uint32_t lamp_log_dropped;

static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;
static char ring[RING_BYTES];
static volatile uint32_t written, taken;

static void put(char c) {
    if (written - taken < RING_BYTES)
        ring[written++ % RING_BYTES] = c;
    else
        lamp_log_dropped++;
}

static void puts(const char *text) {
    while (*text)
        put(*text++);
}

void lamp_log(const char *module, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    taskENTER_CRITICAL(&lock);
    puts(module);
    puts(": ");
    log_format(put, format, arguments);
    puts("\r\n");
    taskEXIT_CRITICAL(&lock);
    va_end(arguments);
}

uint32_t lamp_log_take(char *to, uint32_t most) {
    taskENTER_CRITICAL(&lock);
    uint32_t count = written - taken < most ? written - taken : most;
    for (uint32_t n = 0; n < count; n++)
        to[n] = ring[(taken + n) % RING_BYTES];
    taskEXIT_CRITICAL(&lock);
    return count;
}

void lamp_log_taken(uint32_t count) { taken += count; }
