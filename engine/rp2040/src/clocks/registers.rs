//! The registers of CLOCKS, datasheet 2.15.7.

engine_core::registers! {
    /// 2.15.7. Each of the ten generators has a CTRL, a DIV and a SELECTED register.
    pub Reg;
    CLK_GPOUT0_CTRL 0x00 = 0x0000_0000 {
        NUDGE 20 todo "edges of a generated clock have no phase of their own";
        PHASE 17:16 todo "edges of a generated clock have no phase of their own"; DC50 12 rw; ENABLE 11 rw;
        KILL 10 rw; AUXSRC 8:5 rw;
    }
    CLK_GPOUT0_DIV 0x04 = 0x0000_0100 { INT 31:8 rw; FRAC 7:0 rw; }
    CLK_GPOUT0_SELECTED 0x08 = 0x0000_0001 { CLK_GPOUT0_SELECTED 31:0 ro; }
    CLK_GPOUT1_CTRL 0x0C = 0x0000_0000 {
        NUDGE 20 todo "edges of a generated clock have no phase of their own";
        PHASE 17:16 todo "edges of a generated clock have no phase of their own"; DC50 12 rw; ENABLE 11 rw;
        KILL 10 rw; AUXSRC 8:5 rw;
    }
    CLK_GPOUT1_DIV 0x10 = 0x0000_0100 { INT 31:8 rw; FRAC 7:0 rw; }
    CLK_GPOUT1_SELECTED 0x14 = 0x0000_0001 { CLK_GPOUT1_SELECTED 31:0 ro; }
    CLK_GPOUT2_CTRL 0x18 = 0x0000_0000 {
        NUDGE 20 todo "edges of a generated clock have no phase of their own";
        PHASE 17:16 todo "edges of a generated clock have no phase of their own"; DC50 12 rw; ENABLE 11 rw;
        KILL 10 rw; AUXSRC 8:5 rw;
    }
    CLK_GPOUT2_DIV 0x1C = 0x0000_0100 { INT 31:8 rw; FRAC 7:0 rw; }
    CLK_GPOUT2_SELECTED 0x20 = 0x0000_0001 { CLK_GPOUT2_SELECTED 31:0 ro; }
    CLK_GPOUT3_CTRL 0x24 = 0x0000_0000 {
        NUDGE 20 todo "edges of a generated clock have no phase of their own";
        PHASE 17:16 todo "edges of a generated clock have no phase of their own"; DC50 12 rw; ENABLE 11 rw;
        KILL 10 rw; AUXSRC 8:5 rw;
    }
    CLK_GPOUT3_DIV 0x28 = 0x0000_0100 { INT 31:8 rw; FRAC 7:0 rw; }
    CLK_GPOUT3_SELECTED 0x2C = 0x0000_0001 { CLK_GPOUT3_SELECTED 31:0 ro; }
    CLK_REF_CTRL 0x30 = 0x0000_0000 { AUXSRC 6:5 rw; SRC 1:0 rw; }
    CLK_REF_DIV 0x34 = 0x0000_0100 { INT 9:8 rw; }
    CLK_REF_SELECTED 0x38 = 0x0000_0001 { CLK_REF_SELECTED 31:0 ro; }
    CLK_SYS_CTRL 0x3C = 0x0000_0000 { AUXSRC 7:5 rw; SRC 0 rw; }
    CLK_SYS_DIV 0x40 = 0x0000_0100 { INT 31:8 rw; FRAC 7:0 rw; }
    CLK_SYS_SELECTED 0x44 = 0x0000_0001 { CLK_SYS_SELECTED 31:0 ro; }
    CLK_PERI_CTRL 0x48 = 0x0000_0000 { ENABLE 11 rw; KILL 10 rw; AUXSRC 7:5 rw; }
    CLK_PERI_DIV 0x4C = 0x0000_0100 { INT 31:8 rw; FRAC 7:0 rw; }
    CLK_PERI_SELECTED 0x50 = 0x0000_0001 { CLK_PERI_SELECTED 31:0 ro; }
    CLK_USB_CTRL 0x54 = 0x0000_0000 {
        NUDGE 20 todo "edges of a generated clock have no phase of their own";
        PHASE 17:16 todo "edges of a generated clock have no phase of their own"; ENABLE 11 rw; KILL 10 rw;
        AUXSRC 7:5 rw;
    }
    CLK_USB_DIV 0x58 = 0x0000_0100 { INT 9:8 rw; }
    CLK_USB_SELECTED 0x5C = 0x0000_0001 { CLK_USB_SELECTED 31:0 ro; }
    CLK_ADC_CTRL 0x60 = 0x0000_0000 {
        NUDGE 20 todo "edges of a generated clock have no phase of their own";
        PHASE 17:16 todo "edges of a generated clock have no phase of their own"; ENABLE 11 rw; KILL 10 rw;
        AUXSRC 7:5 rw;
    }
    CLK_ADC_DIV 0x64 = 0x0000_0100 { INT 9:8 rw; }
    CLK_ADC_SELECTED 0x68 = 0x0000_0001 { CLK_ADC_SELECTED 31:0 ro; }
    CLK_RTC_CTRL 0x6C = 0x0000_0000 {
        NUDGE 20 todo "edges of a generated clock have no phase of their own";
        PHASE 17:16 todo "edges of a generated clock have no phase of their own"; ENABLE 11 rw; KILL 10 rw;
        AUXSRC 7:5 rw;
    }
    CLK_RTC_DIV 0x70 = 0x0000_0100 { INT 31:8 rw; FRAC 7:0 rw; }
    CLK_RTC_SELECTED 0x74 = 0x0000_0001 { CLK_RTC_SELECTED 31:0 ro; }
    CLK_SYS_RESUS_CTRL 0x78 = 0x0000_00FF { CLEAR 16 rw; FRCE 12 rw; ENABLE 8 rw; TIMEOUT 7:0 rw; }
    CLK_SYS_RESUS_STATUS 0x7C = 0x0000_0000 { RESUSSED 0 ro; }
    FC0_REF_KHZ 0x80 = 0x0000_0000 { FC0_REF_KHZ 19:0 rw; }
    FC0_MIN_KHZ 0x84 = 0x0000_0000 { FC0_MIN_KHZ 24:0 rw; }
    FC0_MAX_KHZ 0x88 = 0x01FF_FFFF { FC0_MAX_KHZ 24:0 rw; }
    FC0_DELAY 0x8C = 0x0000_0001 { FC0_DELAY 2:0 rw; }
    FC0_INTERVAL 0x90 = 0x0000_0008 { FC0_INTERVAL 3:0 rw; }
    FC0_SRC 0x94 = 0x0000_0000 { FC0_SRC 7:0 rw; }
    FC0_STATUS 0x98 = 0x0000_0000 {
        DIED 28 ro; FAST 24 ro; SLOW 20 ro; FAIL 16 ro; WAITING 12 ro; RUNNING 8 ro; DONE 4 ro; PASS 0 ro;
    }
    FC0_RESULT 0x9C = 0x0000_0000 { KHZ 29:5 ro; FRAC 4:0 ro; }
    WAKE_EN0 0xA0 = 0xFFFF_FFFF {
        CLK_SYS_SRAM3 31 todo "a gated clock does not stop its block";
        CLK_SYS_SRAM2 30 todo "a gated clock does not stop its block";
        CLK_SYS_SRAM1 29 todo "a gated clock does not stop its block";
        CLK_SYS_SRAM0 28 todo "a gated clock does not stop its block";
        CLK_SYS_SPI1 27 todo "a gated clock does not stop its block";
        CLK_PERI_SPI1 26 todo "a gated clock does not stop its block";
        CLK_SYS_SPI0 25 todo "a gated clock does not stop its block";
        CLK_PERI_SPI0 24 todo "a gated clock does not stop its block";
        CLK_SYS_SIO 23 todo "a gated clock does not stop its block";
        CLK_SYS_RTC 22 todo "a gated clock does not stop its block";
        CLK_RTC_RTC 21 todo "a gated clock does not stop its block";
        CLK_SYS_ROSC 20 todo "a gated clock does not stop its block";
        CLK_SYS_ROM 19 todo "a gated clock does not stop its block";
        CLK_SYS_RESETS 18 todo "a gated clock does not stop its block";
        CLK_SYS_PWM 17 todo "a gated clock does not stop its block";
        CLK_SYS_PSM 16 todo "a gated clock does not stop its block";
        CLK_SYS_PLL_USB 15 todo "a gated clock does not stop its block";
        CLK_SYS_PLL_SYS 14 todo "a gated clock does not stop its block";
        CLK_SYS_PIO1 13 todo "a gated clock does not stop its block";
        CLK_SYS_PIO0 12 todo "a gated clock does not stop its block";
        CLK_SYS_PADS 11 todo "a gated clock does not stop its block";
        CLK_SYS_VREG_AND_CHIP_RESET 10 todo "a gated clock does not stop its block";
        CLK_SYS_JTAG 9 todo "a gated clock does not stop its block";
        CLK_SYS_IO 8 todo "a gated clock does not stop its block";
        CLK_SYS_I2C1 7 todo "a gated clock does not stop its block";
        CLK_SYS_I2C0 6 todo "a gated clock does not stop its block";
        CLK_SYS_DMA 5 todo "a gated clock does not stop its block";
        CLK_SYS_BUSFABRIC 4 todo "a gated clock does not stop its block";
        CLK_SYS_BUSCTRL 3 todo "a gated clock does not stop its block";
        CLK_SYS_ADC 2 todo "a gated clock does not stop its block";
        CLK_ADC_ADC 1 todo "a gated clock does not stop its block";
        CLK_SYS_CLOCKS 0 todo "a gated clock does not stop its block";
    }
    WAKE_EN1 0xA4 = 0x0000_7FFF {
        CLK_SYS_XOSC 14 todo "a gated clock does not stop its block";
        CLK_SYS_XIP 13 todo "a gated clock does not stop its block";
        CLK_SYS_WATCHDOG 12 todo "a gated clock does not stop its block";
        CLK_USB_USBCTRL 11 todo "a gated clock does not stop its block";
        CLK_SYS_USBCTRL 10 todo "a gated clock does not stop its block";
        CLK_SYS_UART1 9 todo "a gated clock does not stop its block";
        CLK_PERI_UART1 8 todo "a gated clock does not stop its block";
        CLK_SYS_UART0 7 todo "a gated clock does not stop its block";
        CLK_PERI_UART0 6 todo "a gated clock does not stop its block";
        CLK_SYS_TIMER 5 todo "a gated clock does not stop its block";
        CLK_SYS_TBMAN 4 todo "a gated clock does not stop its block";
        CLK_SYS_SYSINFO 3 todo "a gated clock does not stop its block";
        CLK_SYS_SYSCFG 2 todo "a gated clock does not stop its block";
        CLK_SYS_SRAM5 1 todo "a gated clock does not stop its block";
        CLK_SYS_SRAM4 0 todo "a gated clock does not stop its block";
    }
    SLEEP_EN0 0xA8 = 0xFFFF_FFFF {
        CLK_SYS_SRAM3 31 todo "a gated clock does not stop its block";
        CLK_SYS_SRAM2 30 todo "a gated clock does not stop its block";
        CLK_SYS_SRAM1 29 todo "a gated clock does not stop its block";
        CLK_SYS_SRAM0 28 todo "a gated clock does not stop its block";
        CLK_SYS_SPI1 27 todo "a gated clock does not stop its block";
        CLK_PERI_SPI1 26 todo "a gated clock does not stop its block";
        CLK_SYS_SPI0 25 todo "a gated clock does not stop its block";
        CLK_PERI_SPI0 24 todo "a gated clock does not stop its block";
        CLK_SYS_SIO 23 todo "a gated clock does not stop its block";
        CLK_SYS_RTC 22 todo "a gated clock does not stop its block";
        CLK_RTC_RTC 21 todo "a gated clock does not stop its block";
        CLK_SYS_ROSC 20 todo "a gated clock does not stop its block";
        CLK_SYS_ROM 19 todo "a gated clock does not stop its block";
        CLK_SYS_RESETS 18 todo "a gated clock does not stop its block";
        CLK_SYS_PWM 17 todo "a gated clock does not stop its block";
        CLK_SYS_PSM 16 todo "a gated clock does not stop its block";
        CLK_SYS_PLL_USB 15 todo "a gated clock does not stop its block";
        CLK_SYS_PLL_SYS 14 todo "a gated clock does not stop its block";
        CLK_SYS_PIO1 13 todo "a gated clock does not stop its block";
        CLK_SYS_PIO0 12 todo "a gated clock does not stop its block";
        CLK_SYS_PADS 11 todo "a gated clock does not stop its block";
        CLK_SYS_VREG_AND_CHIP_RESET 10 todo "a gated clock does not stop its block";
        CLK_SYS_JTAG 9 todo "a gated clock does not stop its block";
        CLK_SYS_IO 8 todo "a gated clock does not stop its block";
        CLK_SYS_I2C1 7 todo "a gated clock does not stop its block";
        CLK_SYS_I2C0 6 todo "a gated clock does not stop its block";
        CLK_SYS_DMA 5 todo "a gated clock does not stop its block";
        CLK_SYS_BUSFABRIC 4 todo "a gated clock does not stop its block";
        CLK_SYS_BUSCTRL 3 todo "a gated clock does not stop its block";
        CLK_SYS_ADC 2 todo "a gated clock does not stop its block";
        CLK_ADC_ADC 1 todo "a gated clock does not stop its block";
        CLK_SYS_CLOCKS 0 todo "a gated clock does not stop its block";
    }
    SLEEP_EN1 0xAC = 0x0000_7FFF {
        CLK_SYS_XOSC 14 todo "a gated clock does not stop its block";
        CLK_SYS_XIP 13 todo "a gated clock does not stop its block";
        CLK_SYS_WATCHDOG 12 todo "a gated clock does not stop its block";
        CLK_USB_USBCTRL 11 todo "a gated clock does not stop its block";
        CLK_SYS_USBCTRL 10 todo "a gated clock does not stop its block";
        CLK_SYS_UART1 9 todo "a gated clock does not stop its block";
        CLK_PERI_UART1 8 todo "a gated clock does not stop its block";
        CLK_SYS_UART0 7 todo "a gated clock does not stop its block";
        CLK_PERI_UART0 6 todo "a gated clock does not stop its block";
        CLK_SYS_TIMER 5 todo "a gated clock does not stop its block";
        CLK_SYS_TBMAN 4 todo "a gated clock does not stop its block";
        CLK_SYS_SYSINFO 3 todo "a gated clock does not stop its block";
        CLK_SYS_SYSCFG 2 todo "a gated clock does not stop its block";
        CLK_SYS_SRAM5 1 todo "a gated clock does not stop its block";
        CLK_SYS_SRAM4 0 todo "a gated clock does not stop its block";
    }
    ENABLED0 0xB0 = 0x0000_0000 {
        CLK_SYS_SRAM3 31 ro; CLK_SYS_SRAM2 30 ro; CLK_SYS_SRAM1 29 ro; CLK_SYS_SRAM0 28 ro; CLK_SYS_SPI1 27 ro;
        CLK_PERI_SPI1 26 ro; CLK_SYS_SPI0 25 ro; CLK_PERI_SPI0 24 ro; CLK_SYS_SIO 23 ro; CLK_SYS_RTC 22 ro;
        CLK_RTC_RTC 21 ro; CLK_SYS_ROSC 20 ro; CLK_SYS_ROM 19 ro; CLK_SYS_RESETS 18 ro; CLK_SYS_PWM 17 ro;
        CLK_SYS_PSM 16 ro; CLK_SYS_PLL_USB 15 ro; CLK_SYS_PLL_SYS 14 ro; CLK_SYS_PIO1 13 ro; CLK_SYS_PIO0 12 ro;
        CLK_SYS_PADS 11 ro; CLK_SYS_VREG_AND_CHIP_RESET 10 ro; CLK_SYS_JTAG 9 ro; CLK_SYS_IO 8 ro; CLK_SYS_I2C1 7 ro;
        CLK_SYS_I2C0 6 ro; CLK_SYS_DMA 5 ro; CLK_SYS_BUSFABRIC 4 ro; CLK_SYS_BUSCTRL 3 ro; CLK_SYS_ADC 2 ro;
        CLK_ADC_ADC 1 ro; CLK_SYS_CLOCKS 0 ro;
    }
    ENABLED1 0xB4 = 0x0000_0000 {
        CLK_SYS_XOSC 14 ro; CLK_SYS_XIP 13 ro; CLK_SYS_WATCHDOG 12 ro; CLK_USB_USBCTRL 11 ro; CLK_SYS_USBCTRL 10 ro;
        CLK_SYS_UART1 9 ro; CLK_PERI_UART1 8 ro; CLK_SYS_UART0 7 ro; CLK_PERI_UART0 6 ro; CLK_SYS_TIMER 5 ro;
        CLK_SYS_TBMAN 4 ro; CLK_SYS_SYSINFO 3 ro; CLK_SYS_SYSCFG 2 ro; CLK_SYS_SRAM5 1 ro; CLK_SYS_SRAM4 0 ro;
    }
    INTR 0xB8 = 0x0000_0000 { CLK_SYS_RESUS 0 ro; }
    INTE 0xBC = 0x0000_0000 { CLK_SYS_RESUS 0 rw; }
    INTF 0xC0 = 0x0000_0000 { CLK_SYS_RESUS 0 rw; }
    INTS 0xC4 = 0x0000_0000 { CLK_SYS_RESUS 0 ro; }
}
