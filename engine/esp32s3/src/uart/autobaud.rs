//! Automatic baud rate detection, TRM 26.4.3.2: while AUTOBAUD_EN is set, the shortest pulses of RXD are measured in
//! cycles of the core's clock, and its edges are counted. The mask ROM's download mode finds the rate of esptool so.

use super::{Reg, Uart, CONF0};
use crate::fabric::Fabric;
use engine_core::time::{Hertz, Ps};
use serde::{Deserialize, Serialize};

/// What whoever types at a console without a line of its own sends at, as esptool begins.
pub(super) const TYPED: u64 = 115_200;

/// All counters are as wide as MIN_CNT.
const MOST: u32 = 0xFFF;
/// RXD_EDGE_CNT.
const EDGES: u32 = 0x3FF;

/// The edges so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Measure {
    rise: Option<Ps>,
    fall: Option<Ps>,
}

impl Uart {
    /// AUTOBAUD_EN was set: everything begins anew.
    pub(super) fn begin_measuring(&mut self) {
        self.measure = Measure::default();
        for register in [Reg::LOWPULSE, Reg::HIGHPULSE, Reg::POSPULSE, Reg::NEGPULSE] {
            self.bank.set(register, MOST);
        }
        self.bank.set(Reg::RXD_CNT, 0);
    }

    /// RXD changes.
    pub(super) fn measure(&mut self, at: Ps, high: bool, fabric: &Fabric) {
        if !self.conf0(CONF0::AUTOBAUD_EN) {
            return;
        }
        let edges = self.bank.get(Reg::RXD_CNT) + 1;
        self.bank.set(Reg::RXD_CNT, edges & EDGES);
        let Measure { rise, fall } = self.measure.clone();
        if high {
            self.shorten(Reg::LOWPULSE, fall, at, fabric);
            self.shorten(Reg::POSPULSE, rise, at, fabric);
            self.measure.rise = Some(at);
        } else {
            self.shorten(Reg::HIGHPULSE, rise, at, fabric);
            self.shorten(Reg::NEGPULSE, fall, at, fabric);
            self.measure.fall = Some(at);
        }
    }

    /// A typed character comes in, whose start bit begins at `start`.
    pub(super) fn measure_typed(&mut self, byte: u8, start: Ps, fabric: &Fabric) {
        let bit = Hertz::new(TYPED);
        // Start bit, data, stop bit.
        let frame = u32::from(byte) << 1 | 1 << (1 + self.data_bits());
        let mut level = 1;
        for n in 0..2 + self.data_bits() {
            let next = frame >> n & 1;
            if next != level {
                self.measure(start + bit.duration(u64::from(n)), next != 0, fabric);
            }
            level = next;
        }
    }

    /// Keeps the shorter one. The counters begin at 0: a bit of 10 cycles counts 9.
    fn shorten(&mut self, register: Reg, from: Option<Ps>, to: Ps, fabric: &Fabric) {
        let Some(from) = from else { return };
        // Half a cycle more, as edges fall between two cycles.
        let halves = self.core_clock(fabric).scaled(2, 1).cycles_in(to.saturating_sub(from));
        let cycles = (halves.div_ceil(2).saturating_sub(1)).min(u64::from(MOST)) as u32;
        if cycles < self.bank.get(register) {
            self.bank.set(register, cycles);
        }
    }
}
