/* USB serial JTAG as the test's host uses it: frames once a millisecond, packets in and out with their interrupts, endpoint 1's
 * state; then DTR and RTS, by which the host resets the chip: the probe starts twice. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/rtc_cntl.h"
#include "reg/usb_serial_jtag.h"

#define SOURCE_USB_DEVICE 96
#define LINE 0
#define RESET_BY_USB 21 /* ESP-IDF soc/reset_reasons.h: RESET_REASON_CORE_USB_UART */
#define LIMIT 16

RTC_NOINIT static struct {
    uint32_t count, pair[LIMIT][2];
} kept;

static void note(uint32_t id, uint32_t value) {
    kept.pair[kept.count][0] = id;
    kept.pair[kept.count++][1] = value;
}

static uint32_t reason(void) { return field_get(RTC_CNTL_RESET_STATE, RTC_CNTL_RESET_STATE_RESET_CAUSE_PROCPU); }

static volatile uint32_t frames;
static void on_frame(void *unused) {
    (void)unused;
    frames++;
    USB_SERIAL_JTAG_INT_CLR = USB_SERIAL_JTAG_INT_SOF;
}

static void first(void) {
    interrupt_route(0, SOURCE_USB_DEVICE, LINE);
    interrupt_handler(LINE, on_frame, 0);
    interrupt_enable(LINE);
    USB_SERIAL_JTAG_INT_CLR = 0xffffffff;
    USB_SERIAL_JTAG_INT_ENA = USB_SERIAL_JTAG_INT_SOF;
    uint32_t number = field_get(USB_SERIAL_JTAG_FRAM_NUM, USB_SERIAL_JTAG_FRAM_NUM_SOF_FRAME_INDEX);
    delay_us(10000);
    USB_SERIAL_JTAG_INT_ENA = 0;
    note(1, frames);
    note(2, (field_get(USB_SERIAL_JTAG_FRAM_NUM, USB_SERIAL_JTAG_FRAM_NUM_SOF_FRAME_INDEX) - number) & 0x7ff);

    /* A packet that the host fetches: the endpoint is empty again. */
    USB_SERIAL_JTAG_INT_CLR = 0xffffffff;
    usb_serial_write("ready\n", 6);
    WAIT_UNTIL(USB_SERIAL_JTAG_INT_RAW & USB_SERIAL_JTAG_INT_SERIAL_IN_EMPTY, 2000);
    note(3, USB_SERIAL_JTAG_INT_RAW & (USB_SERIAL_JTAG_INT_SERIAL_IN_EMPTY | USB_SERIAL_JTAG_INT_IN_TOKEN_REC_IN_EP1));
    /* "hello" comes: one packet of five. */
    WAIT_UNTIL(USB_SERIAL_JTAG_INT_RAW & USB_SERIAL_JTAG_INT_SERIAL_OUT_RECV_PKT, 1000000);
    note(4, USB_SERIAL_JTAG_INT_RAW & USB_SERIAL_JTAG_INT_SERIAL_OUT_RECV_PKT);
    note(5, field_get(USB_SERIAL_JTAG_OUT_EP1_ST, USB_SERIAL_JTAG_OUT_EP1_ST_OUT_EP1_REC_DATA_CNT));
    uint8_t bytes[8];
    note(6, usb_serial_read(bytes, sizeof bytes));
    note(7, USB_SERIAL_JTAG_EP1_CONF & USB_SERIAL_JTAG_EP1_CONF_SERIAL_OUT_EP_DATA_AVAIL);
    usb_serial_write("lines\n", 6);
    delay_us(1000000);
    note(8, 0); /* nobody has reset the chip */
}

static void probes(void) {
    if (reason() == 1) {
        kept.count = 0;
        first();
    } else {
        note(8, reason());
        note(9, field_get(REG(0x60004038u), 0, 4)); /* GPIO_STRAP: ESP-IDF soc/gpio_reg.h */
    }
    for (uint32_t n = 0; n < kept.count; n++)
        probe(kept.pair[n][0], kept.pair[n][1]);
}
