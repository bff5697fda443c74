/* USB On-The-Go as a device, layer by layer as the mask ROM has it: the PHY (usb_phy.c), the controller (usb_dc.c, usb_endpoint.c), the
 * device (usb_device.c, usb_transfer.c) with what it says of itself (usb_descriptor.c), the serial line (cdc_acm.c,
 * usb_uart.c), firmware updates
 * (usb_dfu.c, dfu_updater.c, cpio.c). The functions are those of ESP-IDF's rom/usb; the variables lie where silicon
 * has them, in the memory that ets_rom_layout_t reserves for USB OTG. */
#ifndef USB_H
#define USB_H

#include "rom.h"

#define REG(address) (*(volatile uint32_t *)(address))
#define BIT(n) (1u << (n))

/* rom/usb/usb_dc.h: enum usb_dc_status_code, usb_dc_ep_cb_status_code, usb_dc_ep_type. */
enum { BUS_RESET = 1, CONNECTED, CONFIGURED, DISCONNECTED, SUSPENDED, RESUMED, INTERFACE_SET, HALTED, UNHALTED };
enum { GOT_SETUP, GOT_OUT, SENT_IN };
enum { CONTROL_TYPE, ISOCHRONOUS_TYPE, BULK_TYPE, INTERRUPT_TYPE };
/* errno.h */
enum { IO = -5, AGAIN = -11, NO_MEMORY = -12, BUSY = -16, NO_DEVICE = -19, INVALID = -22, NO_SUPPORT = -134, CANCELED = -140 };

enum { IN = 0x80, ENDPOINTS = 7, FULL_PACKET = 64, TRANSFERS = 4 };

/* USB 2.0 specification, table 9-2. */
struct setup {
    uint8_t type, request;
    uint16_t value, index, length;
};

typedef void status_told(int status, const uint8_t *what);
typedef void endpoint_told(uint8_t endpoint, int what);
typedef int request_handler(const struct setup *setup, int *length, uint8_t **data);
typedef void transfer_told(uint8_t endpoint, int size, void *own);

/* struct usb_dc_ep_cfg_data */
struct endpoint {
    uint8_t address;
    uint16_t packet;
    uint32_t type;
};

/* struct usb_cfg_data of rom/usb/usb_device.h. */
struct endpoint_class {
    endpoint_told *told;
    uint8_t address;
};
struct device_class {
    const uint8_t *description;
    const void *interface;
    void (*configure)(uint8_t interface);
    status_told *told;
    request_handler *class_handler, *vendor_handler, *custom_handler;
    uint8_t *payload, *vendor_data;
    uint8_t count;
    const struct endpoint_class *endpoints;
};

/* Of each endpoint of the controller. */
struct in_endpoint {
    uint8_t on, fifo;
    uint32_t words; /* room in its empty FIFO */
    uint16_t packet;
    endpoint_told *told;
    uint32_t unused;
};
struct out_endpoint {
    uint8_t on;
    uint32_t unused;
    uint16_t packet;
    endpoint_told *told;
    uint32_t left; /* of what has come in */
};
struct controller {
    status_told *told;
    struct in_endpoint in[ENDPOINTS];
    struct out_endpoint out[ENDPOINTS];
    int fifos;
    uint8_t attached, resuming;
    uint32_t setup; /* 1: there is one, 2: and the answer waits until it has been read */
};

struct transfer {
    uint8_t endpoint;
    int status;
    uint8_t *data;
    uint32_t left, done;
    transfer_told *told;
    void *own;
    uint32_t free, flags;
};

/* Handlers and memories by the type of request: standard, of a class, of a vendor. */
struct device {
    struct setup setup;
    uint8_t *data;
    int left, length;
    request_handler *custom, *vendor;
    status_told *told;
    request_handler *handlers[4];
    uint8_t *memories[4], standard[8];
    uint8_t enabled, configuration;
    struct transfer transfers[TRANSFERS];
};

