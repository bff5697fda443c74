//! What brings the chip out of its sleep, as the blocks say it to RTC_CNTL. ESP32-S3 TRM, chapter "Low-power Management".

use serde::{Deserialize, Serialize};

/// What other blocks than RTC_CNTL contribute to waking the chip. Pins are a bit each.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Wake {
    /// GPIO_PINn_WAKEUP_ENABLE: light sleep only.
    pub gpio: WakeLevels,
    /// RTC_IO_GPIO_PINn_WAKEUP_ENABLE: light and deep sleep.
    pub rtc_io: WakeLevels,
    /// RTC_IO_EXT_WAKEUP0_SEL.
    pub ext0_pin: u8,
    /// Pins whose edges RTC_IO's interrupt status looks at.
    pub rtc_interrupting: u64,
    /// Pins that RTC_CNTL looks at while the chip sleeps.
    pub watching: u64,
    /// Edges of the inputs of UART0 and UART1 after which they wake the chip, from UART_ACTIVE_THRESHOLD.
    pub uart_edges: [u16; 2],
}

/// Pins that wake the chip by their level, a bit each.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct WakeLevels {
    /// When they are high.
    pub high: u64,
    /// When they are low.
    pub low: u64,
}

impl WakeLevels {
    /// Does any of the pins stand at its level?
    pub fn are_met(self, levels: u64) -> bool {
        self.high & levels | self.low & !levels != 0
    }

    /// All pins that are looked at.
    pub fn pins(self) -> u64 {
        self.high | self.low
    }
}
