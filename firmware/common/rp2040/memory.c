/* The two functions that a freestanding compiler may call by itself. */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *to, const void *from, size_t size) {
    uint8_t *t = to;
    const uint8_t *f = from;
    while (size--)
        *t++ = *f++;
    return to;
}

void *memset(void *to, int value, size_t size) {
    uint8_t *t = to;
    while (size--)
        *t++ = (uint8_t)value;
    return to;
}
