//! The controller: frames, whole or edge by edge. Datasheet 4.4.3.4 and 4.4.3.8 to 4.4.3.14.

use super::{Format, Reg, Spi, CONTROL_BITS, CSN, RX, SCK, SSPCR0, SSPCR1, TX};
use crate::fabric::Fabric;
use crate::pads::Func;
use engine_core::pins::SpiLines;
use engine_core::time::{Hertz, Ps, MICROSECOND};
use serde::{Deserialize, Serialize};

/// What the shift register does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Phase {
    Idle,
    /// SSPFSSOUT becomes active when this is over.
    Leading,
    /// A frame is under way; over half a bit time after its last bit was captured.
    Shifting,
    /// SSPFSSOUT goes high when this is over.
    Trailing,
}

/// Durations of a frame, kept until clk_peri, SSPCR0 or SSPCPSR change.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Timing {
    key: Option<(Hertz, u32, u32)>,
    /// Clocks in which something is captured or could be.
    clocks: u32,
    pub(super) bit: Ps,
    /// From SSPFSSOUT active to the end of the last bit.
    frame: Ps,
    /// From the end of a last bit to that of the next frame's.
    period: Ps,
}

/// A frame that is made edge by edge. Half bits are counted from the moment at which SSPFSSOUT becomes active.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct WireFrame {
    half: u32,
    /// The one that ends the frame.
    last: u32,
    /// When the first bit is captured, and in which half bit that is.
    first: (Ps, u32),
    end: Ps,
    back: u16,
    /// Another frame follows without a gap: SSPFSSOUT and TX do not go back to idle.
    continues: bool,
}

impl WireFrame {
    fn due(&self, bit: Ps) -> Ps {
        if self.half == self.last {
            return self.end;
        }
        let (at, first) = self.first;
        let half = |n: u32| u64::from(n / 2) * bit + u64::from(n % 2) * (bit / 2);
        if self.half < first {
            at.saturating_sub(half(first - self.half))
        } else {
            at + half(self.half - first)
        }
    }
}

impl Spi {
    /// 4.4.3.4: the bit rate is clk_peri / (CPSDVSR × (1 + SCR)). False: there is none.
    pub(super) fn follow_timing(&mut self, fabric: &Fabric) -> bool {
        let (cr0, prescale) = (self.bank.get(Reg::SSPCR0), self.bank.get(Reg::SSPCPSR));
        let key = Some((fabric.rates.peri, cr0, prescale));
        if self.timing.key == key {
            return self.timing.bit != 0;
        }
        let rate = fabric.rates.peri.scaled(1, u64::from(prescale & 0xFE) * u64::from(1 + SSPCR0::SCR.get(cr0)));
        let format = self.format();
        let clocks = self.bits() + if format == Format::Microwire { CONTROL_BITS + 1 } else { 0 };
        let pause = if format == Format::Motorola && !SSPCR0::SPH.is_set(cr0) { 3 } else { 0 };
        let lead = if format == Format::TexasInstruments { 2 } else { 1 };
        let halves = |n: u32| rate.duration(u64::from(n)) / 2;
        self.timing = if rate.is_running() {
            Timing { key, clocks, bit: halves(2), frame: halves(2 * clocks + lead), period: halves(2 * clocks + pause) }
        } else {
            Timing { key, ..Timing::default() }
        };
        self.timing.bit != 0
    }

    fn is_controller(&self) -> bool {
        self.control(SSPCR1::SSE) && !self.control(SSPCR1::MS)
    }

    fn enter(&mut self, phase: Phase, due: Ps, fabric: &mut Fabric) {
        self.phase = phase;
        self.due = due;
        fabric.at(self.wiring().slot, due);
    }

    /// An idle controller with something to send starts.
    pub(super) fn start(&mut self, fabric: &mut Fabric) {
        if self.phase != Phase::Idle || self.tx.is_empty() || !self.is_controller() {
            return;
        }
        self.follow_route(fabric);
        let now = fabric.now();
        if !self.follow_timing(fabric) {
            // Without clk_peri or prescaler the shift register stands still; nobody tells when the clock comes back.
            fabric.at(self.wiring().slot, now + MICROSECOND);
            return;
        }
        self.timeout = None;
        let at = self.free_at.max(now);
        if self.route.has_csn {
            self.enter(Phase::Leading, at, fabric);
        } else {
            self.begin_frame(at + self.timing.frame, true, fabric);
        }
    }

