//! The whole chip and its run loop.
//!
//! Processors run in slices, blocks are events. A slice ends at the next event, at a fixed length where both processors
//! are awake, or as soon as an access asks for attention. Of two awake processors the one that is behind runs, and one
//! that is ahead waits with its next access to a register, so all of those happen in the order of time.

mod lent;
mod monitors;
mod requests;
mod run;
mod traps;

use crate::devices::Devices;
use crate::fabric::Reason;
use crate::memories::{FrozenMemories, Memories, Shut};
use crate::rom::Rom;
use crate::spi_mem::psram::Wiring;
use crate::system::System;
use engine_core::time::{Hertz, Ps};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use xtensa::{Code, Core};

/// Cycles that one processor may run ahead of the other between accesses to registers.
pub const SLICE: u64 = 256;

/// PRID of the two processors, ESP-IDF `soc/soc.h` (`esp_cpu_get_core_id` looks at bit 13).
const PRID: [u32; 2] = [0xCDCD, 0xABAB];

/// Why a run came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The time given is over.
    Time,
    /// A watched text appeared on a console.
    Text {
        /// The key given with the text.
        key: u32,
        /// The console's number.
        console: usize,
    },
    /// A breakpoint was reached and not yet executed.
    Breakpoint {
        /// Which processor.
        core: usize,
        /// Its address.
        pc: u32,
    },
    /// A function that somebody stands in for is entered, and none of it executed. Unlike at a breakpoint the other
    /// processor is where it was, so the run goes on as if it had not stopped.
    Intercept {
        /// Which processor.
        core: usize,
        /// Its address.
        pc: u32,
    },
    /// A watched address is about to be accessed.
    Watchpoint {
        /// Which processor.
        core: usize,
        /// The address.
        addr: u32,
    },
    /// A processor has executed the instruction that it was to step over.
    Stepped {
        /// Which processor.
        core: usize,
    },
    /// The chip, or a processor, was reset; the run may go on.
    Reset(Reason),
    /// A processor cannot go on before a reset. Told once: the rest of the chip can run on.
    Stopped {
        /// Which processor.
        core: usize,
        /// What happened.
        report: String,
    },
}

/// A chip at rest: everything, to go on from later or elsewhere.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    cores: [Core; 2],
    held: [bool; 2],
    stalled: [bool; 2],
    stopped: [bool; 2],
    asleep: bool,
    devices: Devices,
    memories: FrozenMemories,
    /// Not part of a stored picture: the ROM at function level unless another is put in.
    #[serde(skip)]
    rom: Arc<Rom>,
}

/// An ESP32-S3 with its flash and PSRAM chips.
pub struct Chip {
    cores: [Core; 2],
    /// In reset.
    held: [bool; 2],
    /// Standing still, to go on where it stood.
    stalled: [bool; 2],
    /// Met what nobody can handle.
    stopped: [bool; 2],
    /// The whole digital side sleeps (RTC_CNTL).
    asleep: bool,
    system: System,
    code: Code,
    slice: u64,
    /// Addresses at which the run stops with [`Stop::Intercept`].
    intercepts: BTreeSet<u32>,
    /// The processor that stopped so, and how far it was to run.
    goes_on: Option<(usize, u64)>,
    /// The processor that executes one instruction: its number, how many it had executed, and its PC.
    stepping: Option<(usize, u64, u32)>,
    /// The processors are somebody else's; ours stand still.
    lent: Option<Box<lent::Window>>,
}

impl Chip {
    /// A chip after power-on with this much erased flash, and this much PSRAM.
    pub fn new(flash: usize, psram: usize, wiring: Wiring) -> Self {
        let mut chip = Self {
            cores: [Core::new(0, PRID[0]), Core::new(1, PRID[1])],
            held: [false, true],
            stalled: [false; 2],
            stopped: [false; 2],
            asleep: false,
            system: System::new(flash, psram, wiring),
            code: Code::default(),
            slice: SLICE,
            intercepts: BTreeSet::new(),
            goes_on: None,
            stepping: None,
            lent: None,
        };
        chip.reset_core(0);
        chip.reset_core(1);
        chip
    }

    /// Another slice length; results may differ only where firmware races on plain memory.
    pub fn set_slice(&mut self, cycles: u64) {
        self.slice = cycles.max(1);
    }

