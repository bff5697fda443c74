//! A count of ticks of one clock, without stepping: where a block's counter stands, and when it will stand at a value.

use engine_core::time::{Hertz, Ps};
use serde::{Deserialize, Serialize};

/// A counter of 64 bits that a clock drives. A change of rate or of the value starts a new tick.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Ticker {
    rate: Hertz,
    at: Ps,
    count: u64,
}

impl Ticker {
    /// A counter at 0 whose clock stands still.
    pub const fn stopped() -> Self {
        Self { rate: Hertz::STOPPED, at: 0, count: 0 }
    }

    /// The rate of its clock.
    pub fn rate(&self) -> Hertz {
        self.rate
    }

    /// The count at `now`.
    pub fn count(&self, now: Ps) -> u64 {
        self.count.wrapping_add(self.rate.cycles_in(now.saturating_sub(self.at)))
    }

    /// The first moment at which the count is `count` or more; `Ps::MAX` for never.
    pub fn when(&self, count: u64) -> Ps {
        let ticks = count.saturating_sub(self.count);
        let span = self.rate.duration(ticks);
        if ticks == 0 || span == Ps::MAX {
            return if ticks == 0 { self.at } else { Ps::MAX };
        }
        // `duration` rounds to the nearest picosecond: the tick may be one later.
        let early = self.rate.cycles_in(span) < ticks;
        self.at.saturating_add(span).saturating_add(early.into())
    }

    /// From `now` on the clock runs at `rate`.
    pub fn set_rate(&mut self, rate: Hertz, now: Ps) {
        if rate != self.rate {
            *self = Self { rate, at: now, count: self.count(now) };
        }
    }

    /// From `now` on the count goes on from `count`.
    pub fn set_count(&mut self, count: u64, now: Ps) {
        *self = Self { rate: self.rate, at: now, count };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_reached_exactly_when_it_is_said_to_be() {
        let mut ticker = Ticker::stopped();
        assert_eq!((ticker.count(1_000_000), ticker.when(1)), (0, Ps::MAX));
        ticker.set_rate(Hertz::new(136_000), 5);
        for count in [1, 2, 3, 17, 136_000, 1 << 40] {
            let at = ticker.when(count);
            assert_eq!((ticker.count(at - 1), ticker.count(at)), (count - 1, count));
        }
        ticker.set_rate(Hertz::new(32_768), ticker.when(1000));
        assert_eq!(ticker.count(ticker.when(1001)), 1001);
        ticker.set_count(7, 100);
        assert_eq!((ticker.count(100), ticker.when(7)), (7, 100));
    }
}
