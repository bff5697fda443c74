//! Decoded instruction memory, shared by the cores of a chip: blocks of ops, found by the PC at
//! which they were entered. It is a cache: it can be dropped at any time and is not part of a saved
//! state.
//!
//! A block is straight-line code: untaken branches go on to the next op, everything else that
//! changes PC ends it. Blocks that begin at different addresses may share instructions.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::cycles::{stall, Costs};
use crate::decode::{decode, length};
use crate::op::{ends_block, Op, OpCode};
use crate::waiting::find_turn;
use crate::{Bus, Fetch};

/// Bytes of one watched line, the unit in which written code is forgotten. Data that merely lies
/// near code (literals) costs nothing when it is written.
pub const LINE_BYTES: u32 = 64;
/// Bytes of a page of the cache MMU, the unit in which mapped code is forgotten.
pub const PAGE_BYTES: u32 = 65536;

const LINE_SHIFT: u32 = LINE_BYTES.trailing_zeros();
/// The unit of [`Bus::fetch_cycles`]: a line of the S3's instruction cache in its default setting.
const FETCH_LINE: u32 = 32;
/// Instructions in a block at most.
const BLOCK_OPS: usize = 48;
/// Ops of forgotten blocks that are kept before everything is dropped.
const GARBAGE_LIMIT: usize = 1 << 20;
const TABLE_SIZE: usize = 1 << 14;

/// Numbers the states of all [`Code`]s in which indices of ops stay valid.
static GENERATIONS: AtomicU64 = AtomicU64::new(0);

/// A block as the executor finds it.
#[derive(Clone, Copy)]
struct Entry {
    pc: u32,
    first: u32,
}

/// No block begins here: `first` of an unused entry.
const ABSENT: u32 = u32::MAX;

/// A range of addresses that a debugger watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Watchpoint {
    pub addr: u32,
    pub bytes: u32,
    pub loads: bool,
    pub stores: bool,
}

/// Decoded blocks, breakpoints and watchpoints.
pub struct Code {
    /// All ops, a block after the other.
    ops: Vec<Op>,
    /// A direct-mapped cache of `blocks`.
    table: Box<[Entry; TABLE_SIZE]>,
    /// Entry PC to index of the first op.
    blocks: HashMap<u32, Block>,
    /// Line number to the entry PCs of the blocks that have bytes in it.
    lines: HashMap<u32, Vec<u32>>,
    /// Addresses that LEND is known to have held.
    loop_ends: HashSet<u32>,
    /// The one noted last.
    loop_end: Option<u32>,
    generation: u64,
    garbage: usize,
    costs: Costs,
    breakpoints: BTreeSet<u32>,
    /// A breakpoint that is being stepped over.
    lifted: Option<u32>,
    watchpoints: BTreeSet<Watchpoint>,
}

#[derive(Clone, Copy)]
struct Block {
    first: u32,
    count: u32,
}

impl Default for Code {
    fn default() -> Self {
        Code {
            ops: Vec::new(),
            table: Box::new([Entry { pc: 0, first: ABSENT }; TABLE_SIZE]),
            blocks: HashMap::new(),
            lines: HashMap::new(),
            loop_ends: HashSet::new(),
            loop_end: None,
            generation: next_generation(),
            garbage: 0,
            costs: Costs::default(),
            breakpoints: BTreeSet::new(),
            lifted: None,
            watchpoints: BTreeSet::new(),
        }
    }
}

impl Code {
    /// With these costs of instructions.
    pub fn new(costs: Costs) -> Self {
        Code { costs, ..Code::default() }
    }

    /// What instructions cost.
    pub fn costs(&self) -> &Costs {
        &self.costs
    }

    /// Forgets what was decoded in the line of `addr` ([`LINE_BYTES`]). The lines of a write that
    /// spans two are two calls.
    pub fn invalidate_line(&mut self, addr: u32) {
        if let Some(entries) = self.lines.remove(&(addr >> LINE_SHIFT)) {
            self.generation = next_generation();
            for pc in entries {
                self.forget(pc);
            }
        }
    }

    /// Forgets what was decoded in the page at `page_addr` ([`PAGE_BYTES`]): its mapping changed.
    pub fn invalidate(&mut self, page_addr: u32) {
        self.invalidate_range(page_addr & !(PAGE_BYTES - 1), PAGE_BYTES);
    }

    /// Forgets what was decoded in `bytes` bytes from `addr` on.
    pub fn invalidate_range(&mut self, addr: u32, bytes: u32) {
        let Some(last) = bytes.checked_sub(1) else { return };
        let first = addr >> LINE_SHIFT;
        let last = addr.saturating_add(last) >> LINE_SHIFT;
        if (last - first) as usize <= self.lines.len() {
            (first..=last).for_each(|line| self.invalidate_line(line << LINE_SHIFT));
        } else {
            let lines: Vec<u32> = self.lines.keys().copied().filter(|line| (first..=last).contains(line)).collect();
            lines.into_iter().for_each(|line| self.invalidate_line(line << LINE_SHIFT));
        }
    }

