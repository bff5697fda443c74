/* What the ROM's start-up finds out and turns on, packets of its download protocol, and small things (ESP-IDF rom/ets_sys.h,
 * rom/uart.h, soc/rtc_cntl_reg.h). */
#include "rom.h"

#define REG(address) (*(volatile uint32_t *)(address))
#define APB_BRIDGE REG(0x60008018u)
#define RESET_STATE REG(0x60008038u)
#define PWC REG(0x60008088u)
#define DIG_ISO REG(0x60008094u)
#define SWD_CONF REG(0x600080b4u)
enum { SWD_RESET_FLAG = 1, SWD_RST_FLAG_CLR = 1 << 28, JTAG_RESET_FLAG = 1 << 20, JTAG_RESET_FLAG_CLR = 1 << 22 };
enum { APB_SOURCE = 1 << 22, FORCE_HOLD = 1 << 21, DG_PAD_FORCE_HOLD = 1 << 15, CLR_DG_PAD_AUTOHOLD = 1 << 10, ASSIST_DEBUG = 1 << 6 };

/* In the ROM's own memory: seen once, known until the next reset. */
#define HAPPENED ((uint8_t *)0x3fcef7acu)
enum { JTAG0, JTAG1, SUPER_WDT };

static int analog_super_wdt_reset_happened(uint32_t core) {
    if (core != 1)
        return 0;
    if (SWD_CONF & SWD_RESET_FLAG) {
        SWD_CONF |= SWD_RST_FLAG_CLR;
        HAPPENED[SUPER_WDT] = 1;
    }
    return HAPPENED[SUPER_WDT];
}
ENTRY(analog_super_wdt_reset_happened, 0x40000588);

static int jtag_cpu_reset_happened(uint32_t core) {
    uint32_t n = core ? JTAG1 : JTAG0, shift = core ? 1 : 0;
    if (RESET_STATE & JTAG_RESET_FLAG << shift) {
        RESET_STATE |= JTAG_RESET_FLAG_CLR << shift;
        HAPPENED[n] = 1;
    }
    return HAPPENED[n];
}
ENTRY(jtag_cpu_reset_happened, 0x40000594);

static void clear_super_wdt_reset_flag(void) {
    if (SWD_CONF & SWD_RESET_FLAG)
        SWD_CONF |= SWD_RST_FLAG_CLR;
}
ENTRY(clear_super_wdt_reset_flag, 0x40000708);

/* What the start-up says of it; in none of ESP-IDF's lists. */
int ets_printf(const char *format, ...);
static void tell_resets(uint32_t reason) {
    if (analog_super_wdt_reset_happened(reason))
        ets_printf("analog super wdt reset\n");
    if (jtag_cpu_reset_happened(0))
        ets_printf("pro cpu reset by JTAG\n");
    clear_super_wdt_reset_flag();
}
ENTRY(tell_resets, 0x40017fc0);

static void rtc_select_apb_bridge(uint8_t on) {
    if (on)
        APB_BRIDGE |= APB_SOURCE;
    else
        APB_BRIDGE &= ~(uint32_t)APB_SOURCE;
}
ENTRY(rtc_select_apb_bridge, 0x400005ac);

static void rtc_unhold_all_pads(void) {
    PWC &= ~(uint32_t)FORCE_HOLD;
    DIG_ISO &= ~(uint32_t)DG_PAD_FORCE_HOLD;
    DIG_ISO |= CLR_DG_PAD_AUTOHOLD;
}
ENTRY(rtc_unhold_all_pads, 0x400005b8);

static void assist_debug_clock_enable(void) {
    REG(0x600c000cu) &= ~(uint32_t)ASSIST_DEBUG; /* SYSTEM_CPU_PERI_RST_EN */
    REG(0x600c0008u) |= ASSIST_DEBUG;
}
ENTRY(assist_debug_clock_enable, 0x400006f0);

static void assist_debug_record_enable(void) {
    REG(0x600ce048u) = 1; /* ASSIST_DEBUG_CORE_0_RCD_EN, both halves */
    REG(0x600ce04cu) = 1;
}
ENTRY(assist_debug_record_enable, 0x400006fc);

/* The stack pointer, and for core 0 the stack's ends. */
static uint32_t ets_get_stack_info(uint32_t core, uint32_t *end, uint32_t *start) {
    uint32_t sp;
    __asm__ volatile("mov %0, a1" : "=r"(sp));
    if (!core) {
        *end = 0x3fce9710;
        *start = 0x3fceb710;
    }
    return sp;
}
ENTRY(ets_get_stack_info, 0x4000060c);

/* How many of these make up that. */
static uint32_t multofup(uint32_t size, uint32_t of) { return (size - 1 + of) / of; }
ENTRY(multofup, 0x400006cc);

/* Packets between C0h: DBh DCh stands for C0h in them, DBh DDh for DBh (esptool documentation, "Serial Protocol"). */
void uart_tx_one_char2(uint8_t c);
void uart_tx_flush(uint32_t number);
int uart_rx_one_char(uint8_t *c);
enum { END = 0xc0, ESCAPE = 0xdb, ESCAPED_END = 0xdc, ESCAPED_ESCAPE = 0xdd };

/* UartDevice of rom/uart.h: what is received, and whom it is printed for. */
struct received {
    uint8_t *buffer, *write, *read;
};
#define UART_NUMBER (*(uint8_t *)0x3fcef14cu)
enum { BUFFER = 2048 };

static void send_packet(const uint8_t *data, uint32_t count) {
    uart_tx_one_char2(END);
    for (; count--; data++) {
        if (*data == END || *data == ESCAPE) {
            uart_tx_one_char2(ESCAPE);
            uart_tx_one_char2(*data == END ? ESCAPED_END : ESCAPED_ESCAPE);
        } else {
            uart_tx_one_char2(*data);
        }
    }
    uart_tx_one_char2(END);
    uart_tx_flush(UART_NUMBER);
}
ENTRY(send_packet, 0x40000744);

/* 1: nothing is there. */
static int uart_rx_readbuff(struct received *from, uint8_t *to) {
    if (UART_NUMBER > 2)
        return uart_rx_one_char(to);
    if (from->write == from->read)
        return 1;
    *to = *from->read++;
    if (from->read == from->buffer + BUFFER)
        from->read = from->buffer;
    return 0;
}
ENTRY(uart_rx_readbuff, 0x40000678);
