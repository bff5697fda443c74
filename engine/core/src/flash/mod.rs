//! A serial NOR flash chip, Winbond W25Q16JV (data sheet revision H), or one of its family with another capacity. Above
//! 16 MB it is a W25Q256JV or W25Q512JV, which has addresses of four bytes as well (W25Q257FV data sheet, the same family).
//!
//! The chip sees four wires and a clock, so a controller can talk to it in any frame format: see [`FlashChip::clock`].
//! Instructions take effect when chip select rises, as in the data sheet (chapter 8); program and erase change the
//! cells at once and keep the chip busy for the typical time of section 9.6.
//!
//! # Fidelity
//! - Exact: the instructions of chapter 8 that are modelled, in their one, two and four line forms with continuous reads;
//!   programming can only clear bits and wraps in its page; status registers, block protection, suspend, power-down.
//! - Program, erase and status writes take the typical time of section 9.6, whatever the cells hold; the cells change at once.
//! - Any other instruction (security registers, block lock of single sectors) is ignored and counted. Wear, the timing of
//!   the lines and the maximum clock are missing.

mod commands;
mod status;
#[cfg(test)]
mod tests;

use crate::memory::Memory;
use crate::time::Ps;
use commands::{plan, plan_of_large, Act, Plan, Width};
use serde::{Deserialize, Serialize};
use status::Status;

/// What the controller must be told after a change of chip select.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// Cells in this range of bytes were changed.
    Changed {
        /// The first byte.
        from: u32,
        /// How many.
        count: u32,
        /// Decoded code is stale, see [`Memory::take_stale`].
        stale: bool,
    },
    /// An instruction that is not modelled.
    Unknown(u8),
    /// Program, erase or a status write without the write enable latch, or into a protected block: ignored by the chip.
    Refused(u8),
}

/// Where in an instruction the chip is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    Instruction,
    Address,
    Mode,
    Dummy(u8),
    Output,
    Input,
    /// Clocks mean nothing until chip select rises.
    Deaf,
}

/// All lines high: nobody drives them, the pull-ups do.
pub const RELEASED: u8 = 0xF;

/// The chip's own state; its cells are in the memories of the chip.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FlashChip {
    size: usize,
    unique_id: [u8; 8],
    status: Status,
    /// Lines of the read instruction that continues (8.2.13, 8.2.14: mode bits M5-4 were 10); 0: none.
    continuous: u8,
    /// The length of its addresses.
    continuous_width: Width,
    /// Bytes of the section in which reads by EBh wrap; 0: they do not.
    section: u8,
    powered_down: bool,
    /// Enable Reset (66h) was the last instruction.
    reset_armed: bool,
    selected: bool,
    phase: Phase,
    plan: Plan,
    /// Bits of the byte or address under way, and how many.
    shift: u32,
    bits: u8,
    address: u32,
    bank: u32,
    /// Bytes given out, or taken in.
    count: u32,
    taken: Vec<u8>,
    report: Option<Report>,
}

impl FlashChip {
    /// A chip of `size` bytes, a power of two.
    pub fn new(size: usize) -> Self {
        assert!(size.is_power_of_two() && size >= 4 << 10, "no flash chip has {size} bytes");
        Self {
            size,
            unique_id: *b"\xE6\x60\x00\x00\x00\x00\x00\x01",
            status: Status::new(size),
            continuous: 0,
            continuous_width: Width::AsTold,
            section: 0,
            powered_down: false,
            reset_armed: false,
            selected: false,
            phase: Phase::Deaf,
            plan: plan(0x05).expect("Read Status Register is an instruction"),
            shift: 0,
            bits: 0,
            address: 0,
            bank: 0,
            count: 0,
            taken: Vec::new(),
            report: None,
        }
    }

    /// Its capacity in bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Makes this chip one of its own: what Read Unique ID (4Bh) answers.
    pub fn set_unique_id(&mut self, id: [u8; 8]) {
        self.unique_id = id;
    }

    /// What Read Unique ID (4Bh) answers.
    pub fn unique_id(&self) -> [u8; 8] {
        self.unique_id
    }

    /// Status registers 1, 2 and 3 at this moment.
    pub fn status(&mut self, now: Ps) -> [u8; 3] {
        self.status.settle(now);
        self.status.bytes()
    }

