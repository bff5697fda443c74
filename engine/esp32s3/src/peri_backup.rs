//! PERI_BACKUP: copies registers to memory and back around a light sleep. ESP-IDF `soc/peri_backup_reg.h`; how it is set up
//! and waited for is what the mask ROM's `ets_backup_dma_copy` does with the block of the same registers at 0x6001_A000.
//!
//! # Fidelity
//! - A copy of SIZE words from APB_START_ADDR on to MEM_START_ADDR, or back, by START while ENA is set: it is there at once,
//!   and DONE comes after 8 APB clocks a word (approximated). TOUT_THRES and BURST_LIMIT are stored: nothing is ever late.
//! - A copy by maps (ADDR_MAP_MODE, REG_MAP0 to 3) is described nowhere: counted. So are addresses that are no multiple of 4.

use crate::block::{undeclared, Block};
use crate::fabric::{Fabric, Request};
use crate::slots::Slot;
use crate::sources::Source;
use engine_core::registers::{Bank, Group, Registers, Write};
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// Base address 0x6002_A000.
    pub Reg;
    CONFIG 0x000 = 0x0000_6480 {
        ENA 31 rw; TO_MEM 30 rw; START 29 rw; SIZE 28:19 rw; TOUT_THRES 18:9 rw; BURST_LIMIT 8:4 rw;
        ADDR_MAP_MODE 3 todo "what the maps pick is described nowhere"; FLOW_ERR 2:0 ro;
    }
    APB_ADDR 0x004 = 0x0000_0000 { APB_START_ADDR 31:0 rw; }
    MEM_ADDR 0x008 = 0x0000_0000 { MEM_START_ADDR 31:0 rw; }
    REG_MAP0 0x00C = 0x0000_0000 { MAP0 31:0 rw; }
    REG_MAP1 0x010 = 0x0000_0000 { MAP1 31:0 rw; }
    REG_MAP2 0x014 = 0x0000_0000 { MAP2 31:0 rw; }
    REG_MAP3 0x018 = 0x0000_0000 { MAP3 31:0 rw; }
    INT_RAW 0x01C = 0x0000_0000 { ERR_INT_RAW 1 ro; DONE_INT_RAW 0 ro; }
    INT_ST 0x020 = 0x0000_0000 { ERR_INT_ST 1 ro; DONE_INT_ST 0 ro; }
    INT_ENA 0x024 = 0x0000_0000 { ERR_INT_ENA 1 rw; DONE_INT_ENA 0 rw; }
    INT_CLR 0x028 = 0x0000_0000 { ERR_INT_CLR 1 wo; DONE_INT_CLR 0 wo; }
    DATE 0x0FC = 0x0201_2300 { CLK_EN 31 rw; DATE 27:0 rw; }
}

const WORD_CLOCKS: u64 = 8;

/// The words to copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copy {
    /// The first register.
    pub registers: u32,
    /// Where the words lie in memory.
    pub memory: u32,
    /// How many.
    pub words: u32,
    /// From the registers to memory, or back.
    pub to_memory: bool,
}

/// The block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PeriBackup {
    bank: Bank<Reg>,
}

impl PeriBackup {
    /// After reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { bank: Bank::new() }
    }

    /// What the registers ask for.
    pub fn copy(&self) -> Copy {
        let config = self.bank.get(Reg::CONFIG);
        Copy {
            registers: self.bank.get(Reg::APB_ADDR),
            memory: self.bank.get(Reg::MEM_ADDR),
            words: CONFIG::SIZE.get(config),
            to_memory: CONFIG::TO_MEM.is_set(config),
        }
    }

    /// The words are copied.
    pub fn event(&mut self, fabric: &mut Fabric) {
        self.bank.set(Reg::INT_RAW, self.bank.get(Reg::INT_RAW) | INT_RAW::DONE_INT_RAW.mask);
        self.interrupt(fabric);
    }

    fn status(&self) -> u32 {
        self.bank.get(Reg::INT_RAW) & self.bank.get(Reg::INT_ENA)
    }

    fn interrupt(&self, fabric: &mut Fabric) {
        fabric.set_irq(Source::PERI_BACKUP, self.status() != 0);
    }

    fn start(&self, fabric: &mut Fabric) {
        let copy = self.copy();
        if (copy.registers | copy.memory) & 3 != 0 {
            fabric.gaps.touch("PERI_BACKUP.CONFIG.START", "addresses that are no multiple of 4");
            return;
        }
        fabric.request(Request::CopyRegisters);
        fabric.after(Slot::PeriBackup, fabric.rates.apb.duration(WORD_CLOCKS * u64::from(copy.words)));
    }
}

