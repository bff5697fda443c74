//! The input synchronisers, section 3.5.6.3: two flip-flops on each GPIO input, which a bit can bypass.
//!
//! A machine that looks at cycle `n` sees the level that the pin had at `n - 2`. Instead of clocking the
//! flip-flops we remember the last few levels and the cycle from which each of them was there.

use serde::{Deserialize, Serialize};

/// Flip-flops in a row.
const SYNCHRONISER: u64 = 2;

/// The levels of all GPIOs in the last cycles.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Inputs {
    since: [u64; 4],
    level: [u32; 4],
    newest: usize,
    /// INPUT_SYNC_BYPASS.
    pub bypass: u32,
}

impl Inputs {
    /// The level that was reported last.
    #[inline(always)]
    pub fn latest(&self) -> u32 {
        self.level[self.newest & 3]
    }

    /// From `cycle` on the pins are at `level`.
    #[inline(always)]
    pub fn change(&mut self, cycle: u64, level: u32) {
        // Of several changes in one cycle the last one counts, so four entries always reach back three cycles.
        self.newest = (self.newest + usize::from(self.since[self.newest & 3] != cycle)) & 3;
        self.since[self.newest] = cycle;
        self.level[self.newest] = level;
    }

    /// The levels are those that the other block has seen, which looks at the same pins.
    pub fn follow(&mut self, other: &Self) {
        *self = Self { bypass: self.bypass, ..other.clone() };
    }

    /// What a machine sees in `cycle` is what it will see until a pin changes.
    #[inline(always)]
    pub fn is_settled(&self, cycle: u64) -> bool {
        self.since[self.newest & 3] + SYNCHRONISER <= cycle
    }

    /// What a machine sees in `cycle`.
    #[inline(always)]
    pub fn view(&self, cycle: u64) -> u32 {
        if self.is_settled(cycle) {
            return self.latest();
        }
        (self.at(cycle) & self.bypass) | (self.at(cycle.saturating_sub(SYNCHRONISER)) & !self.bypass)
    }

    fn at(&self, cycle: u64) -> u32 {
        let age = (0..3).find(|age| self.since[(self.newest + 4 - age) & 3] <= cycle).unwrap_or(3);
        self.level[(self.newest + 4 - age) & 3]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Section 3.5.6.3: two flip-flops unless INPUT_SYNC_BYPASS says otherwise.
    #[test]
    fn a_change_is_seen_two_cycles_later_unless_bypassed() {
        let mut inputs = Inputs { bypass: 0b10, ..Inputs::default() };
        for cycle in 100..104 {
            inputs.change(cycle, if cycle % 2 == 0 { 0b11 } else { 0b00 });
        }
        let seen: Vec<u32> = (103..108).map(|cycle| inputs.view(cycle)).collect();
        assert_eq!(seen, [0b00, 0b01, 0b00, 0b00, 0b00]);
        assert!(!inputs.is_settled(104) && inputs.is_settled(105));
    }
}
