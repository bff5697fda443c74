//! The whole chip and its run loop.
//!
//! Processors run in slices, blocks are events. A slice ends at the next event, at a fixed length where both processors
//! are awake, or as soon as an access asks for attention. Of two awake processors the one that is behind runs, and one
//! that is ahead waits with its next access to a register, so all of those happen in the order of time.

mod lent;
mod traps;

use crate::devices::Devices;
use crate::fabric::{Reason, Request};
use crate::memories::{FrozenMemories, Memories, Shut};
use crate::rom::{Outcome, Port, Rom};
use crate::slots::Slot;
use crate::spi_mem::psram::Wiring;
use crate::system::System;
use engine_core::lent::Notice;
use engine_core::time::{Hertz, Ps};
use engine_core::trace::Kind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use xtensa::{Cause, Code, Core, Exit, StopReport};

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

    fn run_inner(&mut self, until: Ps) -> Stop {
        self.system.dev.fabric.pins.clear_wake();
        loop {
            self.schedule_stimuli();
            self.tell_receivers();
            self.forget_stale_code();
            if let Some(stop) = self.carry_out_requests() {
                return stop;
            }
            let now = self.system.dev.fabric.now();
            if self.fire_events(now) {
                continue;
            }
            if let Some((key, console, _)) = self.system.dev.fabric.consoles.take_seen() {
                return Stop::Text { key, console };
            }
            let fabric = &self.system.dev.fabric;
            let cycle = fabric.cycle;
            let until = until.min(fabric.pins.wake());
            if now >= until {
                return Stop::Time;
            }
            let horizon = fabric.clock.first_cycle_from(fabric.events.next().min(until)).max(cycle + 1);
            let horizon = horizon.min(fabric.next_rise(cycle));
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

    /// Something was typed: those who receive look at their consoles.
    fn tell_receivers(&mut self) {
        let fabric = &mut self.system.dev.fabric;
        if fabric.consoles.take_typed() {
            for slot in [Slot::Uart0Rx, Slot::Uart1Rx, Slot::Uart2Rx, Slot::UsbSerialJtag, Slot::UsbHost] {
                fabric.soon(slot);
            }
        }
    }

    fn forget_stale_code(&mut self) {
        for line in self.system.take_stale_code() {
            self.code.invalidate_line(line);
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
                Request::StallCore(core, stall) => self.stalled[usize::from(core)] = stall,
                Request::RestartCore(core, reason) => {
                    self.see_reset(reason);
                    self.tell(Notice::Reset(1 << core, reason as u8));
                    self.record_core(usize::from(core));
                    self.system.dev.rtc_cntl.core_restarted(usize::from(core), reason);
                    self.reset_core(usize::from(core));
                    stop = Some(Stop::Reset(reason));
                }
                Request::Restart(reason) => {
                    self.restart(reason);
                    stop = Some(Stop::Reset(reason));
                }
                Request::Sleep(_) => self.asleep = true,
                Request::Wake => {
                    self.sleep_cores_until(self.system.dev.fabric.cycle);
                    self.asleep = false;
                }
                Request::Remapped(entry) => {
                    self.forget_page(u32::from(entry));
                    self.show_page(usize::from(entry));
                }
                Request::CodeChanged => self.code.invalidate_all(),
                Request::RadioTouched(page, core) => {
                    let pc = self.cores[usize::from(core)].pc;
                    crate::radio::say(page, pc, &mut self.system.dev.fabric.gaps);
                }
                Request::CpuClock(_) | Request::Rates | Request::ResetBlock(_) | Request::RtcMemoryCrc(..) => {
                    self.system.dev.fabric.requests.push(request);
                    self.system.carry_out_requests();
                }
            }
        }
        stop
    }

    /// An entry of the MMU changed: code of its 64 KB page is another one now.
    fn forget_page(&mut self, entry: u32) {
        self.code.invalidate_range(0x4200_0000 | entry << 16, crate::memories::MMU_PAGE);
    }

    fn reset_core(&mut self, core: usize) {
        let cycle = self.system.dev.fabric.cycle.max(self.cores[core].cycle);
        // CCOUNT starts at 0 from here.
        self.cores[core].cycle = cycle;
        self.cores[core].reset();
        self.stopped[core] = false;
    }

    /// ASSIST_DEBUG keeps where a processor stood, for the program that comes after the reset.
    fn record_core(&mut self, core: usize) {
        const SP: usize = 1;
        let (pc, sp) = (self.cores[core].pc, self.cores[core].a(SP));
        self.system.dev.assist_debug.record(core, pc, sp);
    }

    /// The chip starts again, from the ROM. Flash, PSRAM, pins and consoles stay as they are, and time goes on.
    fn restart(&mut self, reason: Reason) {
        self.see_reset(reason);
        self.tell(Notice::Reset(0b11, reason as u8));
        self.record_core(0);
        self.record_core(1);
        self.system.restart_devices(reason);
        self.asleep = false;
        self.reset_core(0);
        self.reset_core(1);
        self.held = [false, true];
        self.code.invalidate_all();
    }

    fn see_reset(&mut self, reason: Reason) {
        let fabric = &mut self.system.dev.fabric;
        let now = fabric.now();
        fabric.pins.trace.see(Kind::Reset, now, reason as u64);
    }

    fn fire_events(&mut self, now: Ps) -> bool {
        let mut fired = false;
        while let Some(slot) = self.system.dev.fabric.events.pop(now) {
            self.system.event(crate::slots::slot(slot));
            fired = true;
        }
        fired
    }

    /// Interrupt lines reach the processors; a sleeping one that they wake goes on at `cycle`. True: somebody is awake.
    fn deliver_interrupts(&mut self, cycle: u64) -> bool {
        let mut awake = false;
        if self.asleep {
            self.sleep_cores_until(cycle);
        }
        for id in 0..2 {
            let core = &mut self.cores[id];
            core.set_interrupt_lines(self.system.dev.fabric.lines(id, cycle));
            if !self.asleep && (core.sleeping || self.stalled[id]) {
                core.sleep_until(cycle);
            }
            awake |= self.is_awake(id);
        }
        awake
    }

    /// The chip sleeps: without a clock CCOUNT stands still, too.
    fn sleep_cores_until(&mut self, cycle: u64) {
        for core in &mut self.cores {
            let count = core.ccount();
            core.sleep_until(cycle);
            core.set_ccount(count);
        }
    }

    /// Does it execute, or would it with the next step?
    fn is_awake(&self, id: usize) -> bool {
        let core = &self.cores[id];
        let still = self.held[id] || self.stalled[id] || self.stopped[id] || self.asleep;
        !still && (!core.sleeping || core.pending_wakeup())
    }

    /// The processors run until `horizon`, or until something needs attention.
    fn run_cores(&mut self, horizon: u64) -> Option<Stop> {
        let goal = horizon.min(self.timer_horizon()).max(self.system.dev.fabric.cycle + 1);
        let mut goes_on = self.goes_on.take().filter(|(id, _)| self.is_awake(*id));
        loop {
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
                return None;
            }
            self.system.select(id);
            self.system.dev.fabric.deadline = self.deadline_of(id, until);
            let exit = self.cores[id].run(&mut self.system, &mut self.code);
            // The firmware set a CCOMPARE or enabled one: the goal may be nearer now.
            let timers_changed = matches!(exit, Exit::Deadline) && self.cores[id].cycle < until;
            if let Some(stop) = self.take_exit(id, exit).or_else(|| self.see_step(id)) {
                return Some(stop);
            }
            if timers_changed || self.system.dev.fabric.deadline == 0 {
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

    fn advance_to(&mut self, cycle: u64) {
        let fabric = &mut self.system.dev.fabric;
        fabric.cycle = fabric.cycle.max(cycle);
    }

    /// When the first CCOMPARE of a processor fires.
    fn timer_horizon(&self) -> u64 {
        let counts = |id: &usize| !self.held[*id] && !self.asleep;
        let next = (0..2).filter(counts).filter_map(|id| self.cores[id].next_timer_event()).min();
        next.unwrap_or(u64::MAX)
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
        if core != id || (self.cores[id].instructions, self.cores[id].pc) == (instructions, pc) {
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
            Exit::Trap(_) => self.rom_function(id),
            Exit::Simcall => self.stop_core(id, "SIMCALL is for simulators, and firmware executed it".to_owned()),
            Exit::Stopped(report) => {
                let report: StopReport = *report;
                self.stop_core(id, report.to_string())
            }
        }
    }

    /// A function of the ROM is entered. Its accesses to registers need the order of time, so it waits for the other
    /// processor.
    fn rom_function(&mut self, id: usize) -> Option<Stop> {
        let (cycle, other) = (self.cores[id].cycle, self.system.other_cycle);
        if cycle > other || (cycle == other && id == 1) {
            return None;
        }
        let rom = self.system.rom.clone();
        let outcome = rom.call(&mut Port::new(&mut self.cores[id], &mut self.system));
        match outcome {
            Outcome::Continue(pc) => {
                self.cores[id].pc = pc;
                None
            }
            Outcome::Fault(fault) => {
                let cause = Cause::from_code(fault.cause).unwrap_or(Cause::LoadStoreError);
                self.cores[id].raise(cause, fault.addr);
                None
            }
            Outcome::Missing { addr, name } => {
                self.stop_core(id, format!("the ROM function {name} at 0x{addr:08X} is not modelled"))
            }
            Outcome::Radio { addr, name, radio } => {
                self.wait_for_radio(id, addr, name, radio);
                None
            }
            Outcome::Stop(text) => self.stop_core(id, text),
        }
    }

    /// A part of a radio's controller that lies in the ROM was called: the call does not come back, as with a radio that
    /// does not answer. The processor waits there for interrupts, so that other tasks go on.
    fn wait_for_radio(&mut self, id: usize, addr: u32, name: &str, radio: &str) {
        self.say_no_radio(addr, name, radio);
        self.system.dev.fabric.attention();
        self.cores[id].sleeping = true;
    }

    fn say_no_radio(&mut self, addr: u32, name: &str, radio: &str) {
        let fabric = &mut self.system.dev.fabric;
        fabric.gaps.touch(
            &format!("ROM function {name}"),
            &format!(
                "the firmware starts {radio} at 0x{addr:08x}; there is no radio here: the call waits for ever \
                 (with a real mask ROM its software runs)"
            ),
        );
    }

    fn stop_core(&mut self, id: usize, report: String) -> Option<Stop> {
        let fabric = &mut self.system.dev.fabric;
        let now = fabric.now();
        fabric.pins.trace.see(Kind::Crash, now, u64::from(self.cores[id].pc));
        self.stopped[id] = true;
        self.advance_to(self.frontier());
        Some(Stop::Stopped { core: id, report })
    }

    /// Both processors sleep: time jumps to the next event.
    fn sleep_until(&mut self, horizon: u64) -> Option<Stop> {
        let horizon = horizon.min(self.timer_horizon()).max(self.system.dev.fabric.cycle + 1);
        self.system.dev.fabric.cycle = horizon;
        None
    }

    /// The rate of CPU_CLK.
    pub fn cpu_clock(&self) -> Hertz {
        self.system.dev.fabric.clock.rate()
    }
}
