//! Decoded instruction memory, shared by all cores of a chip. It is a cache: it can be dropped at
//! any time and is not part of a saved state.

use std::collections::BTreeSet;

use crate::decode::{decode, is_wide, Op, OpCode};
use crate::Bus;

/// Bytes of one decoded page.
pub const PAGE_BYTES: u32 = 4096;
/// Bytes of one watched line, the unit in which written code is forgotten. Data that merely shares
/// a page with code (initialised data behind RAM functions) costs nothing when it is written.
pub const LINE_BYTES: u32 = 64;

pub(crate) const PAGE_SHIFT: u32 = PAGE_BYTES.trailing_zeros();
const PAGE_OPS: usize = PAGE_BYTES as usize / 2;
const LINE_SHIFT: u32 = LINE_BYTES.trailing_zeros();
/// Pages in a region: the second level of the page table, 4 MB.
const REGION_PAGES: usize = 1024;
const REGIONS: usize = 1024;
const ABSENT: u32 = u32::MAX;

/// 4 KB of decoded instructions, one op per halfword.
pub(crate) struct Page {
    /// Address of the page.
    base: u32,
    /// Fetches from here may cost extra cycles.
    pub timed: bool,
    /// Lines that the bus has been asked to watch.
    watched: u64,
    ops: Box<[Op; PAGE_OPS]>,
}

impl Page {
    /// The op at `pc`, which lies in this page.
    #[inline(always)]
    pub fn op(&self, pc: u32) -> Op {
        self.ops[(pc >> 1) as usize % PAGE_OPS]
    }

    fn forget(&mut self, from: u32, bytes: u32) {
        let first = (from % PAGE_BYTES / 2) as usize;
        self.ops[first..first + bytes as usize / 2].fill(Op::UNDECODED);
    }
}

/// Decoded pages and breakpoints.
pub struct Code {
    pages: Vec<Page>,
    /// Page number to index in `pages`, in two levels.
    regions: Vec<Option<Box<[u32; REGION_PAGES]>>>,
    breakpoints: BTreeSet<u32>,
    watchpoints: Vec<Watchpoint>,
}

/// A range of addresses that a debugger watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Watchpoint {
    pub addr: u32,
    pub bytes: u32,
    pub loads: bool,
    pub stores: bool,
}

impl Default for Code {
    fn default() -> Self {
        Code {
            pages: Vec::new(),
            regions: (0..REGIONS).map(|_| None).collect(),
            breakpoints: BTreeSet::new(),
            watchpoints: Vec::new(),
        }
    }
}

impl Code {
    /// Forgets what was decoded in the page at `page_addr`.
    pub fn invalidate(&mut self, page_addr: u32) {
        if let Some(index) = self.find(page_addr) {
            let page = &mut self.pages[index];
            page.watched = 0;
            page.forget(page.base, PAGE_BYTES);
        }
        self.forget_straddling(page_addr & !(PAGE_BYTES - 1));
    }

    /// Forgets what was decoded in the line of `addr` ([`LINE_BYTES`]). The lines of a write that
    /// spans two are two calls.
    pub fn invalidate_line(&mut self, addr: u32) {
        let line = addr & !(LINE_BYTES - 1);
        if let Some(index) = self.find(line) {
            let page = &mut self.pages[index];
            page.watched &= !(1 << ((line % PAGE_BYTES) >> LINE_SHIFT));
            page.forget(line, LINE_BYTES);
        }
        self.forget_straddling(line);
    }

    /// Forgets everything: after a snapshot was restored, or flash was programmed.
    pub fn invalidate_all(&mut self) {
        self.pages.clear();
        self.regions.fill_with(|| None);
    }

    /// Sets a breakpoint on the instruction at `addr`.
    pub fn set_breakpoint(&mut self, addr: u32) {
        self.breakpoints.insert(addr);
        self.redecode(addr);
    }

    /// Clears the breakpoint at `addr`. Returns whether there was one.
    pub fn clear_breakpoint(&mut self, addr: u32) -> bool {
        self.redecode(addr);
        self.breakpoints.remove(&addr)
    }

