/* Endpoint 0 of USB On-The-Go as a device (USB 2.0 specification, chapter 9; ESP-IDF rom/usb/usb_device.h). */
#include "usb.h"

enum { RECIPIENT = 0x1f, TO_DEVICE = 0, TO_INTERFACE, TO_ENDPOINT };
enum { GET_STATUS, CLEAR_FEATURE, SET_FEATURE = 3, SET_ADDRESS = 5, GET_DESCRIPTOR, GET_CONFIGURATION = 8, SET_CONFIGURATION,
       GET_INTERFACE, SET_INTERFACE };
enum { CONFIGURATION_KIND = 2, INTERFACE_KIND = 4, ENDPOINT_KIND = 5 };

static void tell(int status, const uint8_t *what) {
    if (DEVICE->told)
        DEVICE->told(status, what);
}

/* The endpoints of one alternate setting of one interface, or with `all` the first setting of each. */
static void open_endpoints(uint32_t configuration, int all, uint32_t interface, uint32_t alternate) {
    uint32_t now_interface = 0xff, now_alternate = 0xff, now_configuration = 0xff;
    uint8_t *d = 0;
    int length;
    usb_get_descriptor(CONFIGURATION_KIND << 8 | (all ? configuration - 1 : 0), 0, &length, &d);
    for (; d[0]; d += d[0]) {
        if (d[1] == CONFIGURATION_KIND) {
            now_configuration = d[5];
        } else if (d[1] == INTERFACE_KIND) {
            now_interface = d[2];
            now_alternate = d[3];
        } else if (d[1] == ENDPOINT_KIND && (all ? now_configuration == configuration && !now_alternate
                                                 : now_interface == interface && now_alternate == alternate)) {
            struct endpoint e = {d[2], d[4] | d[5] << 8, d[3]};
            usb_dc_ep_configure(&e);
            usb_dc_ep_enable(e.address);
        }
    }
}

static int set_configuration(uint8_t number) {
    if (number) {
        open_endpoints(number, 1, 0, 0);
        tell(CONFIGURED, &number);
    }
    return 1;
}

static int of_device(const struct setup *s, int *length, uint8_t **data) {
    uint8_t *to = *data;
    switch (s->request) {
    case GET_STATUS:
        to[0] = 1; /* it powers itself */
        to[1] = 0;
        *length = 2;
        return 0;
    case CLEAR_FEATURE:
        return 0;
    case SET_ADDRESS:
        usb_dc_set_address((uint8_t)s->value);
        return 0;
    case GET_DESCRIPTOR: {
        int known = usb_get_descriptor(s->value, s->index, length, data);
        if (*length > s->length)
            *length = s->length;
        return known ? 0 : INVALID;
    }
    case GET_CONFIGURATION:
        to[0] = DEVICE->configuration;
        *length = 1;
        return 0;
    case SET_CONFIGURATION:
        if (!set_configuration((uint8_t)s->value))
            return INVALID;
        DEVICE->configuration = (uint8_t)s->value;
        return 0;
    default:
        return INVALID;
    }
}

static int of_interface(const struct setup *s, int *length, uint8_t **data) {
    uint8_t number = (uint8_t)s->index;
    switch (s->request) {
    case GET_STATUS:
        (*data)[0] = (*data)[1] = 0;
        *length = 2;
        return 0;
    case GET_INTERFACE:
        (*data)[0] = 0;
        *length = 1;
        return 0;
    case SET_INTERFACE:
        open_endpoints(0, 0, number, (uint8_t)s->value);
        tell(INTERFACE_SET, &number);
        *length = 0;
        return 0;
    default:
        return INVALID;
    }
}

static int of_endpoint(const struct setup *s, int *length, uint8_t **data) {
    uint8_t endpoint = (uint8_t)s->index, stalled = 0;
    switch (s->request) {
    case GET_STATUS:
        usb_dc_ep_is_stalled(endpoint, *data);
        (*data)[1] = 0;
        *length = 2;
        return 0;
    case CLEAR_FEATURE:
        if (s->value) /* ENDPOINT_HALT */
            return INVALID;
        usb_dc_ep_is_stalled(endpoint, &stalled);
        if (stalled)
            usb_dc_ep_clear_stall(endpoint);
        tell(UNHALTED, &endpoint);
        return 0;
    case SET_FEATURE:
        if (s->value)
            return INVALID;
        usb_dc_ep_set_stall(endpoint);
        tell(HALTED, &endpoint);
        return 0;
    default:
        return INVALID;
    }
}

static int standard_request(const struct setup *s, int *length, uint8_t **data) {
    if (DEVICE->custom && !DEVICE->custom(s, length, data))
        return 0;
    switch (s->type & RECIPIENT) {
    case TO_DEVICE: return of_device(s, length, data);
    case TO_INTERFACE: return of_interface(s, length, data);
    case TO_ENDPOINT: return of_endpoint(s, length, data);
    default: return INVALID;
    }
}

static int vendor_request(const struct setup *s, int *length, uint8_t **data) {
    return DEVICE->vendor ? DEVICE->vendor(s, length, data) : NO_SUPPORT;
}

static uint32_t kind(void) { return DEVICE->setup.type >> 5 & 3; }

static int handled(void) {
    struct device *d = DEVICE;
    request_handler *handler = d->handlers[kind()];
    return handler && handler(&d->setup, &d->length, &d->data) >= 0;
}

