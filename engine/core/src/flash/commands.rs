//! The instruction set: W25Q16JV data sheet, chapter 8; of chips above 128 Mbit W25Q257FV and W25Q256JV, chapter 8.

use super::status::Work;
use super::{FlashChip, Phase, Report};
use crate::memory::Memory;
use crate::time::{Ps, MICROSECOND};
use serde::{Deserialize, Serialize};

pub(super) const PAGE: usize = 256;

const MILLISECOND: Ps = 1000 * MICROSECOND;

// Typical times of section 9.6, AC electrical characteristics.
const PAGE_PROGRAM: Ps = 400 * MICROSECOND;
const SECTOR_ERASE: Ps = 45 * MILLISECOND;
const BLOCK_32K_ERASE: Ps = 120 * MILLISECOND;
const BLOCK_64K_ERASE: Ps = 150 * MILLISECOND;
/// For 16 Mbit; larger chips take longer in proportion.
const CHIP_ERASE: Ps = 5000 * MILLISECOND;
const WRITE_STATUS: Ps = 10 * MILLISECOND;
const RESET: Ps = 30 * MICROSECOND;
const SUSPEND: Ps = 20 * MICROSECOND;

/// What an instruction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Act {
    Read,
    ReadStatus(u8),
    JedecId,
    ManufacturerId,
    /// Release Power-down, and the device id.
    Release,
    UniqueId,
    Sfdp,
    WriteEnable(bool),
    /// Write enable for a volatile status write (50h).
    VolatileEnable,
    WriteStatus(u8),
    /// Addresses of four bytes for all instructions, or of three (B7h, E9h).
    FourBytes(bool),
    /// The register that has their fourth byte otherwise.
    ReadExtended,
    WriteExtended,
    /// Set Burst with Wrap (77h): its mode bits say how later reads by EBh wrap.
    SetWrap,
    Program,
    Erase(u32),
    EraseChip,
    Suspend,
    Resume,
    EnableReset,
    Reset,
    PowerDown,
    /// FFh: nothing, but ends a read that continues when it comes on all lines (8.2.14).
    Nothing,
}

impl Act {
    /// Does the chip drive data?
    pub(super) fn answers(self) -> bool {
        use Act::*;
        matches!(self, Read | ReadStatus(_) | JedecId | ManufacturerId | Release | UniqueId | Sfdp | ReadExtended)
    }
}

/// How long an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Width {
    /// Three bytes, or four where the chip is told so (B7h).
    AsTold,
    /// Always three.
    Three,
    /// Always four.
    Four,
}

/// The course of an instruction: tables 8.1.2 to 8.1.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Plan {
    pub(super) instruction: u8,
    pub(super) act: Act,
    /// An address follows on this many lines.
    pub(super) address: bool,
    pub(super) width: Width,
    pub(super) address_lanes: u8,
    /// Mode bits M7-0 follow.
    pub(super) mode: bool,
    /// Clocks without meaning follow.
    pub(super) dummy: u8,
    pub(super) data_lanes: u8,
    /// Accepted while the chip is busy.
    pub(super) while_busy: bool,
}

/// The course of an instruction. `None`: it is not modelled, or there is none with this code.
pub(super) fn plan(instruction: u8) -> Option<Plan> {
    use Act::*;
    let plain = |act| Plan {
        instruction,
        act,
        address: false,
        width: Width::AsTold,
        address_lanes: 1,
        mode: false,
        dummy: 0,
        data_lanes: 1,
        while_busy: false,
    };
    let at = |act| Plan { address: true, ..plain(act) };
    let always = |act| Plan { while_busy: true, ..plain(act) };
    Some(match instruction {
        0x03 => at(Read),
        0x0B => Plan { dummy: 8, ..at(Read) },
        0x3B => Plan { dummy: 8, data_lanes: 2, ..at(Read) },
        0x6B => Plan { dummy: 8, data_lanes: 4, ..at(Read) },
        0xBB => Plan { address_lanes: 2, mode: true, data_lanes: 2, ..at(Read) },
        0xEB => Plan { address_lanes: 4, mode: true, dummy: 4, data_lanes: 4, ..at(Read) },
        0x77 => Plan { address_lanes: 4, mode: true, ..at(SetWrap) },
        0x9F => plain(JedecId),
        0x90 => Plan { width: Width::Three, ..at(ManufacturerId) },
        0xAB => Plan { width: Width::Three, ..at(Release) },
        0x4B => Plan { dummy: 32, ..plain(UniqueId) },
        0x5A => Plan { dummy: 8, ..at(Sfdp) },
        0x05 => always(ReadStatus(0)),
        0x35 => always(ReadStatus(1)),
        0x15 => always(ReadStatus(2)),
        0x06 => plain(WriteEnable(true)),
        0x04 => plain(WriteEnable(false)),
        0x50 => plain(VolatileEnable),
        0x01 => plain(WriteStatus(0)),
        0x31 => plain(WriteStatus(1)),
        0x11 => plain(WriteStatus(2)),
        0x02 => at(Program),
        0x32 => Plan { data_lanes: 4, ..at(Program) },
        0x20 => at(Erase(4 << 10)),
        0x52 => at(Erase(32 << 10)),
        0xD8 => at(Erase(64 << 10)),
        0xC7 | 0x60 => plain(EraseChip),
        0x75 => always(Suspend),
        0x7A => plain(Resume),
        0x66 => always(EnableReset),
        0x99 => always(Reset),
        0xB9 => plain(PowerDown),
        0xFF => always(Nothing),
        _ => return None,
    })
}

