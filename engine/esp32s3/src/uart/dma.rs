//! The FIFOs as UHCI uses them.

use super::{Reg, Uart, IDLE_CONF};
use crate::fabric::Fabric;
use engine_core::time::Ps;

impl Uart {
    /// Characters that the transmit FIFO has room for.
    pub fn room(&self) -> usize {
        self.tx_depth().saturating_sub(self.tx.len())
    }

    /// A character for the transmit FIFO.
    pub fn give(&mut self, byte: u8, fabric: &mut Fabric) {
        self.send(byte, fabric);
        self.settle_interrupts(fabric);
    }

    /// Characters in the receive FIFO.
    pub fn received(&self) -> usize {
        self.receiver.fifo.len()
    }

    /// Takes received characters. Returns how many.
    pub fn take_received(&mut self, data: &mut [u8], fabric: &mut Fabric) -> usize {
        let count = data.len().min(self.received());
        for place in &mut data[..count] {
            *place = self.take_byte(fabric) as u8;
        }
        self.settle_interrupts(fabric);
        count
    }

    /// Did a break come in since the last call?
    pub fn take_break(&mut self) -> bool {
        std::mem::take(&mut self.receiver.broke)
    }

    /// When the line will have been idle for RX_IDLE_THRHD bit times. `None`: a character is coming in.
    pub fn idle_at(&self, fabric: &Fabric) -> Option<Ps> {
        let bits = u64::from(self.field(Reg::IDLE_CONF, IDLE_CONF::RX_IDLE_THRHD));
        let idle = || self.receiver.last.saturating_add(self.bit_rate(fabric).duration(bits));
        (!self.receiver.is_busy()).then(idle)
    }
}
