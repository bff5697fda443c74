//! LEDC: eight channels of PWM from four timers, with fades. ESP32-S3 TRM chapter 35 (LED PWM Controller).
//!
//! A timer is a line: where its counter stands follows from the time. A channel wakes up for its own edges where somebody acts on
//! the pin, else once in a millisecond, and hands in the edges since then with their times; so it does at the end of a run, and
//! before its pin is set up anew.
//!
//! # Fidelity
//! - Exact: the fractional dividers (on average, as TRM 35.3.2.2 has it), edges of outputs to the tick, dithering by the
//!   fraction of the duty, fades and their interrupts, overflow interrupts and counters, pause and reset.
//!   New settings of a timer and a new hpoint wait for PARA_UP and then for the overflow; those of a timer that stands do not.
//! - Approximated: SIG_OUT_EN, TIMER_SEL and OVF_CNT_EN of a channel count at once, not from PARA_UP on. Ticks of a fractional
//!   divider are evenly spaced, where the chip makes periods of two lengths. The fraction of a duty lengthens the first n of 16 periods.

mod registers;
#[cfg(test)]
mod tests;

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use crate::signals::{Signal, LEDC_LS_SIG_OUT0};
use crate::slots::Slot;
use crate::sources::Source;
use crate::ticker::Ticker;
use engine_core::registers::{Bank, Group, Registers, Write};
use engine_core::time::{Hertz, Ps, SECOND};
pub use registers::common::{self, Reg};
pub use registers::timer::{Timer, CONF};
pub use registers::*;
use serde::{Deserialize, Serialize};

const CHANNELS: usize = 8;
const TIMERS: usize = 4;
const CHANNEL_STEP: u32 = 0x14;
const TIMER_BASE: u32 = 0xA0;
const TIMER_STEP: u32 = 8;
/// How long edges are kept back where nobody acts on them.
const BATCH: Ps = SECOND / 1000;

/// A channel beside its registers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Output {
    /// The duty that runs, with 4 bits of fraction.
    duty: u32,
    /// The hpoint that runs, and whether PARA_UP has released another one.
    hpoint: u32,
    new_hpoint: bool,
    /// A store to DUTY_START waits for the next period.
    starts: bool,
    /// Steps of the fade that are left, and periods until the next one.
    steps: u32,
    periods: u32,
    overflows: u32,
    /// Edges of the present period that are handed in.
    shown: u8,
}

/// LEDC.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ledc {
    channels: [Bank<Channel>; CHANNELS],
    timers: [Bank<Timer>; TIMERS],
    regs: Bank<Reg>,
    outputs: [Output; CHANNELS],
    /// DUTY_RES and CLK_DIV of each timer as they count, and as PARA_UP has released them.
    settings: [u32; TIMERS],
    released: [u32; TIMERS],
    /// Ticks of each timer since it was reset; the counter is its lower DUTY_RES bits.
    counters: [Ticker; TIMERS],
    /// Periods of each timer that have been accounted for.
    overflowed: [u64; TIMERS],
}

fn signal(n: usize) -> Signal {
    LEDC_LS_SIG_OUT0 + n as Signal
}

impl Ledc {
    /// After power-on.
    pub fn new() -> Self {
        Self {
            channels: std::array::from_fn(|_| Bank::new()),
            timers: std::array::from_fn(|_| Bank::new()),
            regs: Bank::new(),
            outputs: std::array::from_fn(|_| Output::default()),
            settings: [0; TIMERS],
            released: [0; TIMERS],
            counters: [Ticker::stopped(); TIMERS],
            overflowed: [0; TIMERS],
        }
    }

    fn update_irq(&self, fabric: &mut Fabric) {
        fabric.set_irq(Source::LEDC, self.regs.get(Reg::INT_RAW) & self.regs.get(Reg::INT_ENA) != 0);
    }

    fn raise(&mut self, bit: usize) {
        self.regs.set(Reg::INT_RAW, self.regs.get(Reg::INT_RAW) | 1 << bit);
    }

    /// Bits of the counter, TRM 35.3.2.3.
    fn bits(&self, timer: usize) -> u32 {
        CONF::DUTY_RES.get(self.settings[timer])
    }

