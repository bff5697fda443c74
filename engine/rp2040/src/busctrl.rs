//! BUSCTRL: bus priorities and performance counters. RP2040 datasheet, section 2.1.5.
//!
//! Accesses through the APB and FASTPERI ports are counted. Processors reach SRAM, ROM and XIP here without passing an
//! arbiter, so accesses there, and contests anywhere, are not counted, and priorities decide nothing.
//!
//! # Fidelity
//! - Exact: the counts of accesses to APB and FASTPERI. All other events count nothing; BUS_PRIORITY decides nothing.

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use engine_core::registers::{Bank, Group, Registers, Write};
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// 2.1.5.2.
    pub Reg;
    BUS_PRIORITY 0x00 = 0x0000_0000 {
        DMA_W 12 todo "there are no arbiters to give priority"; DMA_R 8 todo "there are no arbiters to give priority";
        PROC1 4 todo "there are no arbiters to give priority"; PROC0 0 todo "there are no arbiters to give priority";
    }
    BUS_PRIORITY_ACK 0x04 = 0x0000_0000 { BUS_PRIORITY_ACK 0 ro; }
    PERFCTR0 0x08 = 0x0000_0000 { PERFCTR0 23:0 w1c; }
    PERFSEL0 0x0C = 0x0000_001F { PERFSEL0 4:0 rw; }
    PERFCTR1 0x10 = 0x0000_0000 { PERFCTR1 23:0 w1c; }
    PERFSEL1 0x14 = 0x0000_001F { PERFSEL1 4:0 rw; }
    PERFCTR2 0x18 = 0x0000_0000 { PERFCTR2 23:0 w1c; }
    PERFSEL2 0x1C = 0x0000_001F { PERFSEL2 4:0 rw; }
    PERFCTR3 0x20 = 0x0000_0000 { PERFCTR3 23:0 w1c; }
    PERFSEL3 0x24 = 0x0000_001F { PERFSEL3 4:0 rw; }
}

/// PERFSEL values that are counted.
const APB: u32 = 0x01;
const FASTPERI: u32 = 0x03;
/// The last PERFSEL value that stands for an event; 0x1F after reset counts nothing.
const LAST_EVENT: u32 = 0x13;
/// The counters saturate.
const COUNTER_MAX: u64 = 0x00FF_FFFF;

/// The state of the block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Busctrl {
    regs: Bank<Reg>,
    /// For each counter the number of accesses at which it stood at 0.
    from: [u64; 4],
}

impl Busctrl {
    /// The block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { regs: Bank::new(), from: [0; 4] }
    }

    /// Accesses so far of what counter `n` is set to count.
    fn accesses(&self, n: usize, fabric: &Fabric) -> u64 {
        let select = [Reg::PERFSEL0, Reg::PERFSEL1, Reg::PERFSEL2, Reg::PERFSEL3][n];
        match self.regs.get(select) {
            APB => fabric.accesses.apb,
            FASTPERI => fabric.accesses.fastperi,
            _ => 0,
        }
    }

    fn counter(&self, n: usize, fabric: &Fabric) -> u32 {
        self.accesses(n, fabric).saturating_sub(self.from[n]).min(COUNTER_MAX) as u32
    }
}

impl Block for Busctrl {
    const GROUPS: &'static [Group] = &[Group::one("BUSCTRL", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(_) => self.peek(offset, fabric),
            None => undeclared("BUSCTRL", offset, fabric),
        }
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(Reg::BUS_PRIORITY_ACK) => 1,
            Some(Reg::PERFCTR0 | Reg::PERFCTR1 | Reg::PERFCTR2 | Reg::PERFCTR3) => {
                self.counter((offset as usize - 8) / 8, fabric)
            }
            Some(register) => self.regs.load(register),
            None => 0,
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let Some(register) = Reg::at(offset) else {
            undeclared("BUSCTRL", offset, fabric);
            return;
        };
        let counter = offset.checked_sub(8).map(|offset| offset as usize / 8);
        let before = counter.map_or(0, |n| u64::from(self.counter(n, fabric)));
        self.regs.store(register, write, "BUSCTRL", &mut fabric.gaps);
        let Some(n) = counter else { return };
        match register {
            // Any value clears.
            Reg::PERFCTR0 | Reg::PERFCTR1 | Reg::PERFCTR2 | Reg::PERFCTR3 => {
                self.from[n] = self.accesses(n, fabric);
            }
            _ => {
                let select = self.regs.get(register);
                if !matches!(select, APB | FASTPERI) && select <= LAST_EVENT {
                    let name = format!("BUSCTRL.PERFSEL{n} = {select:#04x}");
                    fabric.gaps.touch(&name, "only accesses through APB and FASTPERI are counted");
                }
                self.from[n] = self.accesses(n, fabric).saturating_sub(before);
            }
        }
    }

    fn reset(&mut self, _fabric: &mut Fabric) {
        *self = Self::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::ROSC_HZ;
    use engine_core::time::Hertz;

    /// 2.1.5.2: PERFSEL 0x01 counts APB; any write to PERFCTR clears; 24 bits saturate.
    #[test]
    fn a_counter_counts_what_it_selects() {
        let (mut busctrl, mut fabric) = (Busctrl::new(), Fabric::new(Hertz::new(ROSC_HZ)));
        fabric.accesses.apb = 1000;
        busctrl.write(0x14, Write::word(1), &mut fabric);
        assert_eq!(busctrl.read(0x10, &mut fabric), 0);
        fabric.accesses.apb += 7;
        assert_eq!(busctrl.read(0x10, &mut fabric), 7);
        busctrl.write(0x10, Write::word(0), &mut fabric);
        assert_eq!(busctrl.read(0x10, &mut fabric), 0);
        fabric.accesses.apb += 1 << 25;
        assert_eq!(busctrl.read(0x10, &mut fabric), 0x00FF_FFFF);
    }
}
