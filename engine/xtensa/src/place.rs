//! Where the executor is between two instructions: the end of a zero-overhead loop, and the place within
//! a block at which it was stopped.

use crate::code::Code;
use crate::core::{Core, PS_EXCM};
use crate::op::{Op, OpCode};
use crate::Bus;
use serde::{Deserialize, Serialize};

/// Where execution stopped within a block: a hint, not state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub pc: u32,
    pub index: usize,
    pub generation: u64,
}

/// Where execution goes on. Copies of the core do not take the [`Place`] along, but what the next instruction costs: it
/// may have to wait for the one before, which a block that begins with it knows nothing of.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Resume {
    #[serde(skip)]
    place: Option<Place>,
    /// The address of the next instruction and its cycles.
    next: Option<(u32, u8)>,
}

impl Clone for Resume {
    fn clone(&self) -> Self {
        Resume { place: None, next: self.next }
    }
}

impl Resume {
    /// The index of the op at `pc`, from where execution stopped or else of a block that begins there. The place is
    /// forgotten.
    #[inline(always)]
    pub fn take<B: Bus>(&mut self, bus: &mut B, code: &mut Code, pc: u32) -> usize {
        match self.place.take() {
            Some(place) if place.pc == pc && place.generation == code.generation() => place.index,
            _ => match self.next.take() {
                Some((at, cycles)) if at == pc => code.block_after_stall(bus, pc, cycles),
                _ => code.block(bus, pc),
            },
        }
    }
}

impl Core {
    /// Where execution goes on after the instruction that ends at `pc`, before `next`: ISA RM 4.3.2
    /// (Loop Option). A taken branch to LEND does not come by here.
    #[inline(always)]
    pub(crate) fn loop_back(&mut self, next: &Op, pc: u32) -> u32 {
        if next.code == OpCode::LoopEnd && self.lcount != 0 && self.lend == pc && self.ps & PS_EXCM == 0 {
            self.lcount -= 1;
            return self.lbeg;
        }
        pc
    }

    /// Execution stops before the op at `index`, at `pc`: remembers the place, so that no new block
    /// begins there. Returns where it will go on.
    pub(crate) fn pause(&mut self, code: &Code, pc: u32, index: usize) -> u32 {
        let next = &code.ops()[index];
        let target = self.loop_back(next, pc);
        if target == pc {
            let index = index + usize::from(next.code == OpCode::LoopEnd);
            let place = Place { pc, index, generation: code.generation() };
            self.resume = Resume { place: Some(place), next: code.instruction_from(index).map(|op| (pc, op.cycles)) };
        }
        target
    }
}
