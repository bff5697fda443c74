//! ROSC: ring oscillator. RP2040 datasheet, section 2.17.
//!
//! The frequency of a real ring depends on the die, its voltage and its temperature. Here it is the nominal 6.5 MHz of
//! 2.17.1 after reset: a ring of eight equal stages at 104 MHz, divided by 16. Each stage's delay falls with its drive
//! strength (2.17.3: 1 bit doubles, 2 bits triple, 3 bits quadruple it) and shorter ranges leave stages out.
//! That is an approximation; silicon is not that proportional.
//!
//! # Fidelity
//! - Approximated: the frequency follows stages, drive strengths and divider in proportion, from the nominal 6.5 MHz.
//! - RANDOMBIT comes of a seeded sequence; edges have no phase (PHASE).

use crate::block::{undeclared, Block};
use crate::clocks::ticks::Ticks;
use crate::fabric::Fabric;
use crate::system::ROSC_HZ;
use crate::xosc::{DORMANT as COMA, WAKE};
use engine_core::registers::{Bank, Group, Registers, Write};
use engine_core::time::Hertz;
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// 2.17.8.
    pub Reg;
    CTRL 0x00 = 0x0000_0AA0 { ENABLE 23:12 rw; FREQ_RANGE 11:0 rw; }
    FREQA 0x04 = 0x0000_0000 { PASSWD 31:16 rw; DS3 14:12 rw; DS2 10:8 rw; DS1 6:4 rw; DS0 2:0 rw; }
    FREQB 0x08 = 0x0000_0000 { PASSWD 31:16 rw; DS7 14:12 rw; DS6 10:8 rw; DS5 6:4 rw; DS4 2:0 rw; }
    DORMANT 0x0C = 0x0000_0000 { DORMANT 31:0 rw; }
    DIV 0x10 = 0x0000_0000 { DIV 11:0 rw; }
    PHASE 0x14 = 0x0000_0008 {
        PASSWD 11:4 rw; ENABLE 3 rw; FLIP 2 todo "edges have no phase here"; SHIFT 1:0 todo "edges have no phase here";
    }
    STATUS 0x18 = 0x0000_0000 { STABLE 31 ro; BADWRITE 24 w1c; DIV_RUNNING 16 ro; ENABLED 12 ro; }
    RANDOMBIT 0x1C = 0x0000_0001 { RANDOMBIT 0 ro; }
    COUNT 0x20 = 0x0000_0000 { COUNT 7:0 rw; }
}

const ENABLE: u32 = 0xFAB;
const DISABLE: u32 = 0xD1E;
/// FREQA and FREQB take effect with this password.
const PASSWORD: u32 = 0x9696;
/// PHASE takes effect with this one.
const PHASE_PASSWORD: u32 = 0xAA;
/// DIV is written as this plus the divisor.
const DIV_PASS: u32 = 0xAA0;
const DIV_AFTER_RESET: u32 = 16;
const STAGES: usize = 8;

/// The state of the block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rosc {
    regs: Bank<Reg>,
    /// The first stage in use; FREQ_RANGE keeps it where its code is not valid.
    first_stage: usize,
    random: u64,
    count: Ticks,
    count_from: u32,
}

