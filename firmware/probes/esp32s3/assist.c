/* ASSIST_DEBUG: monitors of a region of memory, of registers and of the stack pointer, with the place where it happened and an
 * interrupt. Set up by the registers of ESP-IDF's soc/assist_debug_reg.h. */
#include "probe.h"
#include "reg/system.h"

#define ASSIST(offset) REG(0x600ce000u + (offset))
#define MONITOR_ENA ASSIST(0x00)
#define INT_RAW ASSIST(0x04)
#define INT_ENA ASSIST(0x08)
#define INT_CLR ASSIST(0x0c)
#define DRAM0_0_MIN ASSIST(0x10)
#define DRAM0_0_MAX ASSIST(0x14)
#define PIF_0_MIN ASSIST(0x20)
#define PIF_0_MAX ASSIST(0x24)
#define AREA_SP ASSIST(0x30)
#define AREA_PC ASSIST(0x34)
#define SP_MIN ASSIST(0x3c)
#define SP_MAX ASSIST(0x40)
#define SP_PC ASSIST(0x44)
enum { DRAM0_0_RD = BIT(0), DRAM0_0_WR = BIT(1), PIF_0_WR = BIT(5), SP_SPILL_MIN = BIT(8), SP_SPILL_MAX = BIT(9) };
#define SOURCE_ASSIST_DEBUG 83
#define LINE 0

static volatile uint32_t watched[4] __attribute__((aligned(16)));
static volatile uint32_t irqs, seen;

static void on_monitor(void *unused) {
    (void)unused;
    irqs++;
    seen = INT_RAW;
    MONITOR_ENA = 0;
    INT_CLR = 0xfff;
}

static uint32_t here(void) {
    uint32_t sp;
    __asm__ volatile("mov %0, sp" : "=r"(sp));
    return sp;
}

__attribute__((noinline)) static void touch(uint32_t n) { watched[n] = n; }
__attribute__((noinline)) static uint32_t look(uint32_t n) { return watched[n]; }

/* Far below where the caller stands. */
__attribute__((noinline)) static uint32_t deep(void) {
    volatile uint8_t room[512];
    for (uint32_t n = 0; n < sizeof room; n += 64)
        room[n] = (uint8_t)n;
    return room[64];
}

/* Is the address within so many bytes from the beginning of a function? Calls through windows have two bits of their own above. */
static uint32_t within(uint32_t pc, void *function, uint32_t bytes) { return pc - (uint32_t)(uintptr_t)function < bytes; }

static void probes(void) {
    set_bits(&SYSTEM_CPU_PERI_CLK_EN, SYSTEM_CPU_PERI_CLK_EN_CLK_EN_ASSIST_DEBUG);
    clear_bits(&SYSTEM_CPU_PERI_RST_EN, SYSTEM_CPU_PERI_RST_EN_RST_EN_ASSIST_DEBUG);

    /* Stores to one word; loads and its neighbours do not count. */
    DRAM0_0_MIN = (uint32_t)(uintptr_t)&watched[1];
    DRAM0_0_MAX = (uint32_t)(uintptr_t)&watched[1] + 3;
    INT_CLR = 0xfff;
    MONITOR_ENA = DRAM0_0_WR;
    touch(0);
    touch(2);
    look(1);
    probe(1, INT_RAW);
    touch(1);
    probe(2, INT_RAW);
    probe(3, within(AREA_PC, (void *)touch, 32));
    probe(4, AREA_SP > here() - 256 && AREA_SP <= here());
    MONITOR_ENA = 0;
    INT_CLR = 0xfff;
    probe(5, INT_RAW);
    MONITOR_ENA = DRAM0_0_RD;
    touch(1);
    probe(6, INT_RAW);
    look(1);
    probe(7, INT_RAW);
    MONITOR_ENA = 0;
    INT_CLR = 0xfff;

    /* An interrupt; a register of GPIO is watched. */
    interrupt_route(0, SOURCE_ASSIST_DEBUG, LINE);
    interrupt_handler(LINE, on_monitor, 0);
    interrupt_enable(LINE);
    PIF_0_MIN = 0x60004008;
    PIF_0_MAX = 0x6000400b;
    INT_ENA = PIF_0_WR;
    MONITOR_ENA = PIF_0_WR;
    REG(0x6000400c) = 0;
    delay_us(2);
    probe(8, irqs);
    REG(0x60004008) = 0;
    delay_us(2);
    probe(9, irqs);
    probe(10, seen);
    INT_ENA = 0;

    /* The stack pointer falls below its limit in a function with much room, and nowhere else. */
    SP_MIN = here() - 256;
    SP_MAX = here() + 4096;
    MONITOR_ENA = SP_SPILL_MIN | SP_SPILL_MAX;
    touch(3);
    probe(11, INT_RAW);
    deep();
    probe(12, INT_RAW);
    probe(13, within(SP_PC, (void *)deep, 128));
    MONITOR_ENA = 0;
    INT_CLR = 0xfff;
    SP_MIN = 0;
    SP_MAX = here() - 64;
    MONITOR_ENA = SP_SPILL_MAX;
    delay_us(1);
    probe(14, INT_RAW);
    MONITOR_ENA = 0;
}
