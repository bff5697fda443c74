/* What the console on USB On-The-Go says of itself (USB 2.0 specification, 9.6; CDC 1.10; DFU 1.1, 4.1): a serial line, and
 * an interface for firmware updates, at run time or ready for one. */
#include "usb.h"

void ets_efuse_get_mac(uint8_t *mac);

enum { NOTICE_IN = 0x85, DATA_OUT = 3, DATA_IN = 0x84, DFU_RUN_TIME = 1, DFU_MODE = 2 };

#define CONFIGURATION(dfu_protocol)                                                                               \
    9, 2, BYTES, 0, 3, 1, 0, 0xc0, 250,           /* three interfaces, self-powered, 500 mA */                    \
        8, 11, 0, 2, 2, 2, 0, 0,                  /* two of them make a serial line */                            \
        9, 4, 0, 0, 1, 2, 2, 0, 0,                /* its control, ACM */                                          \
        5, 0x24, 0, 0x10, 1,                      /* CDC 1.10 */                                                  \
        4, 0x24, 2, 2,                            /* line coding and state */                                     \
        5, 0x24, 6, 0, 1, 5, 0x24, 1, 3, 1,       /* union, call management */                                    \
        7, 5, NOTICE_IN, 3, FULL_PACKET, 0, 1,         /* interrupt */                                                 \
        9, 4, 1, 0, 2, 10, 2, 0, 0,               /* its data */                                                  \
        7, 5, DATA_OUT, 2, FULL_PACKET, 0, 1, 7, 5, DATA_IN, 2, FULL_PACKET, 0, 1,                                          \
        9, 4, 2, 0, 0, 0xfe, 1, dfu_protocol, 0,  /* DFU: */                                                      \
        9, 0x21, 0xf, 0xbc, 2, FULL_PACKET, 0, 0x10, 1 /* both ways, detaches by itself, 700 ms, 64 bytes at once */

/* One behind the other, up to a 0: who walks through the first one's endpoints walks through the other's, too. */
enum { BYTES = 93 };
static const uint8_t configurations[] = {CONFIGURATION(DFU_MODE), CONFIGURATION(DFU_RUN_TIME), 0};
static const uint8_t english[] = {4, 3, 9, 4};
static const uint8_t maker[] = {20, 3, 'E', 0, 's', 0, 'p', 0, 'r', 0, 'e', 0, 's', 0, 's', 0, 'i', 0, 'f', 0};
static const uint8_t product[] = {18, 3, 'E', 0, 'S', 0, 'P', 0, '3', 0, '2', 0, '-', 0, 'S', 0, '3', 0};

#define DESCRIPTION(configuration) {PRESETS->device, configuration, 4, english, {maker, product, PRESETS->serial}}
static const struct description descriptions[] = {DESCRIPTION(configurations + BYTES), DESCRIPTION(configurations)};

/* The serial number is 'x' all over, in colons, until somebody asks for it. */
static void mac_addr_to_serial_str_desc(void) {
    static const char digits[] = "0123456789abcdef";
    uint8_t mac[6], *to = PRESETS->serial + 2;
    if (to[0] != 'x' || to[1])
        return;
    ets_efuse_get_mac(mac);
    for (int n = 0; n < 6; n++, to += 6) {
        to[0] = digits[mac[n] >> 4];
        to[1] = 0;
        to[2] = digits[mac[n] & 0xf];
        to[3] = 0;
        if (n < 5) {
            to[4] = ':';
            to[5] = 0;
        }
    }
}
ENTRY(mac_addr_to_serial_str_desc, 0x40002928);

/* USB_DESCRIPTOR_TYPE_ACM or _DFU of rom/usb/usb_descriptor.h. */
void usb_set_current_descriptor(int which) {
    if (which == 0 || which == 1)
        PRESETS->description = &descriptions[which];
}
ENTRY(usb_set_current_descriptor, 0x40002934);

int usb_get_descriptor(uint16_t what, uint16_t language, int *length, uint8_t **data) {
    enum { DEVICE_DESCRIPTOR = 1, CONFIGURATION_DESCRIPTOR, STRING_DESCRIPTOR, DEVICE_BYTES = 18 };
    const struct description *d = PRESETS->description;
    uint32_t kind = what >> 8, index = what & 0xff;
    (void)language;
    switch (kind) {
    case DEVICE_DESCRIPTOR:
        *data = (uint8_t *)d->device;
        *length = DEVICE_BYTES;
        return 1;
    case CONFIGURATION_DESCRIPTOR:
        if (index) /* of which there is none: silicon reads far from its table here */
            return 0;
        *data = (uint8_t *)d->configuration;
        *length = BYTES;
        return 1;
    case STRING_DESCRIPTOR:
        if ((int)index >= d->strings)
            return 0;
        *data = (uint8_t *)(index ? d->text[index - 1] : d->language);
        if (*data == PRESETS->serial)
            mac_addr_to_serial_str_desc();
        *length = **data;
        return 1;
    default:
        return 0;
    }
}
ENTRY(usb_get_descriptor, 0x40002940);

/* For the ROM's start-up: what these variables hold before anybody has used them. */
static void usb_variables(void) {
    static const struct presets presets = {
        .acm = {.told = acm_told, .class_handler = cdc_acm_class_handle_req, .custom_handler = dfu_custom_handle_req, .count = 3,
                .endpoints = PRESETS->acm_endpoints},
        .description = descriptions,
        .serial = {36, 3, 'x', 0, 'x', 0, ':', 0, 'x', 0, 'x', 0, ':', 0, 'x', 0, 'x', 0, ':', 0, 'x', 0, 'x', 0, ':', 0, 'x', 0, 'x',
                   0, ':', 0, 'x', 0, 'x', 0},
        .device = {18, 1, 0, 2, 0xef, 2, 1, FULL_PACKET, 0x3a, 0x30, 9, 0, 0x28, 7, 1, 2, 3, 1}};
    enum { VARIABLES_END = 0x3fcef130 };
    rom_memcpy(PRESETS, &presets, sizeof presets);
    rom_memcpy(PRESETS->acm_endpoints, acm_endpoints, sizeof PRESETS->acm_endpoints);
    rom_memset(&ACM, 0, VARIABLES_END - (uint32_t)&ACM);
}
ENTRY(usb_variables, 0x40017fb0);
