/* What the ROM's flash drivers call: an operating system, a host, a chip's driver. Each hook writes down its number and what
 * it is given, and answers with the next word of what the call's hooks read, or with 0 when there is none left. */
#include "flash_hooks.h"

enum { ON_THE_STACK = 0x57ac };
enum kind { PLAIN, GIVES_BYTE, GIVES_WORD, GIVES_LONG, SHOWS, FILLS, COMMAND };
struct transaction {
    uint8_t reserved, out_bytes, in_bytes, address_bits;
    uint32_t address;
    const uint8_t *out;
    uint8_t *in;
    uint32_t flags;
    uint16_t command;
    uint8_t dummy_bits;
    uint32_t mode;
};

static uint32_t next_word(void) {
    uint32_t word = 0;
    hook_reads(&word, 4);
    return word;
}
static void tell(uint32_t word) { hook_writes(&word, 4); }
/* Where a frame lies is the caller's own affair. */
static uint32_t place(uint32_t word) {
    int in_memory = word - 0x3fc80000 < 0x80000;
    return in_memory && !lies_in_arena(word) ? ON_THE_STACK : word;
}

static uint32_t hook(uint32_t number, uint32_t count, enum kind kind, uint32_t at, const uint32_t *a) {
    tell(number);
    for (uint32_t n = 0; n < count; n++)
        tell(place(a[n]));
    uint32_t words[2] = {0, 0};
    if (kind == GIVES_BYTE || kind == GIVES_WORD || kind == GIVES_LONG) {
        words[0] = next_word();
        if (kind == GIVES_LONG)
            words[1] = next_word();
        if (a[at])
            memcpy((void *)a[at], words, kind == GIVES_BYTE ? 1 : kind == GIVES_WORD ? 4 : 8);
    } else if (kind == SHOWS && a[at])
        hook_writes((const void *)a[at], a[3]);
    else if (kind == FILLS)
        hook_reads((void *)a[at], a[3]);
    else if (kind == COMMAND) {
        const struct transaction *t = (const void *)a[1];
        tell(t->command << 16 | t->address_bits << 8 | t->dummy_bits);
        tell(t->address_bits ? t->address : 0);
        tell(t->out_bytes << 16 | t->in_bytes);
        hook_writes(t->out, t->out_bytes);
        hook_reads(t->in, t->in_bytes);
    }
    return next_word();
}

#define HOOK(name, count, kind, at)                                                                                       \
    static uint32_t name(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e) {                                    \
        return hook(__LINE__, count, kind, at, (const uint32_t[]){a, b, c, d, e});                                        \
    }
#line 1
HOOK(plain1, 1, PLAIN, 0)
HOOK(plain2, 2, PLAIN, 0)
HOOK(plain3, 3, PLAIN, 0)
HOOK(plain5, 5, PLAIN, 0)
HOOK(gives_byte, 2, GIVES_BYTE, 1)
HOOK(gives_word, 2, GIVES_WORD, 1)
HOOK(gives_long, 2, GIVES_LONG, 1)
HOOK(gives_third, 3, GIVES_WORD, 2)
HOOK(shows, 4, SHOWS, 1)
HOOK(fills, 4, FILLS, 1)
HOOK(command, 1, COMMAND, 0)
HOOK(start, 1, PLAIN, 0)
HOOK(end, 1, PLAIN, 0)
HOOK(protected_bits, 4, PLAIN, 0)
HOOK(erases, 2, PLAIN, 0)
HOOK(waits, 2, PLAIN, 0)
HOOK(enters, 0, PLAIN, 0)
HOOK(leaves, 0, PLAIN, 0)

static uint32_t says(uint32_t host, uint32_t at) { return hook(__LINE__, 2, PLAIN, 0, (const uint32_t[]){host, at}) & 1; }
static void *lends(uint32_t os, uint32_t wanted, uint32_t *given) {
    *given = wanted < 48 ? wanted : 48;
    hook(__LINE__, 2, PLAIN, 0, (const uint32_t[]){os, wanted});
    return hook_allocates(*given);
}

/* For a chip that is really there. */
static uint32_t nothing(void) { return 0; }
static uint32_t yes(void) { return 1; }
static uint32_t delays(void *os, uint32_t microseconds) {
    (void)os;
    ((void (*)(uint32_t))0x40000600)(microseconds); /* ets_delay_us */
    return 0;
}
static void *allocates(uint32_t bytes) { return hook_allocates(bytes); }

void *flash_hooks[] = {plain1, plain2,   plain3, plain5, gives_byte, gives_word,     gives_long, gives_third, shows, fills,
                       command, start, end,    protected_bits, erases,     waits, enters, leaves, says,   lends, nothing,        yes,        delays,      allocates};
