/* The PHY of USB On-The-Go, and what outlives a reset (ESP-IDF rom/usb/chip_usb_dw_wrapper.h; registers by soc/usb_wrap_reg.h,
 * soc/rtc_cntl_reg.h, soc/system_reg.h, soc/efuse_reg.h). */
#include "usb.h"

#define OTG_CONF REG(0x60039000u)
enum { PAD_ENABLE = BIT(18), PHY_SEL = BIT(2) };
/* USB_WRAP_DATE, which the ROM keeps flags in (rom/usb/usb_persist.h): its bits are all stored, and outlive a reset as USB_WRAP does. */
#define FLAGS REG(0x600393fcu)
#define PERSIST_ENA BIT(31)
#define USB_CONF REG(0x60008120u) /* of RTC_CNTL */
enum { BY_SOFTWARE = BIT(20), PHY_OF_OTG = BIT(19), IO_MUX_RESET_DISABLE = BIT(18), USB_RESET_DISABLE = BIT(17) };
#define REPEAT_DATA0 REG(0x60007030u)
#define REPEAT_DATA2 REG(0x60007038u)
enum { DIS_PAD_JTAG = BIT(19) };
enum { DIS_USB_JTAG = BIT(22), STRAP_JTAG_SEL = BIT(24), USB_PHY_SEL = BIT(25) };
#define STRAP REG(0x60004038u)
enum { GPIO3_HIGH = BIT(5) };
#define PERIP_CLK_EN0 REG(0x600c0018u)
#define PERIP_RST_EN0 REG(0x600c0020u)
enum { PERIP_USB = BIT(23) };
/* GPIO_OUT1_W1TS and on */
#define OUT1_SET REG(0x60004014u)
#define OUT1_CLEAR REG(0x60004018u)
#define ENABLE1_SET REG(0x60004030u)
#define ENABLE1_CLEAR REG(0x60004034u)

void rom_gpio_output_set(uint32_t set, uint32_t clear, uint32_t enable, uint32_t disable);
void rom_gpio_matrix_in(uint32_t pin, uint32_t signal, int inverted);
void rom_gpio_matrix_out(uint32_t pin, uint32_t signal, int inverted, int enable_inverted);
void rom_gpio_pad_select_gpio(uint32_t pin);
void rom_gpio_pad_input_enable(uint32_t pin);
void rom_gpio_pad_set_drv(uint32_t pin, uint32_t strength);
void rom_gpio_pad_unhold(uint32_t pin);

enum { NO_PADS, INSIDE, OUTSIDE };
enum { DM = 19, DP = 20, NO_SIGNAL = 256, STRONGEST = 3 };

/* Signals of soc/gpio_sig_map.h: those of an external PHY at its pads; IDDIG, BVALID and VBUSVALID are a 1 and AVALID a 0 from
 * the matrix, which is what a device with a host has. */
struct way {
    int8_t pin;
    uint8_t signal, output, high, external;
};
static const struct way ways[] = {{42, 55, 0, 0, 1}, {41, 56, 0, 0, 1}, {21, 57, 0, 0, 1}, {40, 55, 1, 1, 1}, {39, 57, 1, 0, 1}, {38, 58, 1, 0, 1},
                                  {0x38, 58, 0, 0, 0}, {0x38, 60, 0, 0, 0}, {0x38, 61, 0, 0, 0}, {0x3c, 59, 0, 0, 0}};
enum { WAYS = sizeof ways / sizeof *ways };

/* The pads of an external PHY are those of JTAG, where fuses or the strap leave JTAG there. */
static int phy(void) {
    if (USB_CONF & BY_SOFTWARE ? USB_CONF & PHY_OF_OTG : REPEAT_DATA2 & USB_PHY_SEL)
        return INSIDE;
    uint32_t by_strap = REPEAT_DATA2 & STRAP_JTAG_SEL, no_usb = REPEAT_DATA2 & DIS_USB_JTAG, no_pads = REPEAT_DATA0 & DIS_PAD_JTAG;
    if (by_strap && !no_usb && !no_pads)
        return STRAP & GPIO3_HIGH ? OUTSIDE : NO_PADS;
    return no_usb && !no_pads ? NO_PADS : OUTSIDE;
}

