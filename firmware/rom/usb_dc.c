/* The controller of USB On-The-Go as a device, by its FIFOs (ESP32-S3 TRM, chapter "USB On-The-Go", device mode; ESP-IDF
 * rom/usb/usb_dc.h): the bus. The endpoints: usb_endpoint.c. */
#include "usb_dc.h"

#define RESUME BIT(31)
enum { SUSPEND = BIT(11), RESET = BIT(12), ENUMERATED = BIT(13), IN_DONE = BIT(18), OUT_DONE = BIT(19), RESET_DETECTED = BIT(23), ID_CHANGED = BIT(28) };
#define EVENTS (RESUME | ID_CHANGED | RESET_DETECTED | OUT_DONE | IN_DONE | ENUMERATED | RESET | SUSPEND)
enum { GLOBAL_INTERRUPTS = BIT(0), FULL_SPEED = 3, ADDRESS = 0x7f << 4, DISCONNECT = BIT(1), FORCE_DEVICE = BIT(30) };
/* BVALID, AVALID and VBUSVALID by the pads, GOTGCTL */
enum { OVERRIDES = BIT(7) | BIT(6) | BIT(3) };
enum { OUT_DATA = 2, OUT_COMPLETE, SETUP_COMPLETE, SETUP_DATA = 6 };

/* Words of the FIFOs: what comes in, endpoint 0, and those of the other IN endpoints. */
enum { RX_WORDS = 64, CONTROL_WORDS = 48 };
static const uint8_t words_of[] = {CONTROL_WORDS, 32, 32, 32, 16};
enum { FIFOS = sizeof words_of };

int usb_dc_settle(uint32_t bits) {
    for (int tries = 10001; --tries;) {
        WAIT(1);
        if (!(GRSTCTL & bits))
            return 0;
    }
    return IO;
}

static int reset_core(void) {
    for (int tries = 10001; !(GRSTCTL & AHB_IDLE);) {
        WAIT(1);
        if (!--tries)
            return IO;
    }
    GRSTCTL |= SOFT_RESET;
    if (usb_dc_settle(SOFT_RESET))
        return IO;
    WAIT(100);
    return 0;
}

static void share_fifos(void) {
    uint32_t at = RX_WORDS + CONTROL_WORDS;
    GRSTCTL = ALL_FIFOS | FLUSH_RX;
    while (GRSTCTL & FLUSH_RX)
        ;
    GRXFSIZ = RX_WORDS;
    GNPTXFSIZ = CONTROL_WORDS << 16 | RX_WORDS;
    for (int n = 1; n < FIFOS && n < endpoints_beside(); n++) {
        DIEPTXF(n) = (uint32_t)words_of[n] << 16 | at;
        at += words_of[n];
    }
    GRSTCTL = ALL_FIFOS | FLUSH_TX | FLUSH_RX;
    while (GRSTCTL & (FLUSH_TX | FLUSH_RX))
        ;
}

static void tell(int status) {
    if (CONTROLLER->told)
        CONTROLLER->told(status, 0);
}

static void tell_connected(void) {
    (void)DSTS;
    tell(CONNECTED);
}

/* The bus is new: nothing is to be sent, and interrupts are those of a device. */
static void start_anew(void) {
    GRSTCTL |= ALL_FIFOS;
    GRSTCTL |= FLUSH_TX;
    usb_dc_settle(FLUSH_TX);
    GOTGINT = 0xffffffffu;
    GINTSTS = 0xffffffffu;
    DOEPMSK = SETUP_DONE;
    GINTMSK = EVENTS | RX_LEVEL;
    DIEPMSK |= DONE;
}

static void bus_reset(void) {
    GINTSTS = RESET_DETECTED | RESET;
    tell(BUS_RESET);
    for (int n = 0; n < ENDPOINTS; n++)
        DOEPCTL(n) |= SET_NAK;
    DCFG = FULL_SPEED; /* and address 0 */
    start_anew();
}

static void received(void) {
    struct controller *c = CONTROLLER;
    uint32_t status = GRXSTSP, n = status & 0xf, kind = status >> 17 & 0xf;
    struct out_endpoint *e = &c->out[n];
    e->left = status >> 4 & 0x7ff;
    switch (kind) {
    case OUT_DATA:
    case SETUP_DATA:
        if (n == 0)
            c->setup = 1;
        if (e->told)
            e->told(n, kind == OUT_DATA ? GOT_OUT : GOT_SETUP);
        break;
    case OUT_COMPLETE:
        if (n == 0)
            c->setup = 0;
        break;
    case SETUP_COMPLETE:
        if (n == 0 && c->setup == 2) {
            DOEPCTL(0) |= CLEAR_NAK;
            c->setup = 0;
        }
    }
}