/// The instructions that chips above 128 Mbit have besides: a mode, and others with addresses of four bytes always.
pub(super) fn plan_of_large(instruction: u8) -> Option<Plan> {
    let like = |other| plan(other).map(|plan| Plan { instruction, width: Width::Four, ..plan });
    let plain = |act| plan(0x06).map(|plan| Plan { instruction, act, ..plan });
    match instruction {
        0xB7 => plain(Act::FourBytes(true)),
        0xE9 => plain(Act::FourBytes(false)),
        0xC8 => plain(Act::ReadExtended),
        0xC5 => plain(Act::WriteExtended),
        0x13 => like(0x03),
        0x0C => like(0x0B),
        0x3C => like(0x3B),
        0x6C => like(0x6B),
        0xBC => like(0xBB),
        0xEC => like(0xEB),
        0x12 => like(0x02),
        0x34 => like(0x32),
        0x21 => like(0x20),
        0xDC => like(0xD8),
        _ => plan(instruction),
    }
}

/// JESD216, basic flash parameter table of nine words at 0x80, behind the header: what a controller asks to learn
/// the density, the erase sizes and the fast reads of a chip (8.2.29).
fn sfdp(size: usize, at: u32) -> u8 {
    const HEADER: [u8; 16] = *b"SFDP\x05\x01\x00\xFF\x00\x05\x01\x09\x80\x00\x00\xFF";
    let density = (size as u32).wrapping_mul(8).wrapping_sub(1);
    let words: [u32; 9] = [
        // 4 KB erase by 20h, 64-byte writes, reads 1-1-2, 1-2-2, 1-4-4, 1-1-4, three address bytes.
        0xFFF1_20E5,
        density,
        // 1-4-4 by EBh with 2 mode and 4 dummy clocks, 1-1-4 by 6Bh with 8.
        0x6B08_EB44,
        // 1-1-2 by 3Bh with 8 dummy clocks, 1-2-2 by BBh with 4 mode clocks.
        0xBB80_3B08,
        0xFFFF_FFEE,
        0xFF00_FFFF,
        0xFF00_FFFF,
        // 4 KB by 20h, 32 KB by 52h, 64 KB by D8h.
        0x520F_200C,
        0xFF00_D810,
    ];
    match at {
        0..=0x0F => HEADER[at as usize],
        0x80..=0xA3 => words[(at as usize - 0x80) / 4].to_le_bytes()[at as usize % 4],
        _ => 0xFF,
    }
}

impl FlashChip {
    /// Capacity as the ids have it: the logarithm of the bytes, and from 512 Mbit on as W25Q512JV has it, 20h.
    fn capacity(&self) -> u8 {
        let bits = self.size.trailing_zeros() as u8;
        if bits < 26 {
            bits
        } else {
            bits - 26 + 0x20
        }
    }

    /// Which cell the `n`th byte of a read comes from: quad reads may stay in a section of 8 to 64 bytes.
    fn cell(&self, n: usize) -> usize {
        let at = self.address as usize;
        let section = usize::from(self.section());
        if section == 0 {
            return (at + n) % self.size;
        }
        (at & !(section - 1) | (at + n) & (section - 1)) % self.size
    }

