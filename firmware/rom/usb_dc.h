/* The controller's registers (ESP-IDF soc/usb_dwc_struct.h), for usb_dc.c and usb_endpoint.c. */
#ifndef USB_DC_H
#define USB_DC_H

#include "usb.h"

#define OTG(offset) REG(0x60080000u + (offset))
#define GOTGCTL OTG(0x000)
#define GOTGINT OTG(0x004)
#define GAHBCFG OTG(0x008)
#define GUSBCFG OTG(0x00c)
#define GRSTCTL OTG(0x010)
#define GINTSTS OTG(0x014)
#define GINTMSK OTG(0x018)
#define GRXSTSP OTG(0x020)
#define GRXFSIZ OTG(0x024)
#define GNPTXFSIZ OTG(0x028)
#define GHWCFG2 OTG(0x048)
#define GHWCFG4 OTG(0x050)
#define DIEPTXF(n) OTG(0x100 + 4 * (n))
#define DCFG OTG(0x800)
#define DCTL OTG(0x804)
#define DSTS OTG(0x808)
#define DIEPMSK OTG(0x810)
#define DOEPMSK OTG(0x814)
#define DAINT OTG(0x818)
#define DAINTMSK OTG(0x81c)
#define DIEPCTL(n) OTG(0x900 + 0x20 * (n))
#define DIEPINT(n) OTG(0x908 + 0x20 * (n))
#define DIEPTSIZ(n) OTG(0x910 + 0x20 * (n))
#define DTXFSTS(n) OTG(0x918 + 0x20 * (n))
#define DOEPCTL(n) OTG(0xb00 + 0x20 * (n))
#define DOEPINT(n) OTG(0xb08 + 0x20 * (n))
#define DOEPTSIZ(n) OTG(0xb10 + 0x20 * (n))
#define FIFO(n) OTG(0x1000 * ((n) + 1))

enum { SOFT_RESET = BIT(0), FLUSH_RX = BIT(4), FLUSH_TX = BIT(5), FIFO_NUMBER = 6, ALL_FIFOS = 16 << FIFO_NUMBER };
#define AHB_IDLE BIT(31)
#define EP_ENABLE BIT(31)
#define EP_DISABLE BIT(30)
#define SET_DATA0 BIT(28)
#define SET_NAK BIT(27)
#define CLEAR_NAK BIT(26)
enum { EP_FIFO = 22, EP_FIFO_MASK = 0xf << EP_FIFO, STALL = BIT(21), EP_TYPE = 18, EP_TYPE_MASK = 3 << EP_TYPE, EP_ACTIVE = BIT(15) };
enum { EP_PACKET = 0x3ff, PACKETS = 19, WORDS = 0xffff };
enum { DONE = BIT(0), SETUP_DONE = BIT(3), RX_LEVEL = BIT(4) };

/* How many endpoints there are beside the first (GHWCFG2.NUMDEVEPS). */
static inline int endpoints_beside(void) { return GHWCFG2 >> 10 & 0xf; }

/* usb_dc.c: waits until the bits of GRSTCTL are clear, 10 ms at most. */
int usb_dc_settle(uint32_t bits);

#endif
