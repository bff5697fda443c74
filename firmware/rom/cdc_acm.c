/* The serial line of the console on USB On-The-Go (ESP-IDF rom/usb/cdc_acm.h; USB CDC PSTN 1.20, 6.3). */
#include "usb.h"

enum { LINESTATE = -1, LINECODING = -2, TX = -3, RX = -4 };
enum { SET_LINE_CODING = 0x20, GET_LINE_CODING, SET_CONTROL_LINE_STATE, SERIAL_STATE = 0x20, CODING_BYTES = 7 };
enum { LINE_BAUD = 1, LINE_RTS = 2, LINE_DTR = 4, LINE_DCD = 8, LINE_DSR = 16 };
/* Microseconds: the patience with a host that takes nothing, and between two looks. */
enum { PATIENCE = 100000, SLICE = 1000 };

static int wait(void) {
    if (GLUE->wait)
        return GLUE->wait(SLICE);
    WAIT(SLICE);
    return SLICE;
}

static void tell(struct acm *d, int on, int status) {
    if (d->told && on)
        d->told(d, status);
}

void acm_told(int status, const uint8_t *what) {
    dfu_status_cb(status, what);
    if (status == HALTED || status == UNHALTED)
        return;
    ACM->status = status;
    tell(ACM, ACM->on_state, status);
}

static void notice_sent(uint8_t endpoint, int what) {
    (void)endpoint, (void)what;
    ACM->noticed = 1;
}

static void data_sent(uint8_t endpoint, int what) {
    struct acm *d = ACM;
    (void)endpoint, (void)what;
    d->tx_ready = 1;
    d->stuck = 0;
    tell(d, d->on_tx, TX);
}

/* What the ring has no room for is lost. */
static void data_came(uint8_t endpoint, int what) {
    struct acm *d = ACM;
    uint32_t count, write = d->write;
    uint8_t four[4];
    (void)what;
    usb_dc_ep_read(endpoint, 0, 0, &count);
    for (uint32_t at = 0; at < count; at += sizeof four) {
        usb_dc_ep_read(endpoint, four, sizeof four, 0);
        for (uint32_t n = 0; n < sizeof four && at + n < count; n++) {
            uint32_t next = (write + 1) % d->size;
            if (next != d->read) {
                d->ring[write] = four[n];
                write = next;
            }
        }
    }
    /* An empty packet leaves nothing to read: the endpoint listens again. */
    if (!count)
        usb_dc_ep_read(endpoint, four, 0, 0);
    d->rx_ready = 1;
    d->write = write;
    tell(d, d->on_rx, RX);
}

const struct endpoint_class acm_endpoints[3] = {{notice_sent, 0x85}, {data_came, 3}, {data_sent, 0x84}};
#define NOTICE_IN (PRESETS->acm_endpoints[0].address)
#define DATA_IN (PRESETS->acm_endpoints[2].address)

/* What is meant for the interface of updates goes by the number of the request, not by that of the interface. */
int cdc_acm_class_handle_req(const struct setup *s, int *length, uint8_t **data) {
    struct acm *d = ACM;
    if (!dfu_class_handle_req(s, length, data))
        return 0;
    switch (s->request) {
    case SET_LINE_CODING:
        rom_memcpy(d->coding, *data, CODING_BYTES);
        tell(d, d->on_state, LINECODING);
        return 0;
    case SET_CONTROL_LINE_STATE:
        d->line_state = (uint8_t)s->value;
        tell(d, d->on_state, LINESTATE);
        return 0;
    case GET_LINE_CODING:
        *data = d->coding;
        *length = CODING_BYTES;
        return 0;
    default:
        return INVALID;
    }
}
ENTRY(cdc_acm_class_handle_req, 0x40002610);

struct acm *cdc_acm_init(struct acm *d, uint32_t bytes) {
    if (bytes <= sizeof *d)
        return 0;
    rom_memset(d, 0, bytes);
    d->size = bytes - sizeof *d;
    ACM = d;
    usb_dfu_init();
    PRESETS->acm.payload = d->payload;
    PRESETS->acm.description = 0;
    if (usb_set_config(&PRESETS->acm) < 0 || usb_enable(&PRESETS->acm) < 0)
        return 0;
    return ACM;
}
ENTRY(cdc_acm_init, 0x4000261c);

/* Waits for the host's taking the last, once: when it has not come for that, what follows is lost until it does. */
int cdc_acm_fifo_fill(struct acm *d, const uint8_t *data, int count) {
    uint32_t written = 0;
    if (d->status != CONFIGURED)
        return 0;
    d->tx_ready = 0;
    if (usb_dc_ep_write_would_block(DATA_IN) && d->stuck)
        return 0;
    for (int left = PATIENCE; usb_dc_ep_write_would_block(DATA_IN);) {
        left -= wait();
        if (left < 0) {
            d->stuck = 1;
            return 0;
        }
    }
    d->stuck = 0;
    int error = usb_dc_ep_write(DATA_IN, data, count, &written);
    return error ? error : (int)written;
}
ENTRY(cdc_acm_fifo_fill, 0x40002628);

