//! SysTick. ARMv6-M ARM, B3.3.
//!
//! The counter is not ticked: its value follows from the cycles since it was last looked at.
//!
//! # Fidelity
//! - Exact: reload, COUNTFLAG, exception, both clock sources; with the reference clock in the true ratio of the two rates.
//! - CURRENT is that of the cycle at which its load begins.

use serde::{Deserialize, Serialize};

use crate::scs::bits;

const COUNTER: u32 = 0x00FF_FFFF;

const CSR_ENABLE: u32 = 1;
const CSR_TICKINT: u32 = 1 << 1;
const CSR_CLKSOURCE: u32 = 1 << 2;
const CSR_COUNTFLAG: u32 = 1 << 16;
const CALIB_NOREF: u32 = 1 << 31;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct SysTick {
    enable: bool,
    tickint: bool,
    /// CSR.CLKSOURCE: the processor clock, else the reference clock.
    processor_clock: bool,
    countflag: bool,
    reload: u32,
    current: u32,
    /// SYST_CALIB.
    pub calibration: u32,
    /// Processor clocks and reference ticks that take the same time.
    reference: Option<(u32, u32)>,
    /// The cycle from which ticks are counted, so that a fractional ratio does not drift.
    origin: u64,
    /// Ticks since `origin` that `current` already reflects.
    counted: u64,
}

impl SysTick {
    pub fn reference(&self) -> Option<(u32, u32)> {
        self.reference
    }

    /// The caller has advanced to `cycle`.
    pub fn set_reference(&mut self, reference: Option<(u32, u32)>, cycle: u64) {
        self.reference = reference;
        self.restart(cycle);
    }

    /// Brings the counter up to `cycle`. Returns whether the exception became pending.
    pub fn advance(&mut self, cycle: u64) -> bool {
        if !self.enable {
            return false;
        }
        let Some((cycles, ticks)) = self.ratio() else {
            return false;
        };
        let total = (cycle.saturating_sub(self.origin)) * u64::from(ticks) / u64::from(cycles);
        let elapsed = total - self.counted;
        self.counted = total;
        self.tick(elapsed)
    }

    /// Counts down. Reaching zero sets COUNTFLAG; the tick after that reloads.
    fn tick(&mut self, elapsed: u64) -> bool {
        let to_zero = self.ticks_to_zero();
        match to_zero {
            Some(to_zero) if elapsed >= to_zero => {
                let period = u64::from(self.reload) + 1;
                let past = if self.reload == 0 { 0 } else { (elapsed - to_zero) % period };
                self.current = if past == 0 { 0 } else { (period - past) as u32 };
                self.countflag = true;
                self.tickint
            }
            Some(_) if self.current == 0 && elapsed > 0 => {
                self.current = self.reload - (elapsed as u32 - 1);
                false
            }
            _ => {
                self.current = self.current.saturating_sub(elapsed as u32);
                false
            }
        }
    }

    /// Ticks until the counter next reaches zero. A reload value of 0 keeps it there.
    fn ticks_to_zero(&self) -> Option<u64> {
        match (self.current, self.reload) {
            (0, 0) => None,
            (0, reload) => Some(u64::from(reload) + 1),
            (current, _) => Some(current.into()),
        }
    }

    /// The cycle at which the exception next becomes pending. Advanced to now by the caller.
    pub fn next_event(&self) -> Option<u64> {
        if !self.enable || !self.tickint {
            return None;
        }
        let (cycles, ticks) = self.ratio()?;
        let due = self.counted + self.ticks_to_zero()?;
        Some(self.origin + (due * u64::from(cycles)).div_ceil(u64::from(ticks)))
    }

    pub fn read_csr(&mut self) -> u32 {
        let countflag = std::mem::take(&mut self.countflag);
        bits([
            (self.enable, CSR_ENABLE),
            (self.tickint, CSR_TICKINT),
            (self.uses_processor_clock(), CSR_CLKSOURCE),
            (countflag, CSR_COUNTFLAG),
        ])
    }

    pub fn write_csr(&mut self, value: u32, cycle: u64) {
        self.enable = value & CSR_ENABLE != 0;
        self.tickint = value & CSR_TICKINT != 0;
        self.processor_clock = value & CSR_CLKSOURCE != 0;
        self.restart(cycle);
    }

    pub fn read_rvr(&self) -> u32 {
        self.reload
    }

    pub fn write_rvr(&mut self, value: u32) {
        self.reload = value & COUNTER;
    }

    pub fn read_cvr(&self) -> u32 {
        self.current
    }

    /// Any write clears the counter and COUNTFLAG, without an exception.
    pub fn write_cvr(&mut self) {
        self.current = 0;
        self.countflag = false;
    }

    fn restart(&mut self, cycle: u64) {
        self.origin = cycle;
        self.counted = 0;
    }

    fn uses_processor_clock(&self) -> bool {
        self.processor_clock || self.calibration & CALIB_NOREF != 0
    }

    fn ratio(&self) -> Option<(u32, u32)> {
        if self.uses_processor_clock() {
            Some((1, 1))
        } else {
            self.reference
        }
    }
}
