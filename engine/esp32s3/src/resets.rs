//! Resets: their reasons, and how deep they go. ESP32-S3 TRM, chapter "Reset and Clock".

use serde::{Deserialize, Serialize};

/// Why a processor or the chip restarted: the numbers of RTC_CNTL_RESET_STATE, TRM 8.2, ESP-IDF `soc/reset_reasons.h`.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum Reason {
    PowerOn = 0x01,
    CoreSoftware = 0x03,
    DeepSleep = 0x05,
    CoreMwdt0 = 0x07,
    CoreMwdt1 = 0x08,
    CoreRtcWdt = 0x09,
    CpuMwdt0 = 0x0B,
    CpuSoftware = 0x0C,
    CpuRtcWdt = 0x0D,
    BrownOut = 0x0F,
    SystemRtcWdt = 0x10,
    CpuMwdt1 = 0x11,
    SystemSuperWdt = 0x12,
    SystemClockGlitch = 0x13,
    CoreEfuseCrc = 0x14,
    CoreUsbUart = 0x15,
    CoreUsbJtag = 0x16,
    CorePowerGlitch = 0x17,
}

/// How much a reset takes with it, TRM 8.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// One processor.
    Cpu,
    /// All but the RTC domain.
    Core,
    /// All, except what RTC_CNTL says of its own registers.
    System,
    /// All.
    Chip,
}

impl Reason {
    /// How deep this reset goes, TRM table 8-1.
    pub fn depth(self) -> Depth {
        match self {
            Self::PowerOn => Depth::Chip,
            Self::CpuMwdt0 | Self::CpuMwdt1 | Self::CpuSoftware | Self::CpuRtcWdt => Depth::Cpu,
            Self::BrownOut | Self::SystemRtcWdt | Self::SystemSuperWdt | Self::SystemClockGlitch => Depth::System,
            Self::CoreSoftware
            | Self::DeepSleep
            | Self::CoreMwdt0
            | Self::CoreMwdt1
            | Self::CoreRtcWdt
            | Self::CoreEfuseCrc
            | Self::CoreUsbUart
            | Self::CoreUsbJtag
            | Self::CorePowerGlitch => Depth::Core,
        }
    }
}