    /// Addresses with a breakpoint, in order.
    pub fn breakpoints(&self) -> impl Iterator<Item = u32> + '_ {
        self.breakpoints.iter().copied()
    }

    /// Stops before an instruction that loads from or stores to one of `bytes` bytes at `addr`.
    /// With any watchpoint set, execution is slower.
    pub fn set_watchpoint(&mut self, addr: u32, bytes: u32, loads: bool, stores: bool) {
        let new = Watchpoint { addr, bytes, loads, stores };
        if !self.watchpoints.contains(&new) {
            self.watchpoints.push(new);
        }
    }

    /// Clears such a watchpoint. Returns whether there was one.
    pub fn clear_watchpoint(&mut self, addr: u32, bytes: u32, loads: bool, stores: bool) -> bool {
        let before = self.watchpoints.len();
        self.watchpoints.retain(|watch| *watch != Watchpoint { addr, bytes, loads, stores });
        self.watchpoints.len() != before
    }

    pub(crate) fn watchpoints(&self) -> &[Watchpoint] {
        &self.watchpoints
    }

    /// Bytes held by decoded pages.
    pub fn resident_bytes(&self) -> usize {
        self.pages.len() * PAGE_OPS * size_of::<Op>()
    }

    /// The page of `pc`, created when it is new.
    pub(crate) fn page<B: Bus>(&mut self, bus: &B, pc: u32) -> usize {
        if let Some(index) = self.find(pc) {
            return index;
        }
        let base = pc & !(PAGE_BYTES - 1);
        let index = self.pages.len();
        self.pages.push(Page {
            base,
            timed: bus.has_fetch_timing(base),
            watched: 0,
            ops: Box::new([Op::UNDECODED; PAGE_OPS]),
        });
        let number = (pc >> PAGE_SHIFT) as usize;
        let region = self.regions[number / REGION_PAGES].get_or_insert_with(|| Box::new([ABSENT; REGION_PAGES]));
        region[number % REGION_PAGES] = index as u32;
        index
    }

    pub(crate) fn page_at(&self, index: usize) -> &Page {
        &self.pages[index]
    }

    /// Decodes the instruction at `pc` into its page, breakpoints included.
    #[cold]
    pub(crate) fn decode_at<B: Bus>(&mut self, bus: &mut B, pc: u32) {
        let index = self.page(bus, pc);
        let mut op = self.instruction_at(bus, pc);
        if self.breakpoints.contains(&pc) {
            op.code = OpCode::Breakpoint;
        }
        self.pages[index].ops[(pc >> 1) as usize % PAGE_OPS] = op;
    }

    /// Lets the instruction under a breakpoint be executed, until `redecode`.
    pub(crate) fn lift_breakpoint<B: Bus>(&mut self, bus: &mut B, pc: u32) {
        if self.breakpoints.contains(&pc) {
            let index = self.page(bus, pc);
            self.pages[index].ops[(pc >> 1) as usize % PAGE_OPS] = self.instruction_at(bus, pc);
        }
    }

    /// Decodes the instruction at `pc`, whether or not a breakpoint hides it, and has it watched.
    fn instruction_at<B: Bus>(&mut self, bus: &mut B, pc: u32) -> Op {
        // From the system region up, nothing can be executed (B3.1).
        let first = if pc < 0xE000_0000 { bus.fetch16(pc) } else { None };
        let Some(first) = first else {
            return Op { code: OpCode::NoMemory, imm: pc, ..Op::UNDECODED };
        };
        self.watch(bus, pc);
        let second = if is_wide(first) {
            let next = pc.wrapping_add(2);
            let second = bus.fetch16(next);
            if second.is_some() {
                self.watch(bus, next);
            }
            second
        } else {
            None
        };
        decode(pc, first, second)
    }

    fn watch<B: Bus>(&mut self, bus: &mut B, addr: u32) {
        let index = self.page(bus, addr);
        let line = 1 << ((addr % PAGE_BYTES) >> LINE_SHIFT);
        if self.pages[index].watched & line == 0 {
            self.pages[index].watched |= line;
            bus.watch_code(addr);
        }
    }

    #[inline]
    fn find(&self, addr: u32) -> Option<usize> {
        let number = (addr >> PAGE_SHIFT) as usize;
        let region = self.regions[number / REGION_PAGES].as_ref()?;
        match region[number % REGION_PAGES] {
            ABSENT => None,
            index => Some(index as usize),
        }
    }

    pub(crate) fn redecode(&mut self, addr: u32) {
        if let Some(index) = self.find(addr) {
            self.pages[index].forget(addr, 2);
        }
    }

    /// A 32-bit instruction may end in the first halfword of what was written.
    fn forget_straddling(&mut self, start: u32) {
        self.redecode(start.wrapping_sub(2));
    }
}
