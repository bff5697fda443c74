//! SDA and SCL: how they are driven, and what is seen on them behind the filters.

use super::{I2c, Reg, CTR, FILTER_CFG, INT_RAW, SCL_SP_CONF};
use crate::block::InputEdge;
use crate::fabric::Fabric;
use crate::signals::Signal;
use engine_core::registers::Field;
use engine_core::time::Ps;
use serde::{Deserialize, Serialize};

/// An input behind its filter.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Line {
    level: bool,
    /// The level that will count if the input stays there until then.
    pending: Option<(Ps, bool)>,
    /// The pin that the matrix takes it from.
    pin: Option<u8>,
}

impl Line {
    fn due(&self) -> Ps {
        self.pending.map_or(Ps::MAX, |pending| pending.0)
    }
}

/// Both inputs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Lines {
    sda: Line,
    scl: Line,
    /// Between START and STOP of anybody.
    busy: bool,
}

impl Default for Lines {
    fn default() -> Self {
        let line = Line { level: true, pending: None, pin: None };
        Self { sda: line.clone(), scl: line, busy: false }
    }
}

impl Lines {
    pub(super) fn sda(&self) -> bool {
        self.sda.level
    }

    pub(super) fn is_busy(&self) -> bool {
        self.busy
    }

    pub(super) fn forget_transfer(&mut self) {
        self.busy = false;
    }

    /// When a level gets through a filter.
    pub(super) fn due(&self) -> Ps {
        self.sda.due().min(self.scl.due())
    }

    /// The next level that has got through by `until`: is it SCL's, which, and when. Where both are due, data is older than
    /// a rising clock and younger than a falling one.
    fn next(&mut self, until: Ps) -> Option<(bool, bool, Ps)> {
        if self.due() > until {
            return None;
        }
        let falls = self.scl.pending.is_some_and(|pending| !pending.1);
        let (sda, scl) = (self.sda.due(), self.scl.due());
        let is_clock = if sda == scl { falls } else { scl < sda };
        let line = if is_clock { &mut self.scl } else { &mut self.sda };
        line.pending.take().map(|(at, level)| (is_clock, level, at))
    }
}

impl I2c {
    /// Pulls SDA and SCL low, or lets go of them. SDA_FORCE_OUT and SCL_FORCE_OUT make them open drain; then SDA_PD_EN and
    /// SCL_PD_EN hold them low for good.
    pub(super) fn pull(&mut self, sda: bool, scl: bool, at: Ps, fabric: &mut Fabric) {
        self.pulls = (sda, scl);
        let wiring = self.wiring();
        let held = |field: Field| field.is_set(self.synced.get(Reg::SCL_SP_CONF));
        let (sda_drain, scl_drain) = (self.ctr(CTR::SDA_FORCE_OUT), self.ctr(CTR::SCL_FORCE_OUT));
        let (sda_held, scl_held) = (held(SCL_SP_CONF::SDA_PD_EN), held(SCL_SP_CONF::SCL_PD_EN));
        drive(wiring.sda, sda || sda_drain && sda_held, sda_drain, at, fabric);
        drive(wiring.scl, scl || scl_drain && scl_held, scl_drain, at, fabric);
    }

    pub(super) fn pull_sda(&mut self, low: bool, at: Ps, fabric: &mut Fabric) {
        self.pull(low, self.pulls.1, at, fabric);
    }

    pub(super) fn pull_scl(&mut self, low: bool, at: Ps, fabric: &mut Fabric) {
        self.pull(self.pulls.0, low, at, fabric);
    }

    /// How long an input must stay where it is to get through the filter.
    fn filter(&self, is_clock: bool, fabric: &Fabric) -> Ps {
        let conf = self.synced.get(Reg::FILTER_CFG);
        let (on, threshold) = if is_clock {
            (FILTER_CFG::SCL_FILTER_EN, FILTER_CFG::SCL_FILTER_THRES)
        } else {
            (FILTER_CFG::SDA_FILTER_EN, FILTER_CFG::SDA_FILTER_THRES)
        };
        if on.is_set(conf) {
            self.core_clock(fabric).duration(u64::from(threshold.get(conf)))
        } else {
            0
        }
    }

    /// An input moved.
    pub(super) fn line_moved(&mut self, edge: InputEdge, fabric: &mut Fabric) {
        self.take_levels(edge.at, fabric);
        self.follow_routing(edge, fabric);
        let is_clock = edge.signal == self.wiring().scl;
        let delay = if self.core_clock(fabric).is_running() { Some(self.filter(is_clock, fabric)) } else { None };
        let line = if is_clock { &mut self.lines.scl } else { &mut self.lines.sda };
        match delay {
            // Without a clock nothing notices; the level counts when the clock is back.
            None => (line.level, line.pending) = (edge.high, None),
            // What goes back before it has got through was a spike.
            Some(_) if edge.high == line.level => line.pending = None,
            Some(delay) => line.pending = Some((edge.at + delay, edge.high)),
        }
        self.advance(fabric);
    }

    /// What an input that is taken from another pin was before counts no more.
    fn follow_routing(&mut self, edge: InputEdge, fabric: &Fabric) {
        let line = if edge.signal == self.wiring().scl { &mut self.lines.scl } else { &mut self.lines.sda };
        let pin = fabric.io.source_of(edge.signal);
        if pin != line.pin {
            (line.pin, line.pending, line.level) = (pin, None, !edge.high);
            self.lines.busy = false;
        }
    }

    /// Both inputs as they are now.
    pub(super) fn look_at_lines(&mut self, fabric: &Fabric) {
        let wiring = self.wiring();
        self.lines.sda.level = fabric.input(wiring.sda);
        self.lines.scl.level = fabric.input(wiring.scl);
    }

    /// Takes the levels that got through the filters by `until`.
    pub(super) fn take_levels(&mut self, until: Ps, fabric: &mut Fabric) {
        while let Some((is_clock, level, at)) = self.lines.next(until) {
            if is_clock {
                self.lines.scl.level = level;
                if level {
                    self.clock_rose(at, fabric);
                } else {
                    self.clock_fell(at, fabric);
                }
                continue;
            }
            self.lines.sda.level = level;
            if self.lines.scl.level {
                self.lines.busy = !level;
                if !level {
                    self.raise(INT_RAW::DET_START_INT_RAW.mask, fabric);
                }
                self.condition(level, at, fabric);
            }
        }
    }
}

fn drive(signal: Signal, low: bool, open_drain: bool, at: Ps, fabric: &mut Fabric) {
    if low {
        fabric.drive_at(signal, false, at);
        fabric.enable_at(signal, true, at);
    } else {
        fabric.enable_at(signal, !open_drain, at);
        fabric.drive_at(signal, true, at);
    }
}
