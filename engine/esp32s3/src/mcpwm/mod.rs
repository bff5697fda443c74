//! MCPWM0 and MCPWM1: three timers, three operators with two outputs each, faults and capture. ESP32-S3 TRM chapter "Motor Control
//! PWM"; ESP-IDF `soc/mcpwm_struct.h`, `hal/mcpwm_ll.h` and the driver's tests on silicon.
//!
//! Everything counts in ticks of PWM_clk (PLL_F160M_CLK over CLK_PRESCALE + 1). The block looks only at the ticks at which something
//! happens: a timer at 0, at its period or at a comparator, a delayed edge, an edge of the carrier. It wakes up for these where
//! somebody acts on an output or an interrupt waits for them; else it hands in the edges of a millisecond with their times.
//!
//! # Fidelity
//! - Exact: edges to the tick of PWM_clk, in all modes of the timers; shadow registers and their moments, priorities of events,
//!   forces, all nine switches of the dead time, trips, sync among timers and from pins, capture on APB_CLK.
//! - Approximated: the chip shows an edge a tick or two after the counter's match, the same for all outputs; here it shows at the match.
//!   A sync event restarts the prescaler of a timer. A period that is set below the counter takes the counter back to the
//!   period. The carrier of an output starts with its pulse, low part first, after the long first pulse. The prescaler of a
//!   capture channel lets one whole pulse of so many through. The inputs' synchronisers are not modelled.

mod capture;
mod counter;
mod dead_time;
mod happenings;
mod operator;
mod registers;
#[cfg(test)]
mod tests;

use crate::block::{undeclared, Block, InputEdge};
use crate::fabric::Fabric;
use crate::signals::*;
use crate::slots::Slot;
use crate::sources::Source;
use crate::ticker::Ticker;
use capture::Capture;
use counter::Timer;
use engine_core::registers::{Bank, Group, Registers, Write};
use engine_core::time::{Ps, SECOND};
use operator::Operator;
pub use registers::common::{self, Reg};
pub use registers::*;
use serde::{Deserialize, Serialize};

const TIMERS: usize = 3;
const OPERATORS: usize = 3;
const TIMER_BASE: u32 = 0x04;
const TIMER_STEP: u32 = 0x10;
const OPERATOR_BASE: u32 = 0x3C;
const OPERATOR_STEP: u32 = 0x38;
const OPERATOR_END: u32 = OPERATOR_BASE + OPERATOR_STEP * OPERATORS as u32;
const GEN: u32 = 0x0C;
const DB: u32 = 0x1C;
const CHOPPER: u32 = 0x28;
const TZ: u32 = 0x2C;
/// How long edges are kept back where nobody acts on them.
const BATCH: Ps = SECOND / 1000;

/// Interrupt bits, ESP-IDF `hal/mcpwm_ll.h`: the first of three each.
const TIMER_STOP: usize = 0;
const TIMER_TEZ: usize = 3;
const TIMER_TEP: usize = 6;
const FAULT: usize = 9;
const FAULT_CLR: usize = 12;
const CMPR_TEA: usize = 15;
const CMPR_TEB: usize = 18;
const TZ_CBC: usize = 21;
const TZ_OST: usize = 24;
const CAP: usize = 27;
/// Interrupts that come with time alone; the others follow inputs or software.
const TIMED: u32 = 0x001F_81FF;

/// The selection of a sync input: so many more than the number of the timer or of the pin's signal.
const SYNC_FROM_TIMER: u32 = 1;
const SYNC_FROM_PIN: u32 = 4;
/// The inputs of a unit: syncs, faults and captures, three of each.
const INPUTS: [[Signal; 9]; 2] = [
    [PWM0_SYNC0, PWM0_SYNC1, PWM0_SYNC2, PWM0_F0, PWM0_F1, PWM0_F2, PWM0_CAP0, PWM0_CAP1, PWM0_CAP2],
    [PWM1_SYNC0, PWM1_SYNC1, PWM1_SYNC2, PWM1_F0, PWM1_F1, PWM1_F2, PWM1_CAP0, PWM1_CAP1, PWM1_CAP2],
];

