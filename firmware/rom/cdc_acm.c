/* The serial line of the console on USB On-The-Go (ESP-IDF rom/usb/cdc_acm.h; USB CDC PSTN 1.20, 6.3), and what
 * ESP-IDF's console asks of the ROM beside it. */
#include "usb.h"

#define REG(address) (*(volatile uint32_t *)(address))

typedef void told(void *device, int status);

/* At the start of the memory that the application gives; the rest of it is the ring of what came in. */
struct acm {
    told *told;
    uint8_t on_state, on_tx, on_rx, full;
    uint8_t coding[8]; /* dwDTERate, bCharFormat, bParityType, bDataBits */
    uint32_t size, from, count;
    uint8_t ring[];
};

/* esp32s3.rom.ld */
#define CONSOLE (*(struct acm **)0x3fceffbcu) /* uart_acm_dev */
struct glue {
    void (*disable)(void);
    void (*enable)(void);
    int (*wait)(int us);
};
#define GLUE ((struct glue *)0x3fceffacu) /* rom_usb_osglue */

enum { SET_LINE_CODING = 0x20, GET_LINE_CODING, SET_CONTROL_LINE_STATE, SEND_BREAK };
enum { BAUD = 1, RTS = 2, DTR = 4, CODING_BYTES = 7 };
#define NODEV (-19) /* errno.h */

void acm_status(int status) {
    struct acm *d = USB->line;
    int on = d && (status == ACM_RX ? d->on_rx : status == ACM_TX ? d->on_tx : d->on_state);
    if (on && d->told)
        d->told(d, status);
}

static void listen_if_room(struct acm *d) {
    d->full = d->size - d->count < PACKET;
    if (!d->full)
        usb_listen(DATA_OUT);
}

void acm_received(uint32_t count) {
    struct acm *d = USB->line;
    uint8_t packet[PACKET];
    usb_take(packet, count);
    if (!d)
        return;
    for (uint32_t n = 0; n < count; n++)
        d->ring[(d->from + d->count++) % d->size] = packet[n];
    listen_if_room(d);
    acm_status(ACM_RX);
}

int acm_request(void) {
    struct usb *u = USB;
    switch (u->setup.request) {
    case SET_LINE_CODING:
    case SEND_BREAK:
        return 1;
    case GET_LINE_CODING:
        if (!USB->line)
            return 0;
        u->reply = USB->line->coding;
        u->left = CODING_BYTES < u->setup.length ? CODING_BYTES : u->setup.length;
        u->sent_whole = 1;
        return 1;
    case SET_CONTROL_LINE_STATE:
        u->line_state = u->setup.value;
        u->left = 0;
        u->sent_whole = 1;
        acm_status(ACM_LINESTATE);
        return 1;
    default:
        return 0;
    }
}

void acm_control(void) {
    if (USB->setup.request != SET_LINE_CODING || !USB->line)
        return;
    rom_memcpy(USB->line->coding, USB->buffer, CODING_BYTES);
    acm_status(ACM_LINECODING);
}

static struct acm *cdc_acm_init(struct acm *d, int bytes) {
    static const uint8_t coding[] = {0, 0xc2, 1, 0, 0, 0, 8}; /* 115200 baud, 8N1 */
    if (bytes < (int)sizeof *d + PACKET)
        return 0;
    rom_memset(USB, 0, sizeof *USB);
    rom_memset(d, 0, sizeof *d);
    rom_memcpy(d->coding, coding, sizeof coding);
    d->size = bytes - sizeof *d;
    USB->line = d;
    usb_start();
    return d;
}
ENTRY(cdc_acm_init, 0x4000261c);

static int cdc_acm_irq_tx_ready(struct acm *d) {
    (void)d;
    return USB->configuration && usb_ready(DATA_IN);
}
ENTRY(cdc_acm_irq_tx_ready, 0x4000267c);

/* A packet, if the host has taken the last. */
static int cdc_acm_fifo_fill(struct acm *d, const uint8_t *data, int count) {
    if (count <= 0 || !cdc_acm_irq_tx_ready(d))
        return 0;
    count = count < PACKET ? count : PACKET;
    usb_send(DATA_IN, data, count);
    return count;
}
ENTRY(cdc_acm_fifo_fill, 0x40002628);

static int cdc_acm_rx_fifo_cnt(struct acm *d) { return d->count; }
ENTRY(cdc_acm_rx_fifo_cnt, 0x40002634);

static void locked(int on) {
    void (*function)(void) = on ? GLUE->disable : GLUE->enable;
    if (function)
        function();
}

static int cdc_acm_fifo_read(struct acm *d, uint8_t *to, int size) {
    int count = 0;
    locked(1);
    for (; count < size && d->count; d->count--) {
        to[count++] = d->ring[d->from++];
        d->from %= d->size;
    }
    if (d->full && USB->configuration)
        listen_if_room(d);
    locked(0);
    return count;
}
ENTRY(cdc_acm_fifo_read, 0x40002640);

