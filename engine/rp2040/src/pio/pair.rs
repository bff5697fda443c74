//! PIO0 and PIO1 side by side.
//!
//! The blocks share nothing but the pins. Whichever ticks next runs, up to the other's next tick, so that edges come in
//! the order of time and each block sees those of the other when it looks. Only where both tick in the same cycle, or one
//! waits for a pin that the other may move, do they go cycle by cycle.

use super::Pio;
use crate::fabric::Fabric;

/// Runs both blocks up to `until`, or to the first change of an interrupt line, of an awaited DREQ, or by a part outside.
/// Returns the cycle reached.
pub fn run(pair: &mut [Pio; 2], until: u64, fabric: &mut Fabric) -> u64 {
    let mut stop = false;
    while pair[0].cycle.min(pair[1].cycle) < until && !stop {
        let [first, second] = pair;
        // A tick that lies behind (a divider was rewritten, a machine restarted) is due now: each round gets somewhere.
        let now = first.cycle.min(second.cycle);
        let ticks = (first.next_tick(fabric).max(now), second.next_tick(fabric).max(now));
        if ticks.0 < ticks.1 && !second.pin_waiters {
            stop = first.run(until.min(ticks.1), fabric);
            second.follow(first);
        } else if ticks.1 < ticks.0 && !first.pin_waiters {
            stop = second.run(until.min(ticks.0), fabric);
            first.follow(second);
        } else {
            let end = until.min(ticks.0.min(ticks.1).saturating_add(1));
            // What one does in this cycle the other sees in the next one.
            first.sample(fabric);
            second.sample(fabric);
            stop = first.run_on(end, fabric) | second.run_on(end, fabric);
        }
    }
    pair[0].cycle.min(pair[1].cycle)
}

impl Pio {
    /// The other block has run, and moved pins; this one had nothing to do meanwhile.
    fn follow(&mut self, other: &Self) {
        self.cycle = other.cycle;
        self.shared.inputs.follow(&other.shared.inputs);
    }

    /// Does nothing happen in it before somebody accesses a register?
    #[inline]
    pub fn is_idle(&self) -> bool {
        self.awake | self.forced | self.sticky == 0 && !self.pin_waiters
    }

    /// Is it known that machines do nothing but shift out bits before `cycle`?
    #[inline(always)]
    pub fn only_shifts(&self, cycle: u64) -> bool {
        cycle <= self.shifts_until
    }

    /// The FIFOs and FDEBUG are up to `cycle`; pins may be behind where machines do nothing but shift out bits. Software
    /// asks for room again and again while a word is shifted out, and the machine need not stop in the middle of it.
    pub fn sync_words(&mut self, cycle: u64, fabric: &mut Fabric) {
        while self.cycle < cycle {
            if self.shifts_until < self.cycle {
                let Some(shifts_until) = self.find_shifts_until() else {
                    self.run(cycle, fabric);
                    continue;
                };
                self.shifts_until = shifts_until;
            }
            if self.shifts_until >= cycle {
                return;
            }
            if !self.take_ahead(fabric) {
                self.run(self.shifts_until + 1, fabric);
            }
        }
    }

    /// A word is due. Where nobody waits for pins, FIFOs or flags, it is pulled, and the pins come later: edges of many
    /// words in one go cost less. False: the machine must be run.
    #[inline(always)]
    fn take_ahead(&mut self, fabric: &mut Fabric) -> bool {
        if !self.awake.is_power_of_two() || self.quiet_until(fabric) != u64::MAX {
            return false;
        }
        let number = self.awake.trailing_zeros() as usize;
        if !self.machines[number].take_ahead() {
            return false;
        }
        self.publish_levels(number, fabric);
        self.shifts_until = self.find_shifts_until().unwrap_or(0);
        true
    }

    /// The first cycle in which a machine may do more than to shift out bits. `None`: nothing is known about it.
    pub(super) fn find_shifts_until(&self) -> Option<u64> {
        let unusual = self.forced | self.sticky | self.undecoded != 0 || self.pin_waiters;
        if unusual || self.awake == 0 {
            return None;
        }
        let mut first = u64::MAX;
        for number in super::each(self.awake) {
            first = first.min(self.machines[number].shifts_until()?);
        }
        Some(first)
    }

    /// Is a register one that [`Pio::sync_words`] is enough for: to be read, or to be written?
    #[inline(always)]
    pub fn is_about_words(&self, offset: u32, write: bool) -> bool {
        if write {
            (0x10..0x20).contains(&offset) && self.awake >> ((offset - 0x10) / 4) & 1 != 0
        } else {
            matches!(offset, 0x04..=0x0C)
        }
    }
}
