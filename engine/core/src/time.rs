//! Virtual time: integer picoseconds for everybody, exact cycle counts inside a clock domain.

use serde::{Deserialize, Serialize};

/// A moment or a duration in picoseconds of virtual time (2^64 ps are 213 days).
pub type Ps = u64;

/// Picoseconds in a second.
pub const SECOND: Ps = 1_000_000_000_000;
/// Picoseconds in a microsecond.
pub const MICROSECOND: Ps = 1_000_000;

/// A frequency as a fraction of two integers, so that 12 MHz × 133 / 12 or a divider of 1 + 7/256 is exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hertz {
    num: u64,
    den: u64,
}

impl Hertz {
    /// A clock that stands still.
    pub const STOPPED: Self = Self { num: 0, den: 1 };

    /// A whole number of hertz.
    pub const fn new(hz: u64) -> Self {
        Self { num: hz, den: 1 }
    }

    /// This frequency times `num` / `den`.
    pub fn scaled(self, num: u64, den: u64) -> Self {
        if den == 0 {
            return Self::STOPPED;
        }
        let (mut n, mut d) = (u128::from(self.num) * u128::from(num), u128::from(self.den) * u128::from(den));
        let g = gcd(n, d).max(1);
        n /= g;
        d /= g;
        while n > u128::from(u64::MAX) || d > u128::from(u64::MAX) {
            n >>= 1;
            d >>= 1;
        }
        Self { num: n as u64, den: (d as u64).max(1) }
    }

    /// Does it tick at all?
    pub fn is_running(self) -> bool {
        self.num != 0
    }

    /// How many cycles of this clock pass in how many of another, in lowest terms; `None` where one stands still or the
    /// terms do not fit.
    pub fn ratio_to(self, other: Self) -> Option<(u32, u32)> {
        let cycles = u128::from(self.num) * u128::from(other.den);
        let ticks = u128::from(other.num) * u128::from(self.den);
        let divisor = gcd(cycles, ticks);
        if cycles == 0 || ticks == 0 {
            return None;
        }
        Some((u32::try_from(cycles / divisor).ok()?, u32::try_from(ticks / divisor).ok()?))
    }

    /// Rounded to whole hertz.
    pub fn round(self) -> u64 {
        ((u128::from(self.num) + u128::from(self.den) / 2) / u128::from(self.den)) as u64
    }

    /// The duration of `cycles` of this clock, rounded to the nearest picosecond; `Ps::MAX` where it stands still.
    pub fn duration(self, cycles: u64) -> Ps {
        if self.num == 0 {
            return Ps::MAX;
        }
        let ps = u128::from(cycles) * u128::from(SECOND) * u128::from(self.den);
        ((ps + u128::from(self.num) / 2) / u128::from(self.num)).min(u128::from(Ps::MAX)) as u64
    }

    /// How many whole cycles of this clock fit into `ps`.
    pub fn cycles_in(self, ps: Ps) -> u64 {
        (u128::from(ps) * u128::from(self.num) / (u128::from(SECOND) * u128::from(self.den))) as u64
    }
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 {
        a
    } else {
        gcd(b, a % b)
    }
}

/// A clock domain: which cycle it is at which picosecond. A change of rate starts a new straight line
/// at the current cycle, so counts never jump and never drift.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Clock {
    rate: Hertz,
    base_ps: Ps,
    base_cycle: u64,
    /// The period as a 64.64 fixed-point number of picoseconds: off by 2^-64 ps a cycle at most.
    period_whole: u64,
    period_fraction: u64,
    /// Cycles in a picosecond as a 0.64 fixed-point number: a guess that [`Clock::cycle_at`] corrects.
    cycles_per_ps: u64,
}

impl Clock {
    /// A clock of this rate whose cycle 0 is at time 0. A clock domain that hosts code may not stand still.
    pub fn new(rate: Hertz) -> Self {
        let mut clock = Self { rate, base_ps: 0, base_cycle: 0, period_whole: 0, period_fraction: 0, cycles_per_ps: 0 };
        clock.set_rate(rate, 0);
        clock
    }

    /// The rate now.
    pub fn rate(&self) -> Hertz {
        self.rate
    }

