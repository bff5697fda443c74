/* LX7: register windows, zero-overhead loops, arithmetic options, FPU, exceptions, S32C1I, timers. */
#include "probe.h"

/* MULUH and MULSH as bytes: the assembler's table lacks them. */
#define MUL_HIGH(name, op2) \
    static uint32_t name(uint32_t one, uint32_t other) { \
        register uint32_t a __asm__("a2") = one; \
        register uint32_t b __asm__("a3") = other; \
        __asm__(".byte 0x30, 0x22, " op2 : "+a"(a) : "a"(b)); \
        return a; \
    }
MUL_HIGH(muluh, "0xa2")
MUL_HIGH(mulsh, "0xb2")

/* ---- windows ---- */

/* Each level keeps values in registers over the call; 64 registers hold 7 frames of call8. */
__attribute__((noinline)) static uint32_t deep(uint32_t n) {
    if (n == 0)
        return 1;
    uint32_t a = n * 3, b = n ^ 0x55, c = n << 4;
    __asm__ volatile("" : "+a"(a), "+a"(b), "+a"(c));
    uint32_t below = deep(n - 1);
    __asm__ volatile("" : "+a"(a), "+a"(b), "+a"(c));
    return below + a + b + c;
}

/* The same sum without calls. */
static uint32_t flat(uint32_t n) {
    uint32_t sum = 1;
    for (; n; n--)
        sum += n * 3 + (n ^ 0x55) + (n << 4);
    return sum;
}

/* Moves the stack pointer with MOVSP after every caller has been spilled. */
__attribute__((noinline)) static uint32_t with_array(uint32_t n) {
    uint32_t spilled = deep(12);
    volatile uint32_t array[n];
    for (uint32_t i = 0; i < n; i++)
        array[i] = i;
    return spilled == flat(12) ? array[n - 1] + array[0] : 0;
}

/* call12 and call4 by hand. */
__asm__(".text\n .literal_position\n .align 4\n"
        "leaf: entry a1, 32\n addi a2, a2, 1\n retw\n"
        ".align 4\n .global mixed_calls\n"
        "mixed_calls: entry a1, 64\n"
        "mov a14, a2\n call12 leaf\n mov a6, a14\n call4 leaf\n mov a10, a6\n call8 leaf\n mov a2, a10\n retw\n");
uint32_t mixed_calls(uint32_t value);

/* ---- exceptions ---- */

static volatile struct {
    uint32_t cause, address, count;
} seen;

static uint32_t note_exception(struct frame *frame) {
    seen.cause = frame->cause;
    seen.address = frame->address;
    seen.count++;
    uint32_t first = *(volatile uint32_t *)(frame->pc & ~3u) >> (frame->pc % 4 * 8) & 15u;
    frame->pc += first >= 8 && first < 14 ? 2 : 3; /* op0 of 8 to 13: a narrow instruction */
    return 1;
}

static void exception(uint32_t id, uint32_t expected_address_too) {
    probe(id, seen.cause);
    if (expected_address_too)
        probe(id + 1, seen.address);
    seen.cause = 0xff;
}

static volatile uint32_t level_seen[4], timer_ticks;
static void on_timer(void *which) {
    level_seen[(uintptr_t)which] = RSR(ps) & PS_INTLEVEL_MASK;
    timer_ticks++;
    if ((uintptr_t)which == 1)
        WSR(ccompare0, RSR(ccompare0) + 0x7fffffff);
    else
        WSR(ccompare1, RSR(ccompare1) + 0x7fffffff);
}
static void on_software(void *which) { level_seen[(uintptr_t)which]++; }

static volatile uint32_t word_for_s32c1i;

