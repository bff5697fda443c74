/* Firmware updates over USB On-The-Go (USB DFU 1.1 specification; ESP-IDF rom/usb/usb_dfu.h). */
#include "usb.h"

enum { DETACH, DNLOAD, UPLOAD, GETSTATUS, CLRSTATUS, GETSTATE, ABORT };
enum { OK, BAD_TARGET, BAD_FILE, BAD_FIRMWARE = 10, UNKNOWN = 14 };
enum { NO_TARGET = 1, NO_FILE, WRONG_SUM, NOT_THERE };
enum { PAUSE = 10000 };

/* An update is not under way: nothing but DETACH and the questions make sense. */
static int is_application(void) {
    if (DFU->state >= DFU_IDLE)
        return 0;
    DFU->state = APP_IDLE;
    return 1;
}

static void start_counting(void) {
    DFU->bytes = 0;
    DFU->block = 0;
}

static void fail(void) {
    DFU->state = DFU_ERROR;
    DFU->status = UNKNOWN;
}

/* What went wrong with the data. */
static void look_for_errors(void) {
    int error = is_application() ? 0 : dfu_updater_get_err();
    if (!error)
        return;
    fail();
    if (error == NO_TARGET || error == NOT_THERE)
        DFU->status = BAD_TARGET;
    else if (error == NO_FILE)
        DFU->status = BAD_FILE;
    else if (error == WRONG_SUM)
        DFU->status = BAD_FIRMWARE;
}

/* From the application to the update, by leaving the bus for a moment. The other way it is an error that a host may overlook:
 * the next reset of the bus is then one of the chip. */
static int detach(const struct setup *s) {
    struct dfu *u = DFU;
    if (!is_application())
        u->detached = 1;
    if (u->state != APP_IDLE) {
        u->state = APP_IDLE;
        return INVALID;
    }
    u->state = APP_DETACH;
    if (u->detach)
        u->detach(s->value);
    else
        usb_set_current_descriptor(1);
    usb_dc_detach();
    if (GLUE->wait)
        GLUE->wait(PAUSE);
    else
        WAIT(PAUSE);
    usb_dc_attach();
    return 0;
}

/* The alternate setting counts for nothing: beginning forgets it. */
static int download(const struct setup *s, uint8_t *data) {
    struct dfu *u = DFU;
    if (u->state == DFU_IDLE) {
        start_counting();
        dfu_updater_set_raw_addr(u->alternate << 12, 0);
        dfu_updater_begin();
    } else if (u->state != DNLOAD_IDLE) {
        fail();
        start_counting();
        return INVALID;
    }
    if (!s->length) {
        u->state = MANIFEST_SYNC;
        dfu_updater_end();
        start_counting();
    } else {
        dfu_updater_feed(data, s->length);
        u->state = DNLOAD_IDLE;
    }
    return 0;
}

/* The alternate setting says which mebibytes: from, and how many, or four. */
static int upload(const struct setup *s, int *length, uint8_t **data) {
    enum { MEBIBYTE = 20, FOUR = 4 << MEBIBYTE };
    struct dfu *u = DFU;
    if (u->state == DFU_IDLE) {
        start_counting();
        uint32_t count = (u->alternate & 0xff) << MEBIBYTE;
        dfu_updater_set_raw_addr(u->alternate >> 8 << MEBIBYTE, count ? count : FOUR);
    } else if (u->state != UPLOAD_IDLE) {
        fail();
        start_counting();
        return INVALID;
    }
    if (!s->length || s->value != u->block) {
        fail();
        return 0;
    }
    *length = dfu_updater_flash_read(u->buffer, s->length);
    *data = u->buffer;
    u->bytes += *length;
    u->block++;
    u->state = (uint32_t)*length < s->length ? DFU_IDLE : UPLOAD_IDLE;
    return 0;
}

