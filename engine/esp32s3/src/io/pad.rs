//! Pads as IO_MUX and RTC_IO set them up. ESP32-S3 TRM chapter 6.

use serde::{Deserialize, Serialize};

/// A pad as IO_MUX (or RTC_IO) has set it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pad {
    /// MCU_SEL: 1 is the GPIO matrix, 0 and 2 to 4 are direct functions.
    pub function: u8,
    /// FUN_IE.
    pub input_enable: bool,
    /// FUN_WPU.
    pub pull_up: bool,
    /// FUN_WPD.
    pub pull_down: bool,
    /// PAD_DRIVER in GPIO_PINn: open drain.
    pub open_drain: bool,
    /// RTC_IO has taken the pad: its settings count, and the digital side sees nothing.
    pub rtc: bool,
    /// What RTC_IO has set.
    pub by_rtc: RtcPad,
    /// What IO_MUX has set for sleep, where SLP_SEL lets it count.
    pub asleep: Option<AsleepPad>,
    /// The output enable that counts in sleep, for a pad that sleeps so.
    pub output_enable: Option<bool>,
}

/// A pad as IO_MUX has set it for light sleep: MCU_IE, MCU_OE, MCU_WPU and MCU_WPD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AsleepPad {
    /// MCU_IE.
    pub input_enable: bool,
    /// MCU_OE.
    pub output_enable: bool,
    /// MCU_WPU.
    pub pull_up: bool,
    /// MCU_WPD.
    pub pull_down: bool,
}

/// A pad as RTC_IO has set it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RtcPad {
    /// RTC_GPIO_OUT.
    pub out: bool,
    /// RTC_GPIO_ENABLE.
    pub enable: bool,
    /// FUN_IE.
    pub input_enable: bool,
    /// RUE.
    pub pull_up: bool,
    /// RDE.
    pub pull_down: bool,
    /// PAD_DRIVER in RTC_GPIO_PINn.
    pub open_drain: bool,
    /// SLP_IE and SLP_OE, where SLP_SEL lets them count in sleep.
    pub asleep: Option<(bool, bool)>,
}

impl Pad {
    /// The pad while the chip sleeps: the settings for sleep count, on the side that has the pad.
    pub(super) fn in_sleep(mut self) -> Self {
        if let Some((input, output)) = self.by_rtc.asleep.filter(|_| self.rtc) {
            self.by_rtc.input_enable = input;
            self.by_rtc.enable = output;
        } else if let Some(asleep) = self.asleep.filter(|_| !self.rtc) {
            self.input_enable = asleep.input_enable;
            self.output_enable = Some(asleep.output_enable);
            (self.pull_up, self.pull_down) = (asleep.pull_up, asleep.pull_down);
        }
        self
    }

    /// Pull-up and pull-down of the side that has the pad.
    pub(super) fn pulls(&self) -> (bool, bool) {
        if self.rtc {
            (self.by_rtc.pull_up, self.by_rtc.pull_down)
        } else {
            (self.pull_up, self.pull_down)
        }
    }

    /// Does the digital side see the level?
    pub(super) fn is_digital_input(&self) -> bool {
        self.input_enable && !self.rtc
    }
}