static void probes(void) {
    trap_hook = note_exception;

    probe(1, deep(60) == flat(60));
    probe(2, with_array(40));
    probe(3, mixed_calls(39));
    probe(4, __builtin_popcount(RSR(windowstart)) >= 1 && (RSR(windowstart) >> RSR(windowbase) & 1));

    /* Loops: LOOP, LOOPNEZ with 0, LOOPGTZ with a negative count. */
    uint32_t n = 0, count = 10;
    __asm__ volatile("loop %1, 1f \n addi %0, %0, 3 \n 1:" : "+a"(n) : "a"(count));
    probe(5, n);
    __asm__ volatile("loopnez %1, 1f \n addi %0, %0, 3 \n 1:" : "+a"(n) : "a"(0));
    probe(6, n);
    __asm__ volatile("loopgtz %1, 1f \n addi %0, %0, 3 \n 1:" : "+a"(n) : "a"(-5));
    probe(7, n);

    /* Arithmetic. */
    probe(8, muluh(0xfedcba98, 0x76543210));
    probe(9, mulsh(0xfedcba98, 0x76543210));
    uint32_t q, r, s;
    __asm__("quos %0, %2, %3 \n rems %1, %2, %3" : "=&a"(q), "=&a"(r) : "a"(-1000), "a"(7));
    probe(10, q);
    probe(11, r);
    __asm__("nsau %0, %1" : "=a"(q) : "a"(0x00012345));
    probe(12, q);
    __asm__("nsa %0, %1" : "=a"(q) : "a"(0xfffff800));
    probe(13, q);
    __asm__("clamps %0, %1, 7" : "=a"(q) : "a"(-300));
    probe(14, q);
    __asm__("sext %0, %1, 11" : "=a"(q) : "a"(0x800));
    probe(15, q);
    __asm__("minu %0, %2, %3 \n max %1, %2, %3" : "=&a"(q), "=&a"(r) : "a"(0xfffffffe), "a"(5));
    probe(16, q);
    probe(17, r);
    __asm__("ssai 12 \n src %0, %1, %2" : "=a"(q) : "a"(0x12345678), "a"(0x9abcdef0));
    probe(18, q);

    /* MAC16: 40 bits of 3 x 0x7fff x 0x7fff, and minus one product. */
    __asm__("mul.aa.ll %2, %2 \n mula.aa.ll %2, %2 \n mula.aa.ll %2, %2 \n rsr.acclo %0 \n rsr.acchi %1"
            : "=a"(q), "=a"(r)
            : "a"(0x7fff));
    probe(19, q);
    __asm__("muls.aa.hl %1, %2 \n rsr.acclo %0" : "=a"(q) : "a"(0x00020000), "a"(5));
    probe(20, q);

    /* FPU: results of IEEE 754 in round to nearest. */
    uint32_t sum;
    __asm__("wfr f0, %1 \n wfr f1, %2 \n add.s f2, f0, f1 \n rfr %0, f2" : "=a"(sum) : "a"(0x3f800000), "a"(0x40400000));
    probe(21, sum); /* 1 + 3 */
    __asm__("wfr f0, %1 \n wfr f1, %2 \n mul.s f2, f0, f1 \n rfr %0, f2" : "=a"(sum) : "a"(0x3dcccccd), "a"(0x41200000));
    probe(22, sum); /* 0.1 x 10 */
    __asm__("wfr f0, %1 \n wfr f1, %2 \n mov.s f2, f0 \n madd.s f2, f1, f1 \n rfr %0, f2"
            : "=a"(sum)
            : "a"(0xbf800000), "a"(0x3f800001));
    probe(23, sum); /* (1 + 2^-23)^2 - 1, rounded once */
    __asm__("wfr f0, %1 \n trunc.s %0, f0, 0" : "=a"(sum) : "a"(0xc2f6e979));
    probe(24, sum); /* -123.456 */
    __asm__("wfr f0, %1 \n round.s %0, f0, 1" : "=a"(sum) : "a"(0x3fa00000));
    probe(25, sum); /* 1.25 x 2: a tie to even */
    __asm__("movi %0, 0 \n wfr f0, %1 \n un.s b1, f0, f0 \n movi a5, 1 \n movt %0, a5, b1" : "=&a"(sum) : "a"(0x7fc00000) : "a5");
    probe(26, sum); /* a NaN is unordered with itself */

    /* S32C1I. */
    word_for_s32c1i = 7;
    probe(27, compare_and_set(&word_for_s32c1i, 8, 9));
    probe(28, word_for_s32c1i);
    probe(29, compare_and_set(&word_for_s32c1i, 7, 9));
    probe(30, word_for_s32c1i);

    /* Exceptions: cause, and the address where there is one. */
    seen.cause = 0xff;
    __asm__ volatile("ill");
    exception(40, 0);
    __asm__ volatile("syscall");
    exception(42, 0);
    __asm__ volatile("quou %0, %0, %1" : "=a"(q) : "a"(0));
    exception(44, 0);
    static const uint32_t two_words[] = {0x33221100, 0x77665544};
    __asm__ volatile("l32i %0, %1, 0" : "=a"(q) : "a"((uintptr_t)two_words + 1));
    probe(46, q);
    __asm__ volatile("l32i %0, %1, 0" : "=a"(q) : "a"(0x10000004));
    exception(48, 1);
    WSR(cpenable, 0);
    __asm__ volatile("add.s f0, f0, f0");
    exception(50, 0);
    WSR(cpenable, 1);
    probe(52, seen.count);

    /* CCOMPARE0 is of level 1, CCOMPARE1 of level 3; C runs its handlers at level 3. */
    interrupt_handler(LINE_TIMER0, on_timer, (void *)1);
    interrupt_handler(LINE_TIMER1, on_timer, (void *)3);
    uint32_t then = cycles();
    WSR(ccompare0, then + 2000);
    WSR(ccompare1, then + 4000);
    interrupt_enable(LINE_TIMER0);
    interrupt_enable(LINE_TIMER1);
    WAIT_UNTIL(timer_ticks == 2, 100);
    probe(53, timer_ticks);
    probe(54, level_seen[1]);
    probe(55, level_seen[3]);

    /* Software interrupts wait while the level is raised. */
    interrupt_handler(LINE_SOFTWARE1, on_software, (void *)0);
    interrupt_enable(LINE_SOFTWARE1);
    uint32_t old = interrupts_off();
    WSR(intset, BIT(LINE_SOFTWARE1));
    probe(56, level_seen[0]);
    probe(57, RSR(interrupt) >> LINE_SOFTWARE1 & 1);
    interrupts_restore(old);
    probe(58, level_seen[0]);

    /* 100 turns of a loop of 4 instructions of one cycle: CCOUNT counts cycles. */
    uint32_t before, after;
    __asm__ volatile("rsr.ccount %0 \n loop %2, 1f \n nop \n nop \n nop \n nop \n 1: rsr.ccount %1"
                     : "=&a"(before), "=&a"(after)
                     : "a"(100));
    s = after - before;
    probe(59, s);
    probe(60, core_id());
    probe(61, RSR(prid) & 0xffff);
}
