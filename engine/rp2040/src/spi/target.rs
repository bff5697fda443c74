//! The target (SSPCR1.MS): clocked by a controller on the pins. Datasheet 4.4.3.4 and 4.4.3.8 to 4.4.3.14; what silicon was
//! seen to do beyond that comes from the hardware tests of the `brio` library (uliano/brio, docs of its RP2040 SPI).

use super::{Format, Spi, CONTROL_BITS, SSPCR0, SSPCR1, TX};
use crate::fabric::Fabric;
use engine_core::time::Ps;
use serde::{Deserialize, Serialize};

/// "It takes three SSPCLKs to detect an edge on SSPCLKIN", 4.4.3.4.
const DETECTION: u64 = 3;

/// "SSPCLK must be at least 12 times faster than the maximum expected frequency of SSPCLKIN", 4.4.3.4.
const RATIO: u64 = 12;

/// Edges of the same moment count in this order: data is there when the clock that samples it is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Line {
    Data,
    Select,
    Clock,
}

/// The state of the target.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Target {
    /// Edges that have happened: when they are noticed, which, and the level from then on.
    edges: Vec<(Ps, Line, bool)>,
    /// SSPRXD.
    data: bool,
    /// SSPTXD.
    sent: bool,
    /// SSPFSSIN is active.
    selected: bool,
    /// With SPH=0: a frame has been taken since SSPFSSIN became active, so this one takes no more.
    served: bool,
    /// Texas Instruments: the pulse of SSPFSSIN was seen, a frame begins with the next rising edge.
    announced: bool,
    /// A frame is under way.
    shifting: bool,
    /// Bits taken of the frame; Microwire: rising edges.
    bits: u32,
    incoming: u16,
    outgoing: u16,
    /// When SSPCLKIN last rose.
    rose: Option<Ps>,
}

impl Target {
    pub(super) fn is_busy(&self) -> bool {
        self.shifting
    }
}

impl Spi {
    pub(super) fn is_target(&self) -> bool {
        self.control(SSPCR1::SSE) && self.control(SSPCR1::MS)
    }

    /// SSPCR1 was written: the target begins to follow its inputs, or ceases to.
    pub(super) fn attend(&mut self, fabric: &mut Fabric) {
        let on = self.is_target();
        let wiring = self.wiring();
        let mut turned = false;
        for input in [wiring.rxd, wiring.fss, wiring.clk] {
            turned |= fabric.listen(input, on);
        }
        if !turned {
            return;
        }
        self.target = Target::default();
        if on {
            // The controller, had there been one, stops in the middle of its frame.
            self.stop(fabric);
            self.follow_timing(fabric);
            let now = fabric.now();
            self.target.data = fabric.input_level(wiring.rxd);
            self.select(fabric.input_level(wiring.fss), now, fabric);
        }
    }

    /// Takes the edges that are noticed by now, and comes back for the next one.
    pub(super) fn follow_controller(&mut self, fabric: &mut Fabric) {
        let until = fabric.events.popped();
        self.hear(fabric);
        while let Some(&(at, line, level)) = self.target.edges.first().filter(|edge| edge.0 <= until) {
            self.target.edges.remove(0);
            match line {
                Line::Data => self.target.data = level,
                Line::Select => self.select(level, at, fabric),
                Line::Clock => self.clock(level, at, fabric),
            }
            // TX may be wired to an input of this block.
            self.hear(fabric);
        }
        let next = self.target.edges.first().map(|edge| edge.0).into_iter().chain(self.awaited_timeout()).min();
        fabric.at(self.wiring().slot, next.unwrap_or(Ps::MAX));
    }

    fn hear(&mut self, fabric: &mut Fabric) {
        let wiring = self.wiring();
        let peri = fabric.rates.peri;
        for (input, line) in [(wiring.rxd, Line::Data), (wiring.fss, Line::Select), (wiring.clk, Line::Clock)] {
            for (at, level) in std::mem::take(&mut fabric.io.serial.ear(input).edges) {
                // Without clk_peri the block stands still; data is not synchronised.
                let noticed = at.saturating_add(peri.duration(DETECTION));
                match line {
                    Line::Data => self.target.edges.push((at, line, level)),
                    _ if peri.is_running() => self.target.edges.push((noticed, line, level)),
                    _ => {}
                }
                if line == Line::Clock && level {
                    let before = self.target.rose.replace(at);
                    // Both moments are rounded to the picosecond.
                    if before.is_some_and(|before| at - before + 1 < peri.duration(RATIO)) {
                        let why = "a target is clocked faster than clk_peri / 12, where the silicon promises nothing";
                        fabric.gaps.touch(&format!("{}.SSPCLKIN", wiring.name), why);
                    }
                }
            }
        }
        self.target.edges.sort_by_key(|&(at, line, _)| (at, line));
    }

