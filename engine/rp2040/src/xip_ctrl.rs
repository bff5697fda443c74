//! XIP_CTRL and the XIP cache. RP2040 datasheet, section 2.6.3.
//!
//! The cache is 16 KB: two ways of 1024 lines of 8 bytes. Its tags are here; its data are not, because they equal the
//! cells of the flash chip. Where they would not (cells changed under a valid line) the line is remembered, and a read
//! of it before the next flush is counted. Which way a miss replaces is not documented; here they take turns.
//!
//! # Fidelity
//! - Exact: 2 x 1024 lines of 8 bytes, allocation by window, hit and access counters, flush by register and by line,
//!   the cache as SRAM while it is off, streaming FIFO.
//! - Of two ways a miss takes each in turn; the silicon's choice is not documented.
//! - The cells are the data: a stale line cannot be read, its load is counted instead.

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use engine_core::registers::{Bank, Group, Registers, Write};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};

engine_core::registers! {
    /// XIP_CTRL, section 2.6.3.6.
    pub Reg;
    CTRL 0x00 = 0x0000_0003 { POWER_DOWN 3 rw; ERR_BADWRITE 1 rw; EN 0 rw; }
    FLUSH 0x04 = 0x0000_0000 { FLUSH 0 wo; }
    STAT 0x08 = 0x0000_0002 { FIFO_FULL 2 ro; FIFO_EMPTY 1 ro; FLUSH_READY 0 ro; }
    CTR_HIT 0x0C = 0x0000_0000 { CTR_HIT 31:0 w1c; }
    CTR_ACC 0x10 = 0x0000_0000 { CTR_ACC 31:0 w1c; }
    STREAM_ADDR 0x14 = 0x0000_0000 { STREAM_ADDR 31:2 rw; }
    STREAM_CTR 0x18 = 0x0000_0000 { STREAM_CTR 21:0 rw; }
    STREAM_FIFO 0x1C = 0x0000_0000 { STREAM_FIFO 31:0 ro; }
}

const SETS: usize = 1024;
/// Bytes of cache memory.
const SIZE: usize = 16 * 1024;
/// Words of the streaming FIFO, STAT.FIFO_FULL.
const STREAM_DEPTH: usize = 2;
const DREQ_STREAM: u8 = 37;
/// "Just over 1024 clock cycles": one per set (2.6.3.2).
const FLUSH_CYCLES: u64 = 1024 + 2;

const VALID: u16 = 0x8000;
/// In no tag: what a lookup looks for while the cache is off.
const NOWHERE: u16 = 0x4000;

/// What a read costs that goes to the flash chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Path {
    /// Something changed: it must be tried out.
    Unknown,
    /// Cycles for 8 bytes, and for 4.
    Works { line: u32, word: u32 },
}

/// The state of the block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct XipCtrl {
    bank: Bank<Reg>,
    tags: Vec<[u16; 2]>,
    /// The way that the next miss of a set replaces.
    next: Vec<bool>,
    /// Set in what a lookup looks for: VALID or NOWHERE.
    live: u16,
    hits: u64,
    misses: u64,
    hits_cleared: u64,
    accesses_cleared: u64,
    /// Lines that hold what the cells held before they were changed.
    stale: BTreeSet<u32>,
    flush_end: u64,
    pub(crate) path: Path,
    /// The cache's memory while the cache is off.
    sram: Vec<u8>,
    stream: VecDeque<u32>,
    /// The cycle at which the next word of the stream arrives.
    stream_due: Option<u64>,
}

/// What a lookup looks for: bits 23 to 13 of the address, and bit 25, which says that it must not be looked up.
#[inline(always)]
fn tag(addr: u32) -> u16 {
    (addr >> 13 & 0x17FF) as u16
}

#[inline(always)]
fn set(addr: u32) -> usize {
    (addr >> 3) as usize & (SETS - 1)
}

fn line(set: usize, tag: u16) -> u32 {
    u32::from(tag & 0x7FF) << 13 | (set as u32) << 3
}

impl Default for XipCtrl {
    fn default() -> Self {
        Self::new()
    }
}