int dfu_class_handle_req(const struct setup *s, int *length, uint8_t **data) {
    struct dfu *u = DFU;
    switch (s->request) {
    case DETACH:
        return detach(s);
    case DNLOAD:
        return is_application() ? INVALID : download(s, *data);
    case UPLOAD:
        return is_application() ? INVALID : upload(s, length, data);
    case GETSTATUS:
        if (u->state == MANIFEST_SYNC)
            u->state = DFU_IDLE;
        look_for_errors();
        /* after 256 ms it may ask again */
        rom_memcpy(*data, (uint8_t[]){u->status, 0, 1, 0, u->state, 0}, 6);
        *length = 6;
        return 0;
    case CLRSTATUS:
        if (is_application())
            return INVALID;
        u->state = DFU_IDLE;
        u->status = OK;
        dfu_updater_clear_err();
        return 0;
    case GETSTATE:
        look_for_errors();
        (*data)[0] = u->state;
        *length = 1;
        return 0;
    case ABORT:
        if (is_application())
            return INVALID;
        start_counting();
        u->state = DFU_IDLE;
        u->status = OK;
        return 0;
    default:
        return INVALID;
    }
}
ENTRY(dfu_class_handle_req, 0x40002a24);

/* The RTC watchdog: it resets all but the RTC (ESP-IDF soc/rtc_cntl_reg.h, hal/rwdt_ll.h). */
static void reset_chip(void) {
    enum { CONFIG0 = 0x60008098, STAGE0 = 0x6000809c, FEED = 0x600080ac, PROTECT = 0x600080b0, KEY = 0x50d83aa1 };
    enum { STAGE0_ACTION = 28, RESET_SYSTEM = 4, RESET_LENGTH = BIT(8), SLOW_CLOCKS = 1 << 5 };
    REG(PROTECT) = KEY;
    REG(CONFIG0) &= ~BIT(31);
    REG(CONFIG0) = (REG(CONFIG0) & ~(7u << STAGE0_ACTION)) | (uint32_t)RESET_SYSTEM << STAGE0_ACTION;
    REG(CONFIG0) |= RESET_LENGTH;
    REG(STAGE0) = SLOW_CLOCKS;
    REG(FEED) = BIT(31);
    REG(CONFIG0) |= BIT(31);
}

/* A reset of the bus begins the update, and ends it. */
void dfu_status_cb(int status, const uint8_t *what) {
    struct dfu *u = DFU;
    (void)what;
    switch (status) {
    case BUS_RESET:
        if (u->state == APP_DETACH && !u->detached)
            u->state = DFU_IDLE;
        else if ((!is_application() || u->detached) && u->configured)
            reset_chip();
        u->configured = 0;
        break;
    case CONFIGURED:
        u->configured = 1;
        break;
    case DISCONNECTED:
        usb_set_current_descriptor(0);
    }
}
ENTRY(dfu_status_cb, 0x40002a30);

/* SET_INTERFACE, before anybody else sees it. */
int dfu_custom_handle_req(const struct setup *s, int *length, uint8_t **data) {
    enum { RECIPIENT = 0x1f, TO_INTERFACE = 1, SET_INTERFACE = 11 };
    (void)data;
    if ((s->type & RECIPIENT) != TO_INTERFACE || s->request != SET_INTERFACE)
        return NO_SUPPORT;
    DFU->alternate = s->value;
    *length = 0;
    return 0;
}
ENTRY(dfu_custom_handle_req, 0x40002a3c);

int usb_dfu_init(void) {
    rom_memset(DFU, 0, sizeof *DFU);
    return 0;
}
ENTRY(usb_dfu_init, 0x40002a48);

void usb_dfu_force_detach(void) {
    DFU->state = DFU_IDLE;
    DFU->status = OK;
}
ENTRY(usb_dfu_force_detach, 0x40002a54);

static void usb_dfu_set_detach_cb(void (*function)(int timeout)) { DFU->detach = function; }
ENTRY(usb_dfu_set_detach_cb, 0x40002a18);