static void drive(uint32_t pin, int high) {
    if (pin < 32)
        return rom_gpio_output_set((uint32_t)high << pin, (uint32_t)!high << pin, 1u << pin, 0);
    OUT1_SET = (uint32_t)high << (pin - 32);
    OUT1_CLEAR = (uint32_t)!high << (pin - 32);
    ENABLE1_SET = 1u << (pin - 32);
    ENABLE1_CLEAR = 0;
}

int chip_usb_dw_did_persist(void) { return PERSISTED == 2; }
ENTRY(chip_usb_dw_did_persist, 0x400026e8);

int chip_usb_dw_init(void) {
    if (!PERSISTED) {
        if (!(OTG_CONF & PAD_ENABLE)) {
            PERSISTED = 1;
            FLAGS = 0;
        } else {
            PERSISTED = FLAGS & PERSIST_ENA ? 2 : 1;
        }
    }
    int where = phy();
    if (where != NO_PADS) {
        OTG_CONF |= PAD_ENABLE;
        if (where == OUTSIDE) {
            OTG_CONF |= PHY_SEL;
        } else {
            OTG_CONF &= ~(uint32_t)PHY_SEL;
            rom_gpio_pad_set_drv(DP, STRONGEST);
            rom_gpio_pad_set_drv(DM, STRONGEST);
        }
        for (const struct way *w = ways; w < ways + WAYS; w++) {
            if (w->external && where != OUTSIDE)
                continue;
            rom_gpio_pad_select_gpio(w->pin);
            if (w->output) {
                drive(w->pin, w->high);
                rom_gpio_matrix_out(w->pin, w->signal, 0, 0);
            } else {
                rom_gpio_matrix_in(w->pin, w->signal, 0);
                rom_gpio_pad_input_enable(w->pin);
            }
            rom_gpio_pad_unhold(w->pin);
        }
    }
    PERIP_CLK_EN0 |= PERIP_USB;
    PERIP_RST_EN0 &= ~(uint32_t)PERIP_USB;
    WAIT(10000);
    USB_CONF &= ~(uint32_t)IO_MUX_RESET_DISABLE;
    USB_CONF &= ~(uint32_t)USB_RESET_DISABLE;
    return 1;
}
ENTRY(chip_usb_dw_init, 0x400026f4);

/* With an external PHY, silicon lets go only of the outputs that are not its own: there is none. */
void chip_usb_detach(void) {
    int where = phy();
    OTG_CONF &= ~(uint32_t)PAD_ENABLE;
    OTG_CONF &= ~(uint32_t)PHY_SEL;
    if (where == OUTSIDE)
        return;
    rom_gpio_matrix_out(DP, NO_SIGNAL, 0, 0);
    rom_gpio_matrix_out(DM, NO_SIGNAL, 0, 0);
    rom_gpio_output_set(0, 1u << DP, 1u << DP, 0);
    rom_gpio_output_set(0, 1u << DM, 1u << DM, 0);
}
ENTRY(chip_usb_detach, 0x40002700);

/* The next reset leaves USB and the IO MUX alone, and a host sees nothing of it. */
void chip_usb_dw_prepare_persist(void) {
    USB_CONF |= IO_MUX_RESET_DISABLE;
    USB_CONF |= USB_RESET_DISABLE;
}
ENTRY(chip_usb_dw_prepare_persist, 0x4000270c);

uint32_t chip_usb_get_persist_flags(void) { return FLAGS; }
ENTRY(chip_usb_get_persist_flags, 0x40002718);
static void chip_usb_set_persist_flags(uint32_t flags) { FLAGS = flags; }
ENTRY(chip_usb_set_persist_flags, 0x40002724);