    /// From `cycle` on the clock runs at `rate`.
    pub fn set_rate(&mut self, rate: Hertz, cycle: u64) {
        assert!(rate.is_running(), "a clock domain that runs code needs a rate above 0 Hz");
        self.base_ps = if self.period_whole | self.period_fraction == 0 { 0 } else { self.ps_at(cycle) };
        self.base_cycle = cycle;
        self.rate = rate;
        let period = u128::from(SECOND) * u128::from(rate.den);
        let (whole, rest) = (period / u128::from(rate.num), period % u128::from(rate.num));
        self.period_whole = whole as u64;
        self.period_fraction = ((rest << 64) / u128::from(rate.num)) as u64;
        self.cycles_per_ps = ((u128::from(rate.num) << 64) / period) as u64;
    }

    /// The moment at which `cycle` begins; `Ps::MAX`, which is never, where that is later. Cycles before the last change of rate
    /// are not known any more.
    #[inline]
    pub fn ps_at(&self, cycle: u64) -> Ps {
        let n = cycle.saturating_sub(self.base_cycle);
        // Rounded to nearest, so that an edge shared with another clock falls on the same picosecond in both.
        let fraction = (u128::from(n) * u128::from(self.period_fraction) + (1 << 63)) >> 64;
        self.base_ps.saturating_add(n.saturating_mul(self.period_whole)).saturating_add(fraction as u64)
    }

    /// The cycle that runs at `ps`.
    pub fn cycle_at(&self, ps: Ps) -> u64 {
        let span = ps.saturating_sub(self.base_ps);
        let mut cycle = self.base_cycle + ((u128::from(span) * u128::from(self.cycles_per_ps)) >> 64) as u64;
        while self.ps_at(cycle) > ps && cycle > self.base_cycle {
            cycle -= 1;
        }
        // What begins at `Ps::MAX` never begins.
        while self.ps_at(cycle + 1) <= ps.min(Ps::MAX - 1) {
            cycle += 1;
        }
        cycle
    }

    /// The first cycle that begins at `ps` or later.
    pub fn first_cycle_from(&self, ps: Ps) -> u64 {
        let cycle = self.cycle_at(ps);
        if self.ps_at(cycle) < ps {
            cycle + 1
        } else {
            cycle
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_of_133_mhz_does_not_drift_in_a_day() {
        let clock = Clock::new(Hertz::new(133_000_000));
        let day = 133_000_000 * 86_400;
        assert!(clock.ps_at(day).abs_diff(86_400 * SECOND) <= 1);
        assert_eq!(clock.cycle_at(clock.ps_at(day)), day);
        assert_eq!(clock.first_cycle_from(clock.ps_at(day)), day);
        assert_eq!(clock.first_cycle_from(clock.ps_at(day) + 1), day + 1);
    }

    #[test]
    fn a_change_of_rate_keeps_count_and_time() {
        let mut clock = Clock::new(Hertz::new(6_500_000));
        let before = clock.ps_at(1000);
        clock.set_rate(Hertz::new(125_000_000), 1000);
        assert_eq!(clock.ps_at(1000), before);
        assert_eq!(clock.ps_at(1001), before + 8000);
        assert_eq!(clock.cycle_at(before + 7999), 1000);
    }

    /// The longest time is 2^64 ps. At 0.7 Hz, 12 MHz through the greatest divider of clk_sys, that is 12 million cycles.
    #[test]
    fn a_cycle_beyond_the_end_of_time_never_comes() {
        let slow = Clock::new(Hertz::new(12_000_000).scaled(256, (1 << 32) - 1));
        let last = slow.cycle_at(Ps::MAX);
        assert_eq!(last, (u128::from(u64::MAX) * 12_000_000 * 256 / ((1 << 32) - 1) / u128::from(SECOND)) as u64);
        assert!(slow.ps_at(last) < Ps::MAX);
        assert_eq!(slow.ps_at(last + 1), Ps::MAX);
        assert_eq!(slow.ps_at(u64::MAX), Ps::MAX);
        assert_eq!(slow.first_cycle_from(Ps::MAX - 1), last + 1);
        assert_eq!(slow.cycle_at(Ps::MAX - 1), last);
    }

    #[test]
    fn fractions_stay_exact() {
        let pll = Hertz::new(12_000_000).scaled(133, 1).scaled(1, 12);
        assert_eq!(pll, Hertz::new(133_000_000));
        assert_eq!(pll.scaled(256, 256 + 64).round(), 106_400_000);
        assert_eq!(Hertz::new(1).scaled(1, 0), Hertz::STOPPED);
        assert_eq!(pll.ratio_to(Hertz::new(1_000_000)), Some((133, 1)));
        assert_eq!(pll.ratio_to(Hertz::STOPPED), None);
    }
}
