/* USB On-The-Go as a device, for the mask ROM's console: the controller (usb_dc.c), the device (usb_device.c), the
 * serial line (cdc_acm.c). */
#ifndef USB_H
#define USB_H

#include "rom.h"

/* ESP-IDF rom/usb/usb_dc.h: enum usb_dc_status_code, and what rom/usb/cdc_acm.h adds. */
enum {
    USB_DC_RESET = 1, USB_DC_CONNECTED, USB_DC_CONFIGURED, USB_DC_DISCONNECTED, USB_DC_SUSPEND, USB_DC_RESUME,
    ACM_LINESTATE = -1, ACM_LINECODING = -2, ACM_TX = -3, ACM_RX = -4
};

/* The endpoints of the console, as the silicon's descriptors have them. */
enum { CONTROL = 0, DATA_OUT = 3, DATA_IN = 4, NOTICE_IN = 5, PACKET = 64 };

struct acm;
struct setup {
    uint8_t type, request;
    uint16_t value, index, length;
};

/* In the memory that ets_rom_layout_t reserves for USB OTG. */
struct usb {
    struct setup setup;
    const uint8_t *reply; /* of the data stage to the host */
    uint16_t left;
    uint8_t got, configuration, line_state, sent_whole;
    uint8_t buffer[PACKET]; /* what a data stage brings, or a reply that is made up */
    void (*detach)(int timeout);
    struct acm *line;
};
#define USB ((struct usb *)0x3fceee34u)

/* usb_dc.c */
int usb_ready(uint32_t endpoint); /* an IN endpoint that takes a packet */
void usb_send(uint32_t endpoint, const uint8_t *data, uint32_t count);
void usb_listen(uint32_t endpoint);
void usb_take(uint8_t *to, uint32_t count); /* what has come in, from within usb_received */
void usb_stall(void);
void usb_configure(void);
void usb_set_address(uint32_t address);
void usb_start(void);
void usb_stop(void);
void usb_dc_check_poll_for_interrupts(void);

/* usb_device.c */
void usb_requested(void);           /* a SETUP packet lies in USB->setup */
void usb_control_received(void);    /* its data stage in USB->buffer */
void usb_control_sent(void);

/* cdc_acm.c */
void acm_status(int status);
void acm_received(uint32_t count);
int acm_request(void); /* 1: done or under way, 0: not known */
void acm_control(void);

#endif
