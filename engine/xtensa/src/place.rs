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

/// The same for a core that goes on where nothing is decoded yet: result stalls are those of a block, so the same block must
/// begin again.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Within {
    /// Where execution goes on.
    pub pc: u32,
    /// Where the block begins.
    pub start: u32,
    /// Ops of the block before that place, without those that end loops: which ends are known differs.
    pub ops: usize,
}

/// A [`Place`] that copies of the core do not take along.
#[derive(Debug, Default)]
pub(crate) struct Resume(Option<Place>);

impl Clone for Resume {
    fn clone(&self) -> Self {
        Resume(None)
    }
}

impl Resume {
    /// The place.
    pub fn place(&self) -> Option<Place> {
        self.0
    }

    /// The place, which is forgotten.
    #[inline(always)]
    pub fn take(&mut self) -> Option<Place> {
        self.0.take()
    }
}

impl Core {
    /// A copy that goes on as this one does, though nothing is decoded yet where it runs.
    pub fn copy(&self, code: &Code) -> Self {
        let mut copy = self.clone();
        if let Some(place) = self.resume.place() {
            copy.within = code.within(place);
        }
        copy
    }

    /// After a copy: the block in which it stands is decoded again.
    pub(crate) fn go_on_within<B: Bus>(&mut self, bus: &mut B, code: &mut Code) {
        let Some(within) = self.within.take().filter(|within| within.pc == self.pc) else { return };
        if let Some(index) = code.index_within(bus, within) {
            self.resume = Resume(Some(Place { pc: within.pc, index, generation: code.generation() }));
        }
    }

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
            self.resume = Resume(Some(Place { pc, index, generation: code.generation() }));
        }
        target
    }
}
