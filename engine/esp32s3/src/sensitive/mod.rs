//! SENSITIVE: permission control. ESP32-S3 TRM chapter 15.
//!
//! # Fidelity
//! - Storage: no access is ever refused by permission, and no monitor reports a violation. Each LOCK bit locks the registers
//!   of its name, and itself, until the next reset. Already one of PRO_CPU alone is that: ESP-IDF's esp_restart resets no more,
//!   and what starts behind it sets permissions and locks of its own (`esp_system/port/cpu_start.c`: "Memprot cannot be
//!   locked during OS startup"); an update in the other partition has other addresses.

mod backup;
mod core_0;
mod core_1;
mod dma;
mod memories;

use crate::block::Block;
use crate::fabric::Fabric;
use crate::storage::Storage;
use engine_core::registers::{Group, Registers, Write};
use serde::{Deserialize, Serialize};

/// The block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sensitive {
    memories: Storage<memories::Reg>,
    dma: Storage<dma::Reg>,
    core_0: Storage<core_0::Reg>,
    core_1: Storage<core_1::Reg>,
    backup: Storage<backup::Reg>,
}

/// What the registers at an offset do.
macro_rules! room {
    ($block:ident, $offset:ident, $do:ident $args:tt) => {
        match $offset {
            0x000..=0x037 | 0x0C0..=0x123 => $block.memories.$do $args,
            0x038..=0x0BF | 0x2A8..=0x307 => $block.dma.$do $args,
            0x124..=0x1CF => $block.core_0.$do $args,
            0x1D0..=0x27B => $block.core_1.$do $args,
            _ => $block.backup.$do $args,
        }
    };
}

impl Sensitive {
    /// The block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {
            memories: Storage::new(),
            dma: Storage::new(),
            core_0: Storage::new(),
            core_1: Storage::new(),
            backup: Storage::new(),
        }
    }
}

impl Block for Sensitive {
    const GROUPS: &'static [Group] = &[
        Group::one("SENSITIVE", memories::Reg::TABLE),
        Group::one("SENSITIVE", dma::Reg::TABLE),
        Group::one("SENSITIVE", core_0::Reg::TABLE),
        Group::one("SENSITIVE", core_1::Reg::TABLE),
        Group::one("SENSITIVE", backup::Reg::TABLE),
    ];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        room!(self, offset, read(offset, fabric))
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        room!(self, offset, peek(offset, fabric))
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        room!(self, offset, write(offset, write, fabric));
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        self.memories.reset(fabric);
        self.dma.reset(fabric);
        self.core_0.reset(fabric);
        self.core_1.reset(fabric);
        self.backup.reset(fabric);
    }
}
