//! CLKOUT: APB_CLK divided, on a pin. ESP-IDF `hal/twai_ll.h`, twai_ll_set_clkout: by 2 (CD + 1), by 1 where CD is 255. Edges come
//! in batches where somebody looks at the pin, one by one where somebody acts on them.

use super::{Reg, Twai, CLOCK_DIVIDER};
use crate::fabric::Fabric;
use crate::signals::TWAI_CLKOUT;
use crate::slots::Slot;
use engine_core::time::{Hertz, Ps, MICROSECOND};
use serde::{Deserialize, Serialize};

/// How often edges are handed in.
const BATCH: Ps = 100 * MICROSECOND;
/// CD for a divider of 1.
const UNDIVIDED: u32 = 255;

/// The clock.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ClkOut {
    from: Ps,
    /// Of edges.
    rate: Hertz,
    /// Edges so far; the first one rises.
    edges: u64,
}

impl Default for ClkOut {
    fn default() -> Self {
        Self { from: 0, rate: Hertz::STOPPED, edges: 0 }
    }
}

impl ClkOut {
    fn next(&self) -> Option<Ps> {
        self.rate.is_running().then(|| self.from.saturating_add(self.rate.duration(self.edges)))
    }
}

impl Twai {
    /// The divider or its clock may be another.
    pub(super) fn settle_clkout(&mut self, fabric: &mut Fabric) {
        let divider = self.bank.get(Reg::CLOCK_DIVIDER);
        let rate = match CLOCK_DIVIDER::CD.get(divider) {
            _ if CLOCK_DIVIDER::CLOCK_OFF.is_set(divider) => Hertz::STOPPED,
            UNDIVIDED => fabric.rates.apb.scaled(2, 1),
            cd => fabric.rates.apb.scaled(1, u64::from(cd) + 1),
        };
        if rate != self.clkout.rate {
            self.catch_up_clkout(fabric);
            self.clkout = ClkOut { from: fabric.now(), rate, edges: 0 };
        }
        self.plan_clkout(fabric);
    }

    /// The edges up to now.
    pub(crate) fn catch_up_clkout(&mut self, fabric: &mut Fabric) {
        let (pins, now) = (fabric.io.pins_of(TWAI_CLKOUT), fabric.now());
        if pins == 0 || !self.clkout.rate.is_running() {
            return;
        }
        if !fabric.pins.is_looked_at(pins) && !fabric.io.is_watched(pins) {
            // Only the level now can be seen.
            let past = self.clkout.rate.cycles_in(now.saturating_sub(self.clkout.from));
            self.clkout.edges = self.clkout.edges.max(past);
        }
        while let Some(at) = self.clkout.next().filter(|at| *at <= now) {
            fabric.drive_at(TWAI_CLKOUT, self.clkout.edges % 2 == 0, at);
            self.clkout.edges += 1;
        }
    }

    fn plan_clkout(&self, fabric: &mut Fabric) {
        let pins = fabric.io.pins_of(TWAI_CLKOUT);
        let acted_on = fabric.pins.prompt() | fabric.interrupting_pins | fabric.wake.watching;
        let prompt = pins & acted_on != 0 || fabric.io.is_watched(pins) || fabric.pins.is_joined(pins);
        let due = match self.clkout.next() {
            Some(next) if prompt => next,
            Some(_) if fabric.pins.is_looked_at(pins) => fabric.now() + BATCH,
            _ => return fabric.cancel(Slot::TwaiClkout),
        };
        fabric.at(Slot::TwaiClkout, due);
    }

    /// Edges are due, or somebody looks at the pin from now on.
    pub(super) fn serve_clkout(&mut self, fabric: &mut Fabric) {
        self.catch_up_clkout(fabric);
        self.plan_clkout(fabric);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Block;
    use crate::io::{OutSelect, Pad};
    use engine_core::registers::Write;

    /// ESP-IDF `hal/twai_ll.h`: a divider of 8 is CD = 3, of 1 CD = 255; CLOCK_OFF stops it. APB_CLK is 40 MHz here.
    #[test]
    fn the_bus_clock_divided_is_on_a_pin() {
        let (mut twai, mut fabric) = (Twai::new(), Fabric::new());
        fabric.set_pad(4, Pad { function: 1, ..Pad::default() });
        let select = OutSelect { signal: TWAI_CLKOUT, invert: false, enable_by_gpio: false, invert_enable: false };
        fabric.select_output(4, select);
        twai.reset(&mut fabric);
        fabric.pins.keep_log(true);
        for (divider, edges) in [(3, 2_000), (255, 16_000), (0, 8_000), (1 << 8, 0)] {
            twai.write(0x7C, Write::word(divider), &mut fabric);
            fabric.cycle += 40;
            twai.event(Slot::TwaiClkout, &mut fabric);
            fabric.pins.take_log();
            fabric.cycle += 40 * 200;
            twai.event(Slot::TwaiClkout, &mut fabric);
            let log = fabric.pins.take_log();
            assert!((log.len() as u64).abs_diff(edges) <= 1, "{divider:#x}: {}", log.len());
        }
        assert!(fabric.gaps.all().is_empty());
    }
}
