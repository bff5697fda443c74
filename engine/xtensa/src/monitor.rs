//! A monitor outside of the processor that watches its data bus and its stack pointer, as the chip's debug assistant does. It never
//! stops an instruction: it tells what it has seen. While one is there, the core looks at every instruction.

use serde::{Deserialize, Serialize};

use crate::core::Core;
use crate::op::Op;

/// The stack pointer.
const SP: usize = 1;

/// Addresses that are watched, both ends among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Area {
    /// The first byte.
    pub first: u32,
    /// The last byte.
    pub last: u32,
    /// Loads count.
    pub loads: bool,
    /// Stores count.
    pub stores: bool,
}

/// Where the stack pointer should be, both ends among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stack {
    /// The lowest address.
    pub min: u32,
    /// The highest address.
    pub max: u32,
    /// Cycles behind a change of WINDOWBASE in which nobody looks: a1 is another register meanwhile.
    pub unstable: u32,
}

/// What is watched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Monitor {
    /// Areas of memory and registers.
    pub areas: Vec<Area>,
    /// The stack.
    pub stack: Option<Stack>,
}

/// What was seen: once for each instruction that did something worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seen {
    /// A load or store in the area of this number.
    Access {
        /// Which area.
        area: usize,
        /// It stored; else it loaded.
        store: bool,
        /// The instruction.
        pc: u32,
        /// The stack pointer before it.
        sp: u32,
    },
    /// The stack pointer is below [`Stack::min`] or above [`Stack::max`].
    Stack {
        /// Below; else above.
        below: bool,
        /// The instruction that put it there.
        pc: u32,
    },
}

/// The monitor of a core, and what it has to tell.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Watching {
    what: Monitor,
    seen: Vec<Seen>,
    /// WINDOWBASE when last looked, and until when SP is not looked at.
    window: u32,
    unstable_until: u64,
}

impl Core {
    /// Puts a monitor beside the core, or takes it away.
    pub fn set_monitor(&mut self, monitor: Option<Monitor>) {
        let window = self.windowbase;
        self.watching = monitor.map(|what| Box::new(Watching { what, window, ..Watching::default() }));
    }

    /// What the monitor has seen since the last call. `run` comes back as soon as there is something.
    pub fn take_seen(&mut self) -> Vec<Seen> {
        self.watching.as_mut().map(|watching| std::mem::take(&mut watching.seen)).unwrap_or_default()
    }

    /// What the monitor will tell of this instruction, if it is executed.
    pub(crate) fn foresee(&self, op: &Op) -> Vec<Seen> {
        let Some(watching) = self.watching.as_ref().filter(|watching| !watching.what.areas.is_empty()) else {
            return Vec::new();
        };
        let Some(access) = self.access_of(op) else { return Vec::new() };
        let (first, last) = (access.addr, access.addr.saturating_add(access.bytes - 1));
        let mut seen = Vec::new();
        for (n, area) in watching.what.areas.iter().enumerate() {
            if last < area.first || first > area.last {
                continue;
            }
            for store in [false, true] {
                if store && access.store && area.stores || !store && access.load && area.loads {
                    seen.push(Seen::Access { area: n, store, pc: self.pc, sp: self.a(SP) });
                }
            }
        }
        seen
    }

    /// An instruction at `pc` was executed. True: there is something to tell.
    pub(crate) fn look_back(&mut self, pc: u32, foreseen: Vec<Seen>) -> bool {
        let (window, cycle, sp) = (self.windowbase, self.cycle, self.a(SP));
        let Some(watching) = &mut self.watching else { return false };
        watching.seen.extend(foreseen);
        if let Some(stack) = watching.what.stack {
            if window != watching.window {
                watching.window = window;
                watching.unstable_until = cycle + u64::from(stack.unstable);
            }
            if cycle >= watching.unstable_until && !(stack.min..=stack.max).contains(&sp) {
                watching.seen.push(Seen::Stack { below: sp < stack.min, pc });
            }
        }
        !watching.seen.is_empty()
    }
}
