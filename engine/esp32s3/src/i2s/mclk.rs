//! MCLK on its pin: the divider of TX or, with MCLK_SEL, of RX.

use super::{BitClock, I2s, Reg, RX_CLKM_CONF, TX_CLKM_CONF};
use crate::clock_out::Edges;
use crate::fabric::Fabric;
use engine_core::time::Ps;
use serde::{Deserialize, Serialize};

/// CLK_SEL: MCLK is an input.
const FROM_PIN: u32 = 3;

/// The edges of MCLK: it rises where a bit of one MCLK begins.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Mclk(BitClock);

impl Edges for Mclk {
    fn when(&self, edge: u64) -> Ps {
        if edge % 2 == 0 {
            self.0.falls(edge / 2)
        } else {
            self.0.rises(edge / 2)
        }
    }

    fn count(&self, now: Ps) -> u64 {
        (2 * self.0.first_from(now.saturating_add(1))).saturating_sub(1)
    }

    fn is_like(&self, other: &Self) -> bool {
        self.0.is_like(&other.0)
    }
}

impl I2s {
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
            (_, true) => Some(self.rx_clock(now, fabric)),
            (_, false) => Some(self.tx_clock(now, fabric)),
        };
        self.mclk.set(clock.map(BitClock::undivided).filter(BitClock::runs).map(Mclk), fabric);
    }
}
