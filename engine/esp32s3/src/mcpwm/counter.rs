//! A PWM timer: a counter whose position follows from the time, so that it is only looked at where something happens.

use super::registers::timer::{Reg, CFG0, CFG1, STATUS, SYNC};
use engine_core::registers::Bank;
use serde::{Deserialize, Serialize};

/// TIMER_MOD.
const UP: u32 = 1;
const DOWN: u32 = 2;
const UP_DOWN: u32 = 3;

/// TIMER_START.
const STOP_AT_TEZ: u32 = 0;
const STOP_AT_TEP: u32 = 1;
const RUN: u32 = 2;
const ONCE_TO_TEZ: u32 = 3;
const ONCE_TO_TEP: u32 = 4;

/// Ways to transfer a shadow register, as bits of the update methods; 0 is at once.
pub const ON_TEZ: u32 = 1;
/// At TEP, in the update methods of operators.
pub const ON_TEP: u32 = 2;
/// At a sync event, in the update methods of operators.
pub const ON_SYNC: u32 = 4;
/// At a sync event, in TIMER_PERIOD_UPMETHOD.
const PERIOD_ON_SYNC: u32 = 2;

/// Where a counter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// TIMER_VALUE, but the present one.
    pub count: u32,
    /// It counts down from here.
    pub down: bool,
}

/// A timer. Ticks are those of PWM_clk.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Timer {
    pub(super) regs: Bank<Reg>,
    /// The active register of the period.
    period: u32,
    /// PT_clk has so many ticks; TIMER_PRESCALE counts from the next start on.
    divisor: u64,
    running: bool,
    count: u32,
    down: bool,
    /// The tick at which the counter came to `count`.
    since: u64,
    /// What happens at `count` is yet to happen.
    fresh: bool,
    /// The timer was started here: it does not stop before it has counted.
    started: bool,
}

impl Timer {
    pub(super) fn new() -> Self {
        let regs = Bank::new();
        let period = regs.field(Reg::CFG0, CFG0::PERIOD);
        let (count, since) = (0, 0);
        Self { regs, period, divisor: 1, running: false, count, down: false, since, fresh: false, started: false }
    }

    /// Ticks of PWM_clk in one of PT_clk.
    pub(super) fn divisor(&self) -> u64 {
        self.divisor
    }

    /// Where it stands, after [`Timer::advance`].
    pub(super) fn position(&self) -> Position {
        Position { count: self.count, down: self.down }
    }

    pub(super) fn is_at_peak(&self) -> bool {
        self.count == self.period
    }

    fn mode(&self) -> u32 {
        self.regs.field(Reg::CFG1, CFG1::MOD)
    }

    fn counts(&self) -> bool {
        self.running && self.mode() != 0
    }

    /// Steps until the counter is where it was.
    fn cycle(&self) -> u64 {
        let period = u64::from(self.period);
        if self.mode() == UP_DOWN {
            (2 * period).max(1)
        } else {
            period + 1
        }
    }

    /// Steps since the cycle began. A counter beyond the period goes on as from the period.
    fn phase(&self) -> u64 {
        let (count, period) = (u64::from(self.count.min(self.period)), u64::from(self.period));
        match self.mode() {
            DOWN => period - count,
            UP_DOWN if self.down => (2 * period - count) % self.cycle(),
            _ => count,
        }
    }

    /// The position so many steps after the cycle began. At 0 a counter in up-down mode counts up, at the period down.
    fn at_phase(&self, phase: u64) -> Position {
        let period = u64::from(self.period);
        let (count, down) = match self.mode() {
            DOWN => (period - phase, true),
            UP_DOWN if phase >= period => (2 * period - phase, period > 0),
            _ => (phase, false),
        };
        Position { count: count as u32, down }
    }

    /// TIMER_VALUE is where the counter goes next, ESP-IDF `hal/mcpwm_ll.h`; TIMER_DIRECTION is the present one.
    pub(super) fn status(&self) -> u32 {
        let next = if self.mode() == 0 { self.count } else { self.at_phase((self.phase() + 1) % self.cycle()).count };
        STATUS::DIRECTION.put(STATUS::VALUE.put(0, next), self.down.into())
    }