    /// The processors.
    pub fn cores(&self) -> &[Core; 2] {
        &self.cores
    }

    /// The processors, to change their registers while they stand still.
    pub fn cores_mut(&mut self) -> &mut [Core; 2] {
        &mut self.cores
    }

    /// The processors and everything else, to change both while they stand still.
    pub fn parts_mut(&mut self) -> (&mut [Core; 2], &mut System) {
        (&mut self.cores, &mut self.system)
    }

    /// Does a processor execute, or wait for an interrupt?
    pub fn is_running(&self, id: usize) -> bool {
        !(self.held[id] || self.stalled[id] || self.stopped[id] || self.asleep)
    }

    /// Everything but the processors.
    pub fn system(&self) -> &System {
        &self.system
    }

    /// Everything but the processors.
    pub fn system_mut(&mut self) -> &mut System {
        &mut self.system
    }

    /// Decoded code, breakpoints and watchpoints.
    pub fn code_mut(&mut self) -> &mut Code {
        &mut self.code
    }

    /// The run stops with [`Stop::Intercept`] before the instruction at this address, or does not any more.
    pub fn intercept(&mut self, addr: u32, on: bool) {
        if on {
            self.intercepts.insert(addr);
            self.code.set_breakpoint(addr);
        } else if self.intercepts.remove(&addr) {
            self.code.clear_breakpoint(addr);
        }
    }

    /// A breakpoint is no more. False: it was none.
    pub fn clear_breakpoint(&mut self, addr: u32) -> bool {
        !self.intercepts.contains(&addr) && self.code.clear_breakpoint(addr)
    }

    /// Runs until a processor has executed an instruction, the one at its PC without an interrupt before it, or until
    /// `until` at the latest. The other processor keeps up.
    pub fn step(&mut self, id: usize, until: Ps) -> Stop {
        let core = &mut self.cores[id];
        core.step_next();
        self.stepping = Some((id, core.instructions, core.pc));
        let stop = self.run(until);
        self.stepping = None;
        stop
    }

    /// Forgets decoded code after memory was changed from outside.
    pub fn memory_changed(&mut self) {
        self.code.invalidate_all();
    }

    /// The present moment.
    pub fn now(&self) -> Ps {
        self.system.dev.fabric.now()
    }

    /// A picture of everything; the chip goes on as if nothing happened.
    pub fn snapshot(&mut self) -> Snapshot {
        self.system.dev.fabric.pins.flush();
        Snapshot {
            cores: self.cores.clone(),
            held: self.held,
            stalled: self.stalled,
            stopped: self.stopped,
            asleep: self.asleep,
            devices: self.system.dev.clone(),
            memories: self.system.mem.freeze(),
            rom: self.system.rom.clone(),
        }
    }

    /// A new chip that goes on from a picture. Nobody is outside until somebody is put there.
    pub fn restore(snapshot: &Snapshot) -> Self {
        Self {
            cores: snapshot.cores.clone(),
            held: snapshot.held,
            stalled: snapshot.stalled,
            stopped: snapshot.stopped,
            asleep: snapshot.asleep,
            system: System {
                mem: Memories::thaw(&snapshot.memories),
                dev: snapshot.devices.clone(),
                core: 0,
                shut: Shut::default(),
                other_cycle: u64::MAX,
                unchanged_until: 0,
                rom: snapshot.rom.clone(),
            },
            code: Code::default(),
            slice: SLICE,
            intercepts: BTreeSet::new(),
            goes_on: None,
            stepping: None,
            lent: None,
        }
    }

    /// Runs until `until` at the latest.
    pub fn run(&mut self, until: Ps) -> Stop {
        let stop = self.run_on(until);
        self.hand_out();
        stop
    }

    /// What parts get in batches and has been gathered so far goes to them.
    pub fn hand_out(&mut self) {
        self.system.dev.fabric.pins.flush();
    }

    /// The same as `run`, for a run that goes on: batches are not handed out.
    pub fn run_on(&mut self, until: Ps) -> Stop {
        self.system.dev.fabric.look_at_watchers();
        let stop = self.run_inner(until);
        self.system.catch_up();
        stop
    }

    /// The rate of CPU_CLK.
    pub fn cpu_clock(&self) -> Hertz {
        self.system.dev.fabric.clock.rate()
    }
}
