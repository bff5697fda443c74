//! XOSC: crystal oscillator. RP2040 datasheet, section 2.16, with the 12 MHz crystal of every common board.
//!
//! # Fidelity
//! - Exact: 12 MHz, start-up in STARTUP.DELAY x 256 cycles (four times that with X4), dormant mode and its end by an interrupt.

use crate::block::{undeclared, Block};
use crate::clocks::ticks::Ticks;
use crate::fabric::{Fabric, Slot};
use engine_core::registers::{Bank, Group, Registers, Write};
use engine_core::time::{Hertz, Ps};
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// 2.16.7.
    pub Reg;
    CTRL 0x00 = 0x0000_0000 { ENABLE 23:12 rw; FREQ_RANGE 11:0 rw; }
    STATUS 0x04 = 0x0000_0000 { STABLE 31 ro; BADWRITE 24 w1c; ENABLED 12 ro; FREQ_RANGE 1:0 ro; }
    DORMANT 0x08 = 0x0000_0000 { DORMANT 31:0 rw; }
    STARTUP 0x0C = 0x0000_0000 { X4 20 rw; DELAY 13:0 rw; }
    COUNT 0x1C = 0x0000_0000 { COUNT 7:0 rw; }
}

/// The crystal.
pub const CRYSTAL: Hertz = Hertz::new(12_000_000);

/// CTRL.ENABLE; any other value enables, too.
const ENABLE: u32 = 0xFAB;
const DISABLE: u32 = 0xD1E;
/// CTRL.FREQ_RANGE: 0xAA0 is 1 to 15 MHz, the next three are reserved.
const FREQ_RANGES: std::ops::RangeInclusive<u32> = 0xAA0..=0xAA3;
/// DORMANT: "coma" and "wake".
pub const DORMANT: u32 = 0x636F_6D61;
/// What DORMANT reads while the oscillator runs.
pub const WAKE: u32 = 0x7761_6B65;
/// STARTUP.DELAY after reset: about 50 000 cycles.
const DELAY_AFTER_RESET: u32 = 0xC4;

/// The state of the block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Xosc {
    regs: Bank<Reg>,
    /// When the oscillator was started last; `None` while it stands still.
    started: Option<Ps>,
    count: Ticks,
    count_from: u32,
}

impl Xosc {
    /// The block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let mut regs = Bank::new();
        regs.set(Reg::CTRL, DISABLE << CTRL::ENABLE.shift | FREQ_RANGES.start());
        regs.set(Reg::DORMANT, WAKE);
        regs.set(Reg::STARTUP, DELAY_AFTER_RESET);
        Self { regs, started: None, count: Ticks::default(), count_from: 0 }
    }

    fn is_enabled(&self) -> bool {
        self.regs.field(Reg::CTRL, CTRL::ENABLE) != DISABLE
    }

    /// When the output is released: DELAY × 256 cycles of the crystal after the start (2.16.3).
    fn stable_at(&self) -> Option<Ps> {
        let startup = self.regs.get(Reg::STARTUP);
        let factor = if STARTUP::X4.is_set(startup) { 4 } else { 1 };
        let cycles = u64::from(STARTUP::DELAY.get(startup)) * 256 * factor;
        self.started.map(|started| started + CRYSTAL.duration(cycles))
    }

    fn is_stable(&self, now: Ps) -> bool {
        self.stable_at().is_some_and(|at| at <= now)
    }

    /// Starts or stops the oscillator as ENABLE and DORMANT say, and releases or blocks its output.
    fn settle(&mut self, fabric: &mut Fabric) {
        let now = fabric.now();
        let runs = self.is_enabled() && self.regs.get(Reg::DORMANT) != DORMANT;
        match (runs, self.started) {
            (true, None) => self.started = Some(now),
            (false, Some(_)) => self.started = None,
            _ => {}
        }
        let output = if self.is_stable(now) { CRYSTAL } else { Hertz::STOPPED };
        fabric.at(Slot::Xosc, self.stable_at().filter(|&at| at > now).unwrap_or(Ps::MAX));
        self.count.set_rate(output, now);
        if fabric.tree.xosc != output {
            fabric.tree.xosc = output;
            fabric.tree.xosc_since = now;
            fabric.settle_clocks();
        }
    }

    /// A dormant oscillator starts again, with its start-up delay (2.16.5).
    pub fn wake(&mut self, fabric: &mut Fabric) {
        self.regs.set(Reg::DORMANT, WAKE);
        self.settle(fabric);
    }

    fn bad_write(&mut self, bad: bool) {
        if bad {
            self.regs.set_field(Reg::STATUS, STATUS::BADWRITE, 1);
        }
    }

    fn status(&self, now: Ps) -> u32 {
        let status = STATUS::STABLE.put(self.regs.get(Reg::STATUS), self.is_stable(now).into());
        STATUS::ENABLED.put(status, self.is_enabled().into())
    }
}

impl Block for Xosc {
    const GROUPS: &'static [Group] = &[Group::one("XOSC", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(_) => self.peek(offset, fabric),
            None => undeclared("XOSC", offset, fabric),
        }
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        let now = fabric.now();
        match Reg::at(offset) {
            Some(Reg::STATUS) => self.status(now),
            Some(Reg::COUNT) => self.count_from.saturating_sub(self.count.count(now).min(255) as u32),
            Some(register) => self.regs.load(register),
            None => 0,
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let Some(register) = Reg::at(offset) else {
            undeclared("XOSC", offset, fabric);
            return;
        };
        self.regs.store(register, write, "XOSC", &mut fabric.gaps);
        match register {
            Reg::CTRL => {
                let enable = CTRL::ENABLE.get(write.value);
                let range = CTRL::FREQ_RANGE.get(write.value);
                self.bad_write(!matches!(enable, ENABLE | DISABLE) || !FREQ_RANGES.contains(&range));
                self.settle(fabric);
            }
            Reg::DORMANT => {
                if !matches!(write.value, DORMANT | WAKE) {
                    self.bad_write(true);
                    self.regs.set(Reg::DORMANT, WAKE);
                }
                self.settle(fabric);
            }
            Reg::STARTUP => self.settle(fabric),
            Reg::COUNT => {
                self.count_from = write.value & COUNT::COUNT.mask;
                let rate = self.count.rate();
                self.count = Ticks::default();
                self.count.set_rate(rate, fabric.now());
            }
            _ => {}
        }
    }

    fn event(&mut self, _slot: Slot, fabric: &mut Fabric) {
        self.settle(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        self.settle(fabric);
    }
}
