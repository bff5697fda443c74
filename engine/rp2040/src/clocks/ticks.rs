//! A counter that runs from a clock whose rate may change at any moment, without being stepped.

use engine_core::time::{Hertz, Ps};
use serde::{Deserialize, Serialize};

/// How many edges a clock has had. A change of rate keeps the count and how far the running period has got.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ticks {
    rate: Hertz,
    since: Ps,
    count: u64,
    /// How far the period that runs at `since` had got, in 2^-64 of a period.
    phase: u64,
}

impl Default for Ticks {
    fn default() -> Self {
        Self { rate: Hertz::STOPPED, since: 0, count: 0, phase: 0 }
    }
}

impl Ticks {
    /// The rate now.
    pub fn rate(&self) -> Hertz {
        self.rate
    }

    /// Time since the last edge at or before `since`, at the present rate.
    fn lead(&self) -> Ps {
        if self.phase == 0 || !self.rate.is_running() {
            return 0;
        }
        ((u128::from(self.rate.duration(1)) * u128::from(self.phase) + (1 << 63)) >> 64) as Ps
    }

    /// Edges up to and including `now`.
    pub fn count(&self, now: Ps) -> u64 {
        self.count + self.rate.cycles_in(now.saturating_sub(self.since).saturating_add(self.lead()))
    }

    /// The moment of the edge that brings the count to `count`; `Ps::MAX` while the clock stands still. The present for
    /// a count that is reached already.
    pub fn when(&self, count: u64) -> Ps {
        let Some(edges) = count.checked_sub(self.count) else { return self.since };
        if edges == 0 {
            return self.since;
        }
        let mut span = self.rate.duration(edges);
        if span == Ps::MAX {
            return Ps::MAX;
        }
        // A duration is rounded to the nearest picosecond, an edge has been when its whole period is over.
        if self.rate.cycles_in(span) < edges {
            span += 1;
        }
        self.since.saturating_add(span.saturating_sub(self.lead()))
    }

    /// From `now` on the clock runs at `rate`.
    pub fn set_rate(&mut self, rate: Hertz, now: Ps) {
        let count = self.count(now);
        if self.rate.is_running() {
            let gone = now + self.lead() - self.since;
            let into = gone - self.rate.duration(count - self.count).min(gone);
            let period = u128::from(self.rate.duration(1).max(1));
            self.phase = ((u128::from(into) << 64) / period).min(u128::from(u64::MAX)) as u64;
        }
        self.count = count;
        self.since = now;
        self.rate = rate;
    }

    /// A new period starts at `now`.
    pub fn restart(&mut self, rate: Hertz, now: Ps) {
        self.set_rate(rate, now);
        self.phase = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_rate_keeps_count_and_phase() {
        let mut ticks = Ticks::default();
        ticks.set_rate(Hertz::new(1_000_000), 0);
        assert_eq!(ticks.count(2_999_999), 2);
        assert_eq!(ticks.count(3_000_000), 3);
        ticks.set_rate(Hertz::new(2_000_000), 3_500_000);
        assert_eq!(ticks.count(3_749_999), 3);
        assert_eq!(ticks.when(4), 3_750_000);
        assert_eq!(ticks.count(3_750_000), 4);
        ticks.set_rate(Hertz::STOPPED, 3_875_000);
        assert_eq!((ticks.count(9_000_000), ticks.when(5)), (4, Ps::MAX));
        ticks.set_rate(Hertz::new(2_000_000), 10_000_000);
        assert_eq!(ticks.when(5), 10_375_000);
    }

    #[test]
    fn an_edge_is_counted_at_the_moment_it_is_announced_for() {
        let mut ticks = Ticks::default();
        ticks.set_rate(Hertz::new(12_000_000).scaled(1, 7), 13);
        for edge in [1, 2, 3, 1000, 123_456_789] {
            let at = ticks.when(edge);
            assert_eq!((ticks.count(at - 1), ticks.count(at)), (edge - 1, edge));
        }
    }
}
