//! Which pins a controller is on, and who looks at them.

use super::{GpSpi, Reg, D, MISC, Q, USER};
use crate::fabric::Fabric;
use crate::signals::Signal;
use engine_core::pins::SpiLines;
use engine_core::time::Ps;

impl GpSpi {
    /// USER.SIO: one line carries data both ways.
    fn is_three_wire(&self) -> bool {
        self.is_set(Reg::USER, USER::SIO)
    }

    /// Modes 0 and 3 (ESP-IDF `hal/spi_ll.h`: CK_OUT_EDGE is set in modes 1 and 2).
    pub(super) fn samples_rising(&self) -> bool {
        !self.is_set(Reg::USER, USER::CK_OUT_EDGE)
    }

    pub(super) fn idle_clock(&self) -> bool {
        self.is_set(Reg::MISC, MISC::CK_IDLE_EDGE)
    }

    /// The line that one-line data comes in on.
    pub(super) fn input_line(&self) -> usize {
        if self.is_three_wire() {
            D
        } else {
            Q
        }
    }

    /// The signal that a line of several comes in on.
    pub(super) fn input_of(&self, line: usize, lines: u32) -> Signal {
        let swaps = lines == 4 && self.is_set(Reg::MISC, MISC::QUAD_DIN_PIN_SWAP);
        self.wiring().data[if swaps { line ^ 1 } else { line }]
    }

    /// CK_DIS: the clock stays where it is.
    pub(super) fn has_clock(&self) -> bool {
        !self.is_set(Reg::MISC, MISC::CK_DIS)
    }

    /// Output enables of a phase that begins at `at`: on one line D goes out and Q comes in; on several all of them do the one
    /// or the other.
    pub(super) fn direct(&self, lines: u32, takes: bool, at: Ps, fabric: &mut Fabric) {
        let three_wire = self.is_three_wire();
        for (n, signal) in self.wiring().data.iter().enumerate() {
            let on = match (lines, n) {
                (1, D) => !(takes && three_wire),
                (1, Q) => false,
                _ => n as u32 >= lines || !takes,
            };
            fabric.enable_at(*signal, on, at);
        }
    }

    /// The pins that one-line data takes, where its clock is on a pin.
    pub(super) fn spi_lines(&self, gives: bool, takes: bool, fabric: &Fabric) -> Option<SpiLines> {
        let wiring = self.wiring();
        let sck = fabric.io.pin_of(wiring.clk).filter(|_| self.has_clock())?;
        let mosi = fabric.io.pin_of(wiring.data[D]).filter(|_| gives);
        let miso = fabric.io.source_of(wiring.data[self.input_line()]).filter(|_| takes);
        Some(SpiLines { sck, mosi, miso, sample_rising: self.samples_rising() })
    }

    /// Must each edge be made, because somebody acts on it who does not listen to whole bytes?
    pub(super) fn needs_edges(&self, lines: u32, takes: bool, fabric: &Fabric) -> bool {
        let wiring = self.wiring();
        let clocks = fabric.io.pins_of(wiring.clk);
        let data = &wiring.data[..if lines == 1 { Q } else { lines as usize }];
        let outputs = data.iter().fold(clocks, |pins, signal| pins | fabric.io.pins_of(*signal));
        if outputs & fabric.interrupting_pins != 0 || fabric.io.is_watched(outputs) {
            return true;
        }
        if !fabric.pins.is_looked_at(outputs) {
            return false;
        }
        let Some(spi) = self.spi_lines(true, takes, fabric) else { return true };
        lines > 1
            || clocks.count_ones() > 1
            || fabric.io.pins_of(wiring.data[D]).count_ones() > 1
            || fabric.io.inverts_output(outputs)
            || takes && fabric.io.inverts_input(wiring.data[self.input_line()])
            || fabric.pins.spi_needs_edges(spi, outputs)
    }
}
