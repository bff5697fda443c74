/* The serial line on USB On-The-Go as a channel of the ROM's console and of its loader (rom/uart.h). */
#include "usb.h"

#define RTC_OPTIONS0 REG(0x60008000u)
#define RTC_OPTION1 REG(0x6000812cu)
enum { FORCE_DOWNLOAD_BOOT = BIT(0), SW_PROCPU_RST = BIT(5) };
enum { LINE_RTS = 2, LINESTATE = -1, WAIT_FOR_HOST = 100 };

int ets_printf(const char *format, ...);

/* usbdc_testament_t of rom/usb/usb_persist.h: a ring of text that the last program has left behind. */
struct testament {
    const uint8_t *begin, *end, *from, *to;
};

static void tell(const uint8_t *from, const uint8_t *to) {
    while (from != to) {
        int count = to - from < FULL_PACKET ? to - from : FULL_PACKET;
        if (cdc_acm_fifo_fill(CONSOLE, from, count) != count)
            return;
        usb_dc_check_poll_for_interrupts();
        from += count;
    }
}

static void tell_testament(uint32_t at) {
    enum { MEMORY = 0x3fc88000 };
    const struct testament *t = (const void *)(MEMORY + at);
    cdc_acm_fifo_fill(CONSOLE, (const uint8_t *)" ", 1);
    const uint8_t *from = t->from;
    if (t->to < from) {
        tell(from, t->end);
        from = t->begin;
    }
    tell(from, t->to);
}

struct acm *Uart_Init_USB(void *memory, uint32_t bytes) {
    enum { BOOT_DFU = BIT(30), TESTAMENT = 0x7ffff, DESCRIBES_DFU = 1 };
    if (CONSOLE)
        return CONSOLE;
    CONSOLE = cdc_acm_init(memory, bytes);
    if (chip_usb_get_persist_flags() & BOOT_DFU) {
        ets_printf("Booting into dfu mode.\n");
        usb_set_current_descriptor(DESCRIBES_DFU);
        usb_dfu_force_detach();
    }
    usb_dc_check_poll_for_interrupts();
    uint32_t at = chip_usb_get_persist_flags() & TESTAMENT;
    if (at)
        tell_testament(at);
    return CONSOLE;
}
ENTRY(Uart_Init_USB, 0x40002604);

int usb_uart_otg_tx_one_char(uint8_t byte) {
    if (!CONSOLE)
        return 1;
    usb_dc_check_poll_for_interrupts();
    return cdc_acm_fifo_fill(CONSOLE, &byte, 1) != 0;
}
ENTRY(usb_uart_otg_tx_one_char, 0x400025c8);

/* The host's RTS has fallen: a reset that it does not see, and no download. */
static void reset_as_asked(void) {
    RTC_OPTION1 &= ~(uint32_t)FORCE_DOWNLOAD_BOOT;
    usb_dc_prepare_persist();
    WAIT(WAIT_FOR_HOST);
    usb_dc_check_poll_for_interrupts();
    RTC_OPTIONS0 |= SW_PROCPU_RST;
}

int usb_uart_otg_rx_one_char(uint8_t *to) {
    if (!CONSOLE)
        return 1;
    usb_dc_check_poll_for_interrupts();
    if (!cdc_acm_rx_fifo_cnt(CONSOLE)) {
        if (RTS_FELL)
            reset_as_asked();
        return 1;
    }
    cdc_acm_fifo_read(CONSOLE, to, 1);
    return 0;
}
ENTRY(usb_uart_otg_rx_one_char, 0x400025a4);

/* It does not wait: there is no byte, or a 0. */
static uint8_t usb_uart_otg_rx_one_char_block(void) {
    uint8_t byte = 0;
    if (CONSOLE) {
        usb_dc_check_poll_for_interrupts();
        cdc_acm_fifo_read(CONSOLE, &byte, 1);
    }
    return byte;
}
ENTRY(usb_uart_otg_rx_one_char_block, 0x400025b0);

static void usb_uart_otg_tx_flush(void) { usb_dc_check_poll_for_interrupts(); }
ENTRY(usb_uart_otg_tx_flush, 0x400025bc);

/* RTS falls when it had been up before, with the bus all the time as it is. */
static void watch(struct acm *d, int status) {
    if (status == LINESTATE) {
        uint32_t rts = 0;
        cdc_acm_line_ctrl_get(d, LINE_RTS, &rts);
        if (!rts && RTS_WAS)
            RTS_FELL = 1;
        else
            RTS_WAS = rts;
    } else if (status == BUS_RESET || status == CONNECTED) {
        RTS_WAS = 0;
    }
}

void usb_uart_watch(void) {
    cdc_acm_line_ctrl_get(CONSOLE, LINE_RTS, &RTS_WAS);
    cdc_acm_irq_callback_set(CONSOLE, watch);
    cdc_acm_irq_state_enable(CONSOLE);
}
