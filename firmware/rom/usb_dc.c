/* The controller of USB On-The-Go as a device, by its FIFOs (ESP32-S3 TRM, chapter "USB On-The-Go", device mode; ESP-IDF
 * soc/usb_dwc_struct.h, soc/usb_wrap_reg.h, soc/system_reg.h). */
#include "usb.h"

#define REG(address) (*(volatile uint32_t *)(address))
#define OTG(offset) REG(0x60080000u + (offset))
#define GAHBCFG OTG(0x008)
#define GUSBCFG OTG(0x00c)
#define GRSTCTL OTG(0x010)
#define GINTSTS OTG(0x014)
#define GINTMSK OTG(0x018)
#define GRXSTSP OTG(0x020)
#define GRXFSIZ OTG(0x024)
#define GNPTXFSIZ OTG(0x028)
#define DIEPTXF(n) OTG(0x100 + 4 * (n))
#define DCFG OTG(0x800)
#define DCTL OTG(0x804)
#define DIEPMSK OTG(0x810)
#define DOEPMSK OTG(0x814)
#define DAINT OTG(0x818)
#define DAINTMSK OTG(0x81c)
#define DIEPCTL(n) OTG(0x900 + 0x20 * (n))
#define DIEPINT(n) OTG(0x908 + 0x20 * (n))
#define DIEPTSIZ(n) OTG(0x910 + 0x20 * (n))
#define DOEPCTL(n) OTG(0xb00 + 0x20 * (n))
#define DOEPINT(n) OTG(0xb08 + 0x20 * (n))
#define DOEPTSIZ(n) OTG(0xb10 + 0x20 * (n))
#define FIFO(n) OTG(0x1000 * ((n) + 1))
#define USB_WRAP_OTG_CONF REG(0x60039000u)
#define RTC_CNTL_USB_CONF REG(0x60008120u)
#define PERIP_CLK_EN0 REG(0x600c0018u)
#define PERIP_RST_EN0 REG(0x600c0020u)

/* GPIO_FUNCn_IN_SEL_CFG with SIG_IN_SEL: the signals IDDIG, AVALID, BVALID, VBUSVALID (soc/gpio_sig_map.h) say that a device
 * has a host, whatever the pads. */
#define SIGNAL(n) REG(0x60004154u + 4 * (n))
enum { IDDIG = 58, AVALID, BVALID, VBUSVALID, HIGH = 0x80 | 0x38, LOW = 0x80 | 0x3c };

#define BIT(n) (1u << (n))
enum { PERIP_USB = BIT(23), WRAP_PADS_AND_CLOCKS = 7 << 18 };
enum { OUTLIVES_RESET = 3 << 17 }; /* IO_MUX_RESET_DISABLE, USB_RESET_DISABLE */
enum { SOFT_RESET = BIT(0), FLUSH_RX = BIT(4), FLUSH_TX = BIT(5), ALL_FIFOS = 16 << 6 };
/* FS transceiver, turn-around of 5 clocks, a device whatever the ID says */
#define USBCFG (BIT(30) | 5u << 10 | BIT(6))
#define GLOBAL_INTERRUPTS BIT(0)
enum { RXFLVL = BIT(4), SUSPEND = BIT(11), RESET = BIT(12), ENUMERATED = BIT(13), IN = BIT(18), OUT = BIT(19) };
#define RESUME BIT(31)
enum { FULL_SPEED = 3, ADDRESS = 0x7f << 4, DISCONNECT = BIT(1) };
enum { DONE = BIT(0), SETUP = BIT(3) };
#define ENABLE BIT(31)
#define CLEAR_NAK BIT(26)
#define DATA0 BIT(28)
#define STALL BIT(21)
#define ACTIVE BIT(15)
enum { BULK = 2, INTERRUPT = 3, TYPE = 18, TXFNUM = 22, PACKETS = 19, SETUPS = 29 };
enum { GOT_DATA = 2, GOT_SETUP = 6 };
/* Words of the FIFOs: what comes in; endpoint 0, notices, data. */
enum { RX_WORDS = 96, CONTROL_WORDS = 16, NOTICE_WORDS = 16, DATA_WORDS = 64, NOTICE_FIFO = 1, DATA_FIFO = 2 };

void usb_listen(uint32_t endpoint) {
    DOEPTSIZ(endpoint) = (endpoint ? 0 : 3u << SETUPS) | 1u << PACKETS | PACKET;
    DOEPCTL(endpoint) |= ENABLE | CLEAR_NAK;
}

int usb_ready(uint32_t endpoint) { return !(DIEPCTL(endpoint) & ENABLE); }

/* A packet at most. */
void usb_send(uint32_t endpoint, const uint8_t *data, uint32_t count) {
    DIEPTSIZ(endpoint) = 1u << PACKETS | count;
    DIEPCTL(endpoint) |= ENABLE | CLEAR_NAK;
    for (uint32_t n = 0; n < count; n += 4) {
        uint32_t word = 0;
        for (uint32_t k = n; k < n + 4 && k < count; k++)
            word |= (uint32_t)data[k] << 8 * (k - n);
        FIFO(endpoint) = word;
    }
}

void usb_take(uint8_t *to, uint32_t count) {
    uint32_t word = 0;
    for (uint32_t n = 0; n < count; n++) {
        word = n % 4 ? word >> 8 : FIFO(0);
        to[n] = (uint8_t)word;
    }
}

/* Both ways: the next SETUP ends it. */
void usb_stall(void) {
    DIEPCTL(CONTROL) |= STALL;
    DOEPCTL(CONTROL) |= STALL;
}

