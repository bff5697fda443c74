//! The node on the bus, bit by bit: Bosch CAN Specification 2.0, sections 3 (frames), 6 to 8 (errors, faults, timing).
//!
//! Each bit has two moments: its begin, at which the node sends, and its sample point, at which it looks. While the bus
//! is idle and nothing is to be sent there are none.

use super::frame::{stuff, Decoder, Frame};
use super::registers::{BUS_TIMING_0, BUS_TIMING_1, MODE};
use super::{Interrupt, Reg, Twai};
use crate::fabric::Fabric;
use crate::signals::{TWAI_BUS_OFF_ON, TWAI_RX, TWAI_TX};
use crate::slots::Slot;
use engine_core::time::Ps;
use serde::{Deserialize, Serialize};

const DOMINANT: bool = false;
const RECESSIVE: bool = true;

/// Recessive bits after which a node takes part (section 3.1.5 with 3.1.1: delimiter, EOF and intermission).
const INTEGRATION: u8 = 11;
/// Error counters, section 8.
const PASSIVE: u32 = 128;
const OFF: u32 = 256;
/// What TX_ERR_CNT shows when a node has gone off, and how often it must see eleven recessive bits.
const OFF_COUNT: u32 = 127;

/// Where on the bus we are. Numbers count the bits that have passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Place {
    /// Reset mode: not there.
    #[default]
    Out,
    /// Waits for eleven recessive bits.
    Integrating(u8),
    /// Bus-off: counts eleven recessive bits again and again.
    Off(u8),
    Idle,
    /// From SOF to the end of the CRC sequence.
    Frame,
    CrcDelimiter,
    AckSlot,
    AckDelimiter,
    EndOfFrame(u8),
    /// Six bits of our own; of an overload frame or an error frame.
    Flag {
        sent: u8,
        overload: bool,
    },
    /// Flags of others may still go on.
    Superposition {
        bits: u8,
        overload: bool,
    },
    /// Recessive bits of the delimiter that have come.
    Delimiter {
        bits: u8,
        overload: bool,
    },
    Intermission(u8),
    /// A passive transmitter lets others go first (section 8).
    Suspended(u8),
}

/// ECC_TYPE (ESP-IDF `hal/twai_ll.h`, twai_ll_err_type_t).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Bit = 0,
    Form = 1,
    Stuff = 2,
    Other = 3,
}

/// What is being sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Sending {
    bits: Vec<bool>,
    at: usize,
}

/// The state of the node.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Node {
    pub(super) place: Place,
    /// When the present bit began; its sample point is to come, or the next bit.
    began: Ps,
    sampled: bool,
    /// What we send in this bit.
    level: bool,
    sending: Option<Sending>,
    decoder: Decoder,
    received: Option<Frame>,
    /// A frame that waits for the bus, and how: shown to ourselves as well, or tried once.
    pub(super) pending: Option<Frame>,
    pub(super) to_itself: bool,
    pub(super) once: bool,
    pub(super) tec: u32,
    pub(super) rec: u32,
    /// The flag under way is a passive one.
    passive_flag: bool,
    /// Nobody acknowledged a passive node: what it counts depends on what it hears during its flag (section 8, rule 3).
    unheard: bool,
    heard_in_flag: bool,
    /// We sent when the error came.
    sent_error: bool,
    /// The last sample, and whether an edge has set the clock since.
    last: bool,
    synchronised: bool,
    /// Where the bus is sampled three times: when it became what, since the last sample.
    edges: Vec<(Ps, bool)>,
}

impl Node {
    /// Does it send a frame?
    pub(super) fn transmits(&self) -> bool {
        self.sending.is_some()
    }

    /// Does it receive one?
    pub(super) fn receives(&self) -> bool {
        let within = matches!(
            self.place,
            Place::Frame | Place::CrcDelimiter | Place::AckSlot | Place::AckDelimiter | Place::EndOfFrame(_)
        );
        within && !self.transmits()
    }

    pub(super) fn is_passive(&self) -> bool {
        self.tec >= PASSIVE || self.rec >= PASSIVE
    }
}

impl Twai {
    /// A time quantum: 2 * (BAUD_PRESC + 1) cycles of APB_CLK.
    fn quanta(&self, count: u32, fabric: &Fabric) -> Ps {
        let prescaler = 2 * (u64::from(self.bank.field(Reg::BUS_TIMING_0, BUS_TIMING_0::BAUD_PRESC)) + 1);
        fabric.rates.apb.duration(prescaler * u64::from(count))
    }

