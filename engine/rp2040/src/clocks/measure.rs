//! The frequency counter FC0, datasheet 2.15.4.
//!
//! It counts edges of the test clock during 2^INTERVAL / 1.024 MHz, which it measures off in cycles of clk_ref as
//! FC0_REF_KHZ tells it. One edge in the longest interval is 1/32 kHz, the unit of the result. The silicon's
//! uncertainty of one edge at either end is not modelled: the count is that of an interval that begins on an edge.

use super::registers::*;
use super::tree::Source;
use crate::fabric::Fabric;
use engine_core::registers::Bank;
use engine_core::time::Ps;
use serde::{Deserialize, Serialize};

/// FC0_SRC, 2.15.7.
const SOURCES: [Source; 14] = {
    use Source::*;
    [Nothing, PllSys, PllUsb, Rosc, RoscPh, Xosc, Gpin0, Gpin1, Ref, Sys, Peri, Usb, Adc, Rtc]
};

/// One measurement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Measurement {
    started: bool,
    /// The test clock stands still: the measurement ends with 0 all the same, as software that measures a PLL which
    /// it has switched off expects (`frequency_count_khz` waits for DONE and nothing else).
    died: bool,
    begins: Ps,
    ends: Ps,
    done: bool,
    result: u32,
    verdict: u32,
}

impl Default for Measurement {
    fn default() -> Self {
        Self { started: false, died: false, begins: 0, ends: Ps::MAX, done: false, result: 0, verdict: 0 }
    }
}

impl Measurement {
    /// A write to FC0_SRC starts it.
    pub fn start(regs: &Bank<Reg>, fabric: &Fabric) -> Self {
        let source = SOURCES.get(regs.get(Reg::FC0_SRC) as usize).copied().unwrap_or(Source::Nothing);
        if source == Source::Nothing {
            return Self::default();
        }
        let (reference, test) = (fabric.rates.reference, fabric.rate_of(source));
        let interval = regs.field(Reg::FC0_INTERVAL, FC0_INTERVAL::FC0_INTERVAL);
        let gate = (u64::from(regs.get(Reg::FC0_REF_KHZ)) << interval) / 1024;
        let delay = u64::from(regs.field(Reg::FC0_DELAY, FC0_DELAY::FC0_DELAY));
        let begins = fabric.now().saturating_add(reference.duration(delay));
        let ends = begins.saturating_add(reference.duration(gate));
        let edges = if test.is_running() { test.cycles_in(reference.duration(gate)) } else { 0 };
        let result = ((edges << (15 - interval)) as u32) & (FC0_RESULT::KHZ.mask | FC0_RESULT::FRAC.mask);
        let khz = FC0_RESULT::KHZ.get(result);
        let verdict = if khz < regs.get(Reg::FC0_MIN_KHZ) {
            FC0_STATUS::SLOW.mask | FC0_STATUS::FAIL.mask
        } else if khz > regs.get(Reg::FC0_MAX_KHZ) {
            FC0_STATUS::FAST.mask | FC0_STATUS::FAIL.mask
        } else {
            FC0_STATUS::PASS.mask
        };
        Self { started: true, died: !test.is_running(), begins, ends, done: false, result, verdict }
    }

    /// When it ends.
    pub fn due(&self) -> Ps {
        if self.done {
            Ps::MAX
        } else {
            self.ends
        }
    }

    /// Ends it if it is due.
    pub fn finish(&mut self, now: Ps) {
        self.done |= self.ends <= now;
    }

    fn is_done(&self, now: Ps) -> bool {
        self.done || self.ends <= now
    }

    /// FC0_STATUS.
    pub fn status(&self, now: Ps) -> u32 {
        if !self.started {
            0
        } else if self.is_done(now) {
            FC0_STATUS::DONE.mask | self.verdict | FC0_STATUS::DIED.put(0, u32::from(self.died))
        } else if now < self.begins {
            FC0_STATUS::WAITING.mask
        } else {
            FC0_STATUS::RUNNING.mask
        }
    }

    /// FC0_RESULT.
    pub fn result(&self, now: Ps) -> u32 {
        if self.started && self.is_done(now) {
            self.result
        } else {
            0
        }
    }
}
