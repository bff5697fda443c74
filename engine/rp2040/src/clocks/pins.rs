//! Clocks on pins: GPOUT0 to GPOUT3 and GPIN0, GPIN1 (datasheet 2.15.6, 2.19.2 column F8).
//!
//! The frequency of an output is always known in `rates.gpout`. Its edges are made only while somebody looks at the
//! pin, because they would cost an event each; a pin that nobody looks at stays low. Every period is high for its
//! first half and all periods are equally long; the silicon varies both with odd and fractional divisors.

use crate::fabric::{Fabric, Slot};
use crate::pads::Func;
use engine_core::time::{Hertz, Ps};

const GPOUT: [u32; 4] = [1 << 21, 1 << 23, 1 << 24, 1 << 25];
const GPIN: [u32; 2] = [1 << 20, 1 << 22];
const ALL_GPOUT: u32 = GPOUT[0] | GPOUT[1] | GPOUT[2] | GPOUT[3];
const ALL_GPIN: u32 = GPIN[0] | GPIN[1];

impl Fabric {
    /// From outside: a clock of this rate is fed into GPIN0 or GPIN1.
    pub fn feed_gpin(&mut self, n: usize, rate: Hertz) {
        self.tree.gpin[n] = rate;
        self.settle_clocks();
    }

    /// The clock that comes in through GPIN `n`: none while its pin has another function.
    pub(super) fn gpin(&self, n: usize) -> Hertz {
        if self.io.selected(Func::Clock) & GPIN[n] != 0 {
            self.tree.gpin[n]
        } else {
            Hertz::STOPPED
        }
    }

    /// The function of these pins changed.
    pub fn clock_pins_changed(&mut self, pins: u32) {
        if pins & ALL_GPIN != 0 {
            self.settle_clocks();
        }
        if pins & ALL_GPOUT != 0 {
            self.look_at_gpout();
        }
    }

    /// Somebody may have begun or ceased to look at an output.
    pub fn look_at_gpout(&mut self) {
        let now = self.now();
        self.at(Slot::Gpout, now);
    }

    fn is_gpout_seen(&self, n: usize) -> bool {
        let pin = GPOUT[n];
        self.io.selected(Func::Clock) & pin != 0 && self.rates.gpout[n].is_running() && self.is_seen(pin)
    }

    /// The output whose next edge comes first, and when that is.
    fn next_gpout_edge(&self) -> Option<(usize, Ps)> {
        let next = |n: usize| Some((n, self.tree.gpout_edges[n].when(self.tree.gpout_made[n]? + 1)));
        (0..GPOUT.len()).filter_map(next).min_by_key(|&(_, at)| at)
    }

    /// Makes the edges that are due, each at its own moment.
    pub(super) fn make_gpout_edges(&mut self) {
        let now = self.now();
        let mut levels = 0;
        for (n, pin) in GPOUT.into_iter().enumerate() {
            let so_far = self.tree.gpout_edges[n].count(now);
            let made = self.tree.gpout_made[n].unwrap_or(so_far);
            self.tree.gpout_made[n] = self.is_gpout_seen(n).then_some(made);
            if self.tree.gpout_made[n].is_some_and(|made| made % 2 == 1) {
                levels |= pin;
            }
        }
        self.drive_some(Func::Clock, ALL_GPOUT, levels, ALL_GPOUT, now);
        let mut next = self.next_gpout_edge();
        while let Some((n, at)) = next.filter(|&(_, at)| at <= now) {
            self.tree.gpout_made[n] = self.tree.gpout_made[n].map(|made| made + 1);
            levels ^= GPOUT[n];
            self.drive_some(Func::Clock, ALL_GPOUT, levels, ALL_GPOUT, at);
            next = self.next_gpout_edge();
        }
        self.at(Slot::Gpout, next.map_or(Ps::MAX, |(_, at)| at));
    }
}