    /// Synchronisation segment and TIME_SEG1: from the begin of a bit to its sample point.
    fn to_sample(&self, fabric: &Fabric) -> Ps {
        self.quanta(self.bank.field(Reg::BUS_TIMING_1, BUS_TIMING_1::TIME_SEG1) + 2, fabric)
    }

    fn after_sample(&self, fabric: &Fabric) -> Ps {
        self.quanta(self.bank.field(Reg::BUS_TIMING_1, BUS_TIMING_1::TIME_SEG2) + 1, fabric)
    }

    fn bit(&self, fabric: &Fabric) -> Ps {
        self.to_sample(fabric).saturating_add(self.after_sample(fabric))
    }

    fn mode(&self, field: engine_core::registers::Field) -> bool {
        field.is_set(self.bank.get(Reg::MODE))
    }

    /// Reset mode is left: the node waits for eleven recessive bits, 128 times where it was off.
    pub(super) fn join_bus(&mut self, fabric: &mut Fabric) {
        fabric.watch_input(TWAI_RX, true);
        self.node.place = if self.bus_off { Place::Off(0) } else { Place::Integrating(0) };
        self.begin_bit(fabric.now(), fabric);
    }

    /// Reset mode: whatever was under way is broken off.
    pub(super) fn leave_bus(&mut self, fabric: &mut Fabric) {
        fabric.watch_input(TWAI_RX, false);
        fabric.cancel(Slot::Twai);
        let Node { tec, rec, .. } = self.node;
        self.node = Node { tec, rec, level: RECESSIVE, ..Node::default() };
        fabric.drive(TWAI_TX, RECESSIVE);
    }

    /// A frame waits: where the bus is idle it begins now.
    pub(super) fn send_if_idle(&mut self, fabric: &mut Fabric) {
        // The last bit of what was before is still on its way: what comes behind it begins with the next.
        let begins_by_itself = self.node.sampled && fabric.now() < self.node.began + self.bit(fabric);
        if self.node.place == Place::Idle && self.node.pending.is_some() && !begins_by_itself {
            self.start_of_frame();
            self.begin_bit(fabric.now(), fabric);
        }
    }

    fn start_of_frame(&mut self) {
        let node = &mut self.node;
        node.place = Place::Frame;
        node.decoder = Decoder::default();
        node.received = None;
        node.sending = node.pending.as_ref().map(|frame| Sending { bits: stuff(&frame.bits()), at: 0 });
    }

    /// The line fell: an idle node has been called, and others set their clocks (section 7, synchronisation).
    pub(super) fn fell(&mut self, at: Ps, fabric: &mut Fabric) {
        let node = &mut self.node;
        match node.place {
            Place::Out => {}
            Place::Idle => {
                node.place = Place::Frame;
                node.decoder = Decoder::default();
                node.received = None;
                self.begin_bit(at, fabric);
            }
            // Who pulls the line itself need not listen to itself.
            _ if !node.level => {}
            // Once between two samples, and by an edge away from what was sampled.
            _ if node.synchronised || node.last == DOMINANT => {}
            _ => {
                node.synchronised = true;
                self.resynchronise(at, fabric);
            }
        }
    }

    /// A bit becomes longer or shorter by SYNC_JUMP_WIDTH + 1 quanta at the most.
    fn resynchronise(&mut self, at: Ps, fabric: &mut Fabric) {
        let jump = self.quanta(self.bank.field(Reg::BUS_TIMING_0, BUS_TIMING_0::SYNC_JUMP_WIDTH) + 1, fabric);
        let (before, after) = (self.to_sample(fabric), self.after_sample(fabric));
        let late = at.saturating_sub(self.node.began);
        if self.node.sampled {
            let end = |began: Ps| began.saturating_add(before).saturating_add(after);
            let early = end(self.node.began).saturating_sub(at).min(jump);
            self.node.began = self.node.began.saturating_sub(early);
            fabric.at(Slot::Twai, end(self.node.began).max(fabric.now()));
        } else if late >= self.quanta(1, fabric) {
            self.node.began += late.min(jump);
            fabric.at(Slot::Twai, self.node.began.saturating_add(before));
        }
    }