    /// A frame begins that ends at `end`: right after SSPFSSOUT became active, or right after another one.
    fn begin_frame(&mut self, end: Ps, fresh: bool, fabric: &mut Fabric) {
        self.wire = self.needs_edges(fabric).then(|| {
            let Timing { bit, clocks, .. } = self.timing;
            let first = end.saturating_sub(bit / 2 + u64::from(clocks - 1) * bit);
            let (half, last, capture) = match (self.format(), fresh) {
                (Format::TexasInstruments, true) => (0, 2 * clocks + 2, 3),
                (Format::TexasInstruments, false) => (2, 2 * clocks + 2, 3),
                (Format::Microwire, true) => (0, 2 * clocks + 1, 2),
                _ => (1, 2 * clocks + 1, 2),
            };
            WireFrame { half, last, first: (first, capture), end, back: 0, continues: false }
        });
        let due = match &self.wire {
            Some(frame) => {
                self.route.sck.iter().for_each(|&sck| fabric.pins.spi_frame_begins(sck));
                frame.due(self.timing.bit)
            }
            None => end,
        };
        self.enter(Phase::Shifting, due, fabric);
    }

    /// Does anybody follow the edges themselves? Those who look at recordings, and SPI parts, are content with frames.
    fn needs_edges(&self, fabric: &Fabric) -> bool {
        self.format() != Format::Motorola
            || self.route.is_forked
            || fabric.io.are_seen(self.route.lines)
            || self.route.rx.is_some_and(|rx| fabric.io.input_enable >> rx & 1 == 0)
            || self.lines().is_some_and(|lines| fabric.pins.spi_needs_edges(lines, self.route.lines.into()))
    }

    fn lines(&self) -> Option<SpiLines> {
        let sample_rising = self.format_bit(SSPCR0::SPO) == self.format_bit(SSPCR0::SPH);
        self.route.sck.map(|sck| SpiLines { sck, mosi: self.route.tx, miso: self.route.rx, sample_rising })
    }

    /// What goes out of the bottom entry: as many bits as the frame has, in Microwire format the control word.
    fn outgoing(&self) -> u32 {
        let bits = if self.format() == Format::Microwire { CONTROL_BITS } else { self.bits() };
        u32::from(self.tx.bottom()) & (u32::MAX >> (32 - bits))
    }

    /// The half bit that is due of a frame that is made edge by edge.
    fn make_edge(&mut self, mut frame: WireFrame, at: Ps, fabric: &mut Fabric) {
        let half = frame.half;
        let bit = |value: u32, bits: u32, n: u32| n < bits && value >> (bits - 1 - n) & 1 != 0;
        let (value, bits) = (self.outgoing(), self.bits());
        match self.format() {
            Format::TexasInstruments => {
                if half % 2 != 0 {
                    if half >= 3 {
                        self.capture(&mut frame, fabric);
                    }
                    self.drive(SCK, false, at, fabric);
                } else {
                    // The pulse of the next frame comes with the last bit of this one (figure 89).
                    frame.continues = half == 2 * bits && self.tx.len() > 1 && self.is_controller();
                    self.drive(CSN, half == 0 || frame.continues, at, fabric);
                    self.drive(SCK, true, at, fabric);
                    if half > 0 {
                        self.drive(TX, bit(value, bits, half / 2 - 1), at, fabric);
                    }
                }
            }
            Format::Microwire => {
                if half % 2 == 0 && half > 0 {
                    if half / 2 - 1 > CONTROL_BITS {
                        self.capture(&mut frame, fabric);
                    }
                    self.drive(SCK, true, at, fabric);
                } else {
                    self.drive(SCK, false, at, fabric);
                    self.drive(TX, bit(value, CONTROL_BITS, half.saturating_sub(1) / 2), at, fabric);
                }
            }
            Format::Motorola => {
                let captures = half % 2 == 0;
                if captures {
                    self.capture(&mut frame, fabric);
                }
                let active = captures != self.format_bit(SSPCR0::SPH);
                self.drive(SCK, active != self.idle_clock(), at, fabric);
                if !captures {
                    self.drive(TX, bit(value, bits, (half - 1) / 2), at, fabric);
                }
            }
        }
        frame.half += 1;
        let due = frame.due(self.timing.bit);
        self.wire = Some(frame);
        self.enter(Phase::Shifting, due, fabric);
    }

