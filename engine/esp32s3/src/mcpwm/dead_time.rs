//! What follows the generators: the dead time and the carrier.

use super::registers::{chopper, db};
use serde::{Deserialize, Serialize};

/// An edge delay: edges to `late` come later by the delay, or not at all when the input goes back before; the others at once.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Delay {
    late: bool,
    input: bool,
    output: bool,
    due: u64,
}

impl Delay {
    fn new(late: bool) -> Self {
        Self { late, input: false, output: false, due: u64::MAX }
    }

    fn follow(&mut self, input: bool, delay: u64, tick: u64) -> bool {
        if input != self.input {
            self.input = input;
            self.due = if input == self.late { tick + delay } else { tick };
        }
        if self.due <= tick {
            (self.output, self.due) = (self.input, u64::MAX);
        }
        self.output
    }
}

/// The dead time of an operator, with the active registers of its delays.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct DeadTime {
    red: Delay,
    fed: Delay,
}

/// The delays in force, in ticks of PWM_clk.
#[derive(Clone, Copy, Debug)]
pub struct Delays {
    /// Of rising edges.
    pub rising: u64,
    /// Of falling edges.
    pub falling: u64,
}

impl DeadTime {
    pub(super) fn new() -> Self {
        Self { red: Delay::new(true), fed: Delay::new(false) }
    }

    /// When a delayed edge comes.
    pub(super) fn next(&self) -> u64 {
        self.red.due.min(self.fed.due)
    }

    /// The outputs A and B, by the switches S0 to S8 of DB_CFG.
    pub(super) fn outputs(&mut self, inputs: [bool; 2], cfg: u32, delays: Delays, tick: u64) -> [bool; 2] {
        use db::CFG as S;
        let red = self.red.follow(inputs[S::RED_INSEL.get(cfg) as usize], delays.rising, tick);
        let to_fed = if S::DEB_MODE.is_set(cfg) { red } else { inputs[S::FED_INSEL.get(cfg) as usize] };
        let fed = self.fed.follow(to_fed, delays.falling, tick);
        let a = if S::A_OUTBYPASS.is_set(cfg) { inputs[0] } else { red != S::RED_OUTINVERT.is_set(cfg) };
        let b = if S::B_OUTBYPASS.is_set(cfg) { inputs[1] } else { fed != S::FED_OUTINVERT.is_set(cfg) };
        [if S::A_OUTSWAP.is_set(cfg) { b } else { a }, if S::B_OUTSWAP.is_set(cfg) { a } else { b }]
    }
}

/// The carrier of an output: a long first pulse, then PC_clk / 8 with the duty in eighths, from the input's rising edge on.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Carrier {
    input: bool,
    since: u64,
    next: u64,
}

impl Carrier {
    pub(super) fn new() -> Self {
        Self { input: false, since: 0, next: u64::MAX }
    }

    /// When the output changes by itself.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    pub(super) fn output(&mut self, input: bool, cfg: u32, tick: u64) -> bool {
        use chopper::CFG as C;
        self.next = u64::MAX;
        if !C::EN.is_set(cfg) {
            self.input = false;
            return input;
        }
        let input = input != C::IN_INVERT.is_set(cfg);
        if input && !self.input {
            self.since = tick;
        }
        self.input = input;
        (input && self.is_high(cfg, tick)) != C::OUT_INVERT.is_set(cfg)
    }

    /// The first pulse, and then first the low part of each period, so that the first pulse is as long as said.
    fn is_high(&mut self, cfg: u32, tick: u64) -> bool {
        use chopper::CFG as C;
        let eighth = u64::from(C::PRESCALE.get(cfg)) + 1;
        let (duty, first) = (u64::from(C::DUTY.get(cfg)), 8 * eighth * (u64::from(C::OSHTWTH.get(cfg)) + 1));
        let passed = tick - self.since;
        if passed < first {
            self.next = self.since + first;
            return true;
        }
        if duty == 0 {
            return false;
        }
        let (begun, low) = (tick - (passed - first) % (8 * eighth), (8 - duty) * eighth);
        let high = tick - begun >= low;
        self.next = begun + if high { 8 * eighth } else { low };
        high
    }
}
