/* Functions with arguments of every kind, for those who stand in for them from outside (tests/test_intercept.py). The
 * compiler is the authority for where arguments and results lie. Each body folds its arguments into a result that tells
 * them apart.
 */
#include "runtime.h"
#include <stdarg.h>

/* Called each time: the compiler does not know that the same arguments give the same result. */
#define APART __attribute__((noinline, noclone))
#define AGAIN __asm__ volatile("" ::: "memory")

struct {
    volatile uint32_t rounds, words, small, text, sum, each, first;
    volatile uint64_t wide, real;
} results;
volatile uint32_t stop; /* set from outside: from then on the program sleeps */
char buffer[16];

static uint64_t bits_of(double value) {
    union {
        double value;
        uint64_t bits;
    } both = {value};
    return both.bits;
}

static uint32_t bits_of_float(float value) {
    union {
        float value;
        uint32_t bits;
    } both = {value};
    return both.bits;
}

/* More words than there are registers. */
APART uint32_t words(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f, uint32_t g, uint32_t h) {
    AGAIN;
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h;
}

APART uint32_t small(uint8_t a, int8_t b, uint16_t c, int16_t d, _Bool e) {
    AGAIN;
    return (uint32_t)(a + 3 * b + 5 * c + 7 * d + 11 * e);
}

/* Pairs that begin at an even word, with a hole before one, and one that does not fit into the registers. */
APART uint64_t wide(uint32_t a, uint64_t b, uint32_t c, uint64_t d, int64_t e) {
    AGAIN;
    return a + 2 * b + 3 * c + 4 * d + 5 * (uint64_t)e;
}

APART uint64_t real(float a, double b, float c, double d) {
    AGAIN;
    return bits_of_float(a) + 2 * bits_of(b) + 3 * (uint64_t)bits_of_float(c) + 4 * bits_of(d);
}

APART uint32_t text(const char *from, char *to, uint32_t most) {
    uint32_t length = 0;
    while (from && from[length] && length + 1 < most) {
        to[length] = from[length];
        length++;
    }
    to[length] = 0;
    return length;
}

APART int32_t sum(int32_t count, ...) {
    AGAIN;
    int32_t total = 0;
    va_list values;
    va_start(values, count);
    while (count--)
        total += va_arg(values, int32_t);
    va_end(values);
    return total;
}

APART int32_t twice(int32_t value) {
    AGAIN;
    return 2 * value;
}

/* Deep enough that the windows of a processor that has them are all in use. */
APART uint32_t depth(uint32_t left) {
    if (!left)
        return 0;
    uint32_t below = depth(left - 1);
    AGAIN;
    return below + left;
}

APART int32_t each(int32_t (*visit)(int32_t), int32_t count) {
    int32_t total = 0;
    for (int32_t n = 1; n <= count; n++)
        total += visit(n);
    return total;
}

static void all(void) {
    results.words = words(1, 2, 3, 4, 5, 6, 7, 8);
    results.small = small(200, -100, 60000, -30000, 1);
    results.wide = wide(1, 0x0000000200000003u, 4, 0x0000000500000006u, -7);
    results.real = real(1.5f, -2.25, 3.125f, 1e100);
    results.text = text("hello, world", buffer, sizeof buffer);
    results.sum = (uint32_t)sum(7, 1, -2, 3, -4, 5, -6, 7);
    results.each = (uint32_t)each(twice, 4);
    results.first = depth(20);
}

int main(void) {
    clocks_init();
    while (!stop) {
        all();
        results.rounds++;
    }
    for (;;)
        wait_for_interrupt();
}
