//! The run loop: what is due at a moment, and then the processors up to the next one.

use super::{Chip, Stop};
use crate::rom::{Outcome, Port};
use crate::slots::Slot;
use engine_core::time::Ps;
use engine_core::trace::Kind;
use xtensa::{Cause, Exit, StopReport};

/// How a function of the ROM has ended.
pub(super) enum Called {
    /// The processor goes on.
    Back,
    /// It waits for a radio that is not there.
    WithoutRadio,
    /// The run ends, with this report.
    Stopped(String),
}

impl Chip {
    pub(super) fn run_inner(&mut self, until: Ps) -> Stop {
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

    pub(super) fn schedule_stimuli(&mut self) {
        let fabric = &mut self.system.dev.fabric;
        let next = fabric.pins.next_stimulus();
        if next != fabric.events.due(Slot::Stimulus as usize) {
            fabric.at(Slot::Stimulus, next);
        }
    }

    /// Something was typed: those who receive look at their consoles.
    pub(super) fn tell_receivers(&mut self) {
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

    pub(super) fn fire_events(&mut self, now: Ps) -> bool {
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
            self.see_monitor(id);
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
    pub(super) fn frontier(&self) -> u64 {
        let reached = |id: usize| if self.is_awake(id) { self.cores[id].cycle } else { u64::MAX };
        match reached(0).min(reached(1)) {
            u64::MAX => self.cores[self.system.core].cycle,
            cycle => cycle,
        }
    }

    pub(super) fn advance_to(&mut self, cycle: u64) {
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
        match self.come_back(id, outcome) {
            Called::Back => None,
            Called::WithoutRadio => {
                self.system.dev.fabric.attention();
                self.cores[id].sleeping = true;
                None
            }
            Called::Stopped(report) => self.stop_core(id, report),
        }
    }

    /// The processor goes on as the function of the ROM has left it. A part of a radio's controller that lies in the ROM does
    /// not come back, as with a radio that does not answer: the processor waits there for interrupts, so that other tasks go on.
    pub(super) fn come_back(&mut self, id: usize, outcome: Outcome) -> Called {
        match outcome {
            Outcome::Continue(pc) => self.cores[id].pc = pc,
            Outcome::Fault(fault) => {
                let cause = Cause::from_code(fault.cause).unwrap_or(Cause::LoadStoreError);
                self.cores[id].raise(cause, fault.addr);
            }
            Outcome::Radio { addr, name, radio } => {
                self.say_no_radio(addr, name, radio);
                return Called::WithoutRadio;
            }
            Outcome::Missing { addr, name } => {
                return Called::Stopped(format!("the ROM function {name} at 0x{addr:08X} is not modelled"));
            }
            Outcome::Stop(report) => return Called::Stopped(report),
        }
        Called::Back
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
}
