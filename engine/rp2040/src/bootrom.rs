//! The boot ROM at function level. RP2040 datasheet, section 2.8.

use crate::system::System;
use armv6m::Core;
use serde::{Deserialize, Serialize};

/// 16 KB from address 0.
pub const ROM_SIZE: u32 = 0x4000;

/// The state of the ROM's own code, and the real ROM where the user gave one.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Bootrom {}

/// What a ROM function asks of the run loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RomExit {
    /// Go on.
    Done,
    /// The processor waits for an event and then enters the function again.
    Wait,
    /// The firmware asked for USB boot, or flash holds no valid image: the sentence for the report.
    UsbBoot(String),
}

impl Bootrom {
    /// The ROM at function level.
    pub fn new() -> Self {
        Self::default()
    }

    /// Addresses below this hold functions that are emulated; 0 when a real ROM image runs.
    pub fn trap_limit(&self) -> u32 {
        ROM_SIZE
    }

    /// Takes a real ROM image.
    pub fn use_image(&mut self, _image: &[u8]) -> Result<(), String> {
        Err("a real boot ROM is not supported yet".to_owned())
    }
}

impl System {
    /// A load from the ROM. `None`: outside.
    pub(crate) fn load_rom(&mut self, _addr: u32, _size: u32) -> Option<u32> {
        None
    }

    /// A processor entered ROM function `trap`.
    pub(crate) fn call_rom(&mut self, _trap: u8, _core: &mut Core) -> RomExit {
        RomExit::Done
    }
}
