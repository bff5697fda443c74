//! Steps of the controller as edges of SDA and SCL: real ones where others take part, shown ones elsewhere.

use super::controller::Step;
use super::{I2c, Reg, CTR, SCL_HIGH_PERIOD, SCL_LOW_PERIOD};
use super::{SCL_RSTART_SETUP, SCL_START_HOLD, SCL_STOP_HOLD, SCL_STOP_SETUP, SDA_HOLD, SDA_SAMPLE};
use crate::fabric::Fabric;
use engine_core::registers::Field;
use engine_core::time::Ps;
use serde::{Deserialize, Serialize};

/// One thing that happens on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Edge {
    Wait(Ps),
    /// Nobody else has the bus.
    Free,
    /// SDA is let go of, or pulled low.
    Sda(bool),
    SclLow,
    /// SCL is let go of; somebody may stretch it.
    SclHigh,
    /// SDA should show this bit; else another controller sends as well.
    Check(bool),
    Sample,
    /// The byte is in: what is its acknowledge bit?
    Decide,
}

/// How long the parts of a step last.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Times {
    pub(super) low: Ps,
    pub(super) high: Ps,
    pub(super) hold: Ps,
    pub(super) sample: Ps,
    pub(super) start_hold: Ps,
    pub(super) restart_setup: Ps,
    pub(super) stop_setup: Ps,
    pub(super) stop_hold: Ps,
}

impl Times {
    /// A whole bit.
    pub(super) fn bit(&self) -> Ps {
        self.low + self.high
    }
}

impl I2c {
    /// The timing registers. SCL is low for one cycle more than the register says, and high for the sum of both fields:
    /// ESP-IDF `hal/i2c_ll.h`, as measured there.
    pub(super) fn times(&self, fabric: &Fabric) -> Times {
        let clock = self.core_clock(fabric);
        let one_more = |register, field: Field| clock.duration(u64::from(field.get(self.synced.get(register))) + 1);
        let high = self.synced.get(Reg::SCL_HIGH_PERIOD);
        let high = SCL_HIGH_PERIOD::SCL_HIGH_PERIOD.get(high) + SCL_HIGH_PERIOD::SCL_WAIT_HIGH_PERIOD.get(high);
        let (high, low) =
            (clock.duration(u64::from(high)), one_more(Reg::SCL_LOW_PERIOD, SCL_LOW_PERIOD::SCL_LOW_PERIOD));
        Times {
            low,
            high,
            hold: one_more(Reg::SDA_HOLD, SDA_HOLD::TIME).min(low),
            sample: one_more(Reg::SDA_SAMPLE, SDA_SAMPLE::TIME).min(high),
            start_hold: one_more(Reg::SCL_START_HOLD, SCL_START_HOLD::TIME),
            restart_setup: one_more(Reg::SCL_RSTART_SETUP, SCL_RSTART_SETUP::TIME),
            stop_setup: one_more(Reg::SCL_STOP_SETUP, SCL_STOP_SETUP::TIME),
            stop_hold: one_more(Reg::SCL_STOP_HOLD, SCL_STOP_HOLD::TIME),
        }
    }

    /// The pins of SDA and SCL, where both are routed out and in again.
    pub(super) fn bus(&self, fabric: &Fabric) -> Option<(u8, u8)> {
        let pin = |signal| {
            let pins = fabric.io.pins_of(signal);
            let plain = pins.count_ones() == 1 && !fabric.io.inverts_output(pins) && !fabric.io.inverts_input(signal);
            fabric.io.pin_of(signal).filter(|&pin| plain && fabric.io.source_of(signal) == Some(pin))
        };
        Some((pin(self.wiring().sda)?, pin(self.wiring().scl)?))
    }

    /// Does anybody but parts that talk in bytes take part on these pins: another controller or target, somebody who holds a
    /// line, another block?
    pub(super) fn is_shared(&self, fabric: &Fabric) -> bool {
        let Some((sda, scl)) = self.bus(fabric) else { return true };
        let pins = 1u64 << sda | 1u64 << scl;
        let own = [self.wiring().sda, self.wiring().scl];
        pins & (fabric.pins.entangled() | fabric.interrupting_pins) != 0
            || self.is_held_low()
            || fabric.io.watched_from(pins).iter().any(|signal| !own.contains(signal))
    }

    /// Shows a step to whoever looks at the pins; `bytes` are the data and the acknowledge bit.
    pub(super) fn show(&mut self, bytes: &[u8], step: Step, fabric: &mut Fabric) {
        let Some((sda, scl)) = self.bus(fabric).filter(|_| !self.controller.wire) else { return };
        let Times { low, high, hold, start_hold, restart_setup, stop_setup, .. } = self.controller.times;
        let began = self.controller.began;
        // A step goes on with what the one before it left on the lines.
        let owns = self.controller.owns;
        let mut levels = vec![(began, !owns || self.controller.shown_sda, !owns)];
        match step {
            Step::Start if self.controller.owns => levels.extend([
                (began + hold, true, false),
                (began + low, true, true),
                (began + low + restart_setup, false, true),
                (began + low + restart_setup + start_hold, false, false),
            ]),
            Step::Start => levels.extend([(began, false, true), (began + start_hold, false, false)]),
            Step::Stop => levels.extend([
                (began + hold, false, false),
                (began + low, false, true),
                (began + low + stop_setup, true, true),
            ]),
            Step::Write(_) | Step::Read => {
                let bits = (0..8).map(|n| bytes[0] << n & 0x80 != 0).chain([bytes[1] != 0]);
                for (n, bit) in bits.enumerate() {
                    let from = began + n as Ps * (low + high);
                    levels.extend([
                        (from + hold, bit, false),
                        (from + low, bit, true),
                        (from + low + high, bit, false),
                    ]);
                }
            }
            Step::Clocks(_) => {}
        }
        self.controller.shown_sda = levels.last().is_none_or(|last| last.1);
        fabric.pins.i2c_show(sda, scl, levels.into_iter());
    }