/// MCPWM.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Mcpwm {
    unit: usize,
    /// Ticks of PWM_clk.
    clock: Ticker,
    timers: [Timer; TIMERS],
    operators: [Operator; OPERATORS],
    regs: Bank<Reg>,
    capture: Capture,
    watched: [bool; 9],
    /// The levels of the outputs as handed in, and when the last edge or access was.
    shown: [[bool; 2]; OPERATORS],
    latest: Ps,
}

impl Mcpwm {
    /// MCPWM0 or MCPWM1 after power-on.
    pub fn new(unit: usize) -> Self {
        Self {
            unit,
            clock: Ticker::stopped(),
            timers: std::array::from_fn(|_| Timer::new()),
            operators: std::array::from_fn(|_| Operator::new()),
            regs: Bank::new(),
            capture: Capture::new(),
            watched: [false; 9],
            shown: [[false; 2]; OPERATORS],
            latest: 0,
        }
    }

    fn name(&self) -> &'static str {
        ["MCPWM0", "MCPWM1"][self.unit]
    }

    fn slot(&self) -> Slot {
        [Slot::Mcpwm0, Slot::Mcpwm1][self.unit]
    }

    fn output(&self, operator: usize, n: usize) -> Signal {
        [PWM0_OUT0A, PWM1_OUT0A][self.unit] + (2 * operator + n) as Signal
    }

    fn update_irq(&self, fabric: &mut Fabric) {
        let pending = self.regs.get(Reg::INT_RAW) & self.regs.get(Reg::INT_ENA);
        fabric.set_irq([Source::PWM0, Source::PWM1][self.unit], pending != 0);
    }

    fn raise(&mut self, bit: usize) {
        self.regs.set(Reg::INT_RAW, self.regs.get(Reg::INT_RAW) | 1 << bit);
    }

    fn timer_of(&self, operator: usize) -> usize {
        // 3 is not said to be anything.
        (self.regs.get(Reg::OPERATOR_TIMERSEL) >> (2 * operator) & 3).min(2) as usize
    }

    fn operators_of(&self, timer: usize) -> impl Iterator<Item = usize> {
        let of: [bool; OPERATORS] = std::array::from_fn(|operator| self.timer_of(operator) == timer);
        (0..OPERATORS).filter(move |operator| of[*operator])
    }

    /// Are the active registers of an operator transferred at their moments?
    fn updates(&self, operator: usize) -> bool {
        let cfg = self.regs.get(Reg::UPDATE_CFG);
        self.updates_periods() && cfg >> (2 * operator + 2) & 1 != 0
    }

    fn updates_periods(&self) -> bool {
        common::UPDATE_CFG::GLOBAL_UP_EN.is_set(self.regs.get(Reg::UPDATE_CFG))
    }

    fn faults(&self) -> u32 {
        self.regs.get(Reg::FAULT_DETECT) >> 6 & 7
    }

    fn settle_clock(&mut self, fabric: &Fabric) {
        let divisor = u64::from(self.regs.field(Reg::CLK_CFG, common::CLK_CFG::CLK_PRESCALE)) + 1;
        self.clock.set_rate(fabric.rates.pll_f160.scaled(1, divisor), fabric.now());
        self.capture.set_rate(&self.regs, fabric.rates.apb, fabric.now());
    }

    /// When a timer next does something.
    fn next_of(&self, timer: usize) -> u64 {
        self.timers[timer].next(self.operators_of(timer).flat_map(|operator| self.operators[operator].compare()))
    }

    /// The next tick at which anything happens by itself.
    fn next(&self) -> u64 {
        let timers = (0..TIMERS).map(|timer| self.next_of(timer));
        timers.chain(self.operators.iter().map(Operator::next)).min().unwrap_or(u64::MAX)
    }

    /// Everything that happens up to this moment, tick by tick.
    pub(crate) fn catch_up(&mut self, at: Ps, fabric: &mut Fabric) {
        let (until, before) = (self.clock.count(at), self.regs.get(Reg::INT_RAW));
        loop {
            let tick = self.next();
            if tick > until {
                break;
            }
            while let Some(timer) = (0..TIMERS).find(|timer| self.next_of(*timer) == tick) {
                self.timers[timer].advance(tick);
                self.happen(timer, tick);
            }
            let when = self.clock.when(tick).clamp(self.latest, at.max(self.latest));
            self.show(tick, when, fabric);
        }
        for timer in &mut self.timers {
            timer.advance(until);
        }
        if self.regs.get(Reg::INT_RAW) != before {
            self.update_irq(fabric);
        }
        self.latest = self.latest.max(at);
    }

    /// Hands in what the outputs are at this tick.
    fn show(&mut self, tick: u64, at: Ps, fabric: &mut Fabric) {
        for operator in 0..OPERATORS {
            let pt = self.timers[self.timer_of(operator)].divisor();
            self.operators[operator].settle(pt, tick);
            let levels = self.operators[operator].outputs();
            for (n, level) in levels.into_iter().enumerate() {
                if level != self.shown[operator][n] {
                    fabric.drive_at(self.output(operator, n), level, at);
                }
            }
            self.shown[operator] = levels;
        }
        self.latest = at;
    }

    /// When the block has to look again.
    fn schedule(&self, fabric: &mut Fabric) {
        let next = self.next();
        let due = if next == u64::MAX || !self.clock.rate().is_running() {
            Ps::MAX
        } else {
            let outputs = (0..2 * OPERATORS).map(|n| self.output(n / 2, n % 2));
            let mut routed = outputs.filter(|signal| fabric.io.pins_of(*signal) != 0).peekable();
            let awaited = self.regs.get(Reg::INT_ENA) & !self.regs.get(Reg::INT_RAW) & TIMED != 0;
            let shown = routed.peek().is_some();
            if awaited || routed.any(|signal| fabric.needs_promptly(signal)) {
                self.clock.when(next)
            } else if shown {
                self.clock.when(next).max(fabric.now() + BATCH)
            } else {
                Ps::MAX
            }
        };
        fabric.at(self.slot(), due.max(fabric.now()));
    }

    fn write_timer(&mut self, n: usize, register: timer::Reg, write: Write, tick: u64, fabric: &mut Fabric) {
        let before = self.timers[n].regs.get(register);
        self.timers[n].regs.store(register, write, self.name(), &mut fabric.gaps);
        let changed = before ^ self.timers[n].regs.get(register);
        match register {
            timer::Reg::CFG0 if self.updates_periods() => self.timers[n].update_period(0, false),
            timer::Reg::CFG1 => self.timers[n].command(tick),
            // A toggle is a sync event at the input, and always goes out.
            timer::Reg::SYNC if timer::SYNC::SW.is_set(changed) => {
                self.sync_in(n, tick);
                self.sync_out(n, tick, TIMERS);
            }
            timer::Reg::CFG0 | timer::Reg::SYNC | timer::Reg::STATUS => {}
        }
    }

    fn write_operator(&mut self, n: usize, part: Part, write: Write, fabric: &mut Fabric) {
        let (name, gaps) = (self.name(), &mut fabric.gaps);
        let down = self.timers[self.timer_of(n)].position().down;
        let faults = self.faults();
        let operator = &mut self.operators[n];
        match part {
            Part::Cmpr(register) => {
                operator.cmpr.store(register, write, name, gaps);
                match register {
                    cmpr::Reg::VALUE0 => operator.fill(0),
                    cmpr::Reg::VALUE1 => operator.fill(1),
                    cmpr::Reg::CFG => {}
                }
            }
            Part::Gen(register) => {
                let before = operator.gen.get(register);
                operator.gen.store(register, write, name, gaps);
                let changed = before ^ operator.gen.get(register);
                if let gen::Reg::FORCE = register {
                    operator.force_once(changed);
                }
            }
            Part::Db(register) => operator.db.store(register, write, name, gaps),
            Part::Chopper(register) => operator.chopper.store(register, write, name, gaps),
            Part::Tz(register) => {
                let before = operator.tz.get(register);
                operator.tz.store(register, write, name, gaps);
                let after = operator.tz.get(register);
                if let tz::Reg::CFG1 = register {
                    if tz::CFG1::CLR_OST.is_set(!before & after) {
                        operator.clear_one_shot(faults);
                    }
                    let begins = operator.trip_by_software(before ^ after, down);
                    self.tripped(n, begins);
                }
            }
        }
        if self.updates(n) {
            self.operators[n].update(0, false);
            self.operators[n].update_force(0, false, false);
        }
        self.watch_trips();
    }

    fn write_common(&mut self, register: Reg, write: Write, tick: u64, fabric: &mut Fabric) {
        let before = self.regs.get(register);
        self.regs.store(register, write, self.name(), &mut fabric.gaps);
        match register {
            Reg::INT_CLR => self.regs.set(Reg::INT_RAW, self.regs.get(Reg::INT_RAW) & !write.raw),
            Reg::UPDATE_CFG => self.force_updates(before ^ self.regs.get(register)),
            Reg::CAP_TIMER_CFG if common::CAP_TIMER_CFG::CAP_SYNC_SW.is_set(write.raw) => {
                self.settle_clock(fabric);
                self.capture.sync(&self.regs, fabric.now());
            }
            Reg::CLK_CFG | Reg::CAP_TIMER_CFG => self.settle_clock(fabric),
            _ => {}
        }
        if let Some(channel) = capture::channel_of(register) {
            let enabled = common::CAP_CH0_CFG::CAP0_EN.is_set(write.value);
            if enabled && common::CAP_CH0_CFG::CAP0_SW.is_set(write.raw) {
                self.capture.capture(&mut self.regs, channel, false, fabric.now());
                self.raise(CAP + channel);
            }
        }
        self.advance(tick);
        self.watch(fabric);
    }

    fn advance(&mut self, tick: u64) {
        self.timers.iter_mut().for_each(|timer| timer.advance(tick));
    }

    /// UPDATE_CFG: a toggle of a force bit transfers all shadow registers, also where updates are not enabled.
    fn force_updates(&mut self, changed: u32) {
        let all = common::UPDATE_CFG::GLOBAL_FORCE_UP.is_set(changed);
        for timer in &mut self.timers {
            if all {
                timer.update_period(0, true);
            }
        }
        for (n, operator) in self.operators.iter_mut().enumerate() {
            if all || changed >> (2 * n + 3) & 1 != 0 {
                operator.update(0, true);
                operator.update_force(0, false, true);
            }
        }
        for n in 0..OPERATORS {
            if self.updates(n) {
                self.operators[n].update(0, false);
                self.operators[n].update_force(0, false, false);
            }
        }
        if self.updates_periods() {
            self.timers.iter_mut().for_each(|timer| timer.update_period(0, false));
        }
    }
}

