//! MCLK on its pin: the divider of TX or, with MCLK_SEL, of RX. Edges come in batches where somebody looks at the pin, one by
//! one where somebody acts on them.

use super::{BitClock, I2s, Reg, RX_CLKM_CONF, TX_CLKM_CONF};
use crate::fabric::Fabric;
use crate::slots::Slot;
use engine_core::time::{Ps, MICROSECOND};
use serde::{Deserialize, Serialize};

/// How often edges are handed in.
const BATCH: Ps = 100 * MICROSECOND;
/// CLK_SEL: MCLK is an input.
const FROM_PIN: u32 = 3;

/// MCLK.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Mclk {
    clock: Option<BitClock>,
    /// Edges so far: rising ones are even.
    edge: u64,
}

impl Mclk {
    fn edge_at(&self, clock: &BitClock, edge: u64) -> Ps {
        if edge % 2 == 0 {
            clock.falls(edge / 2)
        } else {
            clock.rises(edge / 2)
        }
    }

    fn next(&self) -> Option<Ps> {
        self.clock.map(|clock| self.edge_at(&clock, self.edge))
    }
}

impl I2s {
    fn mclk_slot(&self) -> Slot {
        [Slot::I2s0Mclk, Slot::I2s1Mclk][self.index]
    }

    /// The clock's settings may be others.
    pub(super) fn settle_mclk(&mut self, fabric: &mut Fabric) {
        let now = fabric.now();
        let by_rx = self.is_set(Reg::RX_CLKM_CONF, RX_CLKM_CONF::MCLK_SEL);
        let select = if by_rx {
            self.bank.field(Reg::RX_CLKM_CONF, RX_CLKM_CONF::RX_CLK_SEL)
        } else {
            self.bank.field(Reg::TX_CLKM_CONF, TX_CLKM_CONF::TX_CLK_SEL)
        };
        let clock = match (select, by_rx) {
            (FROM_PIN, _) => None,
            (_, true) => Some(self.rx_clock(now, fabric).undivided()),
            (_, false) => Some(self.tx_clock(now, fabric).undivided()),
        }
        .filter(BitClock::runs);
        let same = match (&self.mclk.clock, &clock) {
            (Some(old), Some(new)) => old.is_like(new),
            (old, new) => old.is_none() && new.is_none(),
        };
        if !same {
            self.catch_up_mclk(fabric);
            self.mclk = Mclk { clock, edge: 0 };
            if clock.is_none() {
                fabric.drive(self.wiring().mclk, false);
            }
        }
        self.plan_mclk(fabric);
    }

    /// The edges up to now.
    pub(crate) fn catch_up_mclk(&mut self, fabric: &mut Fabric) {
        let (Some(clock), mclk) = (self.mclk.clock, self.wiring().mclk) else { return };
        let pins = fabric.io.pins_of(mclk);
        if pins == 0 {
            return;
        }
        let now = fabric.now();
        if !fabric.pins.is_looked_at(pins) && !fabric.io.is_watched(pins) {
            // Only the level now can be seen.
            let last = clock.first_from(now.saturating_add(1)).saturating_sub(1);
            self.mclk.edge = self.mclk.edge.max(2 * last);
        }
        while let Some(at) = self.mclk.next().filter(|at| *at <= now) {
            fabric.drive_at(mclk, self.mclk.edge % 2 == 0, at);
            self.mclk.edge += 1;
        }
    }

    fn plan_mclk(&self, fabric: &mut Fabric) {
        let pins = fabric.io.pins_of(self.wiring().mclk);
        let acted_on = fabric.pins.prompt() | fabric.interrupting_pins | fabric.wake.watching;
        let prompt = pins & acted_on != 0 || fabric.io.is_watched(pins) || fabric.pins.is_joined(pins);
        let due = match self.mclk.next() {
            Some(next) if prompt => next,
            Some(_) if fabric.pins.is_looked_at(pins) => fabric.now() + BATCH,
            _ => Ps::MAX,
        };
        fabric.at(self.mclk_slot(), due);
    }

    /// Edges are due, or somebody looks at the pin from now on.
    pub(super) fn serve_mclk(&mut self, fabric: &mut Fabric) {
        self.catch_up_mclk(fabric);
        self.plan_mclk(fabric);
    }
}