static void sent(void) {
    for (int n = 0; n < ENDPOINTS; n++) {
        if (!(DAINT & BIT(n)))
            continue;
        uint32_t events = DIEPINT(n) & DIEPMSK;
        endpoint_told *told = CONTROLLER->in[n].told;
        DIEPINT(n) = events;
        if (told && (events & DONE))
            told(n | IN, SENT_IN);
    }
    GINTSTS = IN_DONE;
}

static void usb_dw_isr_handler(void) {
    uint32_t events;
    while ((events = GINTSTS & GINTMSK)) {
        if (events & (RESET_DETECTED | RESET))
            bus_reset();
        if (events & ID_CHANGED)
            GINTSTS = ID_CHANGED;
        if (events & ENUMERATED) {
            GINTSTS = ENUMERATED;
            tell_connected();
        }
        if (events & SUSPEND) {
            GINTSTS = SUSPEND;
            tell(SUSPENDED);
        }
        if (events & RESUME) {
            GINTSTS = RESUME;
            tell(RESUMED);
        }
        if (events & IN_DONE)
            sent();
        if (events & RX_LEVEL)
            received();
        if (events & OUT_DONE) {
            for (int n = 0; n < ENDPOINTS; n++)
                if (DAINT & BIT(16 + n))
                    DOEPINT(n) = DOEPINT(n) & DOEPMSK;
            GINTSTS = OUT_DONE;
        }
    }
}
ENTRY(usb_dw_isr_handler, 0x40002814);

void usb_dc_check_poll_for_interrupts(void) {
    while (GINTSTS & GINTMSK)
        usb_dw_isr_handler();
}
ENTRY(usb_dc_check_poll_for_interrupts, 0x4000291c);

/* What has persisted goes on as configured: the host knows of no reset. */
int usb_dc_attach(void) {
    struct controller *c = CONTROLLER;
    if (c->attached)
        return 0;
    if (!chip_usb_dw_init())
        return 1;
    if (!chip_usb_dw_did_persist()) {
        int error = reset_core();
        if (error)
            return error;
        share_fifos();
        DCFG = FULL_SPEED;
        DCTL = 0;
    } else {
        rom_memset(c, 0, sizeof *c);
    }
    GOTGCTL &= ~(uint32_t)OVERRIDES;
    GUSBCFG |= FORCE_DEVICE;
    for (int n = 0; n < ENDPOINTS; n++)
        DOEPCTL(n) = SET_NAK;
    GINTMSK = EVENTS;
    GAHBCFG &= ~(uint32_t)GLOBAL_INTERRUPTS;
    DCTL &= ~(uint32_t)DISCONNECT;
    if (chip_usb_dw_did_persist()) {
        start_anew();
        tell_connected();
        c->resuming = 1;
        usb_dev_resume(1);
    }
    c->attached = 1;
    c->resuming = 0;
    return 0;
}
ENTRY(usb_dc_attach, 0x40002820);

int usb_dc_detach(void) {
    if (CONTROLLER->attached) {
        DCTL |= DISCONNECT;
        CONTROLLER->attached = 0;
        chip_usb_detach();
    }
    return 0;
}
ENTRY(usb_dc_detach, 0x4000282c);

int usb_dc_reset(void) {
    int error = reset_core();
    share_fifos();
    rom_memset(CONTROLLER, 0, sizeof *CONTROLLER);
    return error;
}
ENTRY(usb_dc_reset, 0x40002838);

int usb_dc_set_address(uint8_t address) {
    if (address & 0x80)
        return INVALID;
    DCFG &= ~(uint32_t)ADDRESS;
    DCFG |= (uint32_t)address << 4;
    return 0;
}
ENTRY(usb_dc_set_address, 0x40002844);

int usb_dc_set_status_callback(status_told *told) {
    CONTROLLER->told = told;
    return 0;
}
ENTRY(usb_dc_set_status_callback, 0x40002904);

/* Nothing is taken from the host until the next start. */
int usb_dc_prepare_persist(void) {
    for (int n = 0; n < ENDPOINTS; n++)
        DOEPCTL(n) = SET_NAK;
    GAHBCFG &= ~(uint32_t)GLOBAL_INTERRUPTS;
    chip_usb_dw_prepare_persist();
    return 0;
}
ENTRY(usb_dc_prepare_persist, 0x40002808);

static void usb_dw_ctrl_deinit(void) { rom_memset(CONTROLLER, 0, sizeof *CONTROLLER); }
ENTRY(usb_dw_ctrl_deinit, 0x40002a6c);
