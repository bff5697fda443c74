//! WATCHDOG: the tick generator, the watchdog timer, scratch registers. RP2040 datasheet, section 4.7.
//!
//! The block is reset by the RUN pin and at power-on only (4.7.1), so everything in it lives through a watchdog reset.
//!
//! # Fidelity
//! - Exact: tick, timer with two counts a tick (RP2040-E1), what it resets by WDSEL of PSM and RESETS, reason, scratch.
//! - PAUSE_DBG0, PAUSE_DBG1 and PAUSE_JTAG are kept and hold nothing: virtual time stands still while a debugger looks.

use crate::block::{undeclared, Block};
use crate::fabric::{Fabric, Reason, Request, Slot};
use engine_core::registers::{Bank, Group, Registers, Write};
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// 4.7.6.
    pub Reg;
    CTRL 0x00 = 0x0700_0000 {
        TRIGGER 31 wo; ENABLE 30 rw; PAUSE_DBG1 26 rw; PAUSE_DBG0 25 rw; PAUSE_JTAG 24 rw; TIME 23:0 ro;
    }
    LOAD 0x04 = 0x0000_0000 { LOAD 23:0 wo; }
    REASON 0x08 = 0x0000_0000 { FORCE 1 ro; TIMER 0 ro; }
    SCRATCH0 0x0C = 0x0000_0000 { SCRATCH0 31:0 rw; }
    SCRATCH1 0x10 = 0x0000_0000 { SCRATCH1 31:0 rw; }
    SCRATCH2 0x14 = 0x0000_0000 { SCRATCH2 31:0 rw; }
    SCRATCH3 0x18 = 0x0000_0000 { SCRATCH3 31:0 rw; }
    SCRATCH4 0x1C = 0x0000_0000 { SCRATCH4 31:0 rw; }
    SCRATCH5 0x20 = 0x0000_0000 { SCRATCH5 31:0 rw; }
    SCRATCH6 0x24 = 0x0000_0000 { SCRATCH6 31:0 rw; }
    SCRATCH7 0x28 = 0x0000_0000 { SCRATCH7 31:0 rw; }
    TICK 0x2C = 0x0000_0200 { COUNT 19:11 ro; RUNNING 10 ro; ENABLE 9 rw; CYCLES 8:0 rw; }
}

/// RP2040-E1: the timer counts down by two with every tick.
const PER_TICK: u64 = 2;

/// The state of the block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Watchdog {
    regs: Bank<Reg>,
    /// The timer's value when the count of ticks was `from`.
    value: u32,
    from: u64,
}

