/* Endpoint 0 of the console on USB On-The-Go (USB 2.0 specification, chapter 9). What it says of itself is what the
 * silicon's ROM tells a host: a serial line, and an interface for firmware updates, of which nothing but its state is here. */
#include "usb.h"

static const uint8_t device[] = {18, 1, 0, 2, 0xef, 2, 1, PACKET, 0x3a, 0x30, 9, 0, 0x28, 7, 1, 2, 3, 1};
static const uint8_t configuration[] = {
    9, 2, 93, 0, 3, 1, 0, 0xc0, 250,            /* three interfaces, self-powered, 500 mA */
    8, 11, 0, 2, 2, 2, 0, 0,                    /* two of them make a serial line */
    9, 4, 0, 0, 1, 2, 2, 0, 0,                  /* its control, ACM */
    5, 0x24, 0, 0x10, 1,                        /* CDC 1.10 */
    4, 0x24, 2, 2,                              /* line coding and state */
    5, 0x24, 6, 0, 1, 5, 0x24, 1, 3, 1,         /* union, call management */
    7, 5, 0x80 | NOTICE_IN, 3, PACKET, 0, 1,    /* interrupt */
    9, 4, 1, 0, 2, 10, 2, 0, 0,                 /* its data */
    7, 5, DATA_OUT, 2, PACKET, 0, 1, 7, 5, 0x80 | DATA_IN, 2, PACKET, 0, 1,
    9, 4, 2, 0, 0, 0xfe, 1, 1, 0,               /* DFU, run time */
    9, 0x21, 0xf, 0xbc, 2, PACKET, 0, 0x10, 1};
static const char *const texts[] = {"Espressif", "ESP32-S3"};

void ets_efuse_get_mac(uint8_t *mac);

enum { TO_HOST = 0x80, KIND = 0x60, STANDARD = 0, CLASS = 0x20, RECIPIENT = 0x1f, DEVICE = 0, ENDPOINT = 2 };
enum { GET_STATUS, CLEAR_FEATURE, SET_FEATURE = 3, SET_ADDRESS = 5, GET_DESCRIPTOR, GET_CONFIGURATION = 8, SET_CONFIGURATION,
       GET_INTERFACE, SET_INTERFACE };
enum { DEVICE_DESCRIPTOR = 1, CONFIGURATION_DESCRIPTOR, STRING_DESCRIPTOR };
enum { DFU_INTERFACE = 2, DFU_DETACH = 0, DFU_GETSTATUS = 3, DFU_GETSTATE = 5 };

static int reply(const uint8_t *data, uint32_t count) {
    struct usb *u = USB;
    u->reply = data;
    u->left = count < u->setup.length ? count : u->setup.length;
    u->sent_whole = count >= u->setup.length || count % PACKET;
    return 1;
}

/* The language; the maker, the product; the MAC as a serial number. */
static int string(uint32_t index) {
    static const char digits[] = "0123456789abcdef";
    uint8_t *to = USB->buffer, mac[6];
    char serial[18];
    uint32_t count = 0;
    if (index == 0) {
        to[2] = 9;
        to[3] = 4;
        count = 1;
    } else if (index > 3) {
        return 0;
    } else {
        const char *text = index < 3 ? texts[index - 1] : serial;
        ets_efuse_get_mac(mac);
        for (uint32_t n = 0; n < 6; n++) {
            serial[3 * n] = digits[mac[n] >> 4];
            serial[3 * n + 1] = digits[mac[n] & 0xf];
            serial[3 * n + 2] = n < 5 ? ':' : 0;
        }
        for (; text[count]; count++) {
            to[2 + 2 * count] = text[count];
            to[3 + 2 * count] = 0;
        }
    }
    to[0] = 2 + 2 * count;
    to[1] = STRING_DESCRIPTOR;
    return reply(to, to[0]);
}

static int descriptor(uint32_t kind, uint32_t index) {
    if (kind == DEVICE_DESCRIPTOR)
        return reply(device, sizeof device);
    if (kind == CONFIGURATION_DESCRIPTOR)
        return reply(configuration, sizeof configuration);
    return kind == STRING_DESCRIPTOR && string(index);
}

static int standard(void) {
    struct usb *u = USB;
    const struct setup *s = &u->setup;
    u->buffer[0] = u->buffer[1] = 0;
    switch (s->request) {
    case GET_STATUS:
        u->buffer[0] = (s->type & RECIPIENT) == DEVICE; /* it powers itself */
        return reply(u->buffer, 2);
    case CLEAR_FEATURE:
    case SET_FEATURE:
    case SET_INTERFACE:
        return reply(0, 0);
    case SET_ADDRESS:
        usb_set_address(s->value);
        return reply(0, 0);
    case GET_DESCRIPTOR:
        return descriptor(s->value >> 8, s->value & 0xff);
    case GET_CONFIGURATION:
        u->buffer[0] = u->configuration;
        return reply(u->buffer, 1);
    case SET_CONFIGURATION:
        if (s->value > 1)
            return 0;
        u->configuration = s->value;
        if (s->value) {
            usb_configure();
            acm_status(USB_DC_CONFIGURED);
        }
        return reply(0, 0);
    case GET_INTERFACE:
        return reply(u->buffer, 1);
    default:
        return 0;
    }
}

/* DFU 1.1 specification, 6.1: nothing is wrong, in the state appIDLE. */
static int update(void) {
    struct usb *u = USB;
    rom_memset(u->buffer, 0, 6);
    switch (u->setup.request) {
    case DFU_DETACH:
        if (u->detach)
            u->detach(u->setup.value);
        return reply(0, 0);
    case DFU_GETSTATUS:
        return reply(u->buffer, 6);
    case DFU_GETSTATE:
        return reply(u->buffer, 1);
    default:
        return 0;
    }
}

static void send_on(void) {
    struct usb *u = USB;
    uint32_t count = u->left < PACKET ? u->left : PACKET;
    usb_send(CONTROL, u->reply, count);
    u->reply += count;
    u->left -= count;
    if (count < PACKET)
        u->sent_whole = 1;
}

void usb_requested(void) {
    const struct setup *s = &USB->setup;
    uint32_t kind = s->type & KIND;
    int known = kind == STANDARD                                      ? standard()
                : kind == CLASS && (s->index & 0xff) == DFU_INTERFACE ? update()
                : kind == CLASS                                       ? acm_request()
                                                                      : 0;
    if (!known)
        return usb_stall();
    /* A request that brings data is answered once that is there. */
    if ((s->type & TO_HOST) || !s->length)
        send_on();
}

void usb_control_received(void) {
    if ((USB->setup.type & TO_HOST) || !USB->setup.length)
        return;
    acm_control();
    reply(0, 0);
    send_on();
}

/* What is left, and a last packet that is not full. */
void usb_control_sent(void) {
    struct usb *u = USB;
    if (u->left || !u->sent_whole)
        send_on();
}

static void usb_dfu_set_detach_cb(void (*function)(int timeout)) { USB->detach = function; }
ENTRY(usb_dfu_set_detach_cb, 0x40002a18);