    /// The clock of a timer: the selected one over CLK_DIV, which has 8 bits of fraction.
    fn rate(&self, timer: usize, fabric: &Fabric) -> Hertz {
        let conf = self.timers[timer].get(Timer::CONF);
        let source = match self.regs.field(Reg::CONF, common::CONF::APB_CLK_SEL) {
            1 => fabric.rates.apb,
            2 => fabric.rates.rc_fast,
            3 => fabric.rates.xtal,
            _ => Hertz::STOPPED,
        };
        let divider = CONF::CLK_DIV.get(self.settings[timer]);
        let stands = CONF::PAUSE.is_set(conf) || CONF::RST.is_set(conf) || divider == 0 || self.bits(timer) == 0;
        if stands {
            Hertz::STOPPED
        } else {
            source.scaled(256, divider.into())
        }
    }

    /// A timer that stands takes new settings at once.
    fn settle_timer(&mut self, timer: usize, fabric: &Fabric) {
        if !self.rate(timer, fabric).is_running() {
            self.settings[timer] = self.released[timer];
            let count = self.counters[timer].count(fabric.now());
            self.overflowed[timer] = count.checked_shr(self.bits(timer)).unwrap_or(0);
            for n in 0..CHANNELS {
                if self.timer_of(n) == timer && std::mem::take(&mut self.outputs[n].new_hpoint) {
                    self.outputs[n].hpoint = self.channels[n].get(Channel::HPOINT);
                }
            }
        }
        let (rate, now) = (self.rate(timer, fabric), fabric.now());
        self.counters[timer].set_rate(rate, now);
        if CONF::RST.is_set(self.timers[timer].get(Timer::CONF)) {
            self.counters[timer].set_count(0, now);
            self.overflowed[timer] = 0;
            self.of_timer(timer).for_each(|n| self.outputs[n].shown = 0);
        }
    }

    /// The channels of a timer.
    fn of_timer(&self, timer: usize) -> impl Iterator<Item = usize> {
        let selected: [bool; CHANNELS] = std::array::from_fn(|n| self.timer_of(n) == timer);
        (0..CHANNELS).filter(move |&n| selected[n])
    }

    fn timer_of(&self, n: usize) -> usize {
        self.channels[n].field(Channel::CONF0, CONF0::TIMER_SEL) as usize
    }

    fn is_on(&self, n: usize) -> bool {
        self.channels[n].field(Channel::CONF0, CONF0::SIG_OUT_EN) != 0
    }

    /// The ticks of a period at which the output changes, and the level from then on, TRM 35.3.3.
    fn edges(&self, n: usize, period: u64) -> [(u64, bool); 2] {
        let hpoint = u64::from(self.outputs[n].hpoint);
        let (whole, fraction) = (u64::from(self.outputs[n].duty >> 4), u64::from(self.outputs[n].duty & 15));
        let duty = whole + u64::from(period % 16 < fraction);
        if duty == 0 {
            return [(0, false), (u64::MAX, false)];
        }
        let low = hpoint + duty;
        let length = 1 << self.bits(self.timer_of(n));
        [(hpoint, true), (if low < length { low } else { u64::MAX }, false)]
    }

    /// Brings a timer and its channels up to the present.
    pub(crate) fn catch_up(&mut self, fabric: &mut Fabric) {
        let before = self.regs.get(Reg::INT_RAW);
        for timer in 0..TIMERS {
            if self.bits(timer) == 0 {
                continue;
            }
            loop {
                let (bits, count) = (self.bits(timer), self.counters[timer].count(fabric.now()));
                let period = self.overflowed[timer];
                for n in self.of_timer(timer) {
                    self.show(n, timer, period, count, fabric);
                }
                if period >= count >> bits {
                    break;
                }
                self.overflowed[timer] += 1;
                self.raise(timer);
                for n in self.of_timer(timer) {
                    self.period_ends(n);
                }
                if self.settings[timer] != self.released[timer] {
                    let at = self.counters[timer].when((period + 1) << bits);
                    self.settings[timer] = self.released[timer];
                    self.counters[timer].set_rate(self.rate(timer, fabric), at);
                    self.counters[timer].set_count(0, at);
                    self.overflowed[timer] = 0;
                    if self.bits(timer) == 0 {
                        break;
                    }
                }
            }
        }
        if self.regs.get(Reg::INT_RAW) != before {
            self.update_irq(fabric);
        }
    }

