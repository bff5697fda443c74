//! The whole chip and its run loop.
//!
//! Processors run in slices, blocks are events. A slice ends at the next event, at a fixed length where
//! both processors are awake, or as soon as an access asks for attention. Of two awake processors the one that is behind
//! runs, and one that is ahead waits with its next shared access, so all shared accesses happen in the order of time.

mod lent;

use crate::bootrom::RomExit;
use crate::fabric::{Reason, Request, Slot};
use crate::system::{Devices, Memories, System};
use armv6m::{Code, Core, Exit, LockupReport};
use engine_core::lent::{Notice, Told};
use engine_core::memory::{Frozen, Memory};
use engine_core::time::{Hertz, Ps};
use engine_core::trace::Kind;
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

    fn run_inner(&mut self, until: Ps) -> Stop {
        self.system.dev.fabric.pins.clear_wake();
        self.system.dev.fabric.look_at_gpout();
        loop {
            self.schedule_stimuli();
            self.tell_receivers();
            self.forget_stale_code();
            self.follow_clocks();
            self.system.tend_pwm();
            if let Some(stop) = self.carry_out_requests() {
                return stop;
            }
            let cycle = self.system.dev.fabric.cycle;
            let now = self.system.dev.fabric.now();
            if self.fire_events(now) {
                continue;
            }
            if let Some((key, console, _)) = self.system.dev.fabric.consoles.take_seen() {
                return Stop::Text { key, console };
            }
            let fabric = &self.system.dev.fabric;
            let until = until.min(fabric.pins.wake());
            if now >= until {
                return Stop::Time;
            }
            let horizon = fabric.clock.first_cycle_from(fabric.events.next().min(until)).max(cycle + 1);
            let stop = if self.deliver_interrupts(cycle) { self.run_cores(horizon) } else { self.sleep_until(horizon) };
            if let Some(stop) = stop {
                return stop;
            }
        }
    }

    fn schedule_stimuli(&mut self) {
        let fabric = &mut self.system.dev.fabric;
        let next = fabric.pins.next_stimulus();
        if next != fabric.events.due(Slot::Stimulus as usize) {
            fabric.at(Slot::Stimulus, next);
        }
    }

    /// Something was typed: the UARTs and the USB host look at their consoles.
    fn tell_receivers(&mut self) {
        let fabric = &mut self.system.dev.fabric;
        if fabric.consoles.take_typed() {
            for slot in [Slot::Uart0Rx, Slot::Uart1Rx, Slot::UsbHost] {
                fabric.soon(slot);
            }
        }
    }

    /// SysTick's reference clock is the tick of the watchdog block (2.4.5.1.1).
    fn follow_clocks(&mut self) {
        let fabric = &self.system.dev.fabric;
        let clocks = (fabric.clock.rate(), fabric.rates.tick);
        if clocks != self.reference {
            self.reference = clocks;
            for core in &mut self.cores {
                core.set_systick_reference(clocks.0.ratio_to(clocks.1));
            }
        }
    }

    fn forget_stale_code(&mut self) {
        for line in self.system.mem.sram.take_stale() {
            for alias in crate::bus::sram_addresses(line) {
                self.code.invalidate_line(alias);
            }
        }
        for line in self.system.mem.flash.take_stale() {
            for window in 0x10..0x14 {
                self.code.invalidate_line(window << 24 | line);
            }
        }
    }

    /// What blocks asked of processors and chip. A reset is reported to the caller.
    fn carry_out_requests(&mut self) -> Option<Stop> {
        let mut stop = None;
        for request in std::mem::take(&mut self.system.dev.fabric.requests) {
            match request {
                Request::HoldCore(core, hold) => {
                    let core = usize::from(core);
                    if self.held[core] && !hold {
                        self.reset_core(core);
                    }
                    self.held[core] = hold;
                }
                Request::Restart(reason) => {
                    if self.restart(reason) {
                        stop = Some(Stop::Reset(reason));
                    }
                }
                Request::ResetBlocks(_) | Request::SysClock(_) | Request::Wake => {
                    self.system.dev.fabric.requests.push(request);
                    self.system.carry_out_requests();
                }
            }
        }
        stop
    }

    fn reset_core(&mut self, core: usize) {
        let cycle = self.system.dev.fabric.cycle.max(self.cores[core].cycle);
        self.system.core = core;
        self.system.other_cycle = u64::MAX;
        self.cores[core].reset(&mut self.system, 0);
        self.cores[core].cycle = cycle;
        self.cores[core].rom_trap_limit = self.system.dev.bootrom.trap_limit();
    }

    /// Parts of the chip, or all of it, start again; the processors among them from the ROM. Flash, SRAM, pins and consoles
    /// stay as they are, and time goes on. False: the watchdog fired, but PSM.WDSEL selects nothing.
    fn restart(&mut self, reason: Reason) -> bool {
        let stages = self.system.restart_devices(reason);
        if stages == 0 {
            return false;
        }
        self.see_reset(reason);
        if let Some(told) = &mut self.lent {
            let cores = crate::psm::DONE::PROC0.get(stages) | crate::psm::DONE::PROC1.get(stages) << 1;
            told.tell(Notice::Reset(cores as u8, reason as u8));
        }
        for core in 0..2u8 {
            let id = usize::from(core);
            self.held[id] = self.system.dev.psm.holds(core);
            if stages & crate::psm::DONE::PROC0.mask << core != 0 {
                self.reset_core(id);
            }
        }
        true
    }

    fn see_reset(&mut self, reason: Reason) {
        self.system.sync_pio(self.system.dev.fabric.cycle);
        let fabric = &mut self.system.dev.fabric;
        let now = fabric.now();
        fabric.pins.trace.see(Kind::Reset, now, reason as u64);
    }

    fn fire_events(&mut self, now: Ps) -> bool {
        let mut fired = false;
        while let Some(slot) = self.system.dev.fabric.events.pop(now) {
            self.system.event(crate::fabric::slot(slot));
            fired = true;
        }
        fired
    }

    /// Lines and events reach the processors; a sleeping one that they wake goes on at `cycle`. True: somebody is awake.
    fn deliver_interrupts(&mut self, cycle: u64) -> bool {
        let fabric = &mut self.system.dev.fabric;
        let events = std::mem::take(&mut fabric.events_sent);
        let nmi = fabric.take_nmi();
        let stopped = fabric.tree.stopped;
        let mut awake = false;
        for (id, core) in self.cores.iter_mut().enumerate() {
            core.set_irq_lines(fabric.irq[id]);
            if nmi >> id & 1 != 0 {
                core.pend_nmi();
            }
            if events >> id & 1 != 0 {
                core.wake_event();
            }
            if core.sleeping {
                core.sleep_until(cycle);
            }
            awake |= is_awake(core, self.held[id] || stopped);
        }
        awake
    }

    fn is_awake(&self, id: usize) -> bool {
        is_awake(&self.cores[id], self.held[id] || self.system.dev.fabric.tree.stopped)
    }

    /// The processors run until `horizon`, or until something needs attention.
    fn run_cores(&mut self, horizon: u64) -> Option<Stop> {
        let horizon = horizon.min(self.systick_horizon());
        let mut goes_on = self.goes_on.take().filter(|(id, _)| self.is_awake(*id));
        loop {
            let quiet = self.system.pio_quiet_until();
            let goal = horizon.min(quiet.max(self.system.dev.fabric.cycle + 1));
            let (id, until) = match (self.is_awake(0), self.is_awake(1)) {
                (true, true) if goes_on.is_some_and(|(_, until)| until <= goal) => goes_on.take().unwrap_or_default(),
                (true, true) => {
                    let id = usize::from(self.cores[1].cycle < self.cores[0].cycle);
                    let other = self.cores[1 - id].cycle;
                    self.system.other_cycle = other;
                    (id, goal.min(other + self.slice))
                }
                (true, false) => self.alone(0, goal),
                (false, true) => self.alone(1, goal),
                (false, false) => return None,
            };
            if self.cores[id].cycle >= goal {
                self.advance_to(goal);
                if self.system.dev.fabric.deadline == 0 || goal >= horizon {
                    return None;
                }
                continue;
            }
            self.system.core = id;
            self.system.dev.fabric.deadline = self.deadline_of(id, until);
            let exit = self.cores[id].run(&mut self.system, &mut self.code);
            if let Some(stop) = self.take_exit(id, exit).or_else(|| self.see_step(id)) {
                return Some(stop);
            }
            if self.system.dev.fabric.deadline == 0 {
                self.advance_to(self.frontier().min(goal));
                return None;
            }
        }
    }

    fn alone(&mut self, id: usize, goal: u64) -> (usize, u64) {
        self.system.other_cycle = u64::MAX;
        (id, goal)
    }

    /// The cycle that every awake processor has reached.
    fn frontier(&self) -> u64 {
        let reached = |id: usize| if self.is_awake(id) { self.cores[id].cycle } else { u64::MAX };
        match reached(0).min(reached(1)) {
            u64::MAX => self.cores[self.system.core].cycle,
            cycle => cycle,
        }
    }

    /// Chip time goes on to `cycle`; PIO too, where somebody could notice.
    fn advance_to(&mut self, cycle: u64) {
        let fabric = &mut self.system.dev.fabric;
        fabric.cycle = fabric.cycle.max(cycle);
        if self.system.pio_quiet_until() <= cycle {
            self.system.sync_pio(cycle);
        }
    }

    fn systick_horizon(&self) -> u64 {
        let next = |id: usize| self.cores[id].next_systick_event().filter(|_| !self.held[id]).unwrap_or(u64::MAX);
        next(0).min(next(1))
    }

    /// A processor that steps comes back behind each instruction.
    fn deadline_of(&self, id: usize, until: u64) -> u64 {
        match self.stepping {
            Some((core, ..)) if core == id => self.cores[id].cycle + 1,
            _ => until,
        }
    }

    /// Has the processor that steps done so?
    fn see_step(&mut self, id: usize) -> Option<Stop> {
        let (core, instructions, pc) = self.stepping?;
        if core != id || (self.cores[id].instructions, self.cores[id].regs[15]) == (instructions, pc) {
            return None;
        }
        self.advance_to(self.frontier());
        Some(Stop::Stepped { core })
    }

    fn take_exit(&mut self, id: usize, exit: Exit) -> Option<Stop> {
        match exit {
            Exit::Deadline | Exit::Yield => None,
            Exit::Sleep => {
                self.system.dev.fabric.attention();
                None
            }
            Exit::Breakpoint(pc) if self.intercepts.contains(&pc) => {
                self.goes_on = Some((id, self.system.dev.fabric.deadline));
                Some(Stop::Intercept { core: id, pc })
            }
            Exit::Breakpoint(pc) => {
                self.advance_to(self.frontier());
                Some(Stop::Breakpoint { core: id, pc })
            }
            Exit::Watchpoint(addr) => {
                self.advance_to(self.frontier());
                Some(Stop::Watchpoint { core: id, addr })
            }
            Exit::Trap(number) => {
                self.system.dev.fabric.cycle = self.system.dev.fabric.cycle.max(self.cores[id].cycle);
                match self.system.call_rom(number, &mut self.cores[id]) {
                    RomExit::Done => None,
                    RomExit::Wait => {
                        self.cores[id].wait_for_event();
                        self.system.dev.fabric.attention();
                        None
                    }
                    RomExit::UsbBoot(why) => Some(Stop::UsbBoot(why)),
                }
            }
            Exit::Lockup(report) => {
                self.system.sync_pio(self.system.dev.fabric.cycle);
                let now = self.system.dev.fabric.now();
                self.system.dev.fabric.pins.trace.see(Kind::Crash, now, u64::from(self.cores[id].regs[15]));
                self.advance_to(self.frontier());
                Some(Stop::Lockup { core: id, report })
            }
            // 2.4.2.9: the request resets the processor that made it, and nothing else.
            Exit::SysResetReq => {
                self.advance_to(self.frontier());
                self.see_reset(Reason::SysResetReq);
                self.reset_core(id);
                Some(Stop::Reset(Reason::SysResetReq))
            }
        }
    }

    /// Both processors sleep: time jumps to the next event, or to what PIO does on the way.
    fn sleep_until(&mut self, horizon: u64) -> Option<Stop> {
        let horizon = horizon.min(self.systick_horizon()).max(self.system.dev.fabric.cycle + 1);
        let reached = if self.system.pio_quiet_until() < horizon { self.system.run_pio(horizon) } else { horizon };
        let fabric = &mut self.system.dev.fabric;
        fabric.cycle = fabric.cycle.max(reached);
        // Processors that stand still with clk_sys go on from here when it runs again.
        if fabric.tree.stopped {
            for core in &mut self.cores {
                core.sleep_until(reached);
            }
        }
        None
    }
}

/// Does it execute, or would it with the next step?
fn is_awake(core: &Core, held: bool) -> bool {
    !held && !core.is_locked_up() && (!core.sleeping || core.pending_wakeup())
}