    /// When the program, erase or status write under way ends. `None`: the chip is ready.
    pub fn busy_until(&mut self, now: Ps) -> Option<Ps> {
        self.status.settle(now);
        self.status.busy_until()
    }

    /// Is a program or an erase under way?
    pub fn works(&mut self, now: Ps) -> bool {
        self.status.settle(now);
        self.status.works()
    }

    /// Is a program or an erase suspended?
    pub fn is_suspended(&self) -> bool {
        self.status.suspended()
    }

    /// As Erase / Program Resume (7Ah), from a time to come.
    pub fn resume_at(&mut self, at: Ps) {
        self.status.resume(at);
    }

    /// The address bits above the 24 of the instructions, for those that have more.
    pub fn set_bank(&mut self, address: u32) {
        self.bank = address & 0xFF00_0000;
    }

    /// Would the next instruction begin with its address, because a read continues?
    pub fn is_continuous(&self) -> bool {
        self.continuous != 0
    }

    /// The chip hears FFh on all lines, as the ROM's exit sequence has it: a read that continues ends.
    pub fn end_continuous(&mut self) {
        self.continuous = 0;
    }

    /// The section in which the present instruction wraps.
    fn section(&self) -> u8 {
        if matches!(self.plan.instruction, 0xEB | 0xEC) {
            self.section
        } else {
            0
        }
    }

    /// The address and the number of lines with which the next clock reads cells, from there on and up. `None`: it
    /// doesn't.
    pub fn reads(&self) -> Option<(u32, u8)> {
        let plain = matches!(self.plan.act, Act::Read) && self.section() == 0;
        let reads = self.phase == Phase::Output && self.bits == 0 && plain;
        reads.then_some((self.address.wrapping_add(self.count), self.plan.data_lanes))
    }

    /// Chip select goes low (true) or high. What must be told comes back.
    pub fn select(&mut self, selected: bool, cells: &mut Memory, now: Ps) -> Option<Report> {
        if selected == self.selected {
            return None;
        }
        self.selected = selected;
        self.status.settle(now);
        if selected {
            self.begin();
        } else if self.bits == 0 {
            self.act(cells, now);
        }
        self.report.take()
    }

    fn begin(&mut self) {
        (self.shift, self.bits, self.count) = (0, 0, 0);
        self.taken.clear();
        self.report = None;
        self.plan.act = Act::Read;
        self.phase = Phase::Instruction;
        // A continued read begins with its address, on the lines of its instruction.
        if self.continuous != 0 && self.status.busy_until().is_none() && !self.powered_down {
            let instruction = if self.continuous == 4 { 0xEB } else { 0xBB };
            let plan = plan(instruction).expect("both are instructions");
            self.plan = Plan { width: self.continuous_width, ..plan };
            self.phase = Phase::Address;
        }
    }

    /// One clock: the levels of IO0 to IO3 in bits 0 to 3, [`RELEASED`] where the controller doesn't drive; back come
    /// the levels that the controller sees. The chip answers on DO (IO1), IO0 and IO1, or all four.
    pub fn clock(&mut self, lines: u8, cells: &Memory, now: Ps) -> u8 {
        match self.phase {
            _ if !self.selected => {}
            // An instruction that is complete and gets more clocks is ignored.
            Phase::Deaf => self.plan.act = Act::Read,
            Phase::Instruction => {
                if self.shift_in(lines, 1, 8) {
                    self.start(self.shift as u8, now);
                }
            }
            Phase::Address => {
                if self.shift_in(lines, self.plan.address_lanes, self.address_bits()) {
                    self.take_address();
                    self.after_address();
                }
            }
            Phase::Mode => {
                if self.shift_in(lines, self.plan.address_lanes, 8) {
                    self.take_mode();
                    self.after_mode();
                }
            }
            Phase::Dummy(1) => self.phase = self.data_phase(),
            Phase::Dummy(left) => self.phase = Phase::Dummy(left - 1),
            Phase::Output => return self.shift_out(cells, now),
            Phase::Input => {
                if self.shift_in(lines, self.plan.data_lanes, 8) {
                    self.take(self.shift as u8);
                }
            }
        }
        RELEASED
    }

