/* Transfers of any length over an endpoint of USB On-The-Go (ESP-IDF rom/usb/usb_device.h): four at once. */
#include "usb.h"

enum { READ = BIT(0), WRITE = BIT(1), NO_LAST = BIT(2) };

/* A packet more. Who waits is told when there is no more. */
static void go_on(struct transfer *t) {
    uint32_t count = 0;
    if (t->status == BUSY && (t->flags & WRITE)) {
        if (!t->left) {
            if (!(t->flags & NO_LAST))
                usb_dc_ep_write(t->endpoint, 0, 0, 0);
            t->status = 0;
        } else if (usb_dc_ep_write(t->endpoint, t->data, t->left, &count)) {
            t->status = INVALID;
        } else {
            t->data += count;
            t->left -= count;
            t->done += count;
        }
    } else if (t->status == BUSY) {
        if (usb_dc_ep_read_wait(t->endpoint, t->data, t->left, &count)) {
            t->status = INVALID;
        } else {
            t->data += count;
            t->left -= count;
            t->done += count;
            if (!count || count % usb_dc_ep_mps(t->endpoint) || !t->left)
                t->status = 0;
            else
                usb_dc_ep_read_continue(t->endpoint);
        }
    }
    if (t->status != BUSY && t->told) {
        transfer_told *told = t->told;
        t->told = 0;
        t->free = 1;
        told(t->endpoint, t->done, t->own);
    }
}

static struct transfer *of(uint8_t endpoint) {
    for (int n = 0; n < TRANSFERS; n++)
        if (DEVICE->transfers[n].endpoint == endpoint)
            return &DEVICE->transfers[n];
    return 0;
}

/* What nobody waits for is read and lost. */
void usb_transfer_ep_callback(uint8_t endpoint, int what) {
    struct transfer *t = of(endpoint);
    uint8_t lost[4];
    uint32_t count;
    if (what != GOT_OUT && what != SENT_IN)
        return;
    if (t)
        go_on(t);
    else if (what == SENT_IN)
        do
            usb_dc_ep_read_wait(endpoint, lost, 1, &count);
        while (count);
}
ENTRY(usb_transfer_ep_callback, 0x400029e8);

/* None is free to begin with: silicon's ROM has nothing that would make it so. */
static int usb_transfer(uint8_t endpoint, uint8_t *data, uint32_t count, uint32_t flags, transfer_told *told, void *own) {
    int error = NO_MEMORY, n = 0;
    usb_lock();
    while (n < TRANSFERS && !DEVICE->transfers[n].free)
        n++;
    if (n < TRANSFERS) {
        struct transfer *t = &DEVICE->transfers[n];
        t->free = 0;
        if (t->status == BUSY) {
            t->free = 1;
            error = BUSY;
        } else {
            *t = (struct transfer){endpoint, BUSY, data, count, 0, told, own, 0, flags};
            uint32_t packet = usb_dc_ep_mps(endpoint);
            if (packet && count % packet)
                t->flags |= NO_LAST;
            if (flags & WRITE) {
                go_on(t);
                error = 0;
            } else {
                error = usb_dc_ep_read_continue(endpoint);
            }
        }
    }
    usb_unlock();
    return error;
}
ENTRY(usb_transfer, 0x400029f4);

static void usb_cancel_transfer(uint8_t endpoint) {
    usb_lock();
    struct transfer *t = of(endpoint);
    if (t && t->status == BUSY) {
        t->status = CANCELED;
        go_on(t);
    }
    usb_unlock();
}
ENTRY(usb_cancel_transfer, 0x40002a00);

struct result {
    int size, done;
};

static void ended(uint8_t endpoint, int size, void *own) {
    (void)endpoint;
    *(struct result *)own = (struct result){size, 1};
}

/* It does not wait: what silicon answers is what has been written so far. */
static int usb_transfer_sync(uint8_t endpoint, uint8_t *data, uint32_t count, uint32_t flags) {
    struct result result = {0, 0};
    int error = usb_transfer(endpoint, data, count, flags, ended, &result);
    return error ? error : result.size;
}
ENTRY(usb_transfer_sync, 0x40002a0c);
