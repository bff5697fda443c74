//! PERI_BACKUP: copies registers to memory and back around a light sleep. ESP-IDF `soc/peri_backup_reg.h`.
//!
//! # Fidelity
//! - Storage: registers are never lost in light sleep, so there is nothing to copy. What its maps and modes mean is described
//!   nowhere in public, and ESP-IDF does not use it: a start is counted as a gap.

use crate::storage::{Storage, Stored};
use engine_core::registers::{Group, Registers};

/// The block.
pub type PeriBackup = Storage<Reg>;

engine_core::registers! {
    /// Base address 0x6002_A000.
    pub Reg;
    CONFIG 0x000 = 0x0000_6480 {
        ENA 31 rw; TO_MEM 30 rw; START 29 todo "copying registers to memory and back"; SIZE 28:19 rw; TOUT_THRES 18:9 rw; BURST_LIMIT 8:4 rw; ADDR_MAP_MODE 3 rw;
        FLOW_ERR 2:0 ro;
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

impl Stored for Reg {
    const GROUPS: &'static [Group] = &[Group::one("PERI_BACKUP", Reg::TABLE)];
}
