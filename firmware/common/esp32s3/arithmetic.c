/* The rest of what GCC calls instead of instructions: 64-bit division and shifts, and the quotient of two floats. The
 * compiler's own library is for another calling convention and is not linked. */
#include <stdint.h>

typedef union {
    uint64_t whole;
    struct {
        uint32_t low, high;
    };
} words;

uint64_t __udivmoddi4(uint64_t dividend, uint64_t divisor, uint64_t *rest);
uint64_t __udivdi3(uint64_t dividend, uint64_t divisor);
uint64_t __umoddi3(uint64_t dividend, uint64_t divisor);
int64_t __divdi3(int64_t dividend, int64_t divisor);
int64_t __moddi3(int64_t dividend, int64_t divisor);
uint64_t __ashldi3(uint64_t value, int by);
uint64_t __lshrdi3(uint64_t value, int by);
int64_t __ashrdi3(int64_t value, int by);
uint32_t __divsf3(uint32_t dividend, uint32_t divisor);

uint64_t __ashldi3(uint64_t value, int by) {
    words w = {value};
    if (by >= 32)
        return (words){.high = w.low << (by - 32), .low = 0}.whole;
    return by ? (words){.high = w.high << by | w.low >> (32 - by), .low = w.low << by}.whole : value;
}

uint64_t __lshrdi3(uint64_t value, int by) {
    words w = {value};
    if (by >= 32)
        return (words){.low = w.high >> (by - 32), .high = 0}.whole;
    return by ? (words){.low = w.low >> by | w.high << (32 - by), .high = w.high >> by}.whole : value;
}

int64_t __ashrdi3(int64_t value, int by) {
    words w = {(uint64_t)value};
    int32_t high = (int32_t)w.high;
    if (by >= 32)
        return (int64_t)(words){.low = (uint32_t)(high >> (by - 32)), .high = (uint32_t)(high >> 31)}.whole;
    return by ? (int64_t)(words){.low = w.low >> by | w.high << (32 - by), .high = (uint32_t)(high >> by)}.whole : value;
}

/* Bit by bit, but in one step where both fit a word. */
uint64_t __udivmoddi4(uint64_t dividend, uint64_t divisor, uint64_t *rest) {
    words n = {dividend}, d = {divisor}, r = {0}, q = {0};
    if (!n.high && !d.high) {
        *rest = n.low % d.low;
        return n.low / d.low;
    }
    for (int bit = 0; bit < 64; bit++) {
        r.high = r.high << 1 | r.low >> 31;
        r.low = r.low << 1 | n.high >> 31;
        n.high = n.high << 1 | n.low >> 31;
        n.low <<= 1;
        q.high = q.high << 1 | q.low >> 31;
        q.low <<= 1;
        if (r.whole >= d.whole) {
            r.whole -= d.whole;
            q.low |= 1;
        }
    }
    *rest = r.whole;
    return q.whole;
}

uint64_t __udivdi3(uint64_t dividend, uint64_t divisor) {
    uint64_t rest;
    return __udivmoddi4(dividend, divisor, &rest);
}

uint64_t __umoddi3(uint64_t dividend, uint64_t divisor) {
    uint64_t rest;
    __udivmoddi4(dividend, divisor, &rest);
    return rest;
}

static uint64_t size(int64_t value) { return value < 0 ? -(uint64_t)value : (uint64_t)value; }

int64_t __divdi3(int64_t dividend, int64_t divisor) {
    uint64_t quotient = __udivdi3(size(dividend), size(divisor));
    return (dividend < 0) != (divisor < 0) ? (int64_t)-quotient : (int64_t)quotient;
}

int64_t __moddi3(int64_t dividend, int64_t divisor) {
    uint64_t rest = __umoddi3(size(dividend), size(divisor));
    return dividend < 0 ? (int64_t)-rest : (int64_t)rest;
}

/* ---- floats, as their bits: IEEE 754, to the nearest, ties to even ---- */

#define INFINITE 0x7f800000u
#define NOT_A_NUMBER 0x7fc00000u
#define HIDDEN 0x800000u

/* The fraction with its leading bit at 23; the exponent goes below 1 for what is denormal. */
static uint32_t normal(uint32_t bits, int *exponent) {
    uint32_t fraction = bits & (HIDDEN - 1);
    *exponent = (int)(bits >> 23 & 0xff);
    if (*exponent)
        return fraction | HIDDEN;
    int up = __builtin_clz(fraction) - 8;
    *exponent = 1 - up;
    return fraction << up;
}

uint32_t __divsf3(uint32_t dividend, uint32_t divisor) {
    uint32_t sign = (dividend ^ divisor) & 0x80000000u, n = dividend & 0x7fffffffu, d = divisor & 0x7fffffffu;
    if (n > INFINITE || d > INFINITE || (n == INFINITE && d == INFINITE) || (!n && !d))
        return NOT_A_NUMBER;
    if (n == INFINITE || !d)
        return sign | INFINITE;
    if (!n || d == INFINITE)
        return sign;
    int n_exponent, d_exponent;
    uint32_t remainder = normal(n, &n_exponent), by = normal(d, &d_exponent), quotient = 0;
    int exponent = n_exponent - d_exponent + 127;
    if (remainder < by) {
        remainder <<= 1;
        exponent--;
    }
    for (int bit = 0; bit < 26; bit++) { /* 24, one to round by and one more */
        quotient <<= 1;
        if (remainder >= by) {
            remainder -= by;
            quotient |= 1;
        }
        remainder <<= 1;
    }
    quotient |= remainder != 0;
    if (exponent >= 255)
        return sign | INFINITE;
    int drop = 2;
    if (exponent <= 0) { /* denormal: fewer bits */
        drop += 1 - exponent;
        exponent = 0;
        if (drop > 27)
            return sign;
    }
    uint32_t kept = quotient >> drop, lost = quotient & ((1u << drop) - 1), half = 1u << (drop - 1);
    kept += lost > half || (lost == half && kept & 1);
    /* The leading bit counts as one of the exponent; a carry out of the fraction does too. */
    return sign | (((uint32_t)exponent << 23) + kept - (exponent ? HIDDEN : 0));
}
