//! Execute in place: flash in the address map, through the cache or around it. RP2040 datasheet, section 2.6.3.

use crate::system::System;
use armv6m::Beat;

const WINDOW: u32 = 0x00FF_FFFF;

impl System {
    fn flash_offset(&self, addr: u32) -> usize {
        (addr & WINDOW) as usize % self.mem.flash.size()
    }

    /// A load from one of the four windows at 0x1000_0000, 0x1100_0000, 0x1200_0000 and 0x1300_0000.
    pub(crate) fn load_xip(&mut self, addr: u32, size: u32) -> Option<Beat> {
        let offset = self.flash_offset(addr);
        let value = match size {
            1 => self.mem.flash.read8(offset),
            2 => self.mem.flash.read16(offset),
            _ => self.mem.flash.read32(offset),
        };
        Some(Beat { value, cycles: 1 })
    }

    /// A store into the windows: faults, or touches the cache where the alias allows it.
    pub(crate) fn store_xip(&mut self, _addr: u32, _size: u32) -> Option<u32> {
        None
    }

    /// An instruction half-word for the decoder.
    pub(crate) fn fetch_xip(&mut self, addr: u32) -> Option<u16> {
        if addr >> 26 != 4 {
            return None;
        }
        Some(self.mem.flash.read16(self.flash_offset(addr)) as u16)
    }

    /// Extra cycles of an instruction fetch.
    pub(crate) fn fetch_xip_cycles(&mut self, _addr: u32) -> u32 {
        0
    }

    /// Code was decoded from flash.
    pub(crate) fn watch_flash_code(&mut self, addr: u32) {
        let offset = self.flash_offset(addr);
        self.mem.flash.watch_code(offset);
    }
}
