/* USB serial JTAG as a console: room for 64 bytes, flushing, and what the host has typed: the test types "hello". */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/rtc_cntl.h"
#include "reg/usb_serial_jtag.h"

/* USB_WRAP, the other side of the same pads: ESP-IDF soc/usb_wrap_reg.h. */
#define USB_WRAP_OTG_CONF REG(0x60039000u)
#define USB_WRAP_PAD_ENABLE BIT(18)
#define USB_WRAP_CLK_EN BIT(31)
#define USB_WRAP_TEST_CONF REG(0x60039004u)

static uint32_t room(void) { return (USB_SERIAL_JTAG_EP1_CONF & USB_SERIAL_JTAG_EP1_CONF_SERIAL_IN_EP_DATA_FREE) != 0; }

static void probes(void) {
    uint8_t bytes[80];
    WAIT_UNTIL(room(), 100000);
    probe(1, room());
    for (uint32_t n = 0; n < 64; n++)
        USB_SERIAL_JTAG_EP1 = 'u';
    probe(2, room());
    USB_SERIAL_JTAG_EP1_CONF = USB_SERIAL_JTAG_EP1_CONF_WR_DONE;
    WAIT_UNTIL(room(), 10000);
    probe(3, room());
    probe(4, usb_serial_write("\nready\n", 7));
    uint32_t got = 0;
    for (uint64_t since = time_us(); got < 5 && time_us() - since < 1000000;)
        got += usb_serial_read(bytes + got, sizeof bytes - got);
    probe(5, got);
    probe(6, (uint32_t)memcmp(bytes, "hello", 5));

    /* The pads by hand, which no host understands: D+ high, D- low, and the other way around. */
    USB_SERIAL_JTAG_TEST = USB_SERIAL_JTAG_TEST_ENABLE | USB_SERIAL_JTAG_TEST_USB_OE | USB_SERIAL_JTAG_TEST_TX_DP;
    probe(7, USB_SERIAL_JTAG_TEST >> 4);
    USB_SERIAL_JTAG_TEST = USB_SERIAL_JTAG_TEST_ENABLE | USB_SERIAL_JTAG_TEST_USB_OE | USB_SERIAL_JTAG_TEST_TX_DM;
    probe(8, USB_SERIAL_JTAG_TEST >> 4);
    USB_SERIAL_JTAG_TEST = 0;

    /* The same by the wrapper of USB OTG, when the pads are led there. */
    peripheral_on(PERIP_USB);
    set_bits(&RTC_CNTL_USB_CONF, RTC_CNTL_USB_CONF_SW_HW_USB_PHY_SEL | RTC_CNTL_USB_CONF_SW_USB_PHY_SEL);
    USB_WRAP_OTG_CONF |= USB_WRAP_PAD_ENABLE | USB_WRAP_CLK_EN;
    USB_WRAP_TEST_CONF = USB_SERIAL_JTAG_TEST_ENABLE | USB_SERIAL_JTAG_TEST_USB_OE | USB_SERIAL_JTAG_TEST_TX_DP;
    probe(9, USB_WRAP_TEST_CONF >> 4);
    USB_WRAP_TEST_CONF = USB_SERIAL_JTAG_TEST_ENABLE | USB_SERIAL_JTAG_TEST_USB_OE | USB_SERIAL_JTAG_TEST_TX_DM;
    probe(10, USB_WRAP_TEST_CONF >> 4);
    USB_WRAP_TEST_CONF = 0;
}
