//! PCNT: four counters of pulses with two channels each. ESP32-S3 TRM chapter 38 (Pulse Count Controller).
//!
//! # Fidelity
//! - Exact: edges and control levels with all modes, limits, thresholds, zero crossing, interrupts, pause and clear.
//! - The filter passes over pulses that are shorter than FILTER_THRES cycles of APB_CLK; a pulse that is longer counts when it
//!   has lasted so long. Control inputs are seen without the filter.
//! - Edges count when they come, without the cycles of the synchroniser.

mod registers;
#[cfg(test)]
mod tests;

use crate::block::{undeclared, Block, InputEdge};
use crate::fabric::Fabric;
use crate::signals::{Signal, PCNT_SIG_CH0_IN0};
use crate::slots::Slot;
use crate::sources::Source;
use engine_core::registers::{Bank, Group, Registers, Write};
use engine_core::time::Ps;
pub use registers::unit::{self, Unit};
pub use registers::*;
use serde::{Deserialize, Serialize};

const UNITS: usize = 4;
const UNIT_STEP: u32 = 0xC;
const UNITS_END: u32 = UNIT_STEP * UNITS as u32;
/// Input signals of a unit: pulses of channels 0 and 1, then their controls.
const SIGNALS: Signal = 4;

/// The inputs of PCNT, TRM table 6-2.
pub const INPUTS: std::ops::RangeInclusive<Signal> =
    PCNT_SIG_CH0_IN0..=PCNT_SIG_CH0_IN0 + SIGNALS * UNITS as Signal - 1;

/// A counter.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Counter {
    count: i16,
    status: u32,
    /// The level of each pulse input behind the filter, and the edge that must last yet.
    levels: [bool; 2],
    pending: [Option<Ps>; 2],
    watched: bool,
}

/// PCNT.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pcnt {
    units: [Bank<Unit>; UNITS],
    regs: Bank<Reg>,
    counters: [Counter; UNITS],
}

fn pulse(n: usize, channel: usize) -> Signal {
    PCNT_SIG_CH0_IN0 + SIGNALS * n as Signal + channel as Signal
}

impl Pcnt {
    /// After power-on.
    pub fn new() -> Self {
        Self { units: std::array::from_fn(|_| Bank::new()), regs: Bank::new(), counters: Default::default() }
    }

    fn update_irq(&self, fabric: &mut Fabric) {
        fabric.set_irq(Source::PCNT, self.regs.get(Reg::INT_RAW) & self.regs.get(Reg::INT_ENA) != 0);
    }

    fn is_held(&self, n: usize) -> bool {
        self.regs.get(Reg::CTRL) >> (2 * n) & 1 != 0
    }

    fn is_paused(&self, n: usize) -> bool {
        self.regs.get(Reg::CTRL) >> (2 * n + 1) & 1 != 0
    }

    /// Units with a mode that counts look at their inputs.
    fn watch(&mut self, n: usize, fabric: &mut Fabric) {
        const MODES: u32 = 0x0F0F_0000;
        let on = self.units[n].get(Unit::CONF0) & MODES != 0;
        if on != self.counters[n].watched {
            self.counters[n].watched = on;
            for channel in 0..2 {
                fabric.watch_input(pulse(n, channel), on);
                self.counters[n].levels[channel] = fabric.input(pulse(n, channel));
                self.counters[n].pending[channel] = None;
            }
        }
    }

    fn filter(&self, n: usize, fabric: &Fabric) -> Ps {
        let conf = self.units[n].get(Unit::CONF0);
        let cycles = if unit::CONF0::FILTER_EN.is_set(conf) { unit::CONF0::FILTER_THRES.get(conf) } else { 0 };
        fabric.rates.apb.duration(cycles.into())
    }

    /// An edge passed the filter, TRM 38.3.1: the mode of the edge says up or down, the control level keeps, inverts or forbids.
    fn count(&mut self, n: usize, channel: usize, high: bool, fabric: &mut Fabric) {
        self.counters[n].levels[channel] = high;
        if self.is_held(n) || self.is_paused(n) {
            return;
        }
        let conf = self.units[n].get(Unit::CONF0) >> if channel == 0 { 16 } else { 24 };
        let control = fabric.input(pulse(n, channel) + 2);
        let step = match if high { conf >> 2 & 3 } else { conf & 3 } {
            1 => 1,
            2 => -1,
            _ => return,
        };
        let step = match if control { conf >> 4 & 3 } else { conf >> 6 & 3 } {
            0 => step,
            1 => -step,
            _ => return,
        };
        self.step(n, step, fabric);
    }

