//! Where the executor is between two instructions: the end of a zero-overhead loop, and the place within
//! a block at which it was stopped.

use crate::code::Code;
use crate::core::{Core, PS_EXCM};
use crate::op::{Op, OpCode};

/// Where execution stopped within a block: a hint, not state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub pc: u32,
    pub index: usize,
    pub generation: u64,
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
    /// The place, which is forgotten.
    #[inline(always)]
    pub fn take(&mut self) -> Option<Place> {
        self.0.take()
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
            self.resume = Resume(Some(Place { pc, index, generation: code.generation() }));
        }
        target
    }
}