    fn begin_bit(&mut self, at: Ps, fabric: &mut Fabric) {
        self.node.began = at;
        self.node.sampled = false;
        let level = self.sends();
        if level != self.node.level {
            self.node.level = level;
            fabric.drive_at(TWAI_TX, level, at);
        }
        // Without APB_CLK the sample point never comes.
        fabric.at(Slot::Twai, at.saturating_add(self.to_sample(fabric)));
    }

    /// What we send in the bit that begins.
    fn sends(&self) -> bool {
        let node = &self.node;
        match node.place {
            Place::Frame => node.sending.as_ref().is_none_or(|sending| sending.bits[sending.at]),
            Place::AckSlot => {
                let silent = node.transmits() || self.mode(MODE::LISTEN_ONLY_MODE);
                silent || node.received.is_none()
            }
            Place::Flag { .. } => node.passive_flag,
            _ => RECESSIVE,
        }
    }

    /// The bus changed: two of three samples lie before the sample point.
    pub(super) fn note(&mut self, at: Ps, high: bool) {
        if self.samples_thrice() {
            self.node.edges.push((at, high));
        }
    }

    fn samples_thrice(&self) -> bool {
        BUS_TIMING_1::TIME_SAMP.is_set(self.bank.get(Reg::BUS_TIMING_1))
    }

    /// What the bus is at the sample point. Of three samples two decide: those of the sample point and the two quanta before.
    fn sample(&mut self, fabric: &Fabric) -> bool {
        let now = fabric.input(TWAI_RX);
        if !self.samples_thrice() {
            return now;
        }
        let edges = std::mem::take(&mut self.node.edges);
        let before = |quanta| {
            let at = fabric.now().saturating_sub(self.quanta(quanta, fabric));
            edges.iter().find(|(edge, _)| *edge > at).map_or(now, |(_, high)| !high)
        };
        u8::from(now) + u8::from(before(1)) + u8::from(before(2)) >= 2
    }

    /// The sample point, or the begin of the next bit.
    pub(super) fn run(&mut self, fabric: &mut Fabric) {
        if self.node.place == Place::Out {
            return;
        }
        if !self.node.sampled {
            self.node.sampled = true;
            let bit = self.sample(fabric);
            (self.node.last, self.node.synchronised) = (bit, false);
            self.take(bit, fabric);
            if self.node.place != Place::Out {
                fabric.at(Slot::Twai, self.node.began.saturating_add(self.bit(fabric)));
            }
            return;
        }
        if self.node.place == Place::Idle {
            if self.node.pending.is_none() {
                return;
            }
            self.start_of_frame();
        }
        let next = self.node.began.saturating_add(self.bit(fabric));
        self.begin_bit(next, fabric);
    }

    /// A bit was sampled.
    fn take(&mut self, bit: bool, fabric: &mut Fabric) {
        let node = &mut self.node;
        match node.place {
            Place::Out | Place::Idle => {}
            Place::Integrating(_) if bit == DOMINANT => node.place = Place::Integrating(0),
            Place::Integrating(bits) if bits + 1 == INTEGRATION => node.place = Place::Idle,
            Place::Integrating(bits) => node.place = Place::Integrating(bits + 1),
            Place::Off(_) if bit == DOMINANT => node.place = Place::Off(0),
            Place::Off(bits) if bits + 1 == INTEGRATION => self.recover(fabric),
            Place::Off(bits) => node.place = Place::Off(bits + 1),
            Place::Frame => self.take_frame_bit(bit, fabric),
            Place::CrcDelimiter if bit == RECESSIVE => node.place = Place::AckSlot,
            Place::CrcDelimiter => self.fail(Fault::Form, 24, fabric),
            Place::AckSlot => {
                // Nobody acknowledged, section 6.1.5; in self-test mode nobody need to.
                if bit == RECESSIVE && node.transmits() && !self.mode(MODE::SELF_TEST_MODE) {
                    self.fail(Fault::Other, 25, fabric);
                } else {
                    self.node.place = Place::AckDelimiter;
                }
            }
            Place::AckDelimiter if bit == DOMINANT => self.fail(Fault::Form, 27, fabric),
            // A receiver whose CRC differs says so behind the ACK delimiter, section 6.2.
            Place::AckDelimiter if !node.transmits() && node.received.is_none() => self.fail(Fault::Other, 8, fabric),
            Place::AckDelimiter => node.place = Place::EndOfFrame(0),
            Place::EndOfFrame(bits) => self.take_end_bit(bits, bit, fabric),
            Place::Flag { sent, overload } => self.take_flag_bit(sent, overload, bit, fabric),
            Place::Superposition { bits, overload } => self.take_superposed(bits, overload, bit),
            Place::Delimiter { bits, overload } => {
                if bit == DOMINANT {
                    self.fail(Fault::Form, 23, fabric);
                } else if bits + 1 == 8 {
                    self.node.place = Place::Intermission(0);
                } else {
                    self.node.place = Place::Delimiter { bits: bits + 1, overload };
                }
            }
            Place::Intermission(bits) => self.take_intermission_bit(bits, bit),
            Place::Suspended(_) if bit == DOMINANT => self.called(),
            Place::Suspended(7) => node.place = Place::Idle,
            Place::Suspended(bits) => node.place = Place::Suspended(bits + 1),
        }
        self.look_at_counters(fabric);
    }