    /// SSPRXD as it is just before the clock edge.
    fn capture(&mut self, frame: &mut WireFrame, fabric: &Fabric) {
        let high = fabric.io.input() & fabric.io.selected(Func::Spi) & self.pins(RX) != 0;
        frame.back = frame.back << 1 | u16::from(high);
    }

    /// The last bit of a frame is over: it is exchanged with what is on the pins, or was.
    fn exchange(&mut self, end: Ps, fabric: &mut Fabric) {
        let value = self.outgoing();
        self.tx.pop();
        let (bit, bits) = (self.timing.bit, self.bits());
        let back = match (&self.wire, self.lines()) {
            (Some(frame), lines) => {
                if let Some(lines) = lines {
                    fabric.pins.spi_frame_ends(lines.sck, value, frame.first.0);
                }
                u32::from(frame.back)
            }
            (None, Some(lines)) => {
                let sent = if value != 0 { self.route.lines & self.pins(TX) } else { 0 };
                fabric.io.latch_pulses(sent | self.route.lines & self.pins(SCK));
                let first = end.saturating_sub(bit / 2 + u64::from(bits - 1) * bit);
                fabric.pins.spi_shift(lines, value, bits, first, bit)
            }
            (None, None) => 0,
        };
        let received = if self.control(SSPCR1::LBM) { value } else { back };
        self.take_frame(received as u16);
    }

    /// A phase is over at `at`.
    pub(super) fn step(&mut self, at: Ps, fabric: &mut Fabric) {
        match self.phase {
            Phase::Idle => self.start(fabric),
            Phase::Leading => {
                self.drive(CSN, self.fss_level(true), at, fabric);
                self.begin_frame(at + self.timing.frame, true, fabric);
            }
            Phase::Shifting => match self.wire.take() {
                Some(frame) if frame.half < frame.last => self.make_edge(frame, at, fabric),
                frame => {
                    self.wire = frame;
                    self.end_frame(at, fabric);
                }
            },
            Phase::Trailing => {
                self.drive(CSN, self.fss_level(false), at, fabric);
                self.rest(at, fabric);
            }
        }
    }

    fn end_frame(&mut self, at: Ps, fabric: &mut Fabric) {
        if self.wire.is_some() {
            // The clock of a frame with SPH=0 goes back to idle here, all others were there before.
            self.drive(SCK, self.idle_clock(), at, fabric);
        }
        self.exchange(at, fabric);
        let frame = self.wire.take();
        let pulsed = self.format() == Format::TexasInstruments;
        self.free_at = if pulsed { at } else { at + self.timing.bit };
        let more = !self.tx.is_empty() && self.is_controller() && self.follow_timing(fabric);
        self.follow_route(fabric);
        let seamless = if pulsed { frame.as_ref().is_some_and(|frame| frame.continues) } else { self.stays_selected() };
        if more && (seamless || !self.route.has_csn && !pulsed) {
            self.begin_frame(at + self.timing.period, !seamless, fabric);
        } else if self.route.has_csn && !pulsed {
            self.enter(Phase::Trailing, at + self.timing.bit / 2, fabric);
        } else {
            if pulsed {
                self.drive(CSN, self.fss_level(false), at, fabric);
            }
            self.rest(at, fabric);
        }
        if frame.is_some() && !(seamless && self.wire.is_some()) {
            self.drive(TX, false, at, fabric);
        }
    }

    /// SSPFSSOUT stays low between Motorola frames with SPH=1 and between Microwire frames (4.4.3.11, 4.4.3.13, 4.4.3.14).
    fn stays_selected(&self) -> bool {
        self.format() == Format::Microwire || self.format() == Format::Motorola && self.format_bit(SSPCR0::SPH)
    }

    /// The block becomes a target: whatever is under way ends here.
    pub(super) fn stop(&mut self, fabric: &mut Fabric) {
        if let (Some(frame), Some(sck)) = (self.wire.take(), self.route.sck) {
            fabric.pins.spi_frame_ends(sck, self.outgoing(), frame.first.0);
        }
        self.phase = Phase::Idle;
        self.due = Ps::MAX;
        fabric.cancel(self.wiring().slot);
    }

    fn rest(&mut self, at: Ps, fabric: &mut Fabric) {
        self.phase = Phase::Idle;
        self.due = Ps::MAX;
        if !self.rx.is_empty() {
            self.rest_from(at);
        }
        self.start(fabric);
        self.await_timeout(fabric);
    }
}