    /// The tick at which the counter next comes to 0, to its period or to one of these values; `u64::MAX` for never.
    pub(super) fn next(&self, values: impl Iterator<Item = u32>) -> u64 {
        if !self.counts() {
            return u64::MAX;
        }
        if self.fresh {
            return self.since;
        }
        let (phase, cycle) = (self.phase(), self.cycle());
        let steps_to = |target: u64| (target + cycle - phase - 1) % cycle + 1;
        let mut steps = steps_to(0);
        for value in values.chain([self.period, 0]).filter(|value| *value <= self.period).map(u64::from) {
            let period = u64::from(self.period);
            steps = match self.mode() {
                DOWN => steps.min(steps_to(period - value)),
                UP_DOWN => steps.min(steps_to(value % cycle)).min(steps_to((2 * period - value) % cycle)),
                _ => steps.min(steps_to(value)),
            };
        }
        self.since.saturating_add(steps * self.divisor)
    }

    /// The counter stands where it is at this tick.
    pub(super) fn advance(&mut self, tick: u64) {
        let steps = tick.saturating_sub(self.since) / self.divisor;
        if self.counts() && steps > 0 {
            let position = self.at_phase((self.phase() + steps) % self.cycle());
            (self.count, self.down) = (position.count, position.down);
            self.since += steps * self.divisor;
            self.started = false;
        } else if !self.counts() {
            self.since = tick;
        }
    }

    /// What happens at the present count happens now. True: the timer stops here.
    pub(super) fn arrive(&mut self) -> bool {
        self.fresh = false;
        let started = std::mem::take(&mut self.started);
        let stops = !started
            && match self.regs.field(Reg::CFG1, CFG1::START) {
                STOP_AT_TEZ | ONCE_TO_TEZ => self.count == 0,
                STOP_AT_TEP | ONCE_TO_TEP => self.is_at_peak(),
                _ => false,
            };
        if stops {
            self.running = false;
            // R/W/SC: the commands that start the timer once are done.
            if self.regs.field(Reg::CFG1, CFG1::START) > RUN {
                self.regs.set_field(Reg::CFG1, CFG1::START, STOP_AT_TEZ);
            }
        }
        stops
    }

    /// TIMER_CFG1 was written.
    pub(super) fn command(&mut self, tick: u64) {
        match self.mode() {
            UP => self.down = false,
            DOWN => self.down = true,
            _ => {}
        }
        if !self.running && matches!(self.regs.field(Reg::CFG1, CFG1::START), RUN | ONCE_TO_TEZ | ONCE_TO_TEP) {
            self.running = true;
            self.divisor = u64::from(self.regs.field(Reg::CFG0, CFG0::PRESCALE)) + 1;
            (self.since, self.fresh, self.started) = (tick, true, true);
        }
    }

    /// The shadow register of the period is transferred, if this is the moment for it.
    pub(super) fn update_period(&mut self, moment: u32, forced: bool) {
        let method = self.regs.field(Reg::CFG0, CFG0::PERIOD_UPMETHOD);
        if forced || method == 0 || method & moment != 0 {
            self.period = self.regs.field(Reg::CFG0, CFG0::PERIOD);
            self.count = self.count.min(self.period);
        }
    }

    /// A sync event comes in. True: it is taken.
    pub(super) fn sync(&mut self, tick: u64, updates: bool) -> bool {
        let sync = self.regs.get(Reg::SYNC);
        if !SYNC::SYNCI_EN.is_set(sync) {
            return false;
        }
        if updates {
            self.update_period(PERIOD_ON_SYNC, false);
        }
        let before = (self.since, self.position());
        self.count = SYNC::PHASE.get(sync).min(self.period);
        if self.mode() == UP_DOWN {
            // At the ends of its way the counter can only turn.
            let turned = if self.is_at_peak() { true } else { SYNC::PHASE_DIRECTION.is_set(sync) };
            self.down = turned && self.count != 0;
        }
        // To where the counter has just come: that has happened. Else a ring of syncs would go round for ever.
        let new = self.fresh || before != (tick, self.position());
        (self.since, self.fresh, self.started) = (tick, self.running && new, false);
        true
    }
}
