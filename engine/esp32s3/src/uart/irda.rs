//! IrDA, serial infrared (SIR). TRM 26.4.7: of 16 clocks of a bit the 9th to 11th are high; IrDA Serial Infrared Physical Layer
//! Specification: a bit that is 0 is a pulse of 3/16 of a bit, in the 9th to 11th sixteenth, a bit that is 1 is none. The
//! encoder's line is low when idle, the decoder's is high.

use super::{Uart, CONF0};
use crate::fabric::Fabric;
use engine_core::time::Ps;

/// Sixteenths of a bit before a pulse begins, and before it ends.
pub(super) const PULSE: [u64; 2] = [8, 11];

impl Uart {
    pub(super) fn is_irda(&self) -> bool {
        self.conf0(CONF0::IRDA_EN)
    }

    /// The transceiver is half-duplex: it either sends or listens.
    pub(super) fn may_send_light(&self) -> bool {
        !self.is_irda() || self.conf0(CONF0::IRDA_TX_EN)
    }

    /// The emitter's line changes.
    pub(super) fn shine(&mut self, on: bool, at: Ps, fabric: &mut Fabric) {
        let inverted = self.conf0(CONF0::IRDA_TX_INV) != self.conf0(CONF0::TXD_INV);
        fabric.drive_at(self.wiring().txd, on != inverted, at);
    }

    /// The detector's line changes: where a pulse begins, the decoder's output is low for a bit.
    pub(super) fn see_light(&mut self, at: Ps, high: bool, fabric: &Fabric) {
        let lit = high == self.conf0(CONF0::IRDA_RX_INV);
        let deaf = self.conf0(CONF0::IRDA_TX_EN) && !self.conf0(CONF0::IRDA_DPLX);
        let rate = self.bit_rate(fabric);
        if lit && !deaf && rate.is_running() {
            self.receiver.hear_low(at, at + rate.duration(1));
        }
    }
}
