//! The run loop: what is due at a moment, and then the processors up to the next one.

use super::{Chip, Stop};
use crate::bootrom::RomExit;
use crate::fabric::{Reason, Slot};
use armv6m::{Core, Exit};
use engine_core::time::Ps;
use engine_core::trace::Kind;

impl Chip {
    pub(super) fn run_inner(&mut self, until: Ps) -> Stop {
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

    pub(super) fn schedule_stimuli(&mut self) {
        let fabric = &mut self.system.dev.fabric;
        let next = fabric.pins.next_stimulus();
        if next != fabric.events.due(Slot::Stimulus as usize) {
            fabric.at(Slot::Stimulus, next);
        }
    }

    /// Something was typed: the UARTs and the USB host look at their consoles.
    pub(super) fn tell_receivers(&mut self) {
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

    pub(super) fn fire_events(&mut self, now: Ps) -> bool {
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
    pub(super) fn sleep_until(&mut self, horizon: u64) -> Option<Stop> {
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
