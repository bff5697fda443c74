/* Boot ROM: header, bit and memory functions, and the floating point tables with results known to the last bit. */
#include "rom.h"

#include "probe.h"

typedef uint32_t unary(uint32_t);
typedef uint32_t binary(uint32_t, uint32_t);
typedef uint64_t binary_64(uint64_t, uint64_t);
typedef uint64_t unary_64(uint64_t);

/* Places in the tables SF and SD (2.8.3.2). */
enum { ADD, SUB, MUL, DIV, SQRT = 6, TO_INT = 7, FROM_INT = 11, COS = 15, SIN = 16, EXP = 19, LN = 20 };

static void bits_and_memory(void) {
    probe(1, rom_half_word(0x10));
    probe(2, rom_half_word(0x12) & 0xff);
    probe(3, rom_lookup(0x14, ROM_CODE('?', '?')));
    probe(4, ((unary *)rom_function(ROM_CODE('P', '3')))(0xf0f01234));
    probe(5, ((unary *)rom_function(ROM_CODE('R', '3')))(0x12345678));
    probe(6, ((unary *)rom_function(ROM_CODE('L', '3')))(0x00012345));
    probe(7, ((unary *)rom_function(ROM_CODE('L', '3')))(0));
    probe(8, ((unary *)rom_function(ROM_CODE('T', '3')))(0x00012300));
    probe(9, ((unary *)rom_function(ROM_CODE('T', '3')))(0));

    static uint32_t to[4], from[4] = {0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c};
    void *(*rom_memcpy)(void *, const void *, uint32_t) = rom_function(ROM_CODE('M', 'C'));
    void *(*rom_memset)(void *, int, uint32_t) = rom_function(ROM_CODE('M', 'S'));
    probe(10, rom_memcpy(to, from, 15) == to);
    probe(11, to[3]);
    probe(12, rom_memset((uint8_t *)to + 1, 0xee, 6) == (uint8_t *)to + 1);
    probe(13, to[0]);
    probe(14, to[1]);
}

static void floats(void) {
    const uint32_t *table = rom_data(ROM_CODE('S', 'F'));
    binary *add = (binary *)table[ADD], *sub = (binary *)table[SUB], *mul = (binary *)table[MUL], *div = (binary *)table[DIV];
    probe(20, add(0x3fc00000, 0x40100000));
    probe(21, add(0x4b800000, 0x3f800000));
    probe(22, sub(0x3f800000, 0x3f7fffff));
    probe(23, mul(0x3dcccccd, 0x3e4ccccd));
    probe(24, div(0x3f800000, 0x40400000));
    probe(25, div(0x3f800000, 0));
    probe(26, ((unary *)table[SQRT])(0x40000000));
    probe(27, ((unary *)table[TO_INT])(0xc0200000));
    probe(28, ((unary *)table[FROM_INT])((uint32_t)-7));
    probe(29, ((unary *)table[COS])(0));
    probe(30, ((unary *)table[SIN])(0x3f000000));
    probe(31, ((unary *)table[EXP])(0x3f800000));
    probe(32, ((unary *)table[LN])(0x40000000));
}

static void probe_64(uint32_t id, uint64_t value) {
    probe(id, (uint32_t)(value >> 32));
    probe(id + 1, (uint32_t)value);
}

static void doubles(void) {
    const uint32_t *table = rom_data(ROM_CODE('S', 'D'));
    const uint64_t one = 0x3ff0000000000000, two = 0x4000000000000000, three = 0x4008000000000000;
    probe_64(40, ((binary_64 *)table[ADD])(0x3fb999999999999a, 0x3fc999999999999a));
    probe_64(42, ((binary_64 *)table[SUB])(one, 0x3fb999999999999a));
    probe_64(44, ((binary_64 *)table[MUL])(0x3fb999999999999a, 0x3fb999999999999a));
    probe_64(46, ((binary_64 *)table[DIV])(one, three));
    probe_64(48, ((unary_64 *)table[SQRT])(two));
}

static void probes(void) {
    bits_and_memory();
    floats();
    doubles();
}