    /// Somebody else's SOF is in the bit that was just sampled.
    fn called(&mut self) {
        let node = &mut self.node;
        node.place = Place::Frame;
        node.decoder = Decoder::default();
        node.received = None;
        node.sending = None;
        // The first bit of a frame can't be wrong.
        let _ = node.decoder.push(DOMINANT);
    }

    fn take_frame_bit(&mut self, bit: bool, fabric: &mut Fabric) {
        let node = &mut self.node;
        let stuffed = node.decoder.push(bit);
        if let Some(sending) = &mut node.sending {
            let sent = sending.bits[sending.at];
            sending.at += 1;
            if sent != bit {
                let arbitrates = node.decoder.arbitrates();
                if sent == DOMINANT || !arbitrates {
                    return self.fail(Fault::Bit, self.node.decoder.segment(), fabric);
                }
                if stuffed.is_ok() {
                    self.lose_arbitration(fabric);
                }
            }
        }
        let node = &mut self.node;
        if stuffed.is_err() {
            // Section 8, rule 3, exception 2: a stuff bit that somebody overwrote during arbitration is nobody's fault.
            let innocent = node.transmits() && node.decoder.arbitrates();
            let segment = node.decoder.segment();
            let before = node.tec;
            self.fail(Fault::Stuff, segment, fabric);
            if innocent {
                self.node.tec = before;
            }
        } else if node.decoder.is_complete() {
            node.received = node.decoder.frame();
            node.place = Place::CrcDelimiter;
        }
    }

    fn lose_arbitration(&mut self, fabric: &mut Fabric) {
        let position = self.node.decoder.arbitration_bit();
        self.node.sending = None;
        if self.raise_captured(Interrupt::ARB_LOST) {
            self.bank.set(Reg::ARB_LOST_CAP, position);
        }
        self.give_up_if_once(fabric);
    }

    /// A frame that is tried once is not tried again.
    fn give_up_if_once(&mut self, fabric: &mut Fabric) {
        if self.node.once && self.node.pending.take().is_some() {
            self.transmit_ended(false, fabric);
        }
    }

    fn take_end_bit(&mut self, bits: u8, bit: bool, fabric: &mut Fabric) {
        let node = &mut self.node;
        // To receivers a frame is valid with the last but one bit of its end, to the transmitter with the last (section 5).
        if bits == 5 && bit == RECESSIVE && !node.transmits() {
            node.rec = if node.rec >= PASSIVE { 120 } else { node.rec.saturating_sub(1) };
            let frame = node.received.take();
            self.receive(frame, fabric);
        }
        let node = &mut self.node;
        match (bits, bit) {
            (6, DOMINANT) if !node.transmits() => self.overload(),
            (_, DOMINANT) => self.fail(Fault::Form, 26, fabric),
            (6, _) => {
                node.place = Place::Intermission(0);
                if node.sending.take().is_some() {
                    node.tec = node.tec.saturating_sub(1);
                    let frame = node.pending.take().filter(|_| node.to_itself);
                    self.suspend_next = self.node.is_passive();
                    self.receive(frame, fabric);
                    self.transmit_ended(true, fabric);
                }
            }
            _ => node.place = Place::EndOfFrame(bits + 1),
        }
    }

    fn overload(&mut self) {
        self.node.passive_flag = self.mode(MODE::LISTEN_ONLY_MODE);
        self.node.place = Place::Flag { sent: 0, overload: true };
    }