impl Block for PeriBackup {
    const GROUPS: &'static [Group] = &[Group::one("PERI_BACKUP", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.peek(offset, fabric)
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(Reg::INT_ST) => self.status(),
            Some(register) => self.bank.load(register),
            None => undeclared("PERI_BACKUP", offset, fabric),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let Some(register) = Reg::at(offset) else {
            undeclared("PERI_BACKUP", offset, fabric);
            return;
        };
        let wanted = CONFIG::ENA.mask | CONFIG::START.mask;
        let was = self.bank.get(Reg::CONFIG) & wanted;
        self.bank.store(register, write, "PERI_BACKUP", &mut fabric.gaps);
        match register {
            Reg::CONFIG if was != wanted && self.bank.get(Reg::CONFIG) & wanted == wanted => self.start(fabric),
            Reg::INT_CLR => self.bank.set(Reg::INT_RAW, self.bank.get(Reg::INT_RAW) & !write.raw),
            _ => {}
        }
        self.interrupt(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        self.bank.reset();
        fabric.cancel(Slot::PeriBackup);
        self.interrupt(fabric);
    }
}

#[cfg(test)]
mod tests {
    use crate::slots::Slot;
    use crate::sources::Source;
    use crate::spi_mem::psram::Wiring;
    use crate::system::System;

    const BASE: u32 = 0x6002_A000;
    /// TIMG0_T0LOADLO, LOADHI: two registers that keep what is written.
    const REGISTERS: u32 = 0x6001_F018;
    const MEMORY: u32 = 0x3FC9_0000;
    const PERIP_CLK_EN1: u32 = 0x600C_001C;

    /// The mask ROM's `ets_backup_dma_copy`, access by access.
    fn copy(system: &mut System, words: u32, to_memory: bool) {
        let clocks = system.read_register(PERIP_CLK_EN1);
        system.write_register(PERIP_CLK_EN1, clocks | 1);
        change(system, 0, 1 << 3, 0);
        change(system, 0, 1 << 30, u32::from(to_memory) << 30);
        change(system, 4, u32::MAX, REGISTERS);
        change(system, 8, u32::MAX, MEMORY);
        change(system, 0, 0x3FF << 19, words << 19);
        change(system, 0x28, 0, 1);
        change(system, 0, 0, 1 << 31);
        change(system, 0, 0, 1 << 29);
        assert_eq!(system.read_register(BASE + 0x1C), 0);
        assert_ne!(system.dev.fabric.events.due(Slot::PeriBackup as usize), u64::MAX);
        system.event(Slot::PeriBackup);
        assert_eq!(system.read_register(BASE + 0x1C), 1);
        change(system, 0, 1 << 29, 0);
        change(system, 0, 1 << 31, 0);
    }

    fn change(system: &mut System, offset: u32, clear: u32, set: u32) {
        let old = system.read_register(BASE + offset);
        system.write_register(BASE + offset, old & !clear | set);
    }

    #[test]
    fn registers_go_to_memory_and_come_back() {
        let mut system = System::new(0x10_0000, 0, Wiring::Quad);
        system.write_register(REGISTERS, 0x1234_5678);
        system.write_register(REGISTERS + 4, 0x9A);
        copy(&mut system, 2, true);
        system.write_register(BASE + 0x24, 1);
        assert_eq!(system.dev.fabric.sources() >> (Source::PERI_BACKUP as u32) & 1, 1);
        system.write_register(REGISTERS, 0);
        system.write_register(REGISTERS + 4, 0);
        copy(&mut system, 2, false);
        assert_eq!(system.read_register(REGISTERS), 0x1234_5678);
        assert_eq!(system.read_register(REGISTERS + 4), 0x9A);
        system.write_register(BASE + 0x28, 1);
        assert_eq!(system.dev.fabric.sources() >> (Source::PERI_BACKUP as u32) & 1, 0);
        assert!(system.dev.fabric.gaps.all().is_empty(), "{:?}", system.dev.fabric.gaps.all());
    }
}