    /// Forgets everything: after a snapshot was restored, or all caches were invalidated.
    pub fn invalidate_all(&mut self) {
        self.ops.clear();
        self.table.fill(Entry { pc: 0, first: ABSENT });
        self.blocks.clear();
        self.lines.clear();
        self.garbage = 0;
        self.generation = next_generation();
    }

    /// Sets a breakpoint on the instruction at `addr`.
    pub fn set_breakpoint(&mut self, addr: u32) {
        self.breakpoints.insert(addr);
        self.invalidate_line(addr);
    }

    /// Clears the breakpoint at `addr`. Returns whether there was one.
    pub fn clear_breakpoint(&mut self, addr: u32) -> bool {
        self.invalidate_line(addr);
        self.breakpoints.remove(&addr)
    }

    /// Addresses with a breakpoint, in order.
    pub fn breakpoints(&self) -> impl Iterator<Item = u32> + '_ {
        self.breakpoints.iter().copied()
    }

    /// Stops before an instruction that loads from or stores to one of `bytes` bytes at `addr`.
    /// With any watchpoint set, execution is slow.
    pub fn set_watchpoint(&mut self, addr: u32, bytes: u32, loads: bool, stores: bool) {
        self.watchpoints.insert(Watchpoint { addr, bytes, loads, stores });
    }

    /// Clears such a watchpoint. Returns whether there was one.
    pub fn clear_watchpoint(&mut self, addr: u32, bytes: u32, loads: bool, stores: bool) -> bool {
        self.watchpoints.remove(&Watchpoint { addr, bytes, loads, stores })
    }

    /// Bytes held by decoded blocks.
    pub fn resident_bytes(&self) -> usize {
        self.ops.len() * size_of::<Op>()
    }

    pub(crate) fn watchpoints(&self) -> &BTreeSet<Watchpoint> {
        &self.watchpoints
    }

    /// Changes whenever the index of an op may have become invalid.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// Index of the first op of the block that begins at `pc`, decoded when it is new.
    #[inline(always)]
    pub(crate) fn block<B: Bus>(&mut self, bus: &mut B, pc: u32) -> usize {
        let entry = self.table[slot(pc)];
        if entry.pc == pc && entry.first != ABSENT {
            return entry.first as usize;
        }
        self.find_block(bus, pc)
    }

    #[cold]
    fn find_block<B: Bus>(&mut self, bus: &mut B, pc: u32) -> usize {
        let first = match self.blocks.get(&pc) {
            Some(block) => block.first,
            None => self.decode_block(bus, pc),
        };
        self.table[slot(pc)] = Entry { pc, first };
        first as usize
    }

    /// The op of the instruction at `pc`, for those who look before it is executed.
    pub(crate) fn instruction<B: Bus>(&mut self, bus: &mut B, pc: u32) -> Op {
        let mut index = self.block(bus, pc);
        while self.ops[index].is_step() {
            index += 1;
        }
        self.ops[index]
    }

    /// The instruction that is executed first from the op at `index` on, unless the block ends before.
    pub(crate) fn instruction_from(&self, index: usize) -> Option<&Op> {
        let op = self.ops[index..].iter().find(|op| !op.is_step())?;
        (op.code != OpCode::Continue).then_some(op)
    }

    /// The block at `pc` with a first instruction that costs so much, because it waits for the one before it.
    #[cold]
    pub(crate) fn block_after_stall<B: Bus>(&mut self, bus: &mut B, pc: u32, cycles: u8) -> usize {
        let first = self.block(bus, pc);
        let begin = self.ops[first..].iter().position(|op| !op.is_step());
        let Some((begin, block)) = begin.zip(self.blocks.get(&pc).copied()) else { return first };
        if self.ops[first + begin].cycles == cycles {
            return first;
        }
        // A copy for this once: the block itself is reached by branches, too.
        let copy = self.ops.len();
        self.ops.extend_from_within(first..first + block.count as usize);
        self.ops[copy + begin].cycles = cycles;
        self.garbage += block.count as usize;
        copy
    }

    /// LEND holds `addr`: blocks end there from now on.
    pub(crate) fn note_loop_end(&mut self, addr: u32) {
        if self.loop_end != Some(addr) && self.loop_ends.insert(addr) {
            self.invalidate_line(addr.wrapping_sub(1));
        }
        self.loop_end = Some(addr);
    }

    /// Lets the instruction under a breakpoint be executed, until `None` is given.
    pub(crate) fn lift_breakpoint(&mut self, addr: Option<u32>) {
        if let Some(addr) = self.lifted.or(addr).filter(|addr| self.breakpoints.contains(addr)) {
            self.invalidate_line(addr);
        }
        self.lifted = addr;
    }

    fn forget(&mut self, pc: u32) {
        if let Some(block) = self.blocks.remove(&pc) {
            self.garbage += block.count as usize;
        }
        let entry = &mut self.table[slot(pc)];
        if entry.pc == pc {
            entry.first = ABSENT;
        }
    }

    fn decode_block<B: Bus>(&mut self, bus: &mut B, pc: u32) -> u32 {
        if self.garbage > GARBAGE_LIMIT {
            self.invalidate_all();
        }
        // First the instructions, since a LOOP among them makes other blocks be forgotten.
        let instructions = self.instructions(bus, pc);
        let first = self.ops.len();
        let timed = bus.has_fetch_timing(pc);
        let mut line = None;
        let mut at = pc;
        let turn = find_turn(&instructions, pc).filter(|n| !self.is_counted(pc, &instructions[..=*n]));
        for (n, op) in instructions.into_iter().enumerate() {
            if turn == Some(n) {
                self.ops.push(Op::synthetic(OpCode::Turn, n as u32 + 1));
            }
            let here = at & !(FETCH_LINE - 1);
            let last = at.wrapping_add(u32::from(op.len).max(1) - 1) & !(FETCH_LINE - 1);
            if timed && line != Some(last) {
                if line != Some(here) {
                    self.ops.push(Op::synthetic(OpCode::FetchLine, here));
                }
                if last != here {
                    self.ops.push(Op::synthetic(OpCode::FetchLine, last));
                }
                line = Some(last);
            }
            self.ops.push(op);
            at = at.wrapping_add(op.len.into());
            if op.len != 0 && self.loop_ends.contains(&at) {
                self.ops.push(Op::synthetic(OpCode::LoopEnd, at));
            }
        }
        self.ops.push(Op::synthetic(OpCode::Continue, at));
        let count = (self.ops.len() - first) as u32;
        self.blocks.insert(pc, Block { first: first as u32, count });
        let last = at.max(pc.wrapping_add(1)).wrapping_sub(1);
        for line in pc >> LINE_SHIFT..=last >> LINE_SHIFT {
            let entries = self.lines.entry(line).or_default();
            if entries.is_empty() {
                bus.watch_code(line << LINE_SHIFT);
            }
            if !entries.contains(&pc) {
                entries.push(pc);
            }
        }
        first as u32
    }

    /// May a zero-overhead loop end within or right behind these instructions at `pc`? Then LCOUNT counts turns.
    fn is_counted(&self, pc: u32, instructions: &[Op]) -> bool {
        let bytes = instructions.iter().map(|op| u32::from(op.len)).sum();
        self.loop_ends.iter().any(|end| (1..=bytes).contains(&end.wrapping_sub(pc)))
    }

    /// The instructions of the block at `pc`, with their stalls.
    fn instructions<B: Bus>(&mut self, bus: &mut B, pc: u32) -> Vec<Op> {
        let mut ops: Vec<Op> = Vec::with_capacity(BLOCK_OPS);
        let mut at = pc;
        while ops.len() < BLOCK_OPS {
            let mut op = self.instruction_at(bus, at);
            if !ops.is_empty() && matches!(op.code, OpCode::NoMemory | OpCode::Breakpoint | OpCode::Trap) {
                break;
            }
            if let Some(before) = ops.last() {
                op.cycles += stall(&self.costs, before, &op);
            }
            at = at.wrapping_add(op.len.into());
            if matches!(op.code, OpCode::Loop | OpCode::Loopgtz | OpCode::Loopnez) {
                self.note_loop_end(op.imm);
            }
            let last = ends_block(op.code);
            ops.push(op);
            if last {
                break;
            }
        }
        ops
    }

    fn instruction_at<B: Bus>(&self, bus: &mut B, pc: u32) -> Op {
        if self.breakpoints.contains(&pc) && self.lifted != Some(pc) {
            return Op::synthetic(OpCode::Breakpoint, pc);
        }
        if bus.is_trap(pc) {
            return Op::synthetic(OpCode::Trap, pc);
        }
        let word = match bus.fetch(pc & !3) {
            Fetch::Word(word) => word,
            Fetch::Trap => return Op::synthetic(OpCode::Trap, pc),
            Fetch::Nothing(cause) => return Op::synthetic(OpCode::NoMemory, cause as u32),
        };
        let shift = 8 * (pc & 3);
        let mut bytes = word >> shift;
        if (pc & 3) + u32::from(length(bytes as u8)) > 4 {
            match bus.fetch((pc & !3).wrapping_add(4)) {
                Fetch::Word(next) => bytes |= next << (32 - shift),
                Fetch::Trap => return Op::synthetic(OpCode::Trap, pc),
                Fetch::Nothing(cause) => return Op::synthetic(OpCode::NoMemory, cause as u32),
            }
        }
        decode(pc, bytes)
    }
}

fn next_generation() -> u64 {
    GENERATIONS.fetch_add(1, Ordering::Relaxed)
}

#[inline(always)]
fn slot(pc: u32) -> usize {
    (pc ^ pc >> 14) as usize % TABLE_SIZE
}
