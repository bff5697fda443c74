//! The registers of RTC_IO, TRM chapter 6; ESP-IDF `soc/rtc_io_reg.h`.

engine_core::registers! {
    /// Base address 0x6000_8400.
    pub Reg;
    RTC_GPIO_OUT 0x000 = 0x0000_0000 { DATA 31:10 rw; }
    RTC_GPIO_OUT_W1TS 0x004 = 0x0000_0000 { RTC_GPIO_OUT_DATA_W1TS 31:10 wo; }
    RTC_GPIO_OUT_W1TC 0x008 = 0x0000_0000 { RTC_GPIO_OUT_DATA_W1TC 31:10 wo; }
    RTC_GPIO_ENABLE 0x00C = 0x0000_0000 { RTC_GPIO_ENABLE 31:10 rw; }
    RTC_GPIO_ENABLE_W1TS 0x010 = 0x0000_0000 { RTC_GPIO_ENABLE_W1TS 31:10 wo; }
    ENABLE_W1TC 0x014 = 0x0000_0000 { ENABLE_W1TC 31:10 wo; }
    RTC_GPIO_STATUS 0x018 = 0x0000_0000 { INT 31:10 rw; }
    RTC_GPIO_STATUS_W1TS 0x01C = 0x0000_0000 { RTC_GPIO_STATUS_INT_W1TS 31:10 wo; }
    RTC_GPIO_STATUS_W1TC 0x020 = 0x0000_0000 { RTC_GPIO_STATUS_INT_W1TC 31:10 wo; }
    RTC_GPIO_IN 0x024 = 0x0000_0000 { NEXT 31:10 ro; }
    RTC_DEBUG_SEL 0x080 = 0x0000_0000 {
        RTC_DEBUG_12M_NO_GATING 25 rw; RTC_DEBUG_SEL4 24:20 rw; RTC_DEBUG_SEL3 19:15 rw; RTC_DEBUG_SEL2 14:10 rw;
        RTC_DEBUG_SEL1 9:5 rw; RTC_DEBUG_SEL0 4:0 rw;
    }
    TOUCH_PAD0 0x084 = 0x5000_0000 {
        DRV 30:29 rw; RDE 28 rw; RUE 27 rw; START 22 rw; TIE_OPT 21 rw; XPD 20 rw; MUX_SEL 19 rw;
        FUN_SEL 18:17 rw; SLP_SEL 16 rw;
        SLP_IE 15 rw; SLP_OE 14 rw; FUN_IE 13 rw;
    }
    TOUCH_PAD1 0x088 = 0x4800_0000 {
        DRV 30:29 rw; RDE 28 rw; RUE 27 rw; START 22 rw; TIE_OPT 21 rw; XPD 20 rw; MUX_SEL 19 rw;
        FUN_SEL 18:17 rw; SLP_SEL 16 rw;
        SLP_IE 15 rw; SLP_OE 14 rw; FUN_IE 13 rw;
    }
    TOUCH_PAD2 0x08C = 0x5000_0000 {
        DRV 30:29 rw; RDE 28 rw; RUE 27 rw; START 22 rw; TIE_OPT 21 rw; XPD 20 rw; MUX_SEL 19 rw;
        FUN_SEL 18:17 rw; SLP_SEL 16 rw;
        SLP_IE 15 rw; SLP_OE 14 rw; FUN_IE 13 rw;
    }
    TOUCH_PAD3 0x090 = 0x4800_0000 {
        DRV 30:29 rw; RDE 28 rw; RUE 27 rw; START 22 rw; TIE_OPT 21 rw; XPD 20 rw; MUX_SEL 19 rw;
        FUN_SEL 18:17 rw; SLP_SEL 16 rw;
        SLP_IE 15 rw; SLP_OE 14 rw; FUN_IE 13 rw;
    }
    TOUCH_PAD4 0x094 = 0x5000_0000 {
        DRV 30:29 rw; RDE 28 rw; RUE 27 rw; START 22 rw; TIE_OPT 21 rw; XPD 20 rw; MUX_SEL 19 rw;
        FUN_SEL 18:17 rw; SLP_SEL 16 rw;
        SLP_IE 15 rw; SLP_OE 14 rw; FUN_IE 13 rw;
    }
    TOUCH_PAD5 0x098 = 0x5000_0000 {
        DRV 30:29 rw; RDE 28 rw; RUE 27 rw; START 22 rw; TIE_OPT 21 rw; XPD 20 rw; MUX_SEL 19 rw;
        FUN_SEL 18:17 rw; SLP_SEL 16 rw;
        SLP_IE 15 rw; SLP_OE 14 rw; FUN_IE 13 rw;
    }
    TOUCH_PAD6 0x09C = 0x4800_0000 {
        DRV 30:29 rw; RDE 28 rw; RUE 27 rw; START 22 rw; TIE_OPT 21 rw; XPD 20 rw; MUX_SEL 19 rw;
        FUN_SEL 18:17 rw; SLP_SEL 16 rw;
        SLP_IE 15 rw; SLP_OE 14 rw; FUN_IE 13 rw;
    }
    TOUCH_PAD7 0x0A0 = 0x4000_0000 {
        DRV 30:29 rw; RDE 28 rw; RUE 27 rw; START 22 rw; TIE_OPT 21 rw; XPD 20 rw; MUX_SEL 19 rw;
        FUN_SEL 18:17 rw; SLP_SEL 16 rw;
        SLP_IE 15 rw; SLP_OE 14 rw; FUN_IE 13 rw;
    }
    TOUCH_PAD8 0x0A4 = 0x4000_0000 {
        DRV 30:29 rw; RDE 28 rw; RUE 27 rw; START 22 rw; TIE_OPT 21 rw; XPD 20 rw; MUX_SEL 19 rw;
        FUN_SEL 18:17 rw; SLP_SEL 16 rw;
        SLP_IE 15 rw; SLP_OE 14 rw; FUN_IE 13 rw;
    }
    TOUCH_PAD9 0x0A8 = 0x4000_0000 {
        DRV 30:29 rw; RDE 28 rw; RUE 27 rw; START 22 rw; TIE_OPT 21 rw; XPD 20 rw; MUX_SEL 19 rw;
        FUN_SEL 18:17 rw; SLP_SEL 16 rw;
        SLP_IE 15 rw; SLP_OE 14 rw; FUN_IE 13 rw;
    }
    TOUCH_PAD10 0x0AC = 0x4000_0000 {
        DRV 30:29 rw; RDE 28 rw; RUE 27 rw; START 22 rw; TIE_OPT 21 rw; XPD 20 rw; MUX_SEL 19 rw;
        FUN_SEL 18:17 rw; SLP_SEL 16 rw;
        SLP_IE 15 rw; SLP_OE 14 rw; FUN_IE 13 rw;
    }
    TOUCH_PAD11 0x0B0 = 0x4000_0000 {
        DRV 30:29 rw; RDE 28 rw; RUE 27 rw; START 22 rw; TIE_OPT 21 rw; XPD 20 rw; MUX_SEL 19 rw;
        FUN_SEL 18:17 rw; SLP_SEL 16 rw;
        SLP_IE 15 rw; SLP_OE 14 rw; FUN_IE 13 rw;
    }
    TOUCH_PAD12 0x0B4 = 0x4000_0000 {
        DRV 30:29 rw; RDE 28 rw; RUE 27 rw; START 22 rw; TIE_OPT 21 rw; XPD 20 rw; MUX_SEL 19 rw;
        FUN_SEL 18:17 rw; SLP_SEL 16 rw;
        SLP_IE 15 rw; SLP_OE 14 rw; FUN_IE 13 rw;
    }
    TOUCH_PAD13 0x0B8 = 0x4000_0000 {
        DRV 30:29 rw; RDE 28 rw; RUE 27 rw; START 22 rw; TIE_OPT 21 rw; XPD 20 rw; MUX_SEL 19 rw;
        FUN_SEL 18:17 rw; SLP_SEL 16 rw;
        SLP_IE 15 rw; SLP_OE 14 rw; FUN_IE 13 rw;
    }
    TOUCH_PAD14 0x0BC = 0x4000_0000 {
        DRV 30:29 rw; RDE 28 rw; RUE 27 rw; START 22 rw; TIE_OPT 21 rw; XPD 20 rw; MUX_SEL 19 rw;
        FUN_SEL 18:17 rw; SLP_SEL 16 rw;
        SLP_IE 15 rw; SLP_OE 14 rw; FUN_IE 13 rw;
    }
    XTAL_32P_PAD 0x0C0 = 0x4000_0000 {
        X32P_DRV 30:29 rw; X32P_RDE 28 rw; X32P_RUE 27 rw; X32P_MUX_SEL 19 rw;
        X32P_FUN_SEL 18:17 rw;
        X32P_SLP_SEL 16 rw; X32P_SLP_IE 15 rw; X32P_SLP_OE 14 rw; X32P_FUN_IE 13 rw;
    }
    XTAL_32N_PAD 0x0C4 = 0x4000_0000 {
        X32N_DRV 30:29 rw; X32N_RDE 28 rw; X32N_RUE 27 rw; X32N_MUX_SEL 19 rw;
        X32N_FUN_SEL 18:17 rw;
        X32N_SLP_SEL 16 rw; X32N_SLP_IE 15 rw; X32N_SLP_OE 14 rw; X32N_FUN_IE 13 rw;
    }
    PAD_DAC1 0x0C8 = 0x4000_0000 {
        PDAC1_DRV 30:29 rw; PDAC1_RDE 28 rw; PDAC1_RUE 27 rw; PDAC1_MUX_SEL 19 rw;
        PDAC1_FUN_SEL 18:17 rw;
        PDAC1_SLP_SEL 16 rw; PDAC1_SLP_IE 15 rw; PDAC1_SLP_OE 14 rw;
        PDAC1_FUN_IE 13 rw; PDAC1_DAC_XPD_FORCE 12 rw;
        PDAC1_XPD_DAC 11 rw; PDAC1_DAC 10:3 rw;
    }
    PAD_DAC2 0x0CC = 0x4000_0000 {
        PDAC2_DRV 30:29 rw; PDAC2_RDE 28 rw; PDAC2_RUE 27 rw; PDAC2_MUX_SEL 19 rw;
        PDAC2_FUN_SEL 18:17 rw;
        PDAC2_SLP_SEL 16 rw; PDAC2_SLP_IE 15 rw; PDAC2_SLP_OE 14 rw;
        PDAC2_FUN_IE 13 rw; PDAC2_DAC_XPD_FORCE 12 rw;
        PDAC2_XPD_DAC 11 rw; PDAC2_DAC 10:3 rw;
    }
    RTC_PAD19 0x0D0 = 0x5000_0000 {
        DRV 30:29 rw; RDE 28 rw; RUE 27 rw; MUX_SEL 19 rw; FUN_SEL 18:17 rw;
        SLP_SEL 16 rw; SLP_IE 15 rw; SLP_OE 14 rw; FUN_IE 13 rw;
    }
    RTC_PAD20 0x0D4 = 0x5000_0000 {
        DRV 30:29 rw; RDE 28 rw; RUE 27 rw; MUX_SEL 19 rw; FUN_SEL 18:17 rw;
        SLP_SEL 16 rw; SLP_IE 15 rw; SLP_OE 14 rw; FUN_IE 13 rw;
    }
    RTC_PAD21 0x0D8 = 0x5000_0000 {
        DRV 30:29 rw; RDE 28 rw; RUE 27 rw; MUX_SEL 19 rw; FUN_SEL 18:17 rw;
        SLP_SEL 16 rw; SLP_IE 15 rw; SLP_OE 14 rw; FUN_IE 13 rw;
    }
    EXT_WAKEUP0 0x0DC = 0x0000_0000 { SEL 31:27 rw; }
    XTL_EXT_CTR 0x0E0 = 0x0000_0000 { SEL 31:27 todo "a pin that turns the main crystal off in sleep: no supply is modelled"; }
    SAR_I2C_IO 0x0E4 = 0x0000_0000 {
        SAR_I2C_SDA_SEL 31:30 todo "the RTC I2C controller"; SAR_I2C_SCL_SEL 29:28 todo "the RTC I2C controller";
        SAR_DEBUG_BIT_SEL 27:23 rw;
    }
    TOUCH_CTRL 0x0E8 = 0x0000_0000 { IO_TOUCH_BUFMODE 4 rw; IO_TOUCH_BUFSEL 3:0 rw; }
    DATE 0x1FC = 0x0210_1180 { DATE 27:0 rw; }
}

/// A pin's own register.
pub mod pin {
    engine_core::registers! {
        /// TRM chapter 6, RTC_IO_RTC_GPIO_PINn_REG.
        pub Reg;
        PIN 0x0 = 0x0000_0000 { WAKEUP_ENABLE 10 rw; INT_TYPE 9:7 rw; PAD_DRIVER 2 rw; }
    }
}
