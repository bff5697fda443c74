/* ESP32-S3 TRM, chapter "USB Serial/JTAG Controller". */
#include "drivers/drivers.h"
#include "reg/usb_serial_jtag.h"

uint32_t usb_serial_write(const void *data, uint32_t bytes) {
    uint32_t sent = 0;
    while (sent < bytes && USB_SERIAL_JTAG_EP1_CONF & USB_SERIAL_JTAG_EP1_CONF_SERIAL_IN_EP_DATA_FREE)
        USB_SERIAL_JTAG_EP1 = ((const uint8_t *)data)[sent++];
    USB_SERIAL_JTAG_EP1_CONF = USB_SERIAL_JTAG_EP1_CONF_WR_DONE;
    return sent;
}

uint32_t usb_serial_read(void *data, uint32_t most) {
    uint32_t got = 0;
    while (got < most && USB_SERIAL_JTAG_EP1_CONF & USB_SERIAL_JTAG_EP1_CONF_SERIAL_OUT_EP_DATA_AVAIL)
        ((uint8_t *)data)[got++] = (uint8_t)USB_SERIAL_JTAG_EP1;
    return got;
}