impl Rosc {
    /// The block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let mut regs = Bank::new();
        regs.set(Reg::CTRL, ENABLE << CTRL::ENABLE.shift | 0xAA0);
        regs.set(Reg::DORMANT, WAKE);
        regs.set(Reg::DIV, DIV_PASS + DIV_AFTER_RESET);
        let mut rosc = Self { regs, first_stage: 0, random: 0, count: Ticks::default(), count_from: 0 };
        rosc.seed(0);
        rosc
    }

    /// Where RANDOMBIT starts: the same seed gives the same bits (2.17.7; thermal noise on silicon).
    pub fn seed(&mut self, seed: u64) {
        // A state of zero would stay zero.
        self.random = seed ^ 0x9E37_79B9_7F4A_7C15;
        if self.random == 0 {
            self.random = 1;
        }
    }

    /// xorshift64 by Marsaglia ("Xorshift RNGs", 2003), triple 13, 7, 17.
    fn next_random(&mut self) -> u32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random_bit()
    }

    fn random_bit(&self) -> u32 {
        (self.random >> 32) as u32 & 1
    }

    fn runs(&self) -> bool {
        self.regs.field(Reg::CTRL, CTRL::ENABLE) != DISABLE && self.regs.get(Reg::DORMANT) != COMA
    }

    /// Bits set in the drive strength of a stage.
    fn drive(&self, stage: usize) -> u32 {
        let register = self.regs.get(if stage < 4 { Reg::FREQA } else { Reg::FREQB });
        if FREQA::PASSWD.get(register) != PASSWORD {
            return 0;
        }
        (register >> (4 * (stage % 4)) & 7).count_ones()
    }

    /// The divisor that DIV stands for (2.17.8): 0 is 32, and what is not valid is 31.
    fn divisor(&self) -> u64 {
        match self.regs.field(Reg::DIV, DIV::DIV).wrapping_sub(DIV_PASS) {
            0 => 32,
            div @ 1..=31 => u64::from(div),
            _ => 31,
        }
    }

    fn ring(&self) -> Hertz {
        // In twelfths of a stage's delay at the default drive, which every drive strength divides evenly.
        let delay: u64 = (self.first_stage..STAGES).map(|stage| 12 / u64::from(1 + self.drive(stage))).sum();
        Hertz::new(ROSC_HZ * u64::from(DIV_AFTER_RESET)).scaled(12 * STAGES as u64, delay)
    }

    fn settle(&mut self, fabric: &mut Fabric) {
        let output = if self.runs() { self.ring().scaled(1, self.divisor()) } else { Hertz::STOPPED };
        let phase = self.regs.get(Reg::PHASE);
        let shifted = PHASE::ENABLE.is_set(phase) || PHASE::PASSWD.get(phase) != PHASE_PASSWORD;
        self.count.set_rate(output, fabric.now());
        fabric.tree.rosc = output;
        fabric.tree.rosc_ph = if shifted { output } else { Hertz::STOPPED };
        fabric.settle_clocks();
    }

    /// A dormant oscillator starts again (2.17.6).
    pub fn wake(&mut self, fabric: &mut Fabric) {
        self.regs.set(Reg::DORMANT, WAKE);
        self.settle(fabric);
    }

    fn bad_write(&mut self, bad: bool) {
        if bad {
            self.regs.set_field(Reg::STATUS, STATUS::BADWRITE, 1);
        }
    }

    /// 2.17.8: codes protect the oscillator from accidental writes; an invalid one is noted.
    fn check(&mut self, register: Reg, value: u32) {
        match register {
            Reg::CTRL => {
                let first_stage = match CTRL::FREQ_RANGE.get(value) {
                    0xFA4 => Some(0),
                    0xFA5 => Some(2),
                    0xFA7 => Some(4),
                    0xFA6 => Some(6),
                    _ => None,
                };
                self.bad_write(!matches!(CTRL::ENABLE.get(value), ENABLE | DISABLE) || first_stage.is_none());
                self.first_stage = first_stage.unwrap_or(self.first_stage);
            }
            Reg::FREQA | Reg::FREQB => self.bad_write(FREQA::PASSWD.get(value) != PASSWORD),
            Reg::DIV => self.bad_write(!(DIV_PASS..DIV_PASS + 32).contains(&DIV::DIV.get(value))),
            Reg::PHASE => self.bad_write(PHASE::PASSWD.get(value) != PHASE_PASSWORD),
            Reg::DORMANT if !matches!(value, COMA | WAKE) => {
                self.bad_write(true);
                self.regs.set(Reg::DORMANT, WAKE);
            }
            _ => {}
        }
    }
}

impl Block for Rosc {
    const GROUPS: &'static [Group] = &[Group::one("ROSC", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(Reg::RANDOMBIT) if self.runs() => self.next_random(),
            Some(_) => self.peek(offset, fabric),
            None => undeclared("ROSC", offset, fabric),
        }
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(Reg::RANDOMBIT) => self.random_bit(),
            Some(Reg::STATUS) => {
                let enabled = self.regs.field(Reg::CTRL, CTRL::ENABLE) != DISABLE;
                let status = STATUS::ENABLED.put(self.regs.get(Reg::STATUS), enabled.into());
                let running = u32::from(self.runs());
                STATUS::STABLE.put(STATUS::DIV_RUNNING.put(status, running), running)
            }
            Some(Reg::COUNT) => self.count_from.saturating_sub(self.count.count(fabric.now()).min(255) as u32),
            Some(register) => self.regs.load(register),
            None => 0,
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let Some(register) = Reg::at(offset) else {
            undeclared("ROSC", offset, fabric);
            return;
        };
        self.regs.store(register, write, "ROSC", &mut fabric.gaps);
        self.check(register, write.value);
        if register == Reg::COUNT {
            self.count_from = write.value & COUNT::COUNT.mask;
            self.count = Ticks::default();
        }
        if register != Reg::STATUS {
            self.settle(fabric);
        }
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        let random = self.random;
        *self = Self::new();
        self.random = random;
        self.settle(fabric);
    }
}