    /// Takes the bits of a clock. True: there are `wanted` of them.
    fn shift_in(&mut self, lines: u8, lanes: u8, wanted: u8) -> bool {
        let mask = (1 << lanes) - 1;
        self.shift = self.shift << lanes | u32::from(lines & mask);
        self.bits += lanes;
        let whole = self.bits >= wanted;
        if whole {
            self.bits = 0;
        }
        whole
    }

    fn start(&mut self, instruction: u8, now: Ps) {
        self.status.settle(now);
        let armed = std::mem::replace(&mut self.reset_armed, instruction == 0x66);
        let asleep = self.powered_down && instruction != 0xAB;
        let plan = if self.is_large() { plan_of_large(instruction) } else { plan(instruction) };
        let Some(plan) = plan else {
            self.report = Some(Report::Unknown(instruction));
            self.phase = Phase::Deaf;
            return;
        };
        let needs_quad = plan.address_lanes == 4 || plan.data_lanes == 4;
        let busy = self.status.busy_until().is_some() && !plan.while_busy;
        if asleep || busy || (needs_quad && !self.status.quad_enabled()) || (plan.act == Act::Reset && !armed) {
            self.phase = Phase::Deaf;
            return;
        }
        self.plan = plan;
        if plan.act == Act::UniqueId && self.status.four_bytes() {
            self.plan.dummy += 8;
        }
        self.phase = Phase::Address;
        if !plan.address {
            self.address = 0;
            self.after_address();
        }
    }

    /// Does it have more than the 128 Mbit that three bytes address?
    fn is_large(&self) -> bool {
        self.size > 16 << 20
    }

    fn address_bits(&self) -> u8 {
        match self.plan.width {
            Width::Four => 32,
            Width::AsTold if self.status.four_bytes() => 32,
            _ => 24,
        }
    }

    /// A fourth byte goes into the extended address register too, where the others have it from (7.2).
    fn take_address(&mut self) {
        if self.address_bits() == 32 {
            self.address = self.shift;
            self.bank = self.shift & 0xFF00_0000;
        } else {
            self.address = self.shift & 0xFF_FFFF | self.bank;
        }
    }

    fn take_mode(&mut self) {
        if self.plan.act == Act::SetWrap {
            // W4 is 0: reads wrap, and W6-5 say in how many bytes.
            self.section = if self.shift & 0x10 == 0 { 8 << (self.shift >> 5 & 3) } else { 0 };
        } else {
            let continues = self.shift & 0x30 == 0x20;
            self.continuous = if continues { self.plan.address_lanes } else { 0 };
            self.continuous_width = self.plan.width;
        }
    }

    fn after_address(&mut self) {
        self.shift = 0;
        if self.plan.mode {
            self.phase = Phase::Mode;
        } else {
            self.after_mode();
        }
    }

    fn after_mode(&mut self) {
        self.shift = 0;
        self.phase = if self.plan.dummy > 0 { Phase::Dummy(self.plan.dummy) } else { self.data_phase() };
    }

    fn data_phase(&self) -> Phase {
        match self.plan.act {
            Act::Program | Act::WriteStatus(_) | Act::WriteExtended => Phase::Input,
            act if act.answers() => Phase::Output,
            _ => Phase::Deaf,
        }
    }

    fn shift_out(&mut self, cells: &Memory, now: Ps) -> u8 {
        if self.bits == 0 {
            self.shift = u32::from(self.answer(cells, now));
        }
        let lanes = self.plan.data_lanes;
        self.bits += lanes;
        let data = (self.shift >> (8 - self.bits)) as u8 & ((1 << lanes) - 1);
        if self.bits == 8 {
            self.bits = 0;
            self.count = self.count.wrapping_add(1);
        }
        match lanes {
            1 => RELEASED & !2 | data << 1,
            2 => RELEASED & !3 | data,
            _ => data,
        }
    }

    /// Page Program keeps the last 256 bytes; the address wraps inside the page (8.2.15).
    fn take(&mut self, byte: u8) {
        self.count += 1;
        self.taken.push(byte);
        if self.taken.len() > commands::PAGE {
            self.taken.remove(0);
        }
    }
}
