//! The boot ROM at function level. RP2040 datasheet, section 2.8; a ROM of version 3 (chips B2).
//!
//! The image has the shape that software relies on: vector table, `Mu` header, the two tables of two-letter codes.
//! Its functions are two instructions, `UDF #n` and `BX LR`: the processor traps on the first, the function is
//! performed here on its registers and memory, time is charged, and the second returns as any code does. What waits
//! or must keep the order of the two processors (the start of core 1, the table lookup) is Thumb code of our own.
//!
//! A real ROM image can stand in its place, [`Bootrom::with_image`]; then nothing is trapped.
//!
//! # Fidelity
//! - Exact: the tables and what every function does; the bit, memory and flash functions, the start of core 1, the search
//!   for a second stage and its CRC.
//! - Floating point: arithmetic and conversions bit for bit; of 20000 random arguments no sine further than 2^-23 (double:
//!   2^-53) from a B1 ROM's, no exponential further than one unit in the last place.
//! - Time: for floating point the average of a B1 ROM's own code over random operands, whatever the operands; counted loops
//!   for memory; SSI clocks and the flash chip for flash. The second stage begins within 1 % of a B1 ROM's cycle.
//! - USB boot: the drive, UF2 files and PICOBOOT by the ROM's own functions, as a device at function level. Where flash
//!   holds no image the run ends once and says why; it may go on.
//! - Missing: VECTORIZE_FLASH and the activity pin of USB boot, the bits it keeps in the cache's SRAM; ROM code copied into
//!   RAM.

mod boot;
mod double;
mod exact;
mod flash;
mod float;
mod image;
mod memory;
mod soft;
#[cfg(test)]
mod soft_tests;
#[cfg(test)]
mod tests;
mod usb_boot;

use crate::system::System;
use armv6m::Core;
use image::Function;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
pub use usb_boot::UsbBoot;

/// 16 KB from address 0.
pub const ROM_SIZE: u32 = 0x4000;

/// The ROM: its image.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Bootrom {
    image: Arc<Vec<u8>>,
    real: bool,
}

/// What a ROM function asks of the run loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RomExit {
    /// Go on.
    Done,
    /// The processor waits for an event and then enters the function again.
    Wait,
    /// Flash holds no valid image, so the chip is a USB device from here on: the sentence for the report.
    UsbBoot(String),
}

impl Default for Bootrom {
    fn default() -> Self {
        Self::new()
    }
}

impl Bootrom {
    /// The ROM at function level.
    pub fn new() -> Self {
        Self { image: Arc::new(image::build()), real: false }
    }

    /// A real ROM image, 16 KB from address 0.
    pub fn with_image(image: &[u8]) -> Result<Self, String> {
        let mut rom = Self::new();
        rom.use_image(image)?;
        Ok(rom)
    }

    /// Takes a real ROM image.
    pub fn use_image(&mut self, image: &[u8]) -> Result<(), String> {
        if image.len() != ROM_SIZE as usize {
            return Err(format!("a boot ROM of the RP2040 has {ROM_SIZE} bytes, this file has {}", image.len()));
        }
        if image[0x10..0x13] != *b"Mu\x01" {
            let found = &image[0x10..0x13];
            return Err(format!("a boot ROM of the RP2040 has 'M', 'u', 1 at 0x10, this file has {found:02X?}"));
        }
        self.image = Arc::new(image.to_vec());
        self.real = true;
        Ok(())
    }

    /// Addresses below this hold functions that are emulated; 0 when a real ROM image runs.
    pub fn trap_limit(&self) -> u32 {
        if self.real {
            0
        } else {
            ROM_SIZE
        }
    }

    /// The addresses of the instructions that stand for a function; none in a real ROM.
    pub fn traps(&self) -> Vec<u32> {
        (0..ROM_SIZE).step_by(2).filter(|addr| self.trap_at(*addr).is_some()).collect()
    }

    /// The function that the instruction at an address stands for. Nothing else in the image looks like `UDF`: tables hold
    /// letters and addresses in the ROM.
    pub fn trap_at(&self, addr: u32) -> Option<u8> {
        let half = self.image.get(addr as usize..addr as usize + 2).filter(|_| !self.real)?;
        (half[1] == 0xDE && Function::of(half[0]).is_some()).then_some(half[0])
    }

    /// Where a function of our own ROM is.
    fn address_of(&self, trap: u8) -> u32 {
        (0..ROM_SIZE).step_by(2).find(|addr| self.trap_at(*addr) == Some(trap)).unwrap_or(image::DEAD)
    }

    /// All of the image.
    pub fn bytes(&self) -> &[u8] {
        &self.image
    }
}

/// Cycles of the `BX LR` that follows a trap.
const RETURN: u16 = 2;

/// How a function ended.
enum Outcome {
    /// It returns to its caller.
    Return,
    /// It is entered again when the processor runs on: interrupts and the other processor come in between.
    Again,
    /// The processor goes on at this address (bit 0 set).
    Jump(u32),
    /// It is entered again when an event comes.
    Wait,
    /// USB boot because flash cannot be booted, and why.
    UsbBoot(String),
}

impl System {
    /// A load from the ROM. `None`: outside.
    #[inline]
    pub(crate) fn load_rom(&mut self, addr: u32, size: u32) -> Option<u32> {
        let (at, size) = (addr as usize, size as usize);
        let bytes = self.dev.bootrom.image.get(at..at + size)?;
        Some(bytes.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte)))
    }

    /// A processor entered ROM function `trap`.
    pub(crate) fn call_rom(&mut self, trap: u8, core: &mut Core) -> RomExit {
        let Some(function) = Function::of(trap) else {
            unreachable!("UDF #{trap} is not in the image");
        };
        let outcome = match function {
            Function::Boot => self.boot(core),
            Function::BootFromFlash => self.boot_from_flash(core),
            Function::TrySecondStage => self.try_second_stage(core),
            Function::ClearNmi => self.clear_nmi(core),
            Function::ResetToUsbBoot => self.reset_to_usb_boot(core),
            Function::EnterUsbBoot => self.enter_usb_boot(core),
            Function::UsbBootLoop => self.usb_boot_loop(core),
            Function::Float(operation) => float::call(operation, core),
            Function::Double(operation) => double::call(operation, core),
            Function::Bits(_) | Function::Memory(_) => self.call_memory(function, core),
            Function::Flash(function) => self.call_flash(function, core),
        };
        match outcome {
            Outcome::Return => {
                let next = core.regs[15] + 2;
                core.branch_exchange(next | 1);
            }
            Outcome::Again => {}
            Outcome::Jump(target) => core.branch_exchange(target),
            Outcome::Wait => return RomExit::Wait,
            Outcome::UsbBoot(why) => {
                if let Outcome::Jump(target) = self.to_usb_boot(core, 0) {
                    core.branch_exchange(target);
                }
                return RomExit::UsbBoot(why);
            }
        }
        RomExit::Done
    }

    /// May this processor touch what the other can see? Not while the other is behind.
    fn has_turn(&self, core: &Core) -> bool {
        core.cycle < self.other_cycle || (core.cycle == self.other_cycle && self.core == 0)
    }
}