uint32_t cdc_acm_rx_fifo_cnt(struct acm *d) { return (d->size - d->read + d->write) % d->size; }
ENTRY(cdc_acm_rx_fifo_cnt, 0x40002634);

uint32_t cdc_acm_fifo_read(struct acm *d, uint8_t *to, uint32_t size) {
    uint32_t count = cdc_acm_rx_fifo_cnt(d);
    count = count < size ? count : size;
    for (uint32_t n = 0; n < count; n++)
        to[n] = d->ring[(d->read + n) % d->size];
    d->read = (d->read + count) % d->size;
    if (d->read == d->write)
        d->rx_ready = 0;
    return count;
}
ENTRY(cdc_acm_fifo_read, 0x40002640);

static void cdc_acm_irq_tx_enable(struct acm *d) { d->on_tx = 1; }
ENTRY(cdc_acm_irq_tx_enable, 0x4000264c);
static void cdc_acm_irq_tx_disable(struct acm *d) { d->on_tx = 0; }
ENTRY(cdc_acm_irq_tx_disable, 0x40002658);
void cdc_acm_irq_state_enable(struct acm *d) { d->on_state = 1; }
ENTRY(cdc_acm_irq_state_enable, 0x40002664);
static void cdc_acm_irq_state_disable(struct acm *d) { d->on_state = 0; }
ENTRY(cdc_acm_irq_state_disable, 0x40002670);
static void cdc_acm_irq_rx_enable(struct acm *d) { d->on_rx = 1; }
ENTRY(cdc_acm_irq_rx_enable, 0x40002688);
static void cdc_acm_irq_rx_disable(struct acm *d) { d->on_rx = 0; }
ENTRY(cdc_acm_irq_rx_disable, 0x40002694);
void cdc_acm_irq_callback_set(struct acm *d, void (*told)(struct acm *, int)) { d->told = told; }
ENTRY(cdc_acm_irq_callback_set, 0x400026b8);

/* Who asks has been told. */
static int is_ready(uint8_t *ready) {
    int was = *ready != 0;
    *ready = 0;
    return was;
}
static int cdc_acm_irq_tx_ready(struct acm *d) { return is_ready(&d->tx_ready); }
ENTRY(cdc_acm_irq_tx_ready, 0x4000267c);
static int cdc_acm_irq_rx_ready(struct acm *d) { return is_ready(&d->rx_ready); }
ENTRY(cdc_acm_irq_rx_ready, 0x400026a0);
static int cdc_acm_irq_is_pending(struct acm *d) { return (d->tx_ready && d->on_tx) || (d->rx_ready && d->on_rx); }
ENTRY(cdc_acm_irq_is_pending, 0x400026ac);

/* Tells the host (PSTN 1.20, 6.5.4), and with an interrupt waits until it has heard. */
static int send_state(struct acm *d, uint16_t state) {
    struct setup notice = {0xa1, SERIAL_STATE, 0, 0, 2};
    uint16_t all[5];
    rom_memcpy(all, &notice, sizeof notice);
    all[4] = state;
    d->noticed = 0;
    usb_dc_ep_write(NOTICE_IN, (const uint8_t *)all, sizeof all, 0);
    if (!GLUE->disable)
        return 0;
    for (int left = PATIENCE; !d->noticed;) {
        left -= wait();
        if (left < 0)
            return IO;
    }
    return 0;
}

/* Of what a modem tells, the carrier leaves its bit alone in the notice: silicon sends that one. */
static int cdc_acm_line_ctrl_set(struct acm *d, uint32_t what, uint32_t value) {
    switch (what) {
    case LINE_BAUD:
        rom_memcpy(d->coding, &value, sizeof value);
        return 0;
    case LINE_DCD:
        d->serial_state = (uint8_t)((d->serial_state & ~1u) | (value ? 1 : 0));
        send_state(d, 1);
        return 0;
    case LINE_DSR:
        d->serial_state = (uint8_t)((d->serial_state & ~2u) | (value ? 2 : 0));
        send_state(d, d->serial_state);
        return 0;
    default:
        return NO_DEVICE;
    }
}
ENTRY(cdc_acm_line_ctrl_set, 0x400026c4);

int cdc_acm_line_ctrl_get(struct acm *d, uint32_t what, uint32_t *value) {
    switch (what) {
    case LINE_BAUD: rom_memcpy(value, d->coding, sizeof *value); return 0;
    case LINE_RTS: *value = d->line_state >> 1 & 1; return 0;
    case LINE_DTR: *value = d->line_state & 1; return 0;
    default: return NO_SUPPORT;
    }
}
ENTRY(cdc_acm_line_ctrl_get, 0x400026d0);

static uint8_t cdc_acm_poll_out(struct acm *d, uint8_t byte) {
    cdc_acm_fifo_fill(d, &byte, 1);
    return byte;
}
ENTRY(cdc_acm_poll_out, 0x400026dc);