    /// Hands in the edges of a period that are due.
    fn show(&mut self, n: usize, timer: usize, period: u64, count: u64, fabric: &mut Fabric) {
        let start = period << self.bits(timer);
        let edges = self.edges(n, period);
        while let Some(&(tick, level)) = edges.get(usize::from(self.outputs[n].shown)) {
            let due = start.saturating_add(tick);
            if due > count {
                return;
            }
            self.outputs[n].shown += 1;
            if self.is_on(n) {
                let at = self.counters[timer].when(due).min(fabric.now());
                fabric.drive_at(signal(n), level, at);
            }
        }
    }

    /// The timer of a channel overflows: duty, fade and overflow counter, TRM 35.3.4 and 35.3.5.
    fn period_ends(&mut self, n: usize) {
        let (conf0, conf1) = (self.channels[n].get(Channel::CONF0), self.channels[n].get(Channel::CONF1));
        let duty = self.channels[n].get(Channel::DUTY);
        let hpoint = self.channels[n].get(Channel::HPOINT);
        let output = &mut self.outputs[n];
        output.shown = 0;
        if std::mem::take(&mut output.new_hpoint) {
            output.hpoint = hpoint;
        }
        let mut ended = false;
        if std::mem::take(&mut output.starts) {
            output.duty = duty;
            output.steps = CONF1::DUTY_NUM.get(conf1);
            output.periods = 0;
            ended = output.steps == 0;
        } else if output.steps > 0 {
            output.periods += 1;
            if output.periods >= CONF1::DUTY_CYCLE.get(conf1) {
                output.periods = 0;
                output.steps -= 1;
                let step = CONF1::DUTY_SCALE.get(conf1) << 4;
                let up = CONF1::DUTY_INC.is_set(conf1);
                output.duty = if up { output.duty + step } else { output.duty.wrapping_sub(step) } & DUTY::DUTY.mask;
                ended = output.steps == 0;
            }
        }
        let mut counted = false;
        if CONF0::OVF_CNT_EN.is_set(conf0) {
            output.overflows += 1;
            if output.overflows > CONF0::OVF_NUM.get(conf0) {
                output.overflows = 0;
                counted = true;
            }
        }
        if ended {
            self.channels[n].set_field(Channel::CONF1, CONF1::DUTY_START, 0);
            self.raise(4 + n);
        }
        if counted {
            self.raise(12 + n);
        }
    }

    /// When the block has to look again.
    fn schedule(&self, fabric: &mut Fabric) {
        let (now, enabled) = (fabric.now(), self.regs.get(Reg::INT_ENA));
        let mut due = Ps::MAX;
        for timer in 0..TIMERS {
            let bits = self.bits(timer);
            if !self.counters[timer].rate().is_running() {
                continue;
            }
            let end = self.counters[timer].when((self.overflowed[timer] + 1) << bits);
            let mut awaited = enabled >> timer & 1 != 0;
            for n in self.of_timer(timer) {
                awaited |= enabled >> (4 + n) & 1 != 0 || enabled >> (12 + n) & 1 != 0;
                if !self.is_on(n) {
                    continue;
                }
                if fabric.needs_promptly(signal(n)) {
                    let period = self.overflowed[timer];
                    let edges = self.edges(n, period);
                    if let Some(&(tick, _)) = edges.get(usize::from(self.outputs[n].shown)) {
                        due = due.min(self.counters[timer].when((period << bits).saturating_add(tick)));
                    }
                    due = due.min(end);
                } else {
                    due = due.min(now + BATCH);
                }
            }
            if awaited {
                due = due.min(end);
            }
        }
        fabric.at(Slot::Ledc, due.max(now));
    }

    fn write_conf0(&mut self, n: usize, raw: u32, fabric: &mut Fabric) {
        if CONF0::OVF_CNT_RESET.is_set(raw) {
            self.outputs[n].overflows = 0;
        }
        if CONF0::PARA_UP.is_set(raw) {
            self.outputs[n].new_hpoint = true;
            self.settle_timer(self.timer_of(n), fabric);
        }
        if !self.is_on(n) {
            let idle = self.channels[n].field(Channel::CONF0, CONF0::IDLE_LV) != 0;
            fabric.drive(signal(n), idle);
        }
    }
}