    /// SSPFSSIN changed.
    fn select(&mut self, level: bool, at: Ps, fabric: &mut Fabric) {
        self.target.selected = level == self.fss_level(true);
        if self.format() == Format::TexasInstruments {
            return;
        }
        self.target.served = false;
        self.target.shifting = false;
        self.target.bits = 0;
        if !self.target.selected {
            self.send_bit(false, at, fabric);
            if self.timeout.is_none() {
                self.rest_from(at);
            }
        } else if self.format() == Format::Motorola && !self.format_bit(SSPCR0::SPH) {
            self.load_frame();
            self.shift_out(at, fabric);
        }
    }

    /// SSPCLKIN changed.
    fn clock(&mut self, level: bool, at: Ps, fabric: &mut Fabric) {
        match self.format() {
            Format::TexasInstruments if level => {
                if std::mem::take(&mut self.target.announced) {
                    self.load_frame();
                    self.target.shifting = true;
                    self.target.bits = 0;
                }
                if self.target.shifting {
                    self.shift_out(at, fabric);
                }
            }
            Format::TexasInstruments => {
                if self.target.shifting {
                    self.shift_in(self.bits(), at, fabric);
                }
                self.target.announced = self.target.selected;
            }
            _ if !self.target.selected || self.target.served => {}
            Format::Microwire => self.clock_microwire(level, at, fabric),
            Format::Motorola => {
                let (leading, second) = (level != self.idle_clock(), self.format_bit(SSPCR0::SPH));
                if leading != second {
                    self.target.shifting = true;
                    self.shift_in(self.bits(), at, fabric);
                    self.target.served = !second && !self.target.shifting;
                    return;
                }
                if second && !self.target.shifting {
                    self.load_frame();
                    self.target.shifting = true;
                }
                self.shift_out(at, fabric);
            }
        }
    }

    /// 4.4.3.14: eight bits of control come in, one clock is left out, then data goes out at falling edges.
    fn clock_microwire(&mut self, rising: bool, at: Ps, fabric: &mut Fabric) {
        let (wait, all) = (CONTROL_BITS + 1, CONTROL_BITS + 1 + self.bits());
        if rising {
            self.target.shifting = true;
            if self.target.bits < CONTROL_BITS {
                self.shift_in(CONTROL_BITS, at, fabric);
                self.target.shifting = true;
                if self.target.bits == 0 {
                    self.target.bits = CONTROL_BITS;
                }
                return;
            }
            self.target.bits += 1;
            if self.target.bits == all {
                self.target.bits = 0;
                self.target.shifting = false;
            }
        } else if self.target.bits >= wait {
            let sent = self.target.bits - wait;
            if sent == 0 {
                self.load_frame();
            }
            self.send_bit(self.target.outgoing >> (self.bits() - 1 - sent) & 1 != 0, at, fabric);
        } else {
            self.send_bit(false, at, fabric);
        }
    }

    /// The next frame to send. With SOD the bottom entry is sent again and again, and stays in the FIFO: so did the silicon.
    fn load_frame(&mut self) {
        self.timeout = None;
        self.target.incoming = 0;
        self.target.outgoing = self.tx.bottom();
        if !self.control(SSPCR1::SOD) {
            self.tx.pop();
        }
    }

    /// The bit with the number of those that have come in, most significant first.
    fn shift_out(&mut self, at: Ps, fabric: &mut Fabric) {
        let left = self.bits().saturating_sub(1 + self.target.bits);
        self.send_bit(self.target.outgoing >> left & 1 != 0, at, fabric);
    }

    fn send_bit(&mut self, high: bool, at: Ps, fabric: &mut Fabric) {
        self.target.sent = high;
        self.drive(TX, high, at, fabric);
    }

    /// A bit comes in; after `bits` of them the frame is in the FIFO.
    fn shift_in(&mut self, bits: u32, at: Ps, fabric: &Fabric) {
        let bit = if self.control(SSPCR1::LBM) { self.target.sent } else { self.target.data };
        if self.target.bits == 0 {
            self.timeout = None;
            self.target.incoming = 0;
        }
        self.target.incoming = self.target.incoming << 1 | u16::from(bit);
        self.target.bits += 1;
        if self.target.bits == bits {
            self.target.bits = 0;
            self.target.shifting = false;
            self.take_frame(self.target.incoming);
            if self.follow_timing(fabric) {
                self.rest_from(at);
            }
        }
    }
}