/* The serial line, at the start of the memory that the application gives: the rest is a ring of what has come in. */
struct acm {
    int status;
    void (*told)(struct acm *, int status);
    uint8_t tx_ready, rx_ready, on_tx, on_rx;
    uint32_t write, read;
    uint8_t payload[FULL_PACKET], coding[7], line_state, serial_state, on_state, noticed, stuck;
    uint32_t size;
    uint8_t ring[];
};

/* rom/usb/usb_dfu.h */
enum { APP_IDLE, APP_DETACH, DFU_IDLE, DNLOAD_SYNC, DN_BUSY, DNLOAD_IDLE, MANIFEST_SYNC, MANIFEST, MANIFEST_WAIT, UPLOAD_IDLE, DFU_ERROR };
struct dfu {
    uint32_t bytes, alternate;
    uint8_t buffer[FULL_PACKET];
    int state, status;
    uint16_t block;
    uint32_t unused[2];
    void (*detach)(int timeout);
    uint8_t configured, detached;
};

/* Where variables begin that hold something from the start: usb_variables(). */
struct presets {
    struct device_class acm;
    struct endpoint_class acm_endpoints[3];
    const struct description *description;
    uint8_t serial[38], device[18];
};
/* What the device says of itself: usb_descriptor.c. */
struct description {
    const uint8_t *device, *configuration;
    int strings;
    const uint8_t *language, *text[3];
};

/* Beside them, on silicon as here. */
#define PRESETS ((struct presets *)0x3fceee34u)
#define ACM (*(struct acm **)0x3fceeeb4u)
#define UPDATER (*(struct updater **)0x3fceeeb8u)
#define CONTROLLER ((struct controller *)0x3fceeebcu)
#define DEVICE ((struct device *)0x3fceefecu)
#define DFU ((struct dfu *)0x3fcef0c8u)
#define PERSISTED (*(int *)0x3fcef12cu)
#define RTS_FELL (*(uint32_t *)0x3fcef16cu)
#define RTS_WAS (*(uint32_t *)0x3fcef170u)
_Static_assert(sizeof(struct presets) == 0x80 && sizeof(struct controller) == 0x128 && sizeof(struct device) == 220, "as on silicon");
_Static_assert(sizeof(struct dfu) == 100 && sizeof(struct acm) == 100, "as on silicon");

/* rom/usb/usb_os_glue.h: rom_usb_osglue */
struct glue {
    void (*disable)(void);
    void (*enable)(void);
    int (*wait)(int us);
};
#define GLUE ((struct glue *)0x3fceffacu)
/* The first of ets_ops_table_ptr waits. */
#define WAIT(us) (**(void (***)(uint32_t))0x3fcefffcu)(us)
#define CONSOLE (*(struct acm **)0x3fceffbcu) /* uart_acm_dev */

static inline void usb_lock(void) {
    if (GLUE->disable)
        GLUE->disable();
}
static inline void usb_unlock(void) {
    if (GLUE->enable)
        GLUE->enable();
}

/* usb_phy.c */
int chip_usb_dw_init(void);
int chip_usb_dw_did_persist(void);
void chip_usb_detach(void);
void chip_usb_dw_prepare_persist(void);
uint32_t chip_usb_get_persist_flags(void);

