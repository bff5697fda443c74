/* The endpoints of USB On-The-Go's controller (ESP32-S3 TRM, chapter "USB On-The-Go", device mode; ESP-IDF rom/usb/usb_dc.h). */
#include "usb_dc.h"

/* Of SETUP packets there may be three at once. */
#define THREE_SETUPS (3u << 29)

static volatile uint32_t *control(uint32_t endpoint) {
    uint32_t n = endpoint & ~(uint32_t)IN;
    return endpoint & IN ? &DIEPCTL(n) : &DOEPCTL(n);
}

static int is_none(uint32_t endpoint) { return !CONTROLLER->attached && (endpoint & ~(uint32_t)IN) >= ENDPOINTS; }

static int is_on(uint32_t endpoint) {
    uint32_t n = endpoint & ~(uint32_t)IN;
    return (endpoint & IN ? CONTROLLER->in[n].on : CONTROLLER->out[n].on) != 0;
}

/* The endpoint takes a packet. After a SETUP packet the first one waits until that has been read. */
static void listen(uint32_t n) {
    struct controller *c = CONTROLLER;
    DOEPTSIZ(n) = THREE_SETUPS | 1u << PACKETS | c->out[n].packet;
    if (n == 0 && c->setup == 1)
        c->setup = 2;
    else
        DOEPCTL(n) |= CLEAR_NAK;
    DOEPCTL(n) |= EP_ENABLE;
}

static int usb_dc_ep_check_cap(const struct endpoint *e) {
    uint32_t n = e->address & ~(uint32_t)IN;
    return (e->type == CONTROL_TYPE && n) || e->packet > FULL_PACKET || n >= ENDPOINTS ? -1 : 0;
}
ENTRY(usb_dc_ep_check_cap, 0x40002850);

/* Endpoint 0 has packets of 64, 32, 16 or 8 bytes, and says so by two bits. */
static int set_first(volatile uint32_t *to, uint32_t packet) {
    *to &= ~3u;
    switch (packet) {
    case 8: *to |= 3; return 1;
    case 16: *to |= 2; return 1;
    case 32: *to |= 1; return 1;
    default: return packet == 64;
    }
}

static int set_other(volatile uint32_t *to, const struct endpoint *e) {
    if (e->packet > EP_PACKET)
        return 0;
    *to &= ~(uint32_t)EP_PACKET;
    *to |= e->packet;
    *to &= ~(uint32_t)EP_TYPE_MASK;
    if (e->type != CONTROL_TYPE && e->type != BULK_TYPE && e->type != INTERRUPT_TYPE)
        return 0;
    *to |= e->type << EP_TYPE;
    if (!CONTROLLER->resuming)
        *to |= SET_DATA0;
    return 1;
}

/* What is not understood is left as it is, without an error. */
int usb_dc_ep_configure(const struct endpoint *e) {
    enum { DEDICATED_FIFOS = BIT(25) };
    struct controller *c = CONTROLLER;
    uint32_t n = e->address & ~(uint32_t)IN, fifo = 0;
    volatile uint32_t *to = control(e->address);
    if (is_none(e->address))
        return INVALID;
    *(e->address & IN ? &c->in[n].packet : &c->out[n].packet) = e->packet;
    if (!(n ? set_other(to, e) : set_first(to, e->packet)))
        return 0;
    if (!(e->address & IN) || !(GHWCFG4 & DEDICATED_FIFOS))
        return 0;
    if (n) {
        fifo = ++c->fifos;
        if (c->fifos >= endpoints_beside())
            return 0;
        *to = (*to & ~(uint32_t)EP_FIFO_MASK) | fifo << EP_FIFO;
    }
    c->in[n].fifo = fifo;
    GRSTCTL = (fifo & 0xff) << FIFO_NUMBER | FLUSH_TX;
    while (GRSTCTL & FLUSH_TX)
        ;
    c->in[n].words = DTXFSTS(n) & WORDS;
    return 0;
}
ENTRY(usb_dc_ep_configure, 0x4000285c);

