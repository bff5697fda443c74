//! The whole chip and its run loop.
//!
//! Processors run in slices, blocks are events. A slice ends at the next event, at a fixed length where
//! both processors are awake, or as soon as an access asks for attention. Of two awake processors the one that is behind
//! runs, and one that is ahead waits with its next shared access, so all shared accesses happen in the order of time.

mod lent;
mod requests;
mod run;

use crate::fabric::Reason;
use crate::system::{Devices, Memories, System};
use armv6m::{Code, Core, LockupReport};
use engine_core::lent::Told;
use engine_core::memory::{Frozen, Memory};
use engine_core::time::{Hertz, Ps};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Cycles that one processor may run ahead of the other between shared accesses.
pub const SLICE: u64 = 64;

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
    /// A watched address is about to be accessed.
    Watchpoint {
        /// Which processor.
        core: usize,
        /// The address.
        addr: u32,
    },
    /// A function that somebody stands in for is entered, and none of it executed. Unlike at a breakpoint the other
    /// processor is where it was, so the run goes on as if it had not stopped.
    Intercept {
        /// Which processor.
        core: usize,
        /// Its address.
        pc: u32,
    },
    /// A processor has executed the instruction that it was to step over.
    Stepped {
        /// Which processor.
        core: usize,
    },
    /// The chip was reset; the run may go on.
    Reset(Reason),
    /// A processor is locked up: it will not go on before a reset. Told once: the rest of the chip can run on.
    Lockup {
        /// Which processor.
        core: usize,
        /// What happened.
        report: Box<LockupReport>,
    },
    /// The ROM went to USB boot: no valid image, or the firmware asked for it.
    UsbBoot(String),
}

/// A chip at rest: everything, to go on from later or elsewhere.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    cores: [Core; 2],
    held: [bool; 2],
    devices: Devices,
    sram: Frozen,
    flash: Frozen,
}

/// An RP2040 with its flash chip.
pub struct Chip {
    cores: [Core; 2],
    held: [bool; 2],
    system: System,
    code: Code,
    slice: u64,
    /// clk_sys and tick as SysTick's reference was last told.
    reference: (Hertz, Hertz),
    /// Addresses at which the run stops with [`Stop::Intercept`].
    intercepts: BTreeSet<u32>,
    /// The processor that stopped so, and how far it was to run.
    goes_on: Option<(usize, u64)>,
    /// The processor that executes one instruction: its number, how many it had executed, and its PC.
    stepping: Option<(usize, u64, u32)>,
    /// The processors are somebody else's; ours stand still.
    lent: Option<Box<Told>>,
}

impl Chip {
    /// A chip after power-on with this much erased flash.
    pub fn new(flash_size: usize) -> Self {
        let mut chip = Self {
            cores: [Core::new(0), Core::new(1)],
            held: [false; 2],
            system: System::new(flash_size),
            code: Code::default(),
            slice: SLICE,
            reference: (Hertz::STOPPED, Hertz::STOPPED),
            intercepts: BTreeSet::new(),
            goes_on: None,
            stepping: None,
            lent: None,
        };
        chip.reset_core(0);
        chip.reset_core(1);
        chip
    }

    /// Another slice length; results may differ only where firmware races on plain SRAM.
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

    /// Runs a real boot ROM image instead of the ROM at function level, from the next reset on, which is now.
    pub fn use_rom(&mut self, image: &[u8]) -> Result<(), String> {
        self.system.dev.bootrom.use_image(image)?;
        self.code.invalidate_all();
        self.reset_core(0);
        self.reset_core(1);
        Ok(())
    }

    /// Core 0 starts at `entry`, with the stack that the ROM would give it.
    pub fn start_at(&mut self, entry: u32) {
        self.cores[0].branch_exchange(entry | 1);
    }

    /// The processors and everything else, to change both while they stand still.
    pub fn parts_mut(&mut self) -> (&mut [Core; 2], &mut System) {
        (&mut self.cores, &mut self.system)
    }

    /// Does a processor execute, or wait for an interrupt?
    pub fn is_running(&self, id: usize) -> bool {
        !self.held[id] && !self.cores[id].is_locked_up()
    }

    /// Everything but the processors.
    pub fn system(&self) -> &System {
        &self.system
    }

    /// Everything but the processors.
    pub fn system_mut(&mut self) -> &mut System {
        &mut self.system
    }

    /// Decoded code and breakpoints.
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
        self.stepping = Some((id, core.instructions, core.regs[15]));
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
            devices: self.system.dev.clone(),
            sram: self.system.mem.sram.freeze(),
            flash: self.system.mem.flash.freeze(),
        }
    }

    /// A new chip that goes on from a picture. Nobody is outside until somebody is put there.
    pub fn restore(snapshot: &Snapshot) -> Self {
        Self {
            cores: snapshot.cores.clone(),
            held: snapshot.held,
            system: System {
                mem: Memories {
                    sram: Memory::thaw(&snapshot.sram),
                    flash: Memory::thaw(&snapshot.flash),
                    foreign: None,
                },
                dev: snapshot.devices.clone(),
                core: 0,
                other_cycle: u64::MAX,
            },
            code: Code::default(),
            slice: SLICE,
            reference: (Hertz::STOPPED, Hertz::STOPPED),
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
        let stop = self.run_inner(until);
        let cycle = self.system.dev.fabric.cycle;
        self.system.sync_pio(cycle);
        stop
    }
}