/* usb_dc.c, usb_endpoint.c */
void usb_dc_check_poll_for_interrupts(void);
int usb_dc_prepare_persist(void);
int usb_dc_attach(void);
int usb_dc_detach(void);
int usb_dc_reset(void);
int usb_dc_set_address(uint8_t address);
int usb_dc_ep_configure(const struct endpoint *e);
int usb_dc_ep_set_stall(uint8_t endpoint);
int usb_dc_ep_clear_stall(uint8_t endpoint);
int usb_dc_ep_is_stalled(uint8_t endpoint, uint8_t *stalled);
int usb_dc_ep_enable(uint8_t endpoint);
int usb_dc_ep_write_would_block(uint8_t endpoint);
int usb_dc_ep_write(uint8_t endpoint, const uint8_t *data, uint32_t count, uint32_t *written);
int usb_dc_ep_read_wait(uint8_t endpoint, uint8_t *data, uint32_t count, uint32_t *read);
int usb_dc_ep_read_continue(uint8_t endpoint);
int usb_dc_ep_read(uint8_t endpoint, uint8_t *data, uint32_t count, uint32_t *read);
int usb_dc_ep_set_callback(uint8_t endpoint, endpoint_told *told);
int usb_dc_ep_mps(uint8_t endpoint);
int usb_dc_set_status_callback(status_told *told);

/* usb_descriptor.c */
void usb_set_current_descriptor(int which);
int usb_get_descriptor(uint16_t what, uint16_t language, int *length, uint8_t **data);

/* usb_device.c, usb_transfer.c */
int usb_set_config(const struct device_class *c);
int usb_enable(const struct device_class *c);
void usb_dev_resume(int configuration);
void usb_transfer_ep_callback(uint8_t endpoint, int what);

/* cdc_acm.c */
extern const struct endpoint_class acm_endpoints[3];
void acm_told(int status, const uint8_t *what);
int cdc_acm_class_handle_req(const struct setup *s, int *length, uint8_t **data);
struct acm *cdc_acm_init(struct acm *d, uint32_t bytes);
int cdc_acm_fifo_fill(struct acm *d, const uint8_t *data, int count);
uint32_t cdc_acm_fifo_read(struct acm *d, uint8_t *to, uint32_t size);
uint32_t cdc_acm_rx_fifo_cnt(struct acm *d);
void cdc_acm_irq_callback_set(struct acm *d, void (*told)(struct acm *, int status));
void cdc_acm_irq_state_enable(struct acm *d);
int cdc_acm_line_ctrl_get(struct acm *d, uint32_t what, uint32_t *value);

/* usb_uart.c: a byte, 0 when there is one or when it has gone. */
struct acm *Uart_Init_USB(void *memory, uint32_t bytes);
int usb_uart_otg_rx_one_char(uint8_t *to);
int usb_uart_otg_tx_one_char(uint8_t byte);
void usb_uart_watch(void);

/* usb_dfu.c */
int dfu_class_handle_req(const struct setup *s, int *length, uint8_t **data);
int dfu_custom_handle_req(const struct setup *s, int *length, uint8_t **data);
void dfu_status_cb(int status, const uint8_t *what);
int usb_dfu_init(void);
void usb_dfu_force_detach(void);

/* dfu_updater.c */
struct updater;
int dfu_updater_get_err(void);
void dfu_updater_clear_err(void);
void dfu_updater_enable(void *memory, uint32_t bytes);
void dfu_updater_begin(void);
void dfu_updater_feed(const uint8_t *data, int count);
void dfu_updater_end(void);
void dfu_updater_set_raw_addr(uint32_t at, uint32_t count);
uint32_t dfu_updater_flash_read(uint8_t *to, uint32_t count);

/* cpio.c: rom/usb/cpio.h */
struct cpio;
struct cpio_file {
    uint32_t size;
    const char *name;
    uint32_t mode, check;
};
enum { CPIO_MORE, CPIO_DONE, CPIO_BAD };
enum { WHOLE_FILE, FILE_BEGINS, FILE_GOES_ON, FILE_ENDS };
typedef void cpio_told(int reason, const struct cpio_file *f, uint32_t offset, uint32_t count, const uint8_t *data, void *own);
struct cpio *cpio_start(cpio_told *told, void *own, uint32_t buffer, void *memory, uint32_t bytes);
int cpio_feed(struct cpio *c, const uint8_t *data, int count);
int cpio_done(struct cpio *c);
int cpio_destroy(struct cpio *c);

#endif
