/* USB OTG as a device: the controller is set up as TinyUSB's driver for Synopsys' DWC2 does it, a host enumerates a vendor
 * interface with two interrupt endpoints through the FIFOs, and sends "hello", which goes back turned around; then the same
 * where the core moves the packets itself. */
#include "probe.h"
#include "reg/rtc_cntl.h"
#include "reg/system.h"

#define USB(offset) REG(0x60080000u + (offset)) /* ESP-IDF soc/usb_dwc_struct.h */
#define USB_GOTGCTL USB(0x000)
#define USB_GAHBCFG USB(0x008)
#define USB_GUSBCFG USB(0x00c)
#define USB_GRSTCTL USB(0x010)
#define USB_GINTSTS USB(0x014)
#define USB_GINTMSK USB(0x018)
#define USB_GRXSTSP USB(0x020)
#define USB_GRXFSIZ USB(0x024)
#define USB_GNPTXFSIZ USB(0x028)
#define USB_GSNPSID USB(0x040)
#define USB_GHWCFG2 USB(0x048)
#define USB_GHWCFG4 USB(0x050)
#define USB_DIEPTXF1 USB(0x104)
#define USB_DCFG USB(0x800)
#define USB_DCTL USB(0x804)
#define USB_DSTS USB(0x808)
#define USB_DAINTMSK USB(0x81c)
#define USB_DIEPCTL(n) USB(0x900 + 0x20 * (n))
#define USB_DIEPINT(n) USB(0x908 + 0x20 * (n))
#define USB_DIEPTSIZ(n) USB(0x910 + 0x20 * (n))
#define USB_DIEPDMA(n) USB(0x914 + 0x20 * (n))
#define USB_DTXFSTS(n) USB(0x918 + 0x20 * (n))
#define USB_DOEPCTL(n) USB(0xb00 + 0x20 * (n))
#define USB_DOEPINT(n) USB(0xb08 + 0x20 * (n))
#define USB_DOEPTSIZ(n) USB(0xb10 + 0x20 * (n))
#define USB_DOEPDMA(n) USB(0xb14 + 0x20 * (n))
#define USB_FIFO(n) USB(0x1000 * ((n) + 1))
#define USB_WRAP_OTG_CONF REG(0x60039000u)
#define USB_WRAP_PHY_SEL BIT(2)
#define USB_WRAP_PAD_ENABLE BIT(18)
#define USB_WRAP_CLK_EN BIT(31)
#define PERIP_USB_BIT 23

#define INT_USBRST BIT(12)
#define INT_ENUMDONE BIT(13)
#define INT_RXFLVL BIT(4)
#define ENABLE_AND_CLEAR_NAK (BIT(31) | BIT(26))
#define STALL BIT(21)
#define ACTIVE BIT(15)
#define INTERRUPT (3u << 18)
#define DATA0 BIT(28)
#define PACKET 64u

static const uint8_t device[18] = {18, 1, 0, 2, 0xff, 0, 0, 64, 0x3a, 0x30, 1, 0, 0, 1, 0, 0, 0, 1};
static const uint8_t configuration[32] = {9, 2, 32, 0,    1, 1,  0, 0x80, 50, 9, 4, 0,    0, 2,  0xff, 0,
                                          0, 0, 7,  5, 0x81, 3, 64,    0,  1, 7, 5, 0x01, 3, 64, 0,    1};

static uint8_t reply[64] __attribute__((aligned(4))), got[PACKET];
static uint8_t landed[2][PACKET] __attribute__((aligned(4)));
static uint32_t by_dma, reply_bytes, resets, speed = 9, address, configured, got_bytes, stalls, requests;

static void ready(uint32_t n) {
    USB_DOEPTSIZ(n) = (n ? 0 : 3u << 29) | 1u << 19 | PACKET;
    USB_DOEPDMA(n) = (uint32_t)(uintptr_t)landed[n];
    set_bits(&USB_DOEPCTL(n), ENABLE_AND_CLEAR_NAK);
}