    /// TRM 38.3.3: at a limit the counter starts again from 0; what is enabled raises the unit's interrupt.
    fn step(&mut self, n: usize, step: i16, fabric: &mut Fabric) {
        use unit::CONF0 as F;
        let [conf0, conf1, conf2] = [Unit::CONF0, Unit::CONF1, Unit::CONF2].map(|register| self.units[n].get(register));
        let before = self.counters[n].count;
        let mut count = before.wrapping_add(step);
        let mut status = 0;
        let mut is_at = |enable: engine_core::registers::Field, value: u32, flag: engine_core::registers::Field| {
            let met = enable.is_set(conf0) && count == value as u16 as i16;
            status |= if met { flag.mask } else { 0 };
            met
        };
        is_at(F::THR_THRES0_EN, conf1, U0_STATUS::THRES0);
        is_at(F::THR_THRES1_EN, conf1 >> 16, U0_STATUS::THRES1);
        let high = is_at(F::THR_H_LIM_EN, conf2, U0_STATUS::H_LIM);
        let low = is_at(F::THR_L_LIM_EN, conf2 >> 16, U0_STATUS::L_LIM);
        is_at(F::THR_ZERO_EN, 0, U0_STATUS::ZERO);
        if high || low {
            count = 0;
        }
        // ZERO_MODE, TRM register 38.7: 0 from above to 0, 1 from below to 0, 2 below 0, 3 above 0.
        let mode = match count {
            0 if before > 0 => 0,
            0 => 1,
            count if count < 0 => 2,
            _ => 3,
        };
        let counter = &mut self.counters[n];
        counter.count = count;
        if status != 0 {
            counter.status = status;
            self.regs.set(Reg::INT_RAW, self.regs.get(Reg::INT_RAW) | 1 << n);
            self.update_irq(fabric);
        }
        self.counters[n].status = U0_STATUS::ZERO_MODE.put(self.counters[n].status, mode);
    }

    /// Edges that have lasted long enough count.
    fn settle(&mut self, fabric: &mut Fabric) {
        let mut due = Ps::MAX;
        for n in 0..UNITS {
            let filter = self.filter(n, fabric);
            for channel in 0..2 {
                let Some(since) = self.counters[n].pending[channel] else { continue };
                let at = since.saturating_add(filter);
                if at <= fabric.now() {
                    self.counters[n].pending[channel] = None;
                    self.count(n, channel, !self.counters[n].levels[channel], fabric);
                } else {
                    due = due.min(at);
                }
            }
        }
        fabric.at(Slot::Pcnt, due);
    }

    fn clear_held(&mut self) {
        for n in 0..UNITS {
            if self.is_held(n) {
                self.counters[n].count = 0;
                self.counters[n].status = 0;
            }
        }
    }
}

impl Default for Pcnt {
    fn default() -> Self {
        Self::new()
    }
}

impl Block for Pcnt {
    const GROUPS: &'static [Group] = &[
        Group { block: "PCNT", prefix: "U{}_", base: 0, count: 4, step: UNIT_STEP, table: Unit::TABLE },
        Group::one("PCNT", Reg::TABLE),
    ];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.peek(offset, fabric)
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if offset < UNITS_END {
            let register = Unit::at(offset % UNIT_STEP).expect("every word of a unit is declared");
            return self.units[(offset / UNIT_STEP) as usize].load(register);
        }
        match (offset, Reg::at(offset)) {
            (0x30..=0x3C, _) => u32::from(self.counters[(offset as usize - 0x30) / 4].count as u16),
            (0x50..=0x5C, _) => self.counters[(offset as usize - 0x50) / 4].status,
            (_, Some(Reg::INT_ST)) => self.regs.get(Reg::INT_RAW) & self.regs.get(Reg::INT_ENA),
            (_, Some(register)) => self.regs.load(register),
            (_, None) => undeclared("PCNT", offset, fabric),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        if offset < UNITS_END {
            let n = (offset / UNIT_STEP) as usize;
            let register = Unit::at(offset % UNIT_STEP).expect("every word of a unit is declared");
            self.units[n].store(register, write, "PCNT", &mut fabric.gaps);
            return self.watch(n, fabric);
        }
        let Some(register) = Reg::at(offset) else {
            undeclared("PCNT", offset, fabric);
            return;
        };
        self.regs.store(register, write, "PCNT", &mut fabric.gaps);
        match register {
            Reg::INT_CLR => self.regs.set(Reg::INT_RAW, self.regs.get(Reg::INT_RAW) & !write.raw),
            Reg::CTRL => self.clear_held(),
            _ => {}
        }
        self.update_irq(fabric);
    }

    fn event(&mut self, _slot: Slot, fabric: &mut Fabric) {
        self.settle(fabric);
    }

    fn input(&mut self, edge: InputEdge, fabric: &mut Fabric) {
        let input = edge.signal - PCNT_SIG_CH0_IN0;
        let (n, channel) = ((input / SIGNALS) as usize, (input % SIGNALS) as usize);
        let counter = &mut self.counters[n];
        counter.pending[channel] = (edge.high != counter.levels[channel]).then_some(edge.at);
        self.settle(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        for n in 0..UNITS {
            (0..2).for_each(|channel| fabric.watch_input(pulse(n, channel), false));
        }
        fabric.cancel(Slot::Pcnt);
        self.update_irq(fabric);
    }
}
