/* The few functions of a C library that a compiler takes for granted. */
#include "runtime.h"

void *memcpy(void *to, const void *from, size_t count) {
    uint8_t *d = to;
    const uint8_t *s = from;
    if ((((uintptr_t)d | (uintptr_t)s) & 3) == 0)
        for (; count >= 4; count -= 4, d += 4, s += 4)
            *(uint32_t *)d = *(const uint32_t *)s;
    while (count--)
        *d++ = *s++;
    return to;
}

void *memmove(void *to, const void *from, size_t count) {
    uint8_t *d = to;
    const uint8_t *s = from;
    if (d <= s || d >= s + count)
        return memcpy(to, from, count);
    while (count--)
        d[count] = s[count];
    return to;
}

void *memset(void *to, int byte, size_t count) {
    uint8_t *d = to;
    for (; count && ((uintptr_t)d & 3); count--)
        *d++ = (uint8_t)byte;
    for (uint32_t word = (uint8_t)byte * 0x01010101u; count >= 4; count -= 4, d += 4)
        *(uint32_t *)d = word;
    while (count--)
        *d++ = (uint8_t)byte;
    return to;
}

int memcmp(const void *one, const void *other, size_t count) {
    const uint8_t *a = one, *b = other;
    for (; count--; a++, b++)
        if (*a != *b)
            return *a - *b;
    return 0;
}

size_t strlen(const char *text) {
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}