impl XipCtrl {
    /// The block after reset.
    pub fn new() -> Self {
        Self {
            bank: Bank::new(),
            tags: vec![[0; 2]; SETS],
            next: vec![false; SETS],
            live: VALID,
            hits: 0,
            misses: 0,
            hits_cleared: 0,
            accesses_cleared: 0,
            stale: BTreeSet::new(),
            // The cache flushes itself when it comes out of reset.
            flush_end: FLUSH_CYCLES,
            path: Path::Unknown,
            sram: vec![0; SIZE],
            stream: VecDeque::new(),
            stream_due: None,
        }
    }

    /// Is the line of this address in the cache, and may it be looked up through this window? Counts a hit.
    #[inline(always)]
    pub(crate) fn hit(&mut self, addr: u32) -> bool {
        let wanted = tag(addr) | self.live;
        let [a, b] = self.tags[set(addr)];
        let hit = a == wanted || b == wanted;
        self.hits += u64::from(hit);
        hit
    }

    pub(crate) fn count_miss(&mut self) {
        self.misses += 1;
    }

    pub(crate) fn enabled(&self) -> bool {
        self.live == VALID
    }

    /// The line of this address takes the place of another.
    pub(crate) fn fill(&mut self, addr: u32) {
        let set = set(addr);
        let wanted = tag(addr) & 0x7FF | VALID;
        if self.tags[set].contains(&wanted) {
            return;
        }
        let way = usize::from(self.next[set]);
        self.next[set] = !self.next[set];
        self.tags[set][way] = wanted;
    }

    /// A store through the caching, allocating window: a matching line is dropped (2.6.3.2).
    pub(crate) fn drop_line(&mut self, addr: u32) {
        let wanted = tag(addr) & 0x7FF | VALID;
        for way in &mut self.tags[set(addr)] {
            if *way == wanted {
                *way = 0;
            }
        }
        self.stale.remove(&line(set(addr), wanted));
    }

    /// Do stores to the other windows fault?
    pub(crate) fn faults_bad_writes(&self) -> bool {
        CTRL::ERR_BADWRITE.is_set(self.bank.get(Reg::CTRL))
    }

    /// Cells of the flash chip changed: lines of them are stale.
    pub(crate) fn cells_changed(&mut self, from: u32, count: u32) {
        for (set, ways) in self.tags.iter_mut().enumerate() {
            for way in ways {
                let at = line(set, *way);
                if *way & VALID != 0 && at.wrapping_sub(from) < count {
                    *way = 0;
                    self.stale.insert(at);
                }
            }
        }
    }

    /// Would the real cache have answered this with what the cells held before?
    pub(crate) fn take_stale(&mut self, addr: u32) -> bool {
        !self.stale.is_empty() && self.stale.remove(&(addr & 0xFF_FFF8))
    }

    /// The way to the flash chip must be tried out again.
    pub(crate) fn forget_path(&mut self) {
        self.path = Path::Unknown;
    }

    fn flush(&mut self, cycle: u64) {
        self.tags.fill([0; 2]);
        self.stale.clear();
        self.flush_end = cycle + FLUSH_CYCLES;
    }

    /// Cycles that an access at `cycle` waits for the end of a flush.
    pub(crate) fn flush_wait(&self, cycle: u64) -> u32 {
        self.flush_end.saturating_sub(cycle) as u32
    }

    /// An access waits for the end of a flush: for what comes after it, the flush is over.
    pub(crate) fn wait_for_flush(&mut self, cycle: u64) -> u32 {
        let wait = self.flush_wait(cycle);
        self.flush_end = 0;
        wait
    }

    /// As after reset: empty and on; the flush takes its time.
    pub(crate) fn reset_cache(&mut self, fabric: &mut Fabric) {
        let sram = std::mem::take(&mut self.sram);
        *self = Self { sram, flush_end: fabric.cycle + FLUSH_CYCLES, ..Self::new() };
        fabric.set_dreq(DREQ_STREAM, false);
    }

    fn sram_open(&self) -> bool {
        !self.enabled() && !CTRL::POWER_DOWN.is_set(self.bank.get(Reg::CTRL))
    }

