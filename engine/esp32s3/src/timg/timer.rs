//! A general-purpose timer of 54 bits. TRM 12.2.

use super::registers::{Timer as Reg, CONFIG};
use crate::block::undeclared;
use crate::fabric::Fabric;
use crate::ticker::Ticker;
use engine_core::registers::{Bank, Registers, Write};
use engine_core::time::{Hertz, Ps};
use serde::{Deserialize, Serialize};

const BITS: u32 = 54;
const MASK: u64 = (1 << BITS) - 1;

/// One timer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GpTimer {
    regs: Bank<Reg>,
    ticker: Ticker,
    /// The counter when the ticker stood at 0.
    base: u64,
    /// The ticker's count at which the alarm goes off.
    alarm: Option<u64>,
}

impl GpTimer {
    /// A timer after reset.
    pub fn new() -> Self {
        Self { regs: Bank::new(), ticker: Ticker::stopped(), base: 0, alarm: None }
    }

    fn config(&self) -> u32 {
        self.regs.get(Reg::CONFIG)
    }

    fn pair(&self, low: Reg, high: Reg) -> u64 {
        (u64::from(self.regs.get(high)) << 32 | u64::from(self.regs.get(low))) & MASK
    }

    fn counter_after(&self, ticks: u64) -> u64 {
        let up = CONFIG::INCREASE.is_set(self.config());
        let counter = if up { self.base.wrapping_add(ticks) } else { self.base.wrapping_sub(ticks) };
        counter & MASK
    }

    fn start_from(&mut self, counter: u64, now: Ps) {
        self.base = counter & MASK;
        self.ticker.set_count(0, now);
        self.arm(now);
    }

    /// TRM 12.2.2: the divider takes 2 to 65536; 0 stands for 65536 and 1 for 2.
    fn rate(&self, fabric: &Fabric) -> Hertz {
        let config = self.config();
        if !CONFIG::EN.is_set(config) {
            return Hertz::STOPPED;
        }
        let clock = if CONFIG::USE_XTAL.is_set(config) { fabric.rates.xtal } else { fabric.rates.apb };
        let divider = match CONFIG::DIVIDER.get(config) {
            0 => 65_536,
            1 => 2,
            divider => divider,
        };
        clock.scaled(1, divider.into())
    }

    /// TRM 12.2.4: an alarm value that the counter has passed, by less than half its range, goes off at once.
    fn arm(&mut self, now: Ps) {
        let config = self.config();
        self.alarm = CONFIG::ALARM_EN.is_set(config).then(|| {
            let ticks = self.ticker.count(now);
            let (counter, alarm) = (self.counter_after(ticks), self.pair(Reg::ALARMLO, Reg::ALARMHI));
            let up = CONFIG::INCREASE.is_set(config);
            let ahead = if up { alarm.wrapping_sub(counter) } else { counter.wrapping_sub(alarm) } & MASK;
            if ahead < 1 << (BITS - 1) {
                ticks.saturating_add(ahead)
            } else {
                ticks
            }
        });
    }

    /// When the alarm goes off.
    pub fn due(&self) -> Ps {
        self.alarm.map_or(Ps::MAX, |alarm| self.ticker.when(alarm))
    }

    /// Did the alarm go off? It does so once; with AUTORELOAD the counter then starts anew.
    pub fn settle(&mut self, now: Ps) -> bool {
        if self.due() > now {
            return false;
        }
        self.regs.set_field(Reg::CONFIG, CONFIG::ALARM_EN, 0);
        self.alarm = None;
        if CONFIG::AUTORELOAD.is_set(self.config()) {
            self.start_from(self.pair(Reg::LOADLO, Reg::LOADHI), now);
        }
        true
    }

    /// Takes over a new rate of its clock.
    pub fn clocks_changed(&mut self, fabric: &Fabric) {
        let now = fabric.now();
        let counter = self.counter_after(self.ticker.count(now));
        let rate = self.rate(fabric);
        if rate != self.ticker.rate() {
            self.ticker.set_rate(rate, now);
            self.start_from(counter, now);
        }
    }

    /// A load of a register.
    pub fn load(&self, offset: u32) -> u32 {
        Reg::at(offset).map_or(0, |register| self.regs.load(register))
    }

    /// A store to a register.
    pub fn store(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let Some(register) = Reg::at(offset) else {
            undeclared("TIMG", offset, fabric);
            return;
        };
        let now = fabric.now();
        let counter = self.counter_after(self.ticker.count(now));
        self.regs.store(register, write, "TIMG", &mut fabric.gaps);
        match register {
            Reg::CONFIG => {
                let rate = self.rate(fabric);
                self.ticker.set_rate(rate, now);
                self.start_from(counter, now);
            }
            // The bit clears itself when the value is latched, TRM 12.2.3.
            Reg::UPDATE => {
                self.regs.set(Reg::UPDATE, 0);
                self.regs.set(Reg::LO, counter as u32);
                self.regs.set(Reg::HI, (counter >> 32) as u32);
            }
            Reg::LOAD => self.start_from(self.pair(Reg::LOADLO, Reg::LOADHI), now),
            Reg::ALARMLO | Reg::ALARMHI => self.arm(now),
            _ => {}
        }
    }
}