    /// The next byte that the chip gives out.
    pub(super) fn answer(&mut self, cells: &Memory, now: Ps) -> u8 {
        const WINBOND: u8 = 0xEF;
        let n = self.count as usize;
        let device = self.capacity() - 1;
        match self.plan.act {
            Act::Read => cells.read8(self.cell(n)) as u8,
            Act::ReadStatus(register) => {
                self.status.settle(now);
                self.status.bytes()[usize::from(register)]
            }
            Act::ReadExtended => (self.bank >> 24) as u8,
            Act::JedecId => [WINBOND, 0x40, self.capacity()][n % 3],
            Act::ManufacturerId => [WINBOND, device][(n + self.address as usize) % 2],
            Act::Release => device,
            Act::UniqueId => self.unique_id[n % 8],
            Act::Sfdp => sfdp(self.size, self.address.wrapping_add(self.count) & 0xFF_FFFF),
            _ => 0xFF,
        }
    }

    /// Chip select has risen on a byte boundary: what the instruction asked for happens.
    pub(super) fn act(&mut self, cells: &mut Memory, now: Ps) {
        let complete = match self.phase {
            Phase::Instruction | Phase::Address | Phase::Mode | Phase::Dummy(_) => self.plan.act == Act::Release,
            Phase::Deaf => !self.plan.act.answers() && self.report.is_none(),
            Phase::Output | Phase::Input => true,
        };
        let phase = std::mem::replace(&mut self.phase, Phase::Deaf);
        if !complete || phase == Phase::Instruction {
            return;
        }
        let act = std::mem::replace(&mut self.plan.act, Act::Read);
        match act {
            Act::WriteEnable(on) => self.status.write_enable(on),
            Act::VolatileEnable => self.status.enable_volatile(),
            Act::WriteStatus(register) => {
                if !self.status.write(register, &self.taken, now, WRITE_STATUS) {
                    self.refuse();
                }
            }
            Act::FourBytes(on) => self.status.set_four_bytes(on),
            Act::WriteExtended => {
                if let Some(byte) = self.taken.last().filter(|_| self.status.write_enabled()) {
                    self.bank = u32::from(*byte) << 24;
                    self.status.write_enable(false);
                } else {
                    self.refuse();
                }
            }
            Act::Program => self.program(cells, now),
            Act::Erase(size) => {
                let from = self.address as usize % self.size & !(size as usize - 1);
                let time = match size {
                    0x1000 => SECTOR_ERASE,
                    0x8000 => BLOCK_32K_ERASE,
                    _ => BLOCK_64K_ERASE,
                };
                self.erase(from, size as usize, time, cells, now);
            }
            Act::EraseChip => self.erase(0, self.size, CHIP_ERASE * (self.size as u64 >> 20).max(2) / 2, cells, now),
            Act::Suspend => self.status.suspend(now, SUSPEND),
            Act::Resume => self.status.resume(now),
            Act::Reset => {
                self.continuous = 0;
                self.section = 0;
                self.bank = 0;
                self.powered_down = false;
                self.status.reset(now, RESET);
            }
            Act::PowerDown => self.powered_down = true,
            Act::Release => self.powered_down = false,
            Act::EnableReset | Act::Nothing | Act::SetWrap => {}
            act => debug_assert!(act.answers(), "{act:?} does nothing at the end"),
        }
    }

    fn refuse(&mut self) {
        self.report = Some(Report::Refused(self.plan.instruction));
    }

    /// Bits go from 1 to 0 only; bytes behind the end of the page begin at its start again (8.2.15).
    fn program(&mut self, cells: &mut Memory, now: Ps) {
        let page = self.address as usize % self.size & !(PAGE - 1);
        if self.taken.is_empty() {
            return;
        }
        if !self.status.may_write(page, PAGE) {
            return self.refuse();
        }
        let mut bytes = cells.bytes()[page..page + PAGE].to_vec();
        let first = self.count as usize - self.taken.len() + self.address as usize;
        for (n, byte) in self.taken.iter().enumerate() {
            bytes[(first + n) % PAGE] &= byte;
        }
        let stale = cells.write(page, &bytes);
        self.status.start(Work::Program, now + PAGE_PROGRAM);
        self.report = Some(Report::Changed { from: page as u32, count: PAGE as u32, stale });
    }

    fn erase(&mut self, from: usize, count: usize, time: Ps, cells: &mut Memory, now: Ps) {
        let count = count.min(self.size);
        if !self.status.may_write(from, count) || self.status.suspended() {
            return self.refuse();
        }
        let stale = cells.write(from, &vec![0xFF; count]);
        self.status.start(Work::Erase, now + time);
        self.report = Some(Report::Changed { from: from as u32, count: count as u32, stale });
    }
}