void usb_set_address(uint32_t address) { DCFG = (DCFG & ~(uint32_t)ADDRESS) | address << 4; }

void usb_configure(void) {
    DIEPCTL(NOTICE_IN) = DATA0 | NOTICE_FIFO << TXFNUM | INTERRUPT << TYPE | ACTIVE | PACKET;
    DIEPCTL(DATA_IN) = DATA0 | DATA_FIFO << TXFNUM | BULK << TYPE | ACTIVE | PACKET;
    DOEPCTL(DATA_OUT) = DATA0 | BULK << TYPE | ACTIVE | PACKET;
    DAINTMSK |= BIT(NOTICE_IN) | BIT(DATA_IN) | BIT(16 + DATA_OUT);
    usb_listen(DATA_OUT);
}

void usb_start(void) {
    PERIP_CLK_EN0 |= PERIP_USB;
    PERIP_RST_EN0 &= ~(uint32_t)PERIP_USB;
    RTC_CNTL_USB_CONF &= ~(uint32_t)OUTLIVES_RESET;
    USB_WRAP_OTG_CONF |= WRAP_PADS_AND_CLOCKS;
    SIGNAL(AVALID) = LOW;
    SIGNAL(IDDIG) = SIGNAL(BVALID) = SIGNAL(VBUSVALID) = HIGH;
    GRSTCTL = SOFT_RESET;
    while (GRSTCTL & SOFT_RESET)
        ;
    GUSBCFG = USBCFG;
    DCFG = FULL_SPEED;
    GRXFSIZ = RX_WORDS;
    GNPTXFSIZ = CONTROL_WORDS << 16 | RX_WORDS;
    DIEPTXF(NOTICE_FIFO) = NOTICE_WORDS << 16 | (RX_WORDS + CONTROL_WORDS);
    DIEPTXF(DATA_FIFO) = DATA_WORDS << 16 | (RX_WORDS + CONTROL_WORDS + NOTICE_WORDS);
    GRSTCTL = ALL_FIFOS | FLUSH_TX | FLUSH_RX;
    while (GRSTCTL & (FLUSH_TX | FLUSH_RX))
        ;
    DIEPMSK = DONE;
    DOEPMSK = DONE | SETUP;
    DAINTMSK = BIT(CONTROL) | BIT(16 + CONTROL);
    GINTMSK = RXFLVL | SUSPEND | RESET | ENUMERATED | IN | OUT | RESUME;
    GAHBCFG = GLOBAL_INTERRUPTS;
    DCTL &= ~(uint32_t)DISCONNECT;
}

void usb_stop(void) {
    if (PERIP_CLK_EN0 & PERIP_USB) {
        DCTL |= DISCONNECT;
        GINTMSK = 0;
        GAHBCFG = 0;
    }
}

static void received(void) {
    uint32_t status = GRXSTSP, endpoint = status & 0xf, count = status >> 4 & 0x7ff, what = status >> 17 & 0xf;
    if (what == GOT_SETUP)
        usb_take((uint8_t *)&USB->setup, sizeof USB->setup);
    else if (what == GOT_DATA && endpoint == DATA_OUT)
        acm_received(count);
    else if (what == GOT_DATA) {
        usb_take(USB->buffer, count);
        USB->got = count;
    }
}

static void endpoints(void) {
    uint32_t which = DAINT & DAINTMSK;
    for (uint32_t n = CONTROL; n <= NOTICE_IN; n++) {
        if (which & BIT(n)) {
            DIEPINT(n) = DONE;
            if (n == CONTROL)
                usb_control_sent();
            else if (n == DATA_IN)
                acm_status(ACM_TX);
        }
        if (which & BIT(16 + n)) {
            uint32_t events = DOEPINT(n);
            DOEPINT(n) = events;
            if (n != CONTROL)
                continue;
            usb_listen(CONTROL);
            if (events & SETUP)
                usb_requested();
            else if (events & DONE)
                usb_control_received();
        }
    }
}

void usb_dc_check_poll_for_interrupts(void) {
    uint32_t events;
    while ((events = GINTSTS & GINTMSK)) {
        GINTSTS = events & (SUSPEND | RESET | ENUMERATED | RESUME);
        if (events & RESET) {
            usb_set_address(0);
            USB->configuration = 0;
            usb_listen(CONTROL);
            acm_status(USB_DC_RESET);
        }
        if (events & ENUMERATED)
            acm_status(USB_DC_CONNECTED);
        if ((events & SUSPEND) && USB->configuration)
            acm_status(USB_DC_SUSPEND);
        if (events & RESUME)
            acm_status(USB_DC_RESUME);
        if (events & RXFLVL)
            received();
        if (events & (IN | OUT))
            endpoints();
    }
}
ENTRY(usb_dc_check_poll_for_interrupts, 0x4000291c);
ALIAS(usb_dw_isr_handler, usb_dc_check_poll_for_interrupts, 0x40002814);
ALIAS(usb_dw_ctrl_deinit, usb_stop, 0x40002a6c);

/* The host is to see nothing of the next reset. What comes after it starts anew all the same: it has not persisted. */
static void chip_usb_dw_prepare_persist(void) { RTC_CNTL_USB_CONF |= OUTLIVES_RESET; }
ENTRY(chip_usb_dw_prepare_persist, 0x4000270c);
ALIAS(usb_dc_prepare_persist, chip_usb_dw_prepare_persist, 0x40002808);
static int chip_usb_dw_did_persist(void) { return 0; }
ENTRY(chip_usb_dw_did_persist, 0x400026e8);
