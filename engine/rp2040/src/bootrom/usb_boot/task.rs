//! What the interface and the drive ask the processor to do. One task of each waits at a time.

use super::disk::is_within;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// A page of flash.
pub const PAGE: u32 = 256;
/// A sector of flash.
pub const SECTOR: u32 = 4096;

/// The ROM takes the address behind an area for one of it.
pub const RAM: RangeInclusive<u32> = 0x2000_0000..=0x2004_2000;
/// The cache's SRAM, with the cache off.
pub const XIP_SRAM: RangeInclusive<u32> = 0x1500_0000..=0x1500_4000;
/// Flash, by its address in XIP.
pub const FLASH: RangeInclusive<u32> = 0x1000_0000..=0x2000_0000;
const ROM: RangeInclusive<u32> = 0..=0x4000;

/// How a command ended: dStatusCode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum Status {
    /// Well.
    Ok = 0,
    /// There is no such command.
    UnknownCmd = 1,
    /// bCmdSize is not the command's.
    InvalidCmdLength = 2,
    /// dTransferLength is not the command's.
    InvalidTransferLength = 3,
    /// Nothing can be done there.
    InvalidAddress = 4,
    /// The address or the size is none of a page or sector.
    BadAlignment = 5,
    /// The drive and the interface wrote by turns.
    InterleavedWrite = 6,
    /// The chip is about to start again.
    Rebooting = 7,
    /// Something else.
    UnknownError = 8,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// The drive.
    Drive,
    /// PICOBOOT.
    Picoboot,
}

/// What is to be done, in the order of the fields.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Task {
    /// Who asks.
    pub source: Source,
    /// Which of its commands.
    pub token: u32,
    /// The drive is shut (1), and ejected (2), or open again (0).
    pub exclusive: Option<u8>,
    /// The flash functions are to be called through a table at this address.
    pub vectorize: Option<u32>,
    /// The flash chip listens to commands.
    pub exit_xip: bool,
    /// A function is called.
    pub exec: Option<u32>,
    /// Nobody else may have written since the last task of this source.
    pub same_source: bool,
    /// Sectors are erased: address and size.
    pub erase: Option<(u32, u32)>,
    /// Bytes are written.
    pub write: Option<(u32, Vec<u8>)>,
    /// So many bytes are read.
    pub read: Option<(u32, u32)>,
}

/// A step of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// `connect_internal_flash`.
    Connect,
    /// `flash_exit_xip`.
    ExitXip,
    /// Firmware's function.
    Exec(u32),
    /// A sector of flash, by its offset.
    Erase(u32),
    /// A page of flash.
    Program(u32, Vec<u8>),
    /// Bytes of flash.
    ReadFlash(u32, u32),
    /// Memory.
    Store(u32, Vec<u8>),
    /// Memory.
    Load(u32, u32),
}

impl Task {
    /// A task that does nothing.
    pub fn of(source: Source) -> Self {
        Self {
            source,
            token: 0,
            exclusive: None,
            vectorize: None,
            exit_xip: false,
            exec: None,
            same_source: false,
            erase: None,
            write: None,
            read: None,
        }
    }

    fn is_memory(addr: u32, count: u32) -> bool {
        is_within(&RAM, addr, count) || is_within(&XIP_SRAM, addr, count)
    }

    /// The steps up to the first that cannot be done, and how it ends then. `last` is who wrote last.
    pub fn steps(&self, last: &mut Option<Source>) -> (Vec<Step>, Status) {
        let mut steps = Vec::new();
        if self.exit_xip {
            steps.extend([Step::Connect, Step::ExitXip]);
        }
        steps.extend(self.exec.map(Step::Exec));
        if self.erase.is_some() || self.write.is_some() {
            if self.same_source && *last != Some(self.source) {
                return (steps, Status::InterleavedWrite);
            }
            *last = Some(self.source);
        }
        if let Some((addr, size)) = self.erase {
            if (addr | size) % SECTOR != 0 {
                return (steps, Status::BadAlignment);
            }
            if !is_within(&FLASH, addr, size) {
                return (steps, Status::InvalidAddress);
            }
            steps.extend((addr..addr + size).step_by(SECTOR as usize).map(|at| Step::Erase(at - FLASH.start())));
        }
        let written = self.write.as_ref().map(|(addr, data)| (*addr, data.len() as u32));
        if let Some((addr, count)) = written.or(self.read) {
            let in_rom = self.read.is_some() && is_within(&ROM, addr, count);
            let is_memory = Self::is_memory(addr, count) || in_rom;
            if !is_memory && !is_within(&FLASH, addr, count) {
                return (steps, Status::InvalidAddress);
            }
            if !is_memory && addr % PAGE != 0 {
                return (steps, Status::BadAlignment);
            }
            let offset = addr.wrapping_sub(*FLASH.start());
            steps.push(match (&self.write, is_memory) {
                (Some((_, data)), true) => Step::Store(addr, data.clone()),
                (Some((_, data)), false) => Step::Program(offset, data.clone()),
                (None, true) => Step::Load(addr, count),
                (None, false) => Step::ReadFlash(offset, count),
            });
        }
        (steps, Status::Ok)
    }
}
