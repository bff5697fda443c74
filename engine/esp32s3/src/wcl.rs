//! WCL: world controller. ESP32-S3 TRM chapter 16.
//!
//! # Fidelity
//! - Storage: the processors stay in the secure world, and no NMI is masked.

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use engine_core::registers::{Bank, Group, Registers, Write};
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// The registers for one processor, TRM 16.5.
    pub Reg;
    ENTRY_1_ADDR 0x000 = 0x0000_0000 { ENTRY_1_ADDR 31:0 rw; }
    ENTRY_2_ADDR 0x004 = 0x0000_0000 { ENTRY_2_ADDR 31:0 rw; }
    ENTRY_3_ADDR 0x008 = 0x0000_0000 { ENTRY_3_ADDR 31:0 rw; }
    ENTRY_4_ADDR 0x00C = 0x0000_0000 { ENTRY_4_ADDR 31:0 rw; }
    ENTRY_5_ADDR 0x010 = 0x0000_0000 { ENTRY_5_ADDR 31:0 rw; }
    ENTRY_6_ADDR 0x014 = 0x0000_0000 { ENTRY_6_ADDR 31:0 rw; }
    ENTRY_7_ADDR 0x018 = 0x0000_0000 { ENTRY_7_ADDR 31:0 rw; }
    ENTRY_8_ADDR 0x01C = 0x0000_0000 { ENTRY_8_ADDR 31:0 rw; }
    ENTRY_9_ADDR 0x020 = 0x0000_0000 { ENTRY_9_ADDR 31:0 rw; }
    ENTRY_10_ADDR 0x024 = 0x0000_0000 { ENTRY_10_ADDR 31:0 rw; }
    ENTRY_11_ADDR 0x028 = 0x0000_0000 { ENTRY_11_ADDR 31:0 rw; }
    ENTRY_12_ADDR 0x02C = 0x0000_0000 { ENTRY_12_ADDR 31:0 rw; }
    ENTRY_13_ADDR 0x030 = 0x0000_0000 { ENTRY_13_ADDR 31:0 rw; }
    ENTRY_CHECK 0x07C = 0x0000_0002 { ENTRY_CHECK 13:1 rw; }
    STATUSTABLE1 0x080 = 0x0000_0000 { CURRENT_1 5 rw; FROM_ENTRY_1 4:1 rw; FROM_WORLD_1 0 rw; }
    STATUSTABLE2 0x084 = 0x0000_0000 { CURRENT_2 5 rw; FROM_ENTRY_2 4:1 rw; FROM_WORLD_2 0 rw; }
    STATUSTABLE3 0x088 = 0x0000_0000 { CURRENT_3 5 rw; FROM_ENTRY_3 4:1 rw; FROM_WORLD_3 0 rw; }
    STATUSTABLE4 0x08C = 0x0000_0000 { CURRENT_4 5 rw; FROM_ENTRY_4 4:1 rw; FROM_WORLD_4 0 rw; }
    STATUSTABLE5 0x090 = 0x0000_0000 { CURRENT_5 5 rw; FROM_ENTRY_5 4:1 rw; FROM_WORLD_5 0 rw; }
    STATUSTABLE6 0x094 = 0x0000_0000 { CURRENT_6 5 rw; FROM_ENTRY_6 4:1 rw; FROM_WORLD_6 0 rw; }
    STATUSTABLE7 0x098 = 0x0000_0000 { CURRENT_7 5 rw; FROM_ENTRY_7 4:1 rw; FROM_WORLD_7 0 rw; }
    STATUSTABLE8 0x09C = 0x0000_0000 { CURRENT_8 5 rw; FROM_ENTRY_8 4:1 rw; FROM_WORLD_8 0 rw; }
    STATUSTABLE9 0x0A0 = 0x0000_0000 { CURRENT_9 5 rw; FROM_ENTRY_9 4:1 rw; FROM_WORLD_9 0 rw; }
    STATUSTABLE10 0x0A4 = 0x0000_0000 { CURRENT_10 5 rw; FROM_ENTRY_10 4:1 rw; FROM_WORLD_10 0 rw; }
    STATUSTABLE11 0x0A8 = 0x0000_0000 { CURRENT_11 5 rw; FROM_ENTRY_11 4:1 rw; FROM_WORLD_11 0 rw; }
    STATUSTABLE12 0x0AC = 0x0000_0000 { CURRENT_12 5 rw; FROM_ENTRY_12 4:1 rw; FROM_WORLD_12 0 rw; }
    STATUSTABLE13 0x0B0 = 0x0000_0000 { CURRENT_13 5 rw; FROM_ENTRY_13 4:1 rw; FROM_WORLD_13 0 rw; }
    STATUSTABLE_CURRENT 0x0FC = 0x0000_0000 { STATUSTABLE_CURRENT 13:1 rw; }
    MESSAGE_ADDR 0x100 = 0x0000_0000 { MESSAGE_ADDR 31:0 rw; }
    MESSAGE_MAX 0x104 = 0x0000_0000 { MESSAGE_MAX 3:0 rw; }
    MESSAGE_PHASE 0x108 = 0x0000_0000 {
        MESSAGE_ADDRESSPHASE 6 ro; MESSAGE_DATAPHASE 5 ro; MESSAGE_EXPECT 4:1 ro; MESSAGE_MATCH 0 ro;
    }
    World_TRIGGER_ADDR 0x140 = 0x0000_0000 { WORLD_TRIGGER_ADDR 31:0 rw; }
    World_PREPARE 0x144 = 0x0000_0000 { WORLD_PREPARE 1:0 rw; }
    World_UPDATE 0x148 = 0x0000_0000 { UPDATE 31:0 wo; }
    World_Cancel 0x14C = 0x0000_0000 { WORLD_CANCEL 31:0 wo; }
    World_IRam0 0x150 = 0x0000_0000 { WORLD_IRAM0 1:0 rw; }
    World_DRam0_PIF 0x154 = 0x0000_0000 { WORLD_DRAM0_PIF 1:0 rw; }
    World_Phase 0x158 = 0x0000_0000 { WORLD_PHASE 0 ro; }
    NMI_MASK_ENABLE 0x180 = 0x0000_0000 { NMI_MASK_ENABLE 31:0 wo; }
    NMI_MASK_TRIGGER_ADDR 0x184 = 0x0000_0000 { NMI_MASK_TRIGGER_ADDR 31:0 rw; }
    NMI_MASK_DISABLE 0x188 = 0x0000_0000 { NMI_MASK_DISABLE 31:0 wo; }
    NMI_MASK_CANCLE 0x18C = 0x0000_0000 { NMI_MASK_CANCEL 31:0 wo; }
    NMI_MASK 0x190 = 0x0000_0000 { NMI_MASK 0 rw; }
    NMI_MASK_PHASE 0x194 = 0x0000_0000 { NMI_MASK_PHASE 0 ro; }
}

