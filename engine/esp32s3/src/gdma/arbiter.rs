//! Whose turn it is on the bus, where several pairs copy from memory to memory. The descriptions of the registers
//! (ESP-IDF `soc/gdma_reg.h`): RX_PRI and TX_PRI, the larger the value the higher the priority; ARB_PRI_DIS disables
//! arbitration by priority.
//!
//! A copy reads and writes the same memory by the same bus master, so it comes forward as fast as the lower of its two
//! channels. Those of the highest priority take turns, burst by burst; here they run at the same time, each at its share of
//! the speed. The others stand still.

use super::{CommonReg, Gdma, Pair, Reg, IN_PRI_CH, MISC_CONF, OUT_PRI_CH};
use crate::fabric::Fabric;
use crate::slots::Slot;
use engine_core::time::Ps;

/// Of a picosecond on the bus: one to five pairs each get a whole number of parts.
const PARTS: u64 = 60;

impl Pair {
    /// The lower of the priorities of its channels.
    fn priority(&self) -> u32 {
        let (rx, tx) =
            (self.bank.field(Reg::IN_PRI_CH, IN_PRI_CH::RX_PRI), self.bank.field(Reg::OUT_PRI_CH, OUT_PRI_CH::TX_PRI));
        rx.min(tx)
    }

    /// A copy begins that takes so long on a bus of its own.
    pub(super) fn begin_copy(&mut self, time: Ps) {
        self.copy_left = Some(time.saturating_mul(PARTS));
    }
}

impl Gdma {
    /// The pairs that have the bus, and how many parts of each picosecond every one of them gets.
    fn turns(&self) -> (Vec<usize>, u64) {
        let flat = MISC_CONF::ARB_PRI_DIS.is_set(self.common.get(CommonReg::MISC_CONF));
        let rank = |pair: &Pair| if flat { 0 } else { pair.priority() };
        let copying = || self.pairs.iter().enumerate().filter(|(_, pair)| pair.copy_left.is_some());
        let highest = copying().map(|(_, pair)| rank(pair)).max();
        let turns: Vec<_> = copying().filter(|(_, pair)| Some(rank(pair)) == highest).map(|(n, _)| n).collect();
        let share = PARTS / turns.len().max(1) as u64;
        (turns, share)
    }

    /// The bus is shared out up to now: before who copies, or a priority, changes.
    pub(super) fn share_out(&mut self, fabric: &Fabric) {
        let now = fabric.now();
        let time = now - std::mem::replace(&mut self.shared_until, now);
        let (turns, share) = self.turns();
        for n in turns {
            let pair = &mut self.pairs[n];
            pair.copy_left = pair.copy_left.map(|left| left.saturating_sub(time.saturating_mul(share)));
        }
    }

    /// GDMA's turn comes again when the next copy is done.
    pub(super) fn await_copies(&self, fabric: &mut Fabric) {
        let (turns, share) = self.turns();
        if let Some(left) = turns.iter().filter_map(|n| self.pairs[*n].copy_left).min() {
            fabric.at(Slot::Gdma, fabric.now().saturating_add(left.div_ceil(share)));
        }
    }
}