    /// The cache's memory at 0x1500_0000 (2.6.3.4). `None`: the cache is on or without power, a bus error.
    pub fn load_cache_sram(&self, offset: u32) -> Option<u32> {
        let at = offset as usize & (SIZE - 4);
        let word = &self.sram[at..at + 4];
        self.sram_open().then(|| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
    }

    /// A store into the cache's memory; `value` fills all lanes.
    pub fn store_cache_sram(&mut self, offset: u32, value: u32, size: u32) -> Option<()> {
        let at = offset as usize & (SIZE - 1) & !(size as usize - 1);
        let bytes = value.to_le_bytes();
        let open = self.sram_open();
        open.then(|| self.sram[at..at + size as usize].copy_from_slice(&bytes[..size as usize]))
    }

    /// The cycle at which the next word of the stream arrives; `u64::MAX` for never.
    pub(crate) fn stream_due(&self) -> u64 {
        self.stream_due.unwrap_or(u64::MAX)
    }

    /// Address of the next word of the stream, if one is wanted and there is room for it.
    pub(crate) fn stream_wants(&self) -> Option<u32> {
        let wants = self.bank.get(Reg::STREAM_CTR) != 0 && self.stream.len() < STREAM_DEPTH;
        wants.then(|| self.bank.get(Reg::STREAM_ADDR))
    }

    /// The next word of the stream arrives at this cycle.
    pub(crate) fn expect_stream(&mut self, due: Option<u64>) {
        self.stream_due = due;
    }

    /// A word of the stream has arrived.
    pub(crate) fn push_stream(&mut self, word: u32, fabric: &mut Fabric) {
        self.stream.push_back(word);
        self.bank.set(Reg::STREAM_ADDR, self.bank.get(Reg::STREAM_ADDR).wrapping_add(4));
        self.bank.set(Reg::STREAM_CTR, self.bank.get(Reg::STREAM_CTR) - 1);
        fabric.set_dreq(DREQ_STREAM, true);
    }

    fn status(&self, fabric: &Fabric) -> u32 {
        STAT::FIFO_FULL.put(0, (self.stream.len() == STREAM_DEPTH).into())
            | STAT::FIFO_EMPTY.put(0, self.stream.is_empty().into())
            | STAT::FLUSH_READY.put(0, (self.flush_wait(fabric.cycle) == 0).into())
    }
}

impl Block for XipCtrl {
    const GROUPS: &'static [Group] = &[Group::one("XIP_CTRL", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if Reg::at(offset) == Some(Reg::STREAM_FIFO) {
            let word = self.stream.pop_front().unwrap_or(0);
            fabric.set_dreq(DREQ_STREAM, !self.stream.is_empty());
            return word;
        }
        if Reg::at(offset).is_none() {
            return undeclared("XIP_CTRL", offset, fabric);
        }
        self.peek(offset, fabric)
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        let saturated = |count: u64| count.min(u32::MAX.into()) as u32;
        match Reg::at(offset) {
            Some(Reg::STAT) => self.status(fabric),
            Some(Reg::CTR_HIT) => saturated(self.hits - self.hits_cleared),
            Some(Reg::CTR_ACC) => saturated(self.hits + self.misses - self.accesses_cleared),
            Some(Reg::STREAM_FIFO) => self.stream.front().copied().unwrap_or(0),
            Some(register) => self.bank.load(register),
            None => 0,
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let Some(register) = Reg::at(offset) else {
            undeclared("XIP_CTRL", offset, fabric);
            return;
        };
        self.bank.store(register, write, "XIP_CTRL", &mut fabric.gaps);
        match register {
            Reg::CTRL => {
                // POWER_DOWN forces EN to 0.
                if CTRL::POWER_DOWN.is_set(self.bank.get(Reg::CTRL)) {
                    self.bank.set_field(Reg::CTRL, CTRL::EN, 0);
                }
                let on = CTRL::EN.is_set(self.bank.get(Reg::CTRL));
                self.live = if on { VALID } else { NOWHERE };
            }
            Reg::FLUSH if FLUSH::FLUSH.is_set(write.raw) => self.flush(fabric.cycle),
            Reg::CTR_HIT => self.hits_cleared = self.hits,
            Reg::CTR_ACC => self.accesses_cleared = self.hits + self.misses,
            // A store halts the stream and drops the read under way; a count other than 0 starts a new one.
            Reg::STREAM_CTR => self.stream_due = None,
            _ => {}
        }
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        self.reset_cache(fabric);
    }
}