impl Watchdog {
    /// The block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { regs: Bank::new(), value: 0, from: 0 }
    }

    /// A scratch register, which the boot ROM looks at (2.8.1.1).
    pub fn scratch(&self, n: usize) -> u32 {
        Reg::at(0x0C + 4 * n as u32).map_or(0, |register| self.regs.get(register))
    }

    /// The boot ROM and its callers leave a word.
    pub fn set_scratch(&mut self, n: usize, value: u32) {
        if let Some(register) = Reg::at(0x0C + 4 * n as u32) {
            self.regs.set(register, value);
        }
    }

    fn is_enabled(&self) -> bool {
        CTRL::ENABLE.is_set(self.regs.get(Reg::CTRL))
    }

    /// The timer's value now. Debugger and JTAG never hold it: virtual time stands still while they look.
    fn time(&self, fabric: &Fabric) -> u32 {
        if !self.is_enabled() {
            return self.value;
        }
        let ticks = fabric.tree.ticks.count(fabric.now()).saturating_sub(self.from);
        u64::from(self.value).saturating_sub(ticks.saturating_mul(PER_TICK)) as u32
    }

    /// The timer counts on from its present value.
    fn restart_timer(&mut self, value: u32, fabric: &mut Fabric) {
        self.value = value;
        self.from = fabric.tree.ticks.count(fabric.now());
        self.schedule(fabric);
    }

    fn schedule(&self, fabric: &mut Fabric) {
        let due = if self.is_enabled() && self.value != 0 {
            fabric.tree.ticks.when(self.from + u64::from(self.value).div_ceil(PER_TICK))
        } else {
            u64::MAX
        };
        fabric.at(Slot::Watchdog, due);
    }

    fn fire(&mut self, reason: Reason, fabric: &mut Fabric) {
        let bit = if reason == Reason::WatchdogTimer { REASON::TIMER } else { REASON::FORCE };
        self.regs.set(Reg::REASON, bit.mask);
        fabric.request(Request::Restart(reason));
    }

    /// 4.7.2: the tick is clk_ref divided by CYCLES. No tick comes from CYCLES = 0, as after reset.
    fn write_tick(&mut self, fabric: &mut Fabric) {
        let tick = self.regs.get(Reg::TICK);
        let cycles = if TICK::ENABLE.is_set(tick) { TICK::CYCLES.get(tick) } else { 0 };
        if cycles != fabric.tree.tick_cycles {
            let (now, rate) = (fabric.now(), fabric.rates.reference.scaled(1, u64::from(cycles)));
            fabric.tree.tick_cycles = cycles;
            if rate.is_running() && !fabric.tree.ticks.rate().is_running() {
                fabric.tree.ticks.restart(fabric.tree.ticks.rate(), now);
            }
            fabric.settle_clocks();
        }
    }

    /// TICK.COUNT: cycles of clk_ref until the next tick.
    fn tick(&self, fabric: &Fabric) -> u32 {
        let running = fabric.rates.tick.is_running();
        let tick = TICK::RUNNING.put(self.regs.get(Reg::TICK), running.into());
        if !running {
            return tick;
        }
        let now = fabric.now();
        let next = fabric.tree.ticks.when(fabric.tree.ticks.count(now) + 1);
        TICK::COUNT.put(tick, fabric.rates.reference.cycles_in(next.saturating_sub(now)) as u32)
    }
}

