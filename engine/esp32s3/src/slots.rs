//! Things that can be due. Events due at the same picosecond fire in this order: first what comes from outside, then the
//! blocks in the order of the TRM's chapters.

macro_rules! slots {
    ($($slot:ident),* $(,)?) => {
        /// One thing that can be due.
        #[allow(missing_docs)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[repr(usize)]
        pub enum Slot { $($slot),* }

        const SLOTS: &[Slot] = &[$(Slot::$slot),*];
    };
}

slots! {
    Stimulus,
    Gdma,
    RtcTimer, RtcWatchdog, SuperWatchdog, CrystalWatchdog, RtcSleep, RtcTouch,
    Systimer0, Systimer1, Systimer2,
    Timg0T0, Timg0T1, Timg0Wdt,
    Timg1T0, Timg1T1, Timg1Wdt,
    Aes, Sha, Rsa, Hmac, Ds, XtsAes,
    Uart0Tx, Uart0Rx, Uart1Tx, Uart1Rx, Uart2Tx, Uart2Rx, Uhci,
    UsbSerialJtag, UsbOtg, UsbHost,
    Spi1, Spi2, Spi3,
    I2c0, I2c1,
    I2s0Tx, I2s0Rx, I2s1Tx, I2s1Rx, I2s0Mclk, I2s1Mclk,
    Lcd, Cam, CamClock,
    Ledc, Mcpwm0, Mcpwm1, Pcnt, Sdm,
    RmtTx0, RmtTx1, RmtTx2, RmtTx3, RmtRx0, RmtRx1, RmtRx2, RmtRx3,
    Twai, TwaiClkout, Sdhost,
    Adc1, Adc2, AdcDigital, Temperature,
    Ethernet, PeriBackup,
}

/// How many there are.
pub const COUNT: usize = SLOTS.len();

/// The slot of this number.
pub fn slot(number: usize) -> Slot {
    SLOTS[number]
}