    /// A step becomes edges.
    pub(super) fn plan_edges(&mut self, step: Step) {
        let times = self.controller.times;
        let early = self.ctr(CTR::SAMPLE_SCL_LEVEL);
        let owns = self.controller.owns;
        self.controller.bits = 0;
        let edges = &mut self.controller.edges;
        edges.clear();
        match step {
            Step::Start if owns => edges.extend([
                Edge::Wait(times.hold),
                Edge::Sda(true),
                Edge::Wait(times.low - times.hold),
                Edge::SclHigh,
                Edge::Wait(times.restart_setup),
                Edge::Sda(false),
                Edge::Wait(times.start_hold),
                Edge::SclLow,
            ]),
            Step::Start => edges.extend([Edge::Free, Edge::Sda(false), Edge::Wait(times.start_hold), Edge::SclLow]),
            Step::Write(byte) => {
                for n in (0..8).rev() {
                    let level = byte >> n & 1 != 0;
                    edges.extend(bit(&times, level, Edge::Check(level), early));
                }
                edges.extend(bit(&times, true, Edge::Sample, early));
            }
            Step::Read => {
                for _ in 0..8 {
                    edges.extend(bit(&times, true, Edge::Sample, early));
                }
                edges.push_back(Edge::Decide);
            }
            Step::Stop => edges.extend([
                Edge::Wait(times.hold),
                Edge::Sda(false),
                Edge::Wait(times.low - times.hold),
                Edge::SclHigh,
                Edge::Wait(times.stop_setup),
                Edge::Sda(true),
            ]),
            Step::Clocks(count) => {
                for _ in 0..count {
                    edges.extend([Edge::SclLow, Edge::Wait(times.low), Edge::SclHigh, Edge::Wait(times.high)]);
                }
            }
        }
    }

    /// Carries out the edges that are due. True: the step is over.
    pub(super) fn run_edges(&mut self, step: Step, fabric: &mut Fabric) -> bool {
        let now = fabric.now();
        while let Some(&edge) = self.controller.edges.front() {
            // A wait for somebody else has no end of its own.
            if self.controller.due == Ps::MAX {
                self.controller.due = now;
            }
            if self.controller.due > now {
                return false;
            }
            let at = self.controller.due;
            match edge {
                Edge::Wait(time) => self.controller.due += time,
                Edge::Sda(high) => self.pull_sda(!high, at, fabric),
                Edge::SclLow => {
                    self.controller.fell_at = at;
                    self.pull_scl(true, at, fabric);
                }
                Edge::Free => {
                    let scl = fabric.input(self.wiring().scl);
                    if !scl || self.lines.is_busy() {
                        // Another controller may take its time; SCL may not stay low for ever.
                        return self.wait_for_others(!scl, now);
                    }
                }
                Edge::SclHigh => {
                    self.pull_scl(false, at, fabric);
                    if !fabric.input(self.wiring().scl) {
                        return self.wait_for_others(true, now);
                    }
                }
                Edge::Check(sent) => {
                    if sent && !self.lines.sda() && self.ctr(CTR::ARBITRATION_EN) {
                        self.lose(at, fabric);
                        return false;
                    }
                }
                Edge::Sample => self.controller.bits = self.controller.bits << 1 | u16::from(self.lines.sda()),
                Edge::Decide => {
                    self.controller.sent_ack = self.ack_to_send();
                    let times = self.controller.times;
                    let early = self.ctr(CTR::SAMPLE_SCL_LEVEL);
                    let acknowledge = bit(&times, self.controller.sent_ack, Edge::Sample, early);
                    self.controller.edges.clear();
                    self.controller.edges.extend(acknowledge);
                    continue;
                }
            }
            self.controller.stuck = None;
            self.controller.edges.pop_front();
        }
        let over = self.controller.due <= now;
        debug_assert!(!over || self.controller.step == Some(step), "the step that ends is the one that runs");
        over
    }

    fn wait_for_others(&mut self, may_time_out: bool, now: Ps) -> bool {
        let controller = &mut self.controller;
        controller.due = Ps::MAX;
        if !may_time_out {
            controller.stuck = None;
        } else if controller.stuck.is_none() {
            controller.stuck = Some(now);
            if !controller.owns {
                controller.fell_at = now;
            }
        }
        false
    }
}

/// One bit: SDA changes after SCL has fallen, and is looked at while SCL is high, or with SAMPLE_SCL_LEVEL before that.
fn bit(times: &Times, level: bool, look: Edge, early: bool) -> impl Iterator<Item = Edge> {
    let Times { low, high, hold, sample, .. } = *times;
    let begin = [Edge::Wait(hold), Edge::Sda(level), Edge::Wait(low - hold)];
    let rest = if early {
        [look, Edge::SclHigh, Edge::Wait(high), Edge::Wait(0)]
    } else {
        [Edge::SclHigh, Edge::Wait(sample), look, Edge::Wait(high - sample)]
    };
    begin.into_iter().chain(rest).chain([Edge::SclLow])
}
