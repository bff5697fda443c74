/* Small blocks: RESETS, PSM, VREG, SYSINFO, SYSCFG, USB's registers before anyone uses them. */
#include "probe.h"

#define SYSINFO_CHIP_ID_REVISION (15u << 28)
#define USB_MAIN_CTRL_CONTROLLER_EN BIT(0)

static void probes(void) {
    unreset(RESET_SYSINFO);
    unreset(RESET_SYSCFG);
    probe(1, SYSINFO->CHIP_ID & ~SYSINFO_CHIP_ID_REVISION);
    probe(2, SYSINFO->CHIP_ID >> 28);
    probe(3, SYSINFO->PLATFORM);
    probe(4, SYSCFG->PROC_CONFIG & 0xff000000u);
    probe(5, SYSCFG->DBGFORCE);

    /* A block in reset says so, loses what was written, and answers with reset values when it is let go. */
    unreset(RESET_UART1);
    UART1->UARTIBRD = 1234;
    probe(10, UART1->UARTIBRD);
    reset_block(RESET_UART1);
    probe(11, RESETS->RESET >> RESET_UART1 & 1);
    probe(12, RESETS->RESET_DONE >> RESET_UART1 & 1);
    unreset(RESET_UART1);
    probe(13, RESETS->RESET_DONE >> RESET_UART1 & 1);
    probe(14, UART1->UARTIBRD);
    probe(15, RESETS->RESET & ~0x1ffffffu);
    probe(16, PSM->DONE);

    probe(20, VREG_AND_CHIP_RESET->VREG & ~BIT(12));
    probe(21, VREG_AND_CHIP_RESET->VREG >> 12 & 1);
    probe(22, VREG_AND_CHIP_RESET->BOD);
    VREG_AND_CHIP_RESET->VREG = 0xd1; /* 1.20 V */
    WAIT_UNTIL(VREG_AND_CHIP_RESET->VREG & BIT(12), 2000);
    probe(23, VREG_AND_CHIP_RESET->VREG);
    probe(24, VREG_AND_CHIP_RESET->CHIP_RESET >> 8 & 1);

    unreset(RESET_USBCTRL);
    probe(30, USB->MAIN_CTRL);
    probe(31, USB->NAK_POLL);
    probe(32, USB->SIE_CTRL);
    USB->MAIN_CTRL = USB_MAIN_CTRL_CONTROLLER_EN;
    probe(33, USB->MAIN_CTRL);
    USB->MAIN_CTRL = 0;
    USB_DPRAM[0] = 0x12345678;
    ((volatile uint8_t *)USB_DPRAM)[1] = 0xff;
    probe(34, USB_DPRAM[0]);
    USB_DPRAM[1023] = 0x87654321;
    probe(35, USB_DPRAM[1023]);
}