/// A register of an operator.
#[derive(Clone, Copy)]
enum Part {
    Cmpr(cmpr::Reg),
    Gen(gen::Reg),
    Db(db::Reg),
    Chopper(chopper::Reg),
    Tz(tz::Reg),
}

/// Where an offset lies.
#[derive(Clone, Copy)]
enum Place {
    Timer(usize, timer::Reg),
    Operator(usize, Part),
    Common(Reg),
}

fn place(offset: u32) -> Option<Place> {
    if let Some(register) = Reg::at(offset) {
        return Some(Place::Common(register));
    }
    if offset < OPERATOR_BASE {
        let (n, offset) = ((offset - TIMER_BASE) / TIMER_STEP, (offset - TIMER_BASE) % TIMER_STEP);
        return timer::Reg::at(offset).map(|register| Place::Timer(n as usize, register));
    }
    if offset >= OPERATOR_END {
        return None;
    }
    let (n, offset) = ((offset - OPERATOR_BASE) / OPERATOR_STEP, (offset - OPERATOR_BASE) % OPERATOR_STEP);
    let part = match offset {
        TZ.. => tz::Reg::at(offset - TZ).map(Part::Tz),
        CHOPPER.. => chopper::Reg::at(offset - CHOPPER).map(Part::Chopper),
        DB.. => db::Reg::at(offset - DB).map(Part::Db),
        GEN.. => gen::Reg::at(offset - GEN).map(Part::Gen),
        _ => cmpr::Reg::at(offset).map(Part::Cmpr),
    };
    part.map(|part| Place::Operator(n as usize, part))
}