static void send(uint32_t n, const uint8_t *data, uint32_t bytes) {
    USB_DIEPTSIZ(n) = 1u << 19 | bytes;
    USB_DIEPDMA(n) = (uint32_t)(uintptr_t)data;
    memory_barrier();
    set_bits(&USB_DIEPCTL(n), ENABLE_AND_CLEAR_NAK);
    if (by_dma)
        return;
    for (uint32_t at = 0; at < bytes; at += 4) {
        uint32_t word = 0;
        memcpy(&word, data + at, bytes - at < 4 ? bytes - at : 4);
        USB_FIFO(n) = word;
    }
}

static void request(const uint8_t *packet) {
    uint32_t wanted = packet[6] | (uint32_t)packet[7] << 8;
    requests++;
    reply_bytes = 0;
    if (packet[0] == 0x80 && packet[1] == 6 && packet[3] == 1)
        memcpy(reply, device, reply_bytes = sizeof device);
    else if (packet[0] == 0x80 && packet[1] == 6 && packet[3] == 2)
        memcpy(reply, configuration, reply_bytes = sizeof configuration);
    else if (packet[0] == 0 && packet[1] == 5) {
        address = packet[2];
        USB_DCFG = 3 | address << 4;
    } else if (packet[0] == 0 && packet[1] == 9) {
        configured = packet[2];
        USB_DIEPCTL(1) = DATA0 | 1u << 22 | INTERRUPT | ACTIVE | PACKET;
        USB_DOEPCTL(1) = DATA0 | INTERRUPT | ACTIVE | PACKET;
        ready(1);
    } else {
        stalls++;
        set_bits(&USB_DIEPCTL(0), STALL);
        ready(0);
        return;
    }
    send(0, reply, reply_bytes < wanted ? reply_bytes : wanted);
    ready(0);
}

static void take_from_fifo(void) {
    uint32_t status = USB_GRXSTSP, bytes = status >> 4 & 0x7ff, kind = status >> 17 & 15, from = status & 15;
    uint8_t data[PACKET];
    for (uint32_t at = 0; at < bytes; at += 4) {
        uint32_t word = USB_FIFO(0);
        memcpy(data + at, &word, 4);
    }
    if (kind == 6)
        request(data);
    if (kind == 2 && from == 1) {
        memcpy(got, data, bytes);
        got_bytes = bytes;
    }
}

/* SETUP done: the packet lies before where the next would; transfer complete. */
static void landed_by_dma(uint32_t n, uint32_t events) {
    if (n == 0 && events & BIT(0))
        ready(0);
    if (n == 0 && events & BIT(3))
        request((const uint8_t *)(uintptr_t)(USB_DOEPDMA(0) - 8));
    if (n == 1 && events & BIT(0)) {
        got_bytes = PACKET - (USB_DOEPTSIZ(1) & 0x7f);
        memcpy(got, landed[1], got_bytes);
    }
}

static void serve(void) {
    uint32_t status = USB_GINTSTS;
    if (status & INT_USBRST) {
        USB_GINTSTS = INT_USBRST;
        resets++;
        USB_DCFG = 3;
        USB_DAINTMSK = 0x00030003;
        ready(0);
    }
    if (status & INT_ENUMDONE) {
        USB_GINTSTS = INT_ENUMDONE;
        speed = USB_DSTS >> 1 & 3;
    }
    while (USB_GINTSTS & INT_RXFLVL)
        take_from_fifo();
    for (uint32_t n = 0; n < 2; n++) {
        uint32_t output = USB_DOEPINT(n);
        USB_DIEPINT(n) = USB_DIEPINT(n) & ~BIT(7);
        USB_DOEPINT(n) = output;
        if (by_dma)
            landed_by_dma(n, output);
    }
}

static void until(volatile uint32_t *what, uint32_t limit_us) {
    for (uint64_t since = time_us(); !*what && time_us() - since < limit_us;)
        serve();
}