impl Block for Watchdog {
    const GROUPS: &'static [Group] = &[Group::one("WATCHDOG", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(_) => self.peek(offset, fabric),
            None => undeclared("WATCHDOG", offset, fabric),
        }
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(Reg::CTRL) => CTRL::TIME.put(self.regs.load(Reg::CTRL), self.time(fabric)),
            Some(Reg::TICK) => self.tick(fabric),
            Some(register) => self.regs.load(register),
            None => 0,
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let Some(register) = Reg::at(offset) else {
            undeclared("WATCHDOG", offset, fabric);
            return;
        };
        let time = self.time(fabric);
        self.regs.store(register, write, "WATCHDOG", &mut fabric.gaps);
        match register {
            Reg::CTRL => {
                self.restart_timer(time, fabric);
                if CTRL::TRIGGER.is_set(write.value) {
                    self.fire(Reason::WatchdogForce, fabric);
                }
            }
            Reg::LOAD => self.restart_timer(LOAD::LOAD.get(write.value), fabric),
            Reg::TICK => self.write_tick(fabric),
            _ => {}
        }
    }

    fn event(&mut self, _slot: Slot, fabric: &mut Fabric) {
        if self.is_enabled() && self.value != 0 && self.time(fabric) == 0 {
            self.restart_timer(0, fabric);
            self.fire(Reason::WatchdogTimer, fabric);
        } else {
            self.schedule(fabric);
        }
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        fabric.cancel(Slot::Watchdog);
        self.write_tick(fabric);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clocks::tree::{Generator, Source};
    use crate::xosc::CRYSTAL;
    use engine_core::time::{Hertz, MICROSECOND};

    const CTRL: u32 = 0x00;
    const LOAD: u32 = 0x04;
    const REASON: u32 = 0x08;
    const TICK: u32 = 0x2C;

    /// clk_ref from the crystal and a tick of 12 cycles, as the SDK sets it up; clk_sys at 12 MHz makes a cycle of it a cycle.
    fn parts() -> (Watchdog, Fabric) {
        let (mut watchdog, mut fabric) = (Watchdog::new(), Fabric::new(CRYSTAL));
        fabric.tree.xosc = CRYSTAL;
        fabric.tree.generators[Generator::Ref as usize].from = Source::Xosc;
        fabric.settle_clocks();
        watchdog.write(TICK, Write::word(1 << 9 | 12), &mut fabric);
        (watchdog, fabric)
    }

    /// 4.7.2: with CYCLES = 12 and clk_ref = 12 MHz the tick is 1 µs.
    #[test]
    fn the_tick_is_clk_ref_divided_by_cycles() {
        let (mut watchdog, mut fabric) = parts();
        assert_eq!(fabric.rates.tick, Hertz::new(1_000_000));
        assert_eq!(watchdog.read(TICK, &mut fabric) & 0x400, 0x400);
        watchdog.write(TICK, Write::word(12), &mut fabric);
        assert_eq!((fabric.rates.tick, watchdog.read(TICK, &mut fabric) & 0x400), (Hertz::STOPPED, 0));
    }

    /// RP2040-E1: 2000 loaded are 1000 ticks. LOAD while it runs feeds it.
    #[test]
    fn the_timer_counts_down_twice_as_fast() {
        let (mut watchdog, mut fabric) = parts();
        watchdog.write(LOAD, Write::word(2000), &mut fabric);
        watchdog.write(CTRL, Write::word(1 << 30), &mut fabric);
        fabric.cycle = 12 * 400;
        assert_eq!(watchdog.read(CTRL, &mut fabric), 1 << 30 | 1200);
        assert_eq!(fabric.events.due(Slot::Watchdog as usize), 1000 * MICROSECOND);
        watchdog.write(LOAD, Write::word(2000), &mut fabric);
        assert_eq!(fabric.events.due(Slot::Watchdog as usize), 1400 * MICROSECOND);
        fabric.requests.clear();
        fabric.cycle = 12 * 1400;
        watchdog.event(Slot::Watchdog, &mut fabric);
        assert_eq!(fabric.requests, [Request::Restart(Reason::WatchdogTimer)]);
        assert_eq!(watchdog.read(REASON, &mut fabric), 1);
    }

    /// 4.7.6: TRIGGER is bit 31, REASON.FORCE bit 1; scratch registers start at 0x0C.
    #[test]
    fn a_forced_reset_keeps_the_scratch_registers() {
        let (mut watchdog, mut fabric) = parts();
        watchdog.write(0x1C, Write::word(0xB007_C0D3), &mut fabric);
        fabric.requests.clear();
        watchdog.write(CTRL, Write::word(1 << 31), &mut fabric);
        assert_eq!(fabric.requests, [Request::Restart(Reason::WatchdogForce)]);
        assert_eq!((watchdog.read(REASON, &mut fabric), watchdog.scratch(4)), (2, 0xB007_C0D3));
        assert_eq!(watchdog.read(CTRL, &mut fabric) >> 31, 0);
    }

    /// A tick that slows down in the middle of the wait: 300 ticks at 1 µs, the other 700 at 2 µs.
    #[test]
    fn the_timer_follows_the_tick() {
        let (mut watchdog, mut fabric) = parts();
        watchdog.write(LOAD, Write::word(2000), &mut fabric);
        watchdog.write(CTRL, Write::word(1 << 30), &mut fabric);
        fabric.cycle = 12 * 300;
        watchdog.write(TICK, Write::word(1 << 9 | 24), &mut fabric);
        watchdog.event(Slot::Watchdog, &mut fabric);
        assert_eq!(fabric.events.due(Slot::Watchdog as usize), 1700 * MICROSECOND);
    }
}