/* A packet of the answer, or the empty one that ends what the host brought. */
static void send_on(void) {
    struct device *d = DEVICE;
    uint32_t count = d->left < FULL_PACKET ? d->left : FULL_PACKET;
    usb_dc_ep_write(IN, d->data, count, &count);
    d->data += count;
    d->left -= count;
}

static void got_setup(void) {
    struct device *d = DEVICE;
    if (usb_dc_ep_read(0, (uint8_t *)&d->setup, sizeof d->setup, 0) < 0) {
        usb_dc_ep_set_stall(IN);
        return;
    }
    d->data = d->memories[kind()];
    if (!d->data) {
        usb_dc_ep_set_stall(0);
        usb_dc_ep_set_stall(IN);
        return;
    }
    d->left = d->length = d->setup.length;
    /* A request that brings data is answered once that is there. */
    if (d->setup.length && !(d->setup.type & IN))
        return;
    if (!handled()) {
        usb_dc_ep_set_stall(IN);
        return;
    }
    d->left = d->length < d->setup.length ? d->length : d->setup.length;
    send_on();
}

static void got_data(void) {
    struct device *d = DEVICE;
    uint32_t count = 0;
    if (d->left <= 0) {
        if (usb_dc_ep_read(0, d->data, 0, &count) < 0)
            usb_dc_ep_set_stall(IN);
        return;
    }
    if (usb_dc_ep_read(0, d->data, d->left, &count) < 0) {
        usb_dc_ep_set_stall(IN);
        usb_dc_ep_set_stall(0);
        return;
    }
    d->data += count;
    d->left -= count;
    if (d->left)
        return;
    d->data = d->memories[kind()];
    if (!handled()) {
        usb_dc_ep_set_stall(IN);
        return;
    }
    send_on();
}

static void control_transfer(uint8_t endpoint, int what) {
    if (endpoint == IN) {
        if (DEVICE->left)
            send_on();
    } else if (what == GOT_SETUP) {
        got_setup();
    } else {
        got_data();
    }
}

int usb_set_config(const struct device_class *c) {
    struct device *d = DEVICE;
    if (!c)
        return INVALID;
    d->handlers[0] = standard_request;
    d->memories[0] = d->standard;
    if (c->class_handler) {
        d->handlers[1] = c->class_handler;
        d->memories[1] = c->payload;
    }
    if (c->vendor_handler) {
        d->handlers[2] = vendor_request;
        d->memories[2] = c->vendor_data;
        d->vendor = c->vendor_handler;
    }
    if (c->custom_handler)
        d->custom = c->custom_handler;
    if (c->told)
        d->told = c->told;
    return 0;
}
ENTRY(usb_set_config, 0x40002964);

static int usb_deconfig(void) {
    struct device *d = DEVICE;
    d->handlers[0] = d->handlers[1] = d->custom = 0;
    d->memories[0] = d->memories[1] = 0;
    d->told = 0;
    usb_dc_reset();
    return 0;
}
ENTRY(usb_deconfig, 0x40002970);

int usb_enable(const struct device_class *c) {
    int error;
    struct endpoint out = {0, FULL_PACKET, CONTROL_TYPE}, in = {IN, FULL_PACKET, CONTROL_TYPE};
    if (DEVICE->enabled)
        return 0;
    if ((error = usb_dc_set_status_callback(c->told)) < 0 || (error = usb_dc_attach()) < 0 ||
        (error = usb_dc_ep_configure(&out)) < 0 || (error = usb_dc_ep_configure(&in)) < 0 ||
        (error = usb_dc_ep_set_callback(0, control_transfer)) < 0 || (error = usb_dc_ep_set_callback(IN, control_transfer)) < 0)
        return error;
    for (int n = 0; n < c->count; n++)
        if ((error = usb_dc_ep_set_callback(c->endpoints[n].address, c->endpoints[n].told)) < 0)
            return error;
    if ((error = usb_dc_ep_enable(0)) < 0 || (error = usb_dc_ep_enable(IN)) < 0)
        return error;
    DEVICE->enabled = 1;
    return 0;
}
ENTRY(usb_enable, 0x4000297c);

static int usb_disable(void) {
    int error = DEVICE->enabled ? usb_dc_detach() : 0;
    if (error >= 0)
        DEVICE->enabled = 0;
    return error < 0 ? error : 0;
}
ENTRY(usb_disable, 0x40002988);

/* After a reset that the host has not seen. */
void usb_dev_resume(int configuration) {
    if (set_configuration((uint8_t)configuration))
        DEVICE->configuration = (uint8_t)configuration;
}
ENTRY(usb_dev_resume, 0x4000294c);
static int usb_dev_get_configuration(void) { return DEVICE->configuration; }
ENTRY(usb_dev_get_configuration, 0x40002958);
static void usb_dev_deinit(void) { rom_memset(DEVICE, 0, sizeof *DEVICE); }
ENTRY(usb_dev_deinit, 0x40002a60);

/* The controller's functions by another name. */
ALIAS(usb_write_would_block, usb_dc_ep_write_would_block, 0x40002994);
ALIAS(usb_write, usb_dc_ep_write, 0x400029a0);
ALIAS(usb_read, usb_dc_ep_read, 0x400029ac);
ALIAS(usb_ep_set_stall, usb_dc_ep_set_stall, 0x400029b8);
ALIAS(usb_ep_clear_stall, usb_dc_ep_clear_stall, 0x400029c4);
ALIAS(usb_ep_read_wait, usb_dc_ep_read_wait, 0x400029d0);
ALIAS(usb_ep_read_continue, usb_dc_ep_read_continue, 0x400029dc);