int usb_dc_ep_set_stall(uint8_t endpoint) {
    if (is_none(endpoint))
        return INVALID;
    *control(endpoint) |= STALL;
    return 0;
}
ENTRY(usb_dc_ep_set_stall, 0x40002868);

int usb_dc_ep_clear_stall(uint8_t endpoint) {
    if (is_none(endpoint) || !(endpoint & ~IN))
        return INVALID;
    *control(endpoint) &= ~(uint32_t)STALL;
    return 0;
}
ENTRY(usb_dc_ep_clear_stall, 0x40002874);

static int usb_dc_ep_halt(uint8_t endpoint) {
    if (is_none(endpoint))
        return INVALID;
    if (!(endpoint & ~IN))
        usb_dc_ep_set_stall(endpoint);
    else
        *control(endpoint) |= *control(endpoint) & EP_ENABLE ? EP_DISABLE | STALL : (uint32_t)STALL;
    return 0;
}
ENTRY(usb_dc_ep_halt, 0x40002880);

int usb_dc_ep_is_stalled(uint8_t endpoint, uint8_t *stalled) {
    if (is_none(endpoint) || !stalled)
        return INVALID;
    *stalled = (*control(endpoint) & STALL) != 0;
    return 0;
}
ENTRY(usb_dc_ep_is_stalled, 0x4000288c);

int usb_dc_ep_enable(uint8_t endpoint) {
    struct controller *c = CONTROLLER;
    uint32_t n = endpoint & ~(uint32_t)IN;
    if (is_none(endpoint))
        return INVALID;
    DAINTMSK |= (endpoint & IN ? BIT(0) : BIT(16)) << n;
    *control(endpoint) |= EP_ACTIVE;
    if (endpoint & IN) {
        c->in[n].on = 1;
        return 0;
    }
    c->out[n].on = 1;
    /* Who receives by transfers says when. */
    if (c->out[n].told != usb_transfer_ep_callback)
        listen(n);
    return 0;
}
ENTRY(usb_dc_ep_enable, 0x40002898);

/* The interrupts that all endpoints have in common go with it. */
static int usb_dc_ep_disable(uint8_t endpoint) {
    uint32_t n = endpoint & ~(uint32_t)IN;
    DAINTMSK &= ~((endpoint & IN ? BIT(0) : BIT(16)) << n);
    if (endpoint & IN) {
        DIEPMSK &= ~(uint32_t)DONE;
        GINTMSK &= ~(uint32_t)RX_LEVEL;
    } else {
        DOEPMSK &= ~(uint32_t)SETUP_DONE;
    }
    *control(endpoint) &= ~(EP_ENABLE | SET_NAK | EP_ACTIVE);
    *(endpoint & IN ? &CONTROLLER->in[n].on : &CONTROLLER->out[n].on) = 0;
    return 0;
}
ENTRY(usb_dc_ep_disable, 0x400028a4);

static int usb_dc_ep_flush(uint8_t endpoint) {
    if (is_none(endpoint) || !(endpoint & IN))
        return INVALID;
    GRSTCTL |= (endpoint & ~(uint32_t)IN) << FIFO_NUMBER;
    GRSTCTL |= FLUSH_TX;
    return usb_dc_settle(FLUSH_TX);
}
ENTRY(usb_dc_ep_flush, 0x400028b0);

static int is_full(uint32_t n) { return (DTXFSTS(n) & WORDS) != CONTROLLER->in[n].words; }

int usb_dc_ep_write_would_block(uint8_t endpoint) {
    if (is_none(endpoint) || !(endpoint & IN) || !is_on(endpoint))
        return INVALID;
    return is_full(endpoint & ~IN);
}
ENTRY(usb_dc_ep_write_would_block, 0x400028bc);

