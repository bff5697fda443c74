//! The bits of an SD bus, for those who look at its wires: the traffic itself goes past them as commands and blocks.

use super::Pins;
use crate::sdbus::SdLines;
use crate::time::{Hertz, Ps};

/// The levels of CMD and DAT0 to DAT3 in a clock; `None`: the line rests.
pub type SdClock = [Option<bool>; 5];

impl Pins {
    /// A host controller tells afterwards what was on its lines from `at` on, a clock each: data changes as CLK falls, and counts
    /// as it rises (SD specification 4.12, default speed).
    pub fn sd_show(&mut self, host: &SdLines, at: Ps, clock: Hertz, clocks: &[SdClock]) {
        let pins = [Some(host.cmd), host.dat[0], host.dat[1], host.dat[2], host.dat[3]];
        let mask = pins.iter().flatten().fold(1u64 << host.clk, |mask, pin| mask | 1 << pin);
        if !self.edges_wanted(mask) {
            return;
        }
        let rest = self.level;
        let clk = 1u64 << host.clk;
        for (n, lines) in clocks.iter().enumerate() {
            let mut level = rest & !clk;
            for (pin, line) in pins.iter().zip(lines) {
                if let (Some(pin), Some(high)) = (pin, line) {
                    level = level & !(1 << pin) | u64::from(*high) << pin;
                }
            }
            let (begins, ends) = (clock.duration(n as u64), clock.duration(n as u64 + 1));
            self.show(level, at + begins);
            self.show(level | clk, at + begins.midpoint(ends));
        }
        self.show(rest, at + clock.duration(clocks.len() as u64));
    }
}
