//! The watchdog timer that the two timer groups and RTC_CNTL have alike. ESP32-S3 TRM chapter 13.

use crate::ticker::Ticker;
use engine_core::time::{Hertz, Ps};
use serde::{Deserialize, Serialize};

/// The key that opens the watchdogs' registers: the reset value of WDTWPROTECT.
pub const KEY: u32 = 0x50D8_3AA1;

/// What a stage does when it runs out, TRM 13.2.2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Nothing; the next stage begins.
    None,
    /// An interrupt.
    Interrupt,
    /// Resets the processors that are enabled for it.
    ResetCpu,
    /// Resets the digital core.
    ResetCore,
    /// Resets the digital core and the RTC domain; RTC_CNTL's only.
    ResetSystem,
}

impl Action {
    /// The action of a WDT_STGn field.
    pub fn of(field: u32) -> Self {
        match field {
            1 => Self::Interrupt,
            2 => Self::ResetCpu,
            3 => Self::ResetCore,
            4 => Self::ResetSystem,
            _ => Self::None,
        }
    }
}

/// Four stages, one after the other, round and round.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Watchdog {
    ticker: Ticker,
    /// The clock's rate when the watchdog is enabled.
    rate: Hertz,
    enabled: bool,
    stage: usize,
    stages: [(Action, u64); 4],
}

impl Watchdog {
    /// A watchdog that is off.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {
            ticker: Ticker::stopped(),
            rate: Hertz::STOPPED,
            enabled: false,
            stage: 0,
            stages: [(Action::None, u64::MAX); 4],
        }
    }

    /// Takes over its registers: whether it runs, on which clock, and each stage's action and time in cycles of the clock.
    pub fn set_up(&mut self, enabled: bool, rate: Hertz, stages: [(Action, u64); 4], now: Ps) {
        self.stages = stages;
        self.rate = rate;
        if enabled && !self.enabled {
            self.stage = 0;
            self.ticker.set_count(0, now);
        }
        self.enabled = enabled;
        self.ticker.set_rate(if enabled { rate } else { Hertz::STOPPED }, now);
    }

    /// The count starts anew at stage 0.
    pub fn feed(&mut self, now: Ps) {
        self.stage = 0;
        self.ticker.set_count(0, now);
    }

    /// When the present stage runs out.
    pub fn due(&self) -> Ps {
        if self.enabled {
            self.ticker.when(self.stages[self.stage].1.max(1))
        } else {
            Ps::MAX
        }
    }

    /// The stage that is under way, of 4.
    pub fn stage(&self) -> usize {
        self.stage
    }

    /// What to do now: the action of a stage that has run out.
    pub fn expire(&mut self, now: Ps) -> Option<Action> {
        if self.due() > now {
            return None;
        }
        let action = self.stages[self.stage].0;
        self.stage = (self.stage + 1) % self.stages.len();
        self.ticker.set_count(0, now);
        Some(action)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TRM 13.2.2.2: the counter goes back to 0 and the next stage begins; after stage 3 comes stage 0.
    #[test]
    fn the_stages_follow_each_other() {
        let mut dog = Watchdog::new();
        let stages = [(Action::Interrupt, 10), (Action::None, 20), (Action::ResetCpu, 5), (Action::ResetCore, 1)];
        dog.set_up(true, Hertz::new(1_000_000), stages, 0);
        let mut seen = vec![];
        let mut at = 0;
        for _ in 0..5 {
            at = dog.due();
            seen.push((at / 1_000_000, dog.expire(at).unwrap()));
        }
        let expected = [(10, Action::Interrupt), (30, Action::None), (35, Action::ResetCpu), (36, Action::ResetCore)];
        assert_eq!(seen[..4], expected);
        assert_eq!(seen[4], (46, Action::Interrupt));
        dog.feed(at);
        assert_eq!((dog.stage(), dog.due()), (0, at + 10_000_000));
        dog.set_up(false, Hertz::new(1_000_000), stages, at);
        assert_eq!(dog.due(), Ps::MAX);
    }
}
