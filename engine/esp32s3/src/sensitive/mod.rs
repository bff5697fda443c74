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

#[cfg(test)]
mod tests {
    use crate::chip::Chip;
    use crate::spi_mem::psram::Wiring;
    use engine_core::time::MICROSECOND;

    /// ESP-IDF esp_system/port/soc/esp32s3/system_internal.c, esp_restart_noos: RTC_CNTL_OPTIONS0_REG, SW_PROCPU_RST.
    #[test]
    fn a_lock_ends_with_a_reset_of_pro_cpu_and_not_with_one_of_app_cpu() {
        const OPTIONS0: u32 = 0x6000_8000;
        const SW_APPCPU_RST: u32 = 1 << 4;
        const SW_PROCPU_RST: u32 = 1 << 5;
        /// CORE_X_IRAM0_DRAM0_DMA_SPLIT_LINE_CONSTRAIN_0 and _1.
        const LOCK: u32 = 0x600C_10C0;
        const LINE: u32 = LOCK + 4;
        let mut chip = Chip::new(1 << 20, 0, Wiring::Quad);
        chip.system_mut().write_register(LINE, 0x0003_FFF8);
        chip.system_mut().write_register(LOCK, 1);
        for (reset, line) in [(SW_APPCPU_RST, 0x0003_FFF8), (SW_PROCPU_RST, 0x0016_FFF8)] {
            chip.system_mut().write_register(OPTIONS0, reset);
            chip.run(chip.now() + MICROSECOND);
            chip.system_mut().write_register(LINE, 0x0016_FFF8);
            assert_eq!(chip.system_mut().read_register(LINE) & 0x003F_FFFF, line);
        }
    }
}
