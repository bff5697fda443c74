//! PLL_SYS and PLL_USB. RP2040 datasheet, section 2.18.
//!
//! F_OUT = F_REF / REFDIV × FBDIV / (POSTDIV1 × POSTDIV2).
//!
//! # Fidelity
//! - Exact: the frequency, by every divider. Lock after 500 periods of the divided reference is our figure.
//! - Before it locks the output has its final frequency; limits of the VCO (750 to 1600 MHz) and of FBDIV (16 to 320) are
//!   counted when passed, and do not stop it.

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use crate::xosc::CRYSTAL;
use engine_core::registers::{Bank, Group, Registers, Write};
use engine_core::time::Ps;
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// 2.18.4.
    pub Reg;
    CS 0x00 = 0x0000_0001 { LOCK 31 ro; BYPASS 8 rw; REFDIV 5:0 rw; }
    PWR 0x04 = 0x0000_002D { VCOPD 5 rw; POSTDIVPD 3 rw; DSMPD 2 rw; PD 0 rw; }
    FBDIV_INT 0x08 = 0x0000_0000 { FBDIV_INT 11:0 rw; }
    PRIM 0x0C = 0x0007_7000 { POSTDIV1 18:16 rw; POSTDIV2 14:12 rw; }
}

/// Periods of the divided reference until the loop has locked.
const LOCK_PERIODS: u64 = 500;
/// 2.18.2: the limits of feedback divider and VCO.
const FBDIV_RANGE: std::ops::RangeInclusive<u64> = 16..=320;
const VCO_RANGE: std::ops::RangeInclusive<u64> = 750_000_000..=1_600_000_000;

/// The state of the block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pll {
    index: usize,
    regs: Bank<Reg>,
    /// Since when the loop runs with its present settings.
    since: Ps,
}

impl Pll {
    /// Copy `index` of the block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new(index: usize) -> Self {
        Self { index, regs: Bank::new(), since: 0 }
    }

    fn name(&self) -> &'static str {
        ["PLL_SYS", "PLL_USB"][self.index]
    }

    /// Numerator and denominator of the VCO against the crystal, if it is powered and divides at all.
    fn vco(&self) -> Option<(u64, u64)> {
        let pwr = self.regs.get(Reg::PWR);
        let fbdiv = u64::from(self.regs.field(Reg::FBDIV_INT, FBDIV_INT::FBDIV_INT));
        let refdiv = u64::from(self.regs.field(Reg::CS, CS::REFDIV));
        let powered = !PWR::PD.is_set(pwr) && !PWR::VCOPD.is_set(pwr);
        (powered && fbdiv != 0 && refdiv != 0).then_some((fbdiv, refdiv))
    }

    /// Numerator and denominator of the output against the crystal; 0 while it stands still.
    fn ratio(&self) -> (u64, u64) {
        if CS::BYPASS.is_set(self.regs.get(Reg::CS)) {
            return (1, 1);
        }
        let prim = self.regs.get(Reg::PRIM);
        let post = u64::from(PRIM::POSTDIV1.get(prim)) * u64::from(PRIM::POSTDIV2.get(prim));
        match self.vco() {
            Some((fbdiv, refdiv)) if post != 0 && !PWR::POSTDIVPD.is_set(self.regs.get(Reg::PWR)) => {
                (fbdiv, refdiv * post)
            }
            _ => (0, 1),
        }
    }

    /// The loop locks once it had time with its settings and with a running reference.
    fn is_locked(&self, fabric: &Fabric) -> bool {
        let Some((_, refdiv)) = self.vco() else { return false };
        let reference = fabric.tree.xosc;
        let since = self.since.max(fabric.tree.xosc_since);
        reference.is_running() && fabric.now() >= since + reference.scaled(1, refdiv).duration(LOCK_PERIODS)
    }

    fn settle(&mut self, fabric: &mut Fabric) {
        if let Some((fbdiv, refdiv)) = self.vco() {
            if !FBDIV_RANGE.contains(&fbdiv) || !VCO_RANGE.contains(&CRYSTAL.scaled(fbdiv, refdiv).round()) {
                let name = format!("{} out of range", self.name());
                fabric
                    .gaps
                    .touch(&name, "FBDIV 16 to 320 and a VCO of 750 to 1600 MHz are specified; taken as if it worked");
            }
        }
        fabric.tree.pll[self.index] = self.ratio();
        fabric.settle_clocks();
    }
}

impl Block for Pll {
    const GROUPS: &'static [Group] = &[Group::one("PLL_SYS", Reg::TABLE), Group::one("PLL_USB", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(_) => self.peek(offset, fabric),
            None => undeclared(self.name(), offset, fabric),
        }
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(Reg::CS) => CS::LOCK.put(self.regs.load(Reg::CS), self.is_locked(fabric).into()),
            Some(register) => self.regs.load(register),
            None => 0,
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let Some(register) = Reg::at(offset) else {
            undeclared(self.name(), offset, fabric);
            return;
        };
        let before = self.vco();
        let name = self.name();
        self.regs.store(register, write, name, &mut fabric.gaps);
        if self.vco() != before {
            self.since = fabric.now();
        }
        self.settle(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new(self.index);
        self.settle(fabric);
    }
}