/* Waits until the FIFO is empty, and fills it with whole packets, or with the last. */
int usb_dc_ep_write(uint8_t endpoint, const uint8_t *data, uint32_t count, uint32_t *written) {
    const struct in_endpoint *e = &CONTROLLER->in[endpoint & ~IN];
    uint32_t n = endpoint & ~(uint32_t)IN, packet = e->packet, packets = 1;
    if (is_none(endpoint) || !(endpoint & IN) || !is_on(endpoint))
        return INVALID;
    while (is_full(n))
        if (GLUE->wait)
            GLUE->wait(0);
    usb_lock();
    uint32_t room = 4 * e->words;
    if (!room) {
        usb_unlock();
        return AGAIN;
    }
    room -= room % packet;
    if (count > room)
        count = room;
    if (count) {
        /* What DIEPTSIZ has room for. */
        uint32_t most_packets = n ? 0x3ff : 3, most = n ? 0x7ffff : 0x7f;
        if (count > most)
            count = most;
        packets = (count + packet - 1) / packet;
        if (packets > most_packets) {
            packets = most_packets;
            count = packets * packet;
        }
    }
    DIEPTSIZ(n) = packets << PACKETS | count;
    DIEPCTL(n) |= EP_ENABLE | CLEAR_NAK;
    for (uint32_t at = 0; at < count; at += 4) {
        uint32_t word = 0;
        for (uint32_t k = at; k < at + 4 && k < count; k++)
            word |= (uint32_t)data[k] << 8 * (k - at);
        FIFO(n) = word;
    }
    usb_unlock();
    if (written)
        *written = count;
    return 0;
}
ENTRY(usb_dc_ep_write, 0x400028c8);

/* Without memory or count: how much there is to read. */
int usb_dc_ep_read_wait(uint8_t endpoint, uint8_t *data, uint32_t count, uint32_t *read) {
    struct out_endpoint *e = &CONTROLLER->out[endpoint & ~IN];
    if (is_none(endpoint) || (endpoint & IN) || (!data && count) || !is_on(endpoint))
        return INVALID;
    uint32_t left = e->left;
    if (data || count) {
        uint32_t word = 0;
        left = count < left ? count : left;
        for (uint32_t n = 0; n < left; n++) {
            word = n % 4 ? word >> 8 : FIFO(endpoint);
            data[n] = (uint8_t)word;
        }
        e->left -= left;
    }
    if (read)
        *read = left;
    return 0;
}
ENTRY(usb_dc_ep_read_wait, 0x400028d4);

int usb_dc_ep_read_continue(uint8_t endpoint) {
    if (is_none(endpoint) || (endpoint & IN))
        return INVALID;
    if (!CONTROLLER->out[endpoint].left)
        listen(endpoint);
    return 0;
}
ENTRY(usb_dc_ep_read_continue, 0x400028e0);

int usb_dc_ep_read(uint8_t endpoint, uint8_t *data, uint32_t count, uint32_t *read) {
    if (usb_dc_ep_read_wait(endpoint, data, count, read))
        return INVALID;
    return (data || count) && usb_dc_ep_read_continue(endpoint) ? INVALID : 0;
}
ENTRY(usb_dc_ep_read, 0x400028ec);

int usb_dc_ep_set_callback(uint8_t endpoint, endpoint_told *told) {
    uint32_t n = endpoint & ~(uint32_t)IN;
    if (is_none(endpoint))
        return INVALID;
    *(endpoint & IN ? &CONTROLLER->in[n].told : &CONTROLLER->out[n].told) = told;
    return 0;
}
ENTRY(usb_dc_ep_set_callback, 0x400028f8);

int usb_dc_ep_mps(uint8_t endpoint) {
    uint32_t n = endpoint & ~(uint32_t)IN;
    return endpoint & IN ? CONTROLLER->in[n].packet : CONTROLLER->out[n].packet;
}
ENTRY(usb_dc_ep_mps, 0x40002910);
