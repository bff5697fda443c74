//! What happens at a tick: events of the timers, sync events, faults.

use super::counter::{ON_SYNC, ON_TEP, ON_TEZ};
use super::operator::event;
use super::registers::{common, timer};
use super::{
    capture, Mcpwm, Reg, CMPR_TEA, CMPR_TEB, FAULT, FAULT_CLR, INPUTS, OPERATORS, SYNC_FROM_PIN, SYNC_FROM_TIMER,
    TIMERS, TIMER_STOP, TIMER_TEP, TIMER_TEZ, TZ_CBC, TZ_OST,
};
use crate::fabric::Fabric;

/// TIMER_SYNCO_SEL.
const SYNCO_IS_SYNCI: u32 = 0;
const SYNCO_AT_TEZ: u32 = 1;
const SYNCO_AT_TEP: u32 = 2;

impl Mcpwm {
    /// The counter of a timer has come to where something happens.
    pub(super) fn happen(&mut self, n: usize, tick: u64) {
        let position = self.timers[n].position();
        let zero = if position.count == 0 { event::TEZ } else { 0 };
        let peak = if self.timers[n].is_at_peak() { event::TEP } else { 0 };
        if zero != 0 {
            self.raise(TIMER_TEZ + n);
        }
        if peak != 0 {
            self.raise(TIMER_TEP + n);
        }
        if self.timers[n].arrive() {
            self.raise(TIMER_STOP + n);
        }
        if zero != 0 && self.updates_periods() {
            self.timers[n].update_period(ON_TEZ, false);
        }
        let moment = if zero != 0 { ON_TEZ } else { 0 } | if peak != 0 { ON_TEP } else { 0 };
        for operator in self.operators_of(n) {
            if self.updates(operator) {
                self.operators[operator].update(moment, false);
            }
            let compare = self.operators[operator].compare();
            let mut events = zero | peak;
            for (hit, bit, irq) in [(compare[0], event::TEA, CMPR_TEA), (compare[1], event::TEB, CMPR_TEB)] {
                if hit == position.count {
                    events |= bit;
                    self.raise(irq + operator);
                }
            }
            if self.updates(operator) {
                self.operators[operator].update_force(events, false, false);
            }
            self.operators[operator].generate(events, position.down);
            let faults = self.faults();
            self.operators[operator].refresh(zero | peak, faults);
        }
        let out = self.timers[n].regs.field(timer::Reg::SYNC, timer::SYNC::SYNCO_SEL);
        if out == SYNCO_AT_TEZ && zero != 0 || out == SYNCO_AT_TEP && peak != 0 {
            self.sync_out(n, tick, TIMERS);
        }
    }

    /// A timer's sync output. A chain of timers has an end, a ring is cut.
    pub(super) fn sync_out(&mut self, from: usize, tick: u64, depth: usize) {
        let source = from as u32 + SYNC_FROM_TIMER;
        if depth > 0 {
            self.sync_from(source, tick, depth - 1);
        }
    }

    /// A sync event of this source goes to all that selected it.
    pub(super) fn sync_from(&mut self, source: u32, tick: u64, depth: usize) {
        let selections = self.regs.get(Reg::TIMER_SYNCI_CFG);
        for n in (0..TIMERS).filter(|n| selections >> (3 * n) & 7 == source) {
            self.sync_in(n, tick);
            let out = self.timers[n].regs.field(timer::Reg::SYNC, timer::SYNC::SYNCO_SEL);
            if out == SYNCO_IS_SYNCI {
                self.sync_out(n, tick, depth);
            }
        }
        if self.regs.field(Reg::CAP_TIMER_CFG, common::CAP_TIMER_CFG::CAP_SYNCI_SEL) == source {
            let at = self.clock.when(tick).max(self.latest);
            self.capture.sync(&self.regs, at);
        }
    }

    /// A sync event at a timer.
    pub(super) fn sync_in(&mut self, n: usize, tick: u64) {
        let updates = self.updates_periods();
        self.timers[n].advance(tick);
        if !self.timers[n].sync(tick, updates) {
            return;
        }
        let down = self.timers[n].position().down;
        for operator in self.operators_of(n) {
            let updates = self.updates(operator);
            let operator = &mut self.operators[operator];
            if updates {
                operator.update(ON_SYNC, false);
                operator.update_force(0, true, false);
            }
            operator.generate(operator.sync_events(), down);
        }
    }

    /// Inputs that matter are watched; faults follow the level of theirs.
    pub(super) fn watch(&mut self, fabric: &mut Fabric) {
        let selections = self.regs.get(Reg::TIMER_SYNCI_CFG);
        let captures = self.regs.field(Reg::CAP_TIMER_CFG, common::CAP_TIMER_CFG::CAP_SYNCI_SEL);
        let faults = self.regs.get(Reg::FAULT_DETECT);
        let wanted: [bool; 9] = std::array::from_fn(|input| {
            let n = input % 3;
            let source = n as u32 + SYNC_FROM_PIN;
            match input / 3 {
                0 => captures == source || (0..TIMERS).any(|timer| selections >> (3 * timer) & 7 == source),
                1 => faults >> n & 1 != 0,
                _ => common::CAP_CH0_CFG::CAP0_EN.is_set(capture::config(&self.regs, n)),
            }
        });
        for (input, on) in wanted.into_iter().enumerate().filter(|(input, on)| *on != self.watched[*input]) {
            fabric.watch_input(INPUTS[self.unit][input], on);
        }
        self.watched = wanted;
        (0..3).for_each(|n| self.watch_fault(n, fabric.input(INPUTS[self.unit][3 + n])));
    }

    /// A fault goes on while its input is at F_POLE.
    pub(super) fn watch_fault(&mut self, n: usize, level: bool) {
        let detect = self.regs.get(Reg::FAULT_DETECT);
        let going_on = detect >> n & 1 != 0 && level == (detect >> (3 + n) & 1 != 0);
        if going_on != (detect >> (6 + n) & 1 != 0) {
            self.regs.set(Reg::FAULT_DETECT, detect ^ 1 << (6 + n));
            self.raise(n + if going_on { FAULT } else { FAULT_CLR });
            for operator in 0..OPERATORS {
                let down = self.timers[self.timer_of(operator)].position().down;
                let operator = &mut self.operators[operator];
                if going_on {
                    operator.generate(operator.fault_events(n as u32), down);
                }
            }
        }
        self.watch_trips();
    }

    pub(super) fn watch_trips(&mut self) {
        for operator in 0..OPERATORS {
            let (faults, down) = (self.faults(), self.timers[self.timer_of(operator)].position().down);
            let begins = self.operators[operator].watch_faults(faults, down);
            self.tripped(operator, begins);
        }
    }

    pub(super) fn tripped(&mut self, operator: usize, [cycle, one_shot]: [bool; 2]) {
        if cycle {
            self.raise(TZ_CBC + operator);
        }
        if one_shot {
            self.raise(TZ_OST + operator);
        }
    }
}