impl Default for Ledc {
    fn default() -> Self {
        Self::new()
    }
}

/// Where an offset lies.
enum Place {
    Channel(usize, Channel),
    Timer(usize, Timer),
    Common(Reg),
}

fn place(offset: u32) -> Option<Place> {
    if offset < TIMER_BASE {
        let n = (offset / CHANNEL_STEP) as usize;
        Channel::at(offset % CHANNEL_STEP).map(|register| Place::Channel(n, register))
    } else if offset < TIMER_BASE + TIMER_STEP * TIMERS as u32 {
        let n = ((offset - TIMER_BASE) / TIMER_STEP) as usize;
        Timer::at((offset - TIMER_BASE) % TIMER_STEP).map(|register| Place::Timer(n, register))
    } else {
        Reg::at(offset).map(Place::Common)
    }
}

impl Block for Ledc {
    const GROUPS: &'static [Group] = &[
        Group { block: "LEDC", prefix: "CH{}_", base: 0, count: 8, step: CHANNEL_STEP, table: Channel::TABLE },
        Group { block: "LEDC", prefix: "TIMER{}_", base: TIMER_BASE, count: 4, step: TIMER_STEP, table: Timer::TABLE },
        Group::one("LEDC", Reg::TABLE),
    ];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.catch_up(fabric);
        self.peek(offset, fabric)
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match place(offset) {
            Some(Place::Channel(n, Channel::DUTY_R)) => self.outputs[n].duty,
            Some(Place::Channel(n, register)) => self.channels[n].load(register),
            Some(Place::Timer(n, Timer::VALUE)) => {
                self.counters[n].count(fabric.now()) as u32 & ((1 << self.bits(n)) - 1)
            }
            Some(Place::Timer(n, register)) => self.timers[n].load(register),
            Some(Place::Common(Reg::INT_ST)) => self.regs.get(Reg::INT_RAW) & self.regs.get(Reg::INT_ENA),
            Some(Place::Common(register)) => self.regs.load(register),
            None => undeclared("LEDC", offset, fabric),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        self.catch_up(fabric);
        match place(offset) {
            Some(Place::Channel(n, register)) => {
                self.channels[n].store(register, write, "LEDC", &mut fabric.gaps);
                match register {
                    Channel::CONF0 => self.write_conf0(n, write.raw, fabric),
                    Channel::CONF1 => self.outputs[n].starts |= CONF1::DUTY_START.is_set(write.raw),
                    _ => {}
                }
            }
            Some(Place::Timer(n, register)) => {
                self.timers[n].store(register, write, "LEDC", &mut fabric.gaps);
                if CONF::PARA_UP.is_set(write.raw) {
                    self.released[n] = self.timers[n].get(Timer::CONF) & (CONF::DUTY_RES.mask | CONF::CLK_DIV.mask);
                }
                self.settle_timer(n, fabric);
            }
            Some(Place::Common(Reg::INT_RAW)) => {}
            Some(Place::Common(Reg::INT_CLR)) => {
                self.regs.set(Reg::INT_RAW, self.regs.get(Reg::INT_RAW) & !write.raw);
            }
            Some(Place::Common(register)) => {
                self.regs.store(register, write, "LEDC", &mut fabric.gaps);
                (0..TIMERS).for_each(|timer| self.settle_timer(timer, fabric));
            }
            None => {
                undeclared("LEDC", offset, fabric);
            }
        }
        self.update_irq(fabric);
        self.schedule(fabric);
    }

    fn event(&mut self, _slot: Slot, fabric: &mut Fabric) {
        self.catch_up(fabric);
        self.schedule(fabric);
    }

    fn clocks_changed(&mut self, fabric: &mut Fabric) {
        self.catch_up(fabric);
        (0..TIMERS).for_each(|timer| self.settle_timer(timer, fabric));
        self.schedule(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        (0..CHANNELS).for_each(|n| fabric.drive(signal(n), false));
        fabric.cancel(Slot::Ledc);
        self.update_irq(fabric);
    }
}
