//! Status registers: W25Q16JV data sheet, chapter 7; of chips above 128 Mbit W25Q257FV, chapter 7.

use crate::time::Ps;
use serde::{Deserialize, Serialize};

const BUSY: u8 = 1 << 0;
const WEL: u8 = 1 << 1;
const BP: u8 = 7 << 2;
const TB: u8 = 1 << 5;
const SEC: u8 = 1 << 6;
const QE: u8 = 1 << 1;
const CMP: u8 = 1 << 6;
const SUS: u8 = 1 << 7;
/// Register 3 of chips above 128 Mbit: addresses of four bytes, now and from a reset on.
const ADS: u8 = 1 << 0;
const ADP: u8 = 1 << 1;
/// Register 1 of those: four bits instead of three, and the bit behind them.
const BP_LARGE: u8 = 15 << 2;
const TB_LARGE: u8 = 1 << 6;

/// Bits that a status write can change, by register. The lock bits LB3-1 of register 2 are one-time programmable.
const WRITABLE: [u8; 3] = [0xFC, 0x7B, 0x64];

/// What keeps the chip busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Work {
    Program,
    Erase,
    Status,
    Reset,
}

/// Registers, write enable latch, and the work under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Status {
    size: usize,
    registers: [u8; 3],
    /// What a reset brings back: the registers as they were last written for good.
    stored: [u8; 3],
    volatile: bool,
    /// Addresses have four bytes.
    four_bytes: bool,
    work: Option<(Work, Ps)>,
    /// Time left of suspended work.
    suspended: Option<(Work, Ps)>,
}

impl Status {
    /// The -IQ parts, which boards carry, leave the factory with quad enabled; output drive 25 %.
    pub(super) fn new(size: usize) -> Self {
        let registers = [0, QE, 0x60];
        Self { size, registers, stored: registers, volatile: false, four_bytes: false, work: None, suspended: None }
    }

    pub(super) fn bytes(&self) -> [u8; 3] {
        let [one, two, three] = self.registers;
        let busy = if self.work.is_some() { BUSY } else { 0 };
        let suspended = if self.suspended.is_some() { SUS } else { 0 };
        [one | busy, two | suspended, three | if self.four_bytes { ADS } else { 0 }]
    }

    fn is_large(&self) -> bool {
        self.size > 16 << 20
    }

    pub(super) fn four_bytes(&self) -> bool {
        self.four_bytes
    }

    pub(super) fn set_four_bytes(&mut self, on: bool) {
        self.four_bytes = on;
    }

    /// Brings the work under way up to now. The write enable latch falls with the end of what it allowed.
    pub(super) fn settle(&mut self, now: Ps) {
        if let Some((_, end)) = self.work {
            if now >= end {
                self.work = None;
                self.registers[0] &= !WEL;
            }
        }
    }

    pub(super) fn busy_until(&self) -> Option<Ps> {
        self.work.map(|(_, end)| end)
    }

    pub(super) fn quad_enabled(&self) -> bool {
        self.registers[1] & QE != 0
    }

    pub(super) fn write_enable(&mut self, on: bool) {
        self.registers[0] = self.registers[0] & !WEL | if on { WEL } else { 0 };
    }

    /// Write Enable for Volatile Status Register (50h): the next status write takes no time and no latch.
    pub(super) fn enable_volatile(&mut self) {
        self.volatile = true;
    }

    /// A status write; a second byte after 01h goes into register 2. False: it was not enabled.
    pub(super) fn write(&mut self, register: u8, bytes: &[u8], now: Ps, time: Ps) -> bool {
        let volatile = std::mem::take(&mut self.volatile);
        if !volatile && self.registers[0] & WEL == 0 {
            return false;
        }
        for (n, byte) in (usize::from(register)..3).zip(bytes.iter().take(if register == 0 { 2 } else { 1 })) {
            let writable = WRITABLE[n] | if n == 2 && self.is_large() { ADP } else { 0 };
            self.registers[n] = self.registers[n] & !writable | byte & writable;
            if !volatile {
                self.stored[n] = self.registers[n] & writable;
            }
        }
        if !volatile {
            self.start(Work::Status, now + time);
        }
        true
    }

    pub(super) fn start(&mut self, work: Work, end: Ps) {
        self.work = Some((work, end));
    }

    /// Is a program or an erase under way, which a suspension can stop?
    pub(super) fn works(&self) -> bool {
        matches!(self.work, Some((Work::Program | Work::Erase, _)))
    }

    pub(super) fn suspended(&self) -> bool {
        self.suspended.is_some()
    }

    /// Erase / Program Suspend (75h): the chip is ready after tSUS.
    pub(super) fn suspend(&mut self, now: Ps, time: Ps) {
        if let Some((work @ (Work::Program | Work::Erase), end)) = self.work {
            if self.suspended.is_none() {
                self.suspended = Some((work, end.saturating_sub(now)));
                self.work = Some((Work::Reset, now + time));
            }
        }
    }

    pub(super) fn resume(&mut self, now: Ps) {
        if let Some((work, left)) = self.suspended.take() {
            self.work = Some((work, now + left));
        }
    }

    /// Software reset: latches, what was written for a while only, and suspended work are gone.
    pub(super) fn reset(&mut self, now: Ps, time: Ps) {
        self.registers = self.stored;
        self.volatile = false;
        self.four_bytes = self.registers[2] & ADP != 0;
        self.suspended = None;
        self.work = Some((Work::Reset, now + time));
    }

    pub(super) fn write_enabled(&self) -> bool {
        self.registers[0] & WEL != 0
    }

    /// Is the latch set, and no byte of the range protected?
    pub(super) fn may_write(&self, from: usize, count: usize) -> bool {
        let (start, end) = self.protected();
        self.write_enabled() && (from + count <= start || from >= end || start == end)
    }

    /// The protected range, table 7.1.14: a block of 4 KB or 64 KB times a power of two, at the top or the bottom.
    /// CMP turns it around: what is then protected lies at one end too.
    fn protected(&self) -> (usize, usize) {
        let (bottom, size) = if self.is_large() { self.protected_of_large() } else { self.protected_of_small() };
        let (bottom, size) = if self.registers[1] & CMP != 0 { (!bottom, self.size - size) } else { (bottom, size) };
        if bottom {
            (0, size)
        } else {
            (self.size - size, self.size)
        }
    }

    /// Table 7.1.16 of the large ones: blocks of 64 KB times a power of two, or all.
    fn protected_of_large(&self) -> (bool, usize) {
        let size = match u32::from((self.registers[0] & BP_LARGE) >> 2) {
            0 => 0,
            bits => (64 << 10 << (bits - 1)).min(self.size),
        };
        (self.registers[0] & TB_LARGE != 0, size)
    }

    /// At the bottom, and how much.
    fn protected_of_small(&self) -> (bool, usize) {
        let bits = u32::from((self.registers[0] & BP) >> 2);
        let size = match (bits, self.registers[0] & SEC != 0) {
            (0, _) => 0,
            (7, _) | (6, false) => self.size,
            (bits, true) => (4 << 10 << (bits - 1)).min(32 << 10),
            (bits, false) => (self.size >> 5) << (bits - 1),
        };
        (self.registers[0] & TB != 0, size)
    }
}
