//! Hardware breakpoints, watchpoints and the instruction counter. ISA RM 4.4.6 (Debug Option). When
//! one of them is armed, the core looks at every instruction before it executes it.

use serde::{Deserialize, Serialize};

use crate::code::Watchpoint;
use crate::core::Core;
use crate::exception::{debug_cause, DEBUG_LEVEL};
use crate::op::{Op, OpCode};
use crate::Code;

pub(crate) const DBREAKC_LOAD: u32 = 1 << 30;
pub(crate) const DBREAKC_STORE: u32 = 1 << 31;
pub(crate) const DBREAKC_MASK: u32 = 0x3F;

/// The registers of the Debug Option.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Debug {
    pub cause: u32,
    pub ibreakenable: u32,
    pub ibreaka: [u32; 2],
    pub dbreaka: [u32; 2],
    pub dbreakc: [u32; 2],
    pub icount: u32,
    pub icountlevel: u32,
}

/// What an instruction does to memory.
pub(crate) struct Access {
    pub addr: u32,
    pub bytes: u32,
    pub load: bool,
    pub store: bool,
}

impl Core {
    /// The next `run` executes the instruction at PC, uninterrupted and whatever stands on it, as behind a breakpoint of a
    /// debugger outside that it has stopped at.
    pub fn step_next(&mut self) {
        self.stopped_at = Some(self.pc);
    }

    pub(crate) fn looks_before_executing(&self, code: &Code) -> bool {
        let dbreak = (self.debug.dbreakc[0] | self.debug.dbreakc[1]) & (DBREAKC_LOAD | DBREAKC_STORE) != 0;
        let armed = dbreak || self.debug.ibreakenable != 0 || self.debug.icountlevel != 0;
        armed || !code.watchpoints().is_empty() || self.watching.is_some()
    }

    /// ICOUNT counts instructions executed below ICOUNTLEVEL.
    pub(crate) fn icount_runs(&self) -> bool {
        self.current_level() < self.debug.icountlevel
    }

    /// The debug exception that the instruction at PC raises instead of being executed.
    pub(crate) fn debug_event(&self, op: &Op) -> Option<u32> {
        if self.current_level() >= DEBUG_LEVEL {
            return None;
        }
        if self.icount_runs() && self.debug.icount == u32::MAX {
            return Some(debug_cause::ICOUNT);
        }
        for n in 0..2 {
            if self.debug.ibreakenable >> n & 1 != 0 && self.debug.ibreaka[n] == self.pc {
                return Some(debug_cause::IBREAK);
            }
        }
        let access = self.access_of(op)?;
        for n in 0..2u32 {
            let (addr, control) = (self.debug.dbreaka[n as usize], self.debug.dbreakc[n as usize]);
            let mask = control & DBREAKC_MASK | !DBREAKC_MASK;
            let kind = access.load && control & DBREAKC_LOAD != 0 || access.store && control & DBREAKC_STORE != 0;
            let hit = |byte: u32| access.addr.wrapping_add(byte) & mask == addr & mask;
            if kind && (0..access.bytes).any(hit) {
                return Some(debug_cause::DBREAK | n << debug_cause::DBREAK_NUMBER_SHIFT);
            }
        }
        None
    }

    /// The watchpoint of a debugger outside that this instruction meets.
    pub(crate) fn watched_access(&self, code: &Code, op: &Op) -> Option<u32> {
        let access = self.access_of(op)?;
        let meets = |watch: &&Watchpoint| {
            let kind = access.load && watch.loads || access.store && watch.stores;
            let overlap = access.addr.wrapping_sub(watch.addr) < watch.bytes
                || watch.addr.wrapping_sub(access.addr) < access.bytes;
            kind && overlap
        };
        code.watchpoints().iter().find(meets).map(|_| access.addr)
    }

    pub(crate) fn access_of(&self, op: &Op) -> Option<Access> {
        use OpCode as O;
        let (load, store, bytes) = match op.code {
            O::L8ui => (true, false, 1),
            O::L16ui | O::L16si => (true, false, 2),
            O::L32i | O::L32r | O::L32ai | O::L32e | O::Lsi | O::Lsip | O::Lsx | O::Lsxp | O::Mac16Load => {
                (true, false, 4)
            }
            O::S8i => (false, true, 1),
            O::S16i => (false, true, 2),
            O::S32i | O::S32ri | O::S32e | O::Ssi | O::Ssip | O::Ssx | O::Ssxp => (false, true, 4),
            O::S32c1i => (true, true, 4),
            _ => return None,
        };
        let base = self.r[usize::from(op.s)];
        let addr = match op.code {
            O::L32r => op.imm,
            O::Lsip | O::Ssip | O::Lsxp | O::Ssxp => base,
            O::Lsx | O::Ssx => base.wrapping_add(self.r[usize::from(op.t)]),
            O::Mac16Load => self.mac16_address(op),
            _ => base.wrapping_add(op.imm),
        };
        Some(Access { addr, bytes, load, store })
    }
}