/* Waits for the host; the application's glue says how. */
static unsigned char cdc_acm_poll_out(struct acm *d, unsigned char byte) {
    enum { SLICE_US = 100, SLICES = 50 };
    for (int n = 0; n < SLICES && !cdc_acm_fifo_fill(d, &byte, 1); n++) {
        usb_dc_check_poll_for_interrupts();
        if (GLUE->wait)
            GLUE->wait(SLICE_US);
    }
    return byte;
}
ENTRY(cdc_acm_poll_out, 0x400026dc);

static void cdc_acm_irq_tx_enable(struct acm *d) {
    d->on_tx = 1;
    if (cdc_acm_irq_tx_ready(d))
        acm_status(ACM_TX);
}
ENTRY(cdc_acm_irq_tx_enable, 0x4000264c);
static void cdc_acm_irq_tx_disable(struct acm *d) { d->on_tx = 0; }
ENTRY(cdc_acm_irq_tx_disable, 0x40002658);
static void cdc_acm_irq_state_enable(struct acm *d) { d->on_state = 1; }
ENTRY(cdc_acm_irq_state_enable, 0x40002664);
static void cdc_acm_irq_state_disable(struct acm *d) { d->on_state = 0; }
ENTRY(cdc_acm_irq_state_disable, 0x40002670);
static void cdc_acm_irq_rx_enable(struct acm *d) {
    d->on_rx = 1;
    if (d->count)
        acm_status(ACM_RX);
}
ENTRY(cdc_acm_irq_rx_enable, 0x40002688);
static void cdc_acm_irq_rx_disable(struct acm *d) { d->on_rx = 0; }
ENTRY(cdc_acm_irq_rx_disable, 0x40002694);
static int cdc_acm_irq_rx_ready(struct acm *d) { return d->count != 0; }
ENTRY(cdc_acm_irq_rx_ready, 0x400026a0);
static int cdc_acm_irq_is_pending(struct acm *d) { return cdc_acm_irq_rx_ready(d) || cdc_acm_irq_tx_ready(d); }
ENTRY(cdc_acm_irq_is_pending, 0x400026ac);
static void cdc_acm_irq_callback_set(struct acm *d, told *function) { d->told = function; }
ENTRY(cdc_acm_irq_callback_set, 0x400026b8);

static int cdc_acm_line_ctrl_get(struct acm *d, uint32_t what, uint32_t *value) {
    const uint8_t *c = d->coding;
    switch (what) {
    case BAUD: *value = c[0] | c[1] << 8 | c[2] << 16 | (uint32_t)c[3] << 24; return 0;
    case RTS: *value = USB->line_state >> 1 & 1; return 0;
    case DTR: *value = USB->line_state & 1; return 0;
    default: return NODEV;
    }
}
ENTRY(cdc_acm_line_ctrl_get, 0x400026d0);

static void usb_dev_deinit(void) {
    usb_stop();
    rom_memset(USB, 0, sizeof *USB);
}
ENTRY(usb_dev_deinit, 0x40002a60);

/* As a channel of the ROM's console (rom/uart.h). */
static struct acm *Uart_Init_USB(void *memory, int bytes) { return CONSOLE = cdc_acm_init(memory, bytes); }
ENTRY(Uart_Init_USB, 0x40002604);

static int usb_uart_otg_tx_one_char(uint8_t byte) {
    if (CONSOLE)
        cdc_acm_poll_out(CONSOLE, byte);
    return 0;
}
ENTRY(usb_uart_otg_tx_one_char, 0x400025c8);

static int usb_uart_otg_rx_one_char(uint8_t *to) {
    usb_dc_check_poll_for_interrupts();
    return !(CONSOLE && cdc_acm_fifo_read(CONSOLE, to, 1));
}
ENTRY(usb_uart_otg_rx_one_char, 0x400025a4);

static uint8_t usb_uart_otg_rx_one_char_block(void) {
    uint8_t byte;
    while (usb_uart_otg_rx_one_char(&byte))
        ;
    return byte;
}
ENTRY(usb_uart_otg_rx_one_char_block, 0x400025b0);

/* What is written is sent at once. */
static void usb_uart_otg_tx_flush(void) {}
ENTRY(usb_uart_otg_tx_flush, 0x400025bc);

/* What a reset is for (rom/usb/usb_persist.h), kept over it in the memory that is the ROM's for USB. */
#define PERSIST REG(0x3fcef120u)
static uint32_t chip_usb_get_persist_flags(void) { return PERSIST; }
ENTRY(chip_usb_get_persist_flags, 0x40002718);
static void chip_usb_set_persist_flags(uint32_t flags) { PERSIST = flags; }
ENTRY(chip_usb_set_persist_flags, 0x40002724);