/// Distance between the processors' registers.
const STEP: u32 = 0x400;

/// The block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Wcl {
    cores: [Bank<Reg>; 2],
}

impl Wcl {
    /// The block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { cores: [Bank::new(), Bank::new()] }
    }
}

/// Which processor's register an offset means.
fn place(offset: u32) -> Option<(usize, Reg)> {
    let core = (offset / STEP) as usize;
    Reg::at(offset % STEP).filter(|_| core < 2).map(|register| (core, register))
}

impl Block for Wcl {
    const GROUPS: &'static [Group] =
        &[Group { block: "WCL", prefix: "Core_{}_", base: 0, count: 2, step: STEP, table: Reg::TABLE }];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if place(offset).is_none() {
            undeclared("WCL", offset, fabric);
        }
        self.peek(offset, fabric)
    }

    fn peek(&mut self, offset: u32, _fabric: &mut Fabric) -> u32 {
        place(offset).map_or(0, |(core, register)| self.cores[core].load(register))
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        match place(offset) {
            Some((core, register)) => self.cores[core].store(register, write, "WCL", &mut fabric.gaps),
            None => {
                undeclared("WCL", offset, fabric);
            }
        }
    }

    fn reset(&mut self, _fabric: &mut Fabric) {
        *self = Self::new();
    }
}