const fn of_operators(
    prefix: &'static str,
    offset: u32,
    table: &'static [engine_core::registers::RegisterDecl],
) -> Group {
    Group { block: "MCPWM0", prefix, base: OPERATOR_BASE + offset, count: 3, step: OPERATOR_STEP, table }
}

impl Block for Mcpwm {
    const GROUPS: &'static [Group] = &[
        Group {
            block: "MCPWM0",
            prefix: "TIMER{}_",
            base: TIMER_BASE,
            count: 3,
            step: TIMER_STEP,
            table: timer::Reg::TABLE,
        },
        of_operators("CMPR{}_", 0, cmpr::Reg::TABLE),
        of_operators("GEN{}_", GEN, gen::Reg::TABLE),
        of_operators("DB{}_", DB, db::Reg::TABLE),
        of_operators("CHOPPER{}_", CHOPPER, chopper::Reg::TABLE),
        of_operators("TZ{}_", TZ, tz::Reg::TABLE),
        Group::one("MCPWM0", Reg::TABLE),
    ];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.catch_up(fabric.now(), fabric);
        let value = self.peek(offset, fabric);
        self.schedule(fabric);
        value
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match place(offset) {
            Some(Place::Timer(n, timer::Reg::STATUS)) => {
                let mut timer = self.timers[n].clone();
                timer.advance(self.clock.count(fabric.now()));
                timer.status()
            }
            Some(Place::Timer(n, register)) => self.timers[n].regs.load(register),
            Some(Place::Operator(n, part)) => {
                let operator = &self.operators[n];
                match part {
                    Part::Cmpr(register) => operator.cmpr.load(register),
                    Part::Gen(register) => operator.gen.load(register),
                    Part::Db(register) => operator.db.load(register),
                    Part::Chopper(register) => operator.chopper.load(register),
                    Part::Tz(tz::Reg::STATUS) => operator.trip_status(),
                    Part::Tz(register) => operator.tz.load(register),
                }
            }
            Some(Place::Common(Reg::INT_ST)) => self.regs.get(Reg::INT_RAW) & self.regs.get(Reg::INT_ENA),
            Some(Place::Common(register)) => self.regs.load(register),
            None => undeclared(self.name(), offset, fabric),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        self.settle_clock(fabric);
        let now = fabric.now();
        self.catch_up(now, fabric);
        let tick = self.clock.count(now);
        match place(offset) {
            Some(Place::Timer(n, register)) => self.write_timer(n, register, write, tick, fabric),
            Some(Place::Operator(n, part)) => self.write_operator(n, part, write, fabric),
            Some(Place::Common(register)) => self.write_common(register, write, tick, fabric),
            None => {
                undeclared(self.name(), offset, fabric);
            }
        }
        self.show(tick, now, fabric);
        self.catch_up(now, fabric);
        self.update_irq(fabric);
        self.schedule(fabric);
    }

    fn event(&mut self, _slot: Slot, fabric: &mut Fabric) {
        self.catch_up(fabric.now(), fabric);
        self.schedule(fabric);
    }

    fn input(&mut self, edge: InputEdge, fabric: &mut Fabric) {
        self.catch_up(edge.at, fabric);
        let tick = self.clock.count(edge.at);
        let Some(input) = INPUTS[self.unit].iter().position(|signal| *signal == edge.signal) else { return };
        let n = input % 3;
        match input / 3 {
            0 => {
                let inverted = self.regs.get(Reg::TIMER_SYNCI_CFG) >> (9 + n) & 1 != 0;
                if edge.high != inverted {
                    self.sync_from(n as u32 + SYNC_FROM_PIN, tick, TIMERS);
                }
            }
            1 => self.watch_fault(n, edge.high),
            _ => {
                if self.capture.edge(&mut self.regs, n, edge.high, edge.at) {
                    self.raise(CAP + n);
                }
            }
        }
        let at = self.latest;
        self.show(tick, at, fabric);
        self.catch_up(edge.at, fabric);
        self.update_irq(fabric);
        self.schedule(fabric);
    }

    fn clocks_changed(&mut self, fabric: &mut Fabric) {
        self.catch_up(fabric.now(), fabric);
        self.settle_clock(fabric);
        self.schedule(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new(self.unit);
        for n in 0..2 * OPERATORS {
            fabric.drive(self.output(n / 2, n % 2), false);
        }
        INPUTS[self.unit].into_iter().for_each(|signal| fabric.watch_input(signal, false));
        fabric.cancel(self.slot());
        self.update_irq(fabric);
    }
}