    fn take_flag_bit(&mut self, sent: u8, overload: bool, bit: bool, fabric: &mut Fabric) {
        let node = &mut self.node;
        if node.passive_flag {
            node.heard_in_flag |= bit == DOMINANT;
        } else if bit == RECESSIVE {
            return self.fail(Fault::Bit, if overload { 28 } else { 17 }, fabric);
        }
        if sent == 5 && node.heard_in_flag && std::mem::take(&mut node.unheard) {
            node.tec += 8;
        }
        node.place = match sent + 1 {
            6 => Place::Superposition { bits: 0, overload },
            sent => Place::Flag { sent, overload },
        };
    }

    /// Until the first recessive bit. Section 8: rule 2, dominant right behind our flag; rule 6, eight dominant bits in a
    /// row, and each eight more.
    fn take_superposed(&mut self, bits: u8, overload: bool, bit: bool) {
        let frozen = self.mode(MODE::LISTEN_ONLY_MODE);
        let node = &mut self.node;
        if bit == RECESSIVE {
            node.place = Place::Delimiter { bits: 1, overload };
            return;
        }
        if !frozen {
            if bits == 0 && !node.sent_error && !overload {
                node.rec += 8;
            }
            if bits % 8 == 7 {
                let counter = if node.sent_error { &mut node.tec } else { &mut node.rec };
                *counter += 8;
            }
        }
        node.place = Place::Superposition { bits: if bits >= 15 { 8 } else { bits + 1 }, overload };
    }

    fn take_intermission_bit(&mut self, bits: u8, bit: bool) {
        match (bits, bit) {
            (2, DOMINANT) => self.called(),
            (_, DOMINANT) => self.overload(),
            (2, RECESSIVE) => {
                let suspended = std::mem::take(&mut self.suspend_next) && self.node.pending.is_some();
                self.node.place = if suspended { Place::Suspended(0) } else { Place::Idle };
            }
            _ => self.node.place = Place::Intermission(bits + 1),
        }
    }

    /// An error: the counters, ERR_CODE_CAP, and the error flag from the next bit on.
    fn fail(&mut self, fault: Fault, segment: u32, fabric: &mut Fabric) {
        let listens = self.mode(MODE::LISTEN_ONLY_MODE);
        let node = &mut self.node;
        let transmits = node.sending.take().is_some();
        let in_flag = matches!(node.place, Place::Flag { .. });
        node.passive_flag = listens || node.is_passive();
        // Rule 3, exception 1: a passive node that nobody hears does not count what nobody acknowledges.
        node.unheard = fault == Fault::Other && segment == 25 && node.is_passive();
        if !listens {
            if transmits || (in_flag && node.sent_error) {
                node.tec += if node.unheard { 0 } else { 8 };
            } else {
                node.rec += if in_flag { 8 } else { 1 };
            }
        }
        // Who sent when the first error came still counts as the transmitter in its own flag (section 8, rule 4).
        node.sent_error = transmits || (in_flag && node.sent_error);
        node.heard_in_flag = false;
        node.received = None;
        node.place = Place::Flag { sent: 0, overload: false };
        if self.raise_captured(Interrupt::BUS_ERR) {
            let direction = u32::from(!transmits);
            self.bank.set(Reg::ERR_CODE_CAP, (fault as u32) << 6 | direction << 5 | segment);
        }
        self.suspend_next = transmits && self.node.is_passive();
        if transmits {
            self.give_up_if_once(fabric);
        }
    }

    /// Eleven recessive bits while off: 128 times, then the node is back (section 8, rule 12).
    fn recover(&mut self, fabric: &mut Fabric) {
        self.node.place = Place::Off(0);
        self.node.tec = self.node.tec.saturating_sub(1);
        if self.off_turns > 1 {
            self.off_turns -= 1;
            return;
        }
        self.node.tec = 0;
        self.node.rec = 0;
        self.bus_off = false;
        self.node.place = Place::Idle;
        fabric.drive(TWAI_BUS_OFF_ON, false);
    }

    /// What the counters say: warning, passive, off.
    pub(super) fn look_at_counters(&mut self, fabric: &mut Fabric) {
        if self.node.tec >= OFF && !self.bus_off {
            self.bus_off = true;
            self.off_turns = 128;
            self.node.tec = OFF_COUNT;
            self.node.rec = 0;
            self.bank.set(Reg::MODE, self.bank.get(Reg::MODE) | MODE::RESET_MODE.mask);
            if self.node.pending.take().is_some() {
                self.transmit_ended(false, fabric);
            }
            self.leave_bus(fabric);
            fabric.drive(TWAI_BUS_OFF_ON, true);
        }
        self.node.rec = self.node.rec.min(255);
        self.tell_states(fabric);
    }
}
