//! SYSCFG. RP2040 datasheet, section 2.21.

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use engine_core::registers::{Bank, Group, Registers, Write};
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// 2.21.2.
    pub Reg;
    PROC0_NMI_MASK 0x00 = 0x0000_0000 { PROC0_NMI_MASK 31:0 rw; }
    PROC1_NMI_MASK 0x04 = 0x0000_0000 { PROC1_NMI_MASK 31:0 rw; }
    PROC_CONFIG 0x08 = 0x1000_0000 {
        PROC1_DAP_INSTID 31:28 todo "there is no debug port"; PROC0_DAP_INSTID 27:24 todo "there is no debug port";
        PROC1_HALTED 1 ro; PROC0_HALTED 0 ro;
    }
    PROC_IN_SYNC_BYPASS 0x0C = 0x0000_0000 {

        PROC_IN_SYNC_BYPASS 29:0 todo "inputs reach the processors without the two cycles of a synchroniser in any case";
    }
    PROC_IN_SYNC_BYPASS_HI 0x10 = 0x0000_0000 {

        PROC_IN_SYNC_BYPASS_HI 5:0 todo "inputs reach the processors without the two cycles of a synchroniser in any case";
    }
    DBGFORCE 0x14 = 0x0000_0066 {
        PROC1_ATTACH 7 todo "there is no debug port"; PROC1_SWCLK 6 todo "there is no debug port";
        PROC1_SWDI 5 todo "there is no debug port"; PROC1_SWDO 4 ro; PROC0_ATTACH 3 todo "there is no debug port";
        PROC0_SWCLK 2 todo "there is no debug port"; PROC0_SWDI 1 todo "there is no debug port"; PROC0_SWDO 0 ro;
    }
    MEMPOWERDOWN 0x18 = 0x0000_0000 {
        ROM 7 todo "memories stay powered"; USB 6 todo "memories stay powered"; SRAM5 5 todo "memories stay powered";
        SRAM4 4 todo "memories stay powered"; SRAM3 3 todo "memories stay powered";
        SRAM2 2 todo "memories stay powered"; SRAM1 1 todo "memories stay powered";
        SRAM0 0 todo "memories stay powered";
    }
}

/// The state of the block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Syscfg {
    regs: Bank<Reg>,
}

impl Syscfg {
    /// The block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { regs: Bank::new() }
    }
}

impl Block for Syscfg {
    const GROUPS: &'static [Group] = &[Group::one("SYSCFG", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(register) => self.regs.load(register),
            None => undeclared("SYSCFG", offset, fabric),
        }
    }

    fn peek(&mut self, offset: u32, _fabric: &mut Fabric) -> u32 {
        Reg::at(offset).map_or(0, |register| self.regs.load(register))
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let Some(register) = Reg::at(offset) else {
            undeclared("SYSCFG", offset, fabric);
            return;
        };
        self.regs.store(register, write, "SYSCFG", &mut fabric.gaps);
        match register {
            Reg::PROC0_NMI_MASK => fabric.set_nmi_mask(0, write.value),
            Reg::PROC1_NMI_MASK => fabric.set_nmi_mask(1, write.value),
            _ => {}
        }
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        self.regs.reset();
        fabric.set_nmi_mask(0, 0);
        fabric.set_nmi_mask(1, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fabric::Irq;
    use crate::system::ROSC_HZ;
    use engine_core::time::Hertz;

    /// 2.21.2: a bit for each interrupt source; TIMER_IRQ_1 is source 1 (2.3.2).
    #[test]
    fn a_masked_interrupt_line_is_an_nmi_as_it_rises() {
        let (mut syscfg, mut fabric) = (Syscfg::new(), Fabric::new(Hertz::new(ROSC_HZ)));
        syscfg.write(4, Write::word(1 << 1), &mut fabric);
        fabric.set_irq(Irq::TIMER_0, true);
        assert_eq!(fabric.take_nmi(), 0);
        fabric.set_irq(Irq::TIMER_1, true);
        assert_eq!(fabric.take_nmi(), 0b10);
        fabric.set_irq(Irq::TIMER_1, true);
        assert_eq!(fabric.take_nmi(), 0);
        syscfg.write(0, Write::word(1 << 1), &mut fabric);
        assert_eq!(fabric.take_nmi(), 0b01);
    }

    /// 2.21.2: PROC1_DAP_INSTID is 1 after reset, DBGFORCE 0x66.
    #[test]
    fn reset_values() {
        let (mut syscfg, mut fabric) = (Syscfg::new(), Fabric::new(Hertz::new(ROSC_HZ)));
        assert_eq!((syscfg.read(8, &mut fabric), syscfg.read(0x14, &mut fabric)), (0x1000_0000, 0x66));
    }
}
