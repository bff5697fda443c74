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

void send_packet(const uint8_t *data, uint32_t count);
void send_packet(const uint8_t *data, uint32_t count) {
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

/* UartDevice of rom/uart.h: the buffer, then how far a packet has come for who does not wait. */
#define RECEIVED ((struct received *)0x3fcef150u)
struct progress {
    enum { RETURNED = 2, OPEN, ESCAPED } state;
    int count;
};
#define PROGRESS ((struct progress *)0x3fcef164u)

static int unescaped(uint8_t byte) {
    return byte == ESCAPED_END ? END : byte == ESCAPED_ESCAPE ? ESCAPE : byte;
}

/* The next packet's length: 0 where it does not wait and none is whole yet. What is too long is lost. */
int recv_packet(uint8_t *to, int most, uint8_t one_of_two);
int recv_packet(uint8_t *to, int most, uint8_t one_of_two) {
    uint8_t byte = 0, next = 0;
    int count = one_of_two ? PROGRESS->count : 0;
    if (!one_of_two || PROGRESS->state == RETURNED)
        do
            while (uart_rx_readbuff(RECEIVED, &byte))
                if (one_of_two)
                    return 0;
        while (byte != END);
    if (one_of_two && PROGRESS->state == RETURNED)
        PROGRESS->state = OPEN;
    for (;;) {
        while (uart_rx_readbuff(RECEIVED, &byte))
            if (one_of_two)
                return 0;
        int escaped = one_of_two && PROGRESS->state == ESCAPED;
        if (!escaped && byte == END) {
            if (!count)
                continue;
            if (one_of_two)
                *PROGRESS = (struct progress){RETURNED, 0};
            return count;
        }
        if (escaped || byte == ESCAPE) {
            int begun = !one_of_two || PROGRESS->state == OPEN;
            next = escaped ? byte : 0;
            if (begun && one_of_two)
                PROGRESS->state = ESCAPED;
            while (begun && uart_rx_readbuff(RECEIVED, &next))
                if (one_of_two)
                    return 0;
            byte = unescaped(next);
            if (one_of_two)
                PROGRESS->state = OPEN;
        }
        if (count < most) {
            to[count++] = byte;
            PROGRESS->count++;
        }
    }
}
ENTRY(recv_packet, 0x40000750);

/* `words` registers from `registers` on to memory, or back, as silicon's ROM would have them copied: by a block that lies
 * elsewhere on this chip (PERI_BACKUP is at 0x6002a000, ESP-IDF soc/reg_base.h), so that it waits for what never comes. */
static int ets_backup_dma_copy(uint32_t registers, uint32_t memory, uint32_t words, uint8_t to_memory) {
    enum { CLK_EN1 = 0x600c001c, BLOCK = 0x6001a000, BY_MAP = 8, DONE = 1 };
    const uint32_t enable = 1u << 31, towards_memory = 1u << 30, start = 1u << 29, size = 0x3ffu << 19;
    void (**locks)(void) = (void (**)(void))0x3fcef67cu; /* ets_apb_backup_init_lock_func */
    if ((memory & 3) || !words) {
        ets_printf("BK DMA:0x%08x, num:%d\n", memory, words);
        return 0;
    }
    locks[0]();
    REG(CLK_EN1) |= 1;
    REG(BLOCK) &= ~(uint32_t)BY_MAP;
    REG(BLOCK) = to_memory ? REG(BLOCK) | towards_memory : REG(BLOCK) & ~towards_memory;
    REG(BLOCK + 4) = registers;
    REG(BLOCK + 8) = memory;
    REG(BLOCK) = (REG(BLOCK) & ~size) | (words << 19 & size);
    REG(BLOCK + 0x28) |= 1;
    REG(BLOCK) |= enable;
    REG(BLOCK) |= start;
    while (!(REG(BLOCK + 0x1c) & DONE))
        ;
    REG(BLOCK) &= ~start;
    REG(BLOCK) &= ~enable;
    REG(CLK_EN1) &= ~1u;
    locks[1]();
    return 1;
}
ENTRY(ets_backup_dma_copy, 0x40000624);