static void probes(void) {
    peripheral_on(PERIP_USB);
    probe(1, USB_GSNPSID);
    probe(2, USB_GHWCFG2);
    probe(3, USB_GHWCFG4);
    /* The internal PHY is led to this controller: ESP-IDF usb_wrap_ll.h, usb_phy.c. */
    set_bits(&RTC_CNTL_USB_CONF, RTC_CNTL_USB_CONF_SW_HW_USB_PHY_SEL | RTC_CNTL_USB_CONF_SW_USB_PHY_SEL);
    USB_WRAP_OTG_CONF = (USB_WRAP_OTG_CONF & ~USB_WRAP_PHY_SEL) | USB_WRAP_PAD_ENABLE | USB_WRAP_CLK_EN;

    set_bits(&USB_GRSTCTL, BIT(0));
    WAIT_UNTIL(!(USB_GRSTCTL & BIT(0)) && USB_GRSTCTL >> 31, 1000);
    probe(4, USB_GRSTCTL & (BIT(31) | BIT(0)));
    USB_GUSBCFG = BIT(30) | BIT(6) | 5u << 10; /* device, full-speed PHY, turnaround */
    USB_DCTL |= BIT(1);
    USB_DCFG = 3;
    set_bits(&USB_GOTGCTL, 3u << 6); /* B session valid: overridden */
    USB_GRXFSIZ = 64;
    USB_GNPTXFSIZ = 16u << 16 | 64;
    USB_DIEPTXF1 = 16u << 16 | 80;
    probe(5, USB_DTXFSTS(0));
    USB_GINTMSK = INT_USBRST | INT_ENUMDONE | INT_RXFLVL | 3u << 18;
    USB_GAHBCFG = BIT(0);
    delay_us(5000);
    probe(6, USB_GINTSTS & INT_USBRST);
    clear_bits(&USB_DCTL, BIT(1));

    until(&configured, 1000000);
    probe(7, resets > 0);
    probe(8, speed);
    probe(9, address);
    probe(10, configured);
    probe(11, requests > 3);
    /* Frames of a millisecond. */
    uint32_t frame = USB_DSTS >> 8 & 0x3fff;
    delay_us(10000);
    probe(12, ((USB_DSTS >> 8 & 0x3fff) - frame) & 0x7ff);
    probe(13, USB_DSTS & 1);

    until(&got_bytes, 2000000);
    probe(14, got_bytes);
    probe(15, memcmp(got, "hello", 5) == 0);
    probe(16, USB_DOEPCTL(1) >> 31);
    for (uint32_t n = 0; n < 5; n++)
        reply[n] = got[4 - n];
    probe(17, USB_DTXFSTS(1));
    send(1, reply, 5);
    probe(18, USB_DTXFSTS(1));
    for (uint64_t since = time_us(); USB_DIEPCTL(1) >> 31 && time_us() - since < 100000;) {
    }
    probe(19, USB_DIEPCTL(1) >> 31);
    probe(20, USB_DIEPINT(1) & 1);

    /* The same device anew, whose packets the core moves itself. */
    delay_us(50000);
    set_bits(&USB_DCTL, BIT(1));
    delay_us(10000);
    by_dma = 1;
    configured = requests = got_bytes = resets = 0;
    USB_GAHBCFG = BIT(5) | BIT(0);
    USB_GINTMSK &= ~INT_RXFLVL;
    clear_bits(&USB_DCTL, BIT(1));
    until(&configured, 1000000);
    probe(21, configured << 8 | (resets > 0) << 4 | (requests > 3));
    delay_us(1000);
    memcpy(reply, "again", 5);
    send(1, reply, 5);
    until(&got_bytes, 2000000);
    probe(22, got_bytes);
    probe(23, memcmp(got, "dma", 3) == 0);
    probe(24, USB_DIEPCTL(1) >> 31);
}
